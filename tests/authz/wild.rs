//! No address answers a fault, whatever stands where its parameters stand: numbers beyond every type, nothing, other
//! scripts, bytes that are no text. On both databases: what one takes as a text the other may not.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::common::items;
use crate::common::server::{SECRET, TestServer};
use crate::common::{Backend, World, people, postgres, server, world};
use crate::routes;

/// As they stand in the request line.
const WILD: &[&str] = &[
    "",
    "0",
    "-1",
    "+1",
    "1e9",
    "0x10",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "records",
    "access-cli",
    "access-main",
    "%00",
    "access-main%00",
    "%0d%0aX:%20y",
    "%e4%b8%ad%e6%96%87",
    "%e2%80%ae",
    "%ff%fe",
    "%",
    "%zz",
    "..",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "a/b/c",
    "'%20OR%201=1--",
    "x000.p/256",
    "0/x999999/x999999/x999999/999",
    "63/x999/x999/999",
    "entries/x999999999999999999/999",
    "\u{4e2d}\u{6587}",
];

const QUERIES: &[&str] = &[
    "limit=-1",
    "limit=0",
    "limit=99999999999999999999999",
    "limit=",
    "limit=1&limit=2",
    "after=%00",
    "after=%ff%fe",
    "after=%e4%b8%ad",
    "x[]=1&=&&&",
    "%",
];

#[test]
fn no_wild_address_is_a_fault_sqlite() {
    no_wild_address_is_a_fault(&world(Backend::Sqlite).unwrap());
}

#[test]
fn no_wild_address_is_a_fault_postgres() {
    match world(Backend::Postgres) {
        Some(world) => no_wild_address_is_a_fault(&world),
        None => postgres::skipped(),
    }
}

