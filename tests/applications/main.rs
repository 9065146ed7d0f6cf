//! Applications (一号申请): every material of an item in one call; what is seen of whom follows from the slots, and
//! every look and every refusal is an access of the party.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "tests")]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
mod bundles;
mod kin;
mod loads;
mod presence;
mod signed;

use bundles::{
    a_bundle_has_one_list_and_each_item_its_own_conclusion, a_bundle_is_for_whoever_may_ask_for_each_item,
    an_agent_acts_for_a_bundle_by_its_name_or_by_each_item, bundles_are_loaded_in_order_and_held_by_fsck,
    i10_the_answer_of_a_bundle_is_the_one_that_each_entry_carries,
    the_bundles_of_the_program_are_bundles_of_its_items,
    the_questions_of_a_bundle_decide_which_items_there_are,
    what_does_not_fit_a_bundle_is_refused_by_its_rule_and_noted,
};
use common::items::state_marriages;
use common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU};
use common::{World, callers, operator, run};
use elicense::catalog::items::ItemDef;
use elicense::error::{Code, Error};
use elicense::policy::{Actor, Scope};
use elicense::record::access::Outcome;
use elicense::registry::{
    AccessPage, ApplicationAsk, AskedHolder, FsckOptions, LineOutcome, Registry, Submitted, Viewer,
};
use elicense::rule::Rule;
use kin::{
    a_household_card_does_not_say_what_a_birth_certificate_said_that_fell,
    a_marriage_ends_with_the_death_of_one_of_the_two,
    a_marriage_is_told_alike_from_both_sides_though_one_cannot_be_read,
    a_newborn_without_a_number_has_its_parents_as_guardians, a_relation_is_told_by_evidence_or_not_at_all,
};
use loads::{
    a_check_finds_whatever_a_load_refuses, of_two_loads_at_once_the_slower_is_answered_by_what_stands_there,
};
use presence::{
    a_card_was_read_only_where_its_text_says_so, an_agent_acts_by_a_mandate_that_is_good_and_about_this_item,
};
use serde_json::{Value, json};
use signed::{
    a_signed_answer_counts_for_an_hour_and_under_the_registrys_key_alone,
    an_answer_to_a_predicate_is_signed_with_its_chain_of_evidence,
};

on_both! {
    a_slot_shows_its_fields_and_nothing_else_of_anybody
    who_neither_carries_out_nor_receives_the_item_is_refused_and_noted
    what_does_not_fit_the_item_is_refused_by_its_rule_and_noted
    a_relation_is_told_by_evidence_or_not_at_all
    an_answer_to_a_predicate_is_signed_with_its_chain_of_evidence
    a_signed_answer_counts_for_an_hour_and_under_the_registrys_key_alone
    a_marriage_ends_with_the_death_of_one_of_the_two
    a_marriage_is_told_alike_from_both_sides_though_one_cannot_be_read
    a_household_card_does_not_say_what_a_birth_certificate_said_that_fell
    a_newborn_without_a_number_has_its_parents_as_guardians
    one_person_under_two_numbers_does_not_stand_twice_in_a_role
    a_source_that_cannot_tell_is_never_none
    a_cancelled_licence_meets_the_slot_that_wants_it
    a_past_day_is_judged_as_of_that_day
    all_parties_are_charged_or_none
    a_card_was_read_only_where_its_text_says_so
    items_are_loaded_in_order_and_held_by_fsck
    a_check_finds_whatever_a_load_refuses
    of_two_loads_at_once_the_slower_is_answered_by_what_stands_there
    a_purpose_is_an_item_in_force_or_work_that_the_law_allows
    i10_the_answer_of_each_party_is_the_one_that_its_entry_carries
    an_agent_acts_by_a_mandate_that_is_good_and_about_this_item
    a_bundle_has_one_list_and_each_item_its_own_conclusion
    the_questions_of_a_bundle_decide_which_items_there_are
    a_bundle_is_for_whoever_may_ask_for_each_item
    what_does_not_fit_a_bundle_is_refused_by_its_rule_and_noted
    bundles_are_loaded_in_order_and_held_by_fsck
    i10_the_answer_of_a_bundle_is_the_one_that_each_entry_carries
    an_agent_acts_for_a_bundle_by_its_name_or_by_each_item
    the_bundles_of_the_program_are_bundles_of_its_items
}

