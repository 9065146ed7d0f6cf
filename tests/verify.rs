//! Verification through the library, on both databases: envelopes, identifiers with face values, receipts.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::desk::{issue, lookup, settled};
use common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use common::{World, callers, operator, run};
use elicense::error::{Code, Result};
use elicense::policy::{Actor, Fields, Scope};
use elicense::record::action::Action;
use elicense::record::{Record, Verdict};
use elicense::registry::{ActCommand, FaceEdit, Issued, MarkCommand, Submitted, VerifyAsk};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

fn envelope(world: &World, code: &str) -> String {
    lookup(world, code)["records"][0]["envelope"].as_str().unwrap().to_owned()
}

/// A verification as the asker reads it.
#[derive(Debug)]
struct Verified {
    verdict: Verdict,
    body: Value,
}

fn verify(world: &World, ask: Value) -> Verified {
    verify_as(world, Some(&operator()), ask).unwrap()
}

fn verify_as(world: &World, actor: Option<&Actor>, ask: Value) -> Result<Verified> {
    world.registry.refresh().unwrap();
    let ask: VerifyAsk = serde_json::from_value(ask).unwrap();
    let answer = run(world.registry.verify(actor, &ask))?;
    Ok(Verified { verdict: answer.verdict, body: common::value(&answer) })
}

fn judged(verified: &Verified) -> (&str, Vec<&str>) {
    let reasons = verified.body["reasons"].as_array().unwrap();
    (verified.verdict.wire(), reasons.iter().map(|reason| reason.as_str().unwrap()).collect())
}

fn issued(world: &World) -> Issued {
    settled(world);
    issue(world, people::social_card(ZHOU, "周海燕")).unwrap()
}

fn act(world: &World, command: &ActCommand) -> elicense::registry::Acted {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command).unwrap()
}

fn purpose() -> Value {
    json!({"item": "失业登记", "reason": "核对纸质证件"})
}

on_both! {
    i5_an_envelope_is_valid_until_something_happens_to_it
    i7_an_old_version_verifies_and_says_that_it_is_superseded
    a_tampered_or_strange_envelope_is_an_answer_with_its_rule
    a_well_signed_envelope_that_was_never_logged_is_not_logged
    a_printed_face_is_compared_field_by_field_and_logged
    i4_a_field_outside_the_grant_is_not_compared
    a_receipt_holds_until_a_byte_of_it_changes
    i2_a_verification_stands_on_the_list_of_every_holder
    what_was_made_here_is_no_copy_however_long_ago
    i5_damage_here_never_makes_a_genuine_envelope_invalid
    i4_other_bytes_under_a_known_identifier_are_told_nothing
    r16_another_dot_in_a_name_is_flagged_and_in_anything_else_a_mismatch
}

fn what_was_made_here_is_no_copy_however_long_ago(world: World) {
    let issued = issued(&world);
    let compact = envelope(&world, ZHOU);
    world.clock.set(world.registry.now().plus_seconds(40 * 86_400));
    assert_eq!(judged(&verify(&world, json!({"envelope": compact}))), ("valid", vec![]));
    let face = json!({"identifier": issued.identifier, "face": {"name": "周海燕"}, "purpose": purpose()});
    assert_eq!(judged(&verify(&world, face)), ("valid", vec![]));
    assert_eq!(lookup(&world, ZHOU)["records"][0]["verdict"], "valid");
}

/// The fault, the statement that causes it, and the verdicts on the present version's envelope, the
/// superseded one's and the printed face.
const DAMAGE: &[(&str, &str, [&str; 3])] = &[
    ("the key rows", "UPDATE record_keys SET sealed = substr(sealed, 2)", ["record_damaged"; 3]),
    (
        "a past version",
        "UPDATE past_records SET sealed = substr(sealed, 2)",
        ["", "record_damaged", "record_damaged"],
    ),
    ("no past version", "DELETE FROM past_records", ["", "record_damaged", "record_damaged"]),
    ("the events", "UPDATE events SET sealed = substr(sealed, 2)", ["record_damaged", "record_damaged", "*"]),
    ("no events", "DELETE FROM events", ["record_damaged", "record_damaged", "*"]),
    (
        "the log's entries",
        "DELETE FROM log_batches WHERE log = 'records'",
        ["record_damaged", "record_damaged", "*"],
    ),
    ("a lost key", "DELETE FROM signing_keys WHERE owner = 'POLICE'", ["key_unknown", "*", "*"]),
    ("the holder's row", "UPDATE holders SET sealed = substr(sealed, 2)", ["status_unavailable", "*", "*"]),
    ("an edited holder's row", "UPDATE holders SET state = 3", ["status_unavailable", "*", "*"]),
];

