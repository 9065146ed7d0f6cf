//! The two bundles against tables written by hand, and what the check of a bundle finds.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::StatusState;
use crate::catalog::items::{
    Attribute, FactValue, Intact, ItemDef, ItemRequest, Kinship, PartyFacts, Predicate, PredicateAnswer,
    PrintedNames, RecordFact, SlotOutcome,
};

fn bundle(slug: &str) -> BundleDef {
    BundleDef::builtin().unwrap().into_iter().find(|bundle| bundle.slug == slug).unwrap()
}

fn items() -> Vec<ItemDef> {
    ItemDef::builtin().unwrap()
}

/// `mother:30`, of that age.
fn party(text: &str) -> PartyFacts {
    let (role, age) = text.split_once(':').unwrap_or((text, ""));
    let age = age.parse().ok().map(|age| (Attribute::Age, FactValue::Number(age)));
    PartyFacts {
        role: role.into(),
        name: role.into(),
        attributes: age.into_iter().collect(),
        ..PartyFacts::default()
    }
}

fn request(answers: &str, parties: &str) -> ItemRequest {
    let pairs = answers.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    ItemRequest {
        answers: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        dates: BTreeMap::new(),
        parties: parties.split_whitespace().map(party).collect(),
        today: "2026-11-29".parse().unwrap(),
    }
}

/// Each material that is still handed in: party, name and number of uses; and what earlier items give.
fn told(answer: &BundleAnswer, asked: &ItemRequest) -> (Vec<String>, Vec<String>) {
    let line = |slot: &MergedSlot| {
        let party = slot.party.map_or("!", |at| asked.parties[at].role.as_str());
        format!("{party} {} {}", slot.name, slot.uses.len())
    };
    let (fed, own): (Vec<_>, Vec<_>) = answer.slots.iter().partition(|slot| slot.fed_by.is_some());
    (own.into_iter().map(line).collect(), fed.into_iter().map(line).collect())
}

#[test]
fn the_files_pass_their_check_and_read_back_as_they_are_written() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/bundles");
    let found = std::fs::read_dir(&folder).unwrap().filter_map(Result::ok);
    let files = found.filter(|file| file.file_name().to_string_lossy().ends_with(".json")).count();
    let all = BundleDef::builtin().unwrap();
    assert_eq!(all.len(), files);
    for bundle in all {
        assert_eq!(bundle.findings(&items()), [], "{}", bundle.name);
        let text = std::fs::read_to_string(folder.join(format!("{}.json", bundle.slug))).unwrap();
        let written: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_value(&bundle).unwrap(), written);
    }
}

#[test]
fn a_birth_in_wedlock_is_seven_items_with_one_list() {
    let asked = request("父亲信息=提供 落户=随母 生育情形=婚生", "child:0 mother:30 father:32 head:60");
    let answer = bundle("newborn").answer(&items(), &asked).unwrap();
    let (own, fed) = told(&answer, &asked);
    assert_eq!(
        own,
        [
            "mother 出生医学证明首次签发登记表 1",
            "mother 母亲居民身份证 7",
            "father 父亲居民身份证 3",
            "mother 分娩信息 1",
            "child 姓名登记声明 2",
            "head 居民户口簿首页(落户方) 1",
            "mother 居民户口簿常住人口登记卡 1",
            "mother 结婚证 2",
            "mother 生育登记承诺书 1",
            "mother 监护关系 1",
            "child 近期证件照片 1",
            "child 参保登记表 1",
            "mother 生育医疗费用报销申请表 1",
            "mother 医疗费用票据和费用清单 1",
            "mother 社会保障卡(收款账户) 1",
        ]
    );
    let given = [
        "child 出生医学证明 2",
        "child 居民户口簿常住人口登记卡 2",
        "child 社会保障卡 1",
        "mother 出生医学证明 1",
    ];
    assert_eq!(fed, given);
    assert_eq!(answer.count.sentence(), "7 个事项 · 原需 31 份材料 · 现需 15 份");
    // Each question is asked once, and the age of the child answers who applies for the card.
    let questions: Vec<&str> = answer.questions.iter().map(|one| one.question.as_str()).collect();
    assert_eq!(questions, ["父亲信息", "落户", "生育情形", "办理方式"]);
    let order = ["000021", "000022", "000010", "000023", "000004", "000024", "000025"];
    assert!(answer.items.iter().zip(order).all(|(code, tail)| code.ends_with(tail)));
}