const ITEM: &str = "11190101MD100004254190101000901";

/// An item of the market office with a slot of each kind that the registry itself can answer.
fn item() -> Value {
    let slot = |id: &str, role: &str, class: &str, ways: Value| {
        json!({
            "编号": id, "当事人": role, "材料名称": id, "材料分类": class, "材料必要性": "必要",
            "要求提供材料的依据": "测试依据", "办理方式": ways,
        })
    };
    let kin = |kinship: &str| {
        json!([{"方式": "数据核验", "核验": {"内容": "人员关系", "关系": kinship, "对方": "配偶"}},
               {"方式": "申请人自备"}])
    };
    json!({
        "事项名称": "测试事项", "基本编码": "190101000901", "实施编码": ITEM, "版本": 1, "事项类型": "公共服务",
        "设定依据": ["测试依据"], "行使层级": "县级", "实施主体": MARKET, "实施主体名称": "城东区市场监督管理局",
        "法定办结时限": {"数量": 5, "单位": "工作日"}, "承诺办结时限": {"数量": 1, "单位": "工作日"},
        "受理条件": ["测试"], "办件类型": "承诺件", "到现场次数": 1, "通办范围": "全市", "服务对象": ["自然人"],
        "收费": {"是否收费": false}, "审批结果名称": ["测试结果"], "计划生效日期": "2020-01-01",
        "当事人": [
            {"角色": "申请人", "代码": "applicant", "主体": "自然人", "最少": 1, "最多": 1},
            {"角色": "配偶", "代码": "spouse", "主体": "自然人", "最少": 1, "最多": 1},
            {"角色": "企业", "代码": "entity", "主体": "法人或其他组织", "最少": 0, "最多": 1},
        ],
        "情形": [{"名称": "年龄段", "提问": "是否年满 60 周岁?", "选项": [
            {"选项": "是", "由事实得出": "申请人.年龄 ≥ 60"}, {"选项": "否", "由事实得出": "申请人.年龄 < 60"}]}],
        "基准日": [{"名称": "购房日", "提问": "何时购房?"}],
        "材料": [
            slot("card", "申请人", "证照类", json!([
                {"方式": "证照调取", "证照": "resident_id_card", "字段": ["name", "valid_to"],
                 "要求": {"名称一致": [{"字段": "name", "当事人": "申请人"}]}},
                {"方式": "申请人自备"}])),
            slot("spouse", "申请人", "证明类", kin("配偶")),
            slot("parent", "申请人", "证明类", kin("父母")),
            slot("closed", "企业", "证照类", json!([
                {"方式": "证照调取", "证照": "business_licence", "字段": ["name"], "要求": {"状态": ["注销"]}},
                {"方式": "申请人自备"}])),
            slot("social_then", "申请人", "证照类", json!([
                {"方式": "证照调取", "证照": "social_security_card", "字段": ["issued_on"], "要求": {"基准日": "购房日"}},
                {"方式": "申请人自备"}])),
            json!({
                "编号": "elder", "当事人": "申请人", "材料名称": "elder", "材料分类": "其他", "材料必要性": "必要",
                "要求提供材料的依据": "测试依据", "适用情形": "年龄段 = 「是」",
                "办理方式": [{"方式": "申请人自备"}],
            }),
        ],
    })
}

fn people_settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    world.registry.refresh().unwrap();
}

fn ready(world: &World) {
    let registry = &world.registry;
    people_settled(world);
    let item: ItemDef = serde_json::from_value(item()).unwrap();
    registry.load_items("test", vec![item]).unwrap();
    registry.refresh().unwrap();
}

/// The market office: it carries the item out, and has no grant for anything.
fn market() -> Actor {
    callers::client("market").agency(MARKET).scopes(&[Scope::Apply]).grants(Vec::new()).actor()
}

fn issue(registry: &Registry, draft: elicense::registry::Draft) -> String {
    registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
}

fn party(role: &str, code: &str) -> Value {
    let code_type = if code == COMPANY { "001" } else { "111" };
    json!({"role": role, "holder": {"type": code_type, "code": code}})
}

/// She applies, and her husband is in the case.
fn couple() -> Value {
    json!([party("applicant", ZHOU), party("spouse", CHEN)])
}

