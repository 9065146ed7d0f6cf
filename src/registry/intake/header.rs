//! A file opened at its first row of data, with what its header says.

use std::borrow::Cow;
use std::path::Path;

use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::intake::columns::{self, Columns};
use crate::registry::records::draft::Draft;
use crate::rule::Rule;
use crate::table::cell::Repairs;
use crate::table::mapping::Mapping;
use crate::table::{FileFormat, RowReader, RowSource, Survey, Workbook, csv, heading};

/// How a file is read.
#[derive(Clone, Copy)]
pub struct TableForm<'a> {
    /// Its format.
    pub format: FileFormat,
    /// What the first look found.
    pub survey: &'a Survey,
    /// Which column is what; by the format's own names where not said.
    pub mapping: Option<&'a Mapping>,
}

/// What the header of a table says.
pub struct TableHeader {
    columns: Columns,
    delimiter: u8,
    /// A spreadsheet rounded numbers of the file.
    rounded: bool,
}

fn no_header() -> Error {
    Error::new(Code::ConfigInvalid, "the file has no header that is known").at("file").rule(Rule::CsvHeader)
}

/// The names of a CSV file's columns, and the reader behind them.
pub(super) fn csv_names(path: &Path, survey: &Survey) -> Result<(RowReader, Vec<String>)> {
    let mut reader = RowReader::open(path, FileFormat::Csv, survey.encoding)?;
    let row = reader.header()?;
    let text = survey.encoding.text(&row).ok_or_else(no_header)?;
    let mut cells = Vec::new();
    csv::cells(&text, reader.delimiter(), &mut cells);
    let names = cells.into_iter().map(Cow::into_owned).collect();
    Ok((reader, names))
}

/// Opens a file at its first row of data.
///
/// # Errors
/// `config_invalid`: `csv_…` for a header that does not do, `mapping_…` for a mapping that does not fit it,
/// `workbook_…` and `sheet_unknown`.
pub fn open(path: &Path, reading: TableForm<'_>) -> Result<(RowSource, Option<TableHeader>)> {
    let TableForm { format, survey, mapping } = reading;
    let (source, names, delimiter, epoch) = match format {
        FileFormat::Ndjson => {
            return Ok((RowSource::Text(Box::new(RowReader::open(path, format, survey.encoding)?)), None));
        }
        FileFormat::Csv => {
            let (reader, names) = csv_names(path, survey)?;
            let delimiter = reader.delimiter();
            (RowSource::Text(Box::new(reader)), names, delimiter, None)
        }
        FileFormat::Xlsx => {
            let book = Workbook::open(path, mapping.and_then(|mapping| mapping.sheet.as_deref()))?;
            let known = |cell: &str| match mapping {
                Some(mapping) => mapping.to(cell).is_some_and(|to| !to.is_empty()),
                None => columns::is_own(cell),
            };
            let found = heading::find(&book.head(heading::LOOKED_AT)?, &known).ok_or_else(no_header)?;
            let epoch = Some(book.epoch);
            let (after, width) = (found.line, found.names.len());
            (RowSource::Sheet { path: path.to_owned(), book, after, width }, found.names, b',', epoch)
        }
    };
    let columns = Columns::of_header(names, mapping, epoch)?;
    let rounded = survey.signs.rounded_by_a_spreadsheet();
    Ok((source, Some(TableHeader { columns, delimiter, rounded })))
}

impl TableHeader {
    /// What separates cells.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Which column is what.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The draft of a row's cells, and the day of its data where a column has it; repairs are counted.
    pub fn draft(
        &self,
        cells: &[Cow<'_, str>],
        snapshot: &Snapshot,
        repairs: &mut Repairs,
    ) -> Result<(Draft, Option<Day>)> {
        let (draft, as_of) = self.columns.draft(cells, snapshot, repairs)?;
        let lost = |code: &str| code.len() == 18 && code.ends_with("000");
        match draft.holders.iter().position(|holder| self.rounded && lost(&holder.code)) {
            Some(at) => {
                let detail = "the number ends in 000 in a file whose numbers a spreadsheet has rounded";
                let field = format!("holders.{at}.code");
                Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::NumberRounded))
            }
            None => Ok((draft, as_of)),
        }
    }
}
