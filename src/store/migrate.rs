//! Schema versions: `migrate` brings a registry to this program's schema, `check` refuses any other.
//!
//! `serve` never migrates: two programs of different versions on one database would lose data.

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::any::AnyConnection;
use super::dialect::{self, native};
use super::place::Side;
use crate::error::{Code, Error, Result};

const SQLITE_REGISTRY: EmbeddedMigrations = embed_migrations!("migrations/sqlite/registry");
const SQLITE_ACCESS: EmbeddedMigrations = embed_migrations!("migrations/sqlite/access");
const POSTGRES_REGISTRY: EmbeddedMigrations = embed_migrations!("migrations/postgres/registry");
const POSTGRES_ACCESS: EmbeddedMigrations = embed_migrations!("migrations/postgres/access");

/// On PostgreSQL both groups are one source; on SQLite each file has its own.
struct Source(Side);

impl MigrationSource<Sqlite> for Source {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Sqlite>>>> {
        match self.0 {
            Side::Registry => SQLITE_REGISTRY.migrations(),
            Side::Access => SQLITE_ACCESS.migrations(),
        }
    }
}

impl MigrationSource<Pg> for Source {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Pg>>>> {
        let mut all: Vec<Box<dyn Migration<Pg>>> = POSTGRES_REGISTRY.migrations()?;
        all.extend(MigrationSource::<Pg>::migrations(&POSTGRES_ACCESS)?);
        Ok(all)
    }
}

/// Runs the missing steps, in order; returns their versions.
pub fn run(conn: &mut AnyConnection, side: Side) -> Result<Vec<String>> {
    native!(conn, c => {
        let ran = c.run_pending_migrations(Source(side)).map_err(failed)?;
        Ok(ran.iter().map(ToString::to_string).collect())
    })
}

/// Refuses a database whose steps are not exactly those of this program. `not_initialised` if it has none of
/// them, so that `migrate` does not make a registry out of somebody's empty database (I11).
pub fn check(conn: &mut AnyConnection, side: Side) -> Result<()> {
    let mut expected = match conn {
        AnyConnection::Sqlite(_) => names::<Sqlite>(&Source(side))?,
        AnyConnection::Pg(_) => names::<Pg>(&Source(side))?,
    };
    expected.sort_unstable();
    let applied = versions(conn)?;
    if applied == expected {
        return Ok(());
    }
    if applied.is_empty() {
        return Err(Error::new(Code::NotInitialised, "the database has no registry"));
    }
    let missing = expected.iter().filter(|version| !applied.contains(version)).count();
    let detail = if missing > 0 {
        format!("{missing} schema steps have not been run")
    } else {
        "the database was made by a later version of this program".to_owned()
    };
    Err(Error::new(Code::SchemaOutdated, detail))
}

/// The steps a database has, oldest first; none in a database without a registry, which stays as it is.
/// diesel makes its table before it reads it, and the database may be somebody else's (I11).
pub fn versions(conn: &mut AnyConnection) -> Result<Vec<String>> {
    if !dialect::has_table(conn, dialect::STEPS_TABLE)? {
        return Ok(Vec::new());
    }
    let mut versions = match conn {
        AnyConnection::Sqlite(c) => applied(c)?,
        AnyConnection::Pg(c) => applied(c)?,
    };
    versions.sort_unstable();
    Ok(versions)
}

fn applied<DB: diesel::backend::Backend, C: MigrationHarness<DB>>(conn: &mut C) -> Result<Vec<String>> {
    Ok(conn.applied_migrations().map_err(failed)?.iter().map(ToString::to_string).collect())
}

fn names<DB: diesel::backend::Backend>(source: &impl MigrationSource<DB>) -> Result<Vec<String>> {
    let all: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(failed)?;
    Ok(all.iter().map(|step| step.name().version().to_string()).collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let text = error.to_string();
    let inner = error.downcast::<diesel::result::Error>();
    match inner {
        Ok(error) => dialect::fault(*error),
        Err(error) => {
            Error::new(Code::StoreUnavailable, if text.is_empty() { "a schema step failed" } else { "" })
                .caused_by(error)
        }
    }
}
