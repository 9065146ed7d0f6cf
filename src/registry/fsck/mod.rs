//! Deriving the whole registry anew from its stored bytes, and reporting every difference.
//!
//! Runs beside a serving process. Every page is read in one short snapshot, and rows that belong together (a
//! row, its events, its past versions) are judged within one. Memory is bounded by a page, a few thousand
//! cached log entries, and one bit for each leaf of the logs of records.
//!
//! Nothing is trusted but the master key, the verifier keys and the agencies' public keys. The order: logs
//! (entries → tiles → root → checkpoint), access entries (and what guards them: alarms and charges), rows, events, the leaves that no event explained, the lists of
//! who looked at whom, holders, key rows, kept answers of requests and of departments, proposals, closing counts.

mod budgets;
mod content;
mod events;
mod history;
mod holders;
mod leaves;
mod lists;
mod logs;
mod options;
mod public;
mod report;
mod rows;
mod seals;
mod signatures;
mod stated;

pub use content::ContentDigest;
pub use options::FsckOptions;
pub use report::{
    CheckedLog, Counts, Finding, FindingKind, ForeignIdentifier, FsckReport, Unauthorised, record_name,
};

use crate::error::Result;
use crate::registry::Registry;
use leaves::Leaves;

impl Registry {
    /// Checks everything, and that the logs are those that were confirmed (I14). Blocks for as long as it takes to read
    /// every row once or twice.
    pub fn fsck(&self, options: FsckOptions) -> Result<FsckReport> {
        let mut report = self.fsck_as_found(options)?;
        logs::check_anchors(self, &mut report)?;
        Ok(report)
    }

    /// The same for the present data, without the confirmed state.
    pub(in crate::registry) fn fsck_as_found(&self, options: FsckOptions) -> Result<FsckReport> {
        self.refresh()?;
        self.store().load_data_keys()?;
        let mut report = FsckReport { strict: !options.quick, ..FsckReport::default() };
        let heads = logs::check_all(self, &mut report)?;
        let mut leaves = Leaves::new(&heads);
        rows::check_current(self, options, &mut report)?;
        rows::check_past(self, options, &mut report)?;
        events::check_holders_events(self, &mut leaves, &mut report)?;
        events::check_public_events(self, &heads, &mut leaves, &mut report)?;
        public::check(self, &heads, &mut report)?;
        leaves.unexplained(&mut report);
        lists::check(self, &mut report)?;
        budgets::check_charges(self, &mut report)?;
        seals::check_holders(self, &mut report)?;
        seals::check_keys(self, &mut report)?;
        seals::check_answers(self, &mut report)?;
        seals::check_source_answers(self, &mut report)?;
        seals::check_proposals(self, &mut report)?;
        signatures::check_imports(self, &mut report)?;
        // If older layouts are closed, a row of one is damage and was found above.
        if !self.store().older_layouts_are_closed() {
            report.older = self.store().older_rows()?;
            report.older.retain(|table| table.rows > 0);
        }
        if options.stats {
            report.sizes = Some(self.store().read_now(|reader| reader.table_sizes())?);
        }
        Ok(report)
    }
}
