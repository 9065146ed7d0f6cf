//! Whom an account should not look at alone (practice R10): its own person, kin, protected holders; and the daily sample of
//! what staff looked up.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::sync::Arc;

use common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use common::{World, callers, items, noon, operator, run};
use elicense::error::{Code, Error};
use elicense::policy::{Actor, Scope, StaffRole};
use elicense::record::access::Outcome;
use elicense::registry::{
    AccessPage, Ask, AskedHolder, FindingKind, FsckOptions, Issued, LineOutcome, NewAccount, Registry,
    SampledFor, Submitted, Viewer,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    r10_an_account_does_not_look_up_its_own_person_by_any_way
    r10_nor_kin_as_records_name_them
    r10_a_protected_holder_is_seen_only_where_it_is_there_and_never_silently
    a_protection_begins_and_ends_with_its_days_and_is_held_against_its_events
    r10_the_sample_of_a_day_is_for_its_supervisor
    r10_nobody_is_shown_by_a_record_of_somebody_else
    i3_a_look_that_is_refused_early_names_nobody_by_another_number
    r10_an_attempt_that_fails_otherwise_and_a_lie_about_presence_leave_their_trace
    i7_an_alarm_that_was_taken_away_is_missed
    a_new_password_takes_no_number_off_the_books
}

const SUN: &str = "190101199003070040";
const PASSPORT: &str = "E90190019";

fn ready(world: &World) -> Issued {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    items::load(registry);
    let cards = [(ZHOU, "周海燕"), (CHEN, "陈志远")].map(|(code, name)| {
        registry.issue(&operator(), &Submitted::Draft(people::id_card(code, name, "2021-01-01"))).unwrap()
    });
    cards.into_iter().next().unwrap()
}

fn own(code: &str) -> AskedHolder {
    AskedHolder { code_type: "111".into(), code: code.into() }
}

fn staff(registry: &Registry, name: &str, (agency, role): (&str, StaffRole), number: Option<&str>) -> Actor {
    let new = NewAccount {
        name: name.into(),
        display: format!("窗口 {name}"),
        agency: agency.into(),
        roles: vec![role],
        own_number: number.map(own),
        ..NewAccount::default()
    };
    registry.put_account("test", &new, "a-password-of-the-tests").unwrap();
    Actor::Account(Arc::new(registry.account(name).unwrap().unwrap()))
}

fn clerk(registry: &Registry, name: &str, number: Option<&str>) -> Actor {
    staff(registry, name, (POLICE, StaffRole::Clerk), number)
}

fn card_read(code: &str, name: &str) -> Value {
    let born = &code[6..14];
    let sex = if code.as_bytes()[16] % 2 == 1 { "男" } else { "女" };
    json!({
        "presence": "card_read", "name": name,
        "reader": format!("{name}|{sex}|汉|{born}|示范省示范市城东区桃源路1号|{code}|示范市公安局城东分局|20210101|20400101"),
    })
}

fn purpose(more: &Value) -> Value {
    let mut purpose = json!({"item": items::CODE, "reason": "窗口办理"});
    purpose.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    purpose
}

/// A second goes by: an alarm has an instant of its own.
fn tick(world: &World) {
    world.clock.set(world.registry.now().plus_seconds(1));
    world.registry.refresh().unwrap();
}

fn look(world: &World, actor: &Actor, code: &str, more: &Value) -> Result<Value, Error> {
    tick(world);
    let registry = &world.registry;
    let ask = json!({"holder": {"type": "111", "code": code}, "purpose": purpose(more)});
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let answered = run(registry.lookup(actor, registry.prepare_lookup(&ask)?))?;
    Ok(serde_json::from_slice(&answered.body).unwrap())
}

