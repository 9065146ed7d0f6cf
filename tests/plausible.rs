//! What cannot be is not signed, and what may mislead is told, on both databases: days in an impossible order, names that
//! show nothing, a face and a state that say different things, marriages that a court may have ended, credit codes of the
//! pilot. Each by an issue and by an import.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU, day};
use common::{World, operator, run};
use elicense::clock::Moment;
use elicense::error::Error;
use elicense::record::Action;
use elicense::registry::import::{ImportOptions, ImportReport};
use elicense::registry::{ActCommand, Ask, Draft, FaceEdit, FsckOptions, Issued, MarkCommand, Submitted};
use elicense::rule::Rule;
use elicense::store::{Opened, RecordKey, StoredEvent, StoredRecord};
use elicense::trust::HolderKey;
use serde_json::{Value, json};

on_both! {
    r16_days_in_an_impossible_order_are_refused_by_issue_and_import
    r6_r16_nothing_is_issued_about_days_after_the_end_of_a_holder
    unusual_days_are_a_remark
    r16_a_name_that_shows_nothing_is_never_signed
    a_record_begins_in_the_state_that_its_face_says
    r11_a_marriage_is_never_green_by_accident
    a_credit_code_of_the_pilot_is_known_and_nothing_new_is_issued_to_it
    r6_permits_of_one_person_are_one_holder_however_often_renewed
    r6_keys_of_permits_with_their_renewals_are_linked_and_nothing_is_lost
}

/// A credit code as the pilot gave it out: its check characters are not those of the standard.
const PILOT: &str = "91190203M0001QKT17";

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn try_issue(world: &World, draft: &Draft) -> Result<Issued, Error> {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft.clone()))
}

fn rule_of(outcome: &Result<Issued, Error>) -> Option<&'static str> {
    outcome.as_ref().err().and_then(|error| error.rule).map(Rule::wire)
}

fn import(world: &World, rows: &[Draft]) -> (ImportReport, Vec<(u64, String)>) {
    import_of(world, rows, None)
}

fn import_of(world: &World, rows: &[Draft], as_of: Option<Moment>) -> (ImportReport, Vec<(u64, String)>) {
    let path = world.dir().join("rows.ndjson");
    let lines: String = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect();
    std::fs::write(&path, lines).unwrap();
    world.registry.refresh().unwrap();
    let errors = world.dir().join("errors.ndjson");
    let options = ImportOptions { error_path: Some(errors.clone()), as_of, ..ImportOptions::default() };
    let report = world.registry.import(&operator(), &path, &options, &|_| ()).unwrap();
    let told = std::fs::read_to_string(errors).unwrap_or_default();
    let faults = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told = faults.filter_map(|one| Some((one["line"].as_u64()?, one["rule"].as_str()?.to_owned())));
    (report, told.collect())
}

