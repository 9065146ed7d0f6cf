//! The parts behind the two doors: the pools of connections, and the view that a closure gets.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use r2d2::{ManageConnection, Pool, PooledConnection};
use tokio::sync::Semaphore;

use super::anchors::Moved;
use super::any::AnyConnection;
use super::conn::{self, Open};
use super::dialect;
use super::place::Side;
use super::url::DbUrl;
use super::vault::Vault;
use crate::error::{Code, Error, Result};
use crate::trust::IndexKey;

/// The view of a closure of `read`: one snapshot, typed methods (spread over the files of this folder).
pub struct Reader<'a> {
    pub(super) conn: &'a mut AnyConnection,
    pub(super) vault: &'a Vault,
    /// How many commits of logs were confirmed before the snapshot was taken.
    pub(super) born: u64,
}

impl<'a> Reader<'a> {
    /// On a connection whose snapshot is still to be taken: a database takes it with the first query.
    pub(super) fn new(conn: &'a mut AnyConnection, vault: &'a Vault) -> Self {
        let born = vault.anchors().count();
        Self { conn, vault, born }
    }

    /// The key of the keyed hashes, for following a link inside a read.
    pub fn index(&self) -> &IndexKey {
        self.vault.index()
    }
}

/// The view of a closure of `write`: everything a [`Reader`] has, and changes.
pub struct Writer<'a> {
    reader: Reader<'a>,
    /// Logs as this transaction leaves them, once it commits.
    pub(super) moved: Vec<Moved>,
}

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;
    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl DerefMut for Writer<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.reader
    }
}

impl<'a> Writer<'a> {
    pub(super) fn new(conn: &'a mut AnyConnection, vault: &'a Vault) -> Self {
        Self { reader: Reader::new(conn, vault), moved: Vec::new() }
    }
}

/// How long a caller waits for a connection or a permit before it is told to come back.
pub(super) const WAIT: Duration = Duration::from_secs(3);

/// Makes the pooled connections of one database.
pub(super) struct Maker {
    pub url: DbUrl,
    pub side: Side,
    pub open: Open,
}

impl Maker {
    /// Opens one connection as this maker's pool would.
    pub fn make(&self) -> Result<AnyConnection> {
        match &self.url {
            DbUrl::Postgres(url) => conn::postgres(url, self.open),
            DbUrl::Sqlite(path) if self.side == Side::Registry => conn::sqlite(path, self.open),
            DbUrl::Sqlite(path) => conn::sqlite(&path.with_file_name("access.db"), self.open),
        }
    }
}

impl ManageConnection for Maker {
    type Connection = AnyConnection;
    type Error = Error;

    fn connect(&self) -> Result<AnyConnection> {
        self.make()
    }

    fn is_valid(&self, conn: &mut AnyConnection) -> Result<()> {
        dialect::ping(conn)
    }

    /// A connection that comes back inside a transaction (its closure panicked) is thrown away, which rolls back.
    fn has_broken(&self, conn: &mut AnyConnection) -> bool {
        dialect::in_transaction(conn)
    }
}

/// The pools of one registry.
pub(super) struct Doors {
    pub writer: Pool<Maker>,
    pub readers: Pool<Maker>,
    pub permits: Semaphore,
    /// Tells one open registry of this process from another.
    pub id: u64,
    /// For tests of a crash at commit: 1 fails before the commit, 2 reports a failure after it.
    pub commit_fault: AtomicU8,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Doors {
    pub fn new(url: &DbUrl) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
        let size = |count: usize| u32::try_from(count).unwrap_or(4);
        let (writers, readers) = if url.is_postgres() { (4, size(cores * 4)) } else { (1, size(cores)) };
        Ok(Self {
            writer: pool(url, Open::Write, writers)?,
            readers: pool(url, Open::Read, readers)?,
            permits: Semaphore::new(usize::try_from(readers).unwrap_or(4) * 2),
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            commit_fault: AtomicU8::new(0),
        })
    }
}

fn pool(url: &DbUrl, open: Open, size: u32) -> Result<Pool<Maker>> {
    let maker = Maker { url: url.clone(), side: Side::Registry, open };
    // A pool hides why its first connection failed; one connection of our own tells it.
    drop(maker.make()?);
    Ok(Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(url.is_postgres())
        .connection_timeout(WAIT)
        .error_handler(Box::new(r2d2::NopErrorHandler))
        .build_unchecked(maker))
}

/// A connection of a pool, waited for.
pub(super) fn borrow(pool: &Pool<Maker>) -> Result<PooledConnection<Maker>> {
    pool.get().map_err(|error| {
        let code = if pool.state().connections == 0 { Code::StoreUnavailable } else { Code::StoreBusy };
        Error::new(code, "").caused_by(error)
    })
}