fn ask(parties: Value) -> ApplicationAsk {
    serde_json::from_value(json!({"item": ITEM, "parties": parties, "reason": "窗口办理"})).unwrap()
}

fn apply(registry: &Registry, actor: &Actor, ask: &ApplicationAsk) -> Result<Value, Error> {
    registry.refresh().unwrap();
    run(registry.apply(actor, ask)).map(|answer| serde_json::to_value(answer).unwrap())
}

fn slot<'a>(answer: &'a Value, id: &str) -> &'a Value {
    answer["slots"].as_array().unwrap().iter().find(|slot| slot["slot"] == id).unwrap()
}

fn outcome(answer: &Value, id: &str) -> String {
    slot(answer, id)["outcome"].as_str().unwrap().to_owned()
}

/// The lines on somebody's list with that outcome.
fn lines(registry: &Registry, code: &str, outcome: Outcome) -> Vec<elicense::registry::AccessLine> {
    let holder =
        AskedHolder { code_type: if code == COMPANY { "001" } else { "111" }.into(), code: code.into() };
    let page = AccessPage { limit: 100, ..AccessPage::default() };
    let seen = run(registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap();
    seen.lines.into_iter().filter(|line| line.outcome == LineOutcome::CameTo(outcome)).collect()
}

fn a_slot_shows_its_fields_and_nothing_else_of_anybody(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    issue(registry, people::social_card(ZHOU, "周海燕"));
    issue(registry, people::marriage("J190101-2015-000123"));
    let answer = apply(registry, &market(), &ask(couple())).unwrap();
    assert_eq!(answer["item"]["version"], 1);
    assert_eq!(outcome(&answer, "card"), "pulled");
    let record = &slot(&answer, "card")["records"][0];
    assert_eq!((&record["verdict"], &record["envelope"]), (&json!("valid"), &Value::Null));
    let face = record["extract"]["face"].as_object().unwrap();
    assert_eq!(face.keys().map(String::as_str).collect::<Vec<_>>(), ["name", "valid_to"], "{record}");
    let text = answer.to_string();
    for hidden in ["桃源路", "6200000000000000001", "陈志远", ZHOU, CHEN, "J190101-2015-000123"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    // The facts answered the question, so that nobody is asked; the elder's paper is not required.
    assert_eq!(answer["questions"][0]["answered_by"], "facts");
    assert_eq!(outcome(&answer, "elder"), "not_required");
    let text = answer["text"].as_str().unwrap();
    assert_eq!(text, "本事项 3 份材料，您需带 2 份；另有 1 份待补充情形后确定");
    // She sees who looked and for which item, and so does he.
    let seen = lines(registry, ZHOU, Outcome::Applied);
    assert_eq!((seen.len(), seen[0].item.as_deref()), (1, Some(ITEM)));
    assert_eq!(lines(registry, CHEN, Outcome::Applied).len(), 1);
    assert!(answer["parties"][0]["receipt"].is_object(), "{answer}");
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn who_neither_carries_out_nor_receives_the_item_is_refused_and_noted(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    let other = |grants: Value| {
        let grants = serde_json::from_value(grants).unwrap();
        callers::client("police").agency(POLICE).scopes(&[Scope::Apply, Scope::Lookup]).grants(grants).actor()
    };
    let both = ask(couple());
    // A grant for everything names no item.
    let everything = json!([{"types": "*", "fields": "whole", "purposes": "*"}]);
    let refused = apply(registry, &other(everything), &both).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::Forbidden, Some(Rule::ItemNotGranted)));
    assert_eq!(lines(registry, ZHOU, Outcome::Refused).len(), 1);
    assert_eq!(lines(registry, CHEN, Outcome::Refused).len(), 1);
    let receives = json!([{"types": [], "fields": [], "purposes": [ITEM]}]);
    assert_eq!(outcome(&apply(registry, &other(receives), &both).unwrap(), "card"), "pulled");
    // Without the scope nothing is answered, whoever carries the item out.
    let unscoped = callers::client("market").agency(MARKET).scopes(&[Scope::Lookup]).actor();
    assert_eq!(apply(registry, &unscoped, &both).unwrap_err().rule, Some(Rule::ScopeMissing));
    assert_eq!(lines(registry, CHEN, Outcome::Refused).len(), 2);
}

fn what_does_not_fit_the_item_is_refused_by_its_rule_and_noted(world: World) {
    ready(&world);
    let registry = &world.registry;
    let mut noted = 0;
    let mut refused = |value: Value| {
        let ask: ApplicationAsk = serde_json::from_value(value).unwrap();
        let error = apply(registry, &market(), &ask).unwrap_err();
        let now = lines(registry, ZHOU, Outcome::Refused).len();
        assert!(now > noted, "{error:?}");
        noted = now;
        (error.code, error.field.unwrap().into_owned(), error.rule.unwrap())
    };
    let with = |more: Value| {
        let mut ask = json!({"item": ITEM, "parties": couple(), "reason": "窗口办理"});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask
    };
    let parties = |parties: Value| with(json!({"parties": parties}));
    assert_eq!(
        refused(with(json!({"version": 2}))),
        (Code::VersionConflict, "version".into(), Rule::ItemVersion)
    );
    assert_eq!(
        refused(parties(json!([party("buyer", ZHOU)]))),
        (Code::FieldInvalid, "parties.0.role".into(), Rule::ItemParties)
    );
    assert_eq!(
        refused(parties(json!([party("applicant", ZHOU), party("spouse", CHEN), party("entity", CHEN)]))),
        (Code::FieldInvalid, "parties.2.holder".into(), Rule::ItemParties)
    );
    for wrong in [
        json!([party("applicant", ZHOU), party("applicant", ZHOU)]),
        json!([party("applicant", ZHOU), party("applicant", CHEN), party("spouse", CHEN)]),
        json!([party("spouse", ZHOU)]),
    ] {
        assert_eq!(refused(parties(wrong)).2, Rule::ItemParties);
    }
    for answers in [json!({"年龄段": "也许"}), json!({"婚姻": "是"})] {
        let told = refused(with(json!({"answers": answers})));
        assert_eq!(told, (Code::FieldInvalid, "answers".into(), Rule::ItemAnswer));
    }
    assert_eq!(refused(with(json!({"dates": {"出生日": "2020-01-01"}}))).2, Rule::ItemAnswer);
    // Of an item that nobody knows even its own agency hears no more than that nobody may apply for it.
    assert_eq!(refused(with(json!({"item": "11190101MD100004254190101000999"}))).2, Rule::ItemNotGranted);
    // A wrong number names nobody; a number in the reason is refused before anything is read.
    let wrong = parties(json!([party("applicant", "190101198803120022")]));
    let error = apply(registry, &market(), &serde_json::from_value(wrong).unwrap()).unwrap_err();
    assert_eq!((error.code, error.rule), (Code::HolderCodeInvalid, Some(Rule::CheckDigit)));
    let named = with(json!({"reason": format!("办理 {ZHOU}")}));
    let error = apply(registry, &market(), &serde_json::from_value(named).unwrap()).unwrap_err();
    assert_eq!(error.rule, Some(Rule::NumberInText));
}

fn divorce() -> elicense::registry::Draft {
    let mut draft = people::marriage("L190101-2020-000001");
    draft.type_code = "divorce_certificate".into();
    draft.issued_on = people::day("2020-03-02");
    draft.face.insert("registered_on".into(), "2020-03-02".into());
    draft
}

/// A marriage of the pair after their divorce.
fn later_marriage(number: &str) -> elicense::registry::Draft {
    let mut draft = people::marriage(number);
    draft.issued_on = people::day("2021-06-01");
    draft.face.insert("registered_on".into(), "2021-06-01".into());
    draft
}

/// His marriage with another woman.
fn other_marriage() -> elicense::registry::Draft {
    let text = serde_json::to_string(&later_marriage("J190101-2022-000789")).unwrap();
    let text = text.replace(ZHOU, "190104199006300066").replace("1988-03-12", "1990-06-30");
    serde_json::from_str(&text.replace("周海燕", "王芳")).unwrap()
}

fn birth(child: &str) -> elicense::registry::Draft {
    people::draft(json!({
        "type": "birth_certificate", "issuer": POLICE, "issued_on": "2016-05-08",
        "holders": [
            {"code_type": "111", "code": child, "name": "陈子墨", "role": "child"},
            {"code_type": "111", "code": ZHOU, "name": "周海燕", "role": "mother"},
            {"code_type": "111", "code": CHEN, "name": "陈志远", "role": "father"},
        ],
        "face": {
            "certificate_no": "Q190000123", "newborn_name": "陈子墨", "sex": "1", "born_at": "2016-05-06T09:41",
            "gestation_weeks": 39, "weight_g": 3300, "length_cm": 50, "birthplace": "示范省示范市城东区",
            "institution": "示范市妇幼保健院", "mother_name": "周海燕", "mother_age": 28, "mother_nationality": "中国",
            "mother_ethnic_group": "01", "mother_address": "示范省示范市城东区桃源路1号", "mother_id_type": "111",
            "mother_id_number": ZHOU, "father_name": "陈志远", "father_age": 29, "father_nationality": "中国",
            "father_ethnic_group": "01", "father_address": "示范省示范市城东区桃源路1号", "father_id_type": "111",
            "father_id_number": CHEN, "edition": "5", "issue_kind": "1", "issued_on": "2016-05-08",
            "issuing_institution": "示范市妇幼保健院",
        },
    }))
}

fn one_person_under_two_numbers_does_not_stand_twice_in_a_role(world: World) {
    ready(&world);
    let registry = &world.registry;
    common::items::load(registry);
    let other = people::number(9);
    let twice = || {
        let parties = json!([party("applicant", ZHOU), party("applicant", &other)]);
        let ask = json!({"item": common::items::CODE, "parties": parties, "reason": "窗口办理"});
        apply(registry, &operator(), &serde_json::from_value(ask).unwrap())
    };
    twice().unwrap();
    common::items::link(registry, (ZHOU, &other));
    let error = twice().unwrap_err();
    assert_eq!((error.code, error.rule), (Code::FieldInvalid, Some(Rule::ItemParties)));
    assert_eq!(error.field.as_deref(), Some("parties.1.holder"));
    assert_eq!(lines(registry, &other, Outcome::Refused).len(), 2, "one for each number");
}

fn a_source_that_cannot_tell_is_never_none(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    let alone = ask(couple());
    assert_eq!(outcome(&apply(registry, &market(), &alone).unwrap(), "card"), "pulled");
    // Another name than the case has is another person's card.
    let mut named = alone.clone();
    named.parties[0].name = Some("周海霞".into());
    let answer = apply(registry, &market(), &named).unwrap();
    assert_eq!(slot(&answer, "card")["tried"][0]["outcome"], "unfit");
    assert!(slot(&answer, "card")["records"].is_null(), "nothing of it goes out");
    world.sql("UPDATE records SET issuer = 'x'");
    let answer = apply(registry, &market(), &alone).unwrap();
    let card = slot(&answer, "card");
    assert_eq!(
        (card["outcome"].as_str(), card["tried"][0]["outcome"].as_str()),
        (Some("unverifiable"), Some("unverifiable"))
    );
    assert!(
        card["tried"][0]["source"].as_str().unwrap().contains("损坏") && card["tried"][0]["at"].is_string()
    );
}

fn a_cancelled_licence_meets_the_slot_that_wants_it(world: World) {
    ready(&world);
    let registry = &world.registry;
    let identifier = issue(registry, people::licence(COMPANY, "示范市海燕餐饮店"));
    let with = ask(json!([party("applicant", ZHOU), party("spouse", CHEN), party("entity", COMPANY)]));
    let answer = apply(registry, &market(), &with).unwrap();
    assert_eq!(slot(&answer, "closed")["tried"][0]["outcome"], "unfit", "it is not closed");
    let cancel = serde_json::from_value(json!({
        "identifier": identifier, "version": 1, "action": "cancel", "ground": "经营者申请注销登记",
    }))
    .unwrap();
    registry.act(&operator(), &cancel).unwrap();
    let answer = apply(registry, &market(), &with).unwrap();
    assert_eq!(outcome(&answer, "closed"), "pulled", "{answer}");
    assert_eq!(lines(registry, COMPANY, Outcome::Applied).len(), 2);
}

fn a_past_day_is_judged_as_of_that_day(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::social_card(ZHOU, "周海燕"));
    let on = |day: &str| {
        let mut ask = ask(couple());
        ask.dates.insert("购房日".into(), people::day(day));
        let answer = apply(registry, &market(), &ask).unwrap();
        slot(&answer, "social_then")["tried"][0]["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(on("2021-03-01"), "met");
    assert_eq!(on("2019-03-01"), "unfit", "it had not begun");
    let ahead = {
        let mut ask = ask(couple());
        ask.dates.insert("购房日".into(), people::day("2031-03-01"));
        ask
    };
    let error = apply(registry, &market(), &ahead).unwrap_err();
    assert_eq!(
        (error.field.as_deref(), error.rule),
        (Some("dates"), Some(Rule::ItemAnswer)),
        "that day has not come"
    );
    let answer = apply(registry, &market(), &ask(couple())).unwrap();
    assert_eq!(outcome(&answer, "social_then"), "undecided", "nobody said which day");
}

fn all_parties_are_charged_or_none(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    let poor = callers::client("market").agency(MARKET).scopes(&[Scope::Apply]).grants(Vec::new()).budget(1);
    let poor = poor.actor();
    let both = ask(couple());
    let refused = apply(registry, &poor, &both).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::BudgetSpent, Some(Rule::HoldersADay)));
    assert_eq!(registry.guard().spent("client:market", registry.now()), 0);
    for code in [ZHOU, CHEN] {
        assert_eq!(lines(registry, code, Outcome::Refused).len(), 1, "{code}");
    }
    let enough = callers::client("market").agency(MARKET).scopes(&[Scope::Apply]).budget(2).actor();
    apply(registry, &enough, &ask(couple())).unwrap();
    assert_eq!(registry.guard().spent("client:market", registry.now()), 2);
}

