//! What certificates say about the lives of their holders (practice R6), on both databases: by an issue, an import, an
//! export that is read back, and the actions after it.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, CHEN, CREMATORIUM, MARKET, POLICE, ZHOU, day};
use common::{World, operator, run};
use elicense::record::Action;
use elicense::registry::import::ImportOptions;
use elicense::registry::{
    ActCommand, Acted, Ask, Draft, FaceEdit, FsckOptions, Issued, MarkCommand, ReadOptions, Submitted,
};
use elicense::store::HolderState;
use serde_json::{Value, json};

on_both! {
    r6_a_death_certificate_marks_the_dead_as_its_issuers_authority_lets_it
    r6_a_certificate_corrects_and_takes_back_its_own_mark_and_no_other
    r6_what_an_office_took_back_no_later_action_states_again
    r6_a_name_that_nobody_knows_confirms_no_death
    r6_an_import_marks_the_dead_once
    r6_who_is_dead_stays_dead_in_another_registry
    r6_certificates_from_before_are_listed_and_mark_on_command
    r6_deaths_on_the_word_of_a_lost_key_are_listed_until_an_office_speaks
}

fn settled(world: &World) {
    people::settle_deaths(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn issue(world: &World, draft: Draft) -> Issued {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap()
}

/// A death certificate of an issuer with its number, and that day of death.
fn death(issuer: &str, number: &str, (code, name): (&str, &str), died_on: &str) -> Draft {
    let mut draft = people::death(code, name);
    draft.issuer = issuer.to_owned();
    draft.face.insert("certificate_no".into(), number.into());
    draft.face.insert("died_on".into(), died_on.into());
    draft
}

fn act(world: &World, command: &ActCommand) -> Acted {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command).unwrap()
}

fn command(identifier: &str, version: u32, action: Action) -> ActCommand {
    let ground = action.ground_needed().then(|| "来函 2026-7 号".to_owned());
    ActCommand { ground, ..ActCommand::new(identifier, version, action) }
}

fn correct(world: &World, (identifier, version): (&str, u32), died_on: &str) -> Acted {
    let face = json!({"died_on": died_on}).as_object().unwrap().clone();
    let corrected = ActCommand {
        face: Some(FaceEdit::Patch(face)),
        issued_on: Some(day("2026-11-01")),
        ..command(identifier, version, Action::Correct)
    };
    act(world, &corrected)
}

fn by_hand(world: &World, code: &str, state: &str) {
    world.registry.refresh().unwrap();
    let command = json!({
        "holder": {"type": "111", "code": code}, "state": state, "ground": "来函 2026-3 号", "agency": POLICE,
    });
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(&operator(), &command, None).unwrap();
}

/// The state of a holder, and the legal day.
fn life(world: &World, code: &str) -> (HolderState, Option<String>) {
    let key = world.registry.store().vault().index().holder_key("111", code);
    let holder = world.registry.store().read_now(|reader| reader.holder(&key)).unwrap();
    holder.map_or((HolderState::Normal, None), |holder| {
        (holder.state, holder.body.state_since.map(|day| day.to_string()))
    })
}

fn dead(since: &str) -> (HolderState, Option<String>) {
    (HolderState::Deceased, Some(since.to_owned()))
}

/// Verdict and reasons of the first card of a holder.
fn card(world: &World, code: &str) -> (Value, Value) {
    world.registry.refresh().unwrap();
    let ask = json!({
        "holder": {"type": "111", "code": code}, "types": ["social_security_card"],
        "purpose": {"item": "X", "reason": "窗口办理"},
    });
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    (answer["records"][0]["verdict"].clone(), answer["records"][0]["reasons"].clone())
}

fn valid() -> (Value, Value) {
    (json!("valid"), json!([]))
}

fn deceased() -> (Value, Value) {
    (json!("invalid"), json!(["holder_deceased"]))
}

/// Nothing is damaged, and nobody is marked without authority.
fn sound(world: &World) {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised), (vec![], vec![]));
}

