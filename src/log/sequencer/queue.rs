//! The bounded queue between lookups and the sequencer's thread, and when that thread takes a batch.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Accepted, Refusal, Settings, Submission};
use crate::error::Code;
use crate::log::metrics::{Counters, add};

pub(super) type Answer = oneshot::Sender<Result<Accepted, Refusal>>;

/// The result of the last attempt to write the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Up,
    /// Failed; the next batch tries again.
    Down,
    /// Refuses until a claim succeeds.
    Lost,
    Closed,
    Forked,
    Ended,
}

impl State {
    pub(super) fn of(byte: u8) -> Self {
        let all = [Self::Up, Self::Down, Self::Lost, Self::Closed, Self::Forked];
        all.into_iter().find(|state| *state as u8 == byte).unwrap_or(Self::Ended)
    }

    pub(super) fn after(code: Code) -> Self {
        match code {
            Code::LogLost => Self::Lost,
            Code::LogClosed => Self::Closed,
            Code::LogForked => Self::Forked,
            _ => Self::Down,
        }
    }

    /// The reason to refuse a submission without trying; none if a try makes sense.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Up | Self::Down => None,
            Self::Lost => Some(Refusal::Lost),
            Self::Closed => Some(Refusal::Closed),
            Self::Forked => Some(Refusal::Forked),
            Self::Ended => Some(Refusal::Unavailable),
        }
    }
}

/// How the last batch went; decides whether to wait for more entries.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    pub(super) entries: usize,
    pub(super) took: Duration,
    pub(super) ended: Option<Instant>,
}

impl Pace {
    /// How long to wait for more: only if the last batch had at least four entries and ended just now, and
    /// never more than twice its commit. A request that comes alone does not wait.
    pub(super) fn linger(&self, longest: Duration, now: Instant) -> Duration {
        let load = self.entries >= 4;
        let recent = self.ended.is_some_and(|ended| now.saturating_duration_since(ended) <= longest);
        if load && recent { longest.min(self.took * 2) } else { Duration::ZERO }
    }
}

/// The next work of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Batch,
    LeaseDue,
    Stop,
}

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) counters: Counters,
    pub(super) state: AtomicU8,
    /// Held only to move entries in or out, never during a commit.
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    /// The i-th answer belongs to the i-th submission.
    submissions: Vec<Submission>,
    answers: Vec<Answer>,
    stopping: bool,
    /// The thread waits for a first entry. While it lingers it is not woken for each further one.
    asleep: bool,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings: Settings { batch: settings.batch.max(1), ..settings },
            counters: Counters::default(),
            state: AtomicU8::new(State::Up as u8),
            queue: Mutex::default(),
            wake: Condvar::new(),
        }
    }

    pub(super) fn submit(&self, submission: Submission, answer: Answer) -> Result<(), Refusal> {
        let mut queue = self.lock();
        // Read under the lock: after the end of the thread nothing can enter the queue.
        if let Some(refusal) = State::of(self.state.load(Ordering::Acquire)).refusal() {
            return Err(refusal);
        }
        if queue.stopping {
            return Err(Refusal::Stopping);
        }
        if queue.submissions.len() >= self.settings.queue {
            add(&self.counters.refused_full, 1);
            return Err(Refusal::QueueFull);
        }
        queue.submissions.push(submission);
        queue.answers.push(answer);
        let waiting = queue.submissions.len();
        self.counters.queued.store(waiting as u64, Ordering::Relaxed);
        let wake = queue.asleep || waiting == self.settings.batch;
        queue.asleep = false;
        drop(queue);
        if wake {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Waits for entries, the lease, or the stop, and returns at the first of them; fills the (empty) buffers
    /// for a batch.
    pub(super) fn next(
        &self,
        submissions: &mut Vec<Submission>,
        answers: &mut Vec<Answer>,
        pace: &Pace,
        lease_due: Instant,
    ) -> Next {
        let mut queue = self.lock();
        while queue.submissions.is_empty() {
            if queue.stopping {
                return Next::Stop;
            }
            let left = lease_due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Next::LeaseDue;
            }
            queue.asleep = true;
            queue = self.wait(queue, left);
            queue.asleep = false;
        }
        let now = Instant::now();
        let until = now + pace.linger(self.settings.linger, now);
        while queue.submissions.len() < self.settings.batch && !queue.stopping {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue = self.wait(queue, left);
        }
        let count = queue.submissions.len().min(self.settings.batch);
        submissions.extend(queue.submissions.drain(..count));
        answers.extend(queue.answers.drain(..count));
        self.counters.queued.store(queue.submissions.len() as u64, Ordering::Relaxed);
        Next::Batch
    }

    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.wake.notify_one();
    }

    fn wait<'q>(&self, queue: MutexGuard<'q, Queue>, longest: Duration) -> MutexGuard<'q, Queue> {
        self.wake.wait_timeout(queue, longest).unwrap_or_else(PoisonError::into_inner).0
    }

    /// No code panics while holding the lock, so a poisoned queue is whole.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the thread's end, however it ends: all waiters learn it, and nobody can queue any more.
pub(super) struct End<'s>(pub(super) &'s Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        self.0.state.store(State::Ended as u8, Ordering::Release);
        queue.submissions.clear();
        queue.answers.clear();
        self.0.counters.queued.store(0, Ordering::Relaxed);
    }
}
