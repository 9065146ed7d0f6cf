//! Each of the later types once through the registry, on both databases: a good one is issued and found, one whose days
//! cannot be is refused, and an end is proposed to the issuers of what it touches.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, settled};
use common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU};
use common::{World, operator, run};
use elicense::record::Action;
use elicense::registry::{ActCommand, Ask, Draft};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    each_later_type_is_issued_and_found_and_keeps_its_days
    the_end_of_a_company_reaches_the_permits_of_its_trade
    a_death_reaches_relief_and_the_mandates_of_the_dead
}

const CHILD: &str = "190101201605060018";
const ISSUED: &str = "2026-11-02";

/// A draft of a person's type, with the members of the face that most of them have.
fn personal(slug: &str, face: Value) -> Draft {
    let mut whole = json!({"name": "周海燕", "sex": "2", "birth_date": "1988-03-12"});
    whole.as_object_mut().unwrap().extend(face.as_object().unwrap().clone());
    whole.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    people::draft(json!({
        "type": slug, "issuer": POLICE, "issued_on": ISSUED, "face": whole,
        "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}],
    }))
}

fn company(slug: &str, valid_to: &str, face: Value) -> Draft {
    let mut whole = json!({
        "name": "城东餐饮公司", "credit_code": COMPANY, "valid_from": ISSUED, "valid_to": valid_to,
        "issuing_authority": "示范市城东区市场监督管理局", "issued_on": ISSUED,
    });
    whole.as_object_mut().unwrap().extend(face.as_object().unwrap().clone());
    people::draft(json!({
        "type": slug, "issuer": MARKET, "issued_on": ISSUED, "valid_from": ISSUED, "valid_to": valid_to,
        "holders": [{"code_type": "001", "code": COMPANY, "name": "城东餐饮公司"}], "face": whole,
    }))
}

fn food_permit() -> Draft {
    company(
        "food_permit",
        "2031-11-01",
        json!({
            "permit_no": "JY21901010000018", "responsible": "林秋水", "domicile": "城东区东大街1号",
            "premises": "城东区东大街1号", "business_form": "2", "items": "热食类食品制售",
        }),
    )
}

fn relief() -> Draft {
    people::draft(json!({
        "type": "relief_certificate", "issuer": POLICE, "issued_on": ISSUED,
        "holders": [{"code_type": "111", "code": CHEN, "name": "陈志远", "role": "head"},
                    {"code_type": "111", "code": CHILD, "name": "陈子墨", "role": "member"}],
        "face": {
            "certificate_no": "DB190101-1", "head_name": "陈志远", "id_number": CHEN, "persons": 2,
            "members": [{"name": "陈子墨", "id_number": CHILD, "relation": "20"}], "monthly_amount": "1800",
            "category": "1", "started_on": "2026-11-01", "review_due_on": "2027-10-31",
            "issuing_authority": "示范市城东区民政局", "issued_on": ISSUED,
        },
    }))
}

fn mandate() -> Draft {
    people::draft(json!({
        "type": "mandate", "issuer": POLICE, "issued_on": ISSUED, "valid_from": ISSUED, "valid_to": "2027-05-01",
        "holders": [{"code_type": "111", "code": CHEN, "name": "陈志远", "role": "principal"},
                    {"code_type": "111", "code": ZHOU, "name": "周海燕", "role": "agent"}],
        "face": {
            "mandate_no": "WT-1", "principal_name": "陈志远", "principal_id_number": CHEN,
            "agents": [{"name": "周海燕", "id_number": ZHOU}], "matter": "社会保障卡申领", "powers": "代为申请、领取",
            "valid_from": ISSUED, "valid_to": "2027-05-01", "way": "1", "signed_on": "2026-11-01",
        },
    }))
}

