//! The files of commands on the disk: for their owner alone, and none after a refused command.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::people::{self, ZHOU};
use common::program::{self, Installed, Program};
use common::server;
use common::{Backend, operator, world};
use elicense::registry::Submitted;

/// The same command in a process whose umask hides nothing.
fn open_umask(command: Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    shell.env_clear();
    shell
}

/// Files and folders below a place that others than the owner may read or write.
fn open_to_others(place: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    let mut waiting = vec![place.to_owned()];
    while let Some(path) = waiting.pop() {
        let about = std::fs::metadata(&path).unwrap();
        if about.permissions().mode() & 0o077 != 0 {
            found.push((path.clone(), about.permissions().mode() & 0o777));
        }
        if about.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}

#[test]
fn what_commands_write_is_for_its_owner_alone_whatever_the_umask() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (data, key) = (at("data"), at("master.key"));
    let run = |arguments: &[&str], input: &str| {
        let output = program::finish(open_umask(program::command(&data, &key, arguments)), input);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    };
    run(&["init", "--origin", "test.example", "--region", "190000"], "");
    let installed = Installed::made_in(dir);
    let registry = {
        use elicense::registry::{Opening, Registry};
        let master = elicense::trust::MasterKey::read(&key, Some(&data)).unwrap();
        let place = elicense::store::Place::in_dir(&data);
        let clock = elicense::clock::Clock::System;
        Registry::open(Opening { place, master, clock, regions: common::demo_regions() }).unwrap()
    };
    people::settle(&registry);
    server::clients(&registry);
    registry.refresh().unwrap();
    let card = people::id_card(ZHOU, "周海燕", "2020-01-01");
    registry.issue(&operator(), &Submitted::Draft(card)).unwrap();
    let content = b"a scan".as_slice();
    let sha256 = elicense::record::Digest::of(&[content]).hex();
    registry.put_attachment(&operator(), &sha256, content).unwrap();
    drop(registry);

    let mut program = Program::start(open_umask(installed.command(&[
        "serve",
        "--agency",
        "127.0.0.1:0",
        "--workers",
        "2",
    ])));
    let token = program.server.token("all", server::SECRET);
    assert_eq!(program.server.get("/api/v1/types", Some(&token)).status, 200);
    assert!(data.join("access.db-wal").exists(), "the scan needs something to find");
    assert_eq!(open_to_others(&data), Vec::new(), "while it serves");
    program.signal("TERM");
    let _ended = program.child.wait();

    let (out, copy) = (installed.dir.path().join("out.ndjson"), installed.dir.path().join("copy"));
    run(&["export", "--out", out.to_str().unwrap()], "");
    run(&["backup", copy.to_str().unwrap()], "");
    let again = installed.dir.path().join("again");
    let restore = program::command(&again, &key, &["restore", copy.to_str().unwrap()]);
    let output = program::finish(open_umask(restore), "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for place in [&data, &out, &copy, &again] {
        assert_eq!(open_to_others(place), Vec::new());
    }
    assert!(common::needles::files(&again).len() >= 3, "an attachment is among them");
}

#[test]
fn i11_an_init_that_is_refused_leaves_no_key_in_the_way_of_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (data, key) = (dir.path().join("data"), dir.path().join("master.key"));
    let init = |key: &Path, origin: &str| {
        let arguments = ["init", "--origin", origin, "--region", "190000", "--json"];
        program::finish(program::command(&data, key, &arguments), "").status.code()
    };
    assert_ne!(init(&key, "not an origin"), Some(0));
    assert!(!key.exists() && !data.exists(), "nothing was made");
    assert_eq!(init(&key, "test.example"), Some(0));
    let other = dir.path().join("other.key");
    assert_ne!(init(&other, "test.example"), Some(0), "there is a registry");
    assert!(!other.exists(), "a second init makes no key");
}

#[test]
fn a_log_that_is_added_is_an_event_and_an_access_log() {
    let installed = Installed::new(people::settle);
    let size = || {
        let output = installed.run(&["log", "list", "--json"], "");
        let logs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let logs = logs.as_array().unwrap().clone();
        let of =
            |name: &str| logs.iter().find(|log| log["log"] == name).map(|log| log["size"].as_u64().unwrap());
        (of("records").unwrap(), of("access-third"), logs.len())
    };
    let before = size();
    assert_eq!(installed.run(&["log", "add", "third"], "").status.code(), Some(2), "no access log's name");
    assert_eq!(size(), before, "and nothing was made");
    assert_eq!(installed.run(&["log", "add", "access-third", "--as", "周"], "").status.code(), Some(0));
    let after = size();
    assert!(after.0 > before.0, "an event says so: {before:?}, {after:?}");
    assert_eq!((after.1, after.2), (Some(0), before.2 + 1), "one log more");
    assert_eq!(installed.run(&["fsck"], "").status.code(), Some(0));
}

#[test]
fn an_import_never_writes_its_errors_over_its_rows() {
    let installed = Installed::new(people::settle);
    let rows = installed.dir.path().join("rows.ndjson");
    std::fs::write(&rows, "{\"not\": \"a row\"}\n").unwrap();
    let link = installed.dir.path().join("same.ndjson");
    std::fs::hard_link(&rows, &link).unwrap();
    for errors in [&rows, &link] {
        for more in [&[][..], &["--dry-run"]] {
            let mut arguments = vec!["import", rows.to_str().unwrap(), "--errors", errors.to_str().unwrap()];
            arguments.extend(more);
            let output = installed.run(&arguments, "");
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            assert_eq!(std::fs::read_to_string(&rows).unwrap(), "{\"not\": \"a row\"}\n");
        }
    }
}

#[test]
fn an_argument_that_cannot_be_used_is_usage() {
    let installed = Installed::new(people::settle);
    for arguments in [
        &["fsck", "--database", "mysql://h/db"][..],
        &["fsck", "--database", "registry.db"],
        &["serve", "--agency", "192.0.2.1:1"],
        &["serve"],
        &["init", "--origin", "not an origin", "--region", "190000"],
    ] {
        let output = installed.run(arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
}

#[test]
fn an_export_says_which_rows_it_could_not_write() {
    let world = world(Backend::Sqlite).unwrap();
    people::settle(&world.registry);
    for name in ["2020-01-01", "2021-01-01"] {
        world.registry.refresh().unwrap();
        let card = people::id_card(if name == "2020-01-01" { ZHOU } else { people::CHEN }, "周海燕", name);
        world.registry.issue(&operator(), &Submitted::Draft(card)).unwrap();
    }
    world.sql("UPDATE records SET valid_to = valid_to + 1 WHERE hk = (SELECT MIN(hk) FROM records)");
    let key = world.dir().join("master.key");
    std::fs::write(&key, common::MASTER).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o400)).unwrap();
    let out = world.dir().join("out.ndjson");
    let arguments = ["export", "--out", out.to_str().unwrap(), "--json"];
    let output = program::finish(program::command(&world.data(), &key, &arguments), "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((told["records"].as_u64(), told["damaged"].as_u64()), (Some(1), Some(1)), "{told}");
}
