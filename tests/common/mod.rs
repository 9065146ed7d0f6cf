//! A registry per test: a temporary directory on SQLite, a database of its own on PostgreSQL.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stderr)]

pub mod callers;
pub mod captured;
pub mod cards;
pub mod couples;
pub mod department;
pub mod described;
pub mod desk;
pub mod items;
pub mod model;
pub mod needles;
pub mod paths;
pub mod people;
pub mod postgres;
pub mod program;
pub mod server;
pub mod transfer;
pub mod workbook;

use std::path::{Path, PathBuf};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use elicense::clock::{Clock, Moment};
use elicense::identity::Regions;
use elicense::policy::Actor;
use elicense::registry::{FoundingOptions, Opening, Registry};
use elicense::store::{DbUrl, Place};
use elicense::trust::MasterKey;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

pub const MASTER: [u8; 32] = [7; 32];

/// An open registry in a place that goes away with it.
pub struct World {
    pub registry: Registry,
    pub place: Place,
    pub clock: Clock,
    dir: tempfile::TempDir,
    _database: Option<postgres::Database>,
}

/// 2026-11-22 09:00 in Beijing.
pub fn noon() -> Moment {
    "2026-11-22T01:00:00.000000Z".parse().unwrap()
}

pub fn operator() -> Actor {
    Actor::Operator { name: "test".into() }
}

pub fn demo_regions() -> Regions {
    Regions::with(include_str!("../../fixtures/regions.demo.tsv")).unwrap()
}

pub fn options() -> FoundingOptions {
    FoundingOptions {
        origin: "test.example".into(),
        home: "190000".parse().unwrap(),
        nodes: vec!["main".into(), "other".into()],
        types: true,
    }
}

/// None where the backend is PostgreSQL and there is none: the caller counts itself skipped.
pub fn world(backend: Backend) -> Option<World> {
    world_at(backend, Clock::fixed(noon()))
}

/// The same under another clock.
pub fn world_at(backend: Backend, clock: Clock) -> Option<World> {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (url, database) = match backend {
        Backend::Sqlite => (DbUrl::in_data_dir(&data), None),
        Backend::Postgres => {
            let database = postgres::Database::create()?;
            (DbUrl::parse(&database.url).unwrap(), Some(database))
        }
    };
    let place = Place { url, dir: data, point_hops: false };
    let opening = Opening {
        place: place.clone(),
        master: MasterKey::from_bytes(MASTER),
        clock: clock.clone(),
        regions: demo_regions(),
    };
    let (registry, _) = Registry::found(opening, &options()).unwrap();
    Some(World { registry, place, clock, dir, _database: database })
}

impl World {
    /// Opens the same place once more, as another process would.
    pub fn reopen(&self) -> Registry {
        Registry::open(Opening {
            place: self.place.clone(),
            master: MasterKey::from_bytes(MASTER),
            clock: self.clock.clone(),
            regions: demo_regions(),
        })
        .unwrap()
    }

    /// Changes the registry's database behind the program's back.
    pub fn sql(&self, sql: &str) {
        self.sql_of("registry.db", sql);
    }

    /// The same for the access log's database.
    pub fn access_sql(&self, sql: &str) {
        self.sql_of("access.db", sql);
    }

    #[allow(clippy::disallowed_methods, reason = "tests open databases of their own")]
    fn sql_of(&self, file: &str, sql: &str) {
        match &self.place.url {
            DbUrl::Sqlite(path) => {
                let path = path.with_file_name(file);
                let mut conn = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                conn.batch_execute(sql).unwrap();
            }
            DbUrl::Postgres(url) => diesel::PgConnection::establish(url).unwrap().batch_execute(sql).unwrap(),
        }
    }

    /// The database it is on.
    pub fn backend(&self) -> Backend {
        if self._database.is_some() { Backend::Postgres } else { Backend::Sqlite }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data(&self) -> PathBuf {
        self.place.dir.clone()
    }
}

/// An answer as the asker reads it.
pub fn value(answer: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(answer).unwrap()
}

/// Runs an async closure on a runtime of its own.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The same test on both databases; the PostgreSQL one is ignored with its reason where none can be had,
/// unless `ELICENSE_TEST_POSTGRES=required` (set by `tests/run`) makes that a failure.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite { $( #[test] fn $name() { super::$name($crate::common::world($crate::common::Backend::Sqlite).unwrap()); } )* }
        mod postgres { $( #[test] fn $name() {
            match $crate::common::world($crate::common::Backend::Postgres) {
                Some(world) => super::$name(world),
                None => $crate::common::postgres::skipped(),
            }
        } )* }
    };
}
