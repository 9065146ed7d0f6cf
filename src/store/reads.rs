//! How long point reads take, and how many ran where they were called. These figures show an operator when a
//! file has outgrown memory and point reads must change thread (`--point-hops`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::log::metrics::count;

/// Upper bounds of the histogram, in microseconds: a warm read takes tens, a cold one hundreds.
pub const READ_BOUNDS_US: [u64; 12] =
    [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 20_000, 100_000, 1_000_000];

/// Point reads since the start. All of it only grows.
#[derive(Debug, Default)]
pub struct ReadCounters {
    /// Reads on the worker's own thread.
    pub inline: AtomicU64,
    /// Time of all point reads, in microseconds, waiting for a thread included.
    pub us_sum: AtomicU64,
    /// Point reads by duration: bucket i up to and with `READ_BOUNDS_US[i]`, the last one above all.
    pub us: [AtomicU64; 13],
}

impl ReadCounters {
    pub(super) fn took(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.us_sum.fetch_add(us, Ordering::Relaxed);
        count(&self.us, &READ_BOUNDS_US, us);
    }

    pub(super) fn ran_inline(&self) {
        self.inline.fetch_add(1, Ordering::Relaxed);
    }
}
