//! Drafts that may be issued, and faults of a record, an agency or a statement, on both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, records, settled};
use common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU, day};
use common::server;
use common::{World, operator, run};
use elicense::catalog::{Agency, Authority, Coverage};
use elicense::error::{Error, Result};
use elicense::record::action::Action;
use elicense::record::payload::Validity;
use elicense::record::{Identifier, Record};
use elicense::registry::{
    ActCommand, Acted, Beginning, Draft, FaceEdit, FsckOptions, ImportOptions, Issued, Submitted, VerifyAsk,
};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

/// An identifier of a card of the police office, with the check character of one provincial generator.
fn in_dialect(serial: &str) -> String {
    let types = elicense::catalog::Catalog::builtin_types().unwrap();
    let card = types.iter().find(|entry| entry.def().slug == "social_security_card").unwrap();
    let standard = Identifier::compose(&card.def().code, POLICE, serial, 1).unwrap();
    let body = standard.as_str().strip_suffix(|_: char| true).unwrap();
    let each = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars().map(|check| format!("{body}{check}"));
    let is_dialect = |text: &String| {
        Identifier::parse(text).unwrap().check() == elicense::record::identifier::Check::NonStandardDialect
    };
    each.into_iter().find(is_dialect).unwrap()
}

fn act(world: &World, command: &ActCommand) -> Result<Acted> {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command)
}

fn signed_record(found: &Value) -> Record {
    let envelope = EnvelopeBuf::parse_compact(found["envelope"].as_str().unwrap(), Default::default());
    Record::from_payload(envelope.unwrap().view().payload()).unwrap()
}

/// Field and rule of a refusal that the asker can mend.
fn told<T: std::fmt::Debug>(refused: Result<T>) -> String {
    let error: Error = refused.unwrap_err();
    assert_eq!(error.code.status() / 100, 4, "{error:?}");
    format!("{} {}", error.field.as_deref().unwrap_or("-"), error.rule.map(Rule::wire).unwrap_or("-"))
}

fn patch(fields: Value) -> Option<FaceEdit> {
    Some(FaceEdit::Patch(fields.as_object().unwrap().clone()))
}

/// A record as its issuer signs it with a key that it keeps itself.
fn sign(world: &World, record: &Record) -> Result<Issued> {
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    let payload = record.to_canonical().unwrap();
    let compact = EnvelopeBuf::sign(Typ::Record, &payload, &key).unwrap().compact();
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Envelope(compact))
}

/// A record of a social security card, under an identifier that nobody has yet.
fn own_record(world: &World) -> Record {
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    issue(world, people::social_card(ZHOU, "周海燕")).unwrap();
    let mut record = signed_record(&records(world, ZHOU)[0]);
    let type_code = &record.record_type.code;
    record.identifier = Identifier::compose(type_code, POLICE, "SIGNED0001", 1).unwrap().as_str().to_owned();
    record
}

on_both! {
    one_holder_stands_once_whatever_form_its_number_has
    an_attachment_that_has_no_signed_form_is_refused
    a_statement_that_would_stop_the_registry_is_refused
    a_record_is_transferred_in
    a_reissue_has_the_number_that_its_type_says
    an_identifier_in_the_wrong_dialect_is_kept_and_flagged
    a_renamed_agency_keeps_its_earlier_names
    an_end_that_the_type_asks_for_is_there_and_is_the_one_on_the_face
    what_an_issuer_signs_passes_the_same_rules
    i12_a_name_that_stands_twice_in_a_face_is_refused
    a_number_is_taken_whatever_version_came_by_it
    the_end_of_a_company_is_proposed_to_the_issuers_of_its_permits
    the_door_tells_what_an_issue_ended_and_takes_a_transfer
}