fn i5_damage_here_never_makes_a_genuine_envelope_invalid(first: World) {
    let backend = first.backend();
    let mut worlds = Some(first);
    for (what, sql, expected) in DAMAGE {
        let world = worlds.take().or_else(|| common::world(backend)).unwrap();
        let issued = issued(&world);
        let old = envelope(&world, ZHOU);
        let mut change = ActCommand::new(&issued.identifier, 1, Action::Change);
        change.face = Some(FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone()));
        act(&world, &change);
        let new = envelope(&world, ZHOU);
        for state in ["death_reported", "normal"] {
            let command = json!({
                "holder": {"type": "111", "code": ZHOU}, "state": state, "ground": "核实", "agency": POLICE,
            });
            let command: MarkCommand = serde_json::from_value(command).unwrap();
            world.registry.mark_holder(&operator(), &command, None).unwrap();
        }
        world.sql(&sql.replace("POLICE", POLICE));
        world.sql("UPDATE config_version SET version = version + 1");
        let printed =
            json!({"identifier": issued.identifier, "face": {"name": "周海燕"}, "purpose": purpose()});
        for (ask, reason) in
            [json!({"envelope": new}), json!({"envelope": old}), printed].into_iter().zip(expected)
        {
            let verified = verify(&world, ask);
            let (verdict, reasons) = judged(&verified);
            match *reason {
                // A superseded version is superseded, in every state of its log.
                "*" => {
                    assert!(verdict != "invalid" || reasons.contains(&"superseded"), "{what}: {reasons:?}")
                }
                "" => assert_eq!((verdict, reasons), ("valid", vec![]), "{what}"),
                one => assert_eq!((verdict, reasons), ("undetermined", vec![one]), "{what}"),
            }
        }
        // A wrong signature stays the bearer's fault: it is part of the brought bytes, which we cannot lose.
        let (head, _) = new.rsplit_once('.').unwrap();
        let (_, other) = old.rsplit_once('.').unwrap();
        let forged = verify(&world, json!({"envelope": format!("{head}.{other}")}));
        if *what != "a lost key" {
            assert_eq!(forged.verdict.wire(), "invalid", "{what}");
        }
    }
}

fn i4_other_bytes_under_a_known_identifier_are_told_nothing(world: World) {
    let issued = issued(&world);
    let compact = envelope(&world, ZHOU);
    let mut suspend = ActCommand::new(&issued.identifier, 1, Action::Suspend);
    suspend.ground = Some("调查期间".into());
    act(&world, &suspend);
    let parsed = EnvelopeBuf::parse_compact(&compact, Default::default()).unwrap();
    let mut record = Record::from_payload(parsed.view().payload()).unwrap();
    record.face.insert("bank".into(), "别的银行".into());
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    let forged = EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact();
    let elsewhere = {
        let mut record = record;
        record.identifier = elicense::record::Identifier::compose(
            &record.record_type.code,
            POLICE,
            "ABCDEFGHIJ0123456789",
            1,
        )
        .unwrap()
        .as_str()
        .into();
        EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact()
    };
    let before = verify_as(&world, None, json!({"envelope": elsewhere})).unwrap();
    let told = verify_as(&world, None, json!({"envelope": forged})).unwrap();
    assert_eq!((told.verdict, &told.body["reasons"]), (before.verdict, &before.body["reasons"]));
    for name in ["state", "current_version", "custody", "logged", "receipt"] {
        assert!(told.body.get(name).is_none(), "{name}: {:#}", told.body);
    }
    let genuine = verify_as(&world, None, json!({"envelope": compact})).unwrap();
    assert_eq!(
        (judged(&genuine).1, &genuine.body["state"]),
        (vec!["superseded", "suspended", "status_outdated"], &json!("suspended"))
    );
}

