//! Files of rows from departments: their encoding, and their rows one after the other, without their meaning; and
//! which of them were refused.

pub mod cell;
pub mod csv;
mod encoding;
pub mod guess;
pub mod heading;
pub mod items;
mod lengths;
mod lines;
pub mod mapping;
mod names;
pub mod noted;
mod plausible;
pub mod refused;
mod rows;
mod sheet_scan;
mod source;
mod survey;
mod words;
mod workbook;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use encoding::Encoding;
pub use lengths::{Lengths, Shortened};
pub use names::NamesDiffer;
pub use noted::RemarkTally;
pub use refused::{ErrorFile, RowExample, RowFault, RuleTally};
pub use rows::{Batch, FileRow, MAX_ROW, RowReader};
pub use source::RowSource;
pub use survey::{Signs, Survey, survey};
pub use workbook::{SheetRow, Workbook};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// One JSON object a line: a draft, or `{"envelope": "<compact JWS>"}`.
    Ndjson,
    /// RFC 4180 with a header: `type issuer issued_on valid_from valid_to identifier attachments`,
    /// `holder.code_type holder.code holder.name holder.role holder.share` (the second holder's `holder2.…`),
    /// `face.<field>`. An empty cell is an absent value; lists and groups stand as JSON in their cell. Cells are
    /// separated by `,` `;` or tab.
    Csv,
    /// A sheet of a workbook, with the header of a CSV file or the words of a mapping.
    Xlsx,
}

impl FileFormat {
    /// By the file's extension: `ndjson`, `jsonl`, `csv`, `xlsx`.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }
}
