//! A run as its row in `import_runs` has it: committed with the rows it counts, so that it is never wrong.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::registry::Registry;
use crate::registry::import::Counts;
use crate::rule::Rule;
use crate::store::ImportRunRow;
use crate::table::{Encoding, FileFormat, Survey};
use crate::trust::random;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunState {
    Parsing,
    Writing,
    Done,
}

impl RunState {
    fn wire(self) -> &'static str {
        match self {
            Self::Parsing => "parsing",
            Self::Writing => "writing",
            Self::Done => "done",
        }
    }
}

/// The JSON in `import_runs.body`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunBody {
    pub digest: Digest,
    pub bytes: u64,
    pub format: FileFormat,
    pub encoding: Encoding,
    pub counts: Counts,
    /// Numbers of the spill runs, once parsing is done.
    pub runs: Vec<u32>,
    /// Items in them.
    pub items: u64,
    /// Items that were merged and committed, in merge order.
    pub merged: u64,
    /// Length of the error file as of this row.
    pub error_bytes: u64,
    pub log: Option<String>,
    pub first_leaf: Option<u64>,
    pub last_leaf: Option<u64>,
    pub ended: Option<Moment>,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub id: String,
    pub state: RunState,
    pub started: Moment,
    pub body: RunBody,
    /// The stored envelope of the closing count.
    pub signed: Option<Vec<u8>>,
}

impl Run {
    /// A run that has not begun to parse.
    pub fn new(id: String, started: Moment, survey: &Survey, format: FileFormat) -> Self {
        let body = RunBody {
            digest: survey.digest,
            bytes: survey.bytes,
            format,
            encoding: survey.encoding,
            counts: Counts::default(),
            runs: Vec::new(),
            items: 0,
            merged: 0,
            error_bytes: 0,
            log: None,
            first_leaf: None,
            last_leaf: None,
            ended: None,
        };
        Self { id, state: RunState::Parsing, started, body, signed: None }
    }

    /// Its row.
    pub fn row(&self) -> Result<ImportRunRow> {
        Ok(ImportRunRow {
            id: self.id.clone(),
            state: self.state.wire().to_owned(),
            started_at: self.started.micros(),
            body: serde_json::to_string(&self.body).map_err(Error::internal)?,
            signed: self.signed.clone(),
        })
    }

    /// The run of a row.
    pub fn of_row(row: ImportRunRow) -> Result<Self> {
        let damaged = || Error::new(Code::RecordDamaged, "the row of an import run cannot be read");
        let state = match row.state.as_str() {
            "parsing" => RunState::Parsing,
            "writing" => RunState::Writing,
            "done" => RunState::Done,
            _ => return Err(damaged()),
        };
        let body = serde_json::from_str(&row.body).map_err(|error| damaged().caused_by(error))?;
        Ok(Self { id: row.id, state, started: Moment::from_micros(row.started_at), body, signed: row.signed })
    }
}

impl Registry {
    /// The run to go on with, or a new one that is stored before anything else happens.
    pub(super) fn import_run(&self, id: Option<&str>, survey: &Survey, format: FileFormat) -> Result<Run> {
        let known = match id {
            Some(id) => {
                check_id(id)?;
                self.store().read_now(|reader| reader.import_run(id))?.map(Run::of_row).transpose()?
            }
            None => {
                let rows = self.store().read_now(|reader| reader.import_runs())?;
                let runs = rows.into_iter().map(Run::of_row).collect::<Result<Vec<_>>>()?;
                runs.into_iter().find(|run| {
                    run.state != RunState::Done
                        && run.body.digest == survey.digest
                        && run.body.format == format
                })
            }
        };
        if let Some(run) = known {
            if run.body.digest != survey.digest || run.body.format != format {
                let detail = "this run was begun with another file or format";
                return Err(Error::new(Code::ConfigInvalid, detail).at("run").rule(Rule::RunOtherFile));
            }
            return Ok(run);
        }
        let id = match id {
            Some(id) => id.to_owned(),
            None => random::serial()?.to_ascii_lowercase(),
        };
        let run = Run::new(id, self.now(), survey, format);
        self.put_run(&run)?;
        Ok(run)
    }

    /// Stores a run as it is.
    pub(super) fn put_run(&self, run: &Run) -> Result<()> {
        let row = run.row()?;
        self.store().write_now(|writer| writer.put_import_run(&row))
    }

    /// A run as the database has it.
    pub(super) fn stored_run(&self, id: &str) -> Result<Option<Run>> {
        self.store().read_now(|reader| reader.import_run(id))?.map(Run::of_row).transpose()
    }
}

/// The id becomes a directory's name.
fn check_id(id: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=40).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::new(Code::ConfigInvalid, "a run id is 1 to 40 of a-z 0-9 -").at("run").rule(Rule::RunIdForm))
}
