//! What a lookup shows follows from the item in hand (practice R10): who may name it, the role of the party, its slots, and
//! whether anything shows that the party is there. Clients and window accounts alike.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::sync::Arc;

use common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use common::{World, callers, items, operator, run};
use elicense::error::Error;
use elicense::policy::{Actor, Scope, StaffRole};
use elicense::record::access::Outcome;
use elicense::registry::{
    AccessPage, Ask, AskedHolder, LineOutcome, NewAccount, Registry, Submitted, Viewer,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    who_may_name_an_item_sees_its_slots_and_nobody_else_anything
    r10_of_whoever_nobody_has_seen_less_is_shown
    r10_a_card_was_read_for_a_lookup_only_where_its_text_says_so
    the_window_offers_the_items_that_a_lookup_may_name
}

const TEXT: &str = "周海燕|女|汉|19880312|示范省示范市城东区桃源路1号|190101198803120021|示范市公安局城东分局|20210101|20400101";

/// An identity card and a licence of ZHOU; an item of the police that asks the card of the applicant and of a guardian.
fn ready(world: &World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    let mut item = serde_json::to_value(items::plain()).unwrap();
    let guardian = json!({"角色": "监护人", "代码": "guardian", "主体": "自然人", "最少": 0, "最多": 1});
    item["当事人"].as_array_mut().unwrap().push(guardian);
    item["材料"][0]["办理方式"][0]["字段"] = json!(["name", "id_number", "valid_to"]);
    let mut other = item["材料"][0].clone();
    (other["编号"], other["当事人"]) = ("guardian_card".into(), "监护人".into());
    other["办理方式"][0]["字段"] = json!(["name", "address"]);
    other["办理方式"][0]["手工录入字段"] = json!(["address"]);
    item["材料"].as_array_mut().unwrap().push(other);
    registry.load_items("test", vec![serde_json::from_value(item).unwrap()]).unwrap();
    registry.refresh().unwrap();
    for (code, name) in [(ZHOU, "周海燕"), (CHEN, "陈志远")] {
        let card = people::id_card(code, name, "2021-01-01");
        registry.issue(&operator(), &Submitted::Draft(card)).unwrap();
    }
}

fn ask(more: Value) -> Ask {
    let mut purpose = json!({"item": items::CODE, "reason": "窗口办理", "role": "applicant"});
    purpose.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(json!({"holder": {"type": "111", "code": ZHOU}, "purpose": purpose})).unwrap()
}

/// The face of the only record of an answer.
fn face(registry: &Registry, actor: &Actor, ask: &Ask) -> Result<Value, Error> {
    registry.refresh().unwrap();
    let answered = run(registry.lookup(actor, registry.prepare_lookup(ask)?))?;
    let told: Value = serde_json::from_slice(&answered.body).unwrap();
    let records = told["records"].as_array().unwrap();
    assert!(records.len() == 1 && records[0]["envelope"].is_null(), "{told}");
    Ok(records[0]["extract"]["face"].clone())
}

fn names(face: &Value) -> Vec<&str> {
    face.as_object().unwrap().keys().map(String::as_str).collect()
}

fn client(agency: &str) -> callers::Caller {
    callers::client("office").agency(agency).scopes(&[Scope::Lookup])
}

fn account(registry: &Registry, agency: &str, role: StaffRole) -> Actor {
    let name = format!("{}-{agency}", role.wire());
    let new = NewAccount {
        name: name.clone(),
        display: "窗口".into(),
        agency: agency.into(),
        roles: vec![role],
        ..NewAccount::default()
    };
    registry.put_account("test", &new, "a-password-of-the-tests").unwrap();
    Actor::Account(Arc::new(registry.account(&name).unwrap().unwrap()))
}

fn refused(told: Result<Value, Error>) -> Option<Rule> {
    told.unwrap_err().rule
}

