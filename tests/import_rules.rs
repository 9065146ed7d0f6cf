//! The rules of the catalog beside an import, on both databases: one certificate ends another, in either
//! order, and a directory entry gives way to its record, as in an issue.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::couples::{Couple, certificate, husband, wife};
use common::people::{self, POLICE, number};
use common::{World, operator};
use elicense::record::action::Action;
use elicense::record::state::State;
use elicense::registry::import::{ImportOptions, ImportProgress, ImportReport, Limits, Stage};
use elicense::registry::{
    ActCommand, DirectoryDraft, DisputeCommand, Draft, FsckOptions, Issued, Registry, Submitted,
};
use elicense::rule::Rule;
use elicense::store::{DbUrl, Opened, StoredEvent, StoredRecord};
use serde_json::{Value, json};

const MARRIAGE: &str = "marriage_certificate";
const DIVORCE: &str = "divorce_certificate";

fn lines(rows: &[Draft]) -> String {
    rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect()
}

fn write(world: &World, name: &str, rows: &[Draft]) -> PathBuf {
    let path = world.dir().join(name);
    std::fs::write(&path, lines(rows)).unwrap();
    path
}

/// Runs, blocks and transactions so small that a short file has many of each.
fn small(world: &World) -> ImportOptions {
    let limits = Limits {
        run_bytes: 16 << 10,
        block_bytes: 4 << 10,
        transaction_bytes: 12_000,
        pause: Duration::ZERO,
        ..Limits::default()
    };
    let error_path = Some(world.dir().join("errors.ndjson"));
    ImportOptions { limits, threads: Some(2), error_path, ..ImportOptions::default() }
}

fn import(world: &World, source: &Path) -> ImportReport {
    world.registry.refresh().unwrap();
    let report = world.registry.import(&operator(), source, &small(world), &|_| ()).unwrap();
    assert!(report.counts.adds_up(), "{:?}", report.counts);
    report
}

fn issue(world: &World, draft: Draft) -> Issued {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap()
}

