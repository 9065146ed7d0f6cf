//! The result of a lookup's submission: its durable entry and the parts of its receipt, or the reason why
//! there is none.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::log::batch::BatchTree;
use crate::log::receipt::Handed;

/// A durable access entry.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Name of the log.
    pub log: Arc<str>,
    /// Index of its leaf.
    pub index: u64,
    /// Its final bytes.
    pub entry: Vec<u8>,
    /// The tree of its batch.
    pub batch: Arc<BatchTree>,
    /// The checkpoint of its batch.
    pub note: Arc<str>,
    /// Its time.
    pub at: Moment,
    /// The clock's time when it was logged.
    pub clock: Moment,
}

impl Accepted {
    /// The true time, where the log's is later: an earlier leaf was written by a clock that ran ahead, and the time of
    /// a log never goes back.
    pub fn clock_behind(&self) -> Option<Moment> {
        (self.clock < self.at).then_some(self.clock)
    }

    /// The receipt, canonical JSON (`schema/bytes.md` §6). The answering thread makes it, not the sequencer.
    pub fn receipt(&self) -> String {
        self.handed().text()
    }

    /// The whole receipt, as it is handed out.
    pub fn handed(&self) -> Handed<'_> {
        Handed {
            checkpoint: Some(&self.note),
            entry: Some(&self.entry),
            proof: Some(self.batch.inclusion(self.index).unwrap_or_default()),
            ..self.reference()
        }
    }

    /// The reference by which the receipt is fetched later.
    pub fn reference(&self) -> Handed<'_> {
        Handed { checkpoint: None, entry: None, index: self.index, log: &self.log, proof: None }
    }
}

/// Why an entry was not accepted; the lookup it belongs to must not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The queue is full.
    #[error("the queue is full")]
    QueueFull,
    /// The server is stopping.
    #[error("the sequencer is stopping")]
    Stopping,
    /// The log could not be written, or the commit is in doubt.
    #[error("the log could not be written")]
    Unavailable,
    /// Another process owns the log.
    #[error("another process owns the log")]
    Lost,
    /// The log is closed.
    #[error("the log is closed")]
    Closed,
    /// The stored log contradicts itself.
    #[error("the stored log contradicts itself")]
    Forked,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::QueueFull => Code::QueueFull,
            Refusal::Stopping => Code::ShuttingDown,
            Refusal::Unavailable => Code::LogUnavailable,
            Refusal::Lost => Code::LogLost,
            Refusal::Closed => Code::LogClosed,
            Refusal::Forked => Code::LogForked,
        };
        Self::new(code, "")
    }
}

/// The place of one submission in the queue.
#[derive(Debug)]
pub struct Ticket(pub(super) oneshot::Receiver<Result<Accepted, Refusal>>);

impl Ticket {
    pub(super) fn new(answer: oneshot::Receiver<Result<Accepted, Refusal>>) -> Self {
        Self(answer)
    }

    /// Waits until the entry is durable, or is not to be. Dropping the future does not take the entry back.
    pub async fn accepted(self) -> Result<Accepted, Refusal> {
        self.0.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// The same for callers without a runtime; must not be called on an async thread.
    pub fn wait(self) -> Result<Accepted, Refusal> {
        self.0.blocking_recv().unwrap_or(Err(Refusal::Unavailable))
    }
}