fn one_holder_stands_once_whatever_form_its_number_has(world: World) {
    settled(&world);
    let twice = |second: &str| {
        let mut draft = people::marriage("J190101-2015-000123");
        second.clone_into(&mut draft.holders[1].code);
        draft
    };
    for second in [ZHOU, "190101880312002", "１９０１０１１９８８０３１２００２１"] {
        assert_eq!(told(issue(&world, twice(second))), "holders.1.code holder_twice");
    }
    let estate = |codes: [&str; 2]| {
        let owners =
            codes.map(|code| json!({"name": "临港物流有限公司", "id_type": "001", "id_number": code}));
        let holders = codes.map(|code| json!({"code_type": "001", "code": code, "name": "临港物流有限公司"}));
        people::draft(json!({
            "type": "real_estate_certificate", "issuer": POLICE, "issued_on": "2020-05-06", "valid_to": "2070-05-05",
            "holders": holders, "face": {"owners": owners},
        }))
    };
    assert_eq!(told(issue(&world, estate([COMPANY, &COMPANY[8..17]]))), "holders.1.code holder_twice");
    let mut record = own_record(&world);
    record.holders.push(record.holders[0].clone());
    assert_eq!(told(sign(&world, &record)), "holders.1.code holder_twice");
    // In a file such a row is one refused row.
    let path = world.dir().join("rows.ndjson");
    let rows = [twice(ZHOU), people::marriage("J190101-2015-000123")]
        .map(|row| serde_json::to_string(&row).unwrap());
    std::fs::write(&path, rows.join("\n")).unwrap();
    let report = world.registry.import(&operator(), &path, &ImportOptions::default(), &|_| ()).unwrap();
    assert_eq!((report.counts.bound, report.counts.refused), (1, 1));
}

fn an_attachment_that_has_no_signed_form_is_refused(world: World) {
    settled(&world);
    let with = |sha256: &str, size: u64| {
        let file = json!([{"media_type": "image/png", "name": "photo", "sha256": sha256, "size": size}]);
        let draft = people::social_card(ZHOU, "周海燕");
        issue(&world, Draft { attachments: serde_json::from_value(file).unwrap(), ..draft })
    };
    let digest = "0f".repeat(32);
    assert_eq!(told(with(&digest, 1 << 53)), "attachments attachment_size");
    assert_eq!(told(with("hello", 5)), "attachments attachment_digest");
    with(&digest, (1 << 53) - 1).unwrap();
}

fn a_statement_that_would_stop_the_registry_is_refused(world: World) {
    settled(&world);
    let snapshot = world.registry.fresh_snapshot().unwrap();
    let type_code = snapshot.catalog.type_by_slug("marriage_certificate").unwrap().def().code.clone();
    let good = json!({
        "type_code": type_code, "issuing_system": "测试系统", "issuer": POLICE,
        "issued_from": "2001-01-01", "regions": [{"code": "190101", "name": "城东区"}], "share_on_file": 1000,
        "as_of": "2026-11-22T00:00:00.000000Z", "heartbeat": "2026-11-22T00:00:00.000000Z",
        "unbound": 0, "quarantined": 0,
    });
    let state = |edit: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        edit(&mut value);
        let coverage: Coverage = serde_json::from_value(value).unwrap();
        let stated = world.registry.state_coverage("test", &coverage);
        // After any statement, the next process can open the registry.
        world.reopen();
        stated
    };
    assert_eq!(told(state(&|value| value["regions"] = json!([]))), "- coverage_statement");
    assert_eq!(told(state(&|value| value["share_on_file"] = json!(1001))), "- coverage_statement");
    assert_eq!(told(state(&|value| value["issued_to"] = json!("2000-01-01"))), "- coverage_statement");
    assert_eq!(
        told(state(&|value| value["issuing_system"] = json!(" \u{3000}"))),
        "issuing_system name_blank"
    );
    assert_eq!(told(state(&|value| value["unbound"] = json!(1_u64 << 60))), "coverage json_integer_range");
    state(&|_| ()).unwrap();
    let mut relayed = snapshot.catalog.type_of(&type_code).unwrap().def().clone();
    (relayed.code, relayed.slug) = ("11190000MD10009070990".into(), "relayed_proof".into());
    (relayed.relay_only, relayed.derivable) = (true, false);
    world.registry.load_type("test", &serde_json::to_string(&relayed).unwrap()).unwrap();
    assert_eq!(told(state(&|value| value["type_code"] = json!(relayed.code))), "- coverage_statement");
}