fn items_are_loaded_in_order_and_held_by_fsck(world: World) {
    ready(&world);
    let registry = &world.registry;
    let load = |change: &dyn Fn(&mut Value)| {
        registry.refresh().unwrap();
        let mut item = item();
        change(&mut item);
        registry.load_items("test", vec![serde_json::from_value(item).unwrap()])
    };
    load(&|_| ()).expect("the same again changes nothing");
    let refused = |change: &dyn Fn(&mut Value)| {
        let error = load(change).unwrap_err();
        (error.field.unwrap().into_owned(), error.rule)
    };
    let rename = |version: u32| {
        move |item: &mut Value| (item["版本"], item["事项名称"]) = (version.into(), "改名".into())
    };
    assert_eq!(refused(&rename(1)), ("items.0".into(), Some(Rule::ItemVersion)));
    assert_eq!(refused(&rename(3)), ("items.0".into(), Some(Rule::ItemVersion)));
    assert_eq!(
        refused(&|item| {
            item["版本"] = 2.into();
            item["材料"][0]["办理方式"][0]["字段"] = json!(["no_such_field"]);
        }),
        ("items.0".into(), Some(Rule::ItemInconsistent))
    );
    // The next version begins next year; until then the one before is in force.
    load(&|item| {
        item["版本"] = 2.into();
        item["计划生效日期"] = "2027-01-01".into();
    })
    .unwrap();
    let both = ask(couple());
    assert_eq!(apply(registry, &market(), &both).unwrap()["item"]["version"], 1);
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
    world.sql("UPDATE items SET body = replace(body, '测试结果', '别的结果') WHERE version = 1");
    let found = registry.fsck(FsckOptions::default()).unwrap().findings;
    assert_eq!(
        found.iter().map(|one| (one.kind.wire(), one.table)).collect::<Vec<_>>(),
        [("row_differs", "items")]
    );
    world.sql("DELETE FROM items WHERE version = 2");
    let found = registry.fsck(FsckOptions::default()).unwrap().findings;
    assert!(found.iter().any(|one| (one.kind.wire(), one.table) == ("row_missing", "items")), "{found:?}");
}

