//! A log that goes back under processes that are open, on both databases: rows of a log and its head are taken back by a
//! hand at the database.

use diesel::Connection;
use diesel::connection::SimpleConnection;
use elicense::error::{Code, Error};
use elicense::log::{Head, TreeReader};
use elicense::registry::{Ask, FsckOptions, Opening, Registry, Submitted};
use elicense::rule::Rule;
use elicense::store::{DbUrl, Side};
use elicense::trust::MasterKey;
use serde_json::{Value, json};

use crate::common::people::{self, CHEN, ZHOU};
use crate::common::{self, MASTER, World, operator, run};
use crate::{common::server, on_both};

on_both! {
    i14_an_access_log_that_goes_back_under_a_server_ends_all_its_answers
    i14_records_that_go_back_under_a_server_end_all_its_answers
    i14_a_node_that_knew_more_goes_on_after_another_took_the_database_up
}

fn head(registry: &Registry, side: Side, log: &str) -> Head {
    registry.store().read_side_now(side, |reader| reader.head(log)).unwrap().unwrap()
}

/// Takes a log back to an earlier head, rows and all.
#[allow(clippy::disallowed_methods, reason = "the hand at the database")]
fn take_back(world: &World, side: Side, to: &Head) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (log, size) = (&to.log, to.size);
    let blob = |bytes: &[u8]| match &world.place.url {
        DbUrl::Sqlite(_) => format!("X'{}'", hex(bytes)),
        DbUrl::Postgres(_) => format!("'\\x{}'", hex(bytes)),
    };
    let mut sql = format!(
        "UPDATE log_heads SET size = {size}, root = {}, frontier = {}, note = '{}', at = {} WHERE log = '{log}';
         DELETE FROM log_batches WHERE log = '{log}' AND first >= {size};",
        blob(&to.root.0),
        blob(&to.frontier),
        to.note,
        to.at.micros()
    );
    if side == Side::Access {
        sql.push_str(&format!("DELETE FROM access_batches WHERE log = '{log}' AND first >= {size};"));
    }
    match (&world.place.url, side) {
        (DbUrl::Sqlite(path), Side::Access) => {
            let path = path.with_file_name("access.db");
            let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            conn.batch_execute(&sql).unwrap();
        }
        _ => world.sql(&sql),
    }
}

fn lookup(registry: &Registry) -> Result<Value, Error> {
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    }))
    .unwrap();
    registry.refresh()?;
    let answered = run(registry.lookup(&operator(), registry.prepare_lookup(&ask)?))?;
    Ok(serde_json::from_slice(&answered.body).unwrap())
}

fn issue(registry: &Registry, place: usize) -> Result<(), Error> {
    registry.refresh()?;
    let card = people::id_card(&people::number(place), "周海燕", "2020-01-01");
    registry.issue(&operator(), &Submitted::Draft(card)).map(drop)
}

fn opening(world: &World) -> Opening {
    Opening {
        place: world.place.clone(),
        master: MasterKey::from_bytes(MASTER),
        clock: world.clock.clone(),
        regions: common::demo_regions(),
    }
}

#[track_caller]
fn forked<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    let error = outcome.unwrap_err();
    assert_eq!((error.code, error.rule), (Code::LogForked, Some(Rule::LogWentBack)), "{error:?}");
}

fn settled(world: &World) {
    people::settle(&world.registry);
    server::clients(&world.registry);
    issue(&world.registry, 0).unwrap();
    world.registry.start_access("main").unwrap();
    lookup(&world.registry).unwrap();
}

fn i14_an_access_log_that_goes_back_under_a_server_ends_all_its_answers(world: World) {
    settled(&world);
    let (registry, other) = (&world.registry, world.reopen());
    let then = head(registry, Side::Access, "access-main");
    (0..3).for_each(|_| drop(lookup(registry).unwrap()));
    other.store().watch_logs().unwrap();
    registry.store().keep_anchors().unwrap();
    take_back(&world, Side::Access, &then);
    // The sequencer's own tree is of size 4, the head of size 1: it must not begin anew from there.
    assert_eq!(lookup(registry).unwrap_err().code, Code::LogForked);
    forked(lookup(registry));
    forked(issue(registry, 1));
    assert_eq!(registry.access().map(drop).unwrap_err().code, Code::LogForked);
    // Another process, which only looked.
    issue(&other, 2).unwrap();
    forked(other.store().watch_logs());
    forked(issue(&other, 3));
    forked(other.start_access("other"));
    assert_eq!(head(registry, Side::Access, "access-main").size, then.size, "nothing was signed on it");
    forked(Registry::open(opening(&world)).map(drop));
    let findings = Registry::open_as_found(opening(&world)).unwrap().fsck(FsckOptions::default()).unwrap();
    assert_eq!(findings.findings.iter().map(|one| one.kind.wire()).collect::<Vec<_>>(), ["log_went_back"]);
}

