//! Every kind of finding fires: each row of the table damages a copy in one way and names the finding and its
//! table. Rows that need a right seal are written through the store, with the registry's own keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::sql_types::{Binary, Text};
use elicense::catalog::Coverage;
use elicense::error::Error;
use elicense::policy::{Actor, Client, Scope};
use elicense::record::digest::Digest;
use elicense::rule::Rule;
use elicense::store::{AccessItem, RecordKey, StoredEvent};

use super::common::people::{MARKET, POLICE};
use super::*;
use FindingKind as F;

/// A registry with one of each thing that `fsck` looks at.
fn rich() -> World {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    let content = b"a photograph";
    let sha256 = Digest::of(&[content]).hex();
    registry.put_attachment(&operator(), &sha256, content).unwrap();
    let mut card = people::id_card(ZHOU, "周海燕", "2020-01-01");
    let photo = json!({"media_type": "text/plain", "name": "photo", "sha256": sha256, "size": content.len()});
    card.attachments.push(serde_json::from_value(photo).unwrap());
    for draft in [card, people::marriage("J190101-2015-000123")] {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    }
    let marriage = row_of(registry, ZHOU, "marriage_certificate");
    registry.refresh().unwrap();
    let mut command = ActCommand::new(&marriage.body.identifier, 1, Action::Correct);
    command.ground = Some("决定书 2026-17 号".into());
    let patch = json!({"registry": "城西区民政局"});
    command.face = Some(FaceEdit::Patch(patch.as_object().unwrap().clone()));
    registry.start_cli_access().unwrap();
    registry.act(&operator(), &command).unwrap();
    suspend(registry, &row_of(registry, ZHOU, ID_CARD));
    registry.stop_access();
    let coverage: Coverage = serde_json::from_value(json!({
        "type_code": marriage.type_code, "issuing_system": "示范省婚姻登记系统", "issuer": POLICE,
        "regions": [{"code": "190100", "name": "示范市"}], "share_on_file": 1000,
        "as_of": "2026-11-21T16:00:00.000000Z", "heartbeat": "2026-11-21T20:00:00.000000Z", "unbound": 0,
        "quarantined": 0,
    }))
    .unwrap();
    registry.state_coverage("test", &coverage).unwrap();
    let path = world.dir().join("rows.ndjson");
    let row = serde_json::to_string(&people::social_card(CHEN, "陈志远")).unwrap();
    std::fs::write(&path, row + "\n").unwrap();
    let options =
        ImportOptions { error_path: Some(world.dir().join("errors.ndjson")), ..ImportOptions::default() };
    registry.import(&operator(), &path, &options, &|_| ()).unwrap();
    registry.open_log("test", "access-third").unwrap();
    registry.close_log("test", "access-third").unwrap();
    registry.start_access("main").unwrap();
    for _ in 0..3 {
        lookup(registry, ZHOU);
    }
    registry.stop_access();
    world
}

fn client() -> Actor {
    let grants: Vec<elicense::policy::Grant> =
        serde_json::from_value(json!([{"types": "*", "fields": "whole", "purposes": "*"}])).unwrap();
    let client = Client {
        id: "walker".into(),
        agency: POLICE.into(),
        name: "甲".into(),
        scopes: Scope::ALL.to_vec(),
        grants: grants.into(),
        budget: 1_000,
        enabled: true,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes: Scope::ALL.to_vec() }
}

fn ask(registry: &Registry, code: &str) -> Result<(), Error> {
    registry.refresh().unwrap();
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": code}, "purpose": {"item": "A1", "reason": "窗口办理"},
    }))
    .unwrap();
    run(registry.lookup(&client(), registry.prepare_lookup(&ask).unwrap())).map(drop)
}

/// A client tries numbers until it is stopped; sound until then.
fn walked(copy: &Copy) {
    let registry = copy.open();
    registry.start_access("main").unwrap();
    let stopped = (0..100).find_map(|place| ask(&registry, &people::number(20 + place)).err());
    assert_eq!(stopped.unwrap().rule, Some(Rule::NumbersWalked));
    registry.stop_access();
    // It tells nobody: the alarm is on file all the same.
    assert_eq!(registry.alarms().unwrap().len(), 1);
    drop(registry);
    assert_eq!(copy.fsck().findings, []);
}

