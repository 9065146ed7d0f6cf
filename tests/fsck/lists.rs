//! The lists of who looked at whom against the logs: a row that is gone, moved or made up is found and put right; what the
//! follower has not reached yet is no damage. On both databases.

use elicense::store::AccessPlace;

use super::*;
use FindingKind as F;

on_both! {
    i2_a_list_that_was_cut_is_found_and_put_right
    i2_a_made_up_or_changed_line_is_found_and_taken_off
    i2_a_follower_that_lags_is_no_damage_and_one_that_is_ahead_is
}

/// Seven lookups of ZHOU and three of CHEN, followed.
fn followed(world: &World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    for _ in 0..3 {
        lookup(registry, ZHOU);
        lookup(registry, CHEN);
    }
    for _ in 0..4 {
        lookup(registry, ZHOU);
    }
    registry.follow_accesses().unwrap();
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

/// Changes the side of the access logs behind the program's back.
fn hand(world: &World, text: &str) {
    match world.backend() {
        Backend::Sqlite => {
            diesel::connection::SimpleConnection::batch_execute(
                &mut raw(&world.data().join("access.db")),
                text,
            )
            .unwrap();
        }
        Backend::Postgres => world.sql(text),
    }
}

/// Kinds and leaves of what is found, and that each says what to do.
fn found(world: &World) -> Vec<(FindingKind, Option<u64>)> {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    no_number(&report);
    let says = |found: &elicense::registry::Finding| found.detail.contains("elicense log relist");
    assert!(report.findings.iter().all(says), "{report:#?}");
    report.findings.iter().map(|found| (found.kind, found.leaf)).collect()
}

fn listed(registry: &Registry, code: &str) -> Vec<AccessPlace> {
    let key = hk(registry, code);
    registry.store().read_access_now(|reader| reader.accesses_of(&key, None, 100)).unwrap()
}

fn i2_a_list_that_was_cut_is_found_and_put_right(world: World) {
    followed(&world);
    let registry = &world.registry;
    let before = (listed(registry, ZHOU), listed(registry, CHEN));
    assert_eq!((before.0.len(), before.1.len()), (7, 3));
    hand(&world, "DELETE FROM access_by_holder WHERE idx = 2");
    assert_eq!(found(&world), [(F::AccessUnlisted, Some(2))]);
    hand(&world, "DELETE FROM access_by_holder");
    let all: Vec<_> = (0..10).map(|leaf| (F::AccessUnlisted, Some(leaf))).collect();
    assert_eq!(found(&world), all);

    let mended = registry.mend_lists().unwrap();
    assert_eq!((mended.listed, mended.taken_off), (10, 0));
    assert_eq!(found(&world), []);
    assert_eq!((listed(registry, ZHOU), listed(registry, CHEN)), before);
    assert_eq!(registry.mend_lists().unwrap(), elicense::registry::Mended::default());
}

fn i2_a_made_up_or_changed_line_is_found_and_taken_off(world: World) {
    followed(&world);
    let registry = &world.registry;
    let before = (listed(registry, ZHOU), listed(registry, CHEN));
    let (zhou, chen) = (hk(registry, ZHOU), hk(registry, CHEN));
    let key = |key: &HolderKey| {
        let hex: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        match world.backend() {
            Backend::Sqlite => format!("x'{hex}'"),
            Backend::Postgres => format!("decode('{hex}', 'hex')"),
        }
    };
    // Moved to another holder, to another time, to a log that is not there; one made up beside the right one.
    hand(&world, &format!("UPDATE access_by_holder SET hk = {} WHERE idx = 8", key(&chen)));
    assert_eq!(found(&world), [(F::AccessUnlisted, Some(8)), (F::AccessListWrong, Some(8))]);
    hand(&world, "UPDATE access_by_holder SET at = at + 1 WHERE idx = 7");
    hand(&world, "UPDATE access_by_holder SET log = 'access-nowhere' WHERE idx = 6");
    let copied = format!(
        "INSERT INTO access_by_holder (hk, at, log, idx) SELECT {}, at, log, idx FROM access_by_holder WHERE idx = 1",
        key(&zhou)
    );
    hand(&world, &copied);
    let mut kinds = found(&world);
    kinds.sort();
    let wrong = |leaf| (F::AccessListWrong, leaf);
    let unlisted = |leaf| (F::AccessUnlisted, Some(leaf));
    let expected =
        [unlisted(6), unlisted(7), unlisted(8), wrong(None), wrong(Some(1)), wrong(Some(7)), wrong(Some(8))];
    assert_eq!(kinds, expected);

    let mended = registry.mend_lists().unwrap();
    assert_eq!((mended.listed, mended.taken_off), (3, 4));
    assert_eq!(found(&world), []);
    assert_eq!((listed(registry, ZHOU), listed(registry, CHEN)), before);
}

fn i2_a_follower_that_lags_is_no_damage_and_one_that_is_ahead_is(world: World) {
    followed(&world);
    let registry = &world.registry;
    lookup(registry, ZHOU);
    assert_eq!(registry.access_lag().unwrap().entries, 1);
    assert_eq!(found(&world), []);
    // A row that the follower has not written yet.
    hand(
        &world,
        "INSERT INTO access_by_holder (hk, at, log, idx) SELECT hk, at, log, 10 FROM access_by_holder WHERE idx = 9",
    );
    assert_eq!(found(&world), [(F::AccessListWrong, Some(10))]);
    assert_eq!(registry.mend_lists().unwrap().taken_off, 1);
    assert_eq!(found(&world), []);
    // A follower that is ahead would pass over what comes next.
    hand(&world, "UPDATE log_heads SET indexed = 1000 WHERE log = 'access-main'");
    assert_eq!(found(&world), [(F::AccessListWrong, None), (F::AccessUnlisted, Some(10))]);
    registry.mend_lists().unwrap();
    assert_eq!(found(&world), []);
    lookup(registry, ZHOU);
    registry.follow_accesses().unwrap();
    assert_eq!(listed(registry, ZHOU).len(), 9);
    assert_eq!(found(&world), []);
}