fn r16_another_dot_in_a_name_is_flagged_and_in_anything_else_a_mismatch(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    world.registry.refresh().unwrap();
    let mut draft = people::marriage("J190101-2015-000123");
    draft.face.insert("registry".into(), "城东区·民政局".into());
    draft.holders[0].name = "阿依·买买提吕".into();
    draft.face["spouses"][0]["name"] = "阿依·买买提吕".into();
    let issued = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    let told = |face: Value| {
        let ask = json!({"identifier": issued.identifier, "face": face, "purpose": purpose()});
        let verified = verify(&world, ask);
        (verified.verdict.wire().to_owned(), verified.body["fields"][0]["is"].as_str().unwrap().to_owned())
    };
    let record = Record::from_payload(
        EnvelopeBuf::parse_compact(&envelope(&world, ZHOU), Default::default()).unwrap().view().payload(),
    );
    let spouses = record.unwrap().face["spouses"].clone();
    let named = |name: &str| {
        let mut spouses = spouses.clone();
        spouses[0]["name"] = name.into();
        json!({"spouses": spouses})
    };
    let pair = |verdict: &str, is: &str| (verdict.to_owned(), is.to_owned());
    assert_eq!(told(json!({"spouses": spouses})), pair("valid", "match"));
    for name in ["阿依．买买提吕", "阿依•买买提吕", "阿依‧买买提吕", "阿依·买买提呂"]
    {
        assert_eq!(told(named(name)), pair("valid", "variant"), "{name}");
    }
    for name in ["阿依.买买提吕", "阿依·买买提李", "阿依买买提吕"] {
        assert_eq!(told(named(name)), pair("invalid", "mismatch"), "{name}");
    }
    assert_eq!(told(json!({"registry": "城东区•民政局"})), pair("invalid", "mismatch"));
}

fn i5_an_envelope_is_valid_until_something_happens_to_it(world: World) {
    let issued = issued(&world);
    let compact = envelope(&world, ZHOU);
    let ask = json!({"envelope": compact});
    let verified = verify(&world, ask.clone());
    assert_eq!(judged(&verified), ("valid", vec![]), "{:#}", verified.body);
    assert_eq!(verified.body["logged"]["leaf"], issued.leaf);
    assert_eq!(verified.body["signed_with"], "key_held_by_registry");
    assert!(verified.body["receipt"]["checkpoint"].is_string());
    let mut suspend = ActCommand::new(&issued.identifier, 1, Action::Suspend);
    suspend.ground = Some("调查期间".into());
    let suspended = act(&world, &suspend);
    // The face prints the state: what was suspended is the version that says so.
    let reasons = vec!["superseded", "suspended", "status_outdated"];
    assert_eq!(judged(&verify(&world, ask.clone())), ("invalid", reasons));
    let command = json!({
        "holder": {"type": "111", "code": ZHOU}, "state": "death_reported", "ground": "火化记录", "agency": POLICE,
    });
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(&operator(), &command, None).unwrap();
    let mut restore = ActCommand::new(&suspended.identifier, 2, Action::Restore);
    restore.ground = Some("调查结束".into());
    act(&world, &restore);
    let ask = json!({"envelope": envelope(&world, ZHOU)});
    assert_eq!(judged(&verify(&world, ask)), ("undetermined", vec!["death_reported"]));
}

fn i7_an_old_version_verifies_and_says_that_it_is_superseded(world: World) {
    let issued = issued(&world);
    let old = envelope(&world, ZHOU);
    let mut change = ActCommand::new(&issued.identifier, 1, Action::Change);
    change.face = Some(FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone()));
    let acted = act(&world, &change);
    let verified = verify(&world, json!({"envelope": old}));
    assert_eq!(judged(&verified), ("invalid", vec!["superseded"]));
    assert_eq!((&verified.body["version"], &verified.body["current_version"]), (&json!(1), &json!(2)));
    assert_eq!(verified.body["logged"]["leaf"], issued.leaf);
    assert_eq!(judged(&verify(&world, json!({"envelope": envelope(&world, ZHOU)}))).0, "valid");
    let mut revoke = ActCommand::new(&acted.identifier, 2, Action::Revoke);
    revoke.ground = Some("处罚".into());
    act(&world, &revoke);
    assert_eq!(
        judged(&verify(&world, json!({"envelope": old}))).1,
        ["superseded", "revoked", "status_outdated"]
    );
}