fn sound(world: &World) {
    assert_eq!(world.registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

/// The records of one type under one number, each with its events.
fn records(registry: &Registry, code: &str, slug: &str) -> Vec<(StoredRecord, Vec<StoredEvent>)> {
    let snapshot = registry.snapshot();
    let type_code = snapshot.catalog.type_by_slug(slug).unwrap().def().code.clone();
    let store = registry.store();
    let hk = store.vault().index().holder_key("111", code);
    let read = store.read_now(|reader| {
        let mut found = Vec::new();
        for row in reader.records_of(&hk)? {
            let Opened::Record(row) = row else { panic!("a row does not open") };
            if row.type_code == type_code {
                let events = reader.events_of(&hk, &row.record_id)?;
                found.push((*row, events));
            }
        }
        Ok(found)
    });
    read.unwrap()
}

/// The one marriage of a couple, as both its rows have it.
fn marriage(world: &World, couple: usize) -> (State, Vec<String>) {
    let told = [husband(couple), wife(couple)].map(|code| {
        let mut found = records(&world.registry, &code, MARRIAGE);
        assert_eq!(found.len(), 1, "couple {couple}");
        let (row, events) = found.remove(0);
        let events: Vec<String> =
            events.iter().map(|event| format!("{} {}", event.action, event.effective_on)).collect();
        (row.state, events)
    });
    assert_eq!(told[0], told[1], "both rows say the same");
    told[0].clone()
}

fn married(couple: usize, number: usize, day: &str) -> Draft {
    certificate(MARRIAGE, Couple { couple, turned: false }, &format!("J190101-{couple:05}-{number}"), day)
}

/// Its holders stand in the other order, so that it may come before the marriage in the merge, too.
fn divorced(couple: usize, number: usize, day: &str) -> Draft {
    let turned = couple.is_multiple_of(2);
    certificate(DIVORCE, Couple { couple, turned }, &format!("L190101-{couple:05}-{number}"), day)
}

fn lapsed(day: &str) -> (State, Vec<String>) {
    (State::Lapsed, vec!["issue 2010-05-20".to_owned(), format!("lapse {day}")])
}

on_both! {
    an_imported_divorce_ends_the_marriage_that_is_here
    an_ending_that_stands_before_what_it_ends_ends_it
    what_began_before_an_ending_that_is_here_is_ended_when_it_comes
    the_earliest_ending_counts_whatever_comes_first
    an_annulled_ending_ends_nothing
    an_ending_under_a_changed_number_ends_it
    a_file_twice_ends_nothing_twice
    a_death_in_a_file_is_proposed_once
    a_directory_entry_gives_way_to_an_imported_record
    an_entry_that_is_not_good_keeps_its_record_out
    a_commit_of_the_rules_that_fails_or_seems_to_counts_once
    i14_a_run_killed_while_settling_goes_on_behind_its_last_commit
    what_a_run_that_was_given_up_left_undone_another_run_of_the_file_does
    a_row_may_say_that_the_record_is_transferred_in
}

fn an_imported_divorce_ends_the_marriage_that_is_here(world: World) {
    people::settle(&world.registry);
    let here = issue(&world, married(0, 1, "2010-05-20"));
    let kept = issue(&world, married(1, 1, "2010-05-20"));
    let report = import(&world, &write(&world, "a.ndjson", &[divorced(0, 1, "2020-10-08")]));
    assert_eq!((report.counts.bound, report.counts.ended), (1, 1));
    assert_eq!(marriage(&world, 0), lapsed("2020-10-08"));
    assert_eq!(marriage(&world, 1).0, State::Active);
    // The end is an event of its own behind the row's, with the divorce as its ground, and the run says so.
    let (row, events) = records(&world.registry, &wife(0), MARRIAGE).remove(0);
    assert_eq!(row.body.identifier, here.identifier);
    let divorce = records(&world.registry, &wife(0), DIVORCE).remove(0).0;
    assert!(events[1].ground.contains(&divorce.body.identifier), "{}", events[1].ground);
    assert_eq!((report.first_leaf, report.last_leaf), (Some(divorce.leaf), Some(events[1].leaf)));
    assert!(kept.leaf < divorce.leaf && divorce.leaf < events[1].leaf);
    sound(&world);
}

fn an_ending_that_stands_before_what_it_ends_ends_it(world: World) {
    people::settle(&world.registry);
    let couples = 0..30;
    let mut rows: Vec<Draft> = couples.clone().map(|couple| divorced(couple, 1, "2020-10-08")).collect();
    rows.extend(couples.clone().map(|couple| married(couple, 1, "2010-05-20")));
    // Married again: that is another marriage, and it stands.
    rows.insert(0, married(100, 2, "2021-01-01"));
    rows.push(divorced(100, 1, "2020-10-08"));
    let commits = AtomicUsize::new(0);
    let progress = |told: ImportProgress| {
        commits.fetch_add(usize::from(told.stage == Stage::Writing), Ordering::SeqCst);
    };
    let source = write(&world, "a.ndjson", &rows);
    let report = world.registry.import(&operator(), &source, &small(&world), &progress).unwrap();
    assert!(commits.into_inner() > 3, "the rows were to come in several transactions");
    assert_eq!((report.counts.bound, report.counts.ended), (62, 30));
    for couple in couples {
        assert_eq!(marriage(&world, couple), lapsed("2020-10-08"), "couple {couple}");
    }
    assert_eq!(marriage(&world, 100).0, State::Active);
    sound(&world);
}

fn what_began_before_an_ending_that_is_here_is_ended_when_it_comes(world: World) {
    people::settle(&world.registry);
    // By an issue.
    issue(&world, divorced(0, 1, "2020-10-08"));
    let late = issue(&world, married(0, 1, "2010-05-20"));
    assert_eq!(late.ended.len(), 1, "{:?}", late.ended);
    assert_eq!(late.ended[0].identifier.as_ref(), Some(&late.identifier));
    assert_eq!((late.ended[0].state, late.ended[0].leaf), (State::Lapsed, late.leaf + 1));
    assert_eq!(marriage(&world, 0), lapsed("2020-10-08"));
    issue(&world, divorced(1, 1, "2020-10-08"));
    let again = issue(&world, married(1, 1, "2020-10-09"));
    assert_eq!((again.ended.len(), marriage(&world, 1).0), (0, State::Active), "married after the divorce");
    // The old divorce of a pair that has married again comes last.
    issue(&world, married(2, 1, "2018-05-20"));
    assert_eq!(issue(&world, divorced(2, 1, "2015-10-08")).ended, []);
    assert_eq!(marriage(&world, 2).0, State::Active);
    // Of one day: the second one came after.
    issue(&world, married(3, 1, "2020-10-08"));
    assert_eq!(issue(&world, divorced(3, 1, "2020-10-08")).ended.len(), 1);
    assert_eq!(issue(&world, married(3, 2, "2020-10-08")).ended, []);
    // The same by two files.
    let days = [(10, "2010-05-20"), (11, "2020-10-09")];
    let first = days.map(|(couple, _)| divorced(couple, 1, "2020-10-08"));
    assert_eq!(import(&world, &write(&world, "a.ndjson", &first)).counts.ended, 0);
    let second = days.map(|(couple, day)| married(couple, 1, day));
    assert_eq!(import(&world, &write(&world, "b.ndjson", &second)).counts.ended, 1);
    assert_eq!(marriage(&world, 10), lapsed("2020-10-08"));
    assert_eq!(marriage(&world, 11).0, State::Active);
    sound(&world);
}

fn the_earliest_ending_counts_whatever_comes_first(world: World) {
    people::settle(&world.registry);
    for (couple, turn) in (0..6).zip([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
        let rows = [
            married(couple, 1, "2010-05-20"),
            divorced(couple, 1, "2012-10-08"),
            divorced(couple, 2, "2016-10-08"),
        ];
        let turned = turn.map(|at| rows[at].clone());
        let report = import(&world, &write(&world, &format!("{couple}.ndjson"), &turned));
        assert_eq!((report.counts.bound, report.counts.ended), (3, 1));
        assert_eq!(marriage(&world, couple), lapsed("2012-10-08"), "{turn:?}");
    }
    sound(&world);
}

fn an_annulled_ending_ends_nothing(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let divorce = issue(&world, divorced(0, 1, "2020-10-08"));
    let mut annul = ActCommand::new(&divorce.identifier, 1, Action::Annul);
    annul.ground = Some("行政判决书 2026-17 号".into());
    world.registry.act(&operator(), &annul).unwrap();
    assert_eq!(issue(&world, married(0, 1, "2010-05-20")).ended, []);
    let report = import(&world, &write(&world, "a.ndjson", &[married(0, 2, "2011-05-20")]));
    assert_eq!((report.counts.bound, report.counts.ended), (1, 0));
}

fn an_ending_under_a_changed_number_ends_it(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let (old, new) = (wife(0), wife(50));
    let link = json!({
        "from": {"type": "111", "code": old}, "to": {"type": "111", "code": new}, "kind": "same_person",
        "ground": "身份证号码更正证明", "names_differ": true, "agency": POLICE,
    });
    world.registry.link_holders(&operator(), &serde_json::from_value(link).unwrap(), None).unwrap();
    let mut divorce = divorced(0, 1, "2020-10-08");
    let text = serde_json::to_string(&divorce).unwrap();
    let born = |code: &str| format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]);
    divorce = serde_json::from_str(&text.replace(&old, &new).replace(&born(&old), &born(&new))).unwrap();
    // First the ending, under the number of today.
    let report = import(&world, &write(&world, "a.ndjson", &[divorce, married(0, 1, "2010-05-20")]));
    assert_eq!((report.counts.bound, report.counts.ended), (2, 1));
    assert_eq!(records(&world.registry, &old, MARRIAGE)[0].0.state, State::Lapsed);
    sound(&world);
}

fn a_file_twice_ends_nothing_twice(world: World) {
    people::settle(&world.registry);
    let rows = [divorced(0, 1, "2020-10-08"), married(0, 1, "2010-05-20")];
    let source = write(&world, "a.ndjson", &rows);
    assert_eq!(import(&world, &source).counts.ended, 1);
    let again = import(&world, &source);
    assert_eq!((again.counts.already_there, again.counts.ended), (2, 0));
    assert_eq!((again.first_leaf, again.last_leaf), (None, None));
    assert_eq!(marriage(&world, 0), lapsed("2020-10-08"));
    sound(&world);
}

fn a_death_in_a_file_is_proposed_once(world: World) {
    people::settle(&world.registry);
    let code = number(0);
    let rows = [people::death(&code, "周海燕"), people::social_card(&code, "周海燕")];
    let source = write(&world, "a.ndjson", &rows);
    let report = import(&world, &source);
    assert_eq!((report.counts.bound, report.counts.ended, report.counts.proposals), (2, 0, 1));
    let again = import(&world, &source);
    assert_eq!((again.counts.already_there, again.counts.proposals), (2, 0));
    let closing = report.closing.unwrap();
    let envelope = elicense::trust::EnvelopeBuf::parse_compact(&closing, Default::default()).unwrap();
    let count: Value = serde_json::from_slice(envelope.view().payload()).unwrap();
    assert_eq!(count["counts"]["proposals"], 1);
    assert_eq!(count["counts"].get("ended"), None, "what did not happen is not counted");
}

/// An entry of a marriage certificate on paper.
fn listed(world: &World, couple: usize) -> String {
    let draft = married(couple, 1, "2010-05-20");
    let entry: DirectoryDraft = serde_json::from_value(json!({
        "type": MARRIAGE, "issuer": POLICE, "holders": draft.holders, "custody": "paper",
        "number": draft.face["certificate_no"], "office": "城东区民政局档案室", "issued_on": "2010-05-20",
    }))
    .unwrap();
    world.registry.refresh().unwrap();
    world.registry.put_directory(&operator(), &entry, None).unwrap().identifier
}

fn a_directory_entry_gives_way_to_an_imported_record(world: World) {
    people::settle(&world.registry);
    let entries: Vec<String> = (0..5).map(|couple| listed(&world, couple)).collect();
    let rows: Vec<Draft> = (0..10).map(|couple| married(couple, 1, "2010-05-20")).collect();
    let source = write(&world, "a.ndjson", &rows);
    let report = import(&world, &source);
    assert_eq!((report.counts.bound, report.counts.taken_over), (10, 5));
    for (couple, entry) in entries.iter().enumerate() {
        let (row, events) = records(&world.registry, &wife(couple), MARRIAGE).remove(0);
        assert!(!row.body.envelope.is_empty(), "the body is here");
        assert_eq!(events.len(), 1);
        // The entry's identifier leads to the record, and its history names the replacement.
        let store = world.registry.store();
        let key = store.vault().index().identifier_key(entry);
        let leads = store.read_now(|reader| reader.record_key(&key)).unwrap().unwrap();
        assert_eq!(leads.record_id, row.record_id);
    }
    assert_eq!(import(&world, &source).counts.already_there, 10);
    sound(&world);
    // A record that was put in the place of an entry ends and is ended as any other.
    let report = import(&world, &write(&world, "b.ndjson", &[divorced(0, 1, "2020-10-08")]));
    assert_eq!(report.counts.ended, 1);
    sound(&world);
}

fn an_entry_that_is_not_good_keeps_its_record_out(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let suspended = listed(&world, 0);
    let disputed = listed(&world, 1);
    listed(&world, 2);
    let mut suspend = ActCommand::new(&suspended, 1, Action::Suspend);
    suspend.ground = Some("行政处罚决定书 2026-17 号".into());
    world.registry.act(&operator(), &suspend).unwrap();
    let object = |disputed: bool, identifier: &str| {
        let identifier = identifier.to_owned();
        let command = DisputeCommand { identifier, disputed, ground: "持证人报错".into(), agency: None };
        world.registry.dispute(&operator(), &command, None).unwrap()
    };
    object(true, &disputed);
    let rows: Vec<Draft> = (0..4).map(|couple| married(couple, 1, "2010-05-20")).collect();
    let source = write(&world, "a.ndjson", &rows);
    let dry = ImportOptions { dry_run: true, ..small(&world) };
    world.registry.refresh().unwrap();
    let told = world.registry.import(&operator(), &source, &dry, &|_| ()).unwrap().counts;
    assert_eq!((told.bound, told.refused, told.taken_over), (2, 2, 1), "a dry run says what would be");
    let report = import(&world, &source);
    assert_eq!((report.counts.bound, report.counts.refused, report.counts.taken_over), (2, 2, 1));
    let errors = std::fs::read_to_string(world.dir().join("errors.ndjson")).unwrap();
    let mut rules: Vec<(u64, Value)> = errors
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["rule"].clone()))
        .collect();
    rules.sort_by_key(|(line, _)| *line);
    let expected = [(1, Rule::EntryNotActive), (2, Rule::EntryDisputed)];
    assert_eq!(rules, expected.map(|(line, rule)| (line, json!(rule.wire()))));
    sound(&world);
    // The refused row kept nothing: once the entry is good again it is taken.
    object(false, &disputed);
    let report = import(&world, &source);
    assert_eq!((report.counts.bound, report.counts.already_there, report.counts.taken_over), (1, 2, 1));
    sound(&world);
}

