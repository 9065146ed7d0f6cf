//! The schema on both databases: the same steps, each taken back again, the tables the program expects, and a
//! database of another version refused.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests open databases of their own")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::postgres::{Database, skipped};
use common::{MASTER, World, demo_regions, people};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use elicense::catalog::Agency;
use elicense::error::Code;
use elicense::registry::{Opening, Registry};
use elicense::rule::Rule;
use elicense::store::Store;
use elicense::trust::MasterKey;

const GROUPS: [&str; 2] = ["registry", "access"];

fn folder(database: &str, group: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database).join(group)
}

/// Names of the steps of a group, in order.
fn steps(database: &str, group: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder(database, group)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn script(database: &str, group: &str, step: &str, file: &str) -> String {
    std::fs::read_to_string(folder(database, group).join(step).join(file)).unwrap()
}

/// One column: type as `schema.rs` names it, whether it may be null, its place in the primary key (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    kind: String,
    nullable: bool,
    key: i32,
}

type Tables = BTreeMap<String, BTreeMap<String, Column>>;

/// The tables as `src/store/schema.rs` declares them.
fn declared(source: &str) -> Tables {
    let mut tables = Tables::new();
    let mut rest = source;
    while let Some(at) = rest.find("table! {") {
        rest = &rest[at + "table! {".len()..];
        let open = rest.find('{').unwrap();
        let close = rest.find('}').unwrap();
        let (name, key) = rest[..open].trim().split_once(" (").unwrap();
        let keys: Vec<&str> = key.trim().trim_end_matches(')').split(", ").collect();
        let mut columns = BTreeMap::new();
        for column in rest[open + 1..close].split(',').map(str::trim).filter(|column| !column.is_empty()) {
            let (name, kind) = column.split_once(" -> ").unwrap();
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let key = keys.iter().zip(1..).find(|(key, _)| **key == name).map_or(0, |(_, place)| place);
            let column = Column { kind: inner.unwrap_or(kind).to_owned(), nullable: inner.is_some(), key };
            columns.insert(name.to_owned(), column);
        }
        tables.insert(name.to_owned(), columns);
        rest = &rest[close..];
    }
    tables
}

fn expected() -> Tables {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs");
    declared(&std::fs::read_to_string(path).unwrap())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = diesel::sql_types::Bool)]
    nullable: bool,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    key: i32,
}

const SQLITE_COLUMNS: &str = "SELECT t.name AS \"table\", c.name AS name, c.type AS kind, \
     c.\"notnull\" = 0 AS nullable, c.pk AS key \
     FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'";
const POSTGRES_COLUMNS: &str = "SELECT c.table_name::text AS \"table\", c.column_name::text AS name, \
     c.data_type::text AS kind, c.is_nullable = 'YES' AS nullable, COALESCE(k.ordinal_position::int, 0) AS key \
     FROM information_schema.columns c \
     LEFT JOIN information_schema.table_constraints p ON p.table_schema = c.table_schema \
       AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY' \
     LEFT JOIN information_schema.key_column_usage k ON k.constraint_name = p.constraint_name \
       AND k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name \
     WHERE c.table_schema = 'public'";

/// The contents of a database, without its own book of steps.
fn present<C>(conn: &mut C, sql: &str) -> Tables
where
    C: Connection + diesel::connection::LoadConnection,
    diesel::query_builder::SqlQuery: for<'q> diesel::query_dsl::LoadQuery<'q, C, Row>,
{
    let mut tables = Tables::new();
    for row in diesel::sql_query(sql).load::<Row>(conn).unwrap() {
        let kind = match row.kind.to_uppercase().as_str() {
            "BIGINT" => "BigInt",
            "INTEGER" => "Integer",
            "SMALLINT" => "SmallInt",
            "TEXT" => "Text",
            "BLOB" | "BYTEA" => "Binary",
            "BOOLEAN" => "Bool",
            other => panic!("{}.{}: {other} is not one of the six types", row.table, row.name),
        };
        let column = Column { kind: kind.to_owned(), nullable: row.nullable, key: row.key };
        if !row.table.starts_with("__diesel") {
            tables.entry(row.table).or_default().insert(row.name, column);
        }
    }
    tables
}