fn a_tampered_or_strange_envelope_is_an_answer_with_its_rule(world: World) {
    issued(&world);
    let compact = envelope(&world, ZHOU);
    let parts: Vec<&str> = compact.split('.').collect();
    for (text, rule) in [
        ("abc".to_owned(), "envelope_parts"),
        (format!("{}=.{}.{}", parts[0], parts[1], parts[2]), "envelope_header_base64"),
        (format!("{}.{}.{}", parts[1], parts[1], parts[2]), "envelope_header_length"),
        (format!("{}.{}.{}", parts[0], parts[1], &parts[2][..40]), "envelope_signature_length"),
    ] {
        let verified = verify(&world, json!({"envelope": text}));
        assert_eq!(judged(&verified), ("invalid", vec!["malformed"]), "{rule}");
        assert_eq!(verified.body["rule"], rule);
    }
    // Another signature over the same bytes: everything else is as it should be.
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    let parsed = EnvelopeBuf::parse_compact(&compact, Default::default()).unwrap();
    let forged = EnvelopeBuf::sign(Typ::Record, parsed.view().payload(), &key).unwrap().compact();
    let forged_parts: Vec<&str> = forged.split('.').collect();
    let swapped = format!("{}.{}.{}", parts[0], parts[1], forged_parts[2]);
    assert_eq!(
        judged(&verify(&world, json!({"envelope": swapped}))),
        ("invalid", vec!["signature_mismatch"])
    );
    let (verdict, reasons) = {
        let verified = verify(&world, json!({"envelope": forged}));
        (verified.verdict.wire(), verified.body["reasons"].clone())
    };
    assert_eq!(verdict, "invalid");
    assert!(reasons.as_array().unwrap().contains(&json!("key_unknown")), "{reasons}");
    let both = json!({"envelope": "a.b.c", "receipt": {}});
    assert_eq!(verify_as(&world, Some(&operator()), both).unwrap_err().code, Code::FieldInvalid);
}

fn a_well_signed_envelope_that_was_never_logged_is_not_logged(world: World) {
    issued(&world);
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    let parsed = EnvelopeBuf::parse_compact(&envelope(&world, ZHOU), Default::default()).unwrap();
    let mut record = Record::from_payload(parsed.view().payload()).unwrap();
    record.face.insert("bank".into(), "别的银行".into());
    let sign =
        |record: &Record, key| EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), key).unwrap();
    let verified = verify(&world, json!({"envelope": sign(&record, &key).compact()}));
    let (verdict, reasons) = judged(&verified);
    assert_eq!((verdict, reasons.contains(&"not_logged")), ("invalid", true));
    assert!(verified.body.get("logged").is_none());
    // A key of another agency has no say over this issuer's records.
    let other = SigningKey::from_seed(&[8; 32]).unwrap();
    world.registry.register_key("test", MARKET, other.verify_key().bytes()).unwrap();
    let verified = verify(&world, json!({"envelope": sign(&record, &other).compact()}));
    assert!(judged(&verified).1.contains(&"issuer_not_authorised"));
}

fn a_printed_face_is_compared_field_by_field_and_logged(world: World) {
    let issued = issued(&world);
    let ask = |face: Value| json!({"identifier": issued.identifier, "face": face, "purpose": purpose()});
    let good = verify(&world, ask(json!({"name": "周海燕", "bank": "示范银行"})));
    assert_eq!(judged(&good), ("valid", vec![]));
    let bad = verify(&world, ask(json!({"name": "周海燕", "bank": "别的银行", "colour": "红"})));
    assert_eq!(judged(&bad), ("invalid", vec!["face_mismatch"]));
    let fields = json!([
        {"field": "bank", "is": "mismatch"}, {"field": "colour", "is": "absent"}, {"field": "name", "is": "match"},
    ]);
    assert_eq!(bad.body["fields"], fields);
    assert!(bad.body["receipt"]["index"].is_number());
    assert_eq!(
        judged(&verify(&world, json!({"identifier": "x", "face": {"a": 1}, "purpose": purpose()}))).1,
        ["malformed"]
    );
    let elsewhere =
        elicense::record::Identifier::compose("11190000MD10009070001", POLICE, "ABCDEFGHIJ0123456789", 1);
    let unknown = json!({"identifier": elsewhere.unwrap().as_str(), "face": {"a": 1}, "purpose": purpose()});
    assert_eq!(judged(&verify(&world, unknown)), ("undetermined", vec!["not_covered"]));
    let public = verify_as(&world, None, ask(json!({"name": "周海燕"}))).unwrap_err();
    assert_eq!(public.code, Code::Unauthenticated);
}

