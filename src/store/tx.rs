//! The two doors: `read` and `write`. Nothing else opens a transaction or hands out a connection.
//!
//! Use `read(Cost::Point, …)` for at most 64 rows under one key: on SQLite it runs where it is called, on a
//! connection of that thread, because the read is cheaper than a change of thread. Use `Cost::Scan` for
//! everything else. Use `write` for every change; its closure may run again when two processes met on a
//! unique key, so it must only touch the database. Neither door nests, and nothing awaits inside one.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use r2d2::{ManageConnection, Pool, PooledConnection};
use tokio::sync::Semaphore;

use super::anchors::Moved;
use super::conn::{self, AnyConnection, Open};
use super::dialect::{self, Begin};
use super::vault::Vault;
use super::{DbUrl, Store};
use crate::error::{Code, Error, Result};
use crate::trust::IndexKey;

/// How much a read touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// At most 64 rows of one prefix.
    Point,
    /// Anything more.
    Scan,
}

/// Which database of the registry: they are two files on SQLite and one database on PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Records, keys, catalog.
    Registry,
    /// Access logs.
    Access,
}

/// What a closure of `read` sees: one snapshot, typed methods (spread over the files of this folder).
pub struct Reader<'a> {
    pub(super) conn: &'a mut AnyConnection,
    pub(super) vault: &'a Vault,
    /// How many commits of logs were confirmed before the snapshot was taken.
    pub(super) born: u64,
}

impl<'a> Reader<'a> {
    /// Over a connection whose snapshot is still to be taken: a database takes it with the first query.
    pub(super) fn new(conn: &'a mut AnyConnection, vault: &'a Vault) -> Self {
        let born = vault.anchors().count();
        Self { conn, vault, born }
    }

    /// The key of the keyed hashes, for following a link inside a read.
    pub fn index(&self) -> &IndexKey {
        self.vault.index()
    }
}

/// What a closure of `write` sees: everything a [`Reader`] has, and changes.
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
const WAIT: Duration = Duration::from_secs(3);
/// How often a write is run again after two processes met on a key.
const RETRIES: usize = 3;

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
    writer: Pool<Maker>,
    readers: Pool<Maker>,
    permits: Semaphore,
    id: u64,
    /// For tests of what a crash at commit leaves: 1 fails before the commit, 2 reports a failure after it.
    commit_fault: AtomicU8,
}

thread_local! {
    /// Point readers of this thread, by store.
    static LOCAL: RefCell<Vec<(u64, AnyConnection)>> = const { RefCell::new(Vec::new()) };
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
    // A pool hides why its first connection failed; asking once ourselves tells it.
    drop(maker.make()?);
    Ok(Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(url.is_postgres())
        .connection_timeout(WAIT)
        .error_handler(Box::new(r2d2::NopErrorHandler))
        .build_unchecked(maker))
}

fn borrow(pool: &Pool<Maker>) -> Result<PooledConnection<Maker>> {
    pool.get().map_err(|error| {
        let code = if pool.state().connections == 0 { Code::StoreUnavailable } else { Code::StoreBusy };
        Error::new(code, "").caused_by(error)
    })
}

impl Store {
    /// Reads in one snapshot, from asynchronous code.
    pub async fn read<T, F>(&self, cost: Cost, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Reader<'_>) -> Result<T> + Send + 'static,
    {
        if cost == Cost::Scan {
            return self.read_away(f).await;
        }
        let began = Instant::now();
        let read = match self.point_inline() {
            true => self.read_local(f),
            false => self.read_away(f).await,
        };
        self.inner.reads.took(began.elapsed());
        read
    }

    async fn read_away<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Reader<'_>) -> Result<T> + Send + 'static,
    {
        let store = self.clone();
        self.blocking(move || store.read_now(f)).await
    }

    /// Writes in one transaction, from asynchronous code.
    pub async fn write<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Writer<'_>) -> Result<T> + Send + 'static,
    {
        let store = self.clone();
        self.blocking(move || store.write_now(f)).await
    }

    /// Runs blocking work (signing, hashing, a door's `_now` form) away from the worker threads, bounded.
    pub async fn blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = tokio::time::timeout(WAIT, self.inner.doors.permits.acquire()).await;
        let _permit = permit.ok().and_then(|got| got.ok()).ok_or_else(|| Error::new(Code::StoreBusy, ""))?;
        tokio::task::spawn_blocking(f).await.map_err(Error::internal)?
    }

    /// Reads in one snapshot; blocks.
    pub fn read_now<T>(&self, f: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        let mut conn = borrow(&self.inner.doors.readers)?;
        snapshot(&mut conn, &self.inner.vault, f)
    }

    /// Reads the access side in one snapshot; blocks. On SQLite the file is opened for this one read.
    pub fn read_access_now<T>(&self, f: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        if self.inner.url.is_postgres() {
            return self.read_now(f);
        }
        let mut conn = self.access_maker(Open::Read).make()?;
        snapshot(&mut conn, &self.inner.vault, f)
    }