fn r6_a_death_certificate_marks_the_dead_as_its_issuers_authority_lets_it(world: World) {
    settled(&world);
    let reported = (json!("undetermined"), json!(["death_reported"]));
    let cases = [
        (POLICE, ZHOU, "周海燕", Some(HolderState::Deceased), deceased()),
        (CREMATORIUM, CHEN, "陈志远", Some(HolderState::DeathReported), reported),
        (MARKET, "190101194402150029", "刘桂芳", None, valid()),
    ];
    for (at, (issuer, code, name, state, told)) in cases.into_iter().enumerate() {
        issue(&world, people::social_card(code, name));
        assert_eq!(card(&world, code), valid());
        let issued = issue(&world, death(issuer, &format!("D{at}"), (code, name), "2026-10-30"));
        let marked: Vec<_> = issued.marked.iter().map(|mark| (mark.state, mark.since.to_string())).collect();
        let expected: Vec<_> = state.map(|state| (state, "2026-10-30".to_owned())).into_iter().collect();
        assert_eq!(marked, expected, "{name}");
        let noted = issued.remarks.iter().any(|remark| remark == "holders: mark_without_authority");
        assert_eq!(noted, state.is_none(), "{name}: {:?}", issued.remarks);
        assert_eq!(card(&world, code), told, "{name}");
    }
    // The same certificate again says nothing new.
    let again = issue(&world, death(POLICE, "D0", (ZHOU, "周海燕"), "2026-10-30"));
    assert_eq!(again.marked, []);
    // A year and a month stand for their last day, and for the day of issue at the latest.
    let old = people::number(7);
    issue(&world, death(POLICE, "D7", (&old, "王建国"), "2025-02"));
    assert_eq!(life(&world, &old), dead("2025-02-28"));
    let late = people::number(8);
    issue(&world, death(POLICE, "D8", (&late, "王建军"), "2026"));
    assert_eq!(life(&world, &late), dead("2026-11-01"));
    sound(&world);
}

fn r6_a_certificate_corrects_and_takes_back_its_own_mark_and_no_other(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let first = issue(&world, death(POLICE, "D1", (ZHOU, "周海燕"), "2026-10-30"));
    let corrected = correct(&world, (&first.identifier, 1), "2026-10-28");
    assert_eq!(corrected.marked.len(), 1);
    assert_eq!((life(&world, ZHOU), card(&world, ZHOU)), (dead("2026-10-28"), deceased()));
    let report = issue(&world, death(CREMATORIUM, "D2", (ZHOU, "周海燕"), "2026-10-29"));
    assert_eq!(report.marked.len(), 1);
    assert_eq!(life(&world, ZHOU), dead("2026-10-28"), "a report weakens nothing");
    act(&world, &command(&corrected.identifier, 2, Action::Annul));
    assert_eq!(card(&world, ZHOU).0, json!("undetermined"), "the report stands again");
    by_hand(&world, ZHOU, "deceased");
    act(&world, &command(&report.identifier, 1, Action::Cancel));
    assert_eq!(card(&world, ZHOU), deceased(), "an office's own mark is not the certificate's");
    by_hand(&world, ZHOU, "normal");
    assert_eq!(card(&world, ZHOU), valid());
    sound(&world);
}

fn r6_what_an_office_took_back_no_later_action_states_again(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let first = issue(&world, death(POLICE, "D1", (ZHOU, "周海燕"), "2026-10-30"));
    by_hand(&world, ZHOU, "normal");
    assert_eq!(card(&world, ZHOU), valid());
    for action in [Action::Suspend, Action::Restore] {
        assert_eq!(act(&world, &command(&first.identifier, 1, action)).marked, []);
        assert_eq!(card(&world, ZHOU), valid());
    }
    // A version that tells of the same day states nothing new, whatever else it corrects.
    let elsewhere = ActCommand {
        face: Some(FaceEdit::Patch(json!({"place": "示范市第二医院"}).as_object().unwrap().clone())),
        issued_on: Some(day("2026-11-01")),
        ..command(&first.identifier, 1, Action::Correct)
    };
    let second = act(&world, &elsewhere);
    assert_eq!((second.marked, card(&world, ZHOU)), (vec![], valid()));
    // One that tells of another day is a new statement.
    let corrected = correct(&world, (&second.identifier, 2), "2026-10-29");
    assert_eq!((corrected.marked.len(), life(&world, ZHOU)), (1, dead("2026-10-29")));
    // A suspension leaves open whether it is right, and brings nobody back.
    act(&world, &command(&corrected.identifier, 3, Action::Suspend));
    assert_eq!(card(&world, ZHOU), deceased());
    act(&world, &command(&corrected.identifier, 3, Action::Withdraw));
    assert_eq!(card(&world, ZHOU), valid());
    sound(&world);
}

