//! After a migration rows of the older layout open no more; a row that cannot be migrated keeps their layout
//! open.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use elicense::error::Code;
use elicense::registry::{FindingKind, FsckOptions, Opening, Registry};
use elicense::rule::Rule;
use elicense::store::Opened;
use elicense::trust::MasterKey;

use crate::common::{Backend, people, program};
use crate::kept::{Kept, layouts, on_each, sqlite};
use crate::{fsck, migrate};

/// How many of ZHOU's records open, and how many do not.
fn opened(registry: &Registry) -> (usize, usize) {
    let hk = registry.store().vault().index().holder_key("111", people::ZHOU);
    let rows = registry.store().read_now(|reader| reader.records_of(&hk)).unwrap();
    let damaged = rows.iter().filter(|row| matches!(row, Opened::Damaged { .. })).count();
    (rows.len() - damaged, damaged)
}

/// Tables in which a seal is broken; nothing else is found in them.
fn broken(registry: &Registry) -> BTreeSet<&'static str> {
    let report = registry.fsck(FsckOptions::default()).unwrap();
    let found = report.findings.iter().filter(|found| found.kind == FindingKind::SealBroken);
    found.map(|found| found.table).collect()
}

#[test]
fn a_row_of_a_closed_layout_opens_no_more() {
    on_each(|kept| {
        kept.steps();
        kept.sql("CREATE TABLE kept_rows AS SELECT * FROM records");
        kept.sql("CREATE TABLE kept_facts AS SELECT * FROM registry_facts");
        let whole = opened(&kept.open().unwrap());
        assert!(whole.0 > 2 && whole.1 == 0);
        assert!(migrate(&kept).closed);
        let registry = kept.open().unwrap();
        assert_eq!(opened(&registry), whole);

        let back = "UPDATE records SET sealed = (SELECT k.sealed FROM kept_rows k WHERE k.hk = records.hk \
                    AND k.type_code = records.type_code AND k.record_id = records.record_id)";
        kept.sql(back);
        for registry in [&registry, &kept.open().unwrap()] {
            assert_eq!(opened(registry), (0, whole.0), "rows of before were put back");
            assert_eq!(broken(registry), BTreeSet::from(["records"]));
        }

        // Somebody who also puts back the registry's earlier check value opens the layout once more:
        // SECURITY.md says so.
        let facts = "UPDATE registry_facts SET value = (SELECT k.value FROM kept_facts k \
                     WHERE k.name = registry_facts.name) \
                     WHERE name IN (SELECT name FROM kept_facts)";
        kept.sql(facts);
        let registry = kept.open().unwrap();
        assert_eq!(opened(&registry), whole);
        assert_eq!(fsck(&registry).older.len(), 1);
        drop(registry);
        assert!(migrate(&kept).closed);
        // Under another master key the earlier check value is worth nothing.
        let registry = kept.open().unwrap();
        let master = || MasterKey::from_bytes([9; 32]);
        registry.rekey_master("test", &master()).unwrap();
        drop(registry);
        let open = || Registry::open(Opening { master: master(), ..kept.opening() });
        assert_eq!(opened(&open().unwrap()), whole);
        kept.sql(back);
        assert_eq!(opened(&open().unwrap()), (0, whole.0), "the layouts stay closed under the new key");
        kept.sql(facts);
        assert_eq!(open().err().unwrap().code, Code::MasterKeyWrong);
        // And without it the registry does not open.
        kept.sql("DELETE FROM registry_facts WHERE name = 'master_key_check'");
        assert_eq!(open().err().unwrap().code, Code::NotInitialised);
    });
}

/// Sets the first byte of a sealed column everywhere.
fn set_layout(kept: &Kept, byte: u8) {
    let registry = ["records", "past_records", "events", "holders", "record_keys", "idempotency"];
    let sql = |table: &str, column: &str| match kept.database {
        Some(_) => format!("UPDATE {table} SET {column} = set_byte({column}, 0, {byte});"),
        None => format!("UPDATE {table} SET {column} = unhex('{byte:02x}' || substr(hex({column}), 3));"),
    };
    kept.sql(&registry.map(|table| sql(table, "sealed")).concat());
    match kept.database {
        Some(_) => kept.sql(&(sql("access_batches", "entries") + &sql("attachments", "sealed"))),
        None => {
            let mut access = sqlite(&kept.place.dir.join("access.db"));
            access.batch_execute(&sql("access_batches", "entries")).unwrap();
        }
    }
}

