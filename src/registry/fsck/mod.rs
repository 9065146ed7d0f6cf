//! Deriving the whole registry anew from its stored bytes, and saying where it is not what it should be.
//!
//! Runs beside a serving process: every page is read in one short snapshot, and what belongs together (a row,
//! its events, its past versions) is judged within one. Memory is bounded by a page, a few thousand cached log
//! entries, and one bit for each leaf of the logs of records.
//!
//! Nothing is trusted but the master key, the verifier keys and the agencies' public keys. The order: logs
//! (entries → tiles → root → checkpoint), access entries, rows, events, the leaves that no event explained.

mod events;
mod leaves;
mod logs;
mod public;
mod report;
mod rows;
mod seals;

pub use report::{CheckedLog, Counts, Finding, FindingKind, FsckReport, record_name};

use super::Registry;
use crate::error::Result;
use leaves::Leaves;

/// Rows read in one snapshot.
const PAGE: i64 = 200;

/// What to look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FsckOptions {
    /// Count rows and wide rows by table.
    pub stats: bool,
    /// Verify signatures in batches, strictly only where a batch fails: several times faster, and blind to a
    /// signature made on purpose to pass in a batch.
    pub quick: bool,
}

impl Registry {
    /// Checks everything. Blocks for as long as it takes to read every row once or twice.
    pub fn fsck(&self, options: FsckOptions) -> Result<FsckReport> {
        self.refresh()?;
        self.store().load_data_keys()?;
        let mut report = FsckReport::default();
        let heads = logs::check_all(self, &mut report)?;
        let mut leaves = Leaves::new(&heads);
        rows::check_current(self, options, &mut report)?;
        rows::check_past(self, options, &mut report)?;
        events::check_holders_events(self, &mut leaves, &mut report)?;
        events::check_public_events(self, &heads, &mut leaves, &mut report)?;
        public::check(self, &heads, &mut report)?;
        leaves.unexplained(&mut report);
        seals::check(self, &mut report)?;
        if options.stats {
            report.sizes = Some(self.store().read_now(|reader| reader.table_sizes())?);
        }
        Ok(report)
    }
}
