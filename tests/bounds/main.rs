//! What one request may cost: every route is driven at the limits of what it takes, against the holder with the most
//! records and the record with the most events that this world has, and the CPU of the server is measured.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../authz/routes.rs"]
mod routes;

mod asks;
mod cpu;
mod over;
mod pages;
mod world;

use asks::Ask;
use common::server::{Answer, TestServer};
use world::Up;

/// Longest answer, an attachment left out. A page of records is a quarter of it at most.
const ANSWER: usize = 8 * 1024 * 1024;
/// Addresses that may cost three times as much. Where a password or secret is hashed that is meant: two hashes a request at
/// most, in a room where two work at once. A batch is a hundred lookups, each with a commit of its own; it gives its
/// thread back behind each. Compiled with optimisation, a hundred lines that find nothing took 23 ms where this was
/// written, a sixth of what they take in a debug build.
const DEARER: [&str; 3] =
    ["window POST /sign-in", "agency POST /oauth2/token", "agency POST /api/v1/lookups/batch"];

fn send(server: &TestServer, method: &str, ask: &Ask) -> Answer {
    let headers: Vec<(&str, &str)> =
        ask.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    server.send(method, &ask.path, &headers, &ask.body)
}

/// What a request costs, and what it may cost, measured next to each other. Other threads have work of their own now
/// and then, and a busy machine is slower in one moment than in the next: the first run that keeps the limit counts.
fn cost(server: &TestServer, method: &str, ask: &Ask, (runs, share): (usize, u64)) -> (u64, u64, Answer) {
    let mut left = runs;
    loop {
        let limit = share * cpu::limit();
        let before = cpu::Others::now();
        let answer = send(server, method, ask);
        let cost = before.used_since();
        left -= 1;
        if cost <= limit || left == 0 {
            return (cost, limit, answer);
        }
    }
}

// One test and no others beside it in this binary that take time: the CPU is that of the process.
#[test]
fn no_request_costs_more_than_its_bound() {
    for backend in [common::Backend::Sqlite, common::Backend::Postgres] {
        match common::world(backend) {
            Some(world) => {
                let up = world::up(world);
                over::hold(&up.world);
                pages::hold(&up);
                measured(backend, &up);
            }
            None => common::postgres::skipped(),
        }
    }
}

fn measured(backend: common::Backend, up: &Up) {
    let (mut over, mut told) = (Vec::new(), Vec::new());
    let mut all: Vec<_> = routes::all().into_iter().collect();
    all.sort_by_key(|route| route.path == "/sign-out");
    for route in all {
        let asks = asks::of(up, &route).unwrap_or_else(|| panic!("no request for {route}"));
        let share = if DEARER.contains(&route.to_string().as_str()) { 3 } else { 1 };
        // What ends the session is asked once; a guess is waited for from the fourth on.
        let runs = if route.path.starts_with("/sign") { 1 } else { 5 };
        for ask in asks {
            let (cost, limit, answer) = cost(&up.doors[route.door], &route.method, &ask, (runs, share));
            let (cost, limit) = (cost / 1000, limit / 1000);
            let line = format!("{cost:>6} of {limit} us {:>8} B {route} {}", answer.body.len(), ask.what);
            if answer.status != ask.status || cost > limit || answer.body.len() > ANSWER {
                let start: String = answer.body.chars().take(300).collect();
                over.push(format!("{line}: {} {start}", answer.status));
            }
            told.push(line);
        }
    }
    eprintln!("{backend:?}:\n{}", told.join("\n"));
    assert!(over.is_empty(), "{backend:?}: too dear, too long, or not what was asked:\n{}", over.join("\n"));
}
