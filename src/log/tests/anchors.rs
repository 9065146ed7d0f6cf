//! A log that is not the one that was confirmed: put back, put back and grown on, or another one (I14).

use std::sync::Arc;

use super::{LOG, entries, moment, signer};
use crate::log::anchor::Fork;
use crate::log::append::{Cached, append};
use crate::log::fault::LogFault;
use crate::log::lease::{Claimant, claim};
use crate::log::testing::{MemoryFault, MemoryLogs, Rows};

type Outcome = Result<u64, LogFault<MemoryFault>>;

fn push(logs: &MemoryLogs, cache: &mut Option<Cached>, salt: &str, count: u64) -> Outcome {
    let batch = entries(salt, 0, count);
    let appended = logs.write(|store| append(store, LOG, cache, &signer(), &batch, moment(1)))?;
    *cache = Some(appended.cached);
    Ok(appended.size)
}

/// A log of 600 leaves, of which 400 were there when its rows were copied; with the rows and the tree of that
/// time.
fn put_back() -> (Arc<MemoryLogs>, Rows, Option<Cached>) {
    let (logs, mut cache) = (MemoryLogs::with(&[(LOG, &signer())], moment(0)), None);
    push(&logs, &mut cache, "a", 400).unwrap();
    let (copy, then) = (logs.rows().clone(), cache.clone());
    push(&logs, &mut cache, "b", 200).unwrap();
    (logs, copy, then)
}

/// The copy on another machine, which knows nothing of the later leaves.
fn elsewhere(copy: &Rows) -> Arc<MemoryLogs> {
    let other = MemoryLogs::with(&[], moment(0));
    *other.rows() = copy.clone();
    other
}

fn refused(logs: &MemoryLogs, cache: Option<Cached>, fork: Fork) {
    let before = logs.stored().len();
    assert_eq!(push(logs, &mut cache.clone(), "later", 3), Err(LogFault::WentBack(fork)));
    let claimant = Claimant { owner: "somebody", ended: None };
    let claimed = logs.write(|store| claim(store, LOG, claimant, moment(100)));
    assert_eq!(claimed, Err(LogFault::<MemoryFault>::WentBack(fork)));
    assert_eq!(logs.stored().len(), before, "a head was stored on it");
    assert_eq!(logs.forks(), [(LOG.to_owned(), fork), (LOG.to_owned(), fork)]);
}

#[test]
fn i14_nothing_is_signed_on_a_log_that_went_back() {
    let (logs, copy, then) = put_back();
    *logs.rows() = copy;
    // The tree of that time agrees with the head in every part: a cache alone would have gone on.
    assert!(then.is_some());
    refused(&logs, then, Fork::Shorter { confirmed: 600, size: 400 });
}

#[test]
fn i14_nothing_is_signed_on_a_log_that_was_put_back_and_grew_another_way() {
    for (more, cached) in [(200, false), (200, true), (201, false), (900, true)] {
        let (logs, copy, mut then) = put_back();
        let other = elsewhere(&copy);
        push(&other, &mut then, "another", more).unwrap();
        *logs.rows() = other.rows().clone();
        refused(&logs, then.filter(|_| cached), Fork::Other { confirmed: 600 });
    }
}

#[test]
fn i14_what_cannot_be_proven_to_go_on_is_not_gone_on_with() {
    let (logs, copy, _) = put_back();
    // As another process goes on: 600 leaves, then 900 more.
    let other = elsewhere(&logs.rows());
    push(&other, &mut None, "c", 900).unwrap();
    assert!(copy.tiles.len() < other.rows().tiles.len());
    let whole = other.rows().clone();
    *logs.rows() = whole.clone();
    logs.rows().tiles.retain(|(_, _, index), _| *index != 2);
    logs.rows().batches.retain(|(_, first), _| *first != 600);
    let entries = LogFault::Forked(crate::log::fault::Part::Entries);
    assert_eq!(push(&logs, &mut None, "later", 3), Err(entries), "its own parts contradict each other");
    *logs.rows() = whole.clone();
    logs.rows().tiles.get_mut(&(LOG.to_owned(), 0, 2)).unwrap().0[5] ^= 1;
    refused(&logs, None, Fork::Other { confirmed: 600 });
    *logs.rows() = whole;
    assert_eq!(push(&logs, &mut None, "later", 3), Ok(1_503), "the same log, longer");
}
