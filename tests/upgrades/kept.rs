//! A copy of a kept data directory, on SQLite as its files, on PostgreSQL with its rows in a database of the schema
//! that its program had.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use elicense::clock::{Clock, Moment};
use elicense::error::Error;
use elicense::registry::{Opening, Registry};
use elicense::store::{DbUrl, Place, Store};
use elicense::trust::MasterKey;
use serde_json::Value;

use crate::common::postgres::Database;
use crate::common::{Backend, demo_regions};

/// The kept directories, oldest layout first.
pub fn layouts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/upgrades");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.join("data").is_dir()).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// A copy that a test may change.
pub struct Kept {
    pub place: Place,
    pub dir: tempfile::TempDir,
    pub database: Option<Database>,
    from: PathBuf,
}

/// Runs a test on a copy of each kept directory, on both databases.
pub fn on_each(test: impl Fn(Kept)) {
    for layout in layouts() {
        test(Kept::copy(&layout, Backend::Sqlite).unwrap());
        match Kept::copy(&layout, Backend::Postgres) {
            Some(kept) => test(kept),
            None => crate::common::postgres::skipped(),
        }
    }
}

impl Kept {
    /// None where the backend is PostgreSQL and there is none.
    pub fn copy(from: &Path, backend: Backend) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        copy_folder(&from.join("data"), &data);
        let key = dir.path().join("master.key");
        fs::copy(from.join("master.key"), &key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
        let (mut place, mut database) = (Place::in_dir(&data), None);
        if backend == Backend::Postgres {
            let made = Database::create()?;
            load(&data, &made.url);
            for file in ["registry.db", "access.db"] {
                fs::remove_file(data.join(file)).unwrap();
            }
            place.url = DbUrl::parse(&made.url).unwrap();
            database = Some(made);
        }
        Some(Self { place, dir, database, from: from.to_owned() })
    }

    pub fn key(&self) -> PathBuf {
        self.dir.path().join("master.key")
    }

    pub fn master(&self) -> MasterKey {
        MasterKey::read(&self.key(), None).unwrap()
    }

    /// The answers of the earlier program.
    pub fn answer(&self, name: &str) -> String {
        fs::read_to_string(self.from.join("answers").join(name)).unwrap()
    }

    /// The names of the kept answers of lookups.
    pub fn lookups(&self) -> Vec<String> {
        let names = fs::read_dir(self.from.join("answers")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let found: Vec<String> = names.filter(|name| name.starts_with("lookup.")).collect();
        assert!(found.len() > 2);
        found
    }

    /// An hour after the earlier program stopped.
    pub fn clock(&self) -> Clock {
        let issued: Value = serde_json::from_str(&self.answer("issue.answer.json")).unwrap();
        let at: Moment = issued["at"].as_str().unwrap().parse().unwrap();
        Clock::fixed(at.plus_seconds(3_600))
    }

    pub fn opening(&self) -> Opening {
        let (place, master) = (self.place.clone(), self.master());
        Opening { place, master, clock: self.clock(), regions: demo_regions() }
    }

    pub fn open(&self) -> Result<Registry, Error> {
        Registry::open(self.opening())
    }

    /// Runs the schema steps and nothing else: the rows stay as they are.
    pub fn steps(&self) -> Vec<String> {
        Store::migrate(&self.place, &self.master(), self.clock().now()).unwrap()
    }

    /// Changes the registry's database behind the program's back.
    pub fn sql(&self, sql: &str) {
        match &self.place.url {
            DbUrl::Sqlite(path) => sqlite(path).batch_execute(sql).unwrap(),
            DbUrl::Postgres(url) => postgres(url).batch_execute(sql).unwrap(),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "tests open databases of their own")]
pub fn sqlite(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "tests open databases of their own")]
fn postgres(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy_folder(&path, &target),
            false => assert!(fs::copy(&path, &target).is_ok()),
        }
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
    diesel::sql_query(sql).load::<Line>(conn).unwrap().into_iter().map(|row| row.line).collect()
}

/// Runs the steps that the directory's program had, then copies every row of both files.
fn load(data: &Path, url: &str) {
    let mut to = postgres(url);
    let book = "CREATE TABLE __diesel_schema_migrations \
                (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT now())";
    to.batch_execute(book).unwrap();
    let (mut steps, mut rows, mut tables) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    for (group, file) in [("registry", "registry.db"), ("access", "access.db")] {
        let mut from = sqlite(&data.join(file));
        for version in lines(&mut from, "SELECT version AS line FROM __diesel_schema_migrations") {
            steps.insert((version, group));
        }
        for table in lines(&mut from, "SELECT name AS line FROM sqlite_master WHERE type = 'table'") {
            rows.extend(inserts(&mut from, &table));
            tables.insert(table);
        }
    }
    for (version, group) in &steps {
        to.batch_execute(&script(group, version)).unwrap();
    }
    // Some steps write rows of their own.
    for table in &tables {
        to.batch_execute(&format!("DELETE FROM {table}")).unwrap();
    }
    for insert in &rows {
        to.batch_execute(insert).unwrap_or_else(|error| panic!("{insert}: {error}"));
    }
    load_attachments(data, &mut to);
}

fn script(group: &str, version: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres").join(group);
    let of_version = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().replace('-', "");
        name.split('_').next() == Some(version)
    };
    let step = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).find(of_version);
    fs::read_to_string(step.unwrap().join("up.sql")).unwrap()
}

/// Every row of a table as a statement for PostgreSQL, written by SQLite itself.
fn inserts(from: &mut SqliteConnection, table: &str) -> Vec<String> {
    let columns =
        lines(from, &format!("SELECT name || ' ' || type AS line FROM pragma_table_info('{table}')"));
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in &columns {
        let (name, kind) = column.split_once(' ').unwrap();
        names.push(name);
        values.push(match kind {
            "BLOB" => format!("CASE WHEN {name} IS NULL THEN 'NULL' ELSE '''\\x' || hex({name}) || '''' END"),
            "BOOLEAN" => format!("CASE WHEN {name} THEN 'TRUE' ELSE 'FALSE' END"),
            _ => format!("quote({name})"),
        });
    }
    let (names, values) = (names.join(", "), values.join(" || ', ' || "));
    lines(
        from,
        &format!("SELECT 'INSERT INTO {table} ({names}) VALUES (' || {values} || ')' AS line FROM {table}"),
    )
}

/// Files on SQLite are rows on PostgreSQL: length of the whole, then for each chunk its key's id and its seal.
fn load_attachments(data: &Path, to: &mut PgConnection) {
    for path in crate::common::needles::files(&data.join("attachments")) {
        let (fan, rest) = (path.parent().unwrap().file_name().unwrap(), path.file_name().unwrap());
        let name = format!("{}{}", fan.to_str().unwrap(), rest.to_str().unwrap());
        let bytes = fs::read(&path).unwrap();
        let (mut rest, mut chunk) = (&bytes[8..], 0);
        while !rest.is_empty() {
            let number = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap());
            let (key_id, end) = (number(0), 8 + number(4) as usize);
            let sealed: String = rest[8..end].iter().map(|byte| format!("{byte:02x}")).collect();
            let row =
                format!("INSERT INTO attachments VALUES ('\\x{name}', {chunk}, {key_id}, '\\x{sealed}')");
            to.batch_execute(&row).unwrap();
            (rest, chunk) = (&rest[end..], chunk + 1);
        }
    }
}
