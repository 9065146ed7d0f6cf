//! The rows of a table of items, out of whatever kind of file: line, cells, and the rule that a row breaks already.

use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::rule::Rule;
use crate::table::cell::Epoch;
use crate::table::rows::MAX_CELL;
use crate::table::workbook::Workbook;
use crate::table::{Encoding, FileFormat, RowReader, csv, heading, survey};

/// Largest number of rows: 2,000 items with their materials.
pub(super) const MOST: usize = 100_000;
/// Rows that are held: those, and what may stand above them with the header.
const AT_MOST: usize = MOST + heading::LOOKED_AT;

/// A row.
pub(super) struct TextRow {
    /// Its line or row, as an editor or a spreadsheet shows it.
    pub line: u64,
    pub cells: Vec<String>,
    pub fault: Option<Rule>,
}

/// All rows of a file, and the day that a workbook counts from.
pub(super) fn rows(
    path: &Path,
    sheet: Option<&str>,
) -> Result<(Vec<TextRow>, Option<Epoch>, Option<Encoding>)> {
    match FileFormat::of_path(path) {
        Some(FileFormat::Xlsx) => of_sheet(path, sheet),
        Some(FileFormat::Csv) => of_text(path),
        _ => {
            let detail = "a table of items is a .csv or a .xlsx";
            Err(Error::new(Code::ConfigInvalid, detail).at("file"))
        }
    }
}

/// More rows than a table of items has.
pub(super) fn too_many() -> Error {
    let detail = format!("a table of items has at most {MOST} rows: split it");
    Error::new(Code::ConfigInvalid, detail).at("file").rule(Rule::TooMany)
}

type Read = (Vec<TextRow>, Option<Epoch>, Option<Encoding>);

fn of_sheet(path: &Path, sheet: Option<&str>) -> Result<Read> {
    let book = Workbook::open(path, sheet)?;
    let mut all = Vec::new();
    book.rows(0, &mut |line, cells| {
        all.push(TextRow { line, cells, fault: None });
        if all.len() > AT_MOST { Err(too_many()) } else { Ok(true) }
    })?;
    Ok((all, Some(book.epoch), None))
}

fn of_text(path: &Path) -> Result<Read> {
    let encoding = survey(path, None)?.encoding;
    // Read once to know what separates the cells, and once more from its first row.
    let mut head = RowReader::open(path, FileFormat::Csv, encoding)?;
    if RowReader::open(path, FileFormat::Csv, encoding)?.batch()?.is_none() {
        return Ok((Vec::new(), None, Some(encoding)));
    }
    head.header().map_err(|error| Error { rule: Some(Rule::ItemTableHeader), ..error })?;
    let delimiter = head.delimiter();
    let mut reader = RowReader::open(path, FileFormat::Csv, encoding)?;
    reader.separated_by(delimiter);
    let mut all = Vec::new();
    while let Some(batch) = reader.batch()? {
        for row in &batch.rows {
            let text = batch.text(row, encoding);
            let fault = row.fault.or(text.is_none().then_some(Rule::EncodingUnknown));
            let (text, mut cells) = (text.unwrap_or_default(), Vec::new());
            if fault.is_none() {
                csv::cells(&text, delimiter, &mut cells);
            }
            let long = cells.iter().any(|cell| cell.len() > MAX_CELL);
            let fault = fault.or(long.then_some(Rule::CellTooLong));
            if long {
                cells.clear();
            }
            let cells = cells.into_iter().map(std::borrow::Cow::into_owned).collect();
            all.push(TextRow { line: row.line, cells, fault });
            if all.len() > AT_MOST {
                return Err(too_many());
            }
        }
    }
    Ok((all, None, Some(encoding)))
}
