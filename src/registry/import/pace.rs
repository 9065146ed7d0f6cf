//! How an import leaves room for lookups: priority, threads, and pauses.
//!
//! Its threads always run at a lower priority, which costs nothing on an otherwise idle machine. While a
//! process serves from the registry (the lease on an access log is alive), parsing leaves a core free, and
//! the writer takes small steps and rests as long as it worked. The access log's head tells how long the
//! commits of a serving process take; when they become slow, the import pauses until they are not. If they
//! stay slow during the pause, the import is not the cause, and it goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Moment;
use crate::error::Result;
use crate::log::{Head, lease};
use crate::registry::Registry;
use crate::registry::import::Limits;

/// How often the heads of the access logs are read.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A head without an append for so long tells nothing about the commits of now.
const STALE_US: i64 = 2_000_000;
/// One pause for slow commits; after it they are looked at again.
const REST: Duration = Duration::from_millis(50);
/// After so much rest the import goes on, and takes the speed it then sees for the usual speed of that disk.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// Nice values of threads that parse, and of those that write. The writer holds the lock that an issue waits
/// for, so it must not starve behind lookups.
const PARSING_NICE: i32 = 19;
const WRITING_NICE: i32 = 10;

/// The load beside the import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// A process serves.
    pub served: bool,
    /// The slowest of the serving processes' last access commits (99th percentile); zero where none commits.
    pub commit: Duration,
}

impl Beside {
    /// From the heads of the access logs at `now`.
    fn of(heads: &[Head], now: Moment) -> Self {
        let owned = heads.iter().filter(|head| lease::alive(head, now));
        owned.fold(Self::default(), |beside, head| {
            let fresh = now.micros() - head.at.micros() <= STALE_US;
            let us = if fresh { u64::try_from(head.commit_us).unwrap_or(0) } else { 0 };
            Self { served: true, commit: beside.commit.max(Duration::from_micros(us)) }
        })
    }
}

/// Watches the load beside an import, and slows its threads.
pub(super) struct Pace<'a> {
    ask: Box<dyn Fn() -> Result<Beside> + Sync + 'a>,
    limits: Limits,
    /// Held while the heads are read; a thread that finds it taken uses the last reading.
    looked: Mutex<Option<Instant>>,
    seen: Mutex<Beside>,
    /// How long commits take while the import pauses.
    usual: Mutex<Duration>,
    /// The file was read to its end: threads that stood back may take the rest.
    read: AtomicBool,
}

impl<'a> Pace<'a> {
    /// Of the access logs of a registry.
    pub fn new(registry: &'a Registry, limits: Limits) -> Self {
        Self::asking(limits, move || {
            let heads = registry.store().read_access_now(|reader| reader.heads())?;
            Ok(Beside::of(&heads, registry.now()))
        })
    }

    fn asking(limits: Limits, ask: impl Fn() -> Result<Beside> + Sync + 'a) -> Self {
        let (looked, seen, usual) = (Mutex::new(None), Mutex::default(), Mutex::default());
        Self { ask: Box::new(ask), limits, looked, seen, usual, read: AtomicBool::new(false) }
    }

    /// The load, at most [`LOOK_EVERY`] old. If it cannot be read, the answer is as if a process served.
    pub fn beside(&self) -> Beside {
        if let Ok(mut looked) = self.looked.try_lock()
            && looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY)
        {
            let beside = (self.ask)().unwrap_or(Beside { served: true, commit: Duration::ZERO });
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = beside;
            *looked = Some(Instant::now());
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called by parsing thread `index` of `threads` before each batch: stands back while all cores except
    /// one are taken, and rests while commits are slow.
    pub fn parse(&self, index: usize, threads: usize) {
        let spare = index > 0 && index + 1 == threads;
        while spare && self.beside().served && !self.read.load(Ordering::Relaxed) {
            thread::sleep(REST);
        }
        self.rest();
    }

    /// Held by the reader. When it is dropped, at the end of the file or of a thread that failed, no thread
    /// stands back any longer.
    pub fn reading(&self) -> Reading<'_> {
        Reading(&self.read)
    }

    /// Called between two transactions, the last of which took `worked`: leaves room for other writers, and
    /// beside lookups as much time as the transaction took.
    pub fn wrote(&self, worked: Duration) {
        if self.beside().served {
            thread::sleep(worked.max(self.limits.pause));
            self.rest();
        } else {
            thread::sleep(self.limits.pause / 10);
        }
    }