fn a_record_is_transferred_in(world: World) {
    settled(&world);
    world.registry.refresh().unwrap();
    let submitted = Submitted::Draft(people::social_card(ZHOU, "周海燕"));
    let issued = world.registry.begin(&operator(), &submitted, Beginning::TransferIn, None).unwrap();
    assert_eq!(records(&world, ZHOU)[0]["verdict"], "valid");
    let ask = json!({"identifier": issued.identifier, "purpose": {"item": "X", "reason": "窗口办理"}});
    let shown = run(world.registry.history(&operator(), &serde_json::from_value(ask).unwrap())).unwrap();
    assert_eq!(shown.events[0].action, "transfer_in");
    let mut command = ActCommand::new(&issued.identifier, 1, Action::Change);
    command.face = patch(json!({"bank": "示范商业银行"}));
    assert_eq!(act(&world, &command).unwrap().version, 2);
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
}

fn death(number: &str) -> Draft {
    people::draft(json!({
        "type": "death_certificate", "issuer": POLICE, "issued_on": "2026-11-01",
        "holders": [{"code_type": "111", "code": CHEN, "name": "陈志远"}],
        "face": {
            "certificate_no": number, "deceased_name": "陈志远", "sex": "1", "id_type": "111",
            "id_number": CHEN, "died_on": "2026-10-30", "place": "示范市第一医院", "source": "1",
            "issuing_unit": "示范市第一医院", "issued_on": "2026-11-01",
        },
    }))
}

fn a_reissue_has_the_number_that_its_type_says(world: World) {
    settled(&world);
    let marriage = issue(&world, people::marriage("J190101-2015-000123")).unwrap();
    let step = |identifier: &str, version, action, face: Value| {
        let mut command = ActCommand::new(identifier, version, action);
        command.ground = Some("遗失补领申请 2026-17 号".into());
        command.face = patch(face);
        act(&world, &command)
    };
    for action in [Action::Reissue, Action::Renew] {
        let other = step(&marriage.identifier, 1, action, json!({"certificate_no": "J190101-2026-000001"}));
        assert_eq!(told(other), "face number_kept");
    }
    let kept = step(&marriage.identifier, 1, Action::Reissue, json!({"issue_kind": "3"})).unwrap();
    assert_eq!(kept.version, 2);

    let death = issue(&world, death("D190101-2026-0001")).unwrap();
    let same = step(&death.identifier, 1, Action::Reissue, json!({"place": "示范市中心医院"}));
    assert_eq!(told(same), "face number_new");
    let new = json!({"certificate_no": "D190101-2026-0002"});
    let new = step(&death.identifier, 1, Action::Reissue, new).unwrap();
    // A certificate that is handed back and renewed may keep its number.
    step(&new.identifier, 2, Action::Renew, json!({"place": "示范市中心医院"})).unwrap();
}