/// Up, down, up: a step that is taken back leaves nothing, and a step that is made again gives the same.
fn there_and_back(
    database: &str,
    groups: &[&str],
    conn: &mut impl SimpleConnection,
    tables: impl Fn() -> Tables,
) {
    let all: Vec<(&str, String)> = groups
        .iter()
        .flat_map(|group| steps(database, group).into_iter().map(|step| (*group, step)))
        .collect();
    let mut run = |file: &str, back: bool| {
        let order: Vec<&(&str, String)> =
            if back { all.iter().rev().collect() } else { all.iter().collect() };
        for (group, step) in order {
            conn.batch_execute(&script(database, group, step, file))
                .unwrap_or_else(|error| panic!("{database}/{group}/{step}/{file}: {error}"));
        }
    };
    run("up.sql", false);
    let first = tables();
    assert!(!first.is_empty());
    run("down.sql", true);
    assert_eq!(tables().keys().collect::<Vec<_>>(), Vec::<&String>::new(), "{database}: down leaves tables");
    run("up.sql", false);
    assert_eq!(tables(), first);
}

#[test]
fn both_databases_have_the_same_steps() {
    for group in GROUPS {
        let names = steps("sqlite", group);
        assert!(!names.is_empty());
        assert_eq!(names, steps("postgres", group), "{group}");
        for database in ["sqlite", "postgres"] {
            for step in &names {
                assert!(!script(database, group, step, "up.sql").trim().is_empty());
                assert!(
                    !script(database, group, step, "down.sql").trim().is_empty(),
                    "{step} cannot be taken back"
                );
            }
        }
    }
    let all: Vec<String> = GROUPS.iter().flat_map(|group| steps("postgres", group)).collect();
    let versions: BTreeSet<&str> = all.iter().filter_map(|name| name.split('_').next()).collect();
    assert_eq!(versions.len(), all.len(), "two steps have one version; on PostgreSQL they are one source");
}

#[test]
fn sqlite_goes_up_down_and_up_to_the_declared_tables() {
    let dir = tempfile::tempdir().unwrap();
    let mut found = Tables::new();
    for group in GROUPS {
        let path = dir.path().join(group).to_str().unwrap().to_owned();
        let mut conn = SqliteConnection::establish(&path).unwrap();
        let tables = || present(&mut SqliteConnection::establish(&path).unwrap(), SQLITE_COLUMNS);
        there_and_back("sqlite", &[group], &mut conn, tables);
        for (name, columns) in tables() {
            // The tables of a log stand in both files, and alike.
            let before = found.insert(name.clone(), columns.clone());
            assert!(before.is_none_or(|before| before == columns), "{name} differs between the two files");
        }
    }
    assert_eq!(found, expected());
}

#[test]
fn postgres_goes_up_down_and_up_to_the_declared_tables() {
    let Some(database) = Database::create() else { return skipped() };
    let mut conn = PgConnection::establish(&database.url).unwrap();
    let tables = || present(&mut PgConnection::establish(&database.url).unwrap(), POSTGRES_COLUMNS);
    there_and_back("postgres", &GROUPS, &mut conn, tables);
    assert_eq!(tables(), expected());
}

#[test]
fn a_column_that_differs_is_found() {
    let tables = declared("table! { a (x, y) { x -> Text, y -> Nullable<BigInt>, z -> Bool, } }");
    let a = &tables["a"];
    assert_eq!(a["x"], Column { kind: "Text".into(), nullable: false, key: 1 });
    assert_eq!(a["y"], Column { kind: "BigInt".into(), nullable: true, key: 2 });
    assert_eq!(a["z"].key, 0);
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    conn.batch_execute("CREATE TABLE a (x TEXT NOT NULL, y BIGINT, z BOOLEAN NOT NULL, PRIMARY KEY (x, y))")
        .unwrap();
    assert_eq!(present(&mut conn, SQLITE_COLUMNS), tables);
    conn.batch_execute("ALTER TABLE a ADD COLUMN more TEXT").unwrap();
    assert_ne!(present(&mut conn, SQLITE_COLUMNS), tables);
}

