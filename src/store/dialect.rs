//! Every line that depends on the kind of database, and nothing else.
//!
//! Transaction begin and isolation, durability checks, bulk insert, backup, sizes, the lookup scan, and the
//! meaning of each database's errors for the caller.

pub mod bulk;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;

use super::any::AnyConnection;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Page size of the SQLite files made here: a row of up to 4,086 bytes stays in its page.
pub const PAGE_SIZE: i64 = 16_384;
/// Where diesel keeps the schema steps that were run.
pub const STEPS_TABLE: &str = "__diesel_schema_migrations";

/// How a transaction is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// One snapshot for more than one statement.
    Read,
    /// SQLite takes the write lock at once: a read that turns into a write would fail, not wait.
    Write,
}

/// Opens a transaction.
pub fn begin(conn: &mut AnyConnection, begin: Begin) -> Result<()> {
    match (conn, begin) {
        (AnyConnection::Sqlite(c), Begin::Read) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN DEFERRED")
        }
        (AnyConnection::Sqlite(c), Begin::Write) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")
        }
        (AnyConnection::Pg(c), Begin::Read) => AnsiTransactionManager::begin_transaction_sql(
            c,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        ),
        (AnyConnection::Pg(c), Begin::Write) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN"),
    }
    .map_err(fault)
}

/// A statement of fixed text, prepared once on each connection. `BEGIN` and `COMMIT` as diesel sends them are
/// parsed anew each time, which costs a point read as much as one of its rows.
macro_rules! prepared {
    ($name:ident, $sql:literal) => {
        #[derive(diesel::query_builder::QueryId)]
        struct $name;
        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql($sql);
                Ok(())
            }
        }
        impl RunQueryDsl<SqliteConnection> for $name {}
    };
}
prepared!(BeginPoint, "BEGIN DEFERRED");
prepared!(EndPoint, "COMMIT");

/// Opens the snapshot of a point read on SQLite, past diesel's own count of transactions. The caller keeps
/// the connection only if [`end_point`] said that the snapshot was closed.
pub fn begin_point(conn: &mut AnyConnection) -> Result<()> {
    match conn {
        AnyConnection::Sqlite(c) => BeginPoint.execute(c).map(drop).map_err(fault),
        AnyConnection::Pg(_) => begin(conn, Begin::Read),
    }
}

/// Closes the snapshot of [`begin_point`].
pub fn end_point(conn: &mut AnyConnection) -> Result<()> {
    match conn {
        AnyConnection::Sqlite(c) => EndPoint.execute(c).map(drop).map_err(fault),
        AnyConnection::Pg(_) => commit(conn),
    }
}

/// Commits. An error here leaves the outcome unknown: the caller re-reads before it goes on.
pub fn commit(conn: &mut AnyConnection) -> Result<()> {
    match conn {
        AnyConnection::Sqlite(c) => AnsiTransactionManager::commit_transaction(c),
        AnyConnection::Pg(c) => AnsiTransactionManager::commit_transaction(c),
    }
    .map_err(fault)
}

/// Rolls back; a failure is ignored because the connection is thrown away after one.
pub fn rollback(conn: &mut AnyConnection) -> bool {
    match conn {
        AnyConnection::Sqlite(c) => AnsiTransactionManager::rollback_transaction(c).is_ok(),
        AnyConnection::Pg(c) => AnsiTransactionManager::rollback_transaction(c).is_ok(),
    }
}

/// The meaning of a database error for the caller; the database's text is kept for the operator only.
pub fn fault(error: DieselError) -> Error {
    let code = match &error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Code::WriteConflict,
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Code::StoreBusy,
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => Code::StoreUnavailable,
        DieselError::DatabaseError(DatabaseErrorKind::UnableToSendCommand, _) => Code::StoreUnavailable,
        DieselError::DatabaseError(_, info) => {
            let (code, rule) = by_text(info.message());
            return Error { rule, ..Error::new(code, "").caused_by(error) };
        }
        DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => {
            Code::StoreUnavailable
        }
        DieselError::NotFound
        | DieselError::InvalidCString(_)
        | DieselError::QueryBuilderError(_)
        | DieselError::DeserializationError(_)
        | DieselError::SerializationError(_)
        | DieselError::RollbackTransaction
        | DieselError::AlreadyInTransaction
        | DieselError::NotInTransaction => Code::Internal,
        // diesel marks its enum as open; an unknown new variant is a fault of ours until it is named here.
        _ => Code::Internal,
    };
    Error::new(code, "").caused_by(error)
}

