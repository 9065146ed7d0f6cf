//! `elicense check-config`: everything that would stop a start is told at once, with what to do; what would not, is
//! not.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use common::people::{self, POLICE};
use common::program::{self, Installed};
use common::{Backend, postgres};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use elicense::clock::Clock;
use elicense::registry::{Opening, Registry};
use elicense::store::{DbUrl, Place};
use elicense::trust::MasterKey;
use serde_json::Value;

fn installed() -> Installed {
    Installed::new(|registry: &Registry| people::settle(registry))
}

fn check(installed: &Installed, more: &[&str]) -> (i32, Value) {
    told(&installed.run(&[&["check-config", "--json"], more].concat(), ""))
}

fn told(output: &Output) -> (i32, Value) {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let value: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {output:?}"));
    let code = output.status.code().unwrap();
    assert_eq!(value["ok"], code == 0, "{value:#}");
    for one in value["checks"].as_array().unwrap() {
        if one["ok"] == false {
            assert!(!one["hint"].as_str().unwrap().is_empty(), "{one:#}");
        }
    }
    (code, value)
}

/// The names of what is wrong, each with its rule or code.
fn wrong(told: &(i32, Value)) -> Vec<(String, String)> {
    let checks = told.1["checks"].as_array().unwrap().iter().filter(|one| one["ok"] == false);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    checks
        .map(|one| {
            (text(&one["name"]), one["rule"].as_str().map_or_else(|| text(&one["code"]), str::to_owned))
        })
        .collect()
}

fn pairs<'a>(expected: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, rule)| ((*name).to_owned(), (*rule).to_owned())).collect()
}

const ANY: [&str; 2] = ["--agency", "127.0.0.1:0"];

#[test]
fn what_would_start_is_told_as_right() {
    let installed = installed();
    assert_eq!(wrong(&check(&installed, &ANY)), []);
    let output = installed.run(&[&["check-config"], &ANY[..]].concat(), "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("serve would start.") && !text.contains("WRONG"),
        "{text}"
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let installed = installed();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = [
        "--agency",
        &address,
        "--public",
        "127.0.0.1:0",
        "--tls",
        "public=no.pem,no.key",
        "--node",
        "unheard-of",
    ];
    let found = check(&installed, &arguments);
    let expected =
        [("address", "listener_address"), ("tls", "certificate_unreadable"), ("node", "node_unknown")];
    assert_eq!((found.0, sorted(wrong(&found))), (1, sorted(pairs(&expected))), "{:#}", found.1);
    let output = installed.run(&[&["check-config"], &arguments[..]].concat(), "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("3 things are wrong: mend them before serve runs.") && text.contains("没有这个节点"),
        "{text}"
    );
    assert_eq!(
        wrong(&check(&installed, &["--public", "0.0.0.0:0"])),
        pairs(&[("doors", "listener_without_tls")])
    );
    assert_eq!(wrong(&check(&installed, &[])), pairs(&[("doors", "field_invalid")]), "no door at all");
}

fn sorted(mut list: Vec<(String, String)>) -> Vec<(String, String)> {
    list.sort();
    list
}

#[test]
fn a_missing_directory_and_an_open_key_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (nowhere, key) = (dir.path().join("nowhere"), dir.path().join("no.key"));
    let found = told(&program::finish(
        program::command(&nowhere, &key, &["check-config", "--json", "--agency", "127.0.0.1:0"]),
        "",
    ));
    let names: Vec<String> = wrong(&found).into_iter().map(|(name, _)| name).collect();
    assert_eq!((found.0, names), (1, ["data", "disk", "master key", "database"].map(str::to_owned).to_vec()));
    assert!(!nowhere.exists());

    let installed = installed();
    std::fs::set_permissions(installed.key(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = check(&installed, &ANY);
    assert!(wrong(&found).iter().any(|(name, _)| name == "master key"), "{:#}", found.1);
    assert_eq!(found.0, 1);
}

#[test]
fn a_low_limit_of_files_is_told() {
    let installed = installed();
    let command = installed.command(&[&["check-config", "--json"], &ANY[..]].concat());
    let mut shell = Command::new("bash");
    shell
        .args(["-c", "ulimit -n 1000; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    shell.env_clear();
    assert_eq!(wrong(&told(&program::finish(shell, ""))), pairs(&[("files", "files_limit")]));
}

#[test]
fn a_clock_behind_its_logs_is_told_sqlite() {
    a_clock_behind_its_logs_is_told(&installed(), None);
}

#[test]
fn a_clock_behind_its_logs_is_told_postgres() {
    let Some(database) = postgres::Database::create() else { return postgres::skipped() };
    let installed = Installed::at(&database.url, |registry: &Registry| people::settle(registry));
    a_clock_behind_its_logs_is_told(&installed, Some(&database.url));
}

fn a_clock_behind_its_logs_is_told(installed: &Installed, url: Option<&str>) {
    assert_eq!(wrong(&check(installed, &ANY)), []);
    let mut place = Place::in_dir(&installed.data());
    if let Some(url) = url {
        place.url = DbUrl::parse(url).unwrap();
    }
    let master = MasterKey::read(&installed.key(), Some(&place.dir)).unwrap();
    let clock = Clock::fixed(Clock::System.now().plus_seconds(3600));
    let ahead = Registry::open(Opening { place, master, clock, regions: common::demo_regions() }).unwrap();
    ahead.make_key("test", POLICE).unwrap();
    drop(ahead);
    assert_eq!(wrong(&check(installed, &ANY)), pairs(&[("clock", "clock_behind")]));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test changes the database behind the program's back")]
fn a_database_of_another_schema_is_told_with_the_command_to_run() {
    let installed = installed();
    let file = installed.data().join("registry.db");
    let mut conn = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute(
        "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)",
    )
    .unwrap();
    drop(conn);
    let found = check(&installed, &ANY);
    assert_eq!(wrong(&found), pairs(&[("database", "schema_outdated")]));
    assert!(found.1.to_string().contains("elicense migrate"), "{:#}", found.1);
}

#[test]
fn a_database_that_does_not_answer_is_told() {
    let installed = installed();
    let mut command = installed.command(&[&["check-config", "--json"], &ANY[..]].concat());
    command.env("ELICENSE_DATABASE", "postgres://nobody@127.0.0.1:1/nothing");
    assert_eq!(wrong(&told(&program::finish(command, ""))), pairs(&[("database", "store_unavailable")]));
}

#[test]
fn the_backends_are_both_named() {
    let Some(installed) = Installed::on(Backend::Postgres, |registry: &Registry| people::settle(registry))
    else {
        return postgres::skipped();
    };
    assert!(check(&installed, &ANY).1.to_string().contains("PostgreSQL"));
}