/// A lookup is for an item in force, or it is work at no item with its article, which a grant names.
fn a_purpose_is_an_item_in_force_or_work_that_the_law_allows(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    let grants = |purposes: Value| {
        let grants = json!([{"types": "*", "fields": ["name"], "purposes": purposes}]);
        callers::client("office")
            .agency(MARKET)
            .scopes(&[Scope::Lookup])
            .grants(serde_json::from_value(grants).unwrap())
            .actor()
    };
    let (all, audit) = (grants(json!("*")), grants(json!(["audit"])));
    let lookup = |actor: &Actor, item: &str, article: Option<&str>| {
        registry.refresh().unwrap();
        let ask = json!({
            "holder": {"type": "111", "code": ZHOU},
            "purpose": {"item": item, "reason": "窗口办理", "article": article, "role": "applicant"},
        });
        let ask = serde_json::from_value(ask).unwrap();
        run(registry.lookup(actor, registry.prepare_lookup(&ask)?)).map(drop)
    };
    let rule = |told: Result<(), Error>| told.map_err(|error| error.rule.unwrap());
    assert_eq!(rule(lookup(&all, ITEM, None)), Ok(()));
    assert_eq!(rule(lookup(&all, "A1", None)), Err(Rule::ItemUnknown));
    assert_eq!(rule(lookup(&all, "audit", Some("审计法第三十四条"))), Err(Rule::PurposeNotGranted));
    assert_eq!(rule(lookup(&audit, "audit", None)), Err(Rule::ArticleMissing));
    assert_eq!(rule(lookup(&audit, "audit", Some(" "))), Err(Rule::ArticleMissing));
    assert_eq!(rule(lookup(&audit, "audit", Some("审计法第三十四条"))), Ok(()));
    assert_eq!(rule(lookup(&audit, ITEM, None)), Err(Rule::PurposeNotGranted));
    assert_eq!(lines(registry, ZHOU, Outcome::Refused).len(), 5, "each refusal is an access");
    let shown = lines(registry, ZHOU, Outcome::Answered);
    let told: Vec<_> =
        shown.iter().map(|line| (line.item_name.as_deref(), line.article.as_deref())).collect();
    assert_eq!(told, [(Some("审计监督"), Some("审计法第三十四条")), (Some("测试事项"), None)]);
    // The name is that of the version on which the access rested.
    let mut next = item();
    (next["版本"], next["事项名称"]) = (2.into(), "改名".into());
    registry.load_items("test", vec![serde_json::from_value(next).unwrap()]).unwrap();
    lookup(&all, ITEM, None).unwrap();
    let names: Vec<_> =
        lines(registry, ZHOU, Outcome::Answered).into_iter().map(|line| line.item_name.unwrap()).collect();
    assert_eq!(names, ["改名", "审计监督", "测试事项"]);
}

