//! What the check of an item finds: each finding on an item that has that fault and no other.

use super::*;
use crate::catalog::{Catalog, CatalogParts};

fn catalog() -> Catalog {
    Catalog::build(CatalogParts::builtin().unwrap()).unwrap()
}

fn found(item: &ItemDef) -> Vec<String> {
    let refused = item.findings(&catalog()).into_iter().filter(|finding| finding.kind.refuses());
    refused.map(|finding| format!("{} {}", finding.at, finding.kind.wire())).collect()
}

fn when(text: &str) -> Option<Condition> {
    Some(Condition::parse(text).unwrap())
}

#[test]
fn the_built_in_items_pass_and_what_no_type_covers_is_listed() {
    let catalog = catalog();
    let mut listed = Vec::new();
    for item in ItemDef::builtin().unwrap() {
        item.check(&catalog).unwrap();
        for finding in item.findings(&catalog) {
            listed.push(format!("{} {}", finding.kind.wire(), finding.about));
        }
    }
    listed.sort();
    listed.dedup();
    let mut papers = [
        "亲子鉴定意见",
        "单位查询申请(写明法定依据)",
        "护照",
        "护照、来往内地通行证或来往大陆通行证",
        "排水平面图和预处理设施说明",
        "无配偶证明(公证、认证)",
        "消防安全制度和场所平面图",
        "灵活就业状况",
        "用人单位或学校出具的住宿证明",
        "经营场所布局和操作流程图",
        "赠与合同",
        "食品安全管理制度",
    ]
    .map(|name| format!("uncovered {name}"));
    papers.sort();
    // A child of whom these items ask nothing is named in the case; where it is taken in decides the term, and no paper.
    let unused = ["受理地", "新生儿"].map(|name| format!("unused {name}"));
    assert_eq!(listed, [papers.as_slice(), &unused].concat());
}

#[test]
fn a_proof_without_a_law_is_listed_to_be_dropped() {
    let mut item = item("失业登记");
    for basis in [None, Some(" ".to_owned())] {
        item.slots[3].basis = basis;
        let findings = item.findings(&catalog());
        let one = findings.iter().find(|finding| finding.kind == ItemFindingKind::NoBasis).unwrap();
        assert_eq!((one.kind.zh(), one.about.as_str()), ("无依据,建议取消", "终止或解除劳动关系证明"));
        item.check(&catalog()).unwrap();
    }
}

/// A change, and the findings that it brings.
type Row = (fn(&mut ItemDef), &'static [&'static str]);

const HEAD: &[Row] = &[
    (|item| item.base_code.push('1'), &["实施编码 code_form"]),
    (|item| item.agency = "11190101MD10000500".into(), &["实施编码 code_form"]),
    (|item| item.handling_code = Some("1".into()), &["业务办理项编码 code_form"]),
    (|item| item.until = Some(item.from), &["计划取消日期 backwards"]),
    (|item| item.promised.count = item.statutory.count + 1, &["承诺办结时限 promised_late"]),
    (|item| item.code.replace_range(18..19, "7"), &["实施编码 level_form"]),
    (|item| item.grounds.clear(), &["设定依据 blank"]),
    (|item| item.version = 0, &["版本 blank"]),
    (|item| item.parties[1].code = "applicant".into(), &["当事人 twice"]),
    (|item| item.parties[1].max = 0, &["当事人 role_count"]),
    (
        |item| {
            item.parties.truncate(1);
        },
        &["材料.closed role_unknown"],
    ),
];

const QUESTIONS: &[Row] = &[
    (
        |item| item.questions[0].options.truncate(1),
        &["情形.登记地 too_few_options", "材料.residence option_unknown", "材料.residence unreachable"],
    ),
    (
        |item| {
            let mut more = item.questions[0].clone();
            more.when = None;
            item.questions.extend((0..7).map(|at| ItemQuestion { name: format!("问{at}"), ..more.clone() }));
        },
        &["情形 too_many_questions"],
    ),
    (
        |item| item.questions[0].options[1].value = "户籍地".into(),
        &["情形.登记地 twice", "材料.residence option_unknown", "材料.residence unreachable"],
    ),
    (|item| item.questions[0].options[2].value = "不适用".into(), &["情形.登记地 name_form"]),
    (
        |item| item.questions[0].when = when("申请人.年龄 < 0"),
        &["情形.登记地 unanswerable", "材料.residence unreachable"],
    ),
    (|item| item.questions[0].when = when("登记地 = 「常住地」"), &["情形.登记地 circle"]),
    (
        |item| {
            item.questions[0].when = when("失业情形 = 「停业」");
            item.questions[1].options[0].answered_by = when("登记地 = 「就业地」");
        },
        &["情形.登记地 circle"],
    ),
    (
        |item| item.questions[0].when = when("天气 = 「晴」"),
        &["情形.登记地 question_unknown", "情形.登记地 unanswerable", "材料.residence unreachable"],
    ),
];

/// Lets the second slot pull those fields of a type and nothing else.
fn pulled(item: &mut ItemDef, slug: &str, fields: &[&str]) {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    item.slots[1].ways =
        vec![Way::Pulled { slug: slug.into(), fields, typed: None, accept: Accept::default() }];
}

