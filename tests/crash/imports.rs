//! Imports killed at any moment: while parsing, between two commits, inside one (I1, I14).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use elicense::registry::import::{Limits, Stage};
use elicense::registry::{FsckOptions, ImportOptions, ImportProgress, Registry};
use elicense::store::{Opened, Side};

use crate::common::{self, Backend, World, operator, people};
use crate::truth::Truth;
use crate::worker::{Job, Worker, head, tell};
use crate::{oorandom, settled};

/// Rows of one file: some ten transactions of the limits below.
const ROWS: usize = 80;
/// Files that one worker may come to before it is killed.
const FILES: u32 = 40;

/// Where the rows of a file stand in the list of numbers.
fn places(round: u32, file: u32) -> std::ops::Range<usize> {
    let first = (round * FILES + file) as usize * ROWS;
    first..first + ROWS
}

fn source(dir: &Path, round: u32, file: u32) -> PathBuf {
    dir.join(format!("import-{round}-{file}.ndjson"))
}

fn options(dir: &Path) -> ImportOptions {
    let limits = Limits {
        run_bytes: 16 << 10,
        block_bytes: 4 << 10,
        transaction_bytes: 12_000,
        pause: Duration::ZERO,
        ..Limits::default()
    };
    let error_path = Some(dir.join(format!("errors-{}.ndjson", std::process::id())));
    ImportOptions { limits, threads: Some(2), error_path, ..ImportOptions::default() }
}

/// The worker: file after file, a line behind each commit and each end.
pub fn work(registry: &Registry, round: u32) {
    let dir = registry.store().dir().parent().unwrap().to_owned();
    tell("READY");
    for file in 0..FILES {
        let rows: String = places(round, file)
            .map(|place| {
                let card = people::id_card(&people::number(place), "周海燕", "2020-01-01");
                serde_json::to_string(&card).unwrap() + "\n"
            })
            .collect();
        // Whole or not there: every file that the parent finds is complete.
        let draft = dir.join(format!("draft-{}", std::process::id()));
        std::fs::write(&draft, rows).unwrap();
        std::fs::rename(&draft, source(&dir, round, file)).unwrap();
        let progress = |told: ImportProgress| {
            if told.stage == Stage::Writing {
                let (size, root) = head(registry, Side::Registry, "records");
                tell(&format!("BOUND {round} {file} {} {size} {root}", told.counts.bound));
            }
        };
        registry.refresh().unwrap();
        registry.import(&operator(), &source(&dir, round, file), &options(&dir), &progress).unwrap();
        tell(&format!("IMPORTED {round} {file}"));
    }
}

/// How many of a file's holders have their record; more than one of a holder is one too many.
fn there(registry: &Registry, round: u32, file: u32) -> u64 {
    let store = registry.store();
    let count = |place| {
        let hk = store.vault().index().holder_key("111", &people::number(place));
        let rows = store.read_now(|reader| reader.records_of(&hk)).unwrap();
        assert!(rows.len() <= 1 && rows.iter().all(|row| matches!(row, Opened::Record(_))), "{place}");
        rows.len() as u64
    };
    places(round, file).map(count).sum()
}

fn sound(registry: &Registry) {
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn rounds(world: &World, rounds: u32) {
    let mut truth = Truth::default();
    let mut random = oorandom(0xd1b5_4a32_d192_ed03);
    let mut parts = BTreeSet::new();
    for round in 0..rounds {
        let mut importing = Worker::start(world, Job::Import, round, &[]);
        importing.wait_for(random() % 12);
        std::thread::sleep(Duration::from_millis(random() % 60));
        importing.kill();
        truth.told(&importing.lines());
        truth.hold_against(world);
        let registry = world.reopen();
        if round % 4 == 0 {
            sound(&registry);
        }
        let dir = world.dir();
        for file in (0..FILES).take_while(|file| source(dir, round, *file).exists()) {
            let (bound, ended) = truth.of_file((round, file));
            let between = there(&registry, round, file);
            assert!(between >= bound, "{bound} rows were told to be bound, {between} are there");
            if between > 0 && between < ROWS as u64 {
                parts.insert((round, file));
            }
            registry.refresh().unwrap();
            let again =
                registry.import(&operator(), &source(dir, round, file), &options(dir), &|_| ()).unwrap();
            let counts = again.counts;
            assert_eq!((counts.rows_in, counts.bound + counts.already_there), (ROWS as u64, ROWS as u64));
            assert!(!ended || counts.bound == 0, "an import that was told to have ended ran again");
            assert_eq!(there(&registry, round, file), ROWS as u64);
        }
        truth.hold_against(world);
    }
    sound(&world.reopen());
    assert!(truth.imports() > 0, "nobody was at work when it was killed");
    println!("{rounds} kills, {} imports cut in the middle of their rows", parts.len());
}

#[test]
fn i1_i14_imports_killed_at_any_moment_are_whole_after_another_run_sqlite() {
    rounds(&settled(Backend::Sqlite).unwrap(), 12);
}

#[test]
fn i1_i14_imports_killed_at_any_moment_are_whole_after_another_run_postgres() {
    match settled(Backend::Postgres) {
        Some(world) => rounds(&world, 5),
        None => common::postgres::skipped(),
    }
}
