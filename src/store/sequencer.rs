//! The committer of an access log: the one connection through which its sequencer writes.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use super::any::AnyConnection;
use super::conn::{AUTO_CHECKPOINT, Open};
use super::dialect;
use super::doors::Writer;
use super::handle::Store;
use super::locks::{self, LogLock};
use super::wals::WalPace;
use crate::clock::{Clock, Moment};
use crate::error::{Code, Error, Result};
use crate::log::sequencer::stamp;
use crate::log::{Cached, Claim, Committed, Committer, Head, LogSigner, Recent, Submission, append, lease};

/// Writes one access log. Owned by its sequencer's thread; the connection is made anew after any failure.
pub struct AccessCommitter {
    store: Store,
    log: String,
    /// A name that no other process has, so that a restarted node does not take itself for the old one.
    name: String,
    /// Held from the first claim on for as long as this process lives; none while another has it.
    lock: Option<LogLock>,
    signer: Arc<LogSigner>,
    clock: Clock,
    conn: Option<AnyConnection>,
    /// How that connection deals with the write-ahead log.
    pace: WalPace,
    claim: Option<Claim>,
    cache: Option<Cached>,
    /// How long its commits took: the head tells it, so that an import can make room.
    recent: Recent,
}

impl AccessCommitter {
    /// A committer for a log that exists; nothing is opened yet.
    pub fn new(store: Store, log: &str, name: String, signer: Arc<LogSigner>, clock: Clock) -> Self {
        let (log, pace, recent) = (log.to_owned(), WalPace::default(), Recent::default());
        Self {
            store,
            log,
            name,
            lock: None,
            signer,
            clock,
            conn: None,
            pace,
            claim: None,
            cache: None,
            recent,
        }
    }

    /// Its connection, for tests of its settings.
    #[cfg(test)]
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        self.conn.as_mut().unwrap()
    }

    /// One transaction on the access side. After an error the connection and the cached tree are dropped: the
    /// commit may have been stored, and the next transaction reads the head to learn it.
    fn write<T>(&mut self, mut f: impl FnMut(&mut Writer<'_>, Inside<'_>) -> Result<T>) -> Result<T> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                self.pace = WalPace::default();
                self.store.access_maker(Open::Write).make()?
            }
        };
        let pace = self.store.wals().pace();
        if pace != self.pace {
            dialect::pace_wal(&mut conn, if pace.copies { AUTO_CHECKPOINT } else { 0 }, pace.limit)?;
            self.pace = pace;
        }
        let mut cache = self.cache.take();
        let (log, signer, claim) = (self.log.as_str(), self.signer.as_ref(), self.claim.as_ref());
        let outcome = self.store.transaction(&mut conn, &mut |writer| {
            f(writer, Inside { log, signer, claim, cache: &mut cache })
        });
        if outcome.is_ok() {
            self.conn = Some(conn);
            self.cache = cache;
        }
        outcome
    }
}

struct Inside<'a> {
    log: &'a str,
    signer: &'a LogSigner,
    claim: Option<&'a Claim>,
    cache: &'a mut Option<Cached>,
}

impl Committer for AccessCommitter {
    fn commit(&mut self, batch: &mut [Submission]) -> Result<Committed> {
        if self.claim.is_none() {
            return Err(Error::new(Code::LogLost, "the log is not claimed"));
        }
        let now = self.clock.now();
        // Almost always two comparisons: a block of reserved seals lasts for millions of batches.
        self.store.ensure_seals(now)?;
        let (began, told) = (Instant::now(), self.recent.p99_us());
        let mut kept = None;
        let committed = self.write(|writer, inside| {
            let opened = append::begin(writer, inside.log, inside.cache, inside.signer, inside.claim, now)?;
            let entries = stamp(batch, opened.at());
            let items = batch.iter().map(|submission| (submission.holders(), submission.entry()));
            writer.insert_access_batch(inside.log, opened.first(), opened.at(), items)?;
            let (committed, cached) = opened.telling(told).finish(writer, &entries)?.confirmed();
            kept = Some(cached);
            Ok(committed)
        })?;
        self.cache = kept;
        self.recent.push(began.elapsed());
        Ok(committed)
    }

    /// The lock before the head, so that an owner has it whenever its name says so. A crash between the two leaves
    /// the owner of before, which the next one to get the lock knows to be gone.
    fn log(&self) -> &str {
        &self.log
    }

    fn claim(&mut self) -> Result<()> {
        let now = self.clock.now();
        self.claim = None;
        if self.lock.is_none() {
            self.lock = LogLock::take(self.store.dir(), &self.log);
        }
        let ended = self.lock.as_ref().map(|lock| lock.owners().to_owned());
        let owner = match &ended {
            Some(owners) => format!("{owners}{}", self.name),
            None => format!("{}/{}", self.log, self.name),
        };
        let claimant = lease::Claimant { owner: &owner, ended: ended.as_deref() };
        let claim = self.write(|writer, inside| Ok(lease::claim(writer, inside.log, claimant, now)?))?;
        self.claim = Some(claim);
        Ok(())
    }

    fn renew(&mut self) -> Result<()> {
        let (now, claim) = (self.clock.now(), self.claim.clone());
        let claim = claim.ok_or_else(|| Error::new(Code::LogLost, "the log is not claimed"))?;
        self.write(|writer, inside| Ok(lease::renew(writer, inside.log, &claim, now)?))
    }

    fn release(&mut self) -> Result<()> {
        let Some(claim) = self.claim.take() else { return Ok(()) };
        let now = self.clock.now();
        let released = self.write(|writer, inside| Ok(lease::release(writer, inside.log, &claim, now)?));
        self.lock = None;
        released
    }
}

impl Store {
    /// Whether a process holds an access log, by its head and the lock beside it.
    pub fn is_held(&self, head: &Head, now: Moment) -> bool {
        lease::alive(head, now) && locks::owner_lives(self.dir(), &head.log, &head.owner)
    }

    /// Whether any process that serves, or a command, holds an access log.
    pub fn is_served(&self, now: Moment) -> Result<bool> {
        let leased = self.read_access_now(|reader| reader.leased(now))?;
        Ok(leased.iter().any(|(log, owner)| locks::owner_lives(self.dir(), log, owner)))
    }
}
