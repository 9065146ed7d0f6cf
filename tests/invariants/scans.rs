//! I8: one holder, one place. The statements of a lookup are counted as the database gets them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::{Connection, RunQueryDsl};
use elicense::clock::Day;
use elicense::store::{HolderBody, HolderState, Link, LinkKind, Opened, StoredHolder};

use super::common::people::{self, CHEN, ZHOU};
use super::common::{Backend, World, world};
use super::{issue, lookup, ready, records};

thread_local! {
    /// Statements of this thread: on SQLite a lookup reads where it is called.
    static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn count() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            ASKED.with_borrow_mut(|asked| asked.push(text));
        }
    }))
}

/// Statements that a lookup of this number made, by the table they read.
fn reads(world: &World, code: &str) -> (usize, usize, Vec<String>) {
    world.registry.refresh().unwrap();
    lookup(world, code);
    ASKED.with_borrow_mut(Vec::clear);
    lookup(world, code);
    let asked = ASKED.take();
    let of = |table: &str| asked.iter().filter(|text| text.contains(&format!("FROM `{table}`"))).count();
    let data = asked.iter().filter(|text| text.contains("FROM")).cloned().collect();
    (of("records"), of("holders"), data)
}

fn link(from: &str, to: &str) -> Link {
    Link {
        kind: LinkKind::SamePerson,
        code_type: "111".into(),
        code: to.into(),
        key_type: "111".into(),
        key_code: to.into(),
        outward: from < to,
        since: Day::new(2020, 1, 1).unwrap(),
    }
}

#[test]
fn i8_a_lookup_is_one_scan_and_one_point_read_a_number() {
    set_default_instrumentation(count).unwrap();
    let world = world(Backend::Sqlite).unwrap();
    ready(&world);
    issue(&world, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let (scans, points, asked) = reads(&world, ZHOU);
    assert_eq!((scans, points), (1, 1), "{asked:#?}");
    // A marriage is held against the death of the other spouse too, who is read once for all that they have together.
    issue(&world, people::marriage("J190101-2015-000123"));
    issue(&world, people::marriage("J190101-2015-000124"));
    let (scans, points, asked) = reads(&world, ZHOU);
    assert_eq!((scans, points), (1, 2), "{asked:#?}");
    // Beside them the head of the log, and the config version that `refresh` compares.
    assert!(asked.len() <= 5, "{asked:#?}");
    assert!(asked.iter().all(|text| !text.contains(ZHOU)), "a number never stands in a statement");

    // A chain of six codes: four keys are followed, no more.
    let codes =
        [ZHOU, CHEN, "190101199003070112", "190101199003070032", "190101199003070059", "190101199003070075"];
    for (place, code) in codes.iter().enumerate() {
        let near = [place.checked_sub(1), Some(place + 1)];
        let links = near.iter().filter_map(|at| codes.get((*at)?)).map(|to| link(code, to)).collect();
        let holder = StoredHolder {
            hk: world.registry.store().vault().index().holder_key("111", code),
            state: HolderState::Normal,
            body: HolderBody {
                code_type: "111".into(),
                code: (*code).into(),
                state_since: None,
                state_source: String::new(),
                state_at: None,
                certificate: None,
                beneath: Vec::new(),
                links,
            },
        };
        world.registry.store().write_now(|writer| writer.put_holder(&holder)).unwrap();
    }
    let (scans, points, asked) = reads(&world, ZHOU);
    assert_eq!((scans, points), (4, 4), "the spouse is one of them: {asked:#?}");
}

#[derive(diesel::QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// How SQLite carries a statement out, step by step.
#[allow(clippy::disallowed_methods, reason = "tests open databases of their own")]
fn plan(file: &std::path::Path, statement: &str) -> Vec<String> {
    let text = statement.split(" -- binds").next().unwrap();
    let mut conn = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(&mut conn).unwrap();
    steps.into_iter().map(|step| step.detail).collect()
}

/// The next page of a walk over a table begins at the end of the last one: it does not read the table from
/// its beginning, and it does not sort the rest.
#[test]
fn a_walk_goes_on_from_where_it_stands() {
    set_default_instrumentation(count).unwrap();
    let world = world(Backend::Sqlite).unwrap();
    ready(&world);
    issue(&world, people::marriage("J190101-2015-000123"));
    lookup(&world, ZHOU);
    lookup(&world, ZHOU);
    world.registry.stop_access();
    let store = world.registry.store();
    ASKED.take();
    let walked = store.read_now(|reader| {
        let (_, next) = reader.walk_records(false, None, 1)?;
        reader.walk_records(false, next.as_ref(), 1)?;
        reader.walk_records(true, next.as_ref(), 1)?;
        let (_, next) = reader.walk_events(None, 1)?;
        reader.walk_events(next.as_ref(), 1)
    });
    walked.unwrap();
    store.reseal(1, |_| ()).unwrap();
    let asked = ASKED.take();
    let pages = asked.iter().filter(|text| text.contains(" WHERE ") && text.contains(" LIMIT "));
    let mut tables = BTreeSet::new();
    for page in pages {
        let table = page.split("FROM `").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
        let file = if table == "access_batches" { "access.db" } else { "registry.db" };
        let steps = plan(&world.data().join(file), page);
        let begins = steps.first().is_some_and(|step| step.starts_with(&format!("SEARCH {table} USING ")));
        let sorts = steps.iter().any(|step| step.contains("FOR ORDER BY") || step.contains("MULTI-INDEX"));
        assert!(begins && !sorts, "{page}: {steps:?}");
        tables.insert(table.to_owned());
    }
    let walked = ["access_batches", "events", "past_records", "record_keys", "records"];
    assert!(walked.iter().all(|table| tables.contains(*table)), "{tables:?}");
}

crate::on_both! {
    i8_a_record_of_two_holders_has_a_row_under_each
}

fn i8_a_record_of_two_holders_has_a_row_under_each(world: World) {
    ready(&world);
    let issued = issue(&world, people::marriage("J190101-2015-000123"));
    issue(&world, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    let store = world.registry.store();
    let mut ids = Vec::new();
    for code in [ZHOU, CHEN] {
        let hk = store.vault().index().holder_key("111", code);
        let rows = store.read_now(|reader| reader.records_of(&hk)).unwrap();
        let joint: Vec<_> = rows
            .iter()
            .filter_map(|row| match row {
                Opened::Record(row) if row.body.identifier == issued.identifier => Some(row),
                _ => None,
            })
            .collect();
        assert_eq!(joint.len(), 1);
        assert_eq!(joint[0].hk, hk);
        assert_eq!(joint[0].body.holder.1, code, "each row is sealed for its own holder");
        ids.push((joint[0].record_id, joint[0].leaf, joint[0].body.envelope.clone()));
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(records(&lookup(&world, ZHOU)).len(), 2);
    assert_eq!(records(&lookup(&world, CHEN)).len(), 1);
}
