//! A sample record for tests of this and higher layers, and the rules of the payload.

use serde_json::json;

use super::*;

/// A joint certificate of two synthetic persons (region prefix 19 is assigned to nobody).
pub(crate) fn sample() -> Record {
    let identifier =
        Identifier::compose("11100000MB03271699001", "11190000000012343B", "K3ZQ0V7M2N8XW5T1R9YA", 1)
            .unwrap();
    let holder = |code: &str, name: &str, role: &str| Holder {
        code: code.into(),
        code_type: "111".into(),
        name: name.into(),
        role: role.into(),
        share: None,
    };
    Record {
        attachments: vec![Attachment {
            media_type: "image/png".into(),
            name: "photo".into(),
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            size: 3,
        }],
        face: json!({"registered_on": "2024-05-20", "office": "示范市城东区民政局", "serial": "J190101-2024-000123"})
            .as_object()
            .unwrap()
            .clone(),
        holders: vec![
            holder("190101199003070014", "王小明", "husband"),
            holder("19010219910412002X", "李小红", "wife"),
        ],
        identifier: identifier.as_str().into(),
        issued_on: Day::new(2024, 5, 20).unwrap(),
        issuer: Issuer { code: "11190000000012343B".into(), name: "示范市城东区民政局".into() },
        kind: Kind::Certificate,
        number: Some("J190101-2024-000123".into()),
        replaces: None,
        salt: Salt([0x5a; 16]),
        status: None,
        record_type: TypeRef { code: "11100000MB03271699001".into(), version: 1 },
        v: 1,
        valid_from: Some(Day::new(2024, 5, 20).unwrap()),
        valid_to: Some(Validity::LongTerm),
        version: 1,
    }
}

fn edited(edit: impl FnOnce(&mut Map<String, Value>)) -> Result<Record, PayloadFault> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(sample()) else { panic!("not an object") };
    edit(&mut members);
    Record::from_payload(&canonical::to_vec(&Value::Object(members)).unwrap())
}

#[test]
fn i6_a_payload_reads_back_to_the_same_bytes() {
    let bytes = sample().to_canonical().unwrap();
    let read = Record::from_payload(&bytes).unwrap();
    assert_eq!(
        Record::from_stored(&bytes).as_ref(),
        Some(&read),
        "what was taken in reads the same from its row"
    );
    assert_eq!(read, sample());
    assert_eq!(read.to_canonical().unwrap(), bytes);
}

