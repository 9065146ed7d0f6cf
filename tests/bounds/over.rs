//! What is over is taken away a few rows at a time: no write waits for all that ended in a day.

use elicense::record::Digest;
use elicense::store::StoredAnswer;

use crate::common::{World, noon};

const KEPT: u32 = 300;

fn key(place: u32) -> [u8; 16] {
    *Digest::of(&[&place.to_be_bytes()]).0.first_chunk().unwrap()
}

fn put(world: &World, place: u32, day: i64) {
    let at = noon().plus_seconds(day * 86_400);
    let stored = StoredAnswer { key: key(place), digest: [0; 32], at, answer: b"an answer".to_vec() };
    world.registry.store().write_now(|writer| writer.put_answer(&stored)).unwrap();
}

/// How many of the first day's answers are still stored, whether or not they count.
fn left(world: &World) -> u32 {
    let still = |place: &u32| {
        world
            .registry
            .store()
            .read_now(|reader| reader.stored_answer(&key(*place), noon()))
            .unwrap()
            .is_some()
    };
    (0..KEPT).filter(still).count().try_into().unwrap()
}

pub fn hold(world: &World) {
    (0..KEPT).for_each(|place| put(world, place, 0));
    assert_eq!(left(world), KEPT);
    put(world, KEPT, 2);
    assert!(
        (KEPT - 16..=KEPT).contains(&left(world)),
        "one write takes sixteen at most: {} are left",
        left(world)
    );
    (KEPT + 1..3 * KEPT).for_each(|place| put(world, place, 2));
    assert!(left(world) < KEPT / 10, "and every row is a neighbour before long: {} are left", left(world));
    // A key that was used days ago is free again.
    put(world, 0, 4);
}