fn no_wild_address_is_a_fault(world: &World) {
    people::settle(&world.registry);
    server::clients(&world.registry);
    server::clerk(&world.registry);
    world.registry.refresh().unwrap();
    let server = server::start(world.registry.clone());
    let headers = headers(&server);
    let long = "9".repeat(3000);
    let (mut faults, mut asked) = (Vec::new(), 0);
    for route in routes::all().iter().filter(|route| route.method == "GET") {
        let mut targets: Vec<String> =
            QUERIES.iter().map(|query| filled(&route.path, "0") + "?" + query).collect();
        if route.path.contains('{') {
            targets.extend(WILD.iter().chain([&long.as_str()]).map(|wild| filled(&route.path, wild)));
            // Each parameter alone, where the log before it is one that there is.
            targets.extend(WILD.iter().map(|wild| known_log(&route.path, wild)));
        }
        for target in targets {
            for method in ["GET", "HEAD"] {
                asked += 1;
                let status = ask(&server, method, &target, &headers);
                // 503 is said of `/readyz` where it is so.
                if status >= 500 || status == 0 {
                    faults.push(format!("{method} {target}: {status}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked > 500, "{asked}");
}

/// The receipt of what is no access is none, and says so.
#[test]
fn what_is_no_access_has_no_receipt_sqlite() {
    what_is_no_access_has_no_receipt(&world(Backend::Sqlite).unwrap());
}

#[test]
fn what_is_no_access_has_no_receipt_postgres() {
    match world(Backend::Postgres) {
        Some(world) => what_is_no_access_has_no_receipt(&world),
        None => postgres::skipped(),
    }
}

fn what_is_no_access_has_no_receipt(world: &World) {
    people::settle(&world.registry);
    server::clients(&world.registry);
    world.registry.refresh().unwrap();
    let server = server::start(world.registry.clone());
    let token = server.token("all", SECRET);
    for (place, status) in [
        ("records/0", 404),
        ("access-main/0", 404),
        ("access-main/9223372036854775808", 404),
        ("access-main/18446744073709551615", 404),
        ("access-main/18446744073709551616", 404),
        ("access-main/-1", 404),
        ("access-nowhere/0", 404),
        ("access-main%00/0", 404),
    ] {
        let answer = server.get(&format!("/api/v1/receipts/{place}"), Some(&token));
        assert_eq!(answer.status, status, "{place}: {}", answer.body);
        assert_eq!(answer.json()["code"], "not_found", "{place}");
    }
}

/// Names that people bring and databases are asked by: one of the two refuses a NUL in a text.
#[test]
fn no_wild_name_is_a_fault_sqlite() {
    no_wild_name_is_a_fault(&world(Backend::Sqlite).unwrap());
}

#[test]
fn no_wild_name_is_a_fault_postgres() {
    match world(Backend::Postgres) {
        Some(world) => no_wild_name_is_a_fault(&world),
        None => postgres::skipped(),
    }
}

fn no_wild_name_is_a_fault(world: &World) {
    people::settle(&world.registry);
    server::clients(&world.registry);
    server::clerk(&world.registry);
    world.registry.refresh().unwrap();
    let server = server::start(world.registry.clone());
    let (token, form) =
        (server.token("all", SECRET), [("Content-Type", "application/x-www-form-urlencoded")]);
    for wild in ["%00", "all%00", "%e2%80%ae", "%ff", "%F0%9F%98%80"] {
        let client =
            format!("grant_type=client_credentials&client_id={wild}&client_secret=a-secret-of-nobody");
        let answer = server.send("POST", "/oauth2/token", &form, client.as_bytes());
        assert!(answer.status < 500, "client {wild}: {answer:?}");
        let person = format!("name={wild}&password=a-password-of-nobody");
        let answer = server.send("POST", "/sign-in", &form, person.as_bytes());
        assert!(answer.status < 500, "account {wild}: {answer:?}");
    }
    let purpose = json!({"item": items::CODE, "reason": "窗口办理"});
    for wild in ["\0", "a\0b", "\u{202e}", "\u{fffd}", "😀"] {
        let holder = json!({"type": "111", "code": wild});
        let known = json!({"type": "111", "code": people::ZHOU});
        for (path, body) in [
            ("/api/v1/lookups", json!({"holder": holder, "purpose": purpose})),
            (
                "/api/v1/lookups",
                json!({"holder": known, "types": [wild], "fields": [wild], "purpose": purpose}),
            ),
            ("/api/v1/lookups", json!({"holder": known, "purpose": {"item": wild, "reason": wild}})),
            (
                "/api/v1/applications",
                json!({"item": wild, "parties": [{"role": wild, "holder": holder}], "reason": wild}),
            ),
            (
                "/api/v1/applications",
                json!({"bundle": wild, "parties": [{"role": wild, "holder": holder}], "reason": wild}),
            ),
            (
                "/api/v1/applications",
                json!({"item": items::CODE, "parties": [{"role": wild, "holder": known, "name": wild, "reader": wild}],
                       "answers": {wild: wild}, "dates": {wild: "2026-11-22"}, "reason": "窗口办理"}),
            ),
            ("/api/v1/histories", json!({"identifier": wild, "purpose": purpose})),
            ("/api/v1/directories", json!({"holder": holder, "purpose": purpose})),
            ("/api/v1/verifications", json!({"identifier": wild, "face": {"name": wild}})),
            ("/api/v1/holders/accesses", json!({"holder": known, "reason": wild})),
            ("/api/v1/attachments/fetch", json!({"identifier": wild, "sha256": wild, "purpose": purpose})),
            ("/api/v1/records", json!({"type": wild, "issuer": wild, "holders": [], "face": {wild: wild}})),
            ("/api/v1/actions", json!({"identifier": wild, "version": 1, "action": wild})),
        ] {
            let answer = server.post(path, Some(&token), &body);
            assert!(answer.status < 500, "{path} {body}: {answer:?}");
        }
    }
}

/// The token of a client that may do everything and the session of a clerk, as lines of a request's head.
fn headers(server: &TestServer) -> String {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let signed = server.send("POST", "/sign-in", &form, b"name=clerk&password=a-password-of-the-tests");
    let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap();
    format!("Authorization: Bearer {}\r\nCookie: {cookie}\r\n", server.token("all", SECRET))
}

/// The address with this in the place of each parameter.
fn filled(path: &str, value: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str(value);
        rest = after.split_once('}').unwrap().1;
    }
    out + rest
}

/// The address with a log that there is, and this in the place of what stands behind it.
fn known_log(path: &str, value: &str) -> String {
    let log = if path.contains("{log}") { "access-main" } else { "records" };
    let path = path.replacen("{log}", log, 1).replacen("/logs/{name}", &format!("/logs/{log}"), 1);
    filled(&path, value)
}

/// The status of an answer; 0 where there is none. Over a socket: a client of HTTP would mend the address.
fn ask(server: &TestServer, method: &str, target: &str, headers: &str) -> u16 {
    let mut stream = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    let request =
        format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    let head = String::from_utf8_lossy(&answer);
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
