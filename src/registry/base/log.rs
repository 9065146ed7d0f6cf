//! The access log of this process as its users hold it: a queue into the sequencer.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::log::metrics::Counters;
use crate::log::sequencer::{Handle, Refusal, Sequencer, Ticket};
use crate::log::{Accepted, Submission};

/// A running access log.
pub struct AccessLog {
    name: Arc<str>,
    handle: Handle,
    sequencer: Mutex<Option<Sequencer>>,
}

impl AccessLog {
    /// Over a running sequencer.
    pub(in crate::registry) fn over(name: &str, sequencer: Sequencer) -> Self {
        Self { name: name.into(), handle: sequencer.handle(), sequencer: Mutex::new(Some(sequencer)) }
    }

    /// Takes no more entries, commits those that wait, gives the log back.
    pub(in crate::registry) fn stop(&self) {
        drop(self.sequencer.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Its name, as receipts have it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// False while it cannot be written: lookups are refused, /readyz is red.
    pub fn healthy(&self) -> bool {
        self.handle.healthy()
    }

    /// Why it cannot be written.
    pub fn refusal(&self) -> Option<Refusal> {
        self.handle.refusal()
    }

    /// Its counters.
    pub fn counters(&self) -> &Counters {
        self.handle.counters()
    }
}

impl AccessLog {
    /// Puts an entry into the queue; its ticket tells when it is durable.
    pub(in crate::registry) fn submit(&self, submission: Submission) -> Result<Ticket> {
        Ok(self.handle.submit(submission)?)
    }

    /// Submits an entry and waits until it is durable. Nothing may be answered before this returned.
    pub(in crate::registry) async fn note(&self, submission: Submission) -> Result<Accepted> {
        Ok(self.submit(submission)?.accepted().await?)
    }
}

impl AccessLog {
    /// Submits entries and waits until all are durable. Blocks; not to be called on an async thread.
    pub(in crate::registry) fn note_now(&self, entries: Vec<Submission>) -> Result<Vec<Accepted>> {
        let tickets = entries.into_iter().map(|entry| self.submit(entry)).collect::<Result<Vec<_>>>()?;
        tickets.into_iter().map(|ticket| Ok(ticket.wait()?)).collect()
    }
}
