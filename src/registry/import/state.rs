//! A run as its row in `import_runs` has it: committed with the rows it counts, so that it is never wrong. It
//! ends with the closing count: the fate of every row of the file, signed by the registry.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::record::{Digest, canonical};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::texts;
use crate::registry::import::{Counts, ImportReport, Timings};
use crate::registry::intake::{self, TableForm};
use crate::registry::published::heartbeat::{Fed, FeedTold};
use crate::registry::records::draft;
use crate::rule::Rule;
use crate::store::ImportRunRow;
use crate::table::cell::Repairs;
use crate::table::mapping::Mapping;
use crate::table::{Encoding, FileFormat, NamesDiffer, RemarkTally, RuleTally, Shortened, Signs};
use crate::trust::{EnvelopeBuf, Typ, random};

/// The phase of a run.
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
    #[serde(default)]
    pub signs: Signs,
    /// Of the mapping that it is read with.
    #[serde(default)]
    pub mapping: Option<Digest>,
    /// Headers of columns that it leaves out.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// What was done to cells of rows that were accepted.
    #[serde(default)]
    pub repairs: Repairs,
    /// Columns whose numbers seem to have lost zeros.
    #[serde(default)]
    pub shortened: Vec<Shortened>,
    /// The headers of columns that faults found behind the rows name, by field.
    #[serde(default)]
    pub called: BTreeMap<String, String>,
    /// Numbers with several names.
    #[serde(default)]
    pub names: NamesDiffer,
    /// Refused rows by rule.
    #[serde(default)]
    pub faults: Vec<RuleTally>,
    /// Accepted rows by remark.
    #[serde(default)]
    pub remarks: Vec<RemarkTally>,
    pub counts: Counts,
    /// Numbers of the spill runs, once parsing is done.
    pub runs: Vec<u32>,
    /// Items in them.
    pub items: u64,
    /// Items that were merged and committed, in merge order.
    pub merged: u64,
    /// Numbers of the spill runs with the notes of rows that rules touch.
    #[serde(default)]
    pub notes: Vec<u32>,
    /// Notes in them.
    #[serde(default)]
    pub touched: u64,
    /// Notes that were processed, in their order.
    #[serde(default)]
    pub settled: u64,
    /// Length of the error file as of this row.
    pub error_bytes: u64,
    /// Whose stock of which type it brought; told to the feeds at its end.
    #[serde(default)]
    pub fed: BTreeSet<Fed>,
    /// The time of which the data is, where somebody said it.
    #[serde(default)]
    pub as_of: Option<Moment>,
    /// Accepted rows of which nobody said of when they are.
    #[serde(default)]
    pub undated: u64,
    /// The newest time that a row says of itself.
    #[serde(default)]
    pub newest: Option<Moment>,
    /// The statements that its end changed.
    #[serde(default)]
    pub told: Vec<FeedTold>,
    pub log: Option<String>,
    pub first_leaf: Option<u64>,
    pub last_leaf: Option<u64>,
    pub ended: Option<Moment>,
}

impl RunBody {
    /// Whether the run reads that file in that way.
    fn is_of(&self, other: &Self) -> bool {
        (&self.digest, &self.mapping, self.as_of) == (&other.digest, &other.mapping, other.as_of)
            && (self.format, self.encoding) == (other.format, other.encoding)
    }