/// Three rows of charges; sound until then.
fn charged(copy: &Copy) {
    let registry = copy.open();
    registry.start_access("main").unwrap();
    let mut sharing = registry.share().unwrap();
    for place in [30, 50, 70] {
        ask(&registry, &people::number(place)).unwrap();
        sharing.step().unwrap();
    }
    registry.stop_access();
    drop((sharing, registry));
    assert_eq!(copy.fsck().findings, []);
}

#[derive(diesel::QueryableByName)]
struct Bytes {
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

fn sql(conn: &mut SqliteConnection, text: &str) {
    assert_eq!(diesel::sql_query(text).execute(conn), Ok(1), "{text}");
}

/// Flips the last bit of the byte that is `back` bytes before the end of a value.
fn flip(conn: &mut SqliteConnection, table: &str, column: &str, row: &str, back: usize) {
    let read = format!("SELECT {column} AS value FROM {table} WHERE {row}");
    let mut value = diesel::sql_query(read).get_result::<Bytes>(conn).unwrap().value;
    let at = value.len() - back;
    value[at] ^= 1;
    let write = format!("UPDATE {table} SET {column} = ? WHERE {row}");
    assert_eq!(diesel::sql_query(write).bind::<Binary, _>(value).execute(conn), Ok(1));
}

/// Seals a changed row anew in the place of the old one.
fn reseal(copy: &Copy, row: &StoredRecord, change: impl Fn(&mut StoredRecord)) {
    let registry = copy.open();
    let mut changed = row.clone();
    change(&mut changed);
    registry.store().write_now(|writer| writer.replace_record(&mut changed.clone())).unwrap();
}

/// The same for the suspension of a record, its newest event.
fn reseal_event(copy: &Copy, row: &StoredRecord, change: impl Fn(&mut StoredEvent)) {
    let registry = copy.open();
    let events = registry.store().read_now(|reader| reader.events_of(&row.hk, &row.record_id)).unwrap();
    let mut event = events.last().unwrap().clone();
    diesel::sql_query("DELETE FROM events WHERE hk = ? AND record_id = ? AND seq = 2")
        .bind::<Binary, _>(row.hk.bytes().to_vec())
        .bind::<Binary, _>(row.record_id.to_vec())
        .execute(&mut copy.registry())
        .unwrap();
    change(&mut event);
    registry.store().write_now(|writer| writer.insert_event(&event)).unwrap();
}

fn key_of(registry: &Registry, row: &StoredRecord) -> RecordKey {
    let key = registry.store().vault().index().identifier_key(&row.body.identifier);
    registry.store().read_now(|reader| reader.record_key(&key)).unwrap().unwrap()
}

fn drop_key(copy: &Copy, key: &RecordKey) {
    let gone = diesel::sql_query("DELETE FROM record_keys WHERE key = ?").bind::<Binary, _>(key.key.to_vec());
    assert_eq!(gone.execute(&mut copy.registry()), Ok(1));
}

fn flip_file(dir: &std::path::Path) {
    for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            flip_file(&entry);
        } else {
            let mut bytes = std::fs::read(&entry).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&entry, bytes).unwrap();
        }
    }
}

type Damage<'a> = Box<dyn Fn(&Copy) + 'a>;

