//! Logs that are not the confirmed ones (I14): files that were put back, a torn write-ahead log, a standby
//! that was promoted before it had everything. Each is done for real, under the built program. And the rest
//! of the write-ahead log after a long reader has left.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, clippy::print_stdout, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod clock;
mod files;
mod lost;
mod running;
mod standby;
mod wal;

use std::collections::BTreeMap;
use std::process::Output;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::people::{self, ZHOU};
use common::program::{Installed, Program};
use common::server::{SECRET, TestServer, ask, settled};
use serde_json::{Value, json};

/// Every signed root that anybody was shown: of one log and size there must be one.
#[derive(Default)]
struct Seen(BTreeMap<(String, u64), Vec<u8>>);

impl Seen {
    fn note(&mut self, note: &str) {
        let lines: Vec<&str> = note.lines().collect();
        let log = lines[0].rsplit_once('/').unwrap().1;
        self.root(log, lines[1].parse().unwrap(), STANDARD.decode(lines[2]).unwrap());
    }

    fn root(&mut self, log: &str, size: u64, root: Vec<u8>) {
        let earlier = self.0.insert((log.to_owned(), size), root.clone());
        assert!(earlier.is_none_or(|earlier| earlier == root), "{log} has two signed roots of size {size}");
    }

    /// The checkpoint of a lookup's receipt, and the head that the answer names.
    fn answer(&mut self, answer: &Value) {
        self.note(answer["receipt"]["checkpoint"].as_str().unwrap());
        for head in answer["heads"].as_array().unwrap() {
            let root = URL_SAFE_NO_PAD.decode(head["root"].as_str().unwrap()).unwrap();
            self.root(head["log"].as_str().unwrap(), head["size"].as_u64().unwrap(), root);
        }
    }

    /// The checkpoint of every log that a server shows.
    fn shown(&mut self, server: &TestServer) {
        let logs = server.get("/logs", None).json();
        for log in logs["logs"].as_array().unwrap() {
            let note = server.get(&format!("/logs/{}/checkpoint", log["log"].as_str().unwrap()), None);
            assert_eq!(note.status, 200, "{note:?}");
            self.note(&note.body);
        }
    }

    /// The largest size of a log.
    fn size(&self, log: &str) -> u64 {
        self.0.keys().filter(|(of, _)| of == log).map(|(_, size)| *size).max().unwrap_or(0)
    }
}

/// Looks up until so many were answered, and issues as many records.
fn work(program: &Program, seen: &mut Seen, lookups: usize, issues: std::ops::Range<usize>) {
    let token = program.server.token("all", SECRET);
    for _ in 0..lookups {
        let answer = program.server.post("/api/v1/lookups", Some(&token), &ask());
        assert_eq!(answer.status, 200, "{answer:?}");
        seen.answer(&answer.json());
    }
    for place in issues {
        let issued = issue(&program.server, &token, place);
        assert_eq!(issued, 201);
        seen.shown(&program.server);
    }
}

fn issue(server: &TestServer, token: &str, place: usize) -> u16 {
    let card = people::id_card(&people::number(place), "周海燕", "2020-01-01");
    server.post("/api/v1/records", Some(token), &json!({ "record": card })).status
}

/// Waits until the file of anchors says that a log has so many leaves.
fn anchored(installed: &Installed, log: &str, size: u64) {
    let until = Instant::now() + Duration::from_secs(20);
    let line = format!("\n{log} {size} ");
    while !std::fs::read_to_string(installed.data().join("anchors")).is_ok_and(|text| text.contains(&line)) {
        assert!(Instant::now() < until, "{log} is never anchored at {size}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Exit code and code of a command that is refused with advice.
fn refusal(output: &Output) -> (i32, String, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().last().unwrap_or_default();
    let problem: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {said}"));
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    assert!(text("hint").contains("elicense restore --in-place"), "{problem}");
    (output.status.code().unwrap(), text("code"), text("rule"))
}

/// Nothing starts on it, and the check reports these logs.
fn refused(installed: &Installed, rule: &str, logs: &[&str]) {
    let forked = (3, "log_forked".to_owned(), rule.to_owned());
    let serve = installed.run(&["serve", "--json", "--agency", "127.0.0.1:0"], "");
    assert_eq!(refusal(&serve), forked);
    let lookup = installed.run(&["lookup", "--json", "--item", "A1", "--reason", "窗口办理"], ZHOU);
    assert_eq!(refusal(&lookup), forked);
    let issue = installed.run(&["keys", "make", people::POLICE, "--json"], "");
    assert_eq!(refusal(&issue), forked, "a command that writes no access entry");
    let fsck = installed.run(&["fsck", "--json"], "");
    assert_eq!(fsck.status.code(), Some(1), "{fsck:?}");
    let report: Value = serde_json::from_slice(&fsck.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let mut found: Vec<&str> = findings.iter().map(|finding| finding["log"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, logs, "{findings:?}");
    for finding in findings {
        assert_eq!(finding["kind"], "log_went_back");
        assert!(finding["detail"].as_str().unwrap().contains("restore --in-place"), "{finding}");
    }
}

/// Goes on in successors, with the same work done again; the old logs end as they are.
fn taken_up(installed: &Installed, seen: &mut Seen, lost: &[&str]) {
    let done = installed.run(&["restore", "--in-place", "--json"], "");
    assert!(done.status.success(), "{done:?}");
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    let told = told["lost"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    let mut told: Vec<&str> = told.collect();
    told.sort_unstable();
    assert_eq!(told.len(), lost.len(), "{told:?}");
    assert!(told.iter().zip(lost).all(|(line, log)| line.starts_with(&format!("{log}: "))), "{told:?}");
    let program = installed.serve(&[]);
    assert_eq!(program.server.get("/readyz", None).json()["status"], "ready");
    seen.shown(&program.server);
    work(&program, seen, 3, 90..91);
    assert!(seen.size("access-main-r2") >= 3 && seen.size("records-r2") >= 4, "{:?}", seen.0.keys());
    program.signal("TERM");
    let (status, said) = program.end();
    assert!(status.success(), "{said}");
    let fsck = installed.run(&["fsck"], "");
    assert_eq!(fsck.status.code(), Some(0), "{fsck:?}");
}