const SLOTS: &[Row] = &[
    (|item| item.slots[1].id = "form".into(), &["材料 twice"]),
    (|item| item.slots[1].ways.clear(), &["材料.identity no_way"]),
    (|item| pulled(item, "resident_id_card", &[]), &["材料.identity no_field"]),
    (|item| pulled(item, "no_crime_proof", &[]), &["材料.identity no_field", "材料.identity relay_only"]),
    (|item| pulled(item, "food_permit", &["permit_no"]), &["材料.identity other_kind"]),
    (
        |item| {
            let one = item.slots[1].clone();
            item.slots.extend((0..100).map(|at| Slot { id: format!("more_{at}"), ..one.clone() }));
        },
        &["材料 too_many"],
    ),
    (|item| item.slots[1].name = "证".repeat(2001), &["材料 too_long"]),
    (|item| item.slots[1].name = format!("{}的身份证", "11010519491231002X"), &["材料 number_in_text"]),
    (|item| item.slots[0].when = when("申请人.年龄 > 5 且 申请人.年龄 < 6"), &["材料.form unreachable"]),
    (
        |item| item.slots[0].when = when("失业情形 = 「停业」 且 失业情形 = 「其他」"),
        &["材料.form unreachable"],
    ),
    (
        |item| item.slots[0].when = when("失业情形 = 「中奖」"),
        &["材料.form option_unknown", "材料.form unreachable"],
    ),
    (|item| item.slots[0].when = when("申请人.年龄 = 「大」"), &["材料.form value_kind"]),
    (|item| item.slots[0].when = when("失业情形 > 1"), &["材料.form value_kind", "材料.form unreachable"]),
    (|item| item.slots[0].when = when("买受人.年龄 > 1"), &["材料.form role_unknown"]),
    (|item| item.slots[0].when = when("经营主体.持有(business_licence)"), &["材料.form role_not_one"]),
    (|item| item.slots[0].when = when("申请人.持有(health_card)"), &["材料.form type_unknown"]),
    (
        |item| {
            let Way::Pulled { slug, .. } = &mut item.slots[1].ways[0] else { panic!() };
            *slug = "passport".into();
        },
        &["材料.identity type_unknown"],
    ),
    (
        |item| {
            let Way::Pulled { fields, accept, .. } = &mut item.slots[1].ways[0] else { panic!() };
            fields.push("shoe_size".into());
            accept.as_of = Some("购房日期".into());
            accept.equal[0].role = "经营主体".into();
        },
        &["材料.identity field_unknown", "材料.identity role_not_one", "材料.identity date_unknown"],
    ),
    (|item| item.no_promise = Some("涉及公共安全".into()), &["材料.dismissal promise_forbidden"]),
    (|item| item.slots[3].class = SlotClass::Certificate, &["材料.dismissal promise_of_certificate"]),
    (
        |item| {
            let within = TimeLimit { count: 1, unit: TimeUnit::WorkingDay };
            item.slots[2].ways.push(Way::Deferred { within });
        },
        &["材料.residence deferral_too_long"],
    ),
];

#[test]
fn each_fault_is_found_and_no_other() {
    let good = item("失业登记");
    assert!(found(&good).is_empty());
    for (part, table) in [("head", HEAD), ("questions", QUESTIONS), ("slots", SLOTS)] {
        for (row, (change, wanted)) in table.iter().enumerate() {
            let mut item = good.clone();
            change(&mut item);
            assert_eq!(found(&item), *wanted, "{part}, row {row}");
            let rule = item.check(&catalog()).unwrap_err().rule().wire();
            let code = wanted.iter().all(|one| one.ends_with("code_form"));
            assert_eq!(rule, if code { "item_code_form" } else { "item_inconsistent" });
        }
    }
}

#[test]
fn a_condition_with_too_many_combinations_is_refused() {
    let mut item = item("失业登记");
    let tests: Vec<String> = (0..8).map(|at| format!("问{at} = 「户籍地」")).collect();
    let question = ItemQuestion { when: None, ..item.questions[0].clone() };
    item.questions = (0..8).map(|at| ItemQuestion { name: format!("问{at}"), ..question.clone() }).collect();
    item.slots.truncate(1);
    item.slots[0].when = when(&tests.join(" 且 "));
    assert_eq!(found(&item), ["材料.form too_wide"]);
}

#[test]
fn a_question_that_was_not_asked_meets_no_test_of_it() {
    let mut item = item("失业登记");
    item.questions[0].when = when("失业情形 = 「停业」");
    item.slots[0].when = when("登记地 = 「常住地」 且 失业情形 = 「其他」");
    assert_eq!(found(&item), ["材料.form unreachable"]);
    item.slots[0].when = when("登记地 = 「常住地」 且 失业情形 = 「停业」");
    assert!(found(&item).is_empty());
    let asked = request(&[("失业情形", "其他"), ("登记地", "常住地")], vec![party("applicant", "甲")]);
    let answer = item.answer(&asked).unwrap();
    assert_eq!(answer.questions[0].answered, AnsweredBy::NotAsked);
    assert_eq!(answer.slots[0].outcome, SlotOutcome::NotRequired);
}
