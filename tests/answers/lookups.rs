//! Lookups: every kind of record, absence and remark, whole and limited.

use elicense::policy::{Actor, Fields, Scope};
use elicense::registry::Ask;
use serde_json::{Value, json};

use super::common::people::{CHEN, COMPANY, ZHOU};
use super::common::{World, callers, operator, run};
use super::people::{DEAD, NEW, NOBODY, OTHER, purpose, ready};
use super::{Described, Stable};

crate::on_both! {
    a_lookup_is_answered_in_the_bytes_it_always_was
}

pub fn body(world: &World, actor: &Actor, ask: Value) -> Vec<u8> {
    let ask: Ask = serde_json::from_value(ask).unwrap();
    world.registry.refresh().unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    run(world.registry.lookup(actor, prepared)).unwrap().body
}

/// The bytes of the answer that pages and commands read as a value.
fn value_body(world: &World, actor: &Actor, ask: Value) -> Vec<u8> {
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    run(world.registry.lookup_value(actor, prepared)).unwrap().bytes().unwrap()
}

/// The answer without its access.
fn shown(bytes: &[u8]) -> &str {
    let text = std::str::from_utf8(bytes).unwrap();
    text.split_once(",\"at\":").unwrap().0
}

/// A client that sees these fields of every type.
pub fn limited(fields: &[&str]) -> Actor {
    client("desk", Fields::Named(fields.iter().map(|field| (*field).to_owned()).collect()), 100)
}

/// A client that sees these fields of so many holders a day.
fn client(id: &str, fields: Fields, budget: u32) -> Actor {
    callers::client(id).scopes(&[Scope::Lookup, Scope::Verify]).fields(fields).budget(budget).actor()
}

fn asked(code_type: &str, code: &str, more: Value) -> Value {
    let mut ask = json!({"holder": {"type": code_type, "code": code}, "purpose": purpose()});
    for (name, value) in more.as_object().unwrap() {
        ask[name] = value.clone();
    }
    ask
}

fn a_lookup_is_answered_in_the_bytes_it_always_was(world: World) {
    ready(&world);
    let some = limited(&["name", "number", "valid_to", "issued_on", "spouses", "bank"]);
    let more = limited(&[
        "id_number",
        "id_number!whole",
        "holders",
        "holder_code",
        "number",
        "number!whole",
        "name",
    ]);
    let six = [
        "divorce_certificate",
        "household_member",
        "household_front",
        "real_estate_certificate",
        "birth_certificate",
        "driving_licence",
    ];
    let within = json!({"regions": ["190101", "200000"], "from": "2001-02-03", "to": "2026-01-01"});
    let cases = [
        ("whole", operator(), asked("111", ZHOU, json!({"proofs": true}))),
        ("extracts", some, asked("111", ZHOU, json!({"receipt": "reference"}))),
        ("unmasked", more.clone(), asked("111", ZHOU, json!({}))),
        (
            "fields_asked",
            operator(),
            asked(
                "111",
                ZHOU,
                json!({"fields": ["spouses", "office"], "types": ["marriage_certificate", "divorce_certificate"]}),
            ),
        ),
        ("secret_identifier", operator(), asked("111", CHEN, json!({"types": ["social_security_card"]}))),
        ("absent_unfit", operator(), asked("111", ZHOU, json!({"types": ["business_licence"]}))),
        (
            "secret_identifier_hidden",
            limited(&["bank"]),
            asked("111", CHEN, json!({"types": ["social_security_card"]})),
        ),
        ("reported_dead", operator(), asked("111", DEAD, json!({}))),
        ("linked", operator(), asked("111", NEW, json!({"receipt": "reference"}))),
        (
            "conflict",
            operator(),
            asked("001", COMPANY, json!({"types": ["business_licence", "real_estate_certificate"]})),
        ),
        ("organisation_code", operator(), asked("001", OTHER, json!({}))),
        ("nothing", operator(), asked("111", NOBODY, json!({}))),
        (
            "absent_within",
            operator(),
            asked("111", NOBODY, json!({"types": six, "within": within, "receipt": "reference"})),
        ),
        ("absent_beside", operator(), asked("111", ZHOU, json!({"types": six}))),
        (
            "full_width",
            operator(),
            asked("111", " １９０１０４２００４０３１７００５3", json!({"types": ["birth_certificate"]})),
        ),
        // One holder a day: neither the spouse nor the linked number.
        (
            "withheld_spouse",
            client("one", Fields::Whole, 1),
            asked("111", ZHOU, json!({"receipt": "reference"})),
        ),
        (
            "withheld_link",
            client("other", Fields::Whole, 1),
            asked("111", NEW, json!({"receipt": "reference"})),
        ),
        (
            "fifteen_digits",
            operator(),
            asked("111", "190101551201001", json!({"types": ["divorce_certificate"]})),
        ),
    ];
    let (mut stable, mut described) = (Stable::default(), Described::new());
    let mut same = |name: &str, bytes: Vec<u8>| {
        described.check("LookupAnswer", &serde_json::from_slice(&bytes).unwrap());
        stable.same(&format!("lookup_{name}"), &String::from_utf8(bytes).unwrap());
    };
    for (name, actor, ask) in &cases {
        same(name, body(&world, actor, ask.clone()));
    }
    world.sql("UPDATE holders SET sealed = substr(sealed, 2)");
    let bytes = body(&world, &operator(), asked("111", NEW, json!({"receipt": "reference"})));
    same("holder_damaged", bytes);
    for (name, actor, ask) in &cases {
        let (bytes, value) = (body(&world, actor, ask.clone()), value_body(&world, actor, ask.clone()));
        assert_eq!(shown(&bytes), shown(&value), "{name}: the value says the same");
    }
    // Behind its log the clock is told beside the log's time; stored nowhere, since all else is as it was.
    world.clock.set(world.registry.now().plus_seconds(-3600));
    let behind = body(&world, &operator(), asked("111", NEW, json!({"receipt": "reference"})));
    described.check("LookupAnswer", &serde_json::from_slice(&behind).unwrap());
    let parts = [
        "LookupAnswer",
        "LookedUpRecord",
        "LookedUpHolder",
        "NumberRemark",
        "AbsentType",
        "SearchedWithin",
        "NamedRegion",
        "Conclusion",
        "AbsenceCoverage",
        "LateFeed",
        "MissingPart",
        "CoverageStatement",
        "LogHead",
        "Receipt",
        "Extract",
        "DirectoryEntry",
    ];
    // An answer with a page behind it is in `bounds`, one of a company that another took over in `holders`.
    assert_eq!(described.unseen(&parts), ["LookupAnswer.next", "LookedUpHolder.related"]);
}
