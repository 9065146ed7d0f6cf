//! Whose an identifier is: nothing comes in under that of another issuer or another type, and what is on file so is told
//! apart. On both databases.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::desk::{issue, records, settled};
use common::people::{self, CHEN, MARKET, POLICE, ZHOU, day};
use common::{World, operator, run};
use elicense::error::Result;
use elicense::record::action::Action;
use elicense::record::{Identifier, Record};
use elicense::registry::{ActCommand, Draft, FaceEdit, FsckOptions, ImportOptions, Submitted, VerifyAsk};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

on_both! {
    an_identifier_of_another_issuer_or_type_is_refused_on_every_way_in
    a_successor_keeps_the_identifiers_of_who_it_took_over_from
    a_stranger_under_an_identifier_is_told_apart_at_verification
    what_is_on_file_under_a_foreign_identifier_is_listed_and_not_told_as_good
}

/// The refusal's field and rule.
fn told<T: std::fmt::Debug>(refused: Result<T>) -> (String, Option<Rule>) {
    let error = refused.unwrap_err();
    (error.field.unwrap_or_default().into_owned(), error.rule)
}

fn type_code(world: &World, slug: &str) -> String {
    world.registry.refresh().unwrap();
    world.registry.snapshot().catalog.type_by_slug(slug).unwrap().def().code.clone()
}

fn card(world: &World, of_type: &str, of_issuer: &str, serial: &str) -> Draft {
    let identifier = Identifier::compose(&type_code(world, of_type), of_issuer, serial, 1).unwrap();
    Draft { identifier: Some(identifier.as_str().to_owned()), ..people::social_card(ZHOU, "周海燕") }
}

fn verify(world: &World, ask: Value) -> Value {
    world.registry.refresh().unwrap();
    let ask: VerifyAsk = serde_json::from_value(ask).unwrap();
    common::value(&run(world.registry.verify(Some(&operator()), &ask)).unwrap())
}

/// The record of a found row, as its issuer would sign it anew with a key of its own.
fn record_of(found: &Value) -> Record {
    let envelope = EnvelopeBuf::parse_compact(found["envelope"].as_str().unwrap(), Default::default());
    Record::from_payload(envelope.unwrap().view().payload()).unwrap()
}

fn signed(record: &Record) -> String {
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact()
}

fn own_key(world: &World, agency: &str) {
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", agency, key.verify_key().bytes()).unwrap();
    world.registry.refresh().unwrap();
}

fn an_identifier_of_another_issuer_or_type_is_refused_on_every_way_in(world: World) {
    settled(&world);
    let foreign = [
        (card(&world, "social_security_card", MARKET, "A1"), Rule::IdentifierOfIssuer),
        (card(&world, "social_security_card", "11190101MD10000999", "A2"), Rule::IdentifierOfIssuer),
        (card(&world, "social_security_card", "190102", "A3"), Rule::IdentifierOfIssuer),
        (card(&world, "resident_id_card", POLICE, "A4"), Rule::IdentifierOfType),
    ];
    for (draft, rule) in &foreign {
        assert_eq!(told(issue(&world, draft.clone())), ("identifier".to_owned(), Some(*rule)));
    }
    let mut wrong = card(&world, "social_security_card", POLICE, "A5");
    let text = wrong.identifier.as_mut().unwrap();
    let other = if text.ends_with('0') { '1' } else { '0' };
    text.pop();
    text.push(other);
    let check = told(issue(&world, wrong.clone()));
    assert_eq!(check, ("identifier".to_owned(), Some(Rule::IdentifierCheck)));

    // A file: each row names its rule, tried and done.
    let path = world.dir().join("rows.ndjson");
    let rows = foreign.iter().map(|(draft, _)| draft).chain([&wrong]);
    let rows: Vec<String> = rows.map(|draft| serde_json::to_string(draft).unwrap()).collect();
    std::fs::write(&path, rows.join("\n")).unwrap();
    for dry_run in [true, false] {
        let options = ImportOptions { dry_run, ..ImportOptions::default() };
        let report = world.registry.import(&operator(), &path, &options, &|_| ()).unwrap();
        assert_eq!((report.counts.bound, report.counts.refused), (0, 5), "{report:?}");
    }

    // What the issuer signed itself passes the same rule, also as the next version.
    let issued = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    own_key(&world, POLICE);
    let mut record = record_of(&records(&world, ZHOU)[0]);
    let serial = Identifier::parse(&record.identifier).unwrap().serial().to_owned();
    let of = |issuer: &str, serial: &str, version| {
        let made = Identifier::compose(&type_code(&world, "social_security_card"), issuer, serial, version);
        made.unwrap().as_str().to_owned()
    };
    record.identifier = of(MARKET, "B1", 1);
    let refused = told(world.registry.issue(&operator(), &Submitted::Envelope(signed(&record))));
    assert_eq!(refused, ("identifier".to_owned(), Some(Rule::IdentifierOfIssuer)));
    record.version = 2;
    record.replaces =
        serde_json::from_value(json!({"action": "change", "identifier": issued.identifier, "version": 1}))
            .ok();
    assert!(record.replaces.is_some());
    record.identifier = of(MARKET, &serial, 2);
    let mut command = ActCommand::new(&issued.identifier, 1, Action::Change);
    command.envelope = Some(signed(&record));
    let refused = told(world.registry.act(&operator(), &command));
    assert_eq!(refused, ("identifier".to_owned(), Some(Rule::IdentifierOfIssuer)));

    // Its own is taken, and so is the number of its region.
    for (place, draft) in [
        (CHEN, card(&world, "social_security_card", POLICE, "C1")),
        ("190101199003070016", card(&world, "social_security_card", "190101", "C2")),
    ] {
        let draft = Draft { identifier: draft.identifier, ..people::social_card(place, "陈志远") };
        let issued = issue(&world, draft.clone()).unwrap();
        assert_eq!(Some(issued.identifier), draft.identifier);
    }
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert!(report.sound() && report.foreign_identifiers.is_empty(), "{report:?}");
}