fn an_identifier_in_the_wrong_dialect_is_kept_and_flagged(world: World) {
    settled(&world);
    let mut draft = people::social_card(ZHOU, "周海燕");
    let dialect = in_dialect("E7EA49");
    draft.identifier = Some(dialect.clone());
    let path = world.dir().join("rows.ndjson");
    std::fs::write(&path, serde_json::to_string(&draft).unwrap()).unwrap();
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let report = world.registry.import(&operator(), &path, &options, &|_| ()).unwrap();
    assert_eq!((report.counts.bound, report.counts.flagged), (1, 1));
    let issued = issue(&world, draft).unwrap();
    assert_eq!(issued.identifier, dialect);
    assert!(issued.remarks.contains(&"identifier: check_nonstandard".to_owned()), "{:?}", issued.remarks);
    let other = issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    assert!(!other.remarks.iter().any(|remark| remark.starts_with("identifier")), "{:?}", other.remarks);

    let mut record = signed_record(&records(&world, CHEN)[0]);
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    record.identifier = in_dialect("E7EA48");
    record.number = Some("6200".into());
    assert_eq!(told(sign(&world, &record)), "number number_not_of_face");
    let mut record = Record { number: Some(ZHOU.into()), ..record };
    record.holders[0].code = ZHOU.into();
    record.face.insert("social_security_no".into(), ZHOU.into());
    record.issuer.code = POLICE.into();
    record.face.insert("bank".into(), "示范商业银行".into());
    let refused = sign(&world, &record).unwrap_err();
    assert_eq!(
        refused.code,
        elicense::error::Code::NumberClash,
        "it was approved, and is there already: {refused}"
    );
}

fn named(name: &str, from: &str, to: Option<&str>) -> Agency {
    let agency = people::agency(POLICE, name, "190101");
    Agency { valid_from: day(from), valid_to: to.map(day), ..agency }
}

fn a_renamed_agency_keeps_its_earlier_names(world: World) {
    settled(&world);
    let (old, new) = ("示范市公安局城东分局", "示范市公安局城东区分局");
    let before = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    let envelope = records(&world, ZHOU)[0]["envelope"].clone();
    // Two names on one day are refused; the end of the one and the other go together.
    let open = named(new, "2020-01-01", None);
    assert_eq!(told(world.registry.put_agency("test", &open)), "- agency_overlap");
    world.registry.put_agencies("test", &[named(old, "1990-01-01", Some("2019-12-31")), open]).unwrap();
    let reopened = world.reopen();
    assert_eq!(reopened.snapshot().catalog.issuers().agencies().all().len(), 4);

    let name_of = |code: &str| signed_record(&records(&world, code)[0]).issuer.name;
    let issued = issue(&world, people::id_card("190101199003070016", "王小明", "2019-12-31"));
    issued.unwrap();
    issue(&world, people::id_card("190102199104120023", "李小红", "2020-01-01")).unwrap();
    assert_eq!((name_of("190101199003070016"), name_of("190102199104120023")), (old.into(), new.into()));

    // The certificate of the former name verifies, and the agency of today corrects it.
    let ask: VerifyAsk =
        serde_json::from_value(json!({"envelope": envelope, "purpose": {"item": "X", "reason": "窗口核验"}}))
            .unwrap();
    let verified = run(world.registry.verify(Some(&operator()), &ask)).unwrap();
    assert_eq!(verified.verdict.wire(), "valid");
    let correct = |identifier: &str, version, bank: &str| {
        let mut command = ActCommand::new(identifier, version, Action::Correct);
        command.ground = Some("申请更正 2026-17 号".into());
        command.face = patch(json!({"bank": bank}));
        act(&world, &command).unwrap()
    };
    let corrected = correct(&before.identifier, 1, "示范商业银行");
    assert_eq!((corrected.agency.as_str(), name_of(ZHOU)), (POLICE, new.to_owned()));
    // A successor answers for every name.
    let mut ended = named(new, "2020-01-01", Some("2025-12-31"));
    ended.succeeded_by = Some(MARKET.into());
    world.registry.put_agency("test", &ended).unwrap();
    assert_eq!(correct(&corrected.identifier, 2, "示范储蓄银行").agency, MARKET);
    assert_eq!(records(&world, ZHOU)[0]["verdict"], "valid");
}

