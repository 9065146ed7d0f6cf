//! A log in memory whose every step can fail, for tests of code that appends.
//!
//! [`MemoryLogs::fail`] plans one fault: at the n-th call of a transaction (its commit is a call too), either
//! *not stored*, or *stored but reported as failed*.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::anchor::{Anchor, Fork};
use super::append::{self, Cached};
use super::fault::LogFault;
use super::hash::Hash;
use super::lease::{self, Claim};
use super::note::LogSigner;
use super::sequencer::{Committed, Committer, Submission, stamp};
use super::storage::{Head, LogStore, TreeReader};
use crate::clock::{Clock, Moment};
use crate::error::{Code, Error};

/// How a planned fault shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The step has no effect and fails.
    NotStored,
    /// The step has its effect and still reports a failure.
    StoredButReported,
}

/// The planned fault, or a broken promise of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MemoryFault(pub &'static str);

impl From<MemoryFault> for LogFault<MemoryFault> {
    fn from(fault: MemoryFault) -> Self {
        Self::Store(fault)
    }
}

impl From<MemoryFault> for Error {
    fn from(fault: MemoryFault) -> Self {
        Self::new(Code::LogUnavailable, "").caused_by(fault)
    }
}

/// The rows that a transaction sees and replaces.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// `log_heads` by name.
    pub heads: BTreeMap<String, Head>,
    /// `log_batches` by log and first leaf.
    pub batches: BTreeMap<(String, u64), Vec<[u8; 32]>>,
    /// `tiles` by log, level, index: hashes and root.
    pub tiles: BTreeMap<(String, u8, u64), (Vec<u8>, Hash)>,
    /// Access entries by log and leaf, as a committer keeps them.
    pub kept: BTreeMap<(String, u64), Vec<u8>>,
}

/// The database. One transaction at a time.
#[derive(Debug, Default)]
pub struct MemoryLogs {
    rows: Mutex<Rows>,
    /// Every head that was ever stored, whether or not its commit was reported as failed.
    stored: Mutex<Vec<Head>>,
    plan: Mutex<Option<(usize, Mode)>>,
    /// The heads that were confirmed to anybody, by log.
    anchors: Mutex<BTreeMap<String, Anchor>>,
    /// The logs that were found to have gone back.
    forks: Mutex<Vec<(String, Fork)>>,
}

/// An open transaction.
pub struct Transaction<'l> {
    /// The rows as this transaction sees and leaves them.
    pub rows: Rows,
    logs: &'l MemoryLogs,
}

impl MemoryLogs {
    /// A database with these empty logs.
    pub fn with(logs: &[(&str, &LogSigner)], now: Moment) -> Arc<Self> {
        let memory = Self::default();
        for (log, signer) in logs {
            memory.rows().heads.insert((*log).to_owned(), append::new_head(log, signer, now));
        }
        Arc::new(memory)
    }

    /// The rows, to look at or to damage.
    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    /// Every head ever stored.
    pub fn stored(&self) -> Vec<Head> {
        self.stored.lock().unwrap().clone()
    }

    /// Plans a fault at the `step`-th call from now, 0 being the next.
    pub fn fail(&self, step: usize, mode: Mode) {
        *self.plan.lock().unwrap() = Some((step, mode));
    }

    /// Takes the plan back; tells whether it was still to come.
    pub fn heal(&self) -> bool {
        self.plan.lock().unwrap().take().is_some()
    }

    /// Runs a transaction: rolled back on any error.
    pub fn write<T, E: From<MemoryFault>>(
        &self,
        body: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut rows = self.rows();
        let mut transaction = Transaction { rows: rows.clone(), logs: self };
        let value = body(&mut transaction)?;
        let work = transaction.rows;
        self.step(|| {
            let changed = work.heads.iter().filter(|(log, head)| rows.heads.get(*log) != Some(*head));
            self.stored.lock().unwrap().extend(changed.map(|(_, head)| head.clone()));
            *rows = work;
        })?;
        // Known only where the commit was confirmed.
        let mut anchors = self.anchors.lock().unwrap();
        for (log, head) in &rows.heads {
            let anchor = anchors.entry(log.clone()).or_insert_with(|| head.anchor());
            if head.size > anchor.size {
                *anchor = head.anchor();
            }
        }
        Ok(value)
    }

    /// Logs that were found to have gone back, and how.
    pub fn forks(&self) -> Vec<(String, Fork)> {
        self.forks.lock().unwrap().clone()
    }

    fn step<T>(&self, effect: impl FnOnce() -> T) -> Result<T, MemoryFault> {
        let mut plan = self.plan.lock().unwrap();
        let due = match plan.as_mut() {
            Some((0, mode)) => Some(*mode),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        if due.is_some() {
            *plan = None;
        }
        match due {
            None => Ok(effect()),
            Some(Mode::NotStored) => Err(MemoryFault("planned: not stored")),
            Some(Mode::StoredButReported) => {
                effect();
                Err(MemoryFault("planned: stored but reported as failed"))
            }
        }
    }
}

impl TreeReader for Transaction<'_> {
    type Error = MemoryFault;

    fn head(&mut self, log: &str) -> Result<Option<Head>, MemoryFault> {
        self.logs.step(|| self.rows.heads.get(log).cloned())
    }

    fn entries(&mut self, log: &str, from: u64, to: u64) -> Result<Vec<[u8; 32]>, MemoryFault> {
        self.logs.step(|| {
            let batches = self.rows.batches.iter().filter(|((name, _), _)| name == log);
            let numbered = batches.flat_map(|((_, first), entries)| (*first..).zip(entries));
            let wanted = numbered.filter(|(index, _)| (from..to).contains(index));
            wanted.map(|(_, entry)| *entry).collect()
        })
    }