    /// Notes which leaves a transaction gave.
    pub fn logged(&mut self, place: &Place, leaves: usize) {
        if leaves > 0 {
            self.log = Some(place.log.clone());
            self.first_leaf.get_or_insert(place.first);
            self.last_leaf = Some(place.behind(leaves - 1).first);
        }
    }
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
    pub fn new(id: String, started: Moment, form: TableForm<'_>) -> Result<Self> {
        let TableForm { survey, format, mapping } = form;
        let body = RunBody {
            digest: survey.digest,
            bytes: survey.bytes,
            format,
            encoding: survey.encoding,
            signs: survey.signs,
            mapping: mapping.map(intake::digest).transpose()?,
            left_out: mapping.into_iter().flat_map(Mapping::left_out).map(str::to_owned).collect(),
            repairs: Repairs::default(),
            shortened: Vec::new(),
            called: BTreeMap::new(),
            names: NamesDiffer::default(),
            faults: Vec::new(),
            remarks: Vec::new(),
            counts: Counts::default(),
            runs: Vec::new(),
            items: 0,
            merged: 0,
            notes: Vec::new(),
            touched: 0,
            settled: 0,
            error_bytes: 0,
            fed: BTreeSet::new(),
            as_of: None,
            undated: 0,
            newest: None,
            told: Vec::new(),
            log: None,
            first_leaf: None,
            last_leaf: None,
            ended: None,
        };
        Ok(Self { id, state: RunState::Parsing, started, body, signed: None })
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
    pub(super) fn import_run(
        &self,
        id: Option<&str>,
        form: TableForm<'_>,
        as_of: Option<Moment>,
    ) -> Result<Run> {
        let mut fresh = Run::new(String::new(), self.now(), form)?;
        fresh.body.as_of = as_of;
        if let Some(mapping) = form.mapping {
            // All rows are of that stock, those too that are refused.
            let type_code = draft::type_entry(&self.snapshot(), &mapping.type_code)?.def().code.clone();
            fresh.body.fed.insert(Fed { type_code, issuer: mapping.issuer.clone() });
        }
        let known = match id {
            Some(id) => {
                check_id(id)?;
                self.store().read_now(|reader| reader.import_run(id))?.map(Run::of_row).transpose()?
            }
            None => {
                let rows = self.store().read_now(|reader| reader.import_runs())?;
                let runs = rows.into_iter().map(Run::of_row).collect::<Result<Vec<_>>>()?;
                runs.into_iter().find(|run| run.state != RunState::Done && run.body.is_of(&fresh.body))
            }
        };
        if let Some(run) = known {
            if !run.body.is_of(&fresh.body) {
                let detail =
                    "this run was begun with another file, format, encoding, mapping or day of the data";
                return Err(Error::new(Code::ConfigInvalid, detail).at("run").rule(Rule::RunOtherFile));
            }
            return Ok(run);
        }
        fresh.id = match id {
            Some(id) => id.to_owned(),
            None => random::serial()?.to_ascii_lowercase(),
        };
        self.put_run(&fresh)?;
        Ok(fresh)
    }

    /// Stores a run as it is.
    pub(super) fn put_run(&self, run: &Run) -> Result<()> {
        let row = run.row()?;
        self.store().write_now(|writer| writer.put_import_run(&row))
    }

    /// Signs the count and ends the run, in one write. A crash before it leaves a run whose items are all
    /// merged; its next start comes straight here.
    pub(super) fn import_close(&self, run: &mut Run) -> Result<()> {
        let mut closed = run.clone();
        let ended = self.now().max(run.started);
        closed.body.ended = Some(ended);
        closed.state = RunState::Done;
        let body = &closed.body;
        if !body.counts.adds_up() {
            return Err(Error::internal("the rows of an import do not add up"));
        }
        let mut count = json!({
            "counts": body.counts, "ended": ended, "file": body.digest.hex(), "run": run.id,
            "started": run.started, "v": 1,
        });
        if let (false, Some(members)) = (body.repairs.is_empty(), count.as_object_mut()) {
            members.insert("repairs".to_owned(), json!(body.repairs));
        }
        let leaves = (&body.log, body.first_leaf, body.last_leaf);
        if let ((Some(log), Some(first), Some(last)), Some(members)) = (leaves, count.as_object_mut()) {
            let log = json!({"first_leaf": first, "last_leaf": last, "name": log});
            members.insert("log".to_owned(), log);
        }
        let payload = canonical::to_vec(&count).map_err(Error::internal)?;
        let envelope = EnvelopeBuf::sign(Typ::Import, &payload, &self.registry_key()?)?;
        closed.signed = Some(envelope.stored().to_vec());
        self.put_run(&closed)?;
        *run = closed;
        Ok(())
    }

    /// A run as the database has it.
    pub(super) fn stored_run(&self, id: &str) -> Result<Option<Run>> {
        self.store().read_now(|reader| reader.import_run(id))?.map(Run::of_row).transpose()
    }
}

impl Run {
    /// The answer of the run.
    pub fn report(&self, timings: Timings) -> Result<ImportReport> {
        let body = &self.body;
        let envelope = self.signed.clone().map(EnvelopeBuf::from_stored).transpose()?;
        Ok(ImportReport {
            run_id: self.id.clone(),
            file_digest: body.digest.hex(),
            encoding: body.encoding,
            signs: body.signs,
            left_out: body.left_out.clone(),
            repairs: body.repairs.clone(),
            shortened: body.shortened.clone(),
            faults: body.faults.clone(),
            remarks: body.remarks.clone(),
            names: body.names.clone(),
            counts: body.counts,
            log: body.log.clone(),
            first_leaf: body.first_leaf,
            last_leaf: body.last_leaf,
            started: self.started,
            ended: body.ended,
            closing: envelope.map(|envelope| envelope.compact()),
            as_of: body.as_of,
            undated: body.undated,
            told: body.told.clone(),
            timings,
        })
    }
}

/// The id becomes a directory's name.
fn check_id(id: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=40).contains(&id.len()) && id.bytes().all(plain) {
        return texts::no_number("run", id);
    }
    Err(Error::new(Code::ConfigInvalid, "a run id is 1 to 40 of a-z 0-9 -").at("run").rule(Rule::RunIdForm))
}