#[test]
fn a_birth_out_of_wedlock_asks_less_of_a_father_and_more_of_the_mother() {
    let table = [
        ("父亲信息=不提供 落户=随母 生育情形=非婚生", "child:0 mother:30 head:60", 27, 14),
        // 21: 5, 22: 2, 10: 出生证 父身份证 首页 父户口 说明 鉴定 声明 7, 23: 2, 4: 4, 24: 4, 25: 5.
        ("父亲信息=提供 落户=随父 生育情形=非婚生", "child:0 mother:30 father:32 head:60", 29, 16),
    ];
    for (answers, parties, before, now) in table {
        let answer = bundle("newborn").answer(&items(), &request(answers, parties)).unwrap();
        assert_eq!((answer.count.before, answer.count.now), (before, now), "{answers}");
    }
}

#[test]
fn a_restaurant_is_four_to_six_items() {
    let parties = "entity legal_rep:40 shareholder:40 worker:30 worker:25";
    let asked = request("股东=自然人 经办=法定代表人 场所规模=达到 排水=排放 检查方式=告知承诺", parties);
    let answer = bundle("restaurant").answer(&items(), &asked).unwrap();
    assert_eq!(answer.count.sentence(), "6 个事项 · 原需 25 份材料 · 现需 17 份");
    let (own, fed) = told(&answer, &asked);
    assert_eq!(fed, ["entity 营业执照 5"]);
    assert_eq!(
        own,
        [
            "legal_rep 公司登记(备案)申请书 1",
            "legal_rep 公司章程 1",
            "shareholder 股东居民身份证 1",
            "legal_rep 法定代表人居民身份证 4",
            "legal_rep 任职文件 1",
            "legal_rep 住所使用情况 1",
            "entity 银行账户信息 1",
            "entity 食品经营许可申请书 1",
            "entity 经营场所布局和操作流程图 1",
            "entity 食品安全管理制度 1",
            "worker 从业人员健康证明 1",
            "worker 从业人员健康证明 1",
            "entity 消防安全检查申请表 1",
            "entity 场所符合消防安全要求的承诺 1",
            "entity 排水许可申请表 1",
            "entity 排水平面图和预处理设施说明 1",
            "entity 排放水质情况 1",
        ]
    );
    // The bundle has said which kind of permit: nobody is asked.
    assert!(!answer.questions.iter().any(|one| one.question == "办理类型"));
    let parties = format!("{parties} agent:30");
    let asked = request("股东=自然人 经办=委托代办 场所规模=未达到 排水=不排放", &parties);
    let answer = bundle("restaurant").answer(&items(), &asked).unwrap();
    assert_eq!(answer.count.sentence(), "4 个事项 · 原需 22 份材料 · 现需 14 份");
    let open = bundle("restaurant").answer(&items(), &request("股东=自然人", &parties)).unwrap();
    assert_eq!(open.open_items.len(), 2, "whether these are needed is not known yet");
    // 授权委托书 and 代办人居民身份证, each in two items.
    assert_eq!(open.count.undecided, 4);
}

/// A branch of a bundle: its answers, who is in it, and by hand how many items, materials before and now, and undecided.
type Branch = (&'static str, &'static str, [usize; 4]);

/// Alone the items of a birth ask: the certificate 4, of a named father 5; the vaccination 2; the register 3, an identity
/// (婚生: both), a card of the household and a marriage or a declaration, out of wedlock with the father a paternity; the
/// registration of births 2, in wedlock 4; card, insurance and costs 4, 4 and 5. Together: twelve papers, the father's
/// identity where anybody asks for it, the card, the marriage or the declaration, the paternity.
const NEWBORN: &[Branch] = &[
    ("父亲信息=提供 落户=随母 生育情形=婚生", "child:0 mother:30 father:32 head:60", [7, 31, 15, 0]),
    ("父亲信息=提供 落户=随父 生育情形=婚生", "child:0 mother:30 father:32 head:60", [7, 31, 15, 0]),
    ("父亲信息=提供 落户=随母 生育情形=非婚生", "child:0 mother:30 father:32 head:60", [7, 28, 15, 0]),
    ("父亲信息=提供 落户=随父 生育情形=非婚生", "child:0 mother:30 father:32 head:60", [7, 29, 16, 0]),
    ("父亲信息=不提供 落户=随母 生育情形=婚生", "child:0 mother:30 father:32 head:60", [7, 30, 15, 0]),
    ("父亲信息=不提供 落户=随父 生育情形=婚生", "child:0 mother:30 father:32 head:60", [7, 30, 15, 0]),
    ("父亲信息=不提供 落户=随母 生育情形=非婚生", "child:0 mother:30 head:60", [7, 27, 14, 0]),
    ("父亲信息=不提供 落户=随父 生育情形=非婚生", "child:0 mother:30 father:32 head:60", [7, 28, 16, 0]),
];