#[test]
fn every_kind_of_finding_is_seen_to_fire() {
    let world = rich();
    let registry = &world.registry;
    let report = registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings.as_slice(), report.strict), (&[][..], true));
    // Each signature is counted once it has verified: rows, orders under each holder, public statements, the
    // closing count.
    let counts = report.counts;
    let records = counts.records + counts.past_records;
    assert_eq!((counts.records, counts.past_records, counts.attachments), (4, 2, 1));
    assert_eq!(counts.signatures, records + 3 + counts.public_events + 1);

    let card = &row_of(registry, ZHOU, ID_CARD);
    let marriage = &row_of(registry, ZHOU, "marriage_certificate");
    let other = &row_of(registry, CHEN, "social_security_card");
    let identifier = &key_of(registry, card);
    let last = |bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() ^= 1;
    let coverage = "kind = 'coverage'";
    let table: Vec<(&str, F, &str, Damage<'_>)> = vec![
        ("a seal", F::SealBroken, "records", {
            Box::new(|copy| sql(&mut copy.registry(), "UPDATE records SET disputed = 1 WHERE state = 2"))
        }),
        ("a row gone", F::RowMissing, "records", {
            Box::new(|copy| sql(&mut copy.registry(), "DELETE FROM records WHERE state = 2"))
        }),
        ("a row of before", F::RowOutdated, "records", {
            Box::new(|copy| reseal(copy, card, |row| row.leaf -= 1))
        }),
        ("a state without its action", F::RowDiffers, "records", {
            Box::new(|copy| reseal(copy, card, |row| row.state = State::Active))
        }),
        ("an issuer that did not sign", F::RowDiffers, "records", {
            Box::new(|copy| reseal(copy, card, |row| row.issuer = MARKET.into()))
        }),
        ("a version gone", F::VersionMissing, "past_records", {
            Box::new(|copy| {
                let gone = diesel::sql_query("DELETE FROM past_records WHERE hk = ?");
                let gone = gone.bind::<Binary, _>(marriage.hk.bytes().to_vec());
                assert_eq!(gone.execute(&mut copy.registry()), Ok(1));
            })
        }),
        ("a digest", F::DigestDiffers, "records", {
            Box::new(|copy| reseal(copy, card, |row| row.body.digest.0[0] ^= 1))
        }),
        ("another envelope", F::EnvelopeDiffers, "records", {
            Box::new(|copy| reseal(copy, card, |row| row.body.envelope.clone_from(&other.body.envelope)))
        }),
        ("a record's signature", F::SignatureWrong, "records", {
            Box::new(|copy| reseal(copy, card, |row| last(&mut row.body.envelope)))
        }),
        ("an order's signature", F::SignatureWrong, "events", {
            Box::new(|copy| reseal_event(copy, card, |event| last(&mut event.order)))
        }),
        ("a statement's signature", F::SignatureWrong, "public_events", {
            Box::new(|copy| flip(&mut copy.registry(), "public_events", "signed", coverage, 1))
        }),
        ("a closing log's signature", F::SignatureWrong, "public_events", {
            Box::new(|copy| {
                let row = "leaf = (SELECT max(leaf) FROM public_events WHERE kind = 'log')";
                flip(&mut copy.registry(), "public_events", "signed", row, 1);
            })
        }),
        ("a closing count's signature", F::SignatureWrong, "import_runs", {
            Box::new(|copy| flip(&mut copy.registry(), "import_runs", "signed", "state = 'done'", 1))
        }),
        ("a closing count", F::SignatureWrong, "import_runs", {
            Box::new(|copy| flip(&mut copy.registry(), "import_runs", "signed", "state = 'done'", 70))
        }),
        ("a statement", F::OrderDiffers, "public_events", {
            Box::new(|copy| flip(&mut copy.registry(), "public_events", "signed", coverage, 70))
        }),
        ("an event gone", F::EventMissing, "events", {
            Box::new(|copy| sql(&mut copy.registry(), "DELETE FROM events WHERE action = 'suspend'"))
        }),
        ("an event of another day", F::EventDiffers, "events", {
            Box::new(|copy| {
                reseal_event(copy, card, |event| {
                    let text = String::from_utf8(event.event.clone()).unwrap();
                    event.event = text.replace("operator:test", "operator:rest").into_bytes();
                });
            })
        }),
        ("a public event's subject", F::EventDiffers, "public_events", {
            Box::new(|copy| {
                sql(&mut copy.registry(), "UPDATE public_events SET subject = 'x' WHERE kind = 'coverage'");
            })
        }),
        ("a ground", F::OrderDiffers, "events", {
            Box::new(|copy| reseal_event(copy, card, |event| event.ground = "决定书 2026-18 号".into()))
        }),
        ("an order gone", F::OrderDiffers, "events", {
            Box::new(|copy| reseal_event(copy, card, |event| event.order.clear()))
        }),
        ("a key row gone", F::KeyRowMissing, "record_keys", Box::new(|copy| drop_key(copy, identifier))),
        ("a key row of another record", F::KeyRowWrong, "record_keys", {
            Box::new(|copy| {
                drop_key(copy, identifier);
                let holders = vec![other.hk];
                let led = RecordKey { record_id: other.record_id, holders, ..identifier.clone() };
                copy.open().store().write_now(|writer| writer.insert_record_key(&led)).unwrap();
            })
        }),
        ("an attachment", F::AttachmentDamaged, "attachments", {
            Box::new(|copy| flip_file(&copy.dir.path().join("attachments")))
        }),
        ("a batch gone", F::EntriesMissing, "log_batches", {
            Box::new(|copy| {
                let newest = "first = (SELECT max(first) FROM log_batches WHERE log = 'records')";
                sql(
                    &mut copy.registry(),
                    &format!("DELETE FROM log_batches WHERE log = 'records' AND {newest}"),
                );
            })
        }),
        ("a batch that claims more", F::BatchBroken, "log_batches", {
            Box::new(|copy| {
                let oldest = "log = 'records' AND first = 0";
                sql(
                    &mut copy.registry(),
                    &format!("UPDATE log_batches SET count = count + 1 WHERE {oldest}"),
                );
            })
        }),
        ("a tile too many", F::TileWrong, "tiles", {
            Box::new(|copy| {
                let tile = "INSERT INTO tiles VALUES ('records', 0, 0, zeroblob(8192), zeroblob(32))";
                sql(&mut copy.registry(), tile);
            })
        }),
        ("a root", F::TreeWrong, "log_heads", {
            Box::new(|copy| flip(&mut copy.registry(), "log_heads", "root", "log = 'records'", 1))
        }),
        ("a frontier", F::TreeWrong, "log_heads", {
            Box::new(|copy| flip(&mut copy.access(), "log_heads", "frontier", "log = 'access-main'", 1))
        }),
        ("a checkpoint", F::CheckpointWrong, "log_heads", {
            Box::new(|copy| {
                sql(&mut copy.registry(), "UPDATE log_heads SET note = note || 'x' WHERE log = 'records'");
            })
        }),
        ("accesses gone", F::AccessMissing, "access_batches", {
            Box::new(|copy| {
                let gone = "DELETE FROM access_batches WHERE log = 'access-main' AND first = 1";
                sql(&mut copy.access(), gone);
            })
        }),
        ("the newest accesses gone", F::AccessMissing, "access_batches", {
            Box::new(|copy| {
                let gone = "DELETE FROM access_batches WHERE log = 'access-main' AND first = 2";
                sql(&mut copy.access(), gone);
            })
        }),
        ("accesses on no list", F::AccessUnlisted, "access_by_holder", {
            Box::new(|copy| {
                let ahead = "UPDATE log_heads SET indexed = 99 WHERE log = 'access-main'";
                sql(&mut copy.access(), ahead);
            })
        }),
        ("a follower that is ahead", F::AccessListWrong, "log_heads", {
            Box::new(|copy| {
                let ahead = "UPDATE log_heads SET indexed = 99 WHERE log = 'access-main'";
                sql(&mut copy.access(), ahead);
            })
        }),
        ("a stop without its alarm", F::AlarmMissing, "alarms", {
            Box::new(|copy| {
                walked(copy);
                sql(&mut copy.access(), "DELETE FROM alarms");
            })
        }),
        ("charges that were changed", F::SealBroken, "charges", {
            Box::new(|copy| {
                charged(copy);
                sql(&mut copy.access(), "UPDATE charges SET at = at + 1 WHERE seq = 2");
            })
        }),
        ("charges moved to a day that nobody reads", F::SealBroken, "charges", {
            Box::new(|copy| {
                charged(copy);
                sql(&mut copy.access(), "UPDATE charges SET day = day - 9 WHERE seq = 2");
            })
        }),
        ("charges moved before the first", F::SealBroken, "charges", {
            Box::new(|copy| {
                charged(copy);
                sql(&mut copy.access(), "UPDATE charges SET seq = -1 WHERE seq = 2");
            })
        }),
        ("a stop that was shortened", F::SealBroken, "alarms", {
            Box::new(|copy| {
                walked(copy);
                sql(&mut copy.access(), "UPDATE alarms SET until = at");
            })
        }),
        ("a stop that a hand lifted", F::SealBroken, "alarms", {
            Box::new(|copy| {
                walked(copy);
                sql(&mut copy.access(), "UPDATE alarms SET lifted_at = at + 1, lifted_by = 'operator'");
            })
        }),
        ("an alarm without a seal", F::SealBroken, "alarms", {
            Box::new(|copy| {
                walked(copy);
                sql(&mut copy.access(), "UPDATE alarms SET key_id = 0, sealed = x''");
            })
        }),
        ("a kept answer that was changed", F::SealBroken, "idempotency", {
            Box::new(|copy| {
                let registry = copy.open();
                registry.start_access("main").unwrap();
                let once = registry.once("operator", "k-1", b"body").unwrap();
                let draft = people::id_card(&people::number(90), "某人", "2022-01-01");
                registry.issue_once(&operator(), &Submitted::Draft(draft), Some(&once)).unwrap();
                registry.stop_access();
                drop(registry);
                assert_eq!(copy.fsck().findings, []);
                sql(&mut copy.registry(), "UPDATE idempotency SET at = at + 1");
            })
        }),
        ("an access of another", F::AccessDiffers, "access_batches", {
            Box::new(|copy| {
                let store = copy.open();
                let store = store.store();
                let batch = |first| {
                    let read = store
                        .read_access_now(|reader| reader.access_batches("access-main", first, first + 1, 1));
                    read.unwrap().pop().unwrap()
                };
                let (taken, put) = (batch(1), batch(2));
                let gone = "DELETE FROM access_batches WHERE log = 'access-main' AND first = 1";
                sql(&mut copy.access(), gone);
                let AccessItem { holders, entry } = put.items.unwrap().pop().unwrap();
                let items = [(holders.as_slice(), entry.as_slice())];
                let written = store.write_side_now(Side::Access, |writer| {
                    writer.insert_access_batch("access-main", 1, taken.at, items.into_iter())
                });
                written.unwrap();
            })
        }),
        ("more of a log was confirmed", F::LogWentBack, "log_heads", {
            Box::new(|copy| {
                let size =
                    copy.open().logs().unwrap().into_iter().find(|log| log.log == "records").unwrap().size;
                let root = elicense::log::Hash([1; 32]);
                let lines = format!("elicense anchors 1\ngeneration 0\nrecords {} {root}\n", size + 1);
                let digest = elicense::log::Hash(elicense::log::hash::sha256(lines.as_bytes()));
                std::fs::write(copy.dir.path().join("anchors"), format!("{lines}sha256 {digest}\n")).unwrap();
            })
        }),
        ("what was confirmed is gone", F::AnchorsMissing, "anchors", {
            Box::new(|copy| {
                copy.open().store().remember(None).unwrap();
                std::fs::remove_file(copy.dir.path().join("anchors")).unwrap();
            })
        }),
        ("what was confirmed cannot be read", F::AnchorsDamaged, "anchors", {
            Box::new(|copy| std::fs::write(copy.dir.path().join("anchors"), "elicense anchors 1\n").unwrap())
        }),
    ];

    let mut seen = BTreeSet::new();
    for (name, kind, table, damage) in &table {
        let copy = Copy::of(registry);
        damage(&copy);
        let report = copy.fsck();
        let found = report.findings.iter().any(|found| (found.kind, found.table) == (*kind, *table));
        assert!(found, "{name}: {report:#?}");
        no_number(&report);
        seen.insert(*kind);
        // The first pass is weaker on purpose-made signatures only.
        let quick = copy.open().fsck(FsckOptions { quick: true, stats: false }).unwrap();
        assert_eq!((quick.findings, quick.counts), (report.findings, report.counts), "{name}");
        assert!(!quick.strict);
    }
    let unseen: Vec<F> = F::ALL.iter().copied().filter(|kind| !seen.contains(kind)).collect();
    assert_eq!(unseen, [], "kinds that no damage of this table shows");
}