fn lookup(world: &World, (code_type, code): (&str, &str)) -> Value {
    world.registry.refresh().unwrap();
    let ask =
        json!({"holder": {"type": code_type, "code": code}, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    serde_json::from_slice(&answered.body).unwrap()
}

fn sound(world: &World) {
    assert_eq!(world.registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

/// A draft after changes of its face and its day of issue.
fn changed(mut draft: Draft, issued_on: Option<&str>, face: &[(&str, Value)]) -> Draft {
    for (name, value) in face {
        draft.face.insert((*name).to_owned(), value.clone());
    }
    draft.issued_on = issued_on.map_or(draft.issued_on, day);
    draft
}

fn birth(mother: &str, number: usize, face: &[(&str, Value)]) -> Draft {
    let draft = people::draft(json!({
        "type": "birth_certificate", "issuer": POLICE, "issued_on": "2026-10-20",
        "holders": [{"role": "mother", "code_type": "111", "code": mother, "name": "周海"}],
        "face": {
            "certificate_no": format!("W{number:09}"), "newborn_name": "陈一", "sex": "2",
            "born_at": "2026-10-18T23:30", "gestation_weeks": 39, "weight_g": 3200, "length_cm": 50,
            "birthplace": "示范市", "institution": "示范市妇幼保健院", "mother_name": "周海",
            "mother_nationality": "中国", "mother_id_type": "111", "mother_id_number": mother, "issue_kind": "1",
            "issued_on": "2026-10-20", "issuing_institution": "示范市妇幼保健院", "father_note": "未提供",
        },
    }));
    changed(draft, None, face)
}

/// A synthetic number of somebody born on a day, given as eight digits; odd sequences are of men.
fn born(date: &str, sequence: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let body = format!("190101{date}{sequence:03}");
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", &"10X98765432"[(sum % 11) as usize..][..1])
}

fn marriage((husband, wife): (&str, &str), number: &str, registered_on: &str, issued_on: &str) -> Draft {
    let mut draft = people::marriage(number);
    for (at, code) in [wife, husband].into_iter().enumerate() {
        draft.holders[at].code = code.to_owned();
        let spouse = draft.face["spouses"][at].as_object_mut().unwrap();
        spouse.insert("id_number".into(), code.into());
        let born = format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]);
        spouse.insert("birth_date".into(), born.into());
    }
    changed(draft, Some(issued_on), &[("registered_on", registered_on.into())])
}

fn death(number: &str, died_on: &str, face: &[(&str, Value)]) -> Draft {
    let mut draft = people::death("190101194402150029", "刘桂芳");
    draft.face.insert("certificate_no".into(), number.into());
    draft.face.insert("died_on".into(), died_on.into());
    changed(draft, None, face)
}

fn r16_days_in_an_impossible_order_are_refused_by_issue_and_import(world: World) {
    settled(&world);
    let mother = born("19950312", 202);
    let card = |code: &str, from: &str, to: &str| {
        let mut card = people::id_card(code, "周海", from);
        card.face.insert("valid_to".into(), to.into());
        card.valid_to = Some(serde_json::from_value(json!(to)).unwrap());
        card
    };
    let mut backwards = card(&born("19660312", 105), "2020-03-09", "2019-03-09");
    backwards.valid_from = None;
    let (young, old) =
        ((born("20100312", 101), born("20100312", 102)), (born("19880312", 101), born("19900315", 102)));
    let pair = (old.0.as_str(), old.1.as_str());
    let rows = [
        ("validity_backwards", backwards),
        ("date_order", card(&born("19980312", 107), "1992-03-09", "2040-03-09")),
        ("date_order", birth(&mother, 1, &[("born_at", "2026-12-18T23:30".into())])),
        ("date_order", birth(&mother, 2, &[("born_at", "2026-11-18T23:30".into())])),
        ("date_order", birth(&born("20210312", 202), 3, &[])),
        ("date_order", birth(&born("20261101", 202), 4, &[])),
        ("date_order", birth(&mother, 5, &[("issued_on", "2019-01-01".into())])),
        ("date_order", death("D1", "1940-01-01", &[])),
        ("date_order", death("D2", "2030-01-01", &[])),
        ("date_order", death("D3", "2026-11-05", &[])),
        ("date_order", death("D4", "2026-09-15", &[("issued_on", "2020-01-01".into())])),
        ("date_order", marriage((&young.0, &young.1), "J1", "2005-05-20", "2005-05-20")),
        ("date_order", marriage((&young.0, &young.1), "J2", "2016-05-20", "2016-05-20")),
        ("date_order", marriage(pair, "J3", "2020-05-20", "2016-05-20")),
        // More of each kind.
        ("date_order", birth(&born("19300312", 202), 6, &[])),
        ("date_order", death("D5", "1943", &[])),
        ("date_order", death("D6", "2027-01", &[])),
        ("date_order", death("D7", "2026-10-30", &[("deregistered_on", "2026-10-01".into())])),
        ("date_order", marriage(pair, "J4", "2016-05-20", "2018-05-20")),
        (
            "date_order",
            changed(people::social_card(ZHOU, "周海燕"), None, &[("issued_on", "2021-05-06".into())]),
        ),
    ];
    for (at, (rule, draft)) in rows.iter().enumerate() {
        assert_eq!(rule_of(&try_issue(&world, draft)), Some(*rule), "row {}", at + 1);
    }
    let drafts: Vec<Draft> = rows.iter().map(|(_, draft)| draft.clone()).collect();
    let (report, faults) = import(&world, &drafts);
    assert_eq!((report.counts.bound, report.counts.refused), (0, 20));
    let told: BTreeMap<u64, String> = faults.into_iter().collect();
    for (line, (rule, _)) in (1..).zip(&rows) {
        assert_eq!(told[&line], *rule, "line {line}");
    }
}

fn mark(world: &World, (code_type, code): (&str, &str), agency: &str, (state, since): (&str, &str)) {
    world.registry.refresh().unwrap();
    let command = json!({
        "holder": {"type": code_type, "code": code}, "state": state, "since": since, "ground": "来函", "agency": agency,
    });
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(&operator(), &command, None).unwrap();
}

fn r6_r16_nothing_is_issued_about_days_after_the_end_of_a_holder(world: World) {
    settled(&world);
    let card = |on: &str| people::id_card(ZHOU, "周海燕", on);
    let after = Some("date_after_end");
    let old = try_issue(&world, &people::social_card(ZHOU, "周海燕")).unwrap();
    mark(&world, ("111", ZHOU), POLICE, ("death_reported", "2026-11-01"));
    let reported = people::disability(ZHOU, "周海燕", (CHEN, "陈志远"));
    assert_eq!(rule_of(&try_issue(&world, &reported)), None, "a report ends nothing");
    mark(&world, ("111", ZHOU), POLICE, ("deceased", "2026-11-10"));
    mark(&world, ("001", COMPANY), MARKET, ("dissolved", "2026-11-10"));
    let mut late = licence(COMPANY);
    late.issued_on = day("2026-11-11");
    late.face.insert("issued_on".into(), "2026-11-11".into());
    let rows = [
        card("2026-11-11"),
        marriage((CHEN, ZHOU), "J190101-2026-000001", "2026-11-11", "2026-11-11"),
        changed(
            birth(ZHOU, 1, &[("born_at", json!("2026-11-11T08:00")), ("issued_on", json!("2026-11-12"))]),
            Some("2026-11-12"),
            &[],
        ),
        late,
    ];
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(rule_of(&try_issue(&world, row)), after, "{at}");
    }
    let (report, faults) = import(&world, &rows);
    assert_eq!((report.counts.bound, report.counts.refused), (0, 4));
    assert!(faults.iter().all(|(_, rule)| Some(rule.as_str()) == after), "{faults:?}");
    // The day of the end itself is a day of the life, and what lies before it came late to the registry.
    let (report, faults) = import(&world, &[card("2026-11-10")]);
    assert_eq!((report.counts.bound, faults), (1, vec![]));
    assert_eq!(rule_of(&try_issue(&world, &licence(COMPANY))), None);
    // Nothing new is certified of the dead; what was wrong is corrected.
    let act = |action: Action, issued_on: &str| {
        world.registry.refresh().unwrap();
        let face = json!({"bank": "示范商业银行", "issued_on": issued_on}).as_object().unwrap().clone();
        let command = ActCommand {
            face: Some(FaceEdit::Patch(face)),
            issued_on: Some(day(issued_on)),
            ground: Some("来函".to_owned()),
            ..ActCommand::new(&old.identifier, 1, action)
        };
        world.registry.act(&operator(), &command).err().and_then(|error| error.rule).map(Rule::wire)
    };
    assert_eq!(act(Action::Change, "2026-11-12"), after);
    assert_eq!(act(Action::Correct, "2026-11-12"), None);
    // A correction brings no day after the end either.
    let married =
        try_issue(&world, &marriage((CHEN, ZHOU), "J190101-2015-000001", "2015-05-20", "2015-05-20"));
    let later = json!({"registered_on": "2026-11-11"}).as_object().unwrap().clone();
    let command = ActCommand {
        face: Some(FaceEdit::Patch(later)),
        issued_on: Some(day("2026-11-11")),
        ground: Some("来函".to_owned()),
        ..ActCommand::new(&married.unwrap().identifier, 1, Action::Correct)
    };
    world.registry.refresh().unwrap();
    let refused = world.registry.act(&operator(), &command).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), after);
    sound(&world);
}

