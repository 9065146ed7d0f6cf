//! What is wrong outside the program, as who operates it gets to know it: each fault says what it is and what to do,
//! and no hint of a command speaks of headers or addresses.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use common::people::{self, POLICE};
use common::program::{self, Installed};
use common::{World, needles};
use elicense::error::Code;
use elicense::registry::Registry;
use serde_json::Value;

on_both! {
    what_another_wrote_at_the_same_moment_is_a_conflict_that_may_be_repeated
    a_node_that_nobody_made_is_named_with_those_there_are
}

/// What `--json` told: exit code, code, rule, and all of it.
fn told(output: &Output) -> (i32, String, String, Value) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().last().unwrap_or_default();
    let problem: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {said}"));
    let text = |name: &str| problem[name].as_str().unwrap_or("-").to_owned();
    let hint = text("hint");
    for of_http in ["Retry-After", "header", "Content-Type", "Idempotency-Key", "GET ", "POST ", "/api/"] {
        assert!(!hint.contains(of_http), "{hint}");
    }
    (output.status.code().unwrap(), text("code"), text("rule"), problem)
}

fn assert_told(output: &Output, code: &str, rule: &str) {
    let (exit, own_code, own_rule, problem) = told(output);
    assert_eq!((own_code.as_str(), own_rule.as_str()), (code, rule), "{problem:#}");
    assert!(exit > 1, "{problem:#}");
    if rule != "-" {
        assert!(problem["rule_zh"].is_string() && problem["rule_en"].is_string(), "{problem:#}");
    }
}

#[test]
fn a_missing_data_directory_is_told_before_anything_else() {
    let dir = tempfile::tempdir().unwrap();
    let (nowhere, key) = (dir.path().join("nowhere"), dir.path().join("no.key"));
    for arguments in
        [&["fsck"][..], &["migrate"], &["serve", "--agency", "127.0.0.1:0"], &["keys", "make", POLICE]]
    {
        let output =
            program::finish(program::command(&nowhere, &key, &[arguments, &["--json"]].concat()), "");
        assert_told(&output, "not_initialised", "data_missing");
    }
    assert!(!nowhere.exists());
    let output = program::finish(program::command(&nowhere, &key, &["fsck"]), "");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let (zh, en) = (text.find("数据目录不存在").unwrap(), text.find("There is no data directory").unwrap());
    assert!(zh < en && text.contains(nowhere.to_str().unwrap()), "{text}");
}

#[test]
fn a_node_without_a_log_is_no_start() {
    let installed = Installed::new(|registry: &Registry| people::settle(registry));
    let output = installed.run(&["serve", "--json", "--agency", "127.0.0.1:0", "--node", "unheard-of"], "");
    assert_told(&output, "config_invalid", "node_unknown");
    assert!(told(&output).3["detail"].as_str().unwrap().contains("main, other"));
}

fn a_node_that_nobody_made_is_named_with_those_there_are(world: World) {
    let refused = world.registry.start_access("unheard-of").unwrap_err();
    assert_eq!(refused.code, Code::ConfigInvalid);
    assert_eq!(refused.rule.map(elicense::rule::Rule::wire), Some("node_unknown"));
    world.registry.start_access("other").unwrap();
    world.registry.stop_access();
}

/// A disk that lets nobody write: the commands run as a user who may only read.
#[test]
fn a_disk_that_is_read_only_is_named() {
    let installed = Installed::new(|registry: &Registry| people::settle(registry));
    let Some(as_reader) = reader_of(installed.dir.path()) else { return };
    for arguments in [&["keys", "make", POLICE][..], &["migrate"], &["serve", "--agency", "127.0.0.1:0"]] {
        let output = program::finish(as_reader(installed.command(&[arguments, &["--json"]].concat())), "");
        let (exit, code, rule, problem) = told(&output);
        assert_eq!((exit, code.as_str()), (3, "store_unavailable"), "{problem:#}");
        let says_so = ["store_read_only", "data_directory", "anchors_unwritten"].contains(&rule.as_str());
        assert!(says_so, "{arguments:?}: {problem:#}");
    }
}

type AsReader = Box<dyn Fn(Command) -> Command>;

/// Takes the right to write away from everything below a folder. The machine's administrator may write all the same:
/// then the commands run as nobody, to whom the folder is given. None where that cannot be had.
fn reader_of(dir: &Path) -> Option<AsReader> {
    let run = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let whole = dir.to_str().unwrap();
    let probe = dir.join("probe");
    std::fs::write(&probe, "").unwrap();
    std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o400)).unwrap();
    let administrator = std::fs::write(&probe, "x").is_ok();
    if administrator && !(run("setpriv", &["--version"]) && run("chown", &["-R", "65534:65534", whole])) {
        eprintln!("skipped: the administrator writes everywhere, and there is no setpriv");
        return None;
    }
    for path in needles::files(dir) {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    }
    assert!(run("find", &[whole, "-mindepth", "1", "-type", "d", "-exec", "chmod", "0500", "{}", "+"]));
    Some(Box::new(move |command| {
        if !administrator {
            return command;
        }
        let mut outer = Command::new("setpriv");
        outer.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(command.get_program());
        outer.args(command.get_args()).env_clear();
        outer
    }))
}

#[test]
fn a_database_file_that_is_damaged_is_named() {
    let installed = Installed::new(|registry: &Registry| people::settle(registry));
    std::fs::write(installed.data().join("registry.db"), vec![b'x'; 65_536]).unwrap();
    let output = installed.run(&["serve", "--json", "--agency", "127.0.0.1:0"], "");
    assert_told(&output, "store_unavailable", "store_damaged");
}

#[test]
fn a_damaged_backup_is_a_backup_that_is_damaged() {
    let installed = Installed::new(|registry: &Registry| people::settle(registry));
    let at = |name: &str| installed.dir.path().join(name);
    let backup = at("backup");
    let made = installed.run(&["backup", backup.to_str().unwrap()], "");
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let file = backup.join("registry.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let restore =
        program::command(&at("new"), &installed.key(), &["restore", "--json", backup.to_str().unwrap()]);
    assert_told(&program::finish(restore, ""), "backup_damaged", "backup_digest");
}

fn what_another_wrote_at_the_same_moment_is_a_conflict_that_may_be_repeated(world: World) {
    let rows = world.registry.store().read_now(|reader| reader.signing_keys()).unwrap();
    let again = world.registry.store().write_now(|writer| writer.insert_signing_key(&rows[0])).unwrap_err();
    assert_eq!((again.code, again.code.status()), (Code::WriteConflict, 503));
    assert!(again.code.hint().contains("Repeat"));
}