    fn tile(&mut self, log: &str, level: u8, index: u64) -> Result<Option<Vec<u8>>, MemoryFault> {
        self.logs
            .step(|| self.rows.tiles.get(&(log.to_owned(), level, index)).map(|(hashes, _)| hashes.clone()))
    }

    fn tile_roots(&mut self, log: &str, level: u8, from: u64, to: u64) -> Result<Vec<Hash>, MemoryFault> {
        self.logs.step(|| {
            let range = (log.to_owned(), level, from)..(log.to_owned(), level, to);
            self.rows.tiles.range(range).map(|(_, (_, root))| *root).collect()
        })
    }
}

impl LogStore for Transaction<'_> {
    fn lock_head(&mut self, log: &str) -> Result<Option<Head>, MemoryFault> {
        self.head(log)
    }

    fn anchor(&mut self, log: &str) -> Result<Option<Anchor>, MemoryFault> {
        Ok(self.logs.anchors.lock().unwrap().get(log).copied())
    }

    fn went_back(&mut self, log: &str, fork: Fork) {
        self.logs.forks.lock().unwrap().push((log.to_owned(), fork));
    }

    fn swap_head(&mut self, read: &Head, next: &Head) -> Result<bool, MemoryFault> {
        self.logs.step(|| match self.rows.heads.get_mut(&read.log) {
            Some(head) if head.epoch == read.epoch && head.size == read.size => {
                *head = next.clone();
                true
            }
            _ => false,
        })
    }

    fn put_batch(&mut self, log: &str, first: u64, entries: &[[u8; 32]]) -> Result<(), MemoryFault> {
        let old = self.logs.step(|| self.rows.batches.insert((log.to_owned(), first), entries.to_vec()))?;
        if old.is_none() { Ok(()) } else { Err(MemoryFault("a batch was stored twice")) }
    }

    fn put_tile(
        &mut self,
        log: &str,
        level: u8,
        index: u64,
        hashes: &[u8],
        root: &Hash,
    ) -> Result<(), MemoryFault> {
        assert_eq!(hashes.len(), super::tile::TILE_BYTES);
        let key = (log.to_owned(), level, index);
        let old = self.logs.step(|| self.rows.tiles.insert(key, (hashes.to_vec(), *root)))?;
        if old.is_none() { Ok(()) } else { Err(MemoryFault("a tile was stored twice")) }
    }
}

/// A committer on a log in memory: it does the work of `store`, without sealing.
pub struct MemoryCommitter {
    /// The database.
    pub logs: Arc<MemoryLogs>,
    /// The log it owns or wants.
    pub log: &'static str,
    /// That log's key.
    pub signer: Arc<LogSigner>,
    /// Its present.
    pub clock: Clock,
    /// Its name as an owner.
    pub owner: String,
    /// How long a commit takes.
    pub delay: Duration,
    /// Its last claim.
    pub claim: Option<Claim>,
    /// The tree as of its last confirmed commit.
    pub cache: Option<Cached>,
}

impl MemoryCommitter {
    /// One that has not claimed yet.
    pub fn new(
        logs: &Arc<MemoryLogs>,
        log: &'static str,
        signer: &Arc<LogSigner>,
        clock: &Clock,
        owner: &str,
    ) -> Self {
        Self {
            logs: Arc::clone(logs),
            log,
            signer: Arc::clone(signer),
            clock: clock.clone(),
            owner: owner.to_owned(),
            delay: Duration::ZERO,
            claim: None,
            cache: None,
        }
    }

    fn held(&self) -> Result<&Claim, Error> {
        self.claim.as_ref().ok_or_else(|| LogFault::<MemoryFault>::Lost.into())
    }
}

impl Committer for MemoryCommitter {
    fn commit(&mut self, batch: &mut [Submission]) -> Result<Committed, Error> {
        std::thread::sleep(self.delay);
        let (log, now, mut cache) = (self.log, self.clock.now(), self.cache.take());
        let claim = self.held()?;
        let appended = self.logs.write(|transaction| {
            let opened = append::begin(transaction, log, &mut cache, &self.signer, Some(claim), now)?;
            let entries = stamp(batch, opened.at());
            for (index, submission) in (opened.first()..).zip(batch.iter()) {
                transaction.rows.kept.insert((log.to_owned(), index), submission.entry().to_vec());
            }
            opened.finish(transaction, &entries)
        });
        let (committed, cached) = appended?.confirmed();
        self.cache = Some(cached);
        Ok(committed)
    }

    fn log(&self) -> &str {
        self.log
    }

    fn claim(&mut self) -> Result<(), Error> {
        let (now, claimant) = (self.clock.now(), lease::Claimant { owner: &self.owner, ended: None });
        let claimed = self.logs.write(|store| lease::claim(store, self.log, claimant, now))?;
        self.claim = Some(claimed);
        Ok(())
    }

    fn renew(&mut self) -> Result<(), Error> {
        let (claim, now) = (self.held()?, self.clock.now());
        Ok(self.logs.write(|store| lease::renew(store, self.log, claim, now))?)
    }

    fn release(&mut self) -> Result<(), Error> {
        let (claim, now) = (self.held()?, self.clock.now());
        Ok(self.logs.write(|store| lease::release(store, self.log, claim, now))?)
    }
}