fn r6_a_name_that_nobody_knows_confirms_no_death(world: World) {
    settled(&world);
    // A record that a death proposes to end would refuse the name; a household page is none of these.
    issue(&world, people::marriage("J190101-2015-000123"));
    let issued = issue(&world, death(POLICE, "D1", (ZHOU, "周海雁"), "2026-10-30"));
    assert_eq!(issued.marked[0].state, HolderState::DeathReported);
    assert_eq!(life(&world, ZHOU).0, HolderState::DeathReported);
    sound(&world);
}

fn r6_an_import_marks_the_dead_once(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let rows = [
        death(POLICE, "D1", (ZHOU, "周海燕"), "2026-10-30"),
        death(MARKET, "D2", (CHEN, "陈志远"), "2026-10-30"),
        death(CREMATORIUM, "D3", (&people::number(9), "王建国"), "2026-10"),
    ];
    let path = world.dir().join("deaths.ndjson");
    let lines: String = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect();
    let import = |text: &str| {
        std::fs::write(&path, text).unwrap();
        world.registry.refresh().unwrap();
        let error_path = Some(world.dir().join("errors.ndjson"));
        let options = ImportOptions { error_path, ..ImportOptions::default() };
        world.registry.import(&operator(), &path, &options, &|_| ()).unwrap()
    };
    assert_eq!(import(&lines).counts.bound, 3);
    assert_eq!(card(&world, ZHOU), deceased());
    assert_eq!(life(&world, CHEN).0, HolderState::Normal);
    assert_eq!(life(&world, &people::number(9)).0, HolderState::DeathReported);
    sound(&world);
    by_hand(&world, ZHOU, "normal");
    assert_eq!(import(&(lines + "\n")).counts.already_there, 3);
    assert_eq!(card(&world, ZHOU), valid(), "it spoke once");
    sound(&world);
}

fn r6_who_is_dead_stays_dead_in_another_registry(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕"));
    issue(&world, people::social_card(CHEN, "陈志远"));
    let first = issue(&world, death(POLICE, "D1", (ZHOU, "周海燕"), "2026-10-30"));
    correct(&world, (&first.identifier, 1), "2026-10-28");
    let wrong = issue(&world, death(POLICE, "D2", (CHEN, "陈志远"), "2026-10-30"));
    act(&world, &command(&wrong.identifier, 1, Action::Annul));
    world.registry.refresh().unwrap();
    let mut out = Vec::new();
    world.registry.export(&operator(), None, &mut out).unwrap();
    let other = common::world(world.backend()).unwrap();
    settled(&other);
    other.registry.refresh().unwrap();
    for key in world.registry.snapshot().keys.all().into_iter().filter(|key| key.owner == POLICE) {
        other.registry.register_key("test", POLICE, key.public.bytes()).unwrap();
    }
    other.registry.refresh().unwrap();
    let logs = world.registry.store().read_now(|reader| reader.heads()).unwrap();
    let verifiers: Vec<_> =
        logs.iter().filter_map(|head| world.registry.log_verifier(&head.log).ok()).collect();
    let options = ReadOptions { verifiers: &verifiers, dry_run: false, error_path: None };
    let read = other.registry.read_export(&operator(), options, &*out).unwrap();
    assert_eq!((read.records, read.lines_refused), (4, 0), "{:?}", read.refused);
    assert_eq!((life(&other, ZHOU), card(&other, ZHOU)), (dead("2026-10-28"), deceased()));
    assert_eq!(card(&other, CHEN), valid());
    sound(&other);
}

