//! Each branch of the built-in items against a table written by hand.

use super::*;

fn zhou() -> PartyFacts {
    let mut zhou = party("applicant", "周海燕");
    zhou.attributes = BTreeMap::from([
        (Attribute::Age, FactValue::Number(38)),
        (Attribute::Sex, FactValue::Text("女".into())),
        (Attribute::Local, FactValue::Truth(true)),
    ]);
    zhou.records = vec![record("resident_id_card", "周海燕"), record("household_member", "周海燕")];
    zhou
}

fn stranger() -> PartyFacts {
    let mut one = zhou();
    one.attributes.insert(Attribute::Local, FactValue::Truth(false));
    one
}

#[test]
fn losing_a_job_in_each_of_its_branches() {
    let item = item("失业登记");
    let dismissed = told("人力资源和社会保障局", "是否已办理参保减员");
    let graduate = told("教育部门", "是否取得毕业证书");
    let mut insured = zhou();
    insured.predicates = vec![(dismissed, yes()), (graduate, yes())];
    let base = ["form on_site", "identity pulled"];
    let table: &[(&str, Option<&str>)] = &[
        ("单位失业", Some("dismissal checked")),
        ("毕业未就业", Some("diploma checked")),
        ("停业", Some("closed party_missing")),
        ("灵活就业终止", None),
        ("退役", None),
        ("刑满释放", None),
        ("其他", None),
    ];
    for (why, more) in table {
        let answer = item.answer(&request(&[("失业情形", why)], vec![insured.clone()])).unwrap();
        assert_eq!(outcomes(&answer), base.iter().copied().chain(*more).collect::<Vec<_>>(), "{why}");
        // Nobody asked where: the household says it.
        let place = AnsweredBy::ByFacts { option: "户籍地".into(), said: None };
        assert_eq!(answer.questions[0].answered, place, "{why}");
        assert_eq!(answer.count.bring, 0, "{why}");
    }
}

#[test]
fn a_resident_from_elsewhere_brings_the_residence_permit() {
    let item = item("失业登记");
    let of = |place| {
        let answers = [("失业情形", "其他"), ("登记地", place)];
        outcomes(&item.answer(&request(&answers, vec![stranger()])).unwrap())
    };
    let with = ["form on_site", "identity pulled", "residence by_applicant"];
    assert_eq!(of("常住地"), with);
    assert_eq!(of("参保地"), with[..2]);
    assert_eq!(of("就业地"), with[..2]);
    // The facts prevail over what is said, and both are shown.
    let answers = [("失业情形", "其他"), ("登记地", "常住地")];
    let answer = item.answer(&request(&answers, vec![zhou()])).unwrap();
    assert_eq!(outcomes(&answer), with[..2]);
    let both = AnsweredBy::ByFacts { option: "户籍地".into(), said: Some("常住地".into()) };
    assert_eq!(answer.questions[0].answered, both);
}

#[test]
fn a_closed_shop_shows_a_licence_that_was_cancelled() {
    let item = item("失业登记");
    let of = |state, with_record: bool| {
        let mut shop = party("entity", "示范市海燕餐饮店");
        if with_record {
            shop.records =
                vec![RecordFact { state, ..record("business_licence", "示范市海燕餐饮店") }];
        }
        let answer = item.answer(&request(&[("失业情形", "停业")], vec![zhou(), shop])).unwrap();
        outcomes(&answer)[2].clone()
    };
    assert_eq!(of(StatusState::Cancelled, true), "closed pulled");
    assert_eq!(of(StatusState::Active, true), "closed by_applicant");
    assert_eq!(of(StatusState::Active, false), "closed by_applicant");
}

