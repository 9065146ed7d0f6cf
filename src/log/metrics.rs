//! The counters of a sequencer; the part that serves metrics renders them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the histogram of commit times, in microseconds; one more bucket has no bound.
pub const COMMIT_BOUNDS_US: [u64; 12] =
    [100, 200, 300, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 200_000, 1_000_000];

/// Upper bounds of the histogram of batch sizes, in entries; one more bucket has no bound.
pub const BATCH_BOUNDS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Counters since the start; all except `queued` and `last_commit_us` only grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Batches whose commit was confirmed.
    pub batches: AtomicU64,
    /// Entries in them.
    pub entries: AtomicU64,
    /// Batches that failed or are in doubt.
    pub faults: AtomicU64,
    /// Submissions refused because the queue was full.
    pub refused_full: AtomicU64,
    /// Submissions now waiting for a batch.
    pub queued: AtomicU64,
    /// Duration of the last confirmed commit, in microseconds.
    pub last_commit_us: AtomicU64,
    /// Sum of the durations of confirmed commits, in microseconds.
    pub commit_us_sum: AtomicU64,
    /// Confirmed commits by duration: bucket i up to and with `COMMIT_BOUNDS_US[i]`, the last one above all.
    pub commit_us: [AtomicU64; 13],
    /// Confirmed commits by the entries in them: bucket i up to and with `BATCH_BOUNDS[i]`, the last one above all.
    pub batch_sizes: [AtomicU64; 10],
}

impl Counters {
    /// A value now.
    pub fn value(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }

    pub(super) fn committed(&self, entries: usize, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        add(&self.batches, 1);
        add(&self.entries, entries as u64);
        add(&self.commit_us_sum, us);
        self.last_commit_us.store(us, Ordering::Relaxed);
        count(&self.commit_us, &COMMIT_BOUNDS_US, us);
        count(&self.batch_sizes, &BATCH_BOUNDS, entries as u64);
    }
}

/// Counts a value in the first bucket whose bound is not below it; the bucket after the last bound takes the rest.
pub fn count(buckets: &[AtomicU64], bounds: &[u64], value: u64) {
    let bucket = bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len());
    if let Some(counter) = buckets.get(bucket) {
        add(counter, 1);
    }
}

pub(super) fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