fn a_commit_of_the_rules_that_fails_or_seems_to_counts_once(world: World) {
    people::settle(&world.registry);
    let mut rows: Vec<Draft> = (0..40).map(|couple| married(couple, 1, "2010-05-20")).collect();
    rows.extend((0..40).map(|couple| divorced(couple, 1, "2020-10-08")));
    let source = write(&world, "a.ndjson", &rows);
    let mut options = small(&world);
    // A step takes one row, a page ten.
    (options.limits.alone_time, options.limits.settled_page) = (Duration::ZERO, 10);
    let told = AtomicUsize::new(0);
    let progress = |progress: ImportProgress| {
        if progress.stage == Stage::Settling {
            match told.fetch_add(1, Ordering::SeqCst) {
                0 => world.registry.store().fail_next_commit(false),
                1 => world.registry.store().fail_next_commit(true),
                _ => {}
            }
        }
    };
    let report = world.registry.import(&operator(), &source, &options, &progress).unwrap();
    assert!(told.into_inner() > 3, "the rules were to take several pages");
    assert_eq!((report.counts.bound, report.counts.ended), (80, 40));
    (0..40).for_each(|couple| assert_eq!(marriage(&world, couple), lapsed("2020-10-08")));
    sound(&world);
}

fn a_row_may_say_that_the_record_is_transferred_in(world: World) {
    people::settle(&world.registry);
    let row = json!({"record": people::id_card(&number(0), "周海燕", "2020-01-01"), "action": "transfer_in"});
    let path = world.dir().join("a.ndjson");
    std::fs::write(&path, row.to_string()).unwrap();
    assert_eq!(import(&world, &path).counts.bound, 1);
    let (_, events) = records(&world.registry, &number(0), "resident_id_card").remove(0);
    assert_eq!(events[0].action, "transfer_in");
    sound(&world);
}