/// Alone: the company 5 with one for each shareholder, the seal 2, the tax 3, the permit 5 with one for each worker, the fire
/// check 3, the sewer 4; an agent adds two papers to company and seal, and where nobody is named who works there, the proof of
/// health of somebody is missing. Together the licence comes from the first item and the
/// identity of the representative is one.
const RESTAURANT: &[Branch] = &[
    (
        "股东=自然人 经办=法定代表人 场所规模=未达到 排水=不排放",
        "entity legal_rep:40 shareholder:40 worker:30 worker:25",
        [4, 18, 12, 0],
    ),
    (
        "股东=企业 经办=法定代表人 场所规模=未达到 排水=不排放",
        "entity legal_rep:40 corporate_shareholder worker:30",
        [4, 17, 11, 0],
    ),
    (
        "股东=自然人和企业 经办=法定代表人 场所规模=达到 检查方式=现场检查 排水=不排放",
        "entity legal_rep:40 shareholder:40 corporate_shareholder",
        [5, 21, 14, 0],
    ),
    (
        "股东=自然人 经办=委托代办 场所规模=未达到 排水=排放",
        "entity legal_rep:40 shareholder:40 shareholder:38 worker:30 agent:30",
        [5, 26, 17, 0],
    ),
    (
        "股东=自然人 经办=委托代办 场所规模=达到 检查方式=告知承诺 排水=排放",
        "entity legal_rep:40 shareholder:40 worker:30 agent:30",
        [6, 28, 18, 0],
    ),
    (
        "股东=自然人 经办=法定代表人 场所规模=达到 排水=不排放",
        "entity legal_rep:40 shareholder:40 worker:30",
        [5, 19, 12, 2],
    ),
];

#[test]
fn each_branch_of_a_bundle_asks_what_the_table_says() {
    for (slug, table) in [("newborn", NEWBORN), ("restaurant", RESTAURANT)] {
        let bundle = bundle(slug);
        for (answers, parties, counts) in table {
            let answer = bundle.answer(&items(), &request(answers, parties)).unwrap();
            let BundleCount { items, before, now, undecided, .. } = answer.count;
            assert_eq!([items, before, now, undecided], *counts, "{answers}");
        }
        // Every option of every question that the bundle leaves to the applicant stands in a branch.
        let all = items();
        let of_items = bundle.items.iter().flat_map(|own| {
            let item = all.iter().find(|item| item.code == own.code).unwrap();
            let asked = item.questions.iter().filter(|one| !own.fixed.contains_key(&one.name));
            asked.filter(|one| one.options.iter().all(|option| option.answered_by.is_none()))
        });
        for question in bundle.questions.iter().chain(of_items) {
            for option in &question.options {
                let pair = format!("{}={}", question.name, option.value);
                let named = |answers: &str| answers.split_whitespace().any(|one| one == pair);
                assert!(table.iter().any(|(answers, ..)| named(answers)), "{slug}: no branch has {pair}");
            }
        }
    }
}

fn card(name: &str) -> RecordFact {
    RecordFact {
        slug: "resident_id_card".into(),
        identifier: "id-of-card".into(),
        on: "2026-11-29".parse().unwrap(),
        intact: Intact::Yes,
        state: StatusState::Active,
        issued_on: "2020-01-01".parse().unwrap(),
        valid_to: None,
        working_days_left: None,
        names: PrintedNames(BTreeMap::from([("name".to_owned(), name.to_owned())])),
        members: BTreeSet::from(["name".to_owned()]),
    }
}

#[test]
fn facts_are_asked_once_and_serve_every_item() {
    let mut asked = request("父亲信息=不提供 落户=随母 生育情形=非婚生", "child:0 mother:30 head:60");
    asked.parties[1].records = vec![card("mother")];
    let guardian = Predicate::Related { kinship: Kinship::Guardian, role: "新生儿".into() };
    let yes = PredicateAnswer::Yes { evidence: vec!["answer-1".into()] };
    asked.parties[1].predicates = vec![(guardian, yes)];
    let answer = bundle("newborn").answer(&items(), &asked).unwrap();
    let of = |name: &str| answer.slots.iter().find(|slot| slot.name == name).unwrap().outcome;
    assert_eq!(of("母亲居民身份证"), SlotOutcome::Pulled);
    assert_eq!(of("监护关系"), SlotOutcome::Checked);
}

