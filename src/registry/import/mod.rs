//! Bulk import: a file of drafts or issuers' envelopes becomes signed, sealed, logged records.
//!
//! Two stages. *Parsing* uses all cores: read, parse, check, sign, seal into sorted spill runs under
//! `<data>/spill/<run id>/`. *Writing* is one writer: it merges the runs in the order of holder keys and
//! commits transactions of bounded size and time, so that other writers get in between. A run may be killed
//! at any moment and started again with the same file: one killed while parsing parses again, one killed
//! while writing goes on behind the last commit, since its position is committed with its rows.
//!
//! [`Registry::import`] is the way in; [`ImportReport`] tells what became of each row, and
//! `rows in = bound + already there + unbound + quarantined + refused` always holds.

mod closing;
mod columns;
mod errors;
mod item;
mod merge;
mod options;
mod pace;
mod parse;
mod row;
mod spill;
mod state;
mod write;

use std::path::Path;
use std::time::Instant;

pub use options::{Counts, ImportOptions, ImportProgress, ImportReport, Limits, Stage, StageTiming};

use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, decide_scope};
use crate::registry::Registry;
use crate::rule::Rule;
use errors::ErrorFile;
use spill::SpillDir;
use state::{Run, RunState};

impl Registry {
    /// Imports a file. Blocks until every row is bound, found, or refused; `progress` is told on the way.
    ///
    /// Bad rows go to the error file with line, code, field and rule, never with content, while the good ones
    /// go on. Without a run id the unfinished run of the same file is resumed, else a new one is begun; the
    /// run of an id that is done answers with its report. The same file again finds its rows already there.
    ///
    /// # Errors
    /// `forbidden`; `config_invalid` for a file that cannot be read, has another header than the format asks
    /// (`csv_…`), or is in no known encoding (`encoding_unknown`, with the line); `store_…` and `log_…` when
    /// the database fails for good: the run can then be resumed.
    pub fn import(
        &self,
        actor: &Actor,
        source: &Path,
        options: &ImportOptions,
        progress: &(dyn Fn(ImportProgress) + Sync),
    ) -> Result<ImportReport> {
        decide_scope(actor, Scope::Export).required()?;
        self.refresh()?;
        errors::refuse_source(options.error_path.as_deref(), source)?;
        let survey = crate::table::survey(source)?;
        let format = match options.format.or_else(|| crate::table::FileFormat::of_path(source)) {
            Some(format) => format,
            None => {
                let detail = "the file's name does not tell its format: say which";
                return Err(Error::new(Code::ConfigInvalid, detail).at("format").rule(Rule::FormatUnknown));
            }
        };
        let pace = pace::Pace::new(self, options.limits);
        let work = parse::Work { source, format, survey: &survey, actor, options, progress, pace: &pace };
        if options.dry_run {
            return self.import_dry(&work);
        }
        let mut run = self.import_run(options.run_id.as_deref(), &survey, format)?;
        if run.state == RunState::Done {
            return closing::report_of(&run, StageTiming::default(), StageTiming::default());
        }
        let spill = SpillDir::claim(self.store().dir(), &run.id)?;
        let mut errors;
        let mut parsed = StageTiming::default();
        if run.state == RunState::Parsing {
            spill.clear()?;
            errors = ErrorFile::create(options.error_path.as_deref())?;
            let begun = Instant::now();
            self.import_parse(&work, &mut run, &spill, &mut errors)?;
            parsed = StageTiming { rows: run.body.counts.rows_in, seconds: begun.elapsed().as_secs_f64() };
        } else {
            errors = ErrorFile::resume(options.error_path.as_deref(), run.body.error_bytes)?;
        }
        let begun = Instant::now();
        let before = run.body.merged;
        self.import_write(&work, &mut run, &spill, &mut errors)?;
        let rows = run.body.merged - before;
        let written = StageTiming { rows, seconds: begun.elapsed().as_secs_f64() };
        self.import_close(&mut run)?;
        // Removed only now: a crash before this leaves a directory that the next start of the run removes.
        spill.remove()?;
        closing::report_of(&run, parsed, written)
    }

    /// Checks every row, signs in memory, compares with what is stored; writes nothing but the error file.
    fn import_dry(&self, work: &parse::Work<'_>) -> Result<ImportReport> {
        let mut errors = ErrorFile::create(work.options.error_path.as_deref())?;
        let mut run = Run::new(String::new(), self.now(), work.survey, work.format);
        let begun = Instant::now();
        self.import_check(work, &mut run, &mut errors)?;
        errors.flush()?;
        let parsed = StageTiming { rows: run.body.counts.rows_in, seconds: begun.elapsed().as_secs_f64() };
        closing::report_of(&run, parsed, StageTiming::default())
    }
}