fn who_may_name_an_item_sees_its_slots_and_nobody_else_anything(world: World) {
    ready(&world);
    let registry = &world.registry;
    let read = json!({"presence": "card_read", "reader": TEXT, "name": "周海燕"});
    let (clerk, wide) = (account(registry, POLICE, StaffRole::Clerk), client(POLICE).whole().actor());
    let by_page = face(registry, &clerk, &ask(read.clone())).unwrap();
    assert_eq!(names(&by_page), ["id_number", "name", "valid_to"]);
    assert_eq!(face(registry, &wide, &ask(read.clone())).unwrap(), by_page, "a wide grant widens nothing");
    let narrow = json!([{"types": "*", "fields": ["name", "address"], "purposes": "*"}]);
    let narrow = client(POLICE).grants(serde_json::from_value(narrow).unwrap()).actor();
    assert_eq!(
        names(&face(registry, &narrow, &ask(read.clone())).unwrap()),
        ["name"],
        "and a narrow one narrows"
    );
    let received = json!([{"types": [], "fields": [], "purposes": [items::CODE]}]);
    let receives = client(MARKET).grants(serde_json::from_value(received).unwrap()).actor();
    assert_eq!(face(registry, &receives, &ask(read.clone())).unwrap(), by_page);
    let guardian = json!({"role": "guardian", "presence": "card_read", "reader": TEXT, "name": "周海燕"});
    assert_eq!(
        names(&face(registry, &clerk, &ask(guardian)).unwrap()),
        ["address", "name"],
        "of another role"
    );
    for stranger in [client(MARKET).whole().actor(), account(registry, MARKET, StaffRole::Clerk)] {
        assert_eq!(refused(face(registry, &stranger, &ask(read.clone()))), Some(Rule::ItemNotGranted));
    }
    let supervisor = account(registry, POLICE, StaffRole::Supervisor);
    assert_eq!(refused(face(registry, &supervisor, &ask(read.clone()))), Some(Rule::RoleOfStaff));
    for role in [json!(null), json!("spouse")] {
        assert_eq!(refused(face(registry, &clerk, &ask(json!({"role": role})))), Some(Rule::RoleOfParty));
    }
    let mut other = ask(read);
    other.types = Some(vec!["marriage_certificate".into()]);
    assert_eq!(refused(face(registry, &wide, &other)), Some(Rule::TypeNotAsked));
    let law = json!({"item": "audit", "article": "审计法第三十四条"});
    assert_eq!(refused(face(registry, &clerk, &ask(law))), Some(Rule::TypeNotGranted));
    registry.refresh().unwrap();
    let holder = AskedHolder { code_type: "111".into(), code: ZHOU.into() };
    let list = run(registry.accesses_of_holder(Viewer::Holder, &holder, &AccessPage::default())).unwrap();
    let refused = list.lines.iter().filter(|line| line.outcome == LineOutcome::CameTo(Outcome::Refused));
    assert_eq!(refused.count(), 7, "each refusal is an access");
}

fn r10_of_whoever_nobody_has_seen_less_is_shown(world: World) {
    ready(&world);
    let registry = &world.registry;
    let actors = [
        account(registry, POLICE, StaffRole::Clerk),
        account(registry, POLICE, StaffRole::Reviewer),
        client(POLICE).whole().actor(),
    ];
    for actor in &actors {
        for presence in [json!({}), json!({"presence": "typed"}), json!({"presence": "on_behalf_by_duty"})] {
            let shown = face(registry, actor, &ask(presence.clone())).unwrap();
            assert_eq!(names(&shown), ["name", "valid_to"], "{presence}: no number");
        }
        let named = face(registry, actor, &ask(json!({"role": "guardian"}))).unwrap();
        assert_eq!(names(&named), ["address"], "the fields that the item names for it");
    }
}

fn r10_a_card_was_read_for_a_lookup_only_where_its_text_says_so(world: World) {
    ready(&world);
    let registry = &world.registry;
    let clerk = account(registry, POLICE, StaffRole::Clerk);
    let said = |presence: &str, reader: Option<&str>, name: Option<&str>| {
        ask(json!({"presence": presence, "reader": reader, "name": name}))
    };
    let of_another = TEXT.replace(ZHOU, CHEN);
    for (presence, reader, name) in [
        ("card_read", None, Some("周海燕")),
        ("card_read", Some(TEXT), None),
        ("card_read", Some(TEXT), Some("周海霞")),
        ("card_read", Some(ZHOU), Some("周海燕")),
        ("card_read", Some(of_another.as_str()), Some("周海燕")),
        ("agent", None, None),
        ("holder_code", None, None),
        ("phone_confirmed", None, None),
    ] {
        let error = face(registry, &clerk, &said(presence, reader, name)).unwrap_err();
        let told = (error.field.as_deref(), error.rule);
        assert_eq!(told, (Some("purpose.presence"), Some(Rule::PresenceUnproven)), "{presence} {name:?}");
        // The list of what is on file is asked for in the same words.
        let ask = json!({
            "holder": {"type": "111", "code": ZHOU},
            "purpose": {"item": items::CODE, "reason": "窗口办理", "role": "applicant", "presence": presence,
                        "reader": reader, "name": name},
        });
        let listed = run(registry.directory(&clerk, &serde_json::from_value(ask).unwrap()));
        assert_eq!(listed.map(drop).unwrap_err().rule, Some(Rule::PresenceUnproven), "{presence}");
    }
    let unsaid = face(registry, &clerk, &said("typed", Some(TEXT), None)).unwrap_err();
    assert_eq!(unsaid.field.as_deref(), Some("purpose.reader"));
    let ask = said("card_read", Some(TEXT), Some("周海燕"));
    assert!(!format!("{ask:?}").contains("0312"), "no number is printed (I3): {ask:?}");
    face(registry, &clerk, &ask).unwrap();
}

fn the_window_offers_the_items_that_a_lookup_may_name(world: World) {
    ready(&world);
    let registry = &world.registry;
    let offered =
        |actor: &Actor| registry.items_of(actor).iter().map(|item| item.code.clone()).collect::<Vec<_>>();
    assert_eq!(offered(&account(registry, POLICE, StaffRole::Clerk)), [items::CODE]);
    for none in
        [account(registry, MARKET, StaffRole::Clerk), account(registry, POLICE, StaffRole::Supervisor)]
    {
        assert_eq!(offered(&none), [""; 0]);
    }
}