fn unusual_days_are_a_remark(world: World) {
    settled(&world);
    let remarked = |draft: &Draft| {
        let issued = try_issue(&world, draft).unwrap();
        issued.remarks.iter().filter(|remark| remark.ends_with(": date_unusual")).count()
    };
    assert_eq!(remarked(&birth(&born("20120312", 202), 1, &[])), 1, "a mother of fourteen");
    assert_eq!(remarked(&birth(&born("19950312", 202), 2, &[])), 0);
    let (early, wife, husband) = (born("20020312", 101), born("20000312", 102), born("19980312", 101));
    assert_eq!(remarked(&marriage((&early, &wife), "J1", "2021-05-20", "2021-05-20")), 1, "a husband of 19");
    assert_eq!(remarked(&marriage((&husband, &wife), "J2", "2021-05-20", "2021-05-20")), 0);
    // A copy that was given out anew tells of a registration long before.
    let again = marriage((&husband, &wife), "J3", "2021-05-20", "2026-05-20");
    assert_eq!(remarked(&changed(again, None, &[("issue_kind", "3".into())])), 0);
}

fn r16_a_name_that_shows_nothing_is_never_signed(world: World) {
    settled(&world);
    let names = [
        (" ", "name_blank"),
        ("\u{a0}", "name_blank"),
        ("\u{3000}", "name_blank"),
        ("\u{200d}", "name_blank"),
        ("\u{200b}", "control_character"),
        ("王\u{fffe}芳", "control_character"),
        ("王\u{e0041}芳", "control_character"),
        ("王\u{fffd}", "replacement_character"),
        (" 王芳", "outer_blank"),
        ("王芳\u{3000}", "outer_blank"),
    ];
    let card = |at: usize, name: &str| people::social_card(&people::number(at), name);
    for (at, (name, rule)) in names.iter().enumerate() {
        assert_eq!(rule_of(&try_issue(&world, &card(at, name))), Some(*rule), "{name:?}");
    }
    let address =
        changed(people::id_card(ZHOU, "周海燕", "2020-01-01"), None, &[("address", "城东\u{fffd}路".into())]);
    assert_eq!(rule_of(&try_issue(&world, &address)), Some("replacement_character"));
    let rows: Vec<Draft> = names.iter().enumerate().map(|(at, (name, _))| card(at, name)).collect();
    let (report, _) = import(&world, &rows);
    assert_eq!((report.counts.bound, report.counts.refused), (0, names.len() as u64));
    // What is kept with a mark is counted, whatever the mark.
    let marked = [card(20, "王\u{200d}芳"), card(21, "王\u{e863}"), card(22, "王芳")];
    let (report, _) = import(&world, &marked);
    assert_eq!((report.counts.bound, report.counts.flagged), (3, 2));
    let mut dotted = card(23, "阿依古丽･买买提");
    dotted.face.insert("name".into(), "阿依古丽·买买提".into());
    let issued = try_issue(&world, &dotted).unwrap();
    assert_eq!(issued.remarks, ["name: name_dot"]);
}

