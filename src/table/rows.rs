//! A file in batches of whole rows, with their lines; of bounded size whatever stands in it.
//!
//! A row of CSV goes on over physical lines while a quoted cell is open. An open quote never takes other rows with it:
//! where what follows is a row of its own, or nothing closes the quote, the row is refused at its line, and reading
//! goes on with the next physical line. So each physical row is a row that is read or refused.

use std::borrow::Cow;
use std::path::Path;

use super::FileFormat;
use super::csv::{self, DELIMITERS, Scanned};
use super::encoding::Encoding;
use super::lines::{Lines, PhysicalLine};
use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::rule::Rule;

/// A longer row is refused.
pub const MAX_ROW: usize = 1 << 20;
/// A longer cell is refused: the 32,767 characters that a cell of a spreadsheet holds come to 128 KiB at most.
pub(super) const MAX_CELL: usize = 128 << 10;
/// A batch ends with the row that reaches this.
const BATCH: usize = 256 << 10;
/// A header whose quotes are open for longer is none.
const HEADER_LINES: u32 = 20;

/// A row of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRow {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The physical line on which it begins, from 1.
    pub line: u64,
    /// The rule that it breaks before its cells are looked at.
    pub fault: Option<Rule>,
}

/// Rows, one after the other.
pub struct Batch {
    /// From 0.
    pub seq: u64,
    /// The rows, without blank ones.
    pub rows: Vec<FileRow>,
    /// Bytes of the file that were read up to here.
    pub position: u64,
    pub(super) bytes: Vec<u8>,
}

impl Batch {
    /// The text of a row, without its line break; none where the bytes are not in that encoding.
    pub fn text(&self, row: &FileRow, encoding: Encoding) -> Option<Cow<'_, str>> {
        encoding.text(self.bytes.get(row.start..row.end).unwrap_or_default())
    }
}

/// Reads a file row by row and hashes it on the way.
pub struct RowReader {
    lines: Lines,
    format: FileFormat,
    delimiter: u8,
    /// What else stands in a row that is blank.
    blank: [u8; 2],
    /// Cells of the header.
    width: usize,
    /// Where the next row begins in the text, and its line.
    at: usize,
    line: u64,
    seq: u64,
}

impl RowReader {
    /// Opens the file and passes over a byte order mark.
    pub fn open(path: &Path, format: FileFormat, encoding: Encoding) -> Result<Self> {
        let lines = Lines::open(path, encoding)?;
        let blank = if format == FileFormat::Ndjson { [b' '; 2] } else { [b',', b'"'] };
        Ok(Self { lines, format, delimiter: b',', blank, width: 0, at: 0, line: 1, seq: 0 })
    }

    /// Takes that for what separates the cells, of a file whose header is looked for elsewhere.
    pub(super) fn separated_by(&mut self, delimiter: u8) {
        (self.delimiter, self.blank) = (delimiter, [delimiter, b'"']);
    }

    /// What separates the cells of a CSV file, once its header was read.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The next batch; none at the end.
    pub fn batch(&mut self) -> Result<Option<Batch>> {
        let mut batch =
            Batch { seq: self.seq, rows: Vec::new(), bytes: Vec::with_capacity(BATCH + 4096), position: 0 };
        while batch.bytes.len() < BATCH && batch.rows.len() < BATCH / 16 {
            let Some(row) = self.row()? else { break };
            let start = batch.bytes.len();
            batch.bytes.extend_from_slice(self.lines.text(row.start, row.end));
            batch.rows.push(FileRow { start, end: batch.bytes.len(), ..row });
        }
        self.lines.forget(self.at);
        self.at = 0;
        if batch.rows.is_empty() {
            return Ok(None);
        }
        batch.position = self.lines.position();
        self.seq += 1;
        Ok(Some(batch))
    }

    /// The first row by itself: the header of a CSV file, behind a line `sep=;` where one stands.
    ///
    /// # Errors
    /// `config_invalid` (`csv_header`) where there is none, or its quotes are wrong.
    pub fn header(&mut self) -> Result<Vec<u8>> {
        let missing =
            || Error::new(Code::ConfigInvalid, "the file has no header").at("file").rule(Rule::CsvHeader);
        let mut row = self.header_row()?.ok_or_else(missing)?;
        match csv::named_delimiter(self.lines.text(row.start, row.end)) {
            Some(delimiter) => {
                self.delimiter = delimiter;
                row = self.row()?.ok_or_else(missing)?;
            }
            None => self.delimiter = csv::delimiter_of(self.lines.text(row.start, row.end)),
        }
        // Looked at again, now that it is known what ends a cell.
        let text = self.lines.text(row.start, row.end);
        if csv::scan(text, false, self.delimiter) != Scanned::Closed {
            return Err(missing());
        }
        self.width = csv::width(text, self.delimiter);
        self.blank = [self.delimiter, b'"'];
        Ok(text.to_vec())
    }

