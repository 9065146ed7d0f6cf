//! An import beside a process that serves: small steps, and room for other writers.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::people::{self, ZHOU, number};
use common::{World, operator, run};
use elicense::log::TreeReader;
use elicense::registry::Submitted;
use elicense::registry::import::{ImportOptions, Limits};
use serde_json::json;

on_both! {
    beside_lookups_an_import_takes_small_steps_and_alone_large_ones
    the_head_of_an_access_log_tells_how_long_its_commits_took
    an_issue_gets_in_between_the_steps_of_an_import
}

const ROWS: usize = 240;

fn file(world: &World, name: &str, first: usize) -> PathBuf {
    let text = (first..first + ROWS).fold(String::new(), |mut text, place| {
        let card = people::id_card(&number(place), "周海燕", "2020-01-01");
        writeln!(text, "{}", serde_json::to_value(card).unwrap()).unwrap();
        text
    });
    let path = world.dir().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Transactions that the log of records has seen so far: each append is one row of its batches.
fn transactions(world: &World) -> usize {
    let spans = world.registry.store().read_now(|reader| reader.batch_spans("records", 0, 100_000));
    spans.unwrap().len()
}

fn import(world: &World, path: &Path, limits: Limits) -> usize {
    world.registry.refresh().unwrap();
    let before = transactions(world);
    let options = ImportOptions { limits, ..ImportOptions::default() };
    let report = world.registry.import(&operator(), path, &options, &|_| ()).unwrap();
    assert_eq!(report.counts.bound, ROWS as u64, "{:?}", report.counts);
    transactions(world) - before
}

fn beside_lookups_an_import_takes_small_steps_and_alone_large_ones(world: World) {
    people::settle(&world.registry);
    let limits = Limits {
        transaction_time: Duration::ZERO,
        alone_time: Duration::from_secs(60),
        pause: Duration::from_millis(1),
        ..Limits::default()
    };
    assert_eq!(import(&world, &file(&world, "alone.ndjson", 0), limits), 1);
    world.registry.start_access("main").unwrap();
    let beside = import(&world, &file(&world, "beside.ndjson", ROWS), limits);
    assert_eq!(
        beside,
        ROWS.div_ceil(limits.served_chunk),
        "one chunk a transaction while the lease is alive"
    );
    world.registry.stop_access();
    assert_eq!(import(&world, &file(&world, "again.ndjson", 2 * ROWS), limits), 1, "the log was given back");
}

fn the_head_of_an_access_log_tells_how_long_its_commits_took(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let told = || {
        let head = world.registry.store().read_access_now(|reader| reader.head("access-main"));
        head.unwrap().unwrap().commit_us
    };
    assert_eq!(told(), 0, "nothing was committed yet");
    let begun = Instant::now();
    for _ in 0..3 {
        let ask = json!({
            "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
        });
        let ask = serde_json::from_value(ask).unwrap();
        let prepared = world.registry.prepare_lookup(&ask).unwrap();
        run(world.registry.lookup(&operator(), prepared)).unwrap();
    }
    let longest = i64::try_from(begun.elapsed().as_micros()).unwrap();
    assert!((1..longest).contains(&told()), "{} of at most {longest} microseconds", told());
    world.registry.stop_access();
}

fn an_issue_gets_in_between_the_steps_of_an_import(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let path = file(&world, "beside.ndjson", 0);
    world.registry.refresh().unwrap();
    let issued = std::thread::scope(|scope| {
        let importing = scope.spawn(|| {
            let options = ImportOptions::default();
            world.registry.import(&operator(), &path, &options, &|_| ()).unwrap();
        });
        let mut issued = 0;
        while !importing.is_finished() {
            let card = people::id_card(&number(5_000 + issued), "周海燕", "2020-01-01");
            world.registry.issue(&operator(), &Submitted::Draft(card)).unwrap();
            issued += 1;
        }
        issued
    });
    assert!(issued > 0, "no issue came through");
    world.registry.stop_access();
}