#[test]
fn a_teacher_brings_nothing_and_a_silent_police_is_no_answer() {
    let item = item("教师资格认定");
    let education = |question: &str| (told("教育部门", question), yes());
    let police = told("公安机关", "是否没有不得取得教师资格的犯罪记录(由认定机关核查)");
    let mut teacher = zhou();
    teacher.predicates = vec![
        education("学历是否合格"),
        education("教师资格考试是否合格且在有效期内"),
        (told("语言文字工作部门", "普通话等级是否达标"), yes()),
        (told("卫生健康部门", "在指定医院体检是否合格"), yes()),
        (police.clone(), yes()),
    ];
    let answer = item.answer(&request(&[], vec![teacher.clone()])).unwrap();
    let mut table = [
        "identity pulled",
        "degree checked",
        "examination checked",
        "mandarin checked",
        "household pulled",
        "health checked",
        "record checked",
    ];
    assert_eq!(outcomes(&answer), table);
    assert_eq!(answer.count.sentence(), "本事项 7 份材料，您需带 0 份");
    let silent = silence("公安机关违法犯罪记录查询系统");
    teacher.predicates[4] = (police, PredicateAnswer::Unanswered(silent.clone()));
    let answer = item.answer(&request(&[], vec![teacher.clone()])).unwrap();
    table[6] = "record unverifiable";
    assert_eq!(outcomes(&answer), table);
    let record = answer.slots.iter().find(|slot| slot.slot == "record").unwrap();
    assert_eq!(record.tried[0].silence, Some(silent));
    assert_eq!((record.tried[1].way, record.tried[1].outcome), (WayKind::Asked, TryOutcome::Offered));
    assert_eq!(answer.count.sentence(), "本事项 7 份材料，您需带 0 份；另有 1 份暂无法核验");
    for (place, slot) in [("居住", "residence by_applicant"), ("就读", "studies by_applicant")] {
        let mut guest = teacher.clone();
        guest.attributes.insert(Attribute::Local, FactValue::Truth(false));
        let answer = item.answer(&request(&[("认定地", place)], vec![guest])).unwrap();
        assert_eq!(outcomes(&answer)[4], slot, "{place}");
        assert_eq!(answer.count.bring, 1, "{place}");
    }
}

#[test]
fn a_card_for_a_newborn_a_grown_up_and_by_an_agent() {
    let item = item("社会保障卡申领");
    let mut child = party("applicant", "陈一诺");
    child.attributes.insert(Attribute::Age, FactValue::Number(0));
    child.records = vec![record("household_member", "陈一诺")];
    let mut mother = party("guardian", "周海燕");
    mother.records = vec![record("resident_id_card", "周海燕")];
    let guardian = Predicate::Related { kinship: Kinship::Guardian, role: "申请人".into() };
    mother.predicates = vec![(guardian.clone(), yes())];
    let of = |answers: &[(&str, &str)], parties| outcomes(&item.answer(&request(answers, parties)).unwrap());
    let newborn = ["household pulled", "guardian_identity pulled", "guardianship checked", "photo on_site"];
    assert_eq!(of(&[], vec![child.clone(), mother.clone()]), newborn);
    // A child does not come alone.
    let alone = of(&[], vec![child.clone()]);
    assert_eq!(alone[1..3], ["guardian_identity party_missing", "guardianship party_missing"]);
    // Two guardians are asked twice, each for the own material.
    let mut father = mother.clone();
    father.name = "陈志远".into();
    father.predicates = vec![(guardian, PredicateAnswer::No { evidence: vec!["answer-2".into()] })];
    let both = item.answer(&request(&[], vec![child, mother, father])).unwrap();
    let told: Vec<_> = both.slots.iter().filter(|slot| slot.slot == "guardianship").collect();
    assert_eq!((told[0].party, told[0].outcome), (Some(1), SlotOutcome::Checked));
    assert_eq!((told[1].party, told[1].outcome), (Some(2), SlotOutcome::ByApplicant));
    assert_eq!(told[1].tried[0].outcome, TryOutcome::Contradicted);
    let own = ["identity pulled", "photo pulled"];
    assert_eq!(of(&[("办理方式", "本人办理")], vec![zhou()]), own);
    let mut agent = party("agent", "陈志远");
    agent.records = vec![record("resident_id_card", "陈志远")];
    let answer = item.answer(&request(&[("办理方式", "委托代办")], vec![zhou(), agent])).unwrap();
    let table = ["identity pulled", "agent_identity pulled", "mandate by_applicant", "photo pulled"];
    assert_eq!(outcomes(&answer), table);
    assert_eq!(answer.count.bring, 2, "the mandate, and the agent's card is seen");
}

