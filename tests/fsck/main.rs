//! `fsck` finds each kind of damage that a hand at the database can do, and says where. Damage that a read
//! can see is refused there, for the one record it touches.

#![allow(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking; the tables are made by macros"
)]

#[path = "../common/mod.rs"]
mod common;

mod columns;
mod command;
mod entries;
mod holders;
mod kinds;
mod lists;

use common::people::{self, CHEN, ZHOU};
use common::{Backend, MASTER, World, demo_regions, noon, operator, run};
use diesel::prelude::*;
use elicense::clock::Clock;
use elicense::identity::{CodeType, HolderCode};
use elicense::log::LogSigner;
use elicense::record::{Action, State};
use elicense::registry::import::ImportOptions;
use elicense::registry::{
    ActCommand, Ask, DisputeCommand, FaceEdit, FindingKind, FsckOptions, FsckReport, Opening, Registry,
    Submitted, record_name,
};
use elicense::store::{Opened, Place, Side, StoredRecord};
use elicense::trust::master::WrapName;
use elicense::trust::{HolderKey, MasterKey};
use serde_json::{Value, json};

diesel::table! { records (hk, type_code, record_id) { hk -> Binary, type_code -> Text, record_id -> Binary, state -> SmallInt, leaf -> BigInt, row_seq -> BigInt, key_id -> Integer, sealed -> Binary, } }
diesel::table! { tiles (log, level, idx) { log -> Text, level -> SmallInt, idx -> BigInt, hashes -> Binary, root -> Binary, } }
diesel::table! { log_batches (log, first) { log -> Text, first -> BigInt, count -> BigInt, entries -> Binary, } }
diesel::table! { log_heads (log) { log -> Text, note -> Text, size -> BigInt, } }
diesel::table! { events (hk, record_id, seq) { hk -> Binary, record_id -> Binary, seq -> Integer, } }

/// A small registry with 257 accesses, the last of a suspension: ID cards of two persons, their marriage.
struct Small {
    world: World,
    /// The suspended card's row as it was before.
    before: Saved,
}

type Saved = (Vec<u8>, Vec<u8>, i16, i64, i64, i32, Vec<u8>);

const ID_CARD: &str = "resident_id_card";

fn hk(registry: &Registry, code: &str) -> HolderKey {
    let parsed = HolderCode::parse(CodeType::CitizenId, code).unwrap();
    registry.store().vault().index().holder_key(parsed.code.key_type(), parsed.code.key_code())
}

fn row_of(registry: &Registry, code: &str, slug: &str) -> StoredRecord {
    let type_code = registry.snapshot().catalog.type_by_slug(slug).unwrap().def().code.clone();
    let rows = registry.store().read_now(|reader| reader.records_of(&hk(registry, code))).unwrap();
    let found = rows.into_iter().find_map(|row| match row {
        Opened::Record(row) if row.type_code == type_code => Some(*row),
        _ => None,
    });
    found.unwrap()
}

fn signer(registry: &Registry, log: &str) -> LogSigner {
    let rows = registry.store().read_now(|reader| reader.signing_keys()).unwrap();
    let row = rows.into_iter().find(|row| row.owner == format!("log:{log}")).unwrap();
    let name = WrapName { kind: "signing", name: &row.kid };
    let seed = registry.store().master().unwrap32(name, &row.wrapped.unwrap()).unwrap();
    LogSigner::new(&format!("test.example/{log}"), &seed).unwrap()
}

fn suspend(registry: &Registry, row: &StoredRecord) {
    registry.refresh().unwrap();
    let mut command = ActCommand::new(&row.body.identifier, 1, Action::Suspend);
    command.ground = Some("决定书 2026-17 号".into());
    registry.act(&operator(), &command).unwrap();
}

fn lookup(registry: &Registry, code: &str) -> Value {
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": code}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    }))
    .unwrap();
    registry.refresh().unwrap();
    let prepared = registry.prepare_lookup(&ask).unwrap();
    let answered = run(registry.lookup(&operator(), prepared)).unwrap();
    serde_json::from_slice(&answered.body).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "the hand at the database")]
