//! How many entries a sequencer takes at once, and how long it waits for more.

use std::time::Duration;

use crate::log::lease::LEASE_S;

/// Bounds of a sequencer.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many may wait; more are refused.
    pub queue: usize,
    /// Entries in a batch at most.
    pub batch: usize,
    /// Longest wait for more entries, under load only.
    pub linger: Duration,
    /// The lease of the committer; it is renewed every third of it.
    pub lease: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let (linger, lease) = (Duration::from_millis(1), Duration::from_secs(LEASE_S.unsigned_abs()));
        Self { queue: 4096, batch: 512, linger, lease }
    }
}
