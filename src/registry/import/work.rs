//! The parts that the stages of an import share, with its bounds.

use std::path::Path;
use std::thread;

use crate::policy::Actor;
use crate::registry::import::pace::Pace;
use crate::registry::import::state::Run;
use crate::registry::import::{ImportOptions, ImportProgress, Stage};
use crate::registry::intake::TableForm;
use crate::table::{FileFormat, Survey};

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