#[test]
fn what_comes_from_an_item_that_is_not_done_is_handed_in() {
    let mut bundle = bundle("restaurant");
    bundle.items[0].when = bundle.items[4].when.clone();
    let parties = "entity legal_rep:40 worker:30";
    let asked = request("股东=自然人 经办=法定代表人 场所规模=未达到 排水=不排放", parties);
    let answer = bundle.answer(&items(), &asked).unwrap();
    let licence = answer.slots.iter().find(|slot| slot.name == "营业执照").unwrap();
    assert_eq!((licence.fed_by.as_ref(), licence.uses.len()), (None, 3));
}

#[test]
fn a_request_that_does_not_fit_is_refused() {
    let rule = |answers: &str, parties: &str| {
        let refused = bundle("newborn").answer(&items(), &request(answers, parties));
        refused.unwrap_err().rule().wire()
    };
    assert_eq!(rule("", "child:0 mother:30"), "item_parties");
    assert_eq!(rule("", "child:0 mother:30 head:60 buyer:20"), "item_parties");
    assert_eq!(rule("天气=晴", "child:0 mother:30 head:60"), "item_answer");
    assert_eq!(rule("落户=随舅", "child:0 mother:30 head:60"), "item_answer");
}

/// A change, and what the check finds of it.
type Row = (fn(&mut BundleDef), &'static [&'static str]);

const FAULTS: &[Row] = &[
    (
        |one| one.items.truncate(1),
        &["too_few", "item_unknown", "item_unknown", "item_unknown", "item_unknown", "item_unknown"],
    ),
    (|one| one.items[2].code.push('1'), &["item_unknown", "item_unknown"]),
    (|one| one.items.push(one.items[1].clone()), &["twice"]),
    (|one| one.items[1].roles = [("企业".into(), "食客".into())].into(), &["role_unknown", "role_left_out"]),
    (|one| one.parties[0].max = 2, &["role_unfit", "role_unfit", "role_unfit", "role_unfit", "role_unfit"]),
    (|one| one.items[3].fixed = [("天气".into(), "晴".into())].into(), &["question_unknown"]),
    (|one| one.items[3].fixed = [("业态".into(), "网店".into())].into(), &["option_unknown"]),
    (|one| one.questions[0].options.truncate(1), &["too_few_options"]),
    (|one| one.slug = "Restaurant".into(), &["code_form"]),
    (|one| one.slug = "餐饮".into(), &["code_form"]),
    (|one| (one.name, one.lead) = (" ".into(), String::new()), &["blank", "blank"]),
    (|one| one.version = 0, &["blank"]),
    (|one| one.parties.push(one.parties[5].clone()), &["twice"]),
    (|one| (one.parties[5].min, one.parties[5].max) = (2, 1), &["role_count"]),
    (|one| one.questions.push(one.questions[1].clone()), &["twice"]),
    (|one| one.questions[1].when = one.items[4].when.clone(), &["condition_unfit"]),
    (|one| one.questions[1].options[0].referred_to = Some("月亮".into()), &["condition_unfit"]),
    (|one| one.feeds.push(one.feeds[0].clone()), &["twice"; 5]),
    (
        |one| (0..11).for_each(|_| one.items.push(one.items[5].clone())),
        &[
            "too_many", "twice", "twice", "twice", "twice", "twice", "twice", "twice", "twice", "twice",
            "twice", "twice",
        ],
    ),
    (|one| one.questions.truncate(1), &["question_unknown"]),
    (
        |one| one.questions[0].name = "经办".into(),
        &["question_unknown", "questions_differ", "questions_differ"],
    ),
    (|one| one.feeds[0].result = "月亮".into(), &["result_unknown"]),
    (|one| one.items.reverse(), &["backwards"; 5]),
    (|one| one.feeds[0].to[0].slot = "agent_identity".into(), &["slot_unfit"]),
];

#[test]
fn each_fault_of_a_bundle_is_found() {
    for (row, (change, wanted)) in FAULTS.iter().enumerate() {
        let mut one = bundle("restaurant");
        change(&mut one);
        let found: Vec<&str> = one.findings(&items()).iter().map(|finding| finding.kind.wire()).collect();
        assert_eq!(found, *wanted, "row {row}");
    }
}