/// The rule by which each way to a holder and its card is refused, by name.
fn refusals(world: &World, actor: &Actor, (code, card): (&str, &str)) -> Vec<(&'static str, Option<Rule>)> {
    let registry = &world.registry;
    let purpose = purpose(&json!({}));
    let list = json!({"holder": {"type": "111", "code": code}, "purpose": purpose});
    let history = json!({"identifier": card, "purpose": purpose});
    let face = json!({"identifier": card, "face": {"name": "周海燕"}, "purpose": purpose});
    let rule = |error: Option<Error>| error.and_then(|error| error.rule);
    let ways: [(&'static str, &dyn Fn() -> Option<Error>); 5] = [
        ("lookup", &|| look(world, actor, code, &json!({})).err()),
        ("list", &|| run(registry.directory(actor, &serde_json::from_value(list.clone()).unwrap())).err()),
        ("apply", &|| run(registry.apply(actor, &serde_json::from_value(items::of(code)).unwrap())).err()),
        ("history", &|| {
            run(registry.history(actor, &serde_json::from_value(history.clone()).unwrap())).err()
        }),
        ("face", &|| run(registry.verify(Some(actor), &serde_json::from_value(face.clone()).unwrap())).err()),
    ];
    let told = ways.iter().map(|(way, ask)| {
        tick(world);
        (*way, rule(ask()))
    });
    told.collect()
}

fn all(rule: Rule, refusals: &[(&'static str, Option<Rule>)]) {
    for (way, told) in refusals {
        assert_eq!(*told, Some(rule), "{way}");
    }
}

fn alarms(registry: &Registry) -> Vec<(String, &'static str)> {
    let alarms = registry.alarms().unwrap();
    alarms.iter().map(|alarm| (alarm.actor.to_string(), alarm.kind.wire())).collect()
}

fn refused_lines(registry: &Registry, code: &str) -> usize {
    let list = run(registry.accesses_of_holder(Viewer::Holder, &own(code), &AccessPage::default())).unwrap();
    list.lines.iter().filter(|line| line.outcome == LineOutcome::CameTo(Outcome::Refused)).count()
}

fn r10_an_account_does_not_look_up_its_own_person_by_any_way(world: World) {
    let card = ready(&world);
    let registry = &world.registry;
    let zhou = clerk(registry, "zhou", Some(ZHOU));
    all(Rule::OwnNumber, &refusals(&world, &zhou, (ZHOU, &card.identifier)));
    let read = look(&world, &zhou, ZHOU, &card_read(ZHOU, "周海燕"));
    assert_eq!(read.unwrap_err().rule, Some(Rule::OwnNumber), "whatever shows that it is there");
    assert_eq!(refused_lines(registry, ZHOU), 6, "each is an access");
    assert_eq!(alarms(registry), vec![("account:zhou".to_owned(), "own_number"); 6]);
    look(&world, &zhou, CHEN, &json!({})).expect("a stranger is looked up");
    let colleague = clerk(registry, "colleague", Some(CHEN));
    look(&world, &colleague, ZHOU, &json!({})).expect("a colleague looks");
    // Nor under a number that is linked to the own one.
    registry.issue(&operator(), &Submitted::Draft(people::social_card(SUN, "周海燕"))).unwrap();
    let link = json!({
        "from": {"type": "111", "code": ZHOU}, "to": {"type": "111", "code": SUN}, "kind": "same_person",
        "ground": "号码更正证明", "names_differ": true, "agency": POLICE,
    });
    registry.link_holders(&operator(), &serde_json::from_value(link).unwrap(), None).unwrap();
    assert_eq!(look(&world, &zhou, SUN, &json!({})).unwrap_err().rule, Some(Rule::OwnNumber));
    let moved = clerk(registry, "moved", Some(SUN));
    all(Rule::OwnNumber, &refusals(&world, &moved, (ZHOU, &card.identifier)));
    // An alarm that stops nobody stops nobody.
    look(&world, &zhou, CHEN, &json!({})).unwrap();
}

fn r10_nor_kin_as_records_name_them(world: World) {
    let card = ready(&world);
    let registry = &world.registry;
    let chen = clerk(registry, "chen", Some(CHEN));
    look(&world, &chen, ZHOU, &json!({})).expect("no record says that they are kin");
    let married = people::marriage("J190101-2015-000001");
    registry.issue(&operator(), &Submitted::Draft(married)).unwrap();
    all(Rule::KinOfStaff, &refusals(&world, &chen, (ZHOU, &card.identifier)));
    let other = clerk(registry, "other", None);
    look(&world, &other, ZHOU, &json!({})).expect("an account without a number has no kin");
    assert!(alarms(registry).contains(&("account:chen".to_owned(), "kin")));
    assert!(!alarms(registry).iter().any(|(actor, _)| actor == "account:other"));
}

fn r10_a_protected_holder_is_seen_only_where_it_is_there_and_never_silently(world: World) {
    let card = ready(&world);
    let registry = &world.registry;
    registry.protect("张管理", &own(ZHOU), "证人保护", None).unwrap();
    let clerk = clerk(registry, "clerk", None);
    all(Rule::HolderProtected, &refusals(&world, &clerk, (ZHOU, &card.identifier)));
    let by_duty = look(&world, &clerk, ZHOU, &json!({"presence": "on_behalf_by_duty"}));
    assert_eq!(by_duty.unwrap_err().rule, Some(Rule::HolderProtected));
    assert_eq!((refused_lines(registry, ZHOU), alarms(registry).len()), (6, 6));
    look(&world, &clerk, ZHOU, &card_read(ZHOU, "周海燕")).expect("who is there is served");
    let client = callers::client("office").agency(POLICE).scopes(&[Scope::Lookup]).whole().actor();
    look(&world, &client, ZHOU, &json!({})).expect("a system sees nobody, and serves");
    look(&world, &operator(), ZHOU, &json!({})).unwrap();
    let raised = alarms(registry);
    assert_eq!(raised.len(), 9, "an alarm each: {raised:?}");
    assert!(raised.iter().all(|(_, kind)| *kind == "protected"));
    look(&world, &clerk, CHEN, &json!({})).unwrap();
    assert_eq!(alarms(registry).len(), 9);
}

fn a_protection_begins_and_ends_with_its_days_and_is_held_against_its_events(world: World) {
    ready(&world);
    let registry = &world.registry;
    let clerk = clerk(registry, "clerk", None);
    let refused = |code| look(&world, &clerk, code, &json!({})).err().and_then(|error| error.rule);
    let field = |error: Error| (error.code, error.field.unwrap_or_default().into_owned(), error.rule);
    let protect = |reason: &str, until: Option<&str>| {
        registry.protect("张管理", &own(ZHOU), reason, until.map(people::day)).map_err(field)
    };
    let invalid = |name: &str, rule| Err((Code::FieldInvalid, name.to_owned(), Some(rule)));
    assert_eq!(protect(" ", None), invalid("reason", Rule::FieldMissing));
    assert_eq!(protect(&format!("证人 {ZHOU}"), None), invalid("reason", Rule::NumberInText));
    let today = noon().day();
    assert_eq!(protect("证人", Some(&today.plus_days(-1).to_string())), invalid("until", Rule::DayPast));
    assert_eq!(refused(ZHOU), None);
    protect("证人保护", Some(&today.to_string())).unwrap();
    assert_eq!(refused(ZHOU), Some(Rule::HolderProtected));
    world.clock.set(noon().plus_seconds(86_400));
    assert_eq!(refused(ZHOU), None, "the last day is over");
    protect("证人保护", None).unwrap();
    assert_eq!(refused(ZHOU), Some(Rule::HolderProtected));
    let list = registry.protected().unwrap();
    assert_eq!((list.len(), list[0].reason.as_str(), list[0].holds), (1, "证人保护", true));
    assert!(!list[0].holder.contains("19880312") && !format!("{list:?}").contains(ZHOU), "{list:?}");
    let findings = || {
        let report = registry.fsck(FsckOptions::default()).unwrap();
        let of = report.findings.iter().filter(|found| found.table == "protected_holders");
        of.map(|found| found.kind).collect::<Vec<_>>()
    };
    assert_eq!(findings(), []);
    registry.end_protection("李管理", &own(ZHOU)).unwrap();
    registry.end_protection("王管理", &own(ZHOU)).unwrap();
    assert_eq!(refused(ZHOU), None);
    assert_eq!(
        registry.protected().unwrap()[0].ended.as_ref().unwrap().by,
        "李管理",
        "the first who ended it"
    );
    assert_eq!(registry.end_protection("王管理", &own(CHEN)).unwrap_err().code, Code::NotFound);
    assert_eq!(findings(), []);
    // A hand that breaks a row protects its holder; one that takes it away is told.
    world.sql("UPDATE protected_holders SET key_id = key_id + 1000");
    assert_eq!(findings(), [FindingKind::SealBroken]);
    protect("证人保护", None).unwrap();
    assert_eq!(findings(), []);
    world.sql("DELETE FROM protected_holders");
    assert_eq!(findings(), [FindingKind::RowMissing]);
}

fn r10_the_sample_of_a_day_is_for_its_supervisor(world: World) {
    ready(&world);
    let registry = &world.registry;
    let (typist, careful) = (clerk(registry, "typist", Some(CHEN)), clerk(registry, "careful", None));
    for _ in 0..20 {
        look(&world, &typist, ZHOU, &json!({"case": "2026-77"})).unwrap();
        look(&world, &careful, ZHOU, &card_read(ZHOU, "周海燕")).unwrap();
    }
    look(&world, &typist, CHEN, &json!({})).unwrap_err();
    look(&world, &operator(), ZHOU, &json!({})).unwrap();
    let today = noon().day();
    let supervisor = staff(registry, "boss", (POLICE, StaffRole::Supervisor), None);
    let sample = registry.day_sample(&supervisor, today).unwrap();
    let numbers = |name: &str| {
        let day = &sample.staff[name];
        (day.looks, day.typed, day.refused)
    };
    assert_eq!((numbers("typist"), numbers("careful")), ((21, 21, 1), (20, 0, 0)));
    assert_eq!(sample.staff.len(), 2, "staff only");
    let of = |why: SampledFor| sample.looks.iter().filter(move |look| look.why == why).collect::<Vec<_>>();
    let near = of(SampledFor::Near);
    assert_eq!((near.len(), near[0].account.as_str(), near[0].outcome), (1, "typist", Outcome::Refused));
    let typed = of(SampledFor::Typed);
    assert!((3..20).contains(&typed.len()), "{}", typed.len());
    assert!(typed.iter().all(|look| look.account == "typist" && look.case.as_deref() == Some("2026-77")));
    assert_eq!(typed[0].item_name.as_deref(), Some("开具户籍证明"));
    assert!(!of(SampledFor::Seen).is_empty(), "a text of a reader is held against the file too");
    assert_eq!(registry.day_sample(&supervisor, today).unwrap(), sample, "the same each time");
    assert_eq!(registry.day_sample(&operator(), today).unwrap(), sample);
    let elsewhere = staff(registry, "elsewhere", (MARKET, StaffRole::Supervisor), None);
    assert!(registry.day_sample(&elsewhere, today).unwrap().staff.is_empty());
    let street = elicense::registry::AccountChange {
        region: Some(Some("190101001".parse().unwrap())),
        ..Default::default()
    };
    registry.change_account("test", "boss", &street).unwrap();
    let narrow = Actor::Account(Arc::new(registry.account("boss").unwrap().unwrap()));
    assert!(registry.day_sample(&narrow, today).unwrap().staff.is_empty(), "they work in the whole district");
    registry.change_account("test", "typist", &street).unwrap();
    let typist = Actor::Account(Arc::new(registry.account("typist").unwrap().unwrap()));
    assert_eq!(registry.day_sample(&narrow, today).unwrap().staff.len(), 1);
    assert_eq!(registry.day_sample(&careful, today).unwrap_err().rule, Some(Rule::SupervisorOnly));
    let later = registry.day_sample(&supervisor, today.plus_days(1)).unwrap_err();
    assert_eq!(later.field.as_deref(), Some("day"));
    assert_eq!(registry.day_sample(&supervisor, today.plus_days(-1)).unwrap().staff.len(), 0);
    world.clock.set(noon().plus_seconds(86_400));
    look(&world, &typist, ZHOU, &json!({})).unwrap();
    assert_eq!(registry.day_sample(&supervisor, today).unwrap().staff["careful"].looks, 20);
    assert_eq!(registry.day_sample(&supervisor, today.plus_days(1)).unwrap().staff["typist"].looks, 1);
}

/// A house of two who are no kin.
fn house(owners: [(&str, &str); 2]) -> elicense::registry::Draft {
    let seats = owners
        .map(|(code, name)| json!({"code_type": "111", "code": code, "name": name, "role": "co_owner"}));
    let owned = owners.map(|(code, name)| json!({"name": name, "id_type": "111", "id_number": code}));
    people::draft(json!({
        "type": "real_estate_certificate", "issuer": POLICE, "issued_on": "2020-05-06", "valid_to": "2070-05-05",
        "holders": seats,
        "face": {
            "certificate_no": "示(2020)示范市不动产权第0000002号", "owners": owned, "co_ownership": "1",
            "location": "示范省示范市城东区桃源路1号", "unit_no": "190101001001GB00001F00010001",
            "right_type": "国有建设用地使用权/房屋所有权", "right_nature": "出让/商品房", "usage": "住宅",
            "area": "88.50", "registered_on": "2020-05-06", "registry": "示范市不动产登记中心",
        },
    }))
}

fn r10_nobody_is_shown_by_a_record_of_somebody_else(world: World) {
    ready(&world);
    let registry = &world.registry;
    registry.issue(&operator(), &Submitted::Draft(people::marriage("J190101-2015-000001"))).unwrap();
    let mut item = serde_json::to_value(items::named("190101000904", "查询婚姻登记")).unwrap();
    item["材料"][0]["办理方式"][0] = json!({"方式": "证照调取", "证照": "marriage_certificate", "字段": ["registered_on", "certificate_no"]});
    let item: elicense::catalog::items::ItemDef = serde_json::from_value(item).unwrap();
    let code = item.code.clone();
    registry.load_items("test", vec![item]).unwrap();
    registry.refresh().unwrap();
    registry.protect("test", &own(CHEN), "证人保护", None).unwrap();
    let clerk = clerk(registry, "clerk", None);
    let of = |actor: &Actor| {
        let mut more = card_read(ZHOU, "周海燕");
        more["item"] = code.clone().into();
        look(&world, actor, ZHOU, &more).unwrap()
    };
    let shown = of(&clerk);
    assert_eq!((&shown["records"], &shown["withheld"]), (&json!([]), &json!("not_alone")), "{shown}");
    assert_eq!(shown["absent"], json!([]), "what is left out is not absent");
    assert_eq!(alarms(registry), [("account:clerk".to_owned(), "protected")]);
    tick(&world);
    let mut list = purpose(&card_read(ZHOU, "周海燕"));
    list["item"] = code.clone().into();
    let list = json!({"holder": {"type": "111", "code": ZHOU}, "purpose": list});
    let list = run(registry.directory(&clerk, &serde_json::from_value(list).unwrap())).unwrap();
    assert!(list.entries.is_empty() && list.withheld.is_some());
    tick(&world);
    let party = |code: &str, name: &str| {
        let mut party = json!({"role": "applicant", "holder": {"type": "111", "code": code}});
        party.as_object_mut().unwrap().extend(card_read(code, name).as_object().unwrap().clone());
        party
    };
    let apply = |parties: Value| {
        tick(&world);
        let ask = json!({"item": code, "reason": "窗口办理", "parties": parties});
        let answer = run(registry.apply(&clerk, &serde_json::from_value(ask).unwrap())).unwrap();
        serde_json::to_value(answer).unwrap()["slots"][0].clone()
    };
    let alone = apply(json!([party(ZHOU, "周海燕")]));
    assert_ne!(alone["outcome"], "pulled", "{alone}");
    let both = apply(json!([party(ZHOU, "周海燕"), party(CHEN, "陈志远")]));
    assert_eq!(both["outcome"], "pulled", "whoever is there too is looked at: {both}");
    let before = alarms(registry).len();
    let client = callers::client("office").agency(POLICE).scopes(&[Scope::Lookup]).whole().actor();
    let served = of(&client);
    assert_eq!(served["records"].as_array().unwrap().len(), 1, "a system serves, with an alarm");
    assert_eq!(alarms(registry).len(), before + 1);
    registry.end_protection("test", &own(CHEN)).unwrap();
    assert_eq!(of(&clerk)["records"].as_array().unwrap().len(), 1);
    // Nor the own person by what it holds together with somebody who is no kin.
    registry.issue(&operator(), &Submitted::Draft(people::id_card(SUN, "孙晓梅", "2021-01-01"))).unwrap();
    registry.issue(&operator(), &Submitted::Draft(house([(ZHOU, "周海燕"), (SUN, "孙晓梅")]))).unwrap();
    let mut item = serde_json::to_value(items::named("190101000905", "查询不动产")).unwrap();
    item["材料"][0]["办理方式"][0] =
        json!({"方式": "证照调取", "证照": "real_estate_certificate", "字段": ["location"]});
    let item: elicense::catalog::items::ItemDef = serde_json::from_value(item).unwrap();
    let code = item.code.clone();
    registry.load_items("test", vec![item]).unwrap();
    registry.refresh().unwrap();
    let mut more = card_read(ZHOU, "周海燕");
    more["item"] = code.into();
    let sun = self::clerk(registry, "sun", Some(SUN));
    let shown = look(&world, &sun, ZHOU, &more).unwrap();
    assert_eq!((&shown["records"], &shown["withheld"]), (&json!([]), &json!("not_alone")), "{shown}");
    assert!(alarms(registry).contains(&("account:sun".to_owned(), "own_number")));
}

fn r10_an_attempt_that_fails_otherwise_and_a_lie_about_presence_leave_their_trace(world: World) {
    ready(&world);
    let registry = &world.registry;
    let zhou = clerk(registry, "zhou", Some(ZHOU));
    for more in [
        json!({"role": "stranger"}),
        json!({"item": "audit", "article": "审计法第三十四条"}),
        json!({"item": "x"}),
    ] {
        let refused = look(&world, &zhou, ZHOU, &more).unwrap_err();
        assert_eq!(refused.rule, Some(Rule::OwnNumber), "{more}");
    }
    assert_eq!((refused_lines(registry, ZHOU), alarms(registry).len()), (3, 3));
    let other = clerk(registry, "other", None);
    let wrong = card_read(ZHOU, "周海燕")["reader"].as_str().unwrap().replace("|汉|", "||");
    let lies = [
        json!({"presence": "holder_code"}),
        json!({"presence": "agent"}),
        json!({"presence": "present"}),
        json!({"presence": "card_read", "name": "周海燕"}),
        json!({"presence": "card_read", "name": "周海燕", "reader": wrong}),
        card_read(ZHOU, "王五某"),
    ];
    for (at, lie) in lies.iter().enumerate() {
        let refused = look(&world, &other, ZHOU, lie).unwrap_err();
        assert_eq!(refused.code, Code::FieldInvalid, "{lie}");
        assert_eq!(refused_lines(registry, ZHOU), 4 + at, "{lie}");
    }
    let mut party = json!({"role": "applicant", "holder": {"type": "111", "code": ZHOU}});
    party.as_object_mut().unwrap().extend(card_read(ZHOU, "王五某").as_object().unwrap().clone());
    let ask = json!({"item": items::CODE, "reason": "窗口办理", "parties": [party]});
    tick(&world);
    let told = run(registry.apply(&other, &serde_json::from_value(ask).unwrap())).err().unwrap();
    assert_eq!(told.rule, Some(Rule::PresenceUnproven), "a card of another name");
    assert_eq!(refused_lines(registry, ZHOU), 10);
    assert_eq!(alarms(registry).len(), 3);
    // An item that was cancelled does not come back in an earlier version.
    let mut ended = serde_json::to_value(items::plain()).unwrap();
    ended["版本"] = 2.into();
    ended["计划取消日期"] = noon().day().to_string().into();
    registry.load_items("test", vec![serde_json::from_value(ended).unwrap()]).unwrap();
    let refused = look(&world, &other, ZHOU, &json!({})).unwrap_err();
    assert_eq!(refused.rule, Some(Rule::ItemUnknown));
}

fn i7_an_alarm_that_was_taken_away_is_missed(world: World) {
    ready(&world);
    let registry = &world.registry;
    registry.protect("test", &own(CHEN), "证人保护", None).unwrap();
    let zhou = clerk(registry, "zhou", Some(ZHOU));
    look(&world, &zhou, ZHOU, &json!({})).unwrap_err();
    look(&world, &zhou, CHEN, &json!({})).unwrap_err();
    let missed = || {
        let report = registry.fsck(FsckOptions::default()).unwrap();
        report.findings.iter().filter(|found| found.kind == FindingKind::AlarmMissing).count()
    };
    assert_eq!(missed(), 0);
    world.access_sql("DELETE FROM alarms");
    assert_eq!(missed(), 1, "one for an actor and a day");
}

fn a_new_password_takes_no_number_off_the_books(world: World) {
    ready(&world);
    let registry = &world.registry;
    clerk(registry, "zhou", Some(ZHOU));
    let again = clerk(registry, "zhou", None);
    assert_eq!(look(&world, &again, ZHOU, &json!({})).unwrap_err().rule, Some(Rule::OwnNumber));
}

fn i3_a_look_that_is_refused_early_names_nobody_by_another_number(world: World) {
    ready(&world);
    let registry = &world.registry;
    let link = json!({
        "from": {"type": "111", "code": ZHOU}, "to": {"type": "414", "code": PASSPORT}, "kind": "same_person",
        "ground": "号码更正证明", "names_differ": true, "agency": POLICE,
    });
    tick(&world);
    registry.link_holders(&operator(), &serde_json::from_value(link).unwrap(), None).unwrap();
    let (zhou, other) = (clerk(registry, "zhou", Some(ZHOU)), clerk(registry, "other", None));
    let named = format!("旧护照 {PASSPORT}");
    let lie = json!({"presence": "holder_code", "reason": named});
    let rule = |told: Result<Value, Error>| told.unwrap_err().rule;
    assert_eq!(rule(look(&world, &zhou, ZHOU, &json!({"reason": named}))), Some(Rule::OwnNumber));
    assert_eq!(rule(look(&world, &other, ZHOU, &lie)), Some(Rule::PresenceUnproven));
    let apply = |actor: &Actor, more: Value| {
        tick(&world);
        let mut ask = items::of(ZHOU);
        ask["reason"] = named.clone().into();
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(registry.apply(actor, &serde_json::from_value(ask).unwrap())).err().unwrap()
    };
    assert_eq!(apply(&zhou, json!({})).rule, Some(Rule::OwnNumber));
    let elsewhere = staff(registry, "elsewhere", (MARKET, StaffRole::Clerk), None);
    assert_eq!(apply(&elsewhere, json!({})).rule, Some(Rule::ItemNotGranted));
    let list = run(registry.accesses_of_holder(Viewer::Holder, &own(ZHOU), &AccessPage::default())).unwrap();
    let refused: Vec<_> =
        list.lines.iter().filter(|line| line.outcome == LineOutcome::CameTo(Outcome::Refused)).collect();
    assert_eq!(refused.len(), 4);
    assert!(refused.iter().all(|line| line.reason.is_none()), "{refused:?}");
    // Who acts for somebody is looked at too.
    registry.protect("test", &own(CHEN), "证人保护", None).unwrap();
    let before = alarms(registry).len();
    let agent = json!({
        "reason": "窗口办理", "agent": {"holder": {"type": "111", "code": CHEN}},
        "parties": [{"role": "applicant", "holder": {"type": "111", "code": ZHOU}, "presence": "agent"}],
    });
    assert_eq!(apply(&other, agent).rule, Some(Rule::MandateMissing));
    assert_eq!(alarms(registry).len(), before + 1, "a protected agent is told");
}