fn an_end_that_the_type_asks_for_is_there_and_is_the_one_on_the_face(world: World) {
    settled(&world);
    let card = || people::social_card(ZHOU, "周海燕");
    let until = |text: &str| Some(Validity::Until(day(text)));
    assert_eq!(told(issue(&world, Draft { valid_to: None, ..card() })), "valid_to validity_missing");
    let other = Draft { valid_to: until("2031-05-06"), ..card() };
    assert_eq!(told(issue(&world, other)), "face.valid_to validity_face");
    let endless = Draft { valid_to: Some(Validity::LongTerm), ..card() };
    assert_eq!(told(issue(&world, endless)), "valid_to validity_rule");
    let later =
        Draft { valid_from: Some(day("2020-01-02")), ..people::id_card(ZHOU, "周海燕", "2020-01-01") };
    assert_eq!(told(issue(&world, later)), "face.valid_from validity_face");
    let mut long = people::id_card(ZHOU, "周海燕", "2020-01-01");
    long.valid_to = Some(Validity::LongTerm);
    long.face.insert("valid_to".into(), "长期".into());
    issue(&world, long).unwrap();
    // A term that the type computes is filled in, and must be the one on the face.
    let mut computed = people::id_card(CHEN, "陈志远", "2020-01-01");
    computed.valid_to = None;
    computed.face.insert("valid_to".into(), "2041-01-01".into());
    assert_eq!(told(issue(&world, computed.clone())), "face.valid_to validity_face");
    computed.face.insert("valid_to".into(), "2040-01-01".into());
    issue(&world, computed).unwrap();

    // A version made from one without a first day keeps the day that the face prints.
    let mut undated = people::id_card("190101199003070016", "王小明", "2020-01-01");
    undated.valid_from = None;
    let issued = issue(&world, undated).unwrap();
    let mut command = ActCommand::new(&issued.identifier, 1, Action::Change);
    command.face = patch(json!({"address": "示范省示范市城东区桃源路2号"}));
    act(&world, &command).unwrap();
    assert_eq!(signed_record(&records(&world, "190101199003070016")[0]).valid_from, Some(day("2020-01-01")));
    let mut extend = ActCommand::new(&issue(&world, card()).unwrap().identifier, 1, Action::Extend);
    extend.valid_to = until("2035-05-06");
    assert_eq!(told(act(&world, &extend)), "face.valid_to validity_face");
}

fn what_an_issuer_signs_passes_the_same_rules(world: World) {
    settled(&world);
    let record = own_record(&world);
    let refused = |edit: &dyn Fn(&mut Record)| {
        let mut record = record.clone();
        edit(&mut record);
        told(sign(&world, &record))
    };
    let proof = serde_json::from_value(json!("proof")).unwrap();
    assert_eq!(refused(&|record| record.kind = proof), "kind kind_of_type");
    assert_eq!(refused(&|record| record.issuer.name = "示范市公安局".into()), "issuer.name issuer_name");
    assert_eq!(refused(&|record| record.valid_to = None), "valid_to validity_missing");
    assert_eq!(refused(&|record| record.valid_to = Some(Validity::LongTerm)), "valid_to validity_rule");
    let other = Validity::Until(day("2031-05-06"));
    assert_eq!(refused(&|record| record.valid_to = Some(other)), "face.valid_to validity_face");
    let mut record = record.clone();
    for (field, value) in [("social_security_no", CHEN), ("name", "陈\u{E863}")] {
        record.face.insert(field.into(), value.into());
    }
    record.number = Some(CHEN.into());
    (record.holders[0].code, record.holders[0].name) = (CHEN.into(), "陈\u{E863}".into());
    let issued = sign(&world, &record).unwrap();
    assert!(issued.signed_by_issuer);
    assert!(issued.remarks.contains(&"name: private_use".to_owned()), "{:?}", issued.remarks);
}

