//! I9: a day turns at 00:00 in Beijing, for every zone of the machine and hour of the server.

use std::process::Command;

use elicense::record::payload::Validity;
use elicense::rule::Rule;

use super::common::people::{self, ZHOU};
use super::common::{Backend, World, world};
use super::{issue, lookup, ready, reasons, records};

crate::on_both! {
    i9_a_record_holds_to_the_last_microsecond_of_its_last_day_in_beijing
}

fn i9_a_record_holds_to_the_last_microsecond_of_its_last_day_in_beijing(world: World) {
    ready(&world);
    // The card is good through 2026-11-25, within the days in which a copy of its type counts as fresh.
    let mut card = people::social_card(ZHOU, "周海燕");
    card.face.insert("valid_to".into(), "2026-11-25".into());
    card.valid_to = Some(Validity::Until("2026-11-25".parse().unwrap()));
    issue(&world, card);
    for (at, verdict) in [
        ("2026-11-25T01:00:00.000000Z", "valid"),
        ("2026-11-25T15:59:59.999999Z", "valid"),
        ("2026-11-25T16:00:00.000000Z", "invalid"),
        ("2026-11-26T00:00:00.000000Z", "invalid"),
        ("2026-11-24T16:00:00.000000Z", "valid"),
    ] {
        world.clock.set(at.parse().unwrap());
        let answer = lookup(&world, ZHOU);
        let record = &records(&answer)[0];
        assert_eq!(record["verdict"], verdict, "at {at}: {:?}", reasons(record));
        assert_eq!(reasons(record), if verdict == "valid" { vec![] } else { vec!["expired"] });
    }
}

#[test]
fn i9_issue_looks_at_the_day_in_beijing() {
    let world = world(Backend::Sqlite).unwrap();
    ready(&world);
    let tomorrow = || people::id_card(ZHOU, "周海燕", "2026-11-23");
    world.clock.set("2026-11-22T15:59:59.999999Z".parse().unwrap());
    world.registry.refresh().unwrap();
    let submitted = elicense::registry::Submitted::Draft(tomorrow());
    let early = world.registry.issue(&super::operator(), &submitted).unwrap_err();
    assert_eq!(early.rule.map(Rule::wire), Some("date_in_future"));
    world.clock.set("2026-11-22T16:00:00.000000Z".parse().unwrap());
    issue(&world, tomorrow());
}

/// The same tests in a process that believes to stand elsewhere.
#[test]
fn i9_the_zone_of_the_machine_changes_nothing() {
    const INNER: &str = "ELICENSE_TEST_ZONE";
    if std::env::var(INNER).is_ok() {
        return;
    }
    for zone in ["America/Los_Angeles", "Pacific/Kiritimati", "UTC"] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["time::sqlite", "time::i9_issue", "clock"])
            .env("TZ", zone)
            .env(INNER, zone)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "TZ={zone}: {text}");
        assert!(text.contains("2 passed"), "{text}");
    }
}