    /// The first physical line that is not blank, as a row; longer where a quoted cell goes on.
    fn header_row(&mut self) -> Result<Option<FileRow>> {
        loop {
            let (start, line) = (self.at, self.line);
            let Some(first) = self.lines.line(start, MAX_ROW)? else { return Ok(None) };
            self.pass(first);
            let text = self.lines.text(first.start, first.end);
            if csv::is_blank(text, &DELIMITERS) {
                continue;
            }
            let delimiter = csv::delimiter_of(text);
            let (mut end, mut more) = (first.end, 0);
            while more < HEADER_LINES
                && csv::scan(self.lines.text(start, end), false, delimiter) == Scanned::Open
            {
                more += 1;
                let Some(next) = self.lines.line(self.at, MAX_ROW)? else { break };
                self.pass(next);
                end = next.end;
            }
            return Ok(Some(FileRow { start, end, line, fault: None }));
        }
    }

    /// SHA-256 of all that was read.
    pub fn digest(self) -> Digest {
        self.lines.digest()
    }

    /// The next row that is not blank.
    fn row(&mut self) -> Result<Option<FileRow>> {
        loop {
            let (start, line) = (self.at, self.line);
            let Some(first) = self.lines.line(start, MAX_ROW)? else { return Ok(None) };
            if first.end - start > MAX_ROW {
                let padding = self.skip_line(first)?;
                if padding {
                    continue;
                }
                return Ok(Some(FileRow { start: 0, end: 0, line, fault: Some(Rule::RowTooLong) }));
            }
            let mut end = first.end;
            if first.next == first.end && self.lines.is_end(first.next) {
                // ^Z and NUL behind the last row are padding of old systems.
                let text = self.lines.text(start, end);
                let kept = text.iter().rposition(|byte| !matches!(byte, 0 | 0x1A));
                end = start + kept.map_or(0, |at| at + 1);
            }
            if csv::is_blank(self.lines.text(start, end), &self.blank) {
                self.pass(first);
                continue;
            }
            let quoted = memchr::memchr(b'"', self.lines.text(start, end)).is_some();
            if self.format != FileFormat::Csv || !quoted {
                self.pass(first);
                return Ok(Some(FileRow { start, end, line, fault: None }));
            }
            return self.quoted(first, end).map(Some);
        }
    }

    /// A row of CSV that has quotes on its first line.
    fn quoted(&mut self, first: PhysicalLine, end: usize) -> Result<FileRow> {
        let (start, line) = (first.start, self.line);
        let refused = |rule| FileRow { start, end, line, fault: Some(rule) };
        match csv::scan(self.lines.text(start, end), false, self.delimiter) {
            Scanned::Open => {}
            scanned => {
                self.pass(first);
                return Ok(FileRow { start, end, line, fault: csv::fault(scanned) });
            }
        }
        let (mut next, mut more) = (first.next, 1);
        loop {
            let begins = next;
            let continued = match self.lines.line(begins, MAX_ROW)? {
                Some(continued) if continued.end - start <= MAX_ROW && !self.is_a_row(first, continued) => {
                    continued
                }
                _ => break,
            };
            (next, more) = (continued.next, more + 1);
            match csv::scan(self.lines.text(begins, continued.end), true, self.delimiter) {
                Scanned::Open => {}
                Scanned::Wrong => break,
                Scanned::Closed => {
                    (self.at, self.line) = (next, line + more);
                    return Ok(FileRow { start, end: continued.end, line, fault: None });
                }
            }
        }
        self.pass(first);
        Ok(refused(Rule::CsvQuoteOpen))
    }

    /// Whether a line inside an open quote is a row of its own: it has as many cells as the header, or begins as the
    /// row does. A line of a cell has neither; taking a row for one would give its words to somebody else.
    fn is_a_row(&self, first: PhysicalLine, line: PhysicalLine) -> bool {
        let text = self.lines.text(line.start, line.end);
        let cells = 1 + memchr::memchr_iter(self.delimiter, text).count();
        let own = self.lines.text(first.start, first.end);
        let head = memchr::memchr(self.delimiter, own).filter(|at| *at > 1).and_then(|at| own.get(..=at));
        self.width > 1 && (cells >= self.width || head.is_some_and(|head| text.starts_with(head)))
    }

    fn pass(&mut self, line: PhysicalLine) {
        (self.at, self.line) = (line.next, self.line + 1);
    }

    /// Passes over a line that is too long to be kept; tells whether it was padding and nothing else.
    fn skip_line(&mut self, first: PhysicalLine) -> Result<bool> {
        let mut part = first;
        let mut padding = true;
        loop {
            padding &= csv::is_blank(self.lines.text(part.start, part.end), &self.blank);
            if part.next > part.end || self.lines.is_end(part.next) {
                self.pass(part);
                return Ok(padding);
            }
            self.lines.forget(part.end);
            match self.lines.line(0, MAX_ROW)? {
                Some(more) => part = more,
                None => {
                    (self.at, self.line) = (0, self.line + 1);
                    return Ok(padding);
                }
            }
        }
    }
}
