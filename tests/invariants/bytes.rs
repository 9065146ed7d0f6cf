//! I6 and I12: the bytes that an issuer signed go out, character for character. Typed text is taken as it
//! stands, remarked, or refused.

use elicense::record::Record;
use elicense::registry::{IssueOutcome, Submitted};
use elicense::store::Opened;
use elicense::trust::envelope::Limits;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

use super::common::people::{self, POLICE, ZHOU};
use super::common::{World, operator};
use super::{ask, issue, lookup, lookup_as, ready, records};

crate::on_both! {
    i6_the_issuers_own_envelope_is_served_byte_for_byte
    i6_a_place_in_a_status_list_is_kept_and_served_as_the_issuer_signed_it
    i12_names_keep_their_characters
    i12_a_full_width_number_is_taken_with_a_remark_and_never_stored
}

fn payload_of(record: &Value) -> Record {
    let compact = record["envelope"].as_str().unwrap();
    let envelope = EnvelopeBuf::parse_compact(compact, Limits::default()).unwrap();
    Record::from_payload(envelope.view().payload()).unwrap()
}

fn i6_the_issuers_own_envelope_is_served_byte_for_byte(world: World) {
    ready(&world);
    let own = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, own.verify_key().bytes()).unwrap();
    // A record of the registry's own making, under another identifier and number, signed by the issuer.
    issue(&world, people::marriage("J190101-2015-000001"));
    let mut record = payload_of(&records(&lookup(&world, ZHOU))[0]);
    record.number = Some("J190101-2015-000002".into());
    record.face.insert("certificate_no".into(), "J190101-2015-000002".into());
    record.salt = elicense::trust::random::salt().unwrap();
    let type_code = record.record_type.code.clone();
    record.identifier = elicense::record::Identifier::compose(&type_code, POLICE, "AAAAABBBBBCCCCCDDDDD", 1)
        .unwrap()
        .as_str()
        .into();
    let payload = record.to_canonical().unwrap();
    let compact = EnvelopeBuf::sign(Typ::Record, &payload, &own).unwrap().compact();

    world.registry.refresh().unwrap();
    let issued = world.registry.issue(&operator(), &Submitted::Envelope(compact.clone())).unwrap();
    assert_eq!(issued.outcome, IssueOutcome::Issued);
    assert!(issued.signed_by_issuer);
    for holder in [ZHOU, people::CHEN] {
        let answer = lookup(&world, holder);
        let served = records(&answer).iter().find(|one| one["identifier"] == *record.identifier).unwrap();
        assert_eq!(served["envelope"], compact, "the bytes signed are the bytes served");
        assert_eq!(served["signed_with"], "issuers_own_key");
        assert_eq!(served["verdict"], "valid");
        // And they are the bytes stored.
        let hk = world.registry.store().vault().index().holder_key("111", holder);
        let rows = world.registry.store().read_now(|reader| reader.records_of(&hk)).unwrap();
        let stored = rows.iter().find_map(|row| match row {
            Opened::Record(row) if row.body.identifier == record.identifier => {
                Some(row.body.envelope.clone())
            }
            _ => None,
        });
        let stored = EnvelopeBuf::from_stored(stored.unwrap()).unwrap();
        assert_eq!(stored.compact(), compact);
        assert_eq!(stored.view().payload(), payload);
    }
    // The same payload with a member moved is not canonical, and nothing mends it.
    let text = String::from_utf8(payload).unwrap();
    let spaced = text.replacen("{\"attachments\":[],", "{ \"attachments\":[],", 1);
    assert_ne!(text, spaced);
    let parts: Vec<&str> = compact.split('.').collect();
    use base64::Engine as _;
    let coder = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let changed = format!("{}.{}.{}", parts[0], coder.encode(spaced), parts[2]);
    let refused = world.registry.issue(&operator(), &Submitted::Envelope(changed)).unwrap_err();
    assert_eq!(refused.code.wire(), "envelope_invalid");
}

