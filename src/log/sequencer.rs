//! The sequencer of an access log: one thread that commits the entries of many lookups in batches.
//!
//! A lookup submits its access entry and waits for the [`Ticket`]. The answer leaves only after the ticket
//! was honoured: entry, leaf and checkpoint are then durable (I2). One commit, one checkpoint signature and
//! one wake-up a waiter serve a whole batch. The next batch never starts before the last one is confirmed or
//! failed.
//!
//! A crash before the commit leaves nothing, and nobody was answered. A crash after it leaves the entries of
//! lookups whose callers may never have seen the answer, which is the right side to err on. A commit that
//! reports a failure is in doubt: all waiters are refused, nothing of it is shown, and the [`Committer`]
//! reads the head anew before its next batch.

mod accepted;
mod queue;
mod settings;
mod submission;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

pub use self::accepted::{Accepted, Refusal, Ticket};
use self::queue::{Next, Pace, Shared, State};
pub use self::settings::Settings;
pub use self::submission::{AT_PLACEHOLDER, NoPlaceForTime, Submission, stamp};
use super::append::{Appended, Cached};
use super::batch::BatchTree;
use super::metrics::{Counters, add};
use crate::clock::Moment;
use crate::error::Error;
use crate::journal;

/// A batch whose commit is confirmed.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Name of the log.
    pub log: Arc<str>,
    /// The checkpoint with the batch.
    pub note: Arc<str>,
    /// The time of all its entries.
    pub at: Moment,
    /// The clock's time.
    pub clock: Moment,
    /// Proofs of its leaves; the i-th submission is leaf `batch.first() + i`.
    pub batch: Arc<BatchTree>,
}

impl Appended {
    /// The results of a [`Committer`], and the state it keeps, once the commit is confirmed.
    pub fn confirmed(self) -> (Committed, Cached) {
        let Self { log, note, at, clock, batch, cached, .. } = self;
        (Committed { log, note, at, clock, batch }, cached)
    }
}

/// Owner of the access log's writing connection; `store` implements it. All calls come from one thread.
///
/// Errors are told apart by their code: `log_lost` (another process owns the log), `log_closed`,
/// `log_forked`; every other one may pass.
pub trait Committer: Send + 'static {
    /// One transaction: begin the append, [`stamp`], seal and keep the entries, finish, commit. Ok only when
    /// the commit is confirmed. After an error of any kind the next call reads the head anew.
    fn commit(&mut self, batch: &mut [Submission]) -> Result<Committed, Error>;

    /// The log's name.
    fn log(&self) -> &str;

    /// Takes the log, or takes it back after `log_lost`.
    fn claim(&mut self) -> Result<(), Error>;

    /// Prolongs the lease while there is nothing to commit; each commit prolongs it too.
    fn renew(&mut self) -> Result<(), Error>;

    /// Gives the log back at a graceful stop.
    fn release(&mut self) -> Result<(), Error>;
}

/// A running sequencer; dropping it stops it as [`Sequencer::stop`] does.
pub struct Sequencer {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

/// Where lookups submit; cheap to clone.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Sequencer {
    /// Claims the log on the calling thread, whose error is the caller's, then starts the sequencer's own.
    pub fn start(mut committer: impl Committer, settings: Settings) -> Result<Self, Error> {
        committer.claim()?;
        let shared = Arc::new(Shared::new(settings));
        let handle = Handle(Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("sequencer".into());
        let thread = thread.spawn(move || run(committer, &shared)).map_err(Error::internal)?;
        Ok(Self { handle, thread: Some(thread) })
    }

    /// Where to submit.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes no more entries, commits the waiting ones, gives the log back, ends.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        self.handle.0.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            ::log::error!("the sequencer's thread had panicked");
        }
    }
}

impl Handle {
    /// Queues an entry; never blocks.
    pub fn submit(&self, submission: Submission) -> Result<Ticket, Refusal> {
        let (answer, ticket) = oneshot::channel();
        self.0.submit(submission, answer)?;
        Ok(Ticket::new(ticket))
    }