/// The police office ends, and the market office takes over from it; or it stands again.
fn succeeded(world: &World, by: Option<&str>) {
    let mut agency = people::agency(POLICE, "示范市公安局城东分局", "190101");
    agency.valid_to = by.map(|_| day("2025-12-31"));
    agency.succeeded_by = by.map(str::to_owned);
    world.registry.put_agency("test", &agency).unwrap();
    world.registry.refresh().unwrap();
}

fn a_successor_keeps_the_identifiers_of_who_it_took_over_from(world: World) {
    settled(&world);
    let before = issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    succeeded(&world, Some(MARKET));
    let draft = Draft { issuer: MARKET.into(), ..card(&world, "social_security_card", POLICE, "S1") };
    let issued = issue(&world, draft.clone()).unwrap();
    assert_eq!(Some(issued.identifier), draft.identifier);
    assert_eq!(records(&world, ZHOU)[0]["verdict"], "valid");

    // The other way round there is nothing to keep.
    let backwards =
        Draft { issued_on: day("2020-05-06"), ..card(&world, "social_security_card", MARKET, "S2") };
    assert_eq!(told(issue(&world, backwards)).1, Some(Rule::IdentifierOfIssuer));

    // A new version made here stands under the successor's own code.
    let mut command = ActCommand::new(&before.identifier, 1, Action::Correct);
    command.ground = Some("申请更正 2026-17 号".into());
    let bank = json!({"bank": "示范商业银行"});
    command.face = Some(FaceEdit::Patch(bank.as_object().unwrap().clone()));
    let acted = world.registry.act(&operator(), &command).unwrap();
    assert_eq!(Identifier::parse(&acted.identifier).unwrap().issuer(), MARKET);
    assert_eq!(records(&world, CHEN)[0]["verdict"], "valid");
}

fn a_stranger_under_an_identifier_is_told_apart_at_verification(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    own_key(&world, MARKET);
    let mut record = record_of(&records(&world, ZHOU)[0]);
    let asked = |record: &Record| {
        let verified = verify(&world, json!({"envelope": signed(record)}));
        let reasons = verified["reasons"].as_array().unwrap().clone();
        (reasons.contains(&json!("identifier_foreign")), verified["rule"].clone())
    };
    // Another agency's certificate under the identifier of this one.
    record.issuer.code = MARKET.into();
    record.issuer.name = "城东区市场监督管理局".into();
    assert_eq!(record.identifier, issued.identifier);
    assert_eq!(asked(&record), (true, json!("identifier_of_issuer")));
    record.issuer.code = POLICE.into();
    record.record_type.code = type_code(&world, "resident_id_card");
    assert_eq!(asked(&record), (true, json!("identifier_of_type")));
    record.record_type.code = type_code(&world, "social_security_card");
    assert_eq!(asked(&record), (false, Value::Null));
}

fn what_is_on_file_under_a_foreign_identifier_is_listed_and_not_told_as_good(world: World) {
    settled(&world);
    succeeded(&world, Some(MARKET));
    let draft = Draft { issuer: MARKET.into(), ..card(&world, "social_security_card", POLICE, "S1") };
    let issued = issue(&world, draft).unwrap();
    let envelope = records(&world, ZHOU)[0]["envelope"].clone();
    // The list of agencies is corrected: there was no succession.
    succeeded(&world, None);

    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert!(report.sound(), "{report:?}");
    let rules: Vec<_> = report.foreign_identifiers.iter().map(|one| one.rule).collect();
    assert_eq!((rules.as_slice(), report.more_foreign), (&[Rule::IdentifierOfIssuer][..], 0));

    // Each path tells the same (I5).
    let found = records(&world, ZHOU)[0].clone();
    let face = json!({"bank": "示范银行"});
    let purpose = json!({"item": "X", "reason": "窗口办理"});
    let by_face = json!({"identifier": issued.identifier, "face": face, "purpose": purpose});
    for told in [found, verify(&world, json!({"envelope": envelope})), verify(&world, by_face)] {
        assert_eq!(told["verdict"], "undetermined", "{told:#}");
        assert!(told["reasons"].as_array().unwrap().contains(&json!("identifier_foreign")), "{told:#}");
    }
}
