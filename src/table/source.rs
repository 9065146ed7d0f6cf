//! Rows of whatever kind of file, in batches of text.

use std::path::PathBuf;

use super::rows::{Batch, FileRow, RowReader};
use super::workbook::Workbook;
use super::{csv, survey};
use crate::error::Result;
use crate::record::Digest;

/// A batch ends with the row that reaches this.
const BATCH: usize = 256 << 10;

/// Where rows come from.
pub enum RowSource {
    /// A file of text.
    Text(Box<RowReader>),
    /// A sheet: each row as a row of CSV in UTF-8, under the number that the spreadsheet shows.
    Sheet {
        /// The workbook, for its digest.
        path: PathBuf,
        /// The sheet.
        book: Workbook,
        /// The row of the header.
        after: u64,
        /// Cells of the header: a row that ends earlier has empty cells behind.
        width: usize,
    },
}

impl RowSource {
    /// Gives all batches, until `take` says no; SHA-256 of the file, none if it was not read to its end.
    pub fn send(self, take: &mut dyn FnMut(Batch) -> bool) -> Result<Option<Digest>> {
        match self {
            Self::Text(mut reader) => {
                while let Some(batch) = reader.batch()? {
                    if !take(batch) {
                        return Ok(None);
                    }
                }
                Ok(Some(reader.digest()))
            }
            Self::Sheet { path, book, after, width } => {
                let (mut batch, mut going) = (Batch::empty(0), true);
                book.rows(after, &mut |line, mut cells| {
                    cells.resize(cells.len().max(width), String::new());
                    batch.push(line, &row(&cells));
                    if batch.len() >= BATCH {
                        let next = Batch::empty(batch.seq + 1);
                        going = take(std::mem::replace(&mut batch, next));
                    }
                    Ok(going)
                })?;
                if !going || !batch.rows.is_empty() && !take(batch) {
                    return Ok(None);
                }
                Ok(Some(survey::digest_of(&path)?.0))
            }
        }
    }
}

/// Cells as a row of CSV.
fn row(cells: &[String]) -> String {
    let mut text = String::new();
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        csv::written(cell, &mut text);
    }
    text
}

impl FileRow {
    fn of_sheet(start: usize, end: usize, line: u64) -> Self {
        Self { start, end, line, fault: None }
    }
}

impl Batch {
    fn empty(seq: u64) -> Self {
        Self { seq, rows: Vec::new(), position: 0, bytes: Vec::with_capacity(BATCH) }
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn push(&mut self, line: u64, text: &str) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.rows.push(FileRow::of_sheet(start, self.bytes.len(), line));
    }
}