/// Neither database tells these by a kind of its own.
fn by_text(message: &str) -> (Code, Option<Rule>) {
    let has = |part: &str| message.contains(part);
    if has("invalid byte sequence") {
        // PostgreSQL knows no text with a NUL; what came in by an address or a form is the caller's.
        return (Code::FieldInvalid, Some(Rule::ControlCharacter));
    }
    if has("readonly") || has("read-only") || has("Read-only") {
        (Code::StoreUnavailable, Some(Rule::StoreReadOnly))
    } else if has("is full") || has("No space left") {
        (Code::StoreUnavailable, Some(Rule::StoreFull))
    } else if has("malformed") || has("not a database") {
        (Code::StoreUnavailable, Some(Rule::StoreDamaged))
    } else if has("I/O") || has("Input/output error") {
        (Code::StoreUnavailable, Some(Rule::StoreIo))
    } else if has("locked") || has("busy") || has("timeout") || has("deadlock") {
        (Code::StoreBusy, None)
    } else if has("unable to open") || has("disk") || has("connection") {
        (Code::StoreUnavailable, None)
    } else {
        (Code::Internal, None)
    }
}

#[derive(QueryableByName)]
struct OneText {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct OneNumber {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

fn number(conn: &mut SqliteConnection, pragma: &str, column: &str) -> Result<i64> {
    let sql = format!("SELECT {column} AS value FROM {pragma}");
    diesel::sql_query(sql).get_result::<OneNumber>(conn).map(|row| row.value).map_err(fault)
}

/// Whether a table is there: asked of the catalog, which changes nothing.
pub fn has_table(conn: &mut AnyConnection, table: &str) -> Result<bool> {
    let found: OneNumber = match conn {
        AnyConnection::Sqlite(c) => {
            let sql = "SELECT COUNT(*) AS value FROM sqlite_master WHERE type = 'table' AND name = ?";
            diesel::sql_query(sql).bind::<Text, _>(table).get_result(c)
        }
        AnyConnection::Pg(c) => {
            let sql = "SELECT COUNT(to_regclass($1)) AS value";
            diesel::sql_query(sql).bind::<Text, _>(table).get_result(c)
        }
    }
    .map_err(fault)?;
    Ok(found.value > 0)
}

/// Whether commits of a PostgreSQL session wait for the disk, by its `synchronous_commit` and the server's `fsync`.
fn waits_for_disk(said: &str) -> bool {
    matches!(said, "on on" | "remote_apply on" | "remote_write on" | "local on")
}

/// Refuses a connection whose commits would not be durable (I1).
///
/// SQLite: WAL, synchronous FULL (2) and 16 KiB pages. PostgreSQL: synchronous_commit and fsync on.
pub fn check_durability(conn: &mut AnyConnection) -> Result<()> {
    let (mode, level, page) = match conn {
        AnyConnection::Sqlite(c) => {
            let mode = diesel::sql_query("SELECT journal_mode AS value FROM pragma_journal_mode")
                .get_result::<OneText>(c)
                .map_err(fault)?
                .value;
            (
                mode,
                number(c, "pragma_synchronous", "synchronous")?,
                number(c, "pragma_page_size", "page_size")?,
            )
        }
        AnyConnection::Pg(c) => {
            let setting =
                "SELECT current_setting('synchronous_commit') || ' ' || current_setting('fsync') AS value";
            let said = diesel::sql_query(setting).get_result::<OneText>(c).map_err(fault)?.value;
            let durable = waits_for_disk(&said);
            let detail = "PostgreSQL commits are not durable: synchronous_commit and fsync must be on";
            return durable
                .then_some(())
                .ok_or_else(|| Error::new(Code::ConfigInvalid, detail).rule(Rule::Durability));
        }
    };
    let durable = mode == "wal" && level >= 2 && page == PAGE_SIZE;
    if durable {
        return Ok(());
    }
    let detail = format!("the file has journal_mode {mode}, synchronous {level}, page_size {page}");
    Err(Error::new(Code::ConfigInvalid, detail).rule(Rule::Durability))
}

/// The work on the write-ahead log of a SQLite file. None of it waits for anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalCheckpoint {
    /// Tell how long it is.
    Look,
    /// Copy the part that no reader's snapshot holds back; writers go on meanwhile.
    Copy,
    /// Copy the rest and cut the file to nothing, if nobody else writes or reads from it. Nobody writes
    /// meanwhile.
    Cut,
}

/// Pages in a write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct WalFrames {
    /// Since it last began anew.
    #[diesel(sql_type = BigInt, column_name = log)]
    pub all: i64,
    /// Of them those that are in the database file.
    #[diesel(sql_type = BigInt, column_name = checkpointed)]
    pub copied: i64,
}

impl WalFrames {
    /// Those that are in no database file yet.
    pub fn left(self) -> i64 {
        self.all.saturating_sub(self.copied).max(0)
    }

