//! The two doors: `read` and `write`. Nothing else opens a transaction or hands out a connection.
//!
//! Use `read(Cost::Point, …)` for at most 64 rows under one key: on SQLite it runs on the calling thread, on
//! a connection of that thread, because the read is cheaper than a change of thread. Use `Cost::Scan` for
//! everything else. Use `write` for every change. Its closure may run again if two processes met on a unique
//! key, so it must only touch the database. Neither door nests, and nothing awaits inside one.

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::any::AnyConnection;
use super::conn::Open;
use super::dialect::{self, Begin};
use super::doors::{Maker, Reader, WAIT, Writer, borrow};
use super::handle::Store;
use super::place::Side;
use super::vault::Vault;
use crate::error::{Code, Error, Result};

/// The size of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// At most 64 rows of one prefix.
    Point,
    /// Anything more.
    Scan,
}

/// How often a write is run again after two processes met on a key.
const RETRIES: usize = 3;

thread_local! {
    /// Point readers of this thread, by store.
    static LOCAL: RefCell<Vec<(u64, AnyConnection)>> = const { RefCell::new(Vec::new()) };
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

    /// Writes in one transaction; blocks. Its closure may run again, as the module says.
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
                // Only now, and here for every writer: the known state of a log is never ahead of the
                // committed one.
                self.inner.vault.anchors().confirm(moved);
                Ok(value)
            }
            Err(error) => {
                dialect::rollback(conn);
                Err(error)
            }
        }
    }

    /// The point of no return: before it a crash leaves nothing of the transaction, after it all of it. An
    /// error leaves open which: the caller drops its memory of the log and reads again.
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
        // While in use the connection is out of the list. So a panic in `f` drops it instead of keeping it
        // half-read, and so does a snapshot that could not be closed.
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