    /// Whether the last attempt to write the log went through; for readiness.
    pub fn healthy(&self) -> bool {
        self.0.state() == State::Up
    }

    /// Why it is not [`Handle::healthy`].
    pub fn refusal(&self) -> Option<Refusal> {
        match self.0.state() {
            State::Down => Some(Refusal::Unavailable),
            state => state.refusal(),
        }
    }

    /// The counters so far.
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }
}

/// The thread: batch after batch until stopped.
fn run(mut committer: impl Committer, shared: &Shared) {
    // Also when a panic unwinds: present and later callers are refused, and none waits for ever.
    let _end = queue::End(shared);
    let renew_every = shared.settings.lease / 3;
    let (mut submissions, mut answers) = (Vec::new(), Vec::new());
    let mut pace = Pace::default();
    let mut lease_due = Instant::now() + renew_every;
    loop {
        match shared.next(&mut submissions, &mut answers, &pace, lease_due) {
            Next::Batch => {
                let began = Instant::now();
                let outcome = committer.commit(&mut submissions);
                pace =
                    Pace { entries: submissions.len(), took: began.elapsed(), ended: Some(Instant::now()) };
                lease_due = Instant::now() + renew_every;
                answer(shared, outcome, &mut submissions, &mut answers, pace.took);
                if shared.state() == State::Lost {
                    lease_due = Instant::now();
                }
            }
            Next::LeaseDue => {
                lease_due = Instant::now() + renew_every;
                keep(shared, &mut committer);
            }
            Next::Stop => break,
        }
    }
    if let Err(error) = committer.release() {
        ::log::warn!("the log's lease was not given back and runs out by itself: {error:?}");
    }
}

/// Tells each waiter of the batch. Only here do an index and a checkpoint become visible to anybody.
fn answer(
    shared: &Shared,
    outcome: Result<Committed, Error>,
    submissions: &mut Vec<Submission>,
    answers: &mut Vec<oneshot::Sender<Result<Accepted, Refusal>>>,
    took: Duration,
) {
    match outcome {
        Ok(Committed { log, note, at, clock, batch }) => {
            shared.counters.committed(submissions.len(), took);
            if took > journal::SLOW {
                journal::slow_commit(&log, submissions.len(), took);
            }
            shared.set(State::Up);
            let waiting = submissions.drain(..).zip(answers.drain(..));
            for (index, (submission, answer)) in (batch.first()..).zip(waiting) {
                let (log, note, batch) = (Arc::clone(&log), Arc::clone(&note), Arc::clone(&batch));
                // A caller that has gone away has been answered: its access is logged.
                let entry = submission.into_entry();
                let _gone = answer.send(Ok(Accepted { log, index, entry, batch, note, at, clock }));
            }
        }
        Err(error) => {
            add(&shared.counters.faults, 1);
            let state = State::after(error.code);
            if shared.state() != state {
                ::log::error!("a batch of {} access entries was not confirmed: {error:?}", submissions.len());
            }
            shared.set(state);
            submissions.clear();
            for answer in answers.drain(..) {
                let _gone = answer.send(Err(state.refusal().unwrap_or(Refusal::Unavailable)));
            }
        }
    }
}

/// Keeps the lease, or takes a lost log back.
fn keep(shared: &Shared, committer: &mut impl Committer) {
    let state = shared.state();
    let outcome = match state {
        State::Up | State::Down => committer.renew(),
        State::Lost => committer.claim(),
        State::Closed | State::Forked | State::Ended => return,
    };
    let after = outcome.as_ref().map_or_else(|error| State::after(error.code), |()| State::Up);
    if let Err(error) = outcome
        && state != after
    {
        ::log::error!("the log's lease was not kept: {error:?}");
    }
    if state == State::Lost && after == State::Up {
        journal::log_taken(committer.log());
    }
    shared.set(after);
}

impl Shared {
    fn state(&self) -> State {
        State::of(self.state.load(Ordering::Acquire))
    }

    fn set(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }
}