    /// Writes in one transaction; blocks. See the module's words on running again.
    pub fn write_now<T>(&self, mut f: impl FnMut(&mut Writer<'_>) -> Result<T>) -> Result<T> {
        let mut tries = 0;
        loop {
            let mut conn = borrow(&self.inner.doors.writer)?;
            let outcome = self.transaction(&mut conn, &mut f);
            tries += 1;
            match outcome {
                Err(error) if tries < RETRIES && dialect::met_another_writer(&error) => {
                    self.inner.vault.forget_log_caches();
                }
                other => return other,
            }
        }
    }

    /// Writes on either side in one transaction; blocks. On SQLite the access file is opened for this one write.
    pub fn write_side_now<T>(
        &self,
        side: Side,
        mut f: impl FnMut(&mut Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        if side == Side::Registry || self.inner.url.is_postgres() {
            return self.write_now(f);
        }
        let mut conn = self.access_maker(Open::Write).make()?;
        self.transaction(&mut conn, &mut f)
    }

    /// Reads from either side in one snapshot; blocks.
    pub fn read_side_now<T>(&self, side: Side, f: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        match side {
            Side::Registry => self.read_now(f),
            Side::Access => self.read_access_now(f),
        }
    }

    /// One write transaction on a connection of the caller's own (the access sequencer, an import).
    pub(super) fn transaction<T>(
        &self,
        conn: &mut AnyConnection,
        f: &mut impl FnMut(&mut Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        dialect::begin(conn, Begin::Write)?;
        let mut writer = Writer::new(conn, &self.inner.vault);
        let outcome = f(&mut writer);
        let moved = writer.moved;
        match outcome {
            Ok(value) => {
                self.commit(conn)?;
                // Only now, and here for every writer: what is known of a log is never ahead of what is committed.
                self.inner.vault.anchors().confirm(moved);
                Ok(value)
            }
            Err(error) => {
                dialect::rollback(conn);
                Err(error)
            }
        }
    }

    /// The point of no return: before it a crash leaves nothing of the transaction, after it all of it.
    /// An error leaves open which; whoever gets one drops what it remembers of the log and re-reads.
    fn commit(&self, conn: &mut AnyConnection) -> Result<()> {
        match self.inner.doors.commit_fault.swap(0, Ordering::SeqCst) {
            1 => {
                dialect::rollback(conn);
                Err(Error::new(Code::StoreUnavailable, "")
                    .caused_by("injected: commit failed and was not stored"))
            }
            2 => {
                dialect::commit(conn)?;
                self.inner.vault.forget_log_caches();
                Err(Error::new(Code::StoreUnavailable, "")
                    .caused_by("injected: commit was stored but reported failed"))
            }
            _ => dialect::commit(conn).inspect_err(|_| self.inner.vault.forget_log_caches()),
        }
    }

    /// Makes the next commit fail: before it was stored, or (`stored`) after. For tests of I14.
    #[doc(hidden)]
    pub fn fail_next_commit(&self, stored: bool) {
        self.inner.doors.commit_fault.store(if stored { 2 } else { 1 }, Ordering::SeqCst);
    }

    pub(super) fn access_maker(&self, open: Open) -> Maker {
        Maker { url: self.inner.url.clone(), side: Side::Access, open }
    }

    fn point_inline(&self) -> bool {
        !self.inner.url.is_postgres() && !self.inner.point_hops
    }

    fn read_local<T>(&self, f: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        self.inner.reads.ran_inline();
        let id = self.inner.doors.id;
        let kept = LOCAL
            .with_borrow_mut(|all| all.iter().position(|(of, _)| *of == id).map(|at| all.swap_remove(at).1));
        let mut conn = match kept {
            Some(conn) => conn,
            None => Maker { url: self.inner.url.clone(), side: Side::Registry, open: Open::Read }.make()?,
        };
        // While in use the connection is out of the list: a panic in `f` drops it instead of keeping it half-read,
        // and so does a snapshot that could not be closed.
        dialect::begin_point(&mut conn)?;
        let outcome = f(&mut Reader::new(&mut conn, &self.inner.vault));
        if dialect::end_point(&mut conn).is_ok() {
            LOCAL.with_borrow_mut(|all| all.push((id, conn)));
        }
        outcome
    }
}

fn snapshot<T>(
    conn: &mut AnyConnection,
    vault: &Vault,
    f: impl FnOnce(&mut Reader<'_>) -> Result<T>,
) -> Result<T> {
    dialect::begin(conn, Begin::Read)?;
    let outcome = f(&mut Reader::new(conn, vault));
    let ended = dialect::commit(conn);
    if ended.is_err() {
        dialect::rollback(conn);
    }
    outcome
}