/// The digest in an entry, made again from the answer alone as `schema/bytes.md` says.
fn i10_the_answer_of_each_party_is_the_one_that_its_entry_carries(world: World) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use elicense::record::{Digest, canonical};
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    issue(registry, people::marriage("J190101-2015-000123"));
    let answer = apply(registry, &market(), &ask(couple())).unwrap();
    let of_extract = |record: &Value| Digest::of(&[&canonical::to_vec(&record["extract"]).unwrap()]);
    for (at, party) in answer["parties"].as_array().unwrap().iter().enumerate() {
        let own = answer["slots"].as_array().unwrap().iter().filter(|slot| slot["party"] == at);
        let slots: Vec<Value> = own
            .map(|slot| {
                let tried = slot["tried"].as_array().unwrap().iter();
                let evidence: Vec<&Value> =
                    tried.filter_map(|way| way["evidence"].as_array()).flatten().collect();
                let records = slot["records"].as_array().cloned().unwrap_or_default();
                let listed: Vec<Value> = records
                    .iter()
                    .map(|one| {
                        json!([
                            one["identifier"],
                            one["version"],
                            of_extract(one),
                            one["verdict"],
                            one["reasons"]
                        ])
                    })
                    .collect();
                json!([slot["slot"], slot["outcome"], evidence, listed])
            })
            .collect();
        let told = json!({"heads": party["heads"], "item": format!("{ITEM}@1"), "slots": slots});
        let digest = Digest::of(&[&canonical::to_vec(&told).unwrap()]);
        let entry = URL_SAFE_NO_PAD.decode(party["receipt"]["entry"].as_str().unwrap()).unwrap();
        let entry: Value = serde_json::from_slice(&entry).unwrap();
        assert_eq!(entry["answer"], json!(digest), "{told}");
        assert_eq!((&entry["item"], &entry["item_version"]), (&json!(ITEM), &json!(1)));
        assert_eq!(entry["role"], party["role"]);
    }
}