fn i14_a_run_killed_while_settling_goes_on_behind_its_last_commit(world: World) {
    people::settle(&world.registry);
    for (round, at) in [1, 2, 3].into_iter().enumerate() {
        let couples = round * 100..round * 100 + 60;
        let mut rows: Vec<Draft> = couples.clone().map(|couple| divorced(couple, 1, "2020-10-08")).collect();
        rows.extend(couples.clone().map(|couple| married(couple, 1, "2010-05-20")));
        let source = write(&world, &format!("{round}.ndjson"), &rows);
        killed(&world, &source, at);
        let states = || couples.clone().map(|couple| marriage(&world, couple).0).collect::<Vec<_>>();
        let ended = states().iter().filter(|state| **state == State::Lapsed).count();
        assert!(ended > 0 && ended < 60, "{ended} were ended when it was killed");
        let report = import(&world, &source);
        assert_eq!((report.counts.bound, report.counts.ended), (120, 60), "counted over both processes");
        let timings = report.timings;
        assert_eq!((timings.parsing.rows, timings.writing.rows), (0, 0), "nothing was read or written again");
        for couple in couples.clone() {
            assert_eq!(marriage(&world, couple), lapsed("2020-10-08"), "couple {couple}");
        }
        let left = std::fs::read_dir(world.data().join("spill")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "spill runs are left");
    }
    sound(&world);
}