fn i6_a_place_in_a_status_list_is_kept_and_served_as_the_issuer_signed_it(world: World) {
    ready(&world);
    let own = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, own.verify_key().bytes()).unwrap();
    issue(&world, people::id_card(people::CHEN, "陈志远", "2020-01-01"));
    let card = payload_of(&records(&lookup(&world, people::CHEN))[0]);
    let signed = |status: &Value| {
        let mut payload: Value = serde_json::from_slice(&card.to_canonical().unwrap()).unwrap();
        let serial = "AAAAABBBBBCCCCCDDDDD";
        let identifier =
            elicense::record::Identifier::compose(&card.record_type.code, POLICE, serial, 1).unwrap();
        payload["identifier"] = identifier.as_str().into();
        for place in ["/holders/0/code", "/face/id_number", "/number"] {
            *payload.pointer_mut(place).unwrap() = ZHOU.into();
        }
        payload["face"]["sex"] = "2".into();
        payload["face"]["birth_date"] = "1988-03-12".into();
        payload["status"] = status.clone();
        let payload = elicense::record::canonical::to_vec(&payload).unwrap();
        EnvelopeBuf::sign(Typ::Record, &payload, &own).unwrap().compact()
    };
    let issued = |status: &Value| {
        world.registry.refresh().unwrap();
        world.registry.issue(&operator(), &Submitted::Envelope(signed(status)))
    };
    let list = "https://status.example/lists/1";
    for (status, told) in [
        (json!({"index": "3", "list": list}), ("payload.status", "payload_member_shape")),
        (json!({"index": 3}), ("payload.status", "payload_member_shape")),
        (Value::Null, ("payload.status", "payload_member_shape")),
        (json!({"index": 3, "list": ""}), ("payload.status.list", "status_list")),
        (json!({"index": 3, "list": format!("{list}/{ZHOU}")}), ("payload.status.list", "status_list")),
    ] {
        let refused = issued(&status).unwrap_err();
        assert_eq!((refused.field.as_deref().unwrap(), refused.rule.unwrap().wire()), told, "{status}");
    }
    let status = json!({"index": 3, "list": list});
    let first = issued(&status).unwrap();
    assert_eq!(first.outcome, IssueOutcome::Issued);
    let served = records(&lookup(&world, ZHOU))[0].clone();
    assert_eq!((&served["envelope"], &served["verdict"]), (&json!(signed(&status)), &json!("valid")));
    assert_eq!(payload_of(&served).status.unwrap().index, 3);
    // The same record again, with another place in the list, is there already: the place is not content.
    let again = issued(&json!({"index": 4, "list": list})).unwrap();
    assert_eq!((again.outcome, again.leaf), (IssueOutcome::AlreadyThere, first.leaf));
}

/// U+F9E1 is a compatibility form of U+674E 李: every Unicode normalisation would turn one into the other.
fn i12_names_keep_their_characters(world: World) {
    ready(&world);
    for (code, name) in [(ZHOU, "\u{F9E1}海燕"), (people::CHEN, "\u{674E}志远")] {
        issue(&world, people::id_card(code, name, "2020-01-01"));
        let record = payload_of(&records(&lookup(&world, code))[0]);
        assert_eq!(record.holders[0].name.as_bytes(), name.as_bytes());
        assert_eq!(record.face["name"].as_str().unwrap().as_bytes(), name.as_bytes());
    }
    // Two names that only normalisation makes equal are two names.
    let mut draft = people::id_card("190101199003070112", "\u{F9E1}海燕", "2020-01-01");
    draft.face.insert("name".into(), "\u{674E}海燕".into());
    world.registry.refresh().unwrap();
    let answer = world.registry.issue(&operator(), &Submitted::Draft(draft));
    match answer {
        Err(error) => assert_eq!(error.field.as_deref(), Some("face.name")),
        Ok(issued) => assert!(!issued.remarks.is_empty(), "the difference is at least remarked"),
    }
}

fn full_width(text: &str) -> String {
    text.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect()
}

fn i12_a_full_width_number_is_taken_with_a_remark_and_never_stored(world: World) {
    ready(&world);
    let mut draft = people::id_card(ZHOU, "周海燕", "2020-01-01");
    draft.holders[0].code = full_width(ZHOU);
    let issued = issue(&world, draft);
    assert!(!issued.remarks.is_empty());
    for (asked, remarked) in [(ZHOU.to_owned(), false), (full_width(ZHOU), true)] {
        let answer = lookup_as(&world, &operator(), ask("111", &asked)).unwrap();
        assert_eq!(records(&answer).len(), 1);
        assert_eq!(payload_of(&records(&answer)[0]).holders[0].code, ZHOU);
        assert_eq!(answer["holder"]["remarks"] != json!([]), remarked, "{:#}", answer["holder"]);
    }
    // A face is the document's text: there a number in another form contradicts the holder's, and is refused.
    let mut draft = people::id_card(people::CHEN, "陈志远", "2020-01-01");
    draft.face.insert("id_number".into(), full_width(people::CHEN).into());
    world.registry.refresh().unwrap();
    assert!(world.registry.issue(&operator(), &Submitted::Draft(draft)).is_err());
}
