//! Requests of any client over HTTP, and their limits: clients may not hold connections, shut others out, or
//! send disguised bodies. HEAD is GET without a body at every address.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use common::program::{Installed, Program};
use common::server::{self, SECRET, TestServer};
use common::{Backend, people, world};
use elicense::config::Door;
use elicense::registry::Registry;
use serde_json::{Value, json};

fn settled(registry: &Registry) {
    people::settle(registry);
    server::clients(registry);
    server::clerk(registry);
    registry.refresh().unwrap();
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

/// Sends `drop` every 100 ms until the other side closes; returns its answer, and how long it took.
fn trickle(mut stream: TcpStream, drop: &[u8], patience: Duration) -> (String, Duration) {
    let (begun, mut said) = (Instant::now(), Vec::new());
    let mut buffer = [0; 4096];
    while begun.elapsed() < patience {
        let _closed = stream.write_all(drop);
        match stream.read(&mut buffer) {
            Ok(0) => return (String::from_utf8_lossy(&said).into_owned(), begun.elapsed()),
            Ok(read) => said.extend(&buffer[..read]),
            Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_reset) => return (String::from_utf8_lossy(&said).into_owned(), begun.elapsed()),
        }
    }
    panic!("still open after {patience:?}: {}", String::from_utf8_lossy(&said));
}

/// (door, address, the status of a body that does not come whole). A handler that reads the body says 408;
/// one that refuses before that says why. Both stop listening.
const SLOW: [(Door, &str, u16); 12] = [
    (Door::Public, "/verifications", 408),
    (Door::Public, "/nowhere", 404),
    (Door::Public, "/healthz", 405),
    (Door::Window, "/sign-in", 408),
    (Door::Window, "/lookup", 303),
    (Door::Window, "/", 405),
    (Door::Agency, "/oauth2/token", 408),
    (Door::Agency, "/api/v1/lookups", 401),
    (Door::Agency, "/api/v1/verifications", 401),
    (Door::Agency, "/nowhere", 404),
    (Door::Admin, "/metrics", 405),
    (Door::Admin, "/healthz", 405),
];

#[test]
fn a_body_that_does_not_end_holds_no_connection_at_any_door() {
    let world = world(Backend::Sqlite).unwrap();
    settled(&world.registry);
    let server = server::start_tuned(world.registry.clone(), |config| {
        (config.request_limit, config.head_limit) = (Duration::from_secs(1), Duration::from_secs(1));
    });
    let attacks = SLOW.map(|(door, path, status)| {
        let address = server.door(door);
        std::thread::spawn(move || {
            let form = ["/sign-in", "/lookup", "/oauth2/token"].contains(&path);
            let media = if form { "application/x-www-form-urlencoded" } else { "application/json" };
            for (length, drop) in
                [("Transfer-Encoding: chunked", "1\r\nx\r\n"), ("Content-Length: 9999", "x")]
            {
                let mut stream = connect(address);
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\n{length}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).unwrap();
                let (said, took) = trickle(stream, drop.as_bytes(), Duration::from_secs(8));
                assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {length}: {said}");
                assert!(said.contains("connection: close"), "{path} {length}: {said}");
                let code = if status == 408 { "request_timeout" } else { "" };
                assert!(said.contains(code), "{path} {length}: {said}");
                assert!(took < Duration::from_secs(5), "{path} {length}: {took:?}");
            }
        })
    });
    for attack in attacks {
        attack.join().unwrap();
    }
}

#[test]
fn the_head_of_a_later_request_has_its_time_limit_too() {
    let world = world(Backend::Sqlite).unwrap();
    settled(&world.registry);
    let server = server::start_tuned(world.registry.clone(), |config| {
        config.head_limit = Duration::from_millis(500);
    });
    let mut stream = connect(server.door(Door::Public));
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he").unwrap();
    let (said, took) = trickle(stream, b"a", Duration::from_secs(8));
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

/// Under the usual limit of open files, soft and hard.
fn under_a_limit_of_1024(command: &Command) -> Command {
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "ulimit -n 1024; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    limited.env_clear().env("RUST_LOG", "error");
    limited
}

/// Every address at which it says that it listens.
fn addresses(program: &Program) -> Vec<SocketAddr> {
    let said = program.said();
    let told = said.lines().filter_map(|line| line.trim_start().strip_prefix("listening on http://"));
    told.map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).collect()
}

/// A GET over a connection of its own that must go well; how long it took.
fn get(address: SocketAddr, path: &str) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    let read = stream.read_to_string(&mut said);
    let status: Option<u16> = said.split(' ').nth(1).and_then(|status| status.parse().ok());
    assert_eq!(status, Some(200), "{address}{path}: {read:?} {said}");
    begun.elapsed()
}

fn more_files_for_this_process() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }).unwrap();
    assert!(hard.is_none_or(|hard| hard > 2500), "this test opens 2,000 connections");
}