fn what_a_run_that_was_given_up_left_undone_another_run_of_the_file_does(world: World) {
    people::settle(&world.registry);
    let mut rows: Vec<Draft> = (0..60).map(|couple| divorced(couple, 1, "2020-10-08")).collect();
    rows.extend((0..60).map(|couple| married(couple, 1, "2010-05-20")));
    let source = write(&world, "a.ndjson", &rows);
    killed(&world, &source, 1);
    std::fs::remove_dir_all(world.data().join("spill")).unwrap();
    world.sql("DELETE FROM import_runs");
    let report = import(&world, &source);
    assert_eq!((report.counts.bound, report.counts.already_there), (0, 120));
    assert!(report.counts.ended > 0 && report.counts.ended < 60, "{:?}", report.counts);
    (0..60).for_each(|couple| assert_eq!(marriage(&world, couple), lapsed("2020-10-08")));
    sound(&world);
}

/// Kills an import of the file at its n-th word of the third stage.
fn killed(world: &World, source: &Path, at: usize) {
    let url = match &world.place.url {
        DbUrl::Postgres(url) => url.clone(),
        DbUrl::Sqlite(_) => String::new(),
    };
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_import_that_is_killed", "--ignored", "--nocapture"])
        .env("IMPORT_DATA", world.data())
        .env("IMPORT_URL", url)
        .env("IMPORT_SOURCE", source)
        .env("IMPORT_ERRORS", world.dir().join("errors.ndjson"))
        .env("IMPORT_KILL", at.to_string())
        .output()
        .unwrap();
    let ended = std::os::unix::process::ExitStatusExt::signal(&child.status);
    assert_eq!(ended, Some(9), "the child was to be killed: {}", String::from_utf8_lossy(&child.stdout));
}