    fn rest(&self) {
        let begun = Instant::now();
        loop {
            let commit = self.beside().commit;
            let mut usual = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
            if commit <= self.limits.slow_commit.max(*usual * 2) {
                return;
            }
            if begun.elapsed() >= LONGEST_REST {
                *usual = commit;
                return;
            }
            drop(usual);
            thread::sleep(REST);
        }
    }
}

/// See [`Pace::reading`].
pub(super) struct Reading<'a>(&'a AtomicBool);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Lowers the priority of this thread for as long as it lives. If that fails, the thread works as it is.
pub(super) fn lower_for_parsing() {
    lower(PARSING_NICE);
}

/// The same for threads behind which others may have to wait.
pub(super) fn lower_for_writing() {
    lower(WRITING_NICE);
}

fn lower(nice: i32) {
    // On Linux a nice value belongs to the thread that sets it.
    if cfg!(target_os = "linux")
        && rustix::process::getpriority_process(None).is_ok_and(|present| present < nice)
        && let Err(error) = rustix::process::setpriority_process(None, nice)
    {
        log::debug!("an import's thread keeps its priority: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn head(owner: &str, lease_s: i64, at_s: i64, commit_us: i64, now: Moment) -> Head {
        let signer = crate::log::LogSigner::new("pace.example/access-x", &[7; 32]).unwrap();
        let (lease_until, at) = (now.plus_seconds(lease_s), now.plus_seconds(at_s));
        Head {
            owner: owner.to_owned(),
            lease_until,
            commit_us,
            ..crate::log::append::new_head("access-x", &signer, at)
        }
    }

    #[test]
    fn only_a_living_lease_counts_and_only_commits_of_now() {
        let now = Moment::from_micros(1_800_000_000_000_000);
        let none = Beside::default();
        assert_eq!(Beside::of(&[], now), none);
        assert_eq!(Beside::of(&[head("", 9, 0, 900, now), head("a", -1, 0, 900, now)], now), none);
        let quiet = Beside { served: true, commit: Duration::ZERO };
        assert_eq!(Beside::of(&[head("a", 9, -3, 90_000, now)], now), quiet, "nobody looks anything up");
        let two = [head("a", 9, 0, 400, now), head("b", 9, -1, 30_000, now)];
        assert_eq!(Beside::of(&two, now).commit, Duration::from_millis(30), "the slowest counts");
    }

    #[test]
    fn slow_commits_stop_an_import_until_they_are_fast_again() {
        let slow_looks = AtomicU64::new(4);
        let ask = || {
            let slow =
                slow_looks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            let ms = if slow.is_ok() { 25 } else { 1 };
            Ok(Beside { served: true, commit: Duration::from_millis(ms) })
        };
        let pace = Pace::asking(Limits::default(), ask);
        pace.parse(0, 2);
        assert_eq!(slow_looks.load(Ordering::SeqCst), 0, "went on while commits were slow");
    }

    #[test]
    fn a_disk_that_is_always_slow_holds_it_up_once() {
        let ask = || Ok(Beside { served: true, commit: Duration::from_secs(1) });
        let pace = Pace::asking(Limits::default(), ask);
        let begun = Instant::now();
        pace.parse(0, 1);
        let first = begun.elapsed();
        assert!(first >= LONGEST_REST, "went on after {first:?}");
        (0..100).for_each(|_| pace.parse(0, 1));
        assert!(begun.elapsed() < first * 2, "rested again for what does not come from it");
    }

    #[test]
    fn the_last_thread_stands_back_while_somebody_serves_and_helps_at_the_end() {
        let pace = Pace::asking(Limits::default(), || Ok(Beside { served: true, ..Beside::default() }));
        let stood = AtomicBool::new(true);
        thread::scope(|scope| {
            scope.spawn(|| {
                pace.parse(1, 2);
                stood.store(false, Ordering::SeqCst);
            });
            pace.parse(0, 2);
            thread::sleep(REST * 2);
            assert!(stood.load(Ordering::SeqCst), "all cores were taken");
            drop(pace.reading());
        });
        let alone = Pace::asking(Limits::default(), || Ok(Beside::default()));
        alone.parse(1, 2);
    }
}