#[test]
fn a_thousand_idle_connections_shut_nobody_out() {
    more_files_for_this_process();
    let installed = Installed::new(settled);
    let apart = [
        "serve",
        "--public",
        "127.0.0.1:0",
        "--window",
        "127.0.0.2:0",
        "--agency",
        "127.0.0.3:0",
        "--admin",
        "127.0.0.4:0",
        "--workers",
        "2",
    ];
    let one = "127.0.0.1:0";
    let together =
        ["serve", "--public", one, "--window", one, "--agency", one, "--admin", one, "--workers", "2"];
    for (arguments, sockets) in [(apart, 4), (together, 1)] {
        let mut program = Program::start(under_a_limit_of_1024(&installed.command(&arguments)));
        program.wait_for("listening on ", Duration::from_secs(30));
        let until = Instant::now() + Duration::from_secs(10);
        while addresses(&program).len() < sockets && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let addresses = addresses(&program);
        assert_eq!(addresses.len(), sockets);
        // A thousand that never say anything, and as many between two requests.
        let mut idle: Vec<TcpStream> = (0..1000).map(|_| connect(addresses[0])).collect();
        idle.extend((0..1000).map(|_| {
            let mut stream = connect(addresses[sockets / 2]);
            let _ended = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            stream
        }));
        for address in &addresses {
            for _ in 0..20 {
                let took = get(*address, "/readyz");
                assert!(took < Duration::from_secs(2), "{address}: {took:?}");
            }
        }
        get(*addresses.last().unwrap(), "/metrics");
        drop(idle);
        program.signal("TERM");
        let (status, said) = program.end();
        assert!(status.success() && !said.contains("Too many open files"), "{said}");
    }
}

#[test]
fn a_packed_body_is_refused_at_every_door() {
    let world = world(Backend::Sqlite).unwrap();
    settled(&world.registry);
    let server = server::start(world.registry.clone());
    let token = format!("Bearer {}", server.token("all", SECRET));
    for (path, media) in [
        ("/verifications", "application/json"),
        ("/api/v1/lookups", "application/json"),
        ("/oauth2/token", "application/x-www-form-urlencoded"),
        ("/sign-in", "application/x-www-form-urlencoded"),
    ] {
        let headers =
            [("Content-Type", media), ("Content-Encoding", "gzip"), ("Authorization", token.as_str())];
        let answer = server.send("POST", path, &headers, b"\x1f\x8b");
        assert_eq!((answer.status, &answer.json()["rule"]), (415, &json!("content_encoding")), "{path}");
    }
}

#[test]
fn a_media_type_counts_by_its_essence() {
    let world = world(Backend::Sqlite).unwrap();
    settled(&world.registry);
    let server = server::start(world.registry.clone());
    for media in
        ["application/json; charset=\"utf-8\"", "application/json;", "APPLICATION/JSON ; charset=UTF-8"]
    {
        let answer = server.send("POST", "/verifications", &[("Content-Type", media)], b"{}");
        assert_eq!(answer.status, 422, "{media}: {}", answer.body);
    }
    let form = format!("grant_type=client_credentials&client_id=all&client_secret={SECRET}");
    for media in
        ["application/x-www-form-urlencoded;", "application/x-www-form-urlencoded; charset=\"utf-8\""]
    {
        let answer = server.send("POST", "/oauth2/token", &[("Content-Type", media)], form.as_bytes());
        assert_eq!(answer.status, 200, "{media}: {}", answer.body);
    }
}

/// Every address that answers GET: those of the description, and those of the doors that are not described.
fn addresses_of_get(server: &TestServer) -> Vec<String> {
    let document = server.get("/api/openapi.json", None).json();
    let described = document["paths"].as_object().unwrap().iter();
    let mut all: Vec<String> = described
        .filter(|(_, methods)| methods.get("get").is_some())
        .map(|(path, _)| {
            ["{name}", "{log}"].iter().fold(path.clone(), |path, part| path.replace(part, "records"))
        })
        .collect();
    assert!(all.len() >= 5, "{all:?}");
    let page = server.get("/sign-in", None).body;
    let asset = page.split('"').find(|text| text.starts_with("/assets/")).unwrap().to_owned();
    let others = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/logs",
        "/logs/records/checkpoint",
        "/logs/records/tile/0/000.p/1",
        "/.well-known/jwks.json",
        "/",
        "/sign-in",
        "/api/docs",
        "/api/openapi.json",
        "/nowhere",
    ];
    all.extend(others.map(str::to_owned));
    all.push(asset);
    all
}

#[test]
fn head_is_get_without_the_body_at_every_address() {
    let world = world(Backend::Sqlite).unwrap();
    settled(&world.registry);
    let server = server::start(world.registry.clone());
    let token = format!("Bearer {}", server.token("all", SECRET));
    for path in addresses_of_get(&server) {
        let headers = [("Authorization", token.as_str())];
        let get = server.send("GET", &path, &headers, b"");
        let head = server.send("HEAD", &path, &headers, b"");
        assert_eq!(head.status, get.status, "{path}");
        assert_ne!(head.status, 405, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}: {}", head.body);
    }
    let refused = server.send("HEAD", "/oauth2/token", &[], b"");
    assert_eq!(refused.status, 405, "where GET is not, HEAD is not");
    let told: Value = server.get("/nowhere", None).json();
    assert_eq!(told["code"], "not_found");
}