#[test]
fn i6_what_is_written_member_by_member_is_the_canonical_form() {
    let mut other = sample();
    other.attachments.clear();
    other.number = None;
    other.valid_from = None;
    other.valid_to = Some(Validity::Until(Day::new(2044, 5, 20).unwrap()));
    other.holders[0].share = Some("1/2".into());
    other.replaces = Some(Replaces {
        action: crate::record::Action::Issue,
        identifier: Secret(other.identifier.clone()),
        version: 1,
    });
    other.status = Some(StatusPlace { index: 7, list: "https://status.example/1".into() });
    other.face.insert("\u{10000}".into(), json!({"b": [1, null], "\u{e000}": "\"\n"}));
    other.face.insert("\u{e000}".into(), json!(-7));
    for record in [sample(), other.clone()] {
        let mut value = serde_json::to_value(&record).unwrap();
        assert_eq!(record.to_canonical().unwrap(), canonical::to_vec(&value).unwrap());
        for name in ["identifier", "salt", "status", "version", "replaces"] {
            value.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(record.content_form().unwrap(), canonical::to_vec(&value).unwrap());
    }
    other.face.insert("weight".into(), json!(1.5));
    assert_eq!(other.to_canonical(), Err(PayloadFault::Canonical(CanonicalFault::NotAnInteger)));
}

#[test]
fn every_departure_from_the_page_is_refused_by_name() {
    let missing = |name| edited(|members| drop(members.remove(name))).unwrap_err();
    assert_eq!(missing("salt"), PayloadFault::MissingMember("salt"));
    assert_eq!(missing("attachments"), PayloadFault::MissingMember("attachments"));
    let with = |name: &str, value: Value| {
        edited(|members| drop(members.insert(name.to_owned(), value))).map(|_| ()).unwrap_err()
    };
    assert_eq!(with("crit", json!([])), PayloadFault::UnknownMember);
    assert_eq!(with("number", Value::Null), PayloadFault::MemberShape("number"));
    assert_eq!(with("valid_to", json!("9999-12-32")), PayloadFault::MemberShape("valid_to"));
    assert_eq!(with("valid_to", json!("长期")), PayloadFault::MemberShape("valid_to"));
    assert_eq!(with("kind", json!("证照")), PayloadFault::MemberShape("kind"));
    assert_eq!(with("holders", json!([])), PayloadFault::NoHolder);
    assert_eq!(with("holders", json!([{"code": 1}])), PayloadFault::MemberShape("holders"));
    assert_eq!(with("issuer", json!({"code": "", "name": "", "x": 1})), PayloadFault::MemberShape("issuer"));
    assert_eq!(with("v", json!(2)), PayloadFault::LayoutVersion);
    assert_eq!(with("version", json!(2)), PayloadFault::Version);
    assert_eq!(with("version", json!(-1)), PayloadFault::MemberShape("version"));
    assert_eq!(with("salt", json!("AAAA")), PayloadFault::MemberShape("salt"));
    assert_eq!(with("valid_to", json!("2024-05-19")), PayloadFault::ValidityOrder);
    let file = |sha256: &str| {
        with(
            "attachments",
            json!([{"media_type": "image/png", "name": "photo", "sha256": sha256, "size": 1}]),
        )
    };
    let digest = "0f".repeat(32);
    for other in ["hello", &digest.to_uppercase(), &digest[..63]] {
        assert_eq!(file(other), PayloadFault::AttachmentDigest);
    }
    let mut large = sample();
    large.attachments[0].size = 1 << 53;
    assert_eq!(large.check(), Err(PayloadFault::AttachmentSize));
    large.attachments[0].size -= 1;
    assert_eq!(large.check(), Ok(()));
    let status = |value: Value| with("status", value);
    for shape in [json!("x"), json!({"list": "x"}), json!({"index": -1, "list": "x"}), Value::Null] {
        assert_eq!(status(shape), PayloadFault::MemberShape("status"));
    }
    let more = status(json!({"index": 1, "list": "x", "more": 1}));
    assert_eq!((more, more.member()), (PayloadFault::MemberShape("status"), Some("status")));
    for list in ["".to_owned(), "x".repeat(513), "https://status.example/190101198803120021".to_owned()] {
        let fault = status(json!({"index": 1, "list": list}));
        assert_eq!((fault.rule().wire(), fault.member()), ("status_list", Some("status.list")));
    }
    let mut far = sample();
    far.status = Some(StatusPlace { index: 1 << 53, list: "x".into() });
    assert_eq!(far.check(), Err(PayloadFault::StatusIndex));
    let mut wrong = sample().identifier;
    wrong.replace_range(wrong.len() - 1.., if wrong.ends_with('0') { "1" } else { "0" });
    assert_eq!(with("identifier", json!(wrong)).rule().wire(), "identifier_check");
    assert_eq!(Record::from_payload(b"[]").unwrap_err(), PayloadFault::NotAnObject);
    assert_eq!(Record::from_payload(b"{ }").unwrap_err().rule().wire(), "json_canonical");
}

#[test]
fn content_is_known_again_under_another_name() {
    let first = sample();
    let mut second = sample();
    second.salt = Salt([1; 16]);
    second.version = 2;
    second.identifier = "another".into();
    assert_eq!(first.content_form().unwrap(), second.content_form().unwrap());
    second.face.insert("office".into(), "示范市城西区民政局".into());
    assert_ne!(first.content_form().unwrap(), second.content_form().unwrap());
}

#[test]
fn i3_nothing_shows_a_number_or_a_name() {
    let record = sample();
    let mut foreign = record.clone();
    foreign.identifier = Identifier::compose("11100000MB03271699001", "340100", &record.holders[0].code, 1)
        .unwrap()
        .as_str()
        .into();
    foreign.replaces = Some(Replaces {
        action: super::super::Action::Change,
        identifier: Secret(foreign.identifier.clone()),
        version: 1,
    });
    assert!(foreign.identifier_is_secret() && !record.identifier_is_secret());
    let shown = format!("{foreign:?} {:?} {:?}", foreign.holders, foreign.replaces);
    for secret in ["199003070014", "19910412002X", "王小明", "J190101", "K3ZQ0"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let fault =
        edited(|members| drop(members.insert("kind".into(), json!("190101199003070014")))).unwrap_err();
    assert!(!format!("{fault} {fault:?}").contains("1990"));
}
