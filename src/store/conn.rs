//! How a connection is opened. SQLite files are never made by opening them (I11): `init` says
//! [`Open::Create`]; everything else finds an existing file or fails.

#![expect(
    clippy::disallowed_methods,
    reason = "the one file that opens databases; the URL's scheme was checked"
)]

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::any::AnyConnection;
use super::{dialect, private};
use crate::error::{Code, Error, Result};

/// The rights of a connection, and whether it may make the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Make the file, which must not exist, with 16 KiB pages, for its owner alone: SQLite gives the files beside
    /// it the same mode.
    Create,
    /// Read and write an existing file; a registry's file is brought to WAL mode.
    Write,
    /// Read only: a write fails in the database.
    Read,
}

/// Milliseconds a SQLite connection waits for another process's write.
const BUSY_MS: u32 = 5_000;
/// Pages of the write-ahead log at which a commit copies it into the database file.
pub const AUTO_CHECKPOINT: u32 = 1_000;
/// Opens a SQLite file.
pub fn sqlite(path: &Path, open: Open) -> Result<AnyConnection> {
    let exists = path.exists();
    match open {
        Open::Create if exists => {
            return Err(Error::new(Code::AlreadyInitialised, "the database file exists"));
        }
        Open::Read | Open::Write if !exists => {
            return Err(Error::new(Code::NotInitialised, "the database file does not exist"));
        }
        _ => {}
    }
    let text = path.to_str().ok_or_else(|| Error::new(Code::ConfigInvalid, "the data path is not UTF-8"))?;
    if open == Open::Create {
        private::create_new(path).map_err(|error| {
            Error::new(Code::StoreUnavailable, "the database file cannot be made").caused_by(error)
        })?;
    }
    let mut conn = AnyConnection::Sqlite(connect::<SqliteConnection>(text)?);
    // Before the first read: if a writer was killed, the first process that reads its file recovers it, and
    // the others wait for that as they do for a write.
    conn.batch_execute(&format!("PRAGMA busy_timeout = {BUSY_MS}")).map_err(dialect::fault)?;
    // Looked at before anything is set: journal_mode would change a file that is not ours (I11).
    if open != Open::Create && !is_registry(&mut conn)? {
        return Err(Error::new(Code::NotInitialised, "the file is not a registry's"));
    }
    let setup: &[&str] = match open {
        // page_size is silently ignored once the file is in WAL mode, so it comes first or never.
        Open::Create => &["PRAGMA page_size = 16384", "PRAGMA journal_mode = WAL"],
        Open::Write => &["PRAGMA journal_mode = WAL"],
        Open::Read => &["PRAGMA query_only = ON"],
    };
    for pragma in setup {
        conn.batch_execute(pragma).map_err(dialect::fault)?;
    }
    // FULL: a commit that was acknowledged is on the disk (I1). Under WAL, NORMAL may lose the last ones.
    for pragma in ["PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA cache_size = -65536"] {
        conn.batch_execute(pragma).map_err(dialect::fault)?;
    }
    dialect::pace_wal(&mut conn, AUTO_CHECKPOINT, -1)?;
    dialect::check_durability(&mut conn)?;
    Ok(conn)
}

/// Whether the file holds tables of ours, besides the one that every program with diesel has.
fn is_registry(conn: &mut AnyConnection) -> Result<bool> {
    Ok(dialect::has_table(conn, dialect::STEPS_TABLE)? && dialect::has_table(conn, "log_heads")?)
}

/// Opens a connection to PostgreSQL with durable commits and bounded waits.
pub fn postgres(url: &str, open: Open) -> Result<AnyConnection> {
    let mut conn = connect::<PgConnection>(url)?;
    conn.batch_execute(
        "SET synchronous_commit = on; SET lock_timeout = '5s'; SET statement_timeout = '60s'; \
         SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning",
    )
    .map_err(dialect::fault)?;
    if open == Open::Read {
        conn.batch_execute("SET default_transaction_read_only = on").map_err(dialect::fault)?;
    }
    let mut conn = AnyConnection::Pg(conn);
    dialect::check_durability(&mut conn)?;
    Ok(conn)
}

fn connect<C: Connection>(url: &str) -> Result<C> {
    C::establish(url).map_err(|error| {
        // The cause may hold the URL's password; only the kind of cause is kept.
        let kind = match error {
            ConnectionError::BadConnection(_) => "the database does not answer",
            _ => "the connection was refused",
        };
        Error::new(Code::StoreUnavailable, kind)
    })
}