fn i4_a_field_outside_the_grant_is_not_compared(world: World) {
    let issued = issued(&world);
    let fields = Fields::Named(["name".to_owned()].into());
    let actor =
        callers::client("c1").agency(MARKET).scopes(&[Scope::Verify]).fields(fields).budget(10).actor();
    let ask = |face: Value| json!({"identifier": issued.identifier, "face": face, "purpose": purpose()});
    let allowed = verify_as(&world, Some(&actor), ask(json!({"name": "周海燕"}))).unwrap();
    assert_eq!(judged(&allowed).0, "valid");
    let refused =
        verify_as(&world, Some(&actor), ask(json!({"name": "周海燕", "bank": "示范银行"}))).unwrap_err();
    assert_eq!((refused.code, refused.rule.map(Rule::wire)), (Code::Forbidden, Some("field_not_granted")));
    let entry =
        world.registry.store().read_access_now(|reader| reader.access_entry("access-main", 1)).unwrap();
    let entry: Value = serde_json::from_slice(&entry.unwrap()).unwrap();
    assert_eq!((&entry["outcome"], &entry["decision"]), (&json!("refused"), &json!("field_not_granted")));
}

fn a_receipt_holds_until_a_byte_of_it_changes(world: World) {
    issued(&world);
    let receipt = lookup(&world, ZHOU)["receipt"].clone();
    let verified = verify_as(&world, None, json!({"receipt": receipt})).unwrap();
    assert_eq!(judged(&verified), ("valid", vec![]), "{:#}", verified.body);
    assert_eq!(verified.body["entry"]["outcome"], "answered");
    assert!(verified.body.get("receipt").is_none(), "a receipt is about the log, not a holder");
    let broken = |name: &str, value: Value| {
        let mut changed = receipt.clone();
        changed[name] = value;
        let verified = verify(&world, json!({"receipt": changed}));
        (verified.body["reasons"][0].as_str().unwrap().to_owned(), verified.verdict.wire())
    };
    let note = receipt["checkpoint"].as_str().unwrap().replace("\n1\n", "\n2\n");
    assert_eq!(broken("checkpoint", note.into()), ("signature_mismatch".into(), "invalid"));
    assert_eq!(broken("entry", "AAAA".into()), ("log_inconsistent".into(), "invalid"));
    assert_eq!(broken("log", "access-nowhere".into()), ("key_unknown".into(), "invalid"));
    assert_eq!(broken("log", "access-other".into()).1, "invalid");
    assert_eq!(broken("index", "x".into()), ("malformed".into(), "invalid"));
}

fn i2_a_verification_stands_on_the_list_of_every_holder(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    world.registry.refresh().unwrap();
    let draft = people::marriage("J190101-2015-000123");
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    let compact = envelope(&world, CHEN);
    let verified = verify_as(&world, None, json!({"envelope": compact})).unwrap();
    let index = verified.body["receipt"]["index"].as_u64().unwrap();
    let batch = world
        .registry
        .store()
        .read_access_now(|reader| reader.access_batches("access-main", index, index + 1, 1));
    let item = batch.unwrap().pop().unwrap().items.unwrap().pop().unwrap();
    let index_key = world.registry.store().vault().index().clone();
    let keys = [ZHOU, CHEN].map(|code| index_key.holder_key("111", code));
    assert_eq!(item.holders, keys);
    let entry: Value = serde_json::from_slice(&item.entry).unwrap();
    assert_eq!((&entry["actor"], &entry["outcome"]), (&json!("public"), &json!("verified")));
}
