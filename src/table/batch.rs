//! A file in batches of whole rows, with their lines; of bounded size for any content.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::FileFormat;
use super::encoding::{Encoding, unreadable};
use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::rule::Rule;

/// A longer row is refused.
pub const MAX_ROW: usize = 1 << 20;
/// A batch ends with the row that reaches this.
const BATCH: usize = 256 << 10;

/// Whole rows, one after the other.
pub struct Batch {
    /// From 0.
    pub seq: u64,
    /// The line of the first byte, from 1.
    pub first_line: u64,
    /// The rows' bytes.
    pub bytes: Vec<u8>,
    /// The line of a row behind them that was too long to be kept.
    pub too_long: Option<u64>,
    /// Bytes of the file up to here.
    pub position: u64,
}

/// The position of the CSV reader: line breaks inside quotes end no row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    FieldStart,
    Bare,
    Quoted,
    /// A quote inside a quoted field: its end, or the first of two.
    Ended,
}

impl Quotes {
    fn after(self, line: &[u8]) -> Self {
        line.iter().fold(self, |state, byte| match (state, byte) {
            (Self::FieldStart | Self::Ended, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Ended,
            (Self::Quoted, _) => Self::Quoted,
            (_, b',' | b'\n' | b'\r') => Self::FieldStart,
            _ => Self::Bare,
        })
    }
}

/// Reads a file row by row and hashes it on the way.
pub struct RowReader {
    file: BufReader<File>,
    format: FileFormat,
    digest: ring::digest::Context,
    line: u64,
    position: u64,
    seq: u64,
}

impl RowReader {
    /// Opens the file and passes over a byte order mark.
    pub fn open(path: &Path, format: FileFormat, encoding: Encoding) -> Result<Self> {
        let mut file = BufReader::with_capacity(BATCH, File::open(path).map_err(unreadable)?);
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        let mark: &[u8] = match encoding {
            Encoding::Utf8 => b"\xEF\xBB\xBF",
            Encoding::Gb18030 => b"\x84\x31\x95\x33",
        };
        let mut position = 0;
        if file.fill_buf().map_err(unreadable)?.starts_with(mark) {
            digest.update(mark);
            file.consume(mark.len());
            position = mark.len() as u64;
        }
        Ok(Self { file, format, digest, line: 1, position, seq: 0 })
    }

    /// The next batch; none at the end.
    pub fn batch(&mut self) -> Result<Option<Batch>> {
        let mut batch = Batch {
            seq: self.seq,
            first_line: self.line,
            bytes: Vec::with_capacity(BATCH + 4096),
            too_long: None,
            position: self.position,
        };
        while batch.bytes.len() < BATCH && batch.too_long.is_none() {
            let (start, first) = (batch.bytes.len(), self.line);
            match self.row(&mut batch.bytes)? {
                Row::End => break,
                Row::Whole => {}
                Row::TooLong => {
                    batch.bytes.truncate(start);
                    batch.too_long = Some(first);
                }
            }
        }
        if batch.bytes.is_empty() && batch.too_long.is_none() {
            return Ok(None);
        }
        batch.position = self.position;
        self.seq += 1;
        Ok(Some(batch))
    }

    /// The first row by itself: the header of a CSV file.
    pub fn header(&mut self) -> Result<Vec<u8>> {
        let mut row = Vec::new();
        match self.row(&mut row)? {
            Row::Whole => Ok(row),
            Row::End | Row::TooLong => Err(Error::new(Code::ConfigInvalid, "the file has no header")
                .at("file")
                .rule(Rule::CsvHeader)),
        }
    }

    /// SHA-256 of all that was read.
    pub fn digest(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.digest.finish().as_ref());
        Digest(bytes)
    }

    /// Appends one row with its line break.
    fn row(&mut self, out: &mut Vec<u8>) -> Result<Row> {
        let start = out.len();
        let mut quotes = Quotes::FieldStart;
        loop {
            let from = out.len();
            let room = (MAX_ROW + 1).saturating_sub(from - start);
            let read = Read::by_ref(&mut self.file).take(room as u64).read_until(b'\n', out);
            let read = read.map_err(unreadable)?;
            let line = out.get(from..).unwrap_or_default();
            self.digest.update(line);
            self.position += read as u64;
            if read == 0 && room > 0 {
                return Ok(if out.len() == start { Row::End } else { Row::Whole });
            }
            let ended = line.ends_with(b"\n");
            self.line += u64::from(ended);
            if out.len() - start > MAX_ROW {
                if !ended {
                    self.skip_line()?;
                }
                return Ok(Row::TooLong);
            }
            if self.format == FileFormat::Csv {
                quotes = quotes.after(line);
            }
            if ended && quotes != Quotes::Quoted {
                return Ok(Row::Whole);
            }
        }
    }

    /// Passes over the rest of a line that is too long to be kept.
    fn skip_line(&mut self) -> Result<()> {
        let mut rest = Vec::new();
        loop {
            rest.clear();
            let read = Read::by_ref(&mut self.file).take(BATCH as u64).read_until(b'\n', &mut rest);
            self.position += read.map_err(unreadable)? as u64;
            self.digest.update(&rest);
            if rest.ends_with(b"\n") {
                self.line += 1;
                return Ok(());
            }
            if rest.is_empty() {
                return Ok(());
            }
        }
    }
}

enum Row {
    Whole,
    TooLong,
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(format: FileFormat, text: &[u8]) -> Vec<(u64, usize, Option<u64>)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, text).unwrap();
        let mut reader = RowReader::open(&path, format, Encoding::Utf8).unwrap();
        let mut found = Vec::new();
        while let Some(batch) = reader.batch().unwrap() {
            found.push((batch.first_line, batch.bytes.len(), batch.too_long));
        }
        assert_eq!(reader.digest(), Digest::of(&[text]));
        found
    }

    #[test]
    fn a_row_that_is_too_long_is_passed_over_and_the_next_keeps_its_line() {
        let mut text = b"\xEF\xBB\xBFone\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', MAX_ROW + 5000));
        text.extend(b"\nthree\nfour");
        assert_eq!(rows(FileFormat::Ndjson, &text), [(1, 4, Some(2)), (3, 10, None)]);
        let mut text = b"a,\"".to_vec();
        text.extend(std::iter::repeat_n(b"x\n", MAX_ROW / 2 + 100).flatten());
        let found = rows(FileFormat::Csv, &text);
        assert_eq!(found[0].2, Some(1), "an open quote does not swallow the file");
    }

    #[test]
    fn line_breaks_in_quotes_end_no_record() {
        let quoted = "a,\"b\n\"\"c\"\"\n\",d\n".repeat(30_000);
        for (line, len, _) in rows(FileFormat::Csv, quoted.as_bytes()) {
            assert_eq!(line % 3, 1);
            assert_eq!(len % 15, 0);
        }
    }
}
