//! The committer of an access log: the one connection through which its sequencer writes.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use super::Store;
use super::conn::{AnyConnection, Open};
use super::tx::Writer;
use crate::clock::Clock;
use crate::error::{Code, Error, Result};
use crate::log::sequencer::stamp;
use crate::log::{Cached, Claim, Committed, Committer, LogSigner, Recent, Submission, append, lease};

/// Seconds of a lease; the sequencer renews it every third of that.
pub const LEASE_S: i64 = 15;

/// Writes one access log. Owned by its sequencer's thread; the connection is made anew after any failure.
pub struct AccessCommitter {
    store: Store,
    log: String,
    /// A name that no other process has, so that a restarted node does not take itself for the old one.
    owner: String,
    signer: Arc<LogSigner>,
    clock: Clock,
    conn: Option<AnyConnection>,
    claim: Option<Claim>,
    cache: Option<Cached>,
    /// How long its commits took: told in the head, for an import to make room by.
    recent: Recent,
}

impl AccessCommitter {
    /// A committer for a log that exists; nothing is opened yet.
    pub fn new(store: Store, log: &str, owner: String, signer: Arc<LogSigner>, clock: Clock) -> Self {
        let (log, recent) = (log.to_owned(), Recent::default());
        Self { store, log, owner, signer, clock, conn: None, claim: None, cache: None, recent }
    }

    /// One transaction on the access side. After an error the connection and the cached tree are dropped: the
    /// commit may have been stored, and the next transaction reads the head to learn it.
    fn write<T>(&mut self, mut f: impl FnMut(&mut Writer<'_>, Inside<'_>) -> Result<T>) -> Result<T> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.store.access_maker(Open::Write).make()?,
        };
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

    fn claim(&mut self) -> Result<()> {
        let (now, owner) = (self.clock.now(), self.owner.clone());
        self.claim = None;
        let claim =
            self.write(|writer, inside| Ok(lease::claim(writer, inside.log, &owner, LEASE_S, now)?))?;
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
        self.write(|writer, inside| Ok(lease::release(writer, inside.log, &claim, now)?))
    }
}