    /// These, or those of `before` if somebody else copied at the same time, so that nothing was done or
    /// reported.
    pub fn or(self, before: Self) -> Self {
        if self.all < 0 { before } else { self }
    }
}

/// Looks at a write-ahead log, or copies it; PostgreSQL looks after its own.
pub fn checkpoint(conn: &mut AnyConnection, what: WalCheckpoint) -> Result<WalFrames> {
    let AnyConnection::Sqlite(c) = conn else { return Ok(WalFrames { all: 0, copied: 0 }) };
    let sql = match what {
        WalCheckpoint::Look => "PRAGMA wal_checkpoint(NOOP)",
        WalCheckpoint::Copy => "PRAGMA wal_checkpoint(PASSIVE)",
        WalCheckpoint::Cut => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    diesel::sql_query(sql).get_result(c).map_err(fault)
}

/// A connection that is refused if it would have to wait.
pub fn never_wait(conn: &mut AnyConnection) -> Result<()> {
    conn.batch_execute("PRAGMA busy_timeout = 0").map_err(fault)
}

/// A writing connection's settings for the write-ahead log: after how many pages its commits copy it (zero:
/// never), and to how many bytes they cut the file when the log begins anew (negative: not at all).
pub fn pace_wal(conn: &mut AnyConnection, pages: u32, bytes: i64) -> Result<()> {
    conn.batch_execute(&format!("PRAGMA wal_autocheckpoint = {pages}; PRAGMA journal_size_limit = {bytes}"))
        .map_err(fault)
}

/// Copies a SQLite database, as one snapshot, into a file that is empty. PostgreSQL has pg_dump.
pub fn backup_into(conn: &mut AnyConnection, target: &std::path::Path) -> Result<()> {
    match conn {
        AnyConnection::Sqlite(c) => {
            let path = target
                .to_str()
                .ok_or_else(|| Error::new(Code::ConfigInvalid, "the backup path is not UTF-8"))?;
            diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(path).execute(c).map(drop).map_err(fault)
        }
        AnyConnection::Pg(_) => {
            Err(Error::new(Code::ConfigInvalid, "back a PostgreSQL registry up with pg_dump"))
        }
    }
}

/// A cheap statement that proves the connection alive.
pub fn ping(conn: &mut AnyConnection) -> Result<()> {
    match conn {
        AnyConnection::Sqlite(c) => c.batch_execute("SELECT 1"),
        AnyConnection::Pg(c) => c.batch_execute("SELECT 1"),
    }
    .map_err(fault)
}

/// True while the connection stands inside a transaction, or no longer knows.
pub fn in_transaction(conn: &mut AnyConnection) -> bool {
    fn open<C>(conn: &mut C) -> bool
    where
        C: Connection<TransactionManager = AnsiTransactionManager>,
        AnsiTransactionManager: TransactionManager<C, TransactionStateData = AnsiTransactionManager>,
    {
        let status = AnsiTransactionManager::transaction_manager_status_mut(conn);
        !matches!(status.transaction_depth(), Ok(None))
    }
    match conn {
        AnyConnection::Sqlite(c) => open(c),
        AnyConnection::Pg(c) => open(c),
    }
}

/// True if a second run of the same transaction would see the other writer's rows and go on.
pub fn met_another_writer(error: &Error) -> bool {
    let cause = error.source.as_ref().and_then(|source| source.downcast_ref::<DieselError>());
    matches!(
        cause,
        Some(DieselError::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
            _
        ))
    )
}

/// Runs the same typed query natively on either connection, without the enum's dispatch (3–5 µs a query): for
/// the lookup scan, and for queries that the enum cannot express.
macro_rules! native {
    ($conn:expr, $c:ident => $query:expr) => {
        match $conn {
            $crate::store::any::AnyConnection::Sqlite($c) => $query,
            $crate::store::any::AnyConnection::Pg($c) => $query,
        }
    };
}
pub(crate) use native;

/// Takes a log's head row for the rest of the transaction. SQLite's writer holds the whole file already.
pub fn lock_head(conn: &mut AnyConnection, log: &str) -> Result<()> {
    use super::schema::log_heads;
    match conn {
        AnyConnection::Sqlite(_) => Ok(()),
        AnyConnection::Pg(c) => diesel::update(log_heads::table.find(log))
            .set(log_heads::epoch.eq(log_heads::epoch))
            .execute(c)
            .map(drop)
            .map_err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_only_settings_that_wait_for_the_disk_are_durable() {
        for commit in ["on", "local", "remote_write", "remote_apply"] {
            assert!(waits_for_disk(&format!("{commit} on")));
            assert!(!waits_for_disk(&format!("{commit} off")), "a server without fsync keeps nothing");
        }
        for said in ["off on", "off off", "", "on", "on on "] {
            assert!(!waits_for_disk(said), "{said}");
        }
    }
}
