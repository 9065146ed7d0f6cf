//! The input of an import, its progress and its answer.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::registry::published::heartbeat::FeedTold;
use crate::table::cell::Repairs;
use crate::table::mapping::Mapping;
use crate::table::{Encoding, FileFormat, NamesDiffer, RemarkTally, RuleTally, Shortened, Signs};

/// Bounds of memory and of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of rows that all parsing threads together hold before they are sorted and written out.
    pub run_bytes: usize,
    /// Bytes of a sealed block of a spill run.
    pub block_bytes: usize,
    /// A transaction takes no further rows after this many bytes.
    pub transaction_bytes: usize,
    /// It takes none after this much time either, while a process serves (its lease on an access log is
    /// alive): the commit of an access entry may have to wait for the bytes of one whole transaction.
    pub transaction_time: Duration,
    /// Items that go through a transaction together while a process serves.
    pub served_chunk: usize,
    /// Rows that one question to the rules covers while no process serves.
    pub settled_page: usize,
    /// Access commits that take longer than this (99th percentile) make the import pause.
    pub slow_commit: Duration,
    /// Longest transaction while no process serves. Keys come in random order; the longer a transaction is,
    /// the more of them share a page that is written once.
    pub alone_time: Duration,
    /// Least time between two transactions that is left to other writers while a process serves; a tenth of
    /// it while none does. SQLite has no queue of writers: a waiting one asks every 100 ms for five seconds.
    pub pause: Duration,
}

impl Default for Limits {
    /// 128 MiB of rows, blocks of 256 KiB, transactions of 64 MiB or 1 s. Beside lookups, transactions are of
    /// 30 items or 5 ms, and there are none while commits of lookups take longer than 20 ms.
    fn default() -> Self {
        Self {
            run_bytes: 128 << 20,
            block_bytes: 256 << 10,
            transaction_bytes: 64 << 20,
            transaction_time: Duration::from_millis(5),
            served_chunk: 30,
            settled_page: 100,
            slow_commit: Duration::from_millis(20),
            alone_time: Duration::from_secs(1),
            pause: Duration::from_millis(10),
        }
    }
}

/// The settings of an import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The format of the file; by its extension if not given.
    pub format: Option<FileFormat>,
    /// Which column is what; by the format's own names where not said. It is kept for its type and agency.
    pub mapping: Option<Mapping>,
    /// In which encoding the file is; found out where not said.
    pub encoding: Option<Encoding>,
    /// Where refused rows are named, one JSON object a line, without their content; as a file to correct and send back,
    /// in their own columns, where the name ends in `.csv`; nowhere if not said.
    pub error_path: Option<PathBuf>,
    /// The time of which the file's data is: its rows are copies of that time. Where it is not said they count as
    /// made by this import, and the report says so.
    pub as_of: Option<Moment>,
    /// Check everything, write nothing.
    pub dry_run: bool,
    /// Name of the run; if not given, the unfinished run of the same file, or a new random name.
    pub run_id: Option<String>,
    /// Parsing threads; one for each core if not given.
    pub threads: Option<usize>,
    /// Bounds.
    pub limits: Limits,
}

/// The fate of the rows. `rows_in = bound + already_there + unbound + quarantined + refused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Rows of the file; blank lines and a header do not count.
    pub rows_in: u64,
    /// New records.
    pub bound: u64,
    /// The same record was there.
    pub already_there: u64,
    /// Kept without a holder's number.
    pub unbound: u64,
    /// Kept until a contradiction is cleared.
    pub quarantined: u64,
    /// Named in the error file; clashes among them.
    pub refused: u64,
    /// Of the refused: the same number stands on another face.
    pub clashes: u64,
    /// Accepted rows with characters of the private-use areas (含自造字).
    pub flagged: u64,
    /// Records, of the file or here before, that a rule of the catalog ended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ended: u64,
    /// Directory entries that gave way to new records; a row of the file is one of the bound as well.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub taken_over: u64,
    /// Ends that a rule of the catalog proposes to the issuers of other records.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub proposals: u64,
    /// Bound rows that ended nothing: a name on them is not that on the certificate of the same file that they would
    /// end. They are told with the refused rows, by rule.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_ended: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Whether every row is accounted for.
    pub fn adds_up(&self) -> bool {
        self.rows_in == self.bound + self.already_there + self.unbound + self.quarantined + self.refused
    }
}

/// The position of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading, checking, signing.
    Parsing,
    /// Merging and writing.
    Writing,
    /// Applying the rules by which one certificate ends another.
    Settling,
}

/// Sent after each batch that was parsed and each transaction that was committed.
#[derive(Debug, Clone, Copy)]
pub struct ImportProgress {
    /// The stage.
    pub stage: Stage,
    /// Done of `total`: bytes of the file while parsing, rows while writing, rows that rules touch while settling.
    pub done: u64,
    /// All of it.
    pub total: u64,
    /// The facts known so far.
    pub counts: Counts,
}

/// How long a stage took in this process; nothing if it ran in an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StageTiming {
    /// Rows that went through.
    pub rows: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
}

/// How long the stages took in this process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timings {
    /// The parallel stage.
    pub parsing: StageTiming,
    /// The writer.
    pub writing: StageTiming,
    /// The rules: of the rows that they touch.
    pub settling: StageTiming,
}

impl StageTiming {
    /// Of so many rows until now.
    pub fn since(begun: Instant, rows: u64) -> Self {
        Self { rows, seconds: begun.elapsed().as_secs_f64() }
    }

    /// Rows a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.rows as f64 / self.seconds } else { 0.0 }
    }
}

/// The answer of an import.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// Name of the run; empty for a dry run.
    pub run_id: String,
    /// SHA-256 of the file, lower-case hex.
    pub file_digest: String,
    /// The encoding of the file, as found.
    pub encoding: Encoding,
    /// What a person should look at: another encoding that fits, numbers that a spreadsheet rounded.
    pub signs: Signs,
    /// Headers of columns that the mapping leaves out.
    pub left_out: Vec<String>,
    /// What was done to cells of rows that were accepted, by name.
    pub repairs: Repairs,
    /// Columns whose numbers seem to have lost leading zeros.
    pub shortened: Vec<Shortened>,
    /// Refused rows by rule and column, with examples, and bound ones that ended nothing.
    pub faults: Vec<RuleTally>,
    /// Accepted rows that are kept with a mark, by remark.
    pub remarks: Vec<RemarkTally>,
    /// Numbers under which the file has several names: nobody was refused for that, and somebody should look.
    pub names: NamesDiffer,
    /// What became of the rows. In a dry run `bound` counts those that would be.
    pub counts: Counts,
    /// The log, and the first and last leaf of this run; other writers' leaves may lie between.
    pub log: Option<String>,
    /// First leaf.
    pub first_leaf: Option<u64>,
    /// Last leaf.
    pub last_leaf: Option<u64>,
    /// The time of which the data is, where somebody said it for the whole file.
    pub as_of: Option<Moment>,
    /// Accepted rows of which nobody said of when they are: they count as made by the import.
    pub undated: u64,
    /// The coverage statements that its end changed.
    pub told: Vec<FeedTold>,
    /// When the run was begun.
    pub started: Moment,
    /// When it was closed.
    pub ended: Option<Moment>,
    /// The closing count, signed by the registry, in compact form; none for a dry run.
    pub closing: Option<String>,
    /// How long it took.
    pub timings: Timings,
}