fn status(code: &str, at: usize) -> Draft {
    changed(people::social_card(&people::number(at), "王芳"), None, &[("status", code.into())])
}

/// State, verdict and reasons of the one card of a person.
fn judged(world: &World, at: usize) -> (Value, Value, Value) {
    let answer = lookup(world, ("111", &people::number(at)));
    let record = &answer["records"][0];
    (record["state"].clone(), record["verdict"].clone(), record["reasons"].clone())
}

fn a_record_begins_in_the_state_that_its_face_says(world: World) {
    settled(&world);
    let expected = [
        ("1", "active", "valid", json!([])),
        ("2", "active", "valid", json!(["status_noted"])),
        ("3", "suspended", "invalid", json!(["suspended"])),
        ("4", "cancelled", "invalid", json!(["cancelled"])),
    ];
    let mut rows = Vec::new();
    for (at, (code, state, verdict, reasons)) in expected.iter().enumerate() {
        try_issue(&world, &status(code, at)).unwrap();
        assert_eq!(judged(&world, at), (json!(state), json!(verdict), reasons.clone()), "{code}");
        rows.push(status(code, at + 10));
    }
    assert_eq!(import(&world, &rows).0.counts.bound, 4);
    for (at, (code, state, verdict, reasons)) in expected.iter().enumerate() {
        assert_eq!(judged(&world, at + 10), (json!(state), json!(verdict), reasons.clone()), "{code}");
    }
    // What is on file already is on file, whatever state it began in.
    assert_eq!(import(&world, &[rows[3].clone(), status("1", 30)]).0.counts.already_there, 1);
    sound(&world);
}

