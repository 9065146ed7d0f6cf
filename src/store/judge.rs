//! Looking at all logs as they are now and comparing them with their confirmed state (I14).

use std::collections::BTreeMap;

use super::anchor_file::KeptAnchors;
use super::anchors::Moved;
use super::{Side, Store};
use crate::clock::Moment;
use crate::error::Result;
use crate::log::{Anchor, Fork, Head, LogFault, hold};

/// The result of a look at the logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldLogs {
    /// The head of every log, of both sides.
    pub heads: Vec<Head>,
    /// Logs that differ from their confirmed state.
    pub forks: Vec<(String, Fork)>,
}

impl Store {
    /// Compares the logs, each side in one snapshot, with these anchors. Blocks.
    ///
    /// The anchors must be older than the snapshots: a log that moved on meanwhile goes on from them.
    pub fn judge(&self, anchors: &BTreeMap<String, Anchor>) -> Result<HeldLogs> {
        let mut judged = HeldLogs::default();
        // On PostgreSQL both sides are one database.
        let sides: &[Side] =
            if self.url().is_postgres() { &[Side::Registry] } else { &[Side::Registry, Side::Access] };
        for side in sides {
            self.read_side_now(*side, |reader| {
                for head in reader.heads()? {
                    let held = anchors.get(&head.log).map_or(Ok(()), |anchor| {
                        if *anchor == head.anchor() { Ok(()) } else { hold::goes_on(reader, &head, anchor) }
                    });
                    match held {
                        Ok(()) => {}
                        Err(LogFault::WentBack(fork)) => judged.forks.push((head.log.clone(), fork)),
                        Err(fault) => return Err(fault.into()),
                    }
                    judged.heads.push(head);
                }
                Ok(())
            })?;
        }
        for (log, anchor) in anchors {
            if judged.heads.iter().all(|head| head.log != *log) {
                judged.forks.push((log.clone(), Fork::Gone { confirmed: anchor.size }));
            }
        }
        Ok(judged)
    }

    /// Looks at the logs, which other processes write too. A log that goes on from its confirmed state is
    /// confirmed as it is; after anything else this process signs nothing more. A serving process calls this
    /// about once a second.
    ///
    /// # Errors
    /// `log_forked`.
    pub fn watch_logs(&self) -> Result<()> {
        let anchors = self.vault().anchors();
        anchors.refuse_fork()?;
        anchors.learn()?;
        let judged = self.judge(&anchors.all())?;
        for (log, fork) in &judged.forks {
            anchors.went_back(log, *fork);
        }
        anchors.refuse_fork()?;
        anchors.confirm(judged.heads.iter().map(Moved::to));
        Ok(())
    }

    /// The contents of the file of anchors: the states that processes on this data directory had confirmed
    /// when it was written.
    ///
    /// # Errors
    /// `record_damaged` for an incomplete file.
    pub fn kept_anchors(&self) -> Result<BTreeMap<String, Anchor>> {
        Ok(KeptAnchors::read(self.dir())?.unwrap_or_default().logs)
    }

    /// The states that this process has confirmed.
    pub fn own_anchors(&self) -> BTreeMap<String, Anchor> {
        self.vault().anchors().all()
    }

    /// Begins with logs that were compared with the anchors: their present state is confirmed.
    pub fn begin_anchors(&self, heads: &[Head]) {
        let kept = KeptAnchors::read(self.dir()).ok().flatten().unwrap_or_default();
        self.vault().anchors().begin(kept, heads);
    }

    /// Brings the file of anchors up to the known state.
    pub fn keep_anchors(&self) -> Result<()> {
        self.vault().anchors().keep()
    }

    /// Sets the anchors anew after a database was put back and its logs were followed by others.
    pub fn set_anchors_anew(&self) -> Result<()> {
        let judged = self.judge(&BTreeMap::new())?;
        self.vault().anchors().set_anew(&judged.heads)
    }

    /// Refuses once any log was found to have gone back.
    ///
    /// # Errors
    /// `log_forked` with the log and the rule.
    pub fn refuse_fork(&self) -> Result<()> {
        self.vault().anchors().refuse_fork()
    }

    /// The time of the newest leaf of any log that this process has seen.
    pub fn newest_leaf(&self) -> Option<Moment> {
        self.vault().anchors().newest()
    }
}
