//! Backup while serving; restore that verifies before anything stands in its place, and never goes on with an
//! old log; another master key.
#![allow(clippy::print_stderr, reason = "tests")]
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

mod common;

use std::path::Path;

use common::people::{self, CHEN, ZHOU};
use common::{Backend, MASTER, World, demo_regions, operator, run};
use elicense::error::Error;
use elicense::log::LogVerifier;
use elicense::registry::{Ask, FsckOptions, Opening, Registry, Restored, Submitted};
use elicense::rule::Rule;
use elicense::store::Place;
use elicense::trust::MasterKey;
use serde_json::{Value, json};

fn lookup(registry: &Registry, code: &str) -> Result<Value, Error> {
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": code}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    }))
    .unwrap();
    registry.refresh()?;
    let prepared = registry.prepare_lookup(&ask)?;
    let answered = run(registry.lookup(&operator(), prepared))?;
    Ok(serde_json::from_slice(&answered.body).unwrap())
}

fn issue(registry: &Registry, draft: elicense::registry::Draft) {
    registry.refresh().unwrap();
    registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
}

fn opening(world: &World, dir: &Path, master: [u8; 32]) -> Opening {
    Opening {
        place: Place::in_dir(dir),
        master: MasterKey::from_bytes(master),
        clock: world.clock.clone(),
        regions: demo_regions(),
    }
}

fn restore(world: &World, from: &Path, to: &Path) -> Result<Restored, Error> {
    Registry::restore(from, opening(world, to, MASTER))
}

/// Two ID cards, an attachment, some accesses, and a process that serves.
fn serving() -> World {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    issue(registry, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    issue(registry, people::marriage("J190101-2015-000123"));
    registry.store().put_attachment(&[3; 16], b"a file", registry.now()).unwrap();
    registry.start_access("main").unwrap();
    for _ in 0..3 {
        lookup(registry, ZHOU).unwrap();
    }
    world
}

#[test]
fn i14_a_restored_registry_verifies_and_goes_on_in_successors_of_its_logs() {
    let world = serving();
    let registry = &world.registry;
    let (backup, place) = (world.dir().join("backup"), world.dir().join("restored"));
    // Serving goes on meanwhile; its work may or may not be in the backup.
    let stop = std::sync::atomic::AtomicBool::new(false);
    let done = std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let mut answered = 0;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                lookup(registry, CHEN).unwrap();
                answered += 1;
            }
            answered
        });
        let done = registry.backup(&backup).unwrap();
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        assert!(busy.join().unwrap() > 0);
        done
    });
    assert_eq!(done.files, 3);
    let before = registry.checkpoint("records").unwrap();
    // After the backup the old machine signs on: the restored one must not sign those sizes again.
    issue(registry, people::id_card(CHEN, "陈志远", "2020-01-01"));
    lookup(registry, ZHOU).unwrap();

    let restored = restore(&world, &backup, &place).unwrap();
    assert!(restored.fsck.sound());
    let successors: Vec<_> = restored.logs.iter().map(|(_, successor)| successor.as_str()).collect();
    assert_eq!(successors, ["access-cli-r2", "access-main-r2", "access-other-r2", "records-r2"]);

    let registry = Registry::open(opening(&world, &place, MASTER)).unwrap();
    for (closed, _) in &restored.logs {
        let verifier: LogVerifier = registry.log_verifier(&closed.log).unwrap();
        assert_eq!(registry.checkpoint(&closed.log).unwrap(), closed.checkpoint);
        assert_eq!(verifier.checkpoint(&closed.checkpoint).unwrap().size, closed.size);
        let info = registry.logs().unwrap().into_iter().find(|info| info.log == closed.log).unwrap();
        assert!(info.closed);
    }
    // The backup's tree is the beginning of the closed one.
    let old = registry.log_verifier("records").unwrap().checkpoint(&before).unwrap();
    let (closed, _) = restored.logs.iter().find(|(closed, _)| closed.log == "records").unwrap();
    let end = registry.log_verifier("records").unwrap().checkpoint(&closed.checkpoint).unwrap();
    let proof = registry.consistency_proof("records", old.size, None).unwrap().proof;
    assert!(elicense::log::proof::extends(&old.root, old.size, &end.root, end.size, &proof));

    // Reads, writes and accesses go on, in the successors.
    registry.start_access("main").unwrap();
    let answer = lookup(&registry, ZHOU).unwrap();
    assert_eq!(answer["records"].as_array().unwrap().len(), 2);
    assert_eq!(answer["receipt"]["log"], "access-main-r2");
    issue(&registry, people::id_card(CHEN, "陈志远", "2020-01-01"));
    let logs = registry.logs().unwrap();
    let size = |log: &str| logs.iter().find(|info| info.log == log).unwrap().size;
    assert_eq!(size("records"), end.size);
    assert!(size("records-r2") > 1);
    assert_eq!(registry.store().attachment(&[3; 16]).unwrap().unwrap(), b"a file");
    registry.stop_access();
    let report = registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings, []);

    // A restored registry is backed up and restored again like any other.
    registry.backup(&world.dir().join("second")).unwrap();
    drop(registry);
    let again = restore(&world, &world.dir().join("second"), &world.dir().join("again")).unwrap();
    assert!(again.logs.iter().any(|(_, successor)| successor == "records-r3"));
}