#[test]
fn hardship_in_each_of_its_kinds() {
    let item = item("就业困难人员认定");
    let registered = (told("人力资源和社会保障局", "是否在失业登记期内"), yes());
    let mut applicant = zhou();
    applicant.predicates = vec![registered];
    applicant
        .absences
        .insert("disability_certificate".into(), crate::catalog::AbsenceKind::NoneWithinCoverage);
    let base = ["form on_site", "identity pulled", "unemployed checked"];
    let of = |answers: &[(&str, &str)], parties| outcomes(&item.answer(&request(answers, parties)).unwrap());
    for (kind, more) in [
        ("大龄", None),
        ("残疾", Some("disability by_applicant")),
        ("低保", Some("relief by_applicant")),
        ("零就业家庭", Some("household party_missing")),
        ("连续失业一年", None),
        ("失地", Some("land asked")),
    ] {
        let table: Vec<_> = base.iter().copied().chain(more).collect();
        assert_eq!(of(&[("类别", kind)], vec![applicant.clone()]), table, "{kind}");
    }
    let mut older = applicant.clone();
    older.attributes.insert(Attribute::Age, FactValue::Number(40));
    assert_eq!(of(&[], vec![older.clone()]), base);
    let mut disabled = applicant.clone();
    disabled.records.push(record("disability_certificate", "周海燕"));
    assert_eq!(of(&[], vec![disabled.clone()])[3], "disability pulled");
    // Two kinds at once: the applicant chooses.
    disabled.attributes.insert(Attribute::Age, FactValue::Number(40));
    let answer = item.answer(&request(&[], vec![disabled.clone()])).unwrap();
    assert_eq!(answer.questions[0].answered, AnsweredBy::Open);
    assert_eq!(answer.count.undecided, 4);
    assert_eq!(of(&[("类别", "大龄")], vec![disabled]), base);
}

#[test]
fn a_household_is_asked_member_by_member() {
    let item = item("就业困难人员认定");
    let member = |name: &str, age: Option<i64>| {
        let mut one = party("member", name);
        one.attributes.extend(age.map(|age| (Attribute::Age, FactValue::Number(age))));
        one.records = vec![record("household_member", name)];
        one
    };
    let mut parties =
        vec![zhou(), member("陈志远", Some(40)), member("陈子墨", Some(10)), member("甲", None)];
    let answers = [("类别", "零就业家庭")];
    let of = |parties: &[PartyFacts], slot: &str| {
        let answer = item.answer(&request(&answers, parties.to_vec())).unwrap();
        let found = answer.slots.into_iter().filter(|one| one.slot == slot);
        found.map(|one| (one.party, one.outcome)).collect::<Vec<_>>()
    };
    let households = of(&parties, "household");
    assert_eq!(households, (1..4).map(|at| (Some(at), SlotOutcome::Pulled)).collect::<Vec<_>>());
    let work = |first| {
        vec![(Some(1), first), (Some(2), SlotOutcome::NotRequired), (Some(3), SlotOutcome::Undecided)]
    };
    assert_eq!(of(&parties, "employment"), work(SlotOutcome::Asked));
    let asked = told("人力资源和社会保障局", "是否处于就业状态之外");
    parties[1].predicates = vec![(asked, yes())];
    assert_eq!(of(&parties, "employment"), work(SlotOutcome::Checked));
}

#[test]
fn a_request_that_does_not_fit_is_refused_by_its_rule() {
    let item = item("失业登记");
    let rule = |request: &ItemRequest| item.answer(request).unwrap_err().rule().wire();
    assert_eq!(rule(&request(&[], vec![])), "item_parties");
    assert_eq!(rule(&request(&[], vec![zhou(), zhou()])), "item_parties");
    assert_eq!(rule(&request(&[], vec![zhou(), party("buyer", "甲")])), "item_parties");
    assert_eq!(rule(&request(&[("天气", "晴")], vec![zhou()])), "item_answer");
    assert_eq!(rule(&request(&[("登记地", "月球")], vec![zhou()])), "item_answer");
    let mut dated = request(&[], vec![zhou()]);
    dated.dates.insert("购房日期".into(), today());
    assert_eq!(rule(&dated), "item_answer");
}
