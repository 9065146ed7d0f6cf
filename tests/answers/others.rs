//! Lists, histories and verifications.

use elicense::policy::Actor;
use elicense::registry::{DirectoryAsk, HistoryAsk, VerifyAsk};
use serde_json::{Value, json};

use super::common::people::ZHOU;
use super::common::{World, operator, run, value};
use super::lookups::limited;
use super::people::{DEAD, Made, purpose, ready};
use super::{Described, Stable};

crate::on_both! {
    lists_histories_and_verifications_are_answered_in_the_bytes_they_always_were
}

fn lists_histories_and_verifications_are_answered_in_the_bytes_they_always_were(world: World) {
    let made = ready(&world);
    world.registry.refresh().unwrap();
    let (mut stable, mut described) = (Stable::default(), Described::new());
    let operator = operator();
    let some = limited(&["name", "bank"]);
    for (name, actor, code, receipt) in [
        ("zhou", &operator, ZHOU, "full"),
        ("limited", &some, ZHOU, "reference"),
        ("dead", &operator, DEAD, "reference"),
    ] {
        let ask = json!({"holder": {"type": "111", "code": code}, "purpose": purpose(), "receipt": receipt});
        let ask: DirectoryAsk = serde_json::from_value(ask).unwrap();
        let listed = run(world.registry.directory(actor, &ask)).unwrap();
        described.check("DirectoryAnswer", &value(&listed));
        stable.same(&format!("directory_{name}"), &serde_json::to_string(&listed).unwrap());
    }
    for (name, actor, more) in [
        ("whole", &operator, json!({})),
        ("limited", &some, json!({"receipt": "reference"})),
        ("before", &operator, json!({"as_of": "2019-01-01", "receipt": "reference"})),
        (
            "then",
            &operator,
            json!({"as_of": "2021-01-01", "known_at": "2026-11-22T01:00:00.000000Z", "receipt": "reference"}),
        ),
    ] {
        let mut ask = json!({"identifier": made.card, "purpose": purpose()});
        for (name, value) in more.as_object().unwrap() {
            ask[name] = value.clone();
        }
        let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
        let shown = run(world.registry.history(actor, &ask)).unwrap();
        described.check("HistoryAnswer", &value(&shown));
        stable.same(&format!("history_{name}"), &serde_json::to_string(&shown).unwrap());
    }
    verifications(&world, &made, &mut stable, &mut described);
}

fn verifications(world: &World, made: &Made, stable: &mut Stable, described: &mut Described) {
    let operator = operator();
    let card = super::lookups::body(
        world,
        &operator,
        json!({"holder": {"type": "111", "code": ZHOU}, "types": ["social_security_card"], "purpose": purpose()}),
    );
    let card: Value = serde_json::from_slice(&card).unwrap();
    let record = &card["records"][0];
    let envelope = record["envelope"].as_str().unwrap();
    let at = envelope.rfind('.').unwrap() + 5;
    let flipped = if &envelope[at..=at] == "A" { "B" } else { "A" };
    let tampered = format!("{}{flipped}{}", &envelope[..at], &envelope[at + 1..]);
    let face = json!({"name": "周海燕", "bank": "示范银行", "no_such": "x"});
    let public: Option<&Actor> = None;
    for (name, actor, ask) in [
        (
            "present",
            Some(&operator),
            json!({"envelope": envelope, "purpose": purpose(), "receipt_form": "reference"}),
        ),
        ("superseded", public, json!({"envelope": made.first})),
        ("tampered", public, json!({"envelope": tampered})),
        ("malformed", public, json!({"envelope": "a.b.c"})),
        (
            "face",
            Some(&operator),
            json!({"identifier": record["identifier"], "face": face, "purpose": purpose(), "receipt_form": "reference"}),
        ),
        (
            "not_here",
            Some(&operator),
            json!({"identifier": "1.2.156.3005.2.11190000MD1000907.0001.11190101MD10000500.ABCDEFGHJ0123456789.1.X", "face": face, "purpose": purpose()}),
        ),
        ("receipt", public, json!({"receipt": card["receipt"]})),
        ("no_receipt", public, json!({"receipt": {"log": "x"}})),
    ] {
        let ask: VerifyAsk = serde_json::from_value(ask).unwrap();
        let verified = run(world.registry.verify(actor, &ask)).unwrap();
        described.check("VerifyAnswer", &value(&verified));
        stable.same(&format!("verify_{name}"), &serde_json::to_string(&verified).unwrap());
    }
}