#[derive(diesel::QueryableByName)]
struct Batch {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    first: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
    #[diesel(sql_type = Binary)]
    entries: Vec<u8>,
    #[diesel(sql_type = Text)]
    log: String,
}

#[test]
fn a_leaf_cut_out_of_the_middle_of_a_batch_is_found_at_its_batch() {
    let world = rich();
    for shortened in [false, true] {
        let copy = Copy::of(&world.registry);
        let conn = &mut copy.registry();
        let largest = "SELECT log, first, count, entries FROM log_batches ORDER BY count DESC LIMIT 1";
        let batch: Batch = diesel::sql_query(largest).get_result(conn).unwrap();
        assert!(batch.count >= 3 && batch.log == "records", "a batch of several leaves");
        let cut = usize::try_from(batch.count / 2).unwrap() * 32;
        let entries = [&batch.entries[..cut], &batch.entries[cut + 32..]].concat();
        let count = if shortened { batch.count - 1 } else { batch.count };
        let changed =
            diesel::sql_query("UPDATE log_batches SET entries = ?, count = ? WHERE log = ? AND first = ?")
                .bind::<Binary, _>(entries)
                .bind::<diesel::sql_types::BigInt, _>(count)
                .bind::<Text, _>(&batch.log)
                .bind::<diesel::sql_types::BigInt, _>(batch.first);
        assert_eq!(changed.execute(conn), Ok(1));
        let report = copy.fsck();
        let first = u64::try_from(batch.first).unwrap();
        let behind = first + u64::try_from(batch.count).unwrap();
        // A batch with fewer leaves than it claims is named itself; one that claims fewer leaves a gap behind it.
        let broken = if shortened { behind } else { first };
        let at = |kind| report.findings.iter().filter(move |found| found.kind == kind);
        let named: Vec<_> = at(F::BatchBroken).map(|found| found.leaf).collect();
        assert_eq!(named, [Some(broken)], "{report:#?}");
        assert_eq!(at(F::EntriesMissing).count(), 1, "{report:#?}");
        // No event before the cut is blamed, and the one that was cut out is.
        let place = first + u64::try_from(cut / 32).unwrap();
        assert!(at(F::EventDiffers).all(|found| found.leaf.is_some_and(|leaf| leaf >= place)), "{report:#?}");
        assert!(at(F::EventDiffers).any(|found| found.leaf == Some(place)), "{report:#?}");
    }
}