fn adoption() -> Draft {
    people::draft(json!({
        "type": "adoption_certificate", "issuer": POLICE, "issued_on": ISSUED,
        "holders": [{"code_type": "111", "code": CHILD, "name": "陈子墨", "role": "adoptee"},
                    {"code_type": "111", "code": ZHOU, "name": "周海燕", "role": "adopter"}],
        "face": {
            "certificate_no": "S190101-1", "adoptee_name": "陈子墨", "sex": "1", "adoptee_birth_date": "2016-05-06",
            "adoptee_id_number": CHILD, "registry": "示范市城东区民政局", "registered_on": ISSUED,
            "adopters": [{"name": "周海燕", "sex": "2", "nationality": "中国", "birth_date": "1988-03-12",
                          "id_type": "111", "id_number": ZHOU}],
        },
    }))
}

/// A good draft of each type, and a member of its face with a day that cannot be.
fn papers() -> Vec<(Draft, &'static str, &'static str)> {
    let of = |slug, face, field, day| (personal(slug, face), field, day);
    let place = "示范市公安局城东分局";
    vec![
        of(
            "employment_certificate",
            json!({
                "certificate_no": "JY-1", "id_number": ZHOU, "education": "20", "household_place": "示范市城东区",
                "entries": [{"kind": "2", "entered_on": ISSUED, "office": "城东区人社局"}],
                "issuing_authority": place, "issued_on": ISSUED,
            }),
            "issued_on",
            "2003-01-01",
        ),
        of(
            "residence_permit",
            json!({
                "ethnic_group": "01", "id_number": ZHOU, "household_address": "邻省邻江市", "residence_address": "城东区东大街2号",
                "ground": "1", "issuing_authority": place, "issued_on": ISSUED, "endorsed_until": "2027-11-01",
            }),
            "endorsed_until",
            "2026-11-01",
        ),
        of(
            "diploma",
            json!({
                "certificate_no": "199991201005001234", "school": "示范大学", "level": "3", "major": "会计学", "study_form": "1",
                "entered_on": "2006-09", "graduated_on": "2010-07", "conclusion": "1",
            }),
            "graduated_on",
            "2006-08",
        ),
        of(
            "degree_certificate",
            json!({
                "certificate_no": "1999942010001234", "awarding_unit": "示范大学", "level": "3", "discipline": "管理学",
                "awarded_on": "2010-07",
            }),
            "awarded_on",
            "1999-07",
        ),
        of(
            "teacher_certificate",
            json!({
                "certificate_no": "20101900042000123", "id_number": ZHOU, "kind": "4", "subject": "数学",
                "recognised_on": "2010-12-01", "recognising_body": "示范市教育局",
            }),
            "recognised_on",
            "2004-03-11",
        ),
        of(
            "vehicle_licence",
            json!({
                "name": null, "sex": null, "birth_date": null,
                "plate_no": "示A19001", "vehicle_type": "小型轿车", "owner_name": "周海燕", "address": "城东区东大街2号", "usage": "A",
                "brand_model": "示范牌SF1", "vin": "LSFAAAAA0AA000001", "engine_no": "A0001", "registered_on": "2020-01-06",
                "issued_on": ISSUED, "issuing_authority": "示范市公安局交通警察支队车辆管理所", "inspection_valid_to": "2028-01",
            }),
            "registered_on",
            "2026-11-03",
        ),
        of(
            "mandarin_certificate",
            json!({
                "birth_date": null, "certificate_no": "1909010000001", "id_number": ZHOU, "grade": "2A", "score": "88.5",
                "tested_on": "2009-05-16", "institution": "示范市普通话培训测试站",
            }),
            "tested_on",
            "2026-11-03",
        ),
        of(
            "physician_licence",
            json!({
                "practice_no": "110190101000123", "id_number": ZHOU, "qualification_no": format!("201219{ZHOU}"),
                "category": "1", "scope": "内科专业", "region": "示范市", "main_institution": "示范市人民医院",
                "issuing_authority": "示范市城东区卫生健康委员会", "issued_on": ISSUED,
            }),
            "issued_on",
            "2006-03-11",
        ),
        (relief(), "review_due_on", "2026-10-31"),
        (mandate(), "valid_to", "2026-10-31"),
        (adoption(), "adoptee_birth_date", "2026-11-03"),
        (food_permit(), "valid_to", "2033-11-01"),
        (
            company(
                "construction_qualification",
                "2030-01-01",
                json!({
                    "certificate_no": "D219010001", "legal_representative": "林秋水", "address": "城东区东大街1号",
                    "qualifications": [{"category": "建筑工程施工总承包", "grade": "3"}],
                }),
            ),
            "valid_from",
            "2030-01-02",
        ),
    ]
}

