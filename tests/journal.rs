//! The operator's log of a real process: what it tells of its course, who was refused at which door, and that no
//! holder's number ever stands in it (I3).
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::time::Duration;

use common::needles::Needles;
use common::people::{self, CHEN, ZHOU};
use common::program::{Installed, Program};
use common::server::{self, SECRET};
use common::{Backend, postgres};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use elicense::clock::Moment;
use elicense::registry::{Registry, Submitted};
use serde_json::{Value, json};

fn settled(registry: &Registry) {
    people::settle(registry);
    server::clients(registry);
    server::clerk(registry);
    registry.refresh().unwrap();
    let card = people::id_card(ZHOU, "周海燕", "2020-01-01");
    registry.issue(&common::operator(), &Submitted::Draft(card)).unwrap();
}

fn ask(code: &str, item: &str) -> Value {
    json!({"holder": {"type": "111", "code": code}, "purpose": {"item": item, "reason": "窗口办理"}})
}

/// The lines of the log: those that begin with a moment.
fn lines(said: &str) -> Vec<String> {
    let begins_with_a_moment = |line: &&str| line.get(..27).is_some_and(|at| at.parse::<Moment>().is_ok());
    said.lines().filter(begins_with_a_moment).map(|line| line[28..].to_owned()).collect()
}

fn has(lines: &[String], parts: &[&str]) -> bool {
    lines.iter().any(|line| parts.iter().all(|part| line.contains(part)))
}

fn assert_has(lines: &[String], parts: &[&str]) {
    assert!(has(lines, parts), "no line with {parts:?}:\n{}", lines.join("\n"));
}

/// Requests that are answered, refused, malformed, and that hold numbers where none belongs.
fn traffic(program: &Program) {
    let server = &program.server;
    let (all, narrow) = (server.token("all", SECRET), server.token("narrow", SECRET));
    assert_eq!(server.post("/api/v1/lookups", Some(&all), &ask(ZHOU, "A1")).status, 200);
    assert_eq!(server.post("/api/v1/lookups", Some(&narrow), &ask(ZHOU, "B2")).status, 403);
    assert_eq!(server.post("/api/v1/lookups", Some("forged"), &ask(ZHOU, "A1")).status, 401);
    assert_eq!(server.post("/api/v1/records", Some(&narrow), &ask(ZHOU, "A1")).status, 403);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    for (path, body) in [
        ("/oauth2/token", format!("grant_type=client_credentials&client_id={CHEN}&client_secret={CHEN}")),
        ("/sign-in", format!("name={CHEN}&password={CHEN}-{CHEN}")),
        ("/sign-in", format!("{CHEN}={CHEN}")),
    ] {
        assert!(server.send("POST", path, &form, body.as_bytes()).status < 500);
    }
    for path in
        [format!("/{CHEN}"), format!("/logs/{CHEN}/checkpoint"), format!("/api/v1/types?after={CHEN}")]
    {
        let answer = server.send("GET", &path, &[("X-Number", CHEN), ("User-Agent", CHEN)], b"");
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
    let odd = json!({CHEN: CHEN, "holder": {"type": CHEN, "code": CHEN}, "purpose": {"item": CHEN, "reason": CHEN}});
    assert_eq!(server.post("/api/v1/lookups", Some(&all), &odd).status, 422);
    let right = server.send("POST", "/sign-in", &form, b"name=clerk&password=a-password-of-the-tests");
    let cookie = right.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(server.send("GET", "/", &[("Cookie", &cookie)], b"").status, 200);
}

fn started(installed: &Installed, level: Option<&str>) -> Program {
    let any = "127.0.0.1:0";
    // The admin door alone, the others together.
    let mut command = installed.command(&["serve", "--public", any, "--window", any, "--agency", any]);
    command.args(["--workers", "2"]);
    if let Some(level) = level {
        command.env("RUST_LOG", level);
    }
    Program::start(command)
}

/// All that a process told until its end by a signal, with traffic meanwhile.
fn told(installed: &Installed, level: Option<&str>) -> String {
    let program = started(installed, level);
    traffic(&program);
    program.signal("TERM");
    let (status, said) = program.end();
    assert!(status.success(), "{said}");
    said
}

#[test]
fn a_process_tells_its_course_and_who_was_refused_sqlite() {
    tells_its_course(&Installed::new(settled), "sqlite");
}

#[test]
fn a_process_tells_its_course_and_who_was_refused_postgres() {
    match Installed::on(Backend::Postgres, settled) {
        Some(installed) => tells_its_course(&installed, "postgres"),
        None => postgres::skipped(),
    }
}

fn tells_its_course(installed: &Installed, database: &str) {
    let lines = lines(&told(installed, None));
    let version = format!("version={}", env!("CARGO_PKG_VERSION"));
    assert_has(
        &lines,
        &["INFO  operator start", &version, "node=main", database, "doors=public+window+agency"],
    );
    assert_has(&lines, &["INFO  operator log-taken log=access-main"]);
    assert_has(&lines, &["INFO  operator stopping"]);
    assert_has(&lines, &["INFO  operator checkpoint log=access-main size="]);
    assert_has(&lines, &["INFO  operator stop node=main"]);
    assert_has(
        &lines,
        &["WARN  access", "public+window+agency client:narrow POST /api/v1/lookups 403", "us"],
    );
    assert_has(&lines, &["WARN  access", "client:narrow POST /api/v1/records 403"]);
    assert_has(&lines, &["WARN  access", " - POST /api/v1/lookups 401"]);
    assert!(!has(&lines, &["access", " 200 "]), "answered requests are left out where nobody asks for them");
}

#[test]
fn i3_no_number_stands_in_the_operators_log_of_a_process() {
    let installed = Installed::new(settled);
    let said = told(&installed, Some("trace"));
    let requests = lines(&said);
    assert_has(&requests, &["INFO  access", "client:all POST /api/v1/lookups 200"]);
    assert_has(&requests, &["INFO  access", "account:clerk GET / 200"]);
    assert_has(&requests, &["INFO  access", "client:all POST /oauth2/token 200"]);
    let found: Vec<String> =
        Needles::new([ZHOU, CHEN]).found_in(said.as_bytes()).into_iter().map(str::to_owned).collect();
    assert_eq!(found, Vec::<String>::new(), "{said}");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test holds the database as another process would")]
fn a_slow_commit_is_told() {
    let installed = Installed::new(settled);
    let program = started(&installed, None);
    let token = program.server.token("all", SECRET);
    let file = installed.data().join("access.db");
    let mut other = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let answer =
            scope.spawn(|| program.server.post("/api/v1/lookups", Some(&token), &ask(ZHOU, "A1")).status);
        std::thread::sleep(Duration::from_millis(500));
        other.batch_execute("ROLLBACK").unwrap();
        assert_eq!(answer.join().unwrap(), 200);
    });
    program.signal("TERM");
    let lines = lines(&program.end().1);
    assert_has(&lines, &["WARN  operator slow-commit log=access-main entries=1 ms="]);
}

#[test]
fn metrics_tell_which_program_it_is() {
    let installed = Installed::new(settled);
    let program = installed.serve(&[]);
    let metrics = program.server.get("/metrics", None).body;
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    let line = metrics.lines().find(|line| line.starts_with("elicense_build_info{")).unwrap();
    assert!(line.contains(&version) && line.ends_with(" 1"), "{line}");
}