fn i14_records_that_go_back_under_a_server_end_all_its_answers(world: World) {
    settled(&world);
    let (registry, other) = (&world.registry, world.reopen());
    let then = head(registry, Side::Registry, "records");
    let server = server::start_as(world.reopen(), "other");
    let token = server.token("all", server::SECRET);
    let ask =
        json!({"holder": {"type": "111", "code": CHEN}, "purpose": {"item": "A1", "reason": "窗口办理"}});
    assert_eq!(server.post("/api/v1/lookups", Some(&token), &ask).status, 200);
    issue(registry, 1).unwrap();
    other.store().watch_logs().unwrap();
    registry.store().keep_anchors().unwrap();
    take_back(&world, Side::Registry, &then);
    let signed = head(registry, Side::Access, "access-main").size;
    // A lookup names the head of the records: that one is not named.
    forked(lookup(registry));
    forked(lookup(registry));
    assert_eq!(
        head(registry, Side::Access, "access-main").size,
        signed,
        "an answer was signed that names it"
    );
    forked(issue(&other, 2));
    assert_eq!(head(registry, Side::Registry, "records").size, then.size);
    // A server that has not issued or read sees it within a second or two.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while server.get("/readyz", None).status == 200 {
        assert!(std::time::Instant::now() < until, "never noticed");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let ready = server.get("/readyz", None);
    assert_eq!(
        (ready.status, ready.json()["checks"]["log"].clone()),
        (503, json!("log_forked")),
        "{ready:?}"
    );
    let refused = server.post("/api/v1/lookups", Some(&token), &ask);
    assert_eq!((refused.status, refused.json()["code"].clone()), (503, json!("log_forked")), "{refused:?}");
}

fn i14_a_node_that_knew_more_goes_on_after_another_took_the_database_up(world: World) {
    settled(&world);
    let registry = &world.registry;
    registry.stop_access();
    let agency = |code: &str| registry.put_agency("test", &people::agency(code, "某局", "190101")).unwrap();
    let earlier = head(registry, Side::Registry, "records");
    agency("11190101MD9000012K");
    // A second machine, with a data directory of its own.
    let far = world.dir().join("far");
    std::fs::create_dir(&far).unwrap();
    let there = || {
        let mut opening = opening(&world);
        opening.place.dir = far.clone();
        opening
    };
    if world.backend() == common::Backend::Sqlite {
        // There it is one data directory that the database knows, and this is another.
        Registry::open_as_found(there()).unwrap().accept_logs("test", "main", "另一台机器").unwrap();
    }
    let then = head(registry, Side::Registry, "records");
    agency("11190000MD10009070");
    let node = Registry::open(there()).unwrap();
    node.store().keep_anchors().unwrap();
    drop(node);
    registry.store().keep_anchors().unwrap();
    take_back(&world, Side::Registry, &then);
    world.sql(&format!("DELETE FROM public_events WHERE log = 'records' AND leaf >= {}", then.size));
    world.sql("DELETE FROM agencies WHERE code = '11190000MD10009070'");
    forked(Registry::open(there()).map(drop));

    let here = Registry::open_as_found(opening(&world)).unwrap();
    let done = here.restore_in_place("test").unwrap();
    assert_eq!(
        done.lost,
        [format!("records: the log has {} leaves, and {} were confirmed", then.size, then.size + 1)]
    );
    drop(here);
    let ended = head(&Registry::open(opening(&world)).unwrap(), Side::Registry, "records");
    assert!(ended.closed && ended.size == then.size && ended.note == then.note, "it ends as it is");
    // The order that ended the log says at which size: the other machine takes its word for it, and goes on.
    let node = Registry::open(there()).unwrap();
    issue(&node, 5).unwrap();
    node.start_access("main").unwrap();
    assert_eq!(lookup(&node).unwrap()["receipt"]["log"], "access-main-r2");
    node.stop_access();
    assert_eq!(node.fsck(FsckOptions::default()).unwrap().findings, []);
    drop(node);
    // No order says that it ended at this size.
    take_back(&world, Side::Registry, &earlier);
    forked(Registry::open(there()).map(drop));
    forked(Registry::open(opening(&world)).map(drop));
}
