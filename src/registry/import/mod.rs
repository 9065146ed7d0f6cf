//! Bulk import: a file of drafts or issuers' envelopes becomes signed, sealed, logged records.
//!
//! Three stages. *Parsing* uses all cores: read, parse, check, sign, seal into sorted spill runs under
//! `<data>/spill/<run id>/`. *Writing* is one writer: it merges the runs in the order of holder keys and
//! commits transactions of bounded size and time, so that other writers get in between. *Settling* applies
//! the rules by which one certificate ends another, once all rows are there. A run may be killed at any
//! moment and started again with the same file. A run killed while parsing parses again. A run killed later
//! goes on behind the last commit, since its position is committed with its rows. Until a run is settled, a
//! record may be told as valid though another row of its file ends it.
//!
//! [`Registry::import`] is the entry point; [`ImportReport`] tells the fate of each row, and
//! `rows in = bound + already there + unbound + quarantined + refused` always holds.

mod fates;
mod item;
mod merge;
mod options;
mod own;
mod pace;
mod parse;
mod row;
mod sendback;
mod settle;
mod spill;
mod state;
mod step;
mod write;

use std::path::Path;
use std::time::Instant;

pub use options::{Counts, ImportOptions, ImportProgress, ImportReport, Limits, Stage, StageTiming, Timings};

use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, decide_scope};
use crate::registry::Registry;
use crate::registry::intake;
use crate::registry::published::coverage;
use crate::registry::published::heartbeat::FedWith;
use crate::rule::Rule;
use crate::table::{Encoding, ErrorFile, FileFormat, Survey, refused};
use pace::Pace;
use spill::SpillDir;
use state::{Run, RunState};
use step::Work;

impl Registry {
    /// Imports a file. Blocks until every row is bound, found, or refused; reports to `progress` on the way.
    ///
    /// Bad rows go to the error file with line, code, field and rule, never with content, while the good ones
    /// go on. Without a run id the unfinished run of the same file is resumed, else a new one is begun. With
    /// the id of a finished run the answer is its report. The same file again finds its rows already there.
    ///
    /// # Errors
    /// `forbidden`; `config_invalid` for a file that cannot be read, has another header than the format asks
    /// (`csv_…`), is in no known encoding or in two (`encoding_…`, with the line); `store_…` and `log_…` when
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
        refused::refuse_source(options.error_path.as_deref(), source)?;
        if let Some(mapping) = &options.mapping {
            intake::check_texts(mapping)?;
            self.check_mapping(mapping)?;
        }
        let format = match options.format.or_else(|| FileFormat::of_path(source)) {
            Some(format) => format,
            None => {
                let detail = "the file's name does not tell its format: say which";
                return Err(Error::new(Code::ConfigInvalid, detail).at("format").rule(Rule::FormatUnknown));
            }
        };
        let survey = match format {
            FileFormat::Xlsx => Survey::of_workbook(source)?,
            // JSON is in UTF-8 (RFC 8259), whatever its bytes look like.
            FileFormat::Ndjson => {
                crate::table::survey(source, Some(options.encoding.unwrap_or(Encoding::Utf8)))?
            }
            FileFormat::Csv => crate::table::survey(source, options.encoding)?,
        };
        if let Some(as_of) = options.as_of {
            coverage::not_ahead("as_of", as_of, self.now())?;
        }
        let pace = Pace::new(self, options.limits);
        let work = Work { source, format, survey: &survey, actor, options, progress, pace: &pace };
        if options.dry_run {
            return self.import_dry(&work);
        }
        let mut run = self.import_run(options.run_id.as_deref(), work.reading(), options.as_of)?;
        let mut timings = Timings::default();
        if run.state != RunState::Done {
            self.import_stages(&work, &mut run, &mut timings)?;
            if let Some(mapping) = &options.mapping {
                self.keep_mapping(actor, mapping)?;
            }
        }
        run.report(timings)
    }

    /// The rest of a run: its stages one after the other, and its end. A run that fails while parsing leaves nothing on
    /// disk, since it is parsed again from the start; a later one is gone on with.
    fn import_stages(&self, work: &Work<'_>, run: &mut Run, timings: &mut Timings) -> Result<()> {
        let spill = SpillDir::claim(self.store().dir(), &run.id)?;
        let done = self.import_spilled(work, run, timings, &spill);
        // After the last stage nobody needs it: a crash before this leaves a directory that the next start removes.
        if done.is_ok() || run.state == RunState::Parsing {
            let removed = spill.remove();
            return done.and(removed);
        }
        done
    }

    fn import_spilled(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        timings: &mut Timings,
        spill: &SpillDir,
    ) -> Result<()> {
        let listed = work.options.error_path.as_deref().and_then(sendback::list_path);
        let path = listed.as_deref().or(work.options.error_path.as_deref());
        let mut errors;
        if run.state == RunState::Parsing {
            spill.clear()?;
            errors = ErrorFile::create(path)?;
            let begun = Instant::now();
            self.import_parse(work, run, spill, &mut errors)?;
            timings.parsing = StageTiming::since(begun, run.body.counts.rows_in);
        } else {
            errors = ErrorFile::resume(path, run.body.error_bytes)?;
        }
        let (begun, before) = (Instant::now(), run.body.merged);
        self.import_write(work, run, spill, &mut errors)?;
        timings.writing = StageTiming::since(begun, run.body.merged - before);
        let (begun, before) = (Instant::now(), run.body.settled);
        self.import_settle(work, run, spill)?;
        timings.settling = StageTiming::since(begun, run.body.settled - before);
        sendback::write(work)?;
        let counts = run.body.counts;
        let unbound = counts.unbound + counts.quarantined + counts.refused;
        let said = run.body.newest.filter(|_| run.body.undated == 0);
        let with = FedWith { as_of: run.body.as_of.or(said), unbound };
        // The last step may be long ago, and nobody else refreshes in a command.
        self.refresh()?;
        run.body.told = self.beat_of_import(&work.actor.label(), &run.body.fed, with)?;
        self.import_close(run)
    }

    /// Checks every row, signs in memory, compares with the stored records and the rows with each other; what the rules
    /// would do is done and taken back. Nothing stays but the error file.
    fn import_dry(&self, work: &Work<'_>) -> Result<ImportReport> {
        let listed = work.options.error_path.as_deref().and_then(sendback::list_path);
        let mut errors = ErrorFile::create(listed.as_deref().or(work.options.error_path.as_deref()))?;
        let mut run = Run::new(String::new(), self.now(), work.reading())?;
        run.body.as_of = work.options.as_of;
        let begun = Instant::now();
        let dir = SpillDir::of_dry_run(self.store().dir())?;
        let checked = self.import_check(work, &mut run, (&mut errors, &dir));
        let removed = dir.remove();
        checked.and(removed)?;
        errors.flush()?;
        sendback::write(work)?;
        let parsing = StageTiming::since(begun, run.body.counts.rows_in);
        run.report(Timings { parsing, ..Timings::default() })
    }
}