on_both! {
    a_database_of_another_version_is_refused_and_migrate_mends_the_older
    agencies_of_an_older_schema_stand_under_their_first_day
}

fn agencies_of_an_older_schema_stand_under_their_first_day(world: World) {
    let agency = |name: &str, from: &str, to: Option<&str>| Agency {
        valid_from: people::day(from),
        valid_to: to.map(people::day),
        ..people::agency(people::POLICE, name, "190101")
    };
    let names = [agency("甲", "1955-03-01", Some("1999-12-31")), agency("乙", "2000-01-01", None)];
    world.registry.put_agencies("test", &names).unwrap();
    let other = |name: &str| Agency { code: people::MARKET.into(), ..agency(name, "1955-03-01", None) };
    world.registry.put_agency("test", &other("丙")).unwrap();
    let database = if world.place.url.is_postgres() { "postgres" } else { "sqlite" };
    let again = || {
        world.sql(&script(database, "registry", "2026-11-22-000008_agencies", "down.sql"));
        world.sql("DELETE FROM __diesel_schema_migrations WHERE version = '20261122000008'");
        assert_eq!(migrate(&world).len(), 1);
        let registry = open(&world).unwrap();
        let all: Vec<String> = registry
            .snapshot()
            .catalog
            .issuers()
            .agencies()
            .all()
            .iter()
            .map(|one| one.name.clone())
            .collect();
        (registry, all)
    };
    // The older schema has room for the last name of each.
    let (registry, all) = again();
    assert_eq!(all, ["丙", "乙"]);
    // The day is the one in the entry: written again, it takes its own place and no other.
    let before = agency("甲", "1955-03-01", None);
    assert_eq!(
        registry.put_agency("test", &before).unwrap_err().rule.map(Rule::wire),
        Some("agency_overlap"),
        "an earlier name that goes on"
    );
    registry.put_agency("test", &other("己")).unwrap();
    registry.put_agency("test", &agency("丁", "2000-01-01", None)).unwrap();
    let ended = agency("丁", "2000-01-01", Some("2000-01-01"));
    registry.put_agencies("test", &[ended, agency("戊", "2000-01-02", None)]).unwrap();
    assert_eq!(again().1, ["己", "戊"]);
}

fn migrate(world: &World) -> Vec<String> {
    Store::migrate(&world.place, &MasterKey::from_bytes(MASTER), world.clock.now()).unwrap()
}

fn open(world: &World) -> Result<Registry, elicense::error::Error> {
    Registry::open(Opening {
        place: world.place.clone(),
        master: MasterKey::from_bytes(MASTER),
        clock: world.clock.clone(),
        regions: demo_regions(),
    })
}

fn a_database_of_another_version_is_refused_and_migrate_mends_the_older(world: World) {
    assert!(open(&world).is_ok());
    let last = "(SELECT max(version) FROM __diesel_schema_migrations)";
    // A step of tomorrow.
    world.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231000001')");
    let refused = open(&world).err().expect("a later schema is refused");
    assert_eq!(refused.code, Code::SchemaOutdated);
    assert!(refused.detail.contains("later"), "{refused}");
    world.sql(&format!("DELETE FROM __diesel_schema_migrations WHERE version = {last}"));
    assert!(open(&world).is_ok());
    // The newest step taken back.
    let database = if world.place.url.is_postgres() { "postgres" } else { "sqlite" };
    let groups = if world.place.url.is_postgres() { &GROUPS[..] } else { &["registry"] };
    let all = groups.iter().flat_map(|group| steps(database, group).into_iter().map(|step| (step, *group)));
    let (newest, group) = all.max().unwrap();
    world.sql(&script(database, group, &newest, "down.sql"));
    let version = newest.split('_').next().unwrap().replace('-', "");
    world.sql(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'"));
    let refused = open(&world).err().expect("an older schema is refused");
    assert_eq!(refused.code, Code::SchemaOutdated);
    assert!(refused.code.hint().contains("migrate"));
    let ran = migrate(&world);
    assert_eq!(ran.len(), 1, "{ran:?}");
    assert!(open(&world).is_ok());
    assert!(migrate(&world).is_empty());
}
