//! The work of a run, and one transaction of it: its rows, its leaves and the position behind them, or none of them (I1).

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::error::{Class, Result};
use crate::policy::Actor;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::import::pace::Pace;
use crate::registry::import::state::Run;
use crate::registry::import::{ImportOptions, ImportProgress, Stage};
use crate::registry::intake::TableForm;
use crate::store::{Load, Writer};
use crate::table::{FileFormat, Survey};

/// How often a transaction is tried while the database does not answer.
const TRIES: u32 = 5;

/// The limits of a transaction.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub bytes: usize,
    pub time: Duration,
    load: Load,
}

impl Bounds {
    fn of(work: &Work<'_>) -> Self {
        let limits = work.options.limits;
        let (load, time) = match work.pace.beside().served {
            true => (Load::BulkBeside, limits.transaction_time),
            false => (Load::Bulk, limits.alone_time),
        };
        Self { bytes: limits.transaction_bytes, time, load }
    }
}

/// The work.
pub(super) struct Work<'a> {
    pub source: &'a Path,
    pub format: FileFormat,
    pub survey: &'a Survey,
    pub actor: &'a Actor,
    pub options: &'a ImportOptions,
    pub progress: &'a (dyn Fn(ImportProgress) + Sync),
    pub pace: &'a Pace<'a>,
}

impl Work<'_> {
    /// How the file is read.
    pub fn reading(&self) -> TableForm<'_> {
        TableForm { format: self.format, survey: self.survey, mapping: self.options.mapping.as_ref() }
    }

    /// How many threads parse.
    pub fn threads(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(2, |cores| cores.get());
        self.options.threads.unwrap_or_else(cores).clamp(1, 256)
    }

    /// Tells the progress of a stage.
    pub fn tell(&self, stage: Stage, done: u64, total: u64, run: &Run) {
        (self.progress)(ImportProgress { stage, done, total, counts: run.body.counts });
    }
}

impl Registry {
    /// Commits the result of `write`: the run as it will be, and the entries for the log. Tries again while
    /// the database does not answer or the commit is in doubt; `write` then runs again from the same run.
    pub(super) fn import_step(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        mut write: impl FnMut(&Run, Bounds, &mut Writer<'_>, &Place) -> Result<(Run, Vec<[u8; 32]>)>,
    ) -> Result<()> {
        let bounds = Bounds::of(work);
        let mut tries = 0;
        loop {
            // A key that was revoked since the rows were signed signs nothing more.
            self.refresh()?;
            let mut attempted = None;
            let outcome = self.log_records(|writer, place| {
                writer.tune(bounds.load)?;
                let (next, entries) = write(run, bounds, writer, place)?;
                attempted = Some(next.clone());
                writer.put_import_run(&next.row()?)?;
                Ok((next, entries))
            });
            let committed = match outcome {
                Ok(next) => Some(next),
                Err(error) if error.code.class() == Class::Unavailable && tries < TRIES => {
                    tries += 1;
                    thread::sleep(Duration::from_millis(100 << tries));
                    // The commit may have been stored all the same: the run's own row tells.
                    let stored = self.stored_run(&run.id)?;
                    attempted.filter(|next| stored.as_ref() == Some(next) && next != run)
                }
                Err(error) => return Err(error),
            };
            if let Some(next) = committed {
                *run = next;
                return Ok(());
            }
        }
    }
}
