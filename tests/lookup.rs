//! Issue and lookup through the library, on both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, ZHOU};
use common::{World, operator, run};
use elicense::log::LogVerifier;
use elicense::log::receipt::Receipt;
use elicense::registry::{Ask, IssueOutcome, Submitted};
use serde_json::{Value, json};

fn ask(value: Value) -> Ask {
    serde_json::from_value(value).unwrap()
}

fn lookup(world: &World, value: Value) -> Value {
    let ask = ask(value);
    let registry = &world.registry;
    registry.refresh().unwrap();
    let prepared = registry.prepare_lookup(&ask).unwrap();
    let answered = run(registry.lookup(&operator(), prepared, "cli")).unwrap();
    serde_json::from_slice(&answered.body).unwrap()
}

fn purpose() -> Value {
    json!({"item": "失业登记", "reason": "窗口办理"})
}

on_both! {
    i2_a_lookup_shows_what_was_issued_with_a_receipt_that_verifies
    issuing_the_same_again_gets_the_first_answer_and_another_face_is_a_clash
    i13_an_unknown_holder_is_an_answer_and_absence_is_undetermined_without_coverage
}

fn i2_a_lookup_shows_what_was_issued_with_a_receipt_that_verifies(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    for draft in [
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::social_card(ZHOU, "周海燕"),
        people::marriage("J190101-2015-000123"),
    ] {
        world.registry.refresh().unwrap();
        let issued = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
        assert_eq!(issued.outcome, IssueOutcome::Issued);
    }
    let answer = lookup(
        &world,
        json!({"holder": {"type": "111", "code": ZHOU}, "purpose": purpose(), "proofs": true}),
    );
    let records = answer["records"].as_array().unwrap();
    assert_eq!(records.len(), 3, "{answer:#}");
    for record in records {
        assert_eq!(record["verdict"], "valid", "{record:#}");
        assert!(record["envelope"].as_str().unwrap().split('.').count() == 3);
        assert!(record["proof"].is_array());
    }
    let receipt = Receipt::parse(&answer["receipt"].to_string()).unwrap();
    let verifier: LogVerifier = world.registry.log_verifier("access-main").unwrap();
    let (entry, checkpoint) = receipt.verify(&verifier).unwrap();
    assert_eq!(checkpoint.size, 1);
    let entry: Value = serde_json::from_slice(&entry).unwrap();
    assert_eq!(entry["outcome"], "answered");
    assert_eq!(entry["presence"], "typed");
    // The other spouse sees the marriage certificate under the own number.
    let answer =
        lookup(&world, json!({"holder": {"type": "111", "code": people::CHEN}, "purpose": purpose()}));
    assert_eq!(answer["records"].as_array().unwrap().len(), 1);
    assert_eq!(answer["receipt"]["index"], 1);
}

fn issuing_the_same_again_gets_the_first_answer_and_another_face_is_a_clash(world: World) {
    people::settle(&world.registry);
    let issue = |draft| {
        world.registry.refresh().unwrap();
        world.registry.issue(&operator(), &Submitted::Draft(draft))
    };
    let first = issue(people::marriage("J190101-2015-000123")).unwrap();
    let again = issue(people::marriage("J190101-2015-000123")).unwrap();
    assert_eq!(again.outcome, IssueOutcome::AlreadyThere);
    assert_eq!((again.identifier, again.leaf, again.at), (first.identifier, first.leaf, first.at));
    let mut other = people::marriage("J190101-2015-000123");
    other.face.insert("registry".into(), "城西区民政局".into());
    let clash = issue(other).unwrap_err();
    assert_eq!(clash.code.wire(), "number_clash");
    let differing = &clash.extra.unwrap()["differing"];
    assert_eq!(differing[0]["stored"], "城东区民政局");
    assert_eq!(differing[0]["brought"], "城西区民政局");
}

fn i13_an_unknown_holder_is_an_answer_and_absence_is_undetermined_without_coverage(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let answer = lookup(
        &world,
        json!({"holder": {"type": "111", "code": ZHOU}, "types": ["marriage_certificate"], "purpose": purpose()}),
    );
    assert_eq!(answer["records"], json!([]));
    assert_eq!(answer["absent"][0]["absence"], "not_covered");
    let text = answer["absent"][0]["text"].as_str().unwrap();
    let text = text.replace("暂无法核验", "");
    assert!(!text.contains("未婚") && !text.contains('无'), "{text}");
    assert!(answer["receipt"]["checkpoint"].is_string());
}