fn r11_a_marriage_is_never_green_by_accident(world: World) {
    settled(&world);
    try_issue(&world, &people::marriage("J190101-2015-000123")).unwrap();
    let told = |code: &str| {
        let answer = lookup(&world, ("111", code));
        (answer["records"][0]["verdict"].clone(), answer["records"][0]["reasons"].clone())
    };
    for code in [ZHOU, CHEN] {
        assert_eq!(told(code), (json!("valid"), json!(["court_divorces_not_covered"])));
    }
    // An ended one says nothing about courts.
    let mut divorce = people::marriage("L190101-2026-000009");
    divorce.type_code = "divorce_certificate".into();
    try_issue(&world, &changed(divorce, Some("2026-10-08"), &[("registered_on", "2026-10-08".into())]))
        .unwrap();
    let answer = lookup(&world, ("111", ZHOU));
    let ended =
        answer["records"].as_array().unwrap().iter().find(|one| one["slug"] == "marriage_certificate");
    assert_eq!(ended.unwrap()["reasons"], json!(["lapsed"]));
}

fn licence(code: &str) -> Draft {
    people::draft(json!({
        "type": "business_licence", "issuer": MARKET, "issued_on": "2020-03-09", "valid_to": "long_term",
        "holders": [{"code_type": "001", "code": code, "name": "城东试点公司"}],
        "face": {
            "credit_code": code, "name": "城东试点公司", "entity_type": "有限责任公司", "legal_representative": "林秋水",
            "established_on": "2020-03-09", "term_from": "2020-03-09", "term_to": "长期", "scope": "餐饮",
            "domicile": "示范市城东区某路1号", "registrar": "城东区市场监督管理局", "issued_on": "2020-03-09",
        },
    }))
}