fn records(world: &World, code_type: &str, code: &str) -> Vec<Value> {
    world.registry.refresh().unwrap();
    let ask =
        json!({"holder": {"type": code_type, "code": code}, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    answer["records"].as_array().unwrap().clone()
}

fn each_later_type_is_issued_and_found_and_keeps_its_days(world: World) {
    settled(&world);
    let papers = papers();
    assert_eq!(papers.len(), 13, "all but the one that is only relayed");
    for (draft, field, day) in papers {
        let mut wrong = draft.clone();
        wrong.face.insert(field.to_owned(), json!(day));
        let refused = issue(&world, wrong).unwrap_err();
        let rules = [Rule::DateOrder, Rule::HolderBirthDate, Rule::ValidityFace];
        assert!(
            refused.rule.is_some_and(|rule| rules.contains(&rule)),
            "{} {field}: {refused:?}",
            draft.type_code
        );
        let issued = issue(&world, draft.clone()).unwrap();
        for holder in &draft.holders {
            let found = records(&world, &holder.code_type, &holder.code);
            let own = found.iter().find(|record| record["identifier"] == json!(issued.identifier)).unwrap();
            assert_eq!(own["verdict"], "valid", "{own:#}");
        }
    }
}

fn act(world: &World, identifier: &str, action: Action) -> Vec<String> {
    let mut command = ActCommand::new(identifier, 1, action);
    command.ground = Some("申请注销登记 2026-17 号".into());
    let acted = world.registry.act(&operator(), &command).unwrap();
    acted.proposals.into_iter().filter_map(|one| one.identifier).collect()
}

fn the_end_of_a_company_reaches_the_permits_of_its_trade(world: World) {
    settled(&world);
    let licence = issue(&world, people::draft(json!({
        "type": "business_licence", "issuer": MARKET, "issued_on": ISSUED, "valid_to": "long_term",
        "holders": [{"code_type": "001", "code": COMPANY, "name": "城东餐饮公司"}],
        "face": {
            "credit_code": COMPANY, "name": "城东餐饮公司", "entity_type": "有限责任公司", "legal_representative": "林秋水",
            "established_on": "2015-06-18", "term_from": "2015-06-18", "term_to": "长期", "scope": "餐饮服务",
            "domicile": "城东区东大街1号", "registrar": "示范市城东区市场监督管理局", "issued_on": ISSUED, "status": "1",
        },
    })))
    .unwrap();
    let permit = issue(&world, food_permit()).unwrap();
    let proposed = act(&world, &licence.identifier, Action::Cancel);
    assert_eq!(proposed, std::slice::from_ref(&permit.identifier));
    // It is proposed, and its issuer decides.
    let found = records(&world, "001", COMPANY);
    let own = found.iter().find(|record| record["identifier"] == json!(permit.identifier)).unwrap();
    assert_eq!(own["verdict"], "valid");
}

fn a_death_reaches_relief_and_the_mandates_of_the_dead(world: World) {
    settled(&world);
    let (relief, mandate) = (issue(&world, relief()).unwrap(), issue(&world, mandate()).unwrap());
    let death = issue(&world, people::death(CHEN, "陈志远")).unwrap();
    let mut proposed: Vec<String> = death.proposals.into_iter().filter_map(|one| one.identifier).collect();
    let mut expected = vec![relief.identifier, mandate.identifier];
    proposed.sort();
    expected.sort();
    assert_eq!(proposed, expected);
}
