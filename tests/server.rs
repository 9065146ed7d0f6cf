//! `elicense serve` as a process: its end, its sockets, and the settings that it refuses.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, clippy::print_stdout, reason = "tests")]

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::people::ZHOU;
use common::program::{Installed, Program};
use common::server::{SECRET, ask, settled};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};

/// The same test with the built program on both databases.
macro_rules! installed_on_both {
    ($($name:ident)*) => {
        mod sqlite { $( #[test] fn $name() {
            super::$name(super::Installed::on(super::common::Backend::Sqlite, super::settled).unwrap());
        } )* }
        mod postgres { $( #[test] fn $name() {
            match super::Installed::on(super::common::Backend::Postgres, super::settled) {
                Some(installed) => super::$name(installed),
                None => super::common::postgres::skipped(),
            }
        } )* }
    };
}

installed_on_both! {
    a_start_after_a_kill_serves_at_once
    a_command_after_a_killed_one_goes_on_at_once
    a_stop_finishes_what_has_begun_and_keeps_what_was_acknowledged
    i14_a_paused_process_whose_log_was_taken_answers_nothing_more_and_says_so
}

/// How one request over a connection of its own ended.
enum Ended {
    /// A whole answer: status and body.
    Whole(u16, String),
    /// The connection was not taken: no byte of an answer came.
    NotTaken,
    /// A part of an answer came.
    Cut(String),
}

fn exchange(address: &str, token: &str) -> Ended {
    let body = ask().to_string();
    let Ok(mut stream) = TcpStream::connect(address) else { return Ended::NotTaken };
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = format!(
        "POST /api/v1/lookups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    if stream.write_all(request.as_bytes()).is_err() {
        return Ended::NotTaken;
    }
    let mut bytes = Vec::new();
    let _reset = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if text.is_empty() {
        return Ended::NotTaken;
    }
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Ended::Cut(text) };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
    });
    match length {
        Some(length) if length == body.len() => {
            Ended::Whole(head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
        }
        _ => Ended::Cut(text),
    }
}

/// The size of a log by `fsck`, which must find the registry sound.
fn size_of(installed: &Installed, log: &str) -> u64 {
    let output = installed.run(&["fsck", "--json"], "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    let logs = report["logs"].as_array().unwrap();
    logs.iter().find(|one| one["log"] == log).unwrap()["size"].as_u64().unwrap()
}

fn a_stop_finishes_what_has_begun_and_keeps_what_was_acknowledged(installed: Installed) {
    let program = installed.serve(&[]);
    let token = Arc::new(program.server.token("all", SECRET));
    let address = program.server.base.strip_prefix("http://").unwrap().to_owned();
    let (acknowledged, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (token, address) = (token.clone(), address.clone());
            let (acknowledged, stopped) = (acknowledged.clone(), stopped.clone());
            std::thread::spawn(move || {
                let mut indexes = Vec::new();
                loop {
                    match exchange(&address, &token) {
                        Ended::Whole(200, body) => {
                            let answer: Value = serde_json::from_str(&body).unwrap();
                            indexes.push(answer["receipt"]["index"].as_u64().unwrap());
                            acknowledged.fetch_add(1, Ordering::SeqCst);
                        }
                        Ended::Whole(503, _) => {}
                        Ended::Whole(status, body) => panic!("{status} {body}"),
                        Ended::Cut(text) => panic!("cut in the middle of an answer: {text}"),
                        Ended::NotTaken if stopped.load(Ordering::SeqCst) => return indexes,
                        Ended::NotTaken => panic!("a connection was refused before the stop"),
                    }
                }
            })
        })
        .collect();
    let until = Instant::now() + Duration::from_secs(30);
    while acknowledged.load(Ordering::SeqCst) < 100 {
        assert!(Instant::now() < until, "{acknowledged:?} lookups");
        std::thread::yield_now();
    }
    stopped.store(true, Ordering::SeqCst);
    program.signal("TERM");
    let mut indexes: Vec<u64> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let (status, said) = program.end();
    assert_eq!(status.code(), Some(0), "{said}");
    indexes.sort_unstable();
    assert!(indexes.windows(2).all(|pair| pair[0] < pair[1]), "one entry was given out twice");
    let size = size_of(&installed, "access-main");
    assert!(size > *indexes.last().unwrap() && size >= indexes.len() as u64, "{size} {indexes:?}");
    // The log was given back: the next process need not wait for the lease.
    let began = Instant::now();
    let next = installed.serve(&[]);
    assert!(began.elapsed() < Duration::from_secs(10), "the lease was not given back");
    let token = next.server.token("all", SECRET);
    let receipt = next.server.get(&format!("/api/v1/receipts/access-main/{}", indexes[0]), Some(&token));
    assert_eq!(receipt.status, 200, "{receipt:?}");
}

