//! The access log of this process: started once, submitted to by every path that shows a record (I2).

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};
use crate::journal;
use crate::log::TreeReader as _;
use crate::log::lease::LONGEST_S;
use crate::log::sequencer::{Sequencer, Settings};
use crate::registry::Registry;
use crate::registry::base::log::AccessLog;
use crate::registry::base::names::CLI_LOG;
use crate::rule::Rule;
use crate::store::AccessCommitter;

impl Registry {
    /// Claims the current log of `access-<node>` and starts its sequencer. `log_lost` while another process holds it.
    pub fn start_access(&self, node: &str) -> Result<()> {
        self.known_node(node)?;
        self.hold_memory(Some(node))?;
        self.store().remember(Some(node))?;
        self.start_log(&self.current_log(&format!("access-{node}"))?)
    }

    /// Refuses a node that has no log: it is made by `init` or `log add`, never by a start (I11).
    ///
    /// # Errors
    /// `config_invalid` with rule `node_unknown`, and the nodes there are.
    pub fn known_node(&self, node: &str) -> Result<()> {
        let heads = self.store().read_access_now(|reader| reader.heads())?;
        let name = format!("access-{node}");
        if heads.iter().any(|head| head.log == name) {
            return Ok(());
        }
        // A successor is of its log's node.
        let follows = |log: &str| heads.iter().any(|head| log.starts_with(&format!("{}-r", head.log)));
        let logs = heads.iter().map(|head| head.log.as_str()).filter(|log| *log != CLI_LOG && !follows(log));
        let names: Vec<&str> = logs.filter_map(|log| log.strip_prefix("access-")).collect();
        let detail = format!("this registry has the nodes {}", names.join(", "));
        Err(Error::new(Code::ConfigInvalid, detail).at("node").rule(Rule::NodeUnknown))
    }

    /// The same for a process that starts: the one before it may have been killed, and its lease not have ended.
    ///
    /// A process killed on this machine had a lock, which is free now: its log is taken at once. An owner on
    /// another machine has a lease: this waits for its end, ten seconds at most. A living owner keeps its log.
    pub fn await_access(&self, node: &str) -> Result<()> {
        self.known_node(node)?;
        self.hold_memory(Some(node))?;
        self.store().remember(Some(node))?;
        self.awaited(&format!("access-{node}"))
    }

    /// The same for commands: they share one log and wait for each other.
    pub fn start_cli_access(&self) -> Result<()> {
        self.awaited(CLI_LOG)
    }

    fn awaited(&self, name: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(LONGEST_S.unsigned_abs());
        let mut told = false;
        loop {
            match self.start_log(&self.current_log(name)?) {
                Err(error) if error.code == Code::LogLost && Instant::now() < deadline => {
                    if !std::mem::replace(&mut told, true) {
                        let left = self.lease_left(&self.current_log(name)?)?;
                        ::log::warn!(
                            "{name} is held by another process, or was by one that was killed elsewhere: waiting {left} s at \
                             most for its lease to end"
                        );
                    }
                    std::thread::sleep(Duration::from_millis(50))
                }
                other => return other,
            }
        }
    }

    /// Seconds until the lease of a log's owner ends, as the log says now.
    fn lease_left(&self, log: &str) -> Result<i64> {
        let head = self.store().read_access_now(|reader| reader.head(log))?;
        let left = head.map_or(0, |head| head.lease_until.seconds() - self.now().seconds());
        Ok(left.clamp(1, LONGEST_S))
    }

    fn start_log(&self, name: &str) -> Result<()> {
        let signer = self.log_signer(name)?;
        let own = crate::registry::base::secrets::random_token()?;
        let committer =
            AccessCommitter::new(self.store().clone(), name, own, signer, self.inner.clock.clone());
        let sequencer = Sequencer::start(committer, Settings::default())?;
        journal::log_taken(name);
        let access = AccessLog::over(name, sequencer);
        *self.inner.access.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(access));
        Ok(())
    }

    /// Takes no more entries, commits the waiting ones, gives the log back.
    pub fn stop_access(&self) {
        let access = self.inner.access.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(access) = access {
            access.stop();
        }
        if let Err(error) = self.store().keep_anchors() {
            ::log::error!("the anchors of the logs were not written: {error:?}");
        }
    }

    /// The running access log; `log_unavailable` before it was started and after it was stopped, `log_forked` once any
    /// log was found to have gone back.
    pub fn access(&self) -> Result<Arc<AccessLog>> {
        self.store().refuse_fork()?;
        let access = self.inner.access.read().unwrap_or_else(PoisonError::into_inner).clone();
        access.ok_or_else(|| Error::new(Code::LogUnavailable, "no access log is running"))
    }
}