#[test]
fn a_backup_that_was_touched_is_not_restored() {
    let world = serving();
    let (backup, place) = (world.dir().join("backup"), world.dir().join("restored"));
    world.registry.backup(&backup).unwrap();
    let refused = |rule: &str| {
        let error = restore(&world, &backup, &place).unwrap_err();
        assert_eq!(error.rule.map(Rule::wire), Some(rule), "{error:?}");
        assert!(!place.exists());
        let left = std::fs::read_dir(world.dir()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("restoring")));
    };
    let flip = |name: &str, at: usize| {
        let path = backup.join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    for name in ["registry.db", "access.db"] {
        let at = std::fs::metadata(backup.join(name)).unwrap().len() as usize - 100;
        flip(name, at);
        refused("backup_digest");
        flip(name, at);
    }
    flip("manifest.json", 40);
    refused("backup_signature");
    flip("manifest.json", 40);
    // A manifest of someone else's making, over the right files.
    let payload = std::fs::read(backup.join("manifest.json")).unwrap();
    let signed = std::fs::read(backup.join("manifest.jws")).unwrap();
    let stranger = elicense::trust::SigningKey::generate().unwrap();
    let other =
        elicense::trust::EnvelopeBuf::sign(elicense::trust::Typ::Backup, &payload, &stranger).unwrap();
    std::fs::write(backup.join("manifest.jws"), other.compact()).unwrap();
    refused("backup_signature");
    std::fs::write(backup.join("manifest.jws"), signed).unwrap();
    let wrong = Registry::restore(&backup, opening(&world, &place, [8; 32])).unwrap_err();
    assert_eq!(wrong.code.wire(), "master_key_wrong");
    assert!(!place.exists());
    restore(&world, &backup, &place).unwrap();
    let there = restore(&world, &backup, &place).unwrap_err();
    assert_eq!(there.code.wire(), "already_initialised");
}

#[test]
fn a_backup_of_a_damaged_registry_is_not_restored() {
    let world = serving();
    let (backup, place) = (world.dir().join("backup"), world.dir().join("restored"));
    let path = world.data().join("registry.db");
    #[allow(clippy::disallowed_methods, clippy::allow_attributes, reason = "the hand at the database")]
    let mut conn =
        <diesel::SqliteConnection as diesel::Connection>::establish(path.to_str().unwrap()).unwrap();
    let changed = diesel::RunQueryDsl::execute(
        diesel::sql_query("UPDATE records SET disputed = 1 WHERE version = 1"),
        &mut conn,
    );
    assert_eq!(changed, Ok(3));
    drop(conn);
    world.registry.backup(&backup).unwrap();
    let error = restore(&world, &backup, &place).unwrap_err();
    assert_eq!(error.rule.map(Rule::wire), Some("backup_fsck"));
    let findings = error.extra.unwrap();
    assert!(
        findings.as_array().unwrap().iter().any(|finding| finding["kind"] == "seal_broken"),
        "{findings}"
    );
    assert!(!elicense::identity::contains_citizen_number(&findings.to_string()));
    assert!(!place.exists());
}

#[test]
fn a_backup_takes_a_new_folder_and_a_sqlite_registry() {
    let world = serving();
    let backup = world.dir().join("backup");
    world.registry.backup(&backup).unwrap();
    let error = world.registry.backup(&backup).unwrap_err();
    assert_eq!(error.rule.map(Rule::wire), Some("backup_place"));
    let Some(world) = common::world(Backend::Postgres) else { return common::postgres::skipped() };
    let error = world.registry.backup(&world.dir().join("backup")).unwrap_err();
    assert_eq!(error.code.wire(), "config_invalid");
    assert!(error.detail.contains("pg_dump"));
}