fn i12_a_name_that_stands_twice_in_a_face_is_refused(_: World) {
    let text = serde_json::to_string(&people::social_card(ZHOU, "周海燕")).unwrap();
    let twice = text.replacen("\"bank\":", "\"bank\":\"示范商业银行\",\"bank\":", 1);
    assert_ne!(text, twice);
    assert!(serde_json::from_str::<Draft>(&text).is_ok());
    assert!(serde_json::from_str::<Draft>(&twice).unwrap_err().to_string().starts_with("duplicate field"));
    for word in ["patch", "replace"] {
        let edit = |fields: &str| {
            let text = format!(
                "{{\"identifier\":\"x\",\"version\":1,\"action\":\"change\",\"face\":{{\"{word}\":{fields}}}}}"
            );
            serde_json::from_str::<ActCommand>(&text).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(edit(r#"{"bank":"a","name":"b"}"#), Ok(()));
        assert!(edit(r#"{"bank":"a","bank":"b"}"#).unwrap_err().starts_with("duplicate field"));
        assert!(edit(r#"{"spouses":[{"name":"a","name":"b"}]}"#).unwrap_err().starts_with("duplicate field"));
    }
}

fn a_number_is_taken_whatever_version_came_by_it(world: World) {
    settled(&world);
    let other = |number: &str| {
        let mut draft = people::marriage(number);
        draft.issued_on = day("2016-05-20");
        draft.face.insert("registered_on".into(), "2016-05-20".into());
        draft
    };
    let first = issue(&world, people::marriage("J190101-2015-000123")).unwrap();
    let second = issue(&world, other("J190101-2016-000001")).unwrap();
    let correct = |identifier: &str, version, number: &str| {
        let mut command = ActCommand::new(identifier, version, Action::Correct);
        command.ground = Some("申请更正 2026-17 号".into());
        command.face = patch(json!({"certificate_no": number, "registrar": format!("何平{version}")}));
        act(&world, &command)
    };
    // The number of a first version, asked for by a second one.
    let clash = correct(&first.identifier, 1, "J190101-2016-000001").unwrap_err();
    assert_eq!(clash.code, elicense::error::Code::NumberClash);
    // The number that a second version came by, asked for by a third and by an issue.
    let moved = correct(&second.identifier, 1, "J190101-2016-000009").unwrap();
    let again = correct(&first.identifier, 1, "J190101-2015-000124").unwrap();
    let clash = correct(&again.identifier, 2, "J190101-2016-000009").unwrap_err();
    assert_eq!(clash.code, elicense::error::Code::NumberClash);
    let clash = issue(&world, people::marriage("J190101-2016-000009")).unwrap_err();
    assert_eq!(clash.code, elicense::error::Code::NumberClash);
    // One's own is kept.
    assert_eq!(correct(&moved.identifier, 2, "J190101-2016-000009").unwrap().version, 3);
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
}

fn the_end_of_a_company_is_proposed_to_the_issuers_of_its_permits(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let licence = world.registry.snapshot().catalog.type_by_slug("business_licence").unwrap().def().clone();
    let typed = |code: &str, slug: &str, ends: Value| {
        let mut def = serde_json::to_value(&licence).unwrap();
        (def["code"], def["slug"], def["ends"]) = (json!(code), json!(slug), ends);
        def.to_string()
    };
    let end = |by: &str| {
        json!([{"type": "hawker_permit", "when": "same_subject", "state": "cancelled", "action": "cancel",
                "by": by, "on": "cancel"}])
    };
    let permit = typed("11190000MD10009070991", "hawker_permit", json!([]));
    let by_rule = typed("11190000MD10009070992", "company_licence", end("rule"));
    assert_eq!(told(world.registry.load_types("test", &[permit.clone(), by_rule])), "type type_inconsistent");
    let company = typed("11190000MD10009070992", "company_licence", end("proposal"));
    world.registry.load_types("test", &[permit, company]).unwrap();
    world.registry.refresh().unwrap();
    for (code, type_code) in [(POLICE, "11190000MD10009070991"), (MARKET, "11190000MD10009070992")] {
        let (agency, region, from) = (code.into(), "190101".parse().unwrap(), day("1990-01-01"));
        let authority = Authority { agency, type_code: type_code.into(), region, from, to: None };
        world.registry.authorise("test", &authority).unwrap();
    }
    let record = |slug: &str, issuer: &str, name: &str| {
        issue(&world, people::draft(json!({
            "type": slug, "issuer": issuer, "issued_on": "2020-05-06", "valid_to": "long_term",
            "holders": [{"code_type": "001", "code": COMPANY, "name": name}],
            "face": {
                "credit_code": COMPANY, "name": name, "entity_type": "有限责任公司",
                "legal_representative": "王小明", "established_on": "2009-04-16",
                "term_from": "2009-04-16", "term_to": "长期", "scope": "道路货物运输", "domicile": "示范市城东区1号",
                "registrar": "城东区市场监督管理局", "issued_on": "2020-05-06",
            },
        }))).unwrap()
    };
    let name = "临港物流有限公司";
    let (licence, permit) =
        (record("company_licence", MARKET, name), record("hawker_permit", POLICE, "临江物流有限公司"));
    assert!(licence.proposals.is_empty() && permit.proposals.is_empty());
    let mut cancel = ActCommand::new(&licence.identifier, 1, Action::Cancel);
    cancel.ground = Some("清算终结注销登记 2026-17 号".into());
    // Under one number are two names: one of the two is wrong, and nobody's permit is proposed to end.
    assert_eq!(told(act(&world, &cancel)), "holders ended_name");
    let mut correct = ActCommand::new(&permit.identifier, 1, Action::Correct);
    correct.ground = Some("名称登记有误".into());
    correct.face = patch(json!({"name": name}));
    correct.holder_names = Some(vec![name.into()]);
    let permit = act(&world, &correct).unwrap();
    let acted = act(&world, &cancel).unwrap();
    let [proposal] = acted.proposals.as_slice() else { panic!("{:?}", acted.proposals) };
    assert_eq!(
        (proposal.identifier.as_deref(), proposal.issuer.as_str()),
        (Some(&*permit.identifier), POLICE)
    );
    // Proposed, not done; a certificate that has ended already is not proposed.
    let mut cancel = ActCommand::new(&permit.identifier, 2, Action::Cancel);
    cancel.ground = Some("清算终结注销登记 2026-17 号".into());
    assert!(act(&world, &cancel).unwrap().proposals.is_empty());
}

fn the_door_tells_what_an_issue_ended_and_takes_a_transfer(world: World) {
    people::settle(&world.registry);
    server::clients(&world.registry);
    world.registry.refresh().unwrap();
    let server = server::start(world.registry.clone());
    let token = server.token("all", server::SECRET);
    let post = |body: &Value| server.post("/api/v1/records", Some(&token), body);
    let marriage = json!({"record": people::marriage("J190101-2015-000123"), "action": "transfer_in"});
    let first = post(&marriage).json();
    assert_eq!(
        (&first["outcome"], &first["signed_by_issuer"]),
        (&json!("issued"), &json!(false)),
        "{first:#}"
    );
    assert_eq!((&first["ended"], &first["proposals"]), (&json!([]), &json!([])));
    let mut divorce = people::marriage("L190101-2026-000009");
    divorce.type_code = "divorce_certificate".into();
    divorce.issued_on = day("2026-10-08");
    divorce.face.insert("registered_on".into(), "2026-10-08".into());
    let second = post(&json!({"record": divorce})).json();
    assert_eq!(second["ended"][0]["identifier"], first["identifier"], "{second:#}");
    assert_eq!(second["ended"][0]["state"], "lapsed");
    let other = post(&json!({"record": people::social_card(ZHOU, "周海燕"), "action": "renew"}));
    assert_eq!((other.status, other.json()["field"].clone()), (422, json!("action")), "{other:?}");
    let text = json!({"record": people::social_card(ZHOU, "周海燕")}).to_string();
    let twice = text.replacen("\"bank\":", "\"bank\":\"示范商业银行\",\"bank\":", 1);
    let twice = server.post_raw("/api/v1/records", Some(&token), twice.as_bytes());
    assert_eq!((twice.status, twice.json()["rule"].clone()), (422, json!("duplicate")), "{twice:?}");
}