fn a_credit_code_of_the_pilot_is_known_and_nothing_new_is_issued_to_it(world: World) {
    settled(&world);
    assert_eq!(rule_of(&try_issue(&world, &licence(PILOT))), Some("check_digit"));
    let more = ["91190203M0001FUE27", "91190203M0001TGQX7"];
    let rows: Vec<Draft> = [PILOT, more[0], more[1]].map(licence).to_vec();
    // Rows that count as made now are refused as an issue is; copies of what is in use are taken over.
    let (report, told) = import(&world, &rows);
    assert_eq!((report.counts.bound, told.len()), (0, 3));
    assert!(told.iter().all(|(_, rule)| rule == "pilot_new"), "{told:?}");
    let (report, _) = import_of(&world, &rows, Some(world.registry.now()));
    assert_eq!((report.counts.bound, report.counts.flagged), (3, 3));
    let told: Vec<_> = report.remarks.iter().map(|one| (&*one.remark, &*one.lines)).collect();
    assert_eq!(told, [("pilot_code", &[1, 2, 3][..])]);
    for code in [PILOT, more[0], more[1]] {
        let answer = lookup(&world, ("001", code));
        assert_eq!(answer["records"][0]["verdict"], "valid");
        let remarks = answer["holder"]["remarks"].to_string();
        assert!(remarks.contains("pilot_code"), "{remarks}");
    }
    // Any other wrong check character is a slip of the pen.
    let slip = "91190203MA001QKT17";
    let ask =
        json!({"holder": {"type": "001", "code": slip}, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: Ask = serde_json::from_value(ask).unwrap();
    assert!(world.registry.prepare_lookup(&ask).is_err());
    sound(&world);
}

/// A card of somebody from Hong Kong under a permit.
fn permit_card(code: &str, number: &str) -> Draft {
    let mut card = people::social_card(ZHOU, "港民");
    card.holders[0].code_type = "516".to_owned();
    card.holders[0].code = code.to_owned();
    card.face.insert("social_security_no".into(), code.into());
    card.face.insert("card_no".into(), number.into());
    card
}

fn r6_permits_of_one_person_are_one_holder_however_often_renewed(world: World) {
    settled(&world);
    for code in ["H19000001", "H1900000101", "H1900000102"] {
        try_issue(&world, &permit_card(code, "6200000000000000001")).unwrap();
    }
    for code in ["H19000001", "H1900000101", "H1900000199"] {
        assert_eq!(lookup(&world, ("516", code))["records"].as_array().unwrap().len(), 3, "{code}");
    }
    assert_eq!(lookup(&world, ("516", "H19000002"))["records"], json!([]));
    assert_eq!(lookup(&world, ("511", "19000001"))["records"], json!([]));
    sound(&world);
}

/// Puts the rows of a person's only record under the key that its permit had with the count of renewals.
fn set_back(world: &World, code: &str) -> HolderKey {
    let store = world.registry.store();
    let index = store.vault().index();
    let (now, old) = (index.holder_key("516", &code[..9]), index.holder_key("516", code));
    let (row, events) = store
        .read_now(|reader| {
            let Some(Opened::Record(row)) = reader.records_of(&now)?.pop() else { panic!("no row") };
            let events = reader.events_of(&now, &row.record_id)?;
            Ok((row, events))
        })
        .unwrap();
    let keys = store.read_now(|reader| {
        let unique = index.identifier_key(&row.body.identifier);
        let number = index.number_key(&row.issuer, &row.type_code, code, 1);
        Ok([reader.record_key(&unique)?.unwrap(), reader.record_key(&number)?.unwrap()])
    });
    for table in ["records", "events", "record_keys"] {
        world.sql(&format!("DELETE FROM {table}"));
    }
    store
        .write_now(|writer| {
            writer.insert_record(&StoredRecord { hk: old, ..(*row).clone() })?;
            for event in &events {
                writer.insert_event(&StoredEvent { hk: old, ..event.clone() })?;
            }
            for key in keys.as_ref().unwrap() {
                writer.insert_record_key(&RecordKey { holders: vec![old], ..key.clone() })?;
            }
            Ok(())
        })
        .unwrap();
    old
}

fn r6_keys_of_permits_with_their_renewals_are_linked_and_nothing_is_lost(world: World) {
    settled(&world);
    let code = "H1900000101";
    let issued = try_issue(&world, &permit_card(code, "6200000000000000001")).unwrap();
    set_back(&world, code);
    let found = |code: &str| lookup(&world, ("516", code))["records"].as_array().unwrap().len();
    assert_eq!(found(code), 0, "as it would be without the links");
    let done = world.registry.rekey_holders(&operator()).unwrap();
    assert_eq!((done.found, done.linked, done.already, done.left), (1, 1, 0, 0));
    let again = world.registry.rekey_holders(&operator()).unwrap();
    assert_eq!((again.linked, again.already), (0, 1));
    for code in ["H19000001", code, "H1900000102"] {
        assert_eq!(found(code), 1, "{code}");
    }
    // Its later versions stay with it, and a new card stands under the key of the person.
    let face = json!({"bank": "示范商业银行"}).as_object().unwrap().clone();
    let change = ActCommand {
        face: Some(FaceEdit::Patch(face)),
        ..ActCommand::new(&issued.identifier, 1, Action::Change)
    };
    world.registry.refresh().unwrap();
    assert_eq!(world.registry.act(&operator(), &change).unwrap().version, 2);
    try_issue(&world, &permit_card("H1900000102", "6200000000000000002")).unwrap();
    assert_eq!(found(code), 2);
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised), (vec![], vec![]));
}