fn raw(path: &std::path::Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

fn small(backend: Backend) -> Option<Small> {
    let world = common::world(backend)?;
    let registry = &world.registry;
    people::settle(registry);
    for draft in [
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::id_card(CHEN, "陈志远", "2020-01-01"),
        people::social_card(ZHOU, "周海燕"),
        people::marriage("J190101-2015-000123"),
    ] {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    }
    registry.start_access("main").unwrap();
    for _ in 0..256 {
        lookup(registry, ZHOU);
    }
    let row = row_of(registry, ZHOU, ID_CARD);
    let before = match backend {
        Backend::Sqlite => saved(&mut raw(&world.data().join("registry.db")), &row),
        Backend::Postgres => (vec![], vec![], 0, 0, 0, 0, vec![]),
    };
    suspend(registry, &row);
    registry.stop_access();
    Some(Small { world, before })
}

fn saved(conn: &mut SqliteConnection, row: &StoredRecord) -> Saved {
    records::table
        .filter(records::record_id.eq(row.record_id.as_slice()))
        .select((
            records::hk,
            records::record_id,
            records::state,
            records::leaf,
            records::row_seq,
            records::key_id,
            records::sealed,
        ))
        .first(conn)
        .unwrap()
}

/// A copy of the registry that a test may damage.
struct Copy {
    dir: tempfile::TempDir,
}

impl Copy {
    fn of(registry: &Registry) -> Self {
        let dir = tempfile::tempdir().unwrap();
        registry.store().copy_side(Side::Access, &dir.path().join("access.db")).unwrap();
        registry.store().copy_side(Side::Registry, &dir.path().join("registry.db")).unwrap();
        copy_files(&registry.store().dir().join("attachments"), &dir.path().join("attachments"));
        let copy = Self { dir };
        // On another machine, which has confirmed nothing and is known to nobody.
        let known = "DELETE FROM registry_facts WHERE name = 'anchors'";
        diesel::sql_query(known).execute(&mut copy.registry()).unwrap();
        copy
    }

    fn registry(&self) -> SqliteConnection {
        raw(&self.dir.path().join("registry.db"))
    }

    fn access(&self) -> SqliteConnection {
        raw(&self.dir.path().join("access.db"))
    }

    fn open(&self) -> Registry {
        Registry::open_as_found(Opening {
            place: Place::in_dir(self.dir.path()),
            master: MasterKey::from_bytes(MASTER),
            clock: Clock::fixed(noon()),
            regions: demo_regions(),
        })
        .unwrap()
    }

    fn fsck(&self) -> FsckReport {
        self.open().fsck(FsckOptions::default()).unwrap()
    }
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) {
    let Ok(entries) = std::fs::read_dir(from) else { return };
    std::fs::create_dir_all(to).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_files(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn kinds(report: &FsckReport) -> Vec<FindingKind> {
    let mut kinds: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// Each finding is of that record, and no number stands in any of them.
fn about(report: &FsckReport, row: &StoredRecord) {
    let name = record_name(&row.record_id);
    assert!(report.findings.iter().all(|finding| finding.record.as_deref() == Some(&name)), "{report:#?}");
    no_number(report);
}

fn no_number(report: &FsckReport) {
    let shown: String = report.findings.iter().map(|finding| format!("{finding}{finding:?}")).collect();
    assert!(!elicense::identity::contains_citizen_number(&shown), "{shown}");
    assert!(!shown.contains(ZHOU) && !shown.contains(CHEN));
}

/// On a read of ZHOU's records: one is damaged, the two others are answered as before.
fn one_is_damaged(registry: &Registry, code: &str, others: usize) {
    registry.start_access("main").unwrap();
    let answer = lookup(registry, code);
    registry.stop_access();
    let records = answer["records"].as_array().unwrap();
    let damaged: Vec<_> = records
        .iter()
        .filter(|record| {
            record["reasons"].as_array().unwrap().iter().any(|reason| reason == "record_damaged")
        })
        .collect();
    assert_eq!(damaged.len(), 1, "{answer:#}");
    assert_eq!(damaged[0]["verdict"], "undetermined");
    assert!(damaged[0]["envelope"].is_null());
    assert_eq!(records.len() - 1, others);
    for other in records.iter().filter(|record| record["verdict"] != "undetermined") {
        assert!(other["envelope"].is_string(), "{other:#}");
    }
}

#[test]
fn a_registry_as_it_was_written_is_sound() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(small) = small(backend) else {
            common::postgres::skipped();
            continue;
        };
        for quick in [false, true] {
            let report = small.world.registry.fsck(FsckOptions { stats: true, quick }).unwrap();
            assert_eq!(report.findings, [], "{backend:?}");
            assert!(report.sound());
            let counts = report.counts;
            assert_eq!((counts.records, counts.events, counts.record_keys), (5, 6, 8));
            // Five copies of records, the order of the suspension, and each order that states something in public.
            assert_eq!((counts.access_entries, counts.signatures), (257, 6 + counts.public_events));
            assert!(counts.public_events > 20);
            assert_eq!(report.logs.len(), 4);
            let sizes = report.sizes.unwrap();
            assert_eq!((sizes[0].table, sizes[0].rows, sizes[0].wide), ("records", 5, 0));
        }
    }
}

on_both! { what_every_verb_writes_is_sound }

fn what_every_verb_writes_is_sound(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let issue = |draft| {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
    };
    let act = |identifier: &str, version: u32, action: Action, patch: Option<Value>| {
        registry.refresh().unwrap();
        let mut command = ActCommand::new(identifier, version, action);
        command.ground = Some("决定书 2026-17 号".into());
        command.face = patch.map(|patch| FaceEdit::Patch(serde_json::from_value(patch).unwrap()));
        registry.act(&operator(), &command).unwrap().identifier
    };
    let marriage = issue(people::marriage("J190101-2015-000123"));
    let second = act(&marriage, 1, Action::Correct, Some(json!({"registry": "城西区民政局"})));
    act(&second, 2, Action::Change, Some(json!({"registry": "城东区民政局"})));
    let card = issue(people::id_card(ZHOU, "周海燕", "2020-01-01"));
    act(&card, 1, Action::Suspend, None);
    act(&card, 1, Action::Restore, None);
    let objection = |disputed| {
        registry.refresh().unwrap();
        let command =
            DisputeCommand {
                identifier: card.clone(), disputed, ground: "持证人报错".into(), agency: None
            };
        registry.dispute(&operator(), &command, None).unwrap();
    };
    objection(true);
    objection(false);
    act(&card, 1, Action::Cancel, None);
    registry.refresh().unwrap();
    let link = serde_json::from_value(json!({
        "from": {"type": "111", "code": ZHOU}, "to": {"type": "111", "code": CHEN}, "kind": "same_person",
        "ground": "号码更正证明", "names_differ": true, "agency": people::POLICE,
    }))
    .unwrap();
    registry.link_holders(&operator(), &link, None).unwrap();
    let row = serde_json::to_string(&people::id_card(CHEN, "陈志远", "2020-01-01")).unwrap();
    let path = world.dir().join("rows.ndjson");
    std::fs::write(&path, row + "\n").unwrap();
    registry.refresh().unwrap();
    let options =
        ImportOptions { error_path: Some(world.dir().join("errors.ndjson")), ..ImportOptions::default() };
    registry.import(&operator(), &path, &options, &|_| ()).unwrap();
    registry.stop_access();
    let report = registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings, []);
    let counts = report.counts;
    assert_eq!((counts.records, counts.past_records, counts.holders), (4, 4, 2));
    assert!(counts.signatures > 8 + 10, "{counts:?}");
}

#[test]
fn i7_eight_kinds_of_damage_are_found_and_located() {
    let Small { world, before } = small(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    let card = row_of(registry, ZHOU, ID_CARD);
    let others_card = row_of(registry, CHEN, ID_CARD);
    let marriage = row_of(registry, CHEN, "marriage_certificate");
    let of = |row: &StoredRecord| {
        records::table
            .filter(records::record_id.eq(row.record_id.to_vec()))
            .filter(records::hk.eq(row.hk.bytes().to_vec()))
    };

    // 1. A flipped byte in a sealed value.
    let copy = Copy::of(registry);
    let mut sealed: Vec<u8> = of(&card).select(records::sealed).first(&mut copy.registry()).unwrap();
    sealed[40] ^= 1;
    let changed = diesel::update(of(&card)).set(records::sealed.eq(sealed)).execute(&mut copy.registry());
    assert_eq!(changed, Ok(1));
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::SealBroken], "{report:#?}");
    about(&report, &card);
    one_is_damaged(&copy.open(), ZHOU, 2);

    // 2. A clear column edited: the suspended card made active.
    let copy = Copy::of(registry);
    let changed = diesel::update(of(&card)).set(records::state.eq(1)).execute(&mut copy.registry());
    assert_eq!(changed, Ok(1));
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::SealBroken]);
    about(&report, &card);
    one_is_damaged(&copy.open(), ZHOU, 2);

    // 3. Rows swapped between two holders.
    let copy = Copy::of(registry);
    let conn = &mut copy.registry();
    let moved = |conn: &mut SqliteConnection, row: &StoredRecord, to: &[u8]| {
        let moved = diesel::update(records::table.filter(records::record_id.eq(row.record_id.to_vec())));
        assert_eq!(moved.set(records::hk.eq(to)).execute(conn), Ok(1));
    };
    moved(conn, &card, others_card.hk.bytes());
    moved(conn, &others_card, card.hk.bytes());
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::SealBroken, FindingKind::RowMissing], "{report:#?}");
    let named: Vec<_> = report.findings.iter().filter_map(|finding| finding.record.clone()).collect();
    for row in [&card, &others_card] {
        assert!(named.contains(&record_name(&row.record_id)));
    }
    no_number(&report);
    one_is_damaged(&copy.open(), ZHOU, 2);
    one_is_damaged(&copy.open(), CHEN, 1);

    // 4. An older row, validly sealed, put back: a read cannot tell, the log can.
    let copy = Copy::of(registry);
    let (_, _, state, leaf, row_seq, key_id, sealed) = before;
    let older = (
        records::state.eq(state),
        records::leaf.eq(leaf),
        records::row_seq.eq(row_seq),
        records::key_id.eq(key_id),
        records::sealed.eq(sealed),
    );
    assert_eq!(diesel::update(of(&card)).set(older).execute(&mut copy.registry()), Ok(1));
    assert_eq!(row_of(&copy.open(), ZHOU, ID_CARD).state, State::Active);
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::RowOutdated]);
    assert_eq!(report.findings[0].leaf, u64::try_from(leaf).ok());
    about(&report, &card);

    // 5. A missing row: of a co-holder, and an event's.
    let copy = Copy::of(registry);
    assert_eq!(diesel::delete(of(&marriage)).execute(&mut copy.registry()), Ok(1));
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::RowMissing]);
    about(&report, &marriage);
    let copy = Copy::of(registry);
    let event = events::table.filter(events::record_id.eq(others_card.record_id.to_vec()));
    assert_eq!(diesel::delete(event).execute(&mut copy.registry()), Ok(1));
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::EventMissing]);
    assert!(report.findings.iter().all(|finding| finding.leaf == Some(others_card.leaf)), "{report:#?}");

    // 6. A leaf missing in a batch.
    let copy = Copy::of(registry);
    let conn = &mut copy.registry();
    let place = i64::try_from(others_card.leaf).unwrap();
    let batch = log_batches::table.filter(log_batches::log.eq("records").and(log_batches::first.eq(place)));
    assert_eq!(diesel::update(batch).set(log_batches::entries.eq(Vec::<u8>::new())).execute(conn), Ok(1));
    let report = copy.fsck();
    assert!(report.findings.iter().any(|finding| finding.kind == FindingKind::EntriesMissing));
    for kind in [FindingKind::BatchBroken, FindingKind::EventDiffers] {
        let found = report.findings.iter().find(|finding| finding.kind == kind).unwrap();
        assert_eq!((found.log.as_deref(), found.leaf), (Some("records"), Some(others_card.leaf)), "{found}");
    }
    let wrong_events = report.findings.iter().filter(|finding| finding.kind == FindingKind::EventDiffers);
    assert_eq!(wrong_events.count(), 1);

    // 7. An altered tile.
    let copy = Copy::of(registry);
    let conn = &mut copy.access();
    let (log, mut hashes): (String, Vec<u8>) =
        tiles::table.select((tiles::log, tiles::hashes)).first(conn).unwrap();
    hashes[100] ^= 1;
    assert_eq!(diesel::update(tiles::table).set(tiles::hashes.eq(hashes)).execute(conn), Ok(1));
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::TileWrong]);
    assert_eq!(report.findings[0].log.as_deref(), Some(log.as_str()));
    assert!(report.findings[0].detail.contains("tile 0/0"));

    // 8. A checkpoint of another root, signed by the log's own key.
    let copy = Copy::of(registry);
    let conn = &mut copy.registry();
    let size: i64 = log_heads::table.find("records").select(log_heads::size).first(conn).unwrap();
    let size = u64::try_from(size).unwrap();
    let note = signer(registry, "records").checkpoint(size, &elicense::log::Hash([9; 32]));
    let head = diesel::update(log_heads::table.find("records")).set(log_heads::note.eq(note));
    assert_eq!(head.execute(conn), Ok(1));
    let report = copy.fsck();
    assert_eq!(kinds(&report), [FindingKind::CheckpointWrong]);
    assert_eq!(report.findings[0].log.as_deref(), Some("records"));
}
