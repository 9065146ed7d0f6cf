//! The facts about a holder are the results of the marks and links in its events: an older row put back opens
//! on a read like the newest one, and `fsck` finds it.

use elicense::registry::{LinkCommand, MarkCommand};

use super::common::people::{CREMATORIUM, POLICE};
use super::*;

diesel::table! { holders (hk) { hk -> Binary, state -> SmallInt, links -> SmallInt, key_id -> Integer, sealed -> Binary, } }

type Kept = Option<(Vec<u8>, i16, i16, i32, Vec<u8>)>;

fn mark(registry: &Registry, code: &str, state: &str) {
    mark_by(registry, code, state, POLICE);
}

fn mark_by(registry: &Registry, code: &str, state: &str, agency: &str) {
    let command: MarkCommand = serde_json::from_value(json!({
        "holder": {"type": "111", "code": code}, "state": state, "ground": "来函 2026-3 号",
        "agency": agency,
    }))
    .unwrap();
    registry.refresh().unwrap();
    registry.mark_holder(&operator(), &command, None).unwrap();
}

fn link(registry: &Registry, made: bool) {
    let command: LinkCommand = serde_json::from_value(json!({
        "from": {"type": "111", "code": ZHOU}, "to": {"type": "111", "code": CHEN}, "kind": "same_person",
        "ground": "号码更正证明", "names_differ": true, "agency": POLICE,
    }))
    .unwrap();
    registry.refresh().unwrap();
    if made {
        registry.link_holders(&operator(), &command, None).unwrap();
    } else {
        registry.unlink_holders(&operator(), &command, None).unwrap();
    }
}

fn kept(conn: &mut SqliteConnection, hk: &HolderKey) -> Kept {
    holders::table.find(hk.bytes().to_vec()).first(conn).optional().unwrap()
}

fn put_back(conn: &mut SqliteConnection, hk: &HolderKey, row: Kept) {
    diesel::delete(holders::table.find(hk.bytes().to_vec())).execute(conn).unwrap();
    let Some((hk, state, links, key_id, sealed)) = row else { return };
    let values = (
        holders::hk.eq(hk),
        holders::state.eq(state),
        holders::links.eq(links),
        holders::key_id.eq(key_id),
        holders::sealed.eq(sealed),
    );
    assert_eq!(diesel::insert_into(holders::table).values(values).execute(conn), Ok(1));
}

#[test]
fn i7_an_older_row_of_a_holder_or_none_is_found() {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let (zhou, chen) = (hk(registry, ZHOU), hk(registry, CHEN));
    let mut rows: Vec<Kept> = Vec::new();
    let steps: [&dyn Fn(); 6] = [
        &|| mark(registry, ZHOU, "deceased"),
        &|| mark(registry, ZHOU, "normal"),
        &|| link(registry, true),
        &|| link(registry, false),
        &|| link(registry, true),
        &|| mark(registry, ZHOU, "deceased"),
    ];
    for step in steps {
        rows.push(kept(&mut Copy::of(registry).registry(), &zhou));
        step();
        assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
    }
    let newest =
        registry.store().read_now(|reader| reader.events_of(&zhou, &[0; 16])).unwrap().pop().unwrap();
    for (place, row) in rows.into_iter().enumerate() {
        let copy = Copy::of(registry);
        let there = row.is_some();
        put_back(&mut copy.registry(), &zhou, row);
        let stored = copy.open().store().read_now(|reader| reader.holder(&zhou)).unwrap();
        assert_eq!(stored.is_some(), there, "{place}: a read takes what it finds");
        let report = copy.fsck();
        let kind = if there { FindingKind::RowOutdated } else { FindingKind::RowMissing };
        assert_eq!(kinds(&report), [kind], "{place}: {report:#?}");
        let found = &report.findings[0];
        assert_eq!((found.table, found.log.as_deref()), ("holders", Some("records")), "{place}");
        assert!(found.leaf.is_some_and(|leaf| leaf <= newest.leaf) && found.record.is_none());
        no_number(&report);
    }
    // The other end of the link.
    let copy = Copy::of(registry);
    put_back(&mut copy.registry(), &chen, None);
    assert_eq!(kinds(&copy.fsck()), [FindingKind::RowMissing]);
}

#[test]
fn r6_a_mark_that_nobody_had_authority_for_is_listed_until_it_is_stated_again() {
    let Small { world, .. } = small(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    let listed = || {
        let report = registry.fsck(FsckOptions::default()).unwrap();
        assert!(report.sound(), "{:?}", report.findings);
        report.unauthorised.iter().map(|one| one.action.wire()).collect::<std::collections::BTreeSet<_>>()
    };
    registry.start_access("main").unwrap();
    mark(registry, CHEN, "death_reported");
    link(registry, true);
    assert!(listed().is_empty());
    // As in a registry whose marks are older than the table: today's authority does not reach back to them.
    let empower = |statement: &str, from: &str, to: Option<&str>| {
        let given = json!({
            "agency": POLICE, "statement": statement, "source": "household", "region": "190101",
            "from": from, "to": to,
        });
        registry.empower("test", &serde_json::from_value(given).unwrap()).unwrap();
        registry.refresh().unwrap();
    };
    // No end reaches back: this one was stated on its own last day.
    world.clock.set("2000-12-31T04:00:00.000000Z".parse().unwrap());
    for statement in ["death", "death_report", "same_person"] {
        empower(statement, "1990-01-01", Some("2000-12-31"));
    }
    world.clock.set(noon());
    assert_eq!(listed(), ["link", "mark"].into());
    for statement in ["death", "death_report", "same_person"] {
        empower(statement, "2001-01-01", None);
    }
    assert!(listed().is_empty());
    link(registry, false);
    mark(registry, CHEN, "death_reported");
    assert!(listed().is_empty());
}

#[test]
fn r6_a_report_beside_a_confirmed_death_is_no_mark_without_authority() {
    let Small { world, .. } = small(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    registry.start_access("main").unwrap();
    mark(registry, CHEN, "deceased");
    mark_by(registry, CHEN, "death_reported", CREMATORIUM);
    let report = registry.fsck(FsckOptions::default()).unwrap();
    assert!(
        report.sound() && report.unauthorised.is_empty(),
        "{:?} {:?}",
        report.findings,
        report.unauthorised
    );
}