/// A lease is eight seconds: a process that waited for one is above this, and one that did not is far below
/// it on any machine.
const AT_ONCE: Duration = Duration::from_secs(4);

fn a_start_after_a_kill_serves_at_once(installed: Installed) {
    let mut longest = Duration::ZERO;
    let mut running = installed.serve(&[]);
    let token = running.server.token("all", SECRET);
    for round in 0..6 {
        let answer = running.server.post("/api/v1/lookups", Some(&token), &ask());
        assert_eq!(
            (answer.status, answer.json()["receipt"]["index"].clone()),
            (200, json!(round)),
            "{answer:?}"
        );
        // No wait for its end: the next one starts while this one dies.
        running.child.kill().unwrap();
        let began = Instant::now();
        let next = installed.serve(&[]);
        longest = longest.max(began.elapsed());
        assert_eq!(next.server.get("/readyz", None).status, 200);
        running = next;
    }
    assert!(longest < AT_ONCE, "a start took {longest:?}");
    println!("the longest of six starts after a kill took {longest:?}");
    // A living owner keeps its log, and the second process says until when it waited.
    let second = installed.run(&["serve", "--json", "--agency", "127.0.0.1:0"], "");
    let (code, rule) = refusal(&second);
    assert_eq!((code, rule.as_str()), (3, "log_lost"));
    let told = String::from_utf8_lossy(&second.stderr);
    let left = told.split_once("waiting ").and_then(|(_, rest)| rest.split_once(" s at most for its lease"));
    let left: i64 = left.unwrap_or_else(|| panic!("not told how long: {told}")).0.parse().unwrap();
    assert!((1..=10).contains(&left), "{told}");
    assert_eq!(running.server.post("/api/v1/lookups", Some(&token), &ask()).status, 200);
}

fn a_command_after_a_killed_one_goes_on_at_once(installed: Installed) {
    let mut killed = installed.command(&["holder", "mark", "-"]);
    let mut killed = killed.stdin(Stdio::piped()).spawn().unwrap();
    // It has its log, and waits for a line.
    let lock = installed.data().join("locks/access-cli");
    let until = Instant::now() + Duration::from_secs(30);
    while File::open(&lock).is_ok_and(|file| file.try_lock().is_ok()) || !lock.exists() {
        assert!(Instant::now() < until, "the command never took its log");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(200));
    killed.kill().unwrap();
    let began = Instant::now();
    let done = installed.run(&["lookup", "--item", "A1", "--reason", "窗口办理"], ZHOU);
    assert!(done.status.success(), "{done:?}");
    assert!(began.elapsed() < AT_ONCE, "the command took {:?}", began.elapsed());
    killed.wait().unwrap();
}

/// The first that opens a file after a crash recovers it, and keeps the others out meanwhile.
#[test]
#[allow(clippy::disallowed_methods, reason = "the test holds the file behind the program's back")]
fn a_database_that_is_being_recovered_is_waited_for() {
    let installed = Installed::new(settled);
    for file in ["registry.db", "access.db"] {
        let path = installed.data().join(file);
        let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT").unwrap();
        let holder = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1_500));
            drop(conn);
        });
        let began = Instant::now();
        let done = installed.run(&["log", "list"], "");
        assert!(done.status.success(), "{file}: {done:?}");
        assert!(began.elapsed() > Duration::from_secs(1), "{file} was not held");
        holder.join().unwrap();
    }
}

fn i14_a_paused_process_whose_log_was_taken_answers_nothing_more_and_says_so(installed: Installed) {
    let first = installed.serve(&[]);
    let token = first.server.token("all", SECRET);
    assert_eq!(first.server.get("/readyz", None).status, 200);
    assert_eq!(first.server.post("/api/v1/lookups", Some(&token), &ask()).status, 200);
    first.signal("STOP");
    // Waits for the lease of the paused one to end, then takes the log.
    let second = installed.serve(&[]);
    let answer = second.server.post("/api/v1/lookups", Some(&token), &ask());
    assert_eq!((answer.status, answer.json()["receipt"]["index"].clone()), (200, json!(1)), "{answer:?}");
    first.signal("CONT");
    let refused = first.server.post("/api/v1/lookups", Some(&token), &ask());
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.json().get("records").is_none());
    // It may first say that its policy is old: it was stopped for longer than a second.
    let until = Instant::now() + Duration::from_secs(10);
    while first.server.get("/readyz", None).json()["checks"]["log"] != "log_unavailable" {
        assert!(Instant::now() < until, "the log was taken and the first process never says so");
        let refused = first.server.post("/api/v1/lookups", Some(&token), &ask());
        assert_eq!(refused.status, 503, "{refused:?}");
    }
    assert_eq!(first.server.get("/readyz", None).status, 503);
    assert_eq!(first.server.get("/healthz", None).status, 200, "the process itself is well");
    let answer = second.server.post("/api/v1/lookups", Some(&token), &ask());
    assert_eq!(answer.json()["receipt"]["index"], json!(2), "{answer:?}");
    for program in [first, second] {
        program.signal("TERM");
        program.end();
    }
    assert_eq!(size_of(&installed, "access-main"), 3);
}