#[test]
#[ignore = "started and killed by the test of killed runs"]
fn the_import_that_is_killed() {
    let env = |name: &str| std::env::var(name).unwrap();
    let data = PathBuf::from(env("IMPORT_DATA"));
    let url = env("IMPORT_URL");
    let url = if url.is_empty() { DbUrl::in_data_dir(&data) } else { DbUrl::parse(&url).unwrap() };
    let registry = Registry::open(elicense::registry::Opening {
        place: elicense::store::Place { url, dir: data, point_hops: false },
        master: elicense::trust::MasterKey::from_bytes(common::MASTER),
        clock: elicense::clock::Clock::fixed(common::noon()),
        regions: common::demo_regions(),
    })
    .unwrap();
    let at: usize = env("IMPORT_KILL").parse().unwrap();
    let told = AtomicUsize::new(0);
    let limits = Limits { run_bytes: 16 << 10, block_bytes: 4 << 10, ..Limits::default() };
    // A step takes one row: the first word of the stage comes after the first steps.
    let limits = Limits { alone_time: Duration::ZERO, settled_page: 10, pause: Duration::ZERO, ..limits };
    let error_path = Some(env("IMPORT_ERRORS").into());
    let options = ImportOptions { error_path, limits, threads: Some(2), ..ImportOptions::default() };
    let progress = |progress: ImportProgress| {
        if progress.stage == Stage::Settling && told.fetch_add(1, Ordering::SeqCst) + 1 == at {
            common::program::signal(std::process::id(), "KILL");
            std::thread::sleep(Duration::from_secs(30));
        }
    };
    registry.import(&operator(), Path::new(&env("IMPORT_SOURCE")), &options, &progress).unwrap();
}
