//! The desk at which a process asks departments. It stands apart, since the registry itself holds it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::sync::Semaphore;

use super::breaker::Breakers;

/// How long all questions of an application may take together.
const WITHIN_MS: u64 = 2_000;
/// Questions that a process has on their way at most: each holds a thread.
const AT_ONCE: usize = 64;

/// The desk at which a process asks: who is left alone, how many questions are on their way, how long they may take.
pub struct SourceDesk {
    pub(super) breakers: Breakers,
    pub(super) permits: Arc<Semaphore>,
    pub(super) within_ms: AtomicU64,
}

impl Default for SourceDesk {
    fn default() -> Self {
        Self {
            breakers: Breakers::default(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            within_ms: AtomicU64::new(WITHIN_MS),
        }
    }
}