/// A stop is lifted by a command, which seals it; the alarms of an earlier program are sealed by the step that brought
/// the seal, and no later.
#[test]
fn an_alarm_is_changed_by_commands_only() {
    let world = rich();
    world.registry.stop_access();
    let copy = Copy::of(&world.registry);
    walked(&copy);
    let registry = copy.open();
    let stopped = registry.alarms().unwrap().remove(0);
    registry.lift_alarms("operator", &stopped.actor).unwrap();
    assert_eq!(registry.alarms().unwrap()[0].lifted.as_ref().unwrap().1, "operator");
    drop(registry);
    assert_eq!(copy.fsck().findings, []);
    // A hand that takes the lift back, or lifts it again, is seen; the stop then stands.
    sql(&mut copy.access(), "UPDATE alarms SET lifted_by = 'somebody'");
    assert_eq!(copy.open().alarms().unwrap()[0].lifted, None);
    assert_eq!(copy.fsck().findings.len(), 1);
    sql(&mut copy.access(), "UPDATE alarms SET lifted_by = 'operator'");
    assert_eq!(copy.fsck().findings, []);
    // As the program before had it.
    let migrate = |copy: &Copy| {
        let opening = Opening {
            place: Place::in_dir(copy.dir.path()),
            master: MasterKey::from_bytes(MASTER),
            clock: Clock::fixed(noon()),
            regions: demo_regions(),
        };
        Registry::migrate(opening, &|_| ()).unwrap().ran
    };
    let mut access = copy.access();
    diesel::sql_query("ALTER TABLE alarms DROP COLUMN sealed").execute(&mut access).unwrap();
    diesel::sql_query("ALTER TABLE alarms DROP COLUMN key_id").execute(&mut access).unwrap();
    sql(&mut access, "DELETE FROM __diesel_schema_migrations WHERE version = '20261130000141'");
    drop(access);
    assert_eq!(migrate(&copy), ["20261130000141"]);
    assert_eq!(copy.fsck().findings, []);
    sql(&mut copy.access(), "UPDATE alarms SET key_id = 0, sealed = x''");
    assert_eq!(migrate(&copy), [""; 0]);
    assert_eq!(copy.fsck().findings.len(), 1);
}
