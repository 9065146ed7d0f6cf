//! One transaction of a run: its rows, its leaves and the position behind them, or none of them (I1).

use std::thread;
use std::time::Duration;

use crate::error::{Class, Result};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::import::state::Run;
use crate::registry::import::work::Work;
use crate::store::{Load, Writer};

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
