//! The access log of this process: started once, submitted to by every path that shows a record (I2).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Registry;
use super::init::CLI_LOG;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::metrics::Counters;
use crate::log::sequencer::{Handle, Sequencer, Settings, Ticket};
use crate::log::{Accepted, Submission};
use crate::store::{AccessCommitter, LEASE_S};
use crate::trust::HolderKey;

/// A running access log.
pub struct AccessLog {
    name: Arc<str>,
    handle: Handle,
    sequencer: Mutex<Option<Sequencer>>,
}

impl AccessLog {
    /// Its name, as receipts have it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// False while it cannot be written: lookups are refused, /readyz is red.
    pub fn healthy(&self) -> bool {
        self.handle.healthy()
    }

    /// What it counted.
    pub fn counters(&self) -> &Counters {
        self.handle.counters()
    }
}

impl Registry {
    /// Claims the current log of `access-<node>` and starts its sequencer. `log_lost` while another process holds it.
    pub fn start_access(&self, node: &str) -> Result<()> {
        self.start_log(&self.current_log(&format!("access-{node}"))?)
    }

    /// The same for a process that starts: the one before it may have been killed and its lease not have ended.
    /// Blocks for a lease's length at most; who is alive keeps its log.
    pub fn await_access(&self, node: &str) -> Result<()> {
        self.awaited(&format!("access-{node}"))
    }

    /// The same for commands: they share one log and wait for each other.
    pub fn start_cli_access(&self) -> Result<()> {
        self.awaited(CLI_LOG)
    }

    fn awaited(&self, name: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(u64::try_from(LEASE_S).unwrap_or(0) + 5);
        let mut told = false;
        loop {
            match self.start_log(&self.current_log(name)?) {
                Err(error) if error.code == Code::LogLost && Instant::now() < deadline => {
                    if !std::mem::replace(&mut told, true) {
                        ::log::warn!("{name} is held or its owner was killed: waiting for the lease");
                    }
                    std::thread::sleep(Duration::from_millis(50))
                }
                other => return other,
            }
        }
    }

    fn start_log(&self, name: &str) -> Result<()> {
        let signer = self.log_signer(name)?;
        let owner = format!("{name}/{}", super::random_token()?);
        let committer =
            AccessCommitter::new(self.store().clone(), name, owner, signer, self.inner.clock.clone());
        let settings = Settings {
            lease: Duration::from_secs(u64::try_from(LEASE_S).unwrap_or(15)),
            ..Settings::default()
        };
        let sequencer = Sequencer::start(committer, settings)?;
        let access = AccessLog {
            name: name.into(),
            handle: sequencer.handle(),
            sequencer: Mutex::new(Some(sequencer)),
        };
        *self.inner.access.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(access));
        Ok(())
    }

    /// Takes no more entries, commits those that wait, gives the log back.
    pub fn stop_access(&self) {
        let access = self.inner.access.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(access) = access {
            let sequencer = access.sequencer.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(sequencer);
        }
    }

    /// The running access log; `log_unavailable` before it was started and after it was stopped.
    pub fn access(&self) -> Result<Arc<AccessLog>> {
        let access = self.inner.access.read().unwrap_or_else(PoisonError::into_inner).clone();
        access.ok_or_else(|| Error::new(Code::LogUnavailable, "no access log is running"))
    }
}

impl Registry {
    /// Who looked at whom since 00:00 UTC+8, out of every access log: what budgets are rebuilt from at start.
    pub fn accesses_of_today(&self) -> Result<Vec<(String, HolderKey, Moment)>> {
        let midnight = self.now().day().start();
        let mut found = Vec::new();
        let heads = self.store().read_access_now(|reader| reader.heads())?;
        for head in heads.iter().filter(|head| head.log.starts_with("access-")) {
            // Newest first, in steps of 1,000 leaves, until a batch of yesterday.
            let mut end = head.size;
            while end > 0 {
                let from = end.saturating_sub(1_000);
                let batches = self
                    .store()
                    .read_access_now(|reader| reader.access_batches(&head.log, from, end, 1_000))?;
                for batch in batches.iter().filter(|batch| batch.at >= midnight) {
                    for item in batch.items.iter().flatten() {
                        let actor = crate::record::access::read(&item.entry);
                        let actor =
                            actor.ok().and_then(|entry| entry.get("actor")?.as_str().map(str::to_owned));
                        if let (Some(actor), Some(holder)) = (actor, item.holders.first()) {
                            found.push((actor, *holder, batch.at));
                        }
                    }
                }
                if batches.first().is_none_or(|batch| batch.at < midnight) {
                    break;
                }
                end = from;
            }
        }
        Ok(found)
    }
}

impl AccessLog {
    /// Puts an entry into the queue; its ticket tells when it is durable.
    pub(super) fn submit(&self, submission: Submission) -> Result<Ticket> {
        Ok(self.handle.submit(submission)?)
    }

    /// Submits an entry and waits until it is durable. Nothing may be answered before this returned.
    pub(super) async fn note(&self, submission: Submission) -> Result<Accepted> {
        Ok(self.submit(submission)?.accepted().await?)
    }
}
