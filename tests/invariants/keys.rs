//! Data keys of several processes: a row under a key that another process has just made is read like any other.

use elicense::registry::Submitted;

use super::common::people::{self, ZHOU};
use super::common::{World, operator};
use super::{lookup, ready, records};

crate::on_both! {
    i5_a_record_under_a_key_that_another_process_made_is_no_damaged_one
}

fn i5_a_record_under_a_key_that_another_process_made_is_no_damaged_one(world: World) {
    ready(&world);
    // The seals of the keys are used up, so the next process makes new ones. Nobody tells this one.
    world.sql("update data_keys set reserved = 1073741824");
    let other = world.reopen();
    other.issue(&operator(), &Submitted::Draft(people::social_card(ZHOU, "周海燕"))).unwrap();
    let answer = lookup(&world, ZHOU);
    let card = &records(&answer)[0];
    assert_eq!((&card["verdict"], &card["reasons"]), (&"valid".into(), &serde_json::json!([])), "{answer:#}");
}