#[test]
fn a_changed_layout_byte_is_a_damaged_row() {
    on_each(|kept| {
        assert!(migrate(&kept).closed);
        let registry = kept.open().unwrap();
        let whole = opened(&registry);
        let sealed = ["access_batches", "events", "holders", "idempotency", "record_keys", "records"];
        for byte in [0, 1, 3] {
            set_layout(&kept, byte);
            assert_eq!(opened(&registry), (0, whole.0), "{byte}");
            let mut found = broken(&registry);
            // Past versions are only told to be missing where their record's row does not open.
            found.remove("past_records");
            assert_eq!(found, BTreeSet::from(sealed), "{byte}");
        }
        set_layout(&kept, 2);
        assert_eq!(opened(&registry), whole);
        fsck(&registry);
        // While both layouts open, a row is still of one of them.
        let other = Kept::copy(&layouts()[0], Backend::Sqlite).unwrap();
        other.steps();
        set_layout(&other, 2);
        assert_eq!(opened(&other.open().unwrap()), (0, whole.0));
    });
}

#[test]
fn a_row_that_does_not_open_keeps_the_door_of_its_layout_open() {
    on_each(|kept| {
        kept.steps();
        let edit = "UPDATE records SET disputed = NOT disputed WHERE leaf = (SELECT MIN(leaf) FROM records)";
        kept.sql(edit);
        let done = migrate(&kept);
        assert!(!done.closed && done.damaged() > 0, "{done:?}");
        let registry = kept.open().unwrap();
        assert_eq!(broken(&registry), BTreeSet::from(["records"]));
        let older = registry.fsck(FsckOptions::default()).unwrap().older;
        assert_eq!((older.len(), older[0].table, older[0].rows), (1, "records", done.damaged()));
        if kept.database.is_none() {
            let migrate = program::command(&kept.place.dir, &kept.key(), &["migrate"]);
            let output = program::finish(migrate, "");
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.code() == Some(1) && said.contains("do not open and stay"), "{said}");
        }
        drop(registry);
        kept.sql(edit);
        let done = migrate(&kept);
        assert!(done.closed && done.damaged() == 0, "{done:?}");
        fsck(&kept.open().unwrap());
    });
}

#[test]
fn nothing_is_migrated_under_a_wrong_key_or_while_a_process_serves() {
    on_each(|kept| {
        let wrong = Opening { master: MasterKey::from_bytes([9; 32]), ..kept.opening() };
        assert_eq!(Registry::migrate(wrong, &|_| ()).unwrap_err().code, Code::MasterKeyWrong);
        let lease = |until: i64| {
            let sql = format!(
                "UPDATE log_heads SET lease_until = {until}, owner = 'another' WHERE log = 'access-main'"
            );
            match kept.database {
                Some(_) => kept.sql(&sql),
                None => sqlite(&kept.place.dir.join("access.db")).batch_execute(&sql).unwrap(),
            }
        };
        lease(kept.clock().now().plus_seconds(8).micros());
        let refused = Registry::migrate(kept.opening(), &|_| ()).unwrap_err();
        assert_eq!((refused.code, refused.rule), (Code::LogLost, Some(Rule::LogHeld)));
        assert_eq!(kept.open().err().unwrap().code, Code::SchemaOutdated);
        lease(0);
        assert!(migrate(&kept).closed);
    });
}

#[test]
fn a_backup_across_the_end_of_a_migration_is_refused() {
    let kept = Kept::copy(&layouts()[0], Backend::Sqlite).unwrap();
    kept.steps();
    // Opened before the migration ended in another process.
    let registry = kept.open().unwrap();
    assert!(migrate(&kept).closed);
    let to = kept.dir.path().join("backup");
    let refused = registry.backup(&to).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::StoreBusy, Some(Rule::BackupLayouts)));
    assert!(!to.exists());
    registry.backup(&to).unwrap();
    let place = elicense::store::Place::in_dir(&kept.dir.path().join("restored"));
    Registry::restore(&to, Opening { place: place.clone(), ..kept.opening() }).unwrap();
    let restored = Registry::open(Opening { place, ..kept.opening() }).unwrap();
    assert_eq!(fsck(&restored).older, []);
}