#[test]
fn a_door_speaks_tls_with_the_certificate_it_is_given() {
    let installed = Installed::new(settled);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (installed.dir.path().join("chain.pem"), installed.dir.path().join("key.pem"));
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let files = format!("agency={},{}", chain.display(), key.display());
    let program =
        Program::start(installed.command(&["serve", "--agency", "127.0.0.1:0", "--tls", files.as_str()]));
    let address = program.server.base.strip_prefix("https://").expect("it says https").to_owned();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(&address).unwrap();
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    write!(stream, "GET /api/v1/types HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _unclosed = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.to_lowercase().contains("strict-transport-security"), "{answer}");

    // In clear there is nothing.
    let mut socket = TcpStream::connect(&address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(socket, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut clear = Vec::new();
    let _reset = socket.read_to_end(&mut clear);
    assert!(!clear.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&clear));
}

/// Exit code, and the code that `--json` tells.
fn refusal(output: &Output) -> (i32, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().last().unwrap_or_default();
    let problem: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {said}"));
    assert!(!problem["hint"].as_str().unwrap().is_empty());
    (output.status.code().unwrap(), problem["code"].as_str().unwrap().to_owned())
}

#[test]
fn what_it_does_not_start_with_is_named_with_what_to_do() {
    let installed = Installed::new(settled);
    let serve = |more: &[&str]| installed.run(&[&["serve", "--json"], more].concat(), "");
    let told = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

    let output = installed.run(&["serve", "--public", "0.0.0.0:0"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("--behind-proxy") && told(&output).contains("hint: "),
        "{}",
        told(&output)
    );
    assert_eq!(refusal(&serve(&["--public", "0.0.0.0:0"])), (2, "config_invalid".into()));
    assert_eq!(refusal(&serve(&[])), (2, "field_invalid".into()), "no door at all");
    for usage in [&["serve", "--colour", "blue"][..], &["serve", "--public", "everywhere"], &["sevre"]] {
        let output = installed.run(usage, "");
        assert_eq!(output.status.code(), Some(2), "{usage:?}");
        assert!(told(&output).contains("Usage") || told(&output).contains("--help"), "{}", told(&output));
    }
    let node = serve(&["--agency", "127.0.0.1:0", "--node", "unheard-of"]);
    assert_eq!(refusal(&node), (2, "config_invalid".into()), "I11: a log that init did not make");

    let another = Installed::new(|_| ());
    let mut wrong = common::program::command(
        &installed.data(),
        &another.key(),
        &["serve", "--json", "--agency", "127.0.0.1:0"],
    );
    wrong.env("RUST_LOG", "off");
    assert_eq!(refusal(&common::program::finish(wrong, "")), (3, "master_key_wrong".into()));

    let nowhere = installed.dir.path().join("nowhere");
    let none =
        common::program::command(&nowhere, &installed.key(), &["serve", "--json", "--agency", "127.0.0.1:0"]);
    assert_eq!(refusal(&common::program::finish(none, "")), (3, "not_initialised".into()));
    assert!(!nowhere.exists(), "nothing is made by accident");
}

#[test]
fn an_older_schema_is_refused_and_left_as_it_is() {
    let installed = Installed::new(settled);
    let file = installed.data().join("registry.db");
    older(&file);
    let before = std::fs::read(&file).unwrap();
    let output = installed.run(&["serve", "--json", "--agency", "127.0.0.1:0"], "");
    assert_eq!(refusal(&output), (3, "schema_outdated".into()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("elicense migrate"), "the command to run");
    assert!(std::fs::read(&file).unwrap() == before, "serve never migrates");
}

/// Takes the last step out of the book of steps.
#[allow(clippy::disallowed_methods, reason = "the test changes the database behind the program's back")]
fn older(file: &std::path::Path) {
    let mut conn = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute(
        "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations);
         PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
}