on_both! {
    another_master_key_opens_everything_and_the_old_one_nothing
    i14_a_database_that_was_put_back_goes_on_in_successors_of_its_logs
    a_damaged_database_that_was_put_back_keeps_its_logs
}

fn i14_a_database_that_was_put_back_goes_on_in_successors_of_its_logs(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    issue(registry, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    registry.start_access("main").unwrap();
    lookup(registry, ZHOU).unwrap();
    let held = registry.restore_in_place("test").unwrap_err();
    assert_eq!((held.code.wire(), held.rule.map(Rule::wire)), ("log_lost", Some("log_held")));
    assert!(registry.logs().unwrap().iter().all(|log| !log.closed));
    registry.stop_access();
    let registry = world.reopen();
    let before = registry.logs().unwrap();
    let done = registry.restore_in_place("test").unwrap();
    assert!(done.fsck.sound());
    let successors: Vec<_> = done.logs.iter().map(|(_, next)| next.as_str()).collect();
    assert_eq!(successors, ["access-cli-r2", "access-main-r2", "access-other-r2", "records-r2"]);
    for old in &before {
        let now = registry.logs().unwrap().into_iter().find(|log| log.log == old.log).unwrap();
        assert!(now.closed && now.size == old.size, "{}: it ends as it is", old.log);
    }
    let closed: Vec<_> = registry.logs().unwrap().into_iter().filter(|log| log.closed).collect();
    let registry = world.reopen();
    registry.start_access("main").unwrap();
    let answer = lookup(&registry, ZHOU).unwrap();
    assert_eq!(answer["receipt"]["log"], "access-main-r2");
    issue(&registry, people::id_card(CHEN, "陈志远", "2020-01-01"));
    registry.stop_access();
    for old in closed {
        let now = registry.logs().unwrap().into_iter().find(|log| log.log == old.log).unwrap();
        assert_eq!(now.size, old.size, "{}: nothing is appended to it any more", old.log);
    }
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn a_damaged_database_that_was_put_back_keeps_its_logs(world: World) {
    people::settle(&world.registry);
    issue(&world.registry, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    world.sql("UPDATE records SET disputed = NOT disputed");
    let registry = world.reopen();
    let error = registry.restore_in_place("test").unwrap_err();
    assert_eq!(error.rule.map(Rule::wire), Some("backup_fsck"));
    assert!(registry.logs().unwrap().iter().all(|log| !log.closed));
}

fn another_master_key_opens_everything_and_the_old_one_nothing(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    issue(registry, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    registry.start_access("main").unwrap();
    lookup(registry, ZHOU).unwrap();
    let new = MasterKey::from_bytes([9; 32]);
    let held = registry.rekey_master("test", &new).unwrap_err();
    assert_eq!(held.code.wire(), "log_lost");
    registry.stop_access();
    let other = world.reopen();
    let done = registry.rekey_master("test", &new).unwrap();
    assert!(done.data >= 3 && done.signing >= 7, "{done:?}");

    let open = |master: [u8; 32]| {
        Registry::open(Opening {
            place: world.place.clone(),
            master: MasterKey::from_bytes(master),
            clock: world.clock.clone(),
            regions: demo_regions(),
        })
    };
    assert_eq!(open(MASTER).err().unwrap().code.wire(), "master_key_wrong");
    // A process that was open meanwhile stops at its next look at the policy.
    assert_eq!(other.refresh().unwrap_err().code.wire(), "master_key_wrong");
    let registry = open([9; 32]).unwrap();
    registry.start_access("main").unwrap();
    assert_eq!(lookup(&registry, ZHOU).unwrap()["records"][0]["verdict"], "valid");
    issue(&registry, people::id_card(CHEN, "陈志远", "2020-01-01"));
    registry.stop_access();
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

#[test]
fn a_command_takes_up_what_was_put_back_in_its_place() {
    let installed = common::program::Installed::new(people::settle);
    let usage = installed.run(&["restore"], "");
    assert_eq!(usage.status.code(), Some(2), "{usage:?}");
    let done = installed.run(&["restore", "--in-place"], "");
    assert!(done.status.success(), "{done:?}");
    assert!(String::from_utf8_lossy(&done.stdout).contains("followed by records-r2"), "{done:?}");
    let list = installed.run(&["log", "list"], "");
    assert_eq!(String::from_utf8_lossy(&list.stdout).matches("  closed").count(), 4, "{list:?}");
}
