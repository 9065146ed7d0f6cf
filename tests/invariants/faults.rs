//! I5: an answer names a fault of ours as one. Each row of the matrix breaks one thing behind the program's
//! back.

use elicense::clock::Day;
use elicense::error::Class;
use elicense::store::{HolderBody, HolderState, StoredHolder};

use super::common::people::{self, POLICE, ZHOU};
use super::common::{Backend, World, operator, postgres, world};
use super::{ask, issue, lookup, lookup_as, of_type, ready, reasons, records};

/// The fault, the statements that cause it, whether the social security card stands above it.
const FAULTS: &[(&str, &str, bool)] = &[
    ("a state edited to revoked", "UPDATE records SET state = 7 WHERE type_code LIKE '%70001'", true),
    ("a last day edited to the past", "UPDATE records SET valid_to = 1 WHERE type_code LIKE '%70001'", true),
    ("a seal cut short", "UPDATE records SET sealed = substr(sealed, 2) WHERE type_code LIKE '%70001'", true),
    (
        "a seal emptied",
        "UPDATE records SET sealed = substr(sealed, 1, 0) WHERE type_code LIKE '%70001'",
        true,
    ),
    ("an unknown data key", "UPDATE records SET key_id = 77 WHERE type_code LIKE '%70001'", true),
    (
        "a closed list's number that is none",
        "UPDATE records SET custody = 99 WHERE type_code LIKE '%70001'",
        true,
    ),
    ("the issuer's key is gone", "DELETE FROM signing_keys WHERE owner = 'POLICE'", false),
    ("the type is gone", "DELETE FROM types WHERE code LIKE '%70001'", true),
    ("the holder's row is damaged", "UPDATE holders SET sealed = substr(sealed, 2)", false),
    ("the holder's row is edited", "UPDATE holders SET state = 3", false),
    ("the log's head is gone", "DELETE FROM log_heads WHERE log = 'records'", false),
    ("the config is gone", "DELETE FROM registry_facts WHERE name = 'home_region'", false),
];

#[test]
fn i5_a_fault_is_never_invalid_sqlite() {
    for fault in FAULTS {
        told_as_a_fault(world(Backend::Sqlite).unwrap(), fault);
    }
}

#[test]
fn i5_a_fault_is_never_invalid_postgres() {
    // One code opens all rows; every third fault shows that its columns come back the same.
    for fault in FAULTS.iter().step_by(3) {
        match world(Backend::Postgres) {
            Some(world) => told_as_a_fault(world, fault),
            None => return postgres::skipped(),
        }
    }
}

fn told_as_a_fault(world: World, (name, sql, above): &(&str, &str, bool)) {
    ready(&world);
    issue(&world, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let registry = &world.registry;
    let holder = StoredHolder {
        hk: registry.store().vault().index().holder_key("111", ZHOU),
        state: HolderState::Normal,
        body: HolderBody {
            code_type: "111".into(),
            code: ZHOU.into(),
            state_since: Day::new(2020, 1, 1),
            state_source: "公安".into(),
            state_at: None,
            certificate: None,
            beneath: Vec::new(),
            links: Vec::new(),
        },
    };
    registry.store().write_now(|writer| writer.put_holder(&holder)).unwrap();
    let before = lookup(&world, ZHOU);
    assert!(
        records(&before).len() == 2 && records(&before).iter().all(|record| record["verdict"] == "valid")
    );

    world.sql(&sql.replace("POLICE", POLICE));
    world.sql("UPDATE config_version SET version = version + 1");
    match lookup_as(&world, &operator(), ask("111", ZHOU)) {
        // No answer at all is an honest one, if it says who is at fault.
        Err(error) => assert_ne!(error.code.class(), Class::Refused, "{name}: {error}"),
        Ok(answer) => {
            let card =
                records(&answer).iter().find(|one| one["type"].as_str().unwrap().ends_with("70001")).unwrap();
            assert_eq!(card["verdict"], "undetermined", "{name}: {:?}", reasons(card));
            for record in records(&answer) {
                assert_ne!(record["verdict"], "invalid", "{name}: {:?}", reasons(record));
            }
            if *above {
                // The others are still answered.
                assert_eq!(of_type(&answer, "social_security_card")["verdict"], "valid", "{name}");
            }
        }
    }
}