/// The type of death certificates in a further version, with or without what it tells of a life.
fn load_deaths(world: &World, version: u32, marks: bool) {
    let mut body: Value =
        serde_json::from_str(include_str!("../schema/types/death_certificate.json")).unwrap();
    body["version"] = json!(version);
    if !marks {
        body["marks"] = json!([]);
    }
    world.registry.load_type("test", &body.to_string()).unwrap();
    world.registry.refresh().unwrap();
}

fn r6_certificates_from_before_are_listed_and_mark_on_command(world: World) {
    settled(&world);
    load_deaths(&world, 91, false);
    for (at, (issuer, code, name)) in
        [(POLICE, ZHOU, "周海燕"), (MARKET, CHEN, "陈志远"), (POLICE, "190101194402150029", "刘桂芳")]
            .into_iter()
            .enumerate()
    {
        issue(&world, people::social_card(code, name));
        let issued = issue(&world, death(issuer, &format!("D{at}"), (code, name), "2026-10-30"));
        assert!(issued.marked.is_empty());
        if at == 2 {
            // A certificate that does not stand says nothing.
            act(&world, &command(&issued.identifier, 1, Action::Annul));
        }
    }
    load_deaths(&world, 92, true);
    assert_eq!(card(&world, ZHOU), valid());
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings.len(), report.unmarked.len()), (0, 1));
    let done = world.registry.catch_up_on_certificates(&operator()).unwrap();
    assert_eq!((done.certificates, done.marks), (1, 1));
    assert_eq!((card(&world, ZHOU), life(&world, ZHOU)), (deceased(), dead("2026-10-30")));
    assert_eq!((card(&world, CHEN), card(&world, "190101194402150029")), (valid(), valid()));
    let again = world.registry.catch_up_on_certificates(&operator()).unwrap();
    assert_eq!((again.certificates, again.marks), (0, 0));
    // What an office takes back stays taken back.
    by_hand(&world, ZHOU, "normal");
    assert_eq!(world.registry.catch_up_on_certificates(&operator()).unwrap().marks, 0);
    assert_eq!(world.registry.fsck(FsckOptions::default()).unwrap().unmarked, Vec::<String>::new());
    sound(&world);
}

fn r6_deaths_on_the_word_of_a_lost_key_are_listed_until_an_office_speaks(world: World) {
    settled(&world);
    let third = people::number(9);
    issue(&world, people::social_card(ZHOU, "周海燕"));
    issue(&world, death(POLICE, "D1", (ZHOU, "周海燕"), "2026-10-30"));
    issue(&world, death(CREMATORIUM, "D2", (&third, "王建国"), "2026-10-30"));
    by_hand(&world, CHEN, "deceased");
    let lost = world.registry.now().plus_seconds(-60);
    let listed = || {
        let report = world.registry.fsck(FsckOptions::default()).unwrap();
        assert_eq!(report.findings, []);
        report.unfounded.len()
    };
    assert_eq!(listed(), 0);
    let kid = world.registry.snapshot().keys.history(POLICE)[0].kid().to_string();
    world.registry.make_key("test", POLICE).unwrap();
    world.registry.revoke_key("test", &kid, lost, "密钥丢失").unwrap();
    // The certificate and the order; not the crematorium's.
    assert_eq!(listed(), 2);
    let told = (json!("invalid"), json!(["key_revoked", "holder_deceased"]));
    assert_eq!(card(&world, ZHOU), told, "nobody is brought back by that alone");
    world.clock.set(common::noon().plus_seconds(60));
    by_hand(&world, CHEN, "normal");
    assert_eq!(listed(), 1);
    by_hand(&world, ZHOU, "deceased");
    assert_eq!(listed(), 0, "the office confirms it");
}
