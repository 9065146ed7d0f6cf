//! Processes killed at random moments lose nothing that they acknowledged and break no log (I1, I2, I14).
//!
//! The test binary runs itself as the worker: `worker` does nothing unless the environment says so. A worker
//! opens the registry, works in a loop and prints a line for each thing it acknowledges. The parent kills it
//! with SIGKILL, opens the registry anew and compares every line with its contents.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]
#![allow(clippy::print_stdout, clippy::cast_possible_truncation, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod durability;
mod imports;
mod truth;
mod worker;

use std::time::{Duration, Instant};

use common::{Backend, World, people};
use elicense::registry::{FsckOptions, Submitted};
use truth::Truth;
use worker::{Job, Worker};

/// The needs of a registry before workers can start: agencies, keys, and one person with a card to look up.
fn settled(backend: Backend) -> Option<World> {
    let world = common::world(backend)?;
    people::settle(&world.registry);
    common::items::load(&world.registry);
    let card = people::id_card(people::CHEN, "陈志远", "2020-01-01");
    world.registry.issue(&common::operator(), &Submitted::Draft(card)).unwrap();
    Some(world)
}

/// Rounds of two workers, one that issues and one that looks up, each killed at a moment of its own.
fn rounds(world: &World, rounds: u32) {
    let mut truth = Truth::default();
    let mut random = oorandom(0x9e37_79b9_7f4a_7c15);
    let mut awaited = 0;
    for round in 0..rounds {
        let mut issuing = Worker::start(world, Job::Issue, round, &[]);
        let mut asking = Worker::start(world, Job::Lookup, round, &[]);
        // On a busy machine time alone would kill workers that had not begun.
        for worker in [&mut issuing, &mut asking] {
            let lines = random() % 3;
            worker.wait_for(lines);
            awaited += lines as usize;
        }
        let started = Instant::now();
        let mut kills = [(random() % 60, &mut issuing), (random() % 60, &mut asking)];
        kills.sort_by_key(|(after, _)| *after);
        for (after, worker) in &mut kills {
            std::thread::sleep(Duration::from_millis(*after).saturating_sub(started.elapsed()));
            worker.kill();
        }
        truth.told(&issuing.lines());
        truth.told(&asking.lines());
        truth.hold_against(world);
    }
    // A test in which nobody was interrupted at work would prove nothing.
    assert!(awaited > 0 && truth.issues() + truth.lookups() >= awaited, "{awaited} lines were seen");
    assert!(truth.issues() > 0 && truth.lookups() > 0);
    println!("{} kills, {} issues and {} lookups kept", 2 * rounds, truth.issues(), truth.lookups());
}

/// A small generator (xorshift): the moments need no better, and no dependency.
fn oorandom(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed ^ u64::from(std::process::id());
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// Fifty workers that apply, each killed at a moment of its own: what was answered has the access of every party.
fn applications(world: &World, rounds: u32) {
    let mut truth = Truth::default();
    let mut random = oorandom(0x1f83_d9ab_fb41_bd6b);
    for round in 0..rounds {
        let mut applying = Worker::start(world, Job::Apply, round, &[]);
        applying.wait_for(random() % 4);
        std::thread::sleep(Duration::from_millis(random() % 40));
        applying.kill();
        truth.told(&applying.lines());
        truth.hold_against(world);
    }
    assert!(truth.lookups() > rounds as usize, "{} entries were seen", truth.lookups());
    assert_eq!(world.reopen().fsck(FsckOptions::default()).unwrap().findings, []);
}

#[test]
fn i1_i2_fifty_killed_applications_have_the_accesses_that_they_answered_with_sqlite() {
    applications(&settled(Backend::Sqlite).unwrap(), 50);
}

#[test]
fn i1_i2_killed_applications_have_the_accesses_that_they_answered_with_postgres() {
    match settled(Backend::Postgres) {
        Some(world) => applications(&world, 10),
        None => common::postgres::skipped(),
    }
}

#[test]
fn i1_i2_i14_sixty_killed_processes_lose_nothing_they_acknowledged_sqlite() {
    rounds(&settled(Backend::Sqlite).unwrap(), 30);
}

#[test]
fn i1_i2_i14_killed_processes_lose_nothing_they_acknowledged_postgres() {
    match settled(Backend::Postgres) {
        Some(world) => rounds(&world, 8),
        None => common::postgres::skipped(),
    }
}

/// Two processes on one log at the same time: both issue, neither waits for the other, both are killed.
fn at_once(world: &World, rounds: u32) {
    let mut truth = Truth::default();
    let mut random = oorandom(0x2545_f491_4f6c_dd1d);
    for round in 0..rounds {
        let mut both = [0, 1].map(|one| Worker::start(world, Job::Issue, 2 * round + one, &[]));
        // Until each has a leaf between two of the other's: they are at work together. One may wait for long while
        // the other comes first again and again.
        let within =
            |a: &[u64], b: &[u64]| a.iter().any(|leaf| b.first() < Some(leaf) && Some(leaf) < b.last());
        let began = Instant::now();
        loop {
            both.iter_mut().for_each(|worker| worker.wait_for(2));
            let [one, other] = [&both[0], &both[1]].map(|worker| Truth::leaves(&worker.lines()));
            if within(&one, &other) || within(&other, &one) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "never at work together: {one:?} {other:?}");
        }
        for worker in &mut both {
            std::thread::sleep(Duration::from_millis(random() % 40));
            worker.kill();
        }
        let [one, other] = both.map(|worker| worker.lines());
        truth.told(&one);
        truth.told(&other);
        truth.hold_against(world);
    }
    assert_eq!(world.reopen().fsck(FsckOptions::default()).unwrap().findings, []);
}

#[test]
fn i14_two_processes_that_issue_at_once_make_one_tree_sqlite() {
    at_once(&settled(Backend::Sqlite).unwrap(), 3);
}

#[test]
fn i14_two_processes_that_issue_at_once_make_one_tree_postgres() {
    match settled(Backend::Postgres) {
        Some(world) => at_once(&world, 3),
        None => common::postgres::skipped(),
    }
}

/// The check itself must see a loss: an acknowledgement of something that is not there.
#[test]
fn an_acknowledged_write_that_is_missing_is_found() {
    let world = settled(Backend::Sqlite).unwrap();
    let mut issuing = Worker::start(&world, Job::Issue, 0, &[]);
    issuing.wait_for(1);
    issuing.kill();
    let lines = issuing.lines();
    let line = lines.iter().find(|line| line.starts_with("ISSUED")).expect("an issue");
    let mut fields: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let fails = |fields: &[String]| {
        let mut truth = Truth::default();
        truth.told(&[fields.join(" ")]);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| truth.hold_against(&world))).is_err()
    };
    assert!(!fails(&fields));
    let told = fields.clone();
    fields[1].push('0');
    assert!(fails(&fields), "an identifier that no row has");
    fields = told.clone();
    fields[2] = "999999".to_owned();
    assert!(fails(&fields), "a leaf beyond the log");
    fields = told;
    fields[4] = "00".repeat(32);
    assert!(fails(&fields), "a root that the tree never had");
}
