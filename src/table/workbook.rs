//! XLSX: a sheet's rows, one after the other. Nothing of a workbook is trusted: its size, packed and unpacked, is
//! bounded before anything is read from it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use calamine::{DataRef, Reader as _, Xlsx};

use super::cell::Epoch;
use super::rows::MAX_CELL;
use super::sheet_scan::SheetScan;
use super::survey::unreadable;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Largest file.
const MOST_PACKED: u64 = 256 << 20;
/// Most bytes that its parts may come to, unpacked; and those that are held in memory whole.
const MOST_UNPACKED: u64 = 2 << 30;
const MOST_HELD: u64 = 256 << 20;
/// Most parts.
const MOST_PARTS: usize = 4096;
/// Most columns that are read.
const MOST_COLUMNS: u32 = 512;

/// A sheet that can be read.
pub struct Workbook {
    path: PathBuf,
    sheet: String,
    /// The day it counts from.
    pub epoch: Epoch,
}

/// A row of a sheet: its number, as the spreadsheet shows it, and its cells.
pub type SheetRow = (u64, Vec<String>);

fn refused(rule: Rule, detail: String) -> Error {
    Error::new(Code::ConfigInvalid, detail).at("file").rule(rule)
}

fn broken(error: impl std::fmt::Display) -> Error {
    // The words of the reader may quote a cell.
    let _unsaid = error;
    refused(Rule::WorkbookUnreadable, "the file is no workbook that can be read".to_owned())
}

/// What a look at the parts found.
fn untrue(rule: Rule) -> Error {
    let detail = match rule {
        Rule::CellTooLong => "a cell or a text of the workbook is longer than any that a spreadsheet holds",
        _ => "the file is no workbook that can be read",
    };
    refused(rule, detail.to_owned())
}

impl Workbook {
    /// Opens a workbook at a sheet: the one of that name, or the only one with rows.
    ///
    /// # Errors
    /// `config_invalid`: `workbook_too_large`, `workbook_unreadable`; `sheet_unknown` with the names that there are.
    pub fn open(path: &Path, sheet: Option<&str>) -> Result<Self> {
        check_size(path)?;
        let mut book = workbook(path)?;
        let names = book.sheet_names();
        let epoch = if book.has_1904_epoch() { Epoch::Y1904 } else { Epoch::Y1900 };
        let mut filled = Vec::new();
        for name in names.iter().filter(|name| sheet.is_none_or(|sheet| sheet == *name)) {
            let mut cells = book.worksheet_cells_reader(name).map_err(broken)?;
            let mut any = false;
            while let Some(cell) = cells.next_cell().map_err(broken)? {
                any = !matches!(cell.get_value(), DataRef::Empty);
                if any {
                    break;
                }
            }
            if any {
                filled.push(name.clone());
            }
        }
        match (filled.pop(), filled.is_empty()) {
            (Some(sheet), true) => Ok(Self { path: path.to_owned(), sheet, epoch }),
            _ => {
                let detail = format!("name one of its sheets: {}", names.join(", "));
                Err(refused(Rule::SheetUnknown, detail))
            }
        }
    }

    /// The first rows that have cells.
    pub fn head(&self, most: usize) -> Result<Vec<SheetRow>> {
        let mut rows = Vec::new();
        self.rows(0, &mut |line, cells| {
            rows.push((line, cells));
            Ok(rows.len() < most)
        })?;
        Ok(rows)
    }

    /// Gives each row behind row `after` that has cells, until `take` says no.
    pub fn rows(&self, after: u64, take: &mut dyn FnMut(u64, Vec<String>) -> Result<bool>) -> Result<()> {
        let mut book = workbook(&self.path)?;
        let mut reader = book.worksheet_cells_reader(&self.sheet).map_err(broken)?;
        let (mut line, mut row) = (0, Vec::new());
        while let Some(cell) = reader.next_cell().map_err(broken)? {
            let (at, column) = cell.get_position();
            let at = u64::from(at) + 1;
            if at != line {
                if at < line {
                    return Err(broken("rows out of order"));
                }
                if line > after && has_cells(&row) && !take(line, std::mem::take(&mut row))? {
                    return Ok(());
                }
                row.clear();
                line = at;
            }
            let text = text(cell.get_value());
            if text.len() > MAX_CELL {
                let detail = format!("row {line} has a cell with more than 128 KiB");
                return Err(refused(Rule::CellTooLong, detail));
            }
            if text.is_empty() || column >= MOST_COLUMNS {
                continue;
            }
            let place = usize::try_from(column).map_err(Error::internal)?;
            if row.len() <= place {
                row.resize(place + 1, String::new());
            }
            if let Some(slot) = row.get_mut(place) {
                *slot = text;
            }
        }
        if line > after && has_cells(&row) {
            take(line, row)?;
        }
        Ok(())
    }
}

fn has_cells(row: &[String]) -> bool {
    row.iter().any(|cell| !cell.trim().is_empty())
}

fn workbook(path: &Path) -> Result<Xlsx<BufReader<File>>> {
    Xlsx::new(BufReader::new(File::open(path).map_err(unreadable)?)).map_err(broken)
}

/// A value as the text that a CSV file would have: a day as YYYY-MM-DD, a number of more than 15 digits as the
/// spreadsheet itself shows it, since the rest of its digits is lost.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) if number.unsigned_abs() < 1_000_000_000_000_000 => number.to_string(),
        #[expect(clippy::cast_precision_loss, reason = "more than 15 digits are lost already")]
        DataRef::Int(number) => long(*number as f64),
        DataRef::Float(number) if number.abs() < 1e15 => number.to_string(),
        DataRef::Float(number) => long(*number),
        DataRef::Bool(value) => value.to_string().to_uppercase(),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
            }
        }
        DataRef::DateTime(moment) => moment.as_f64().to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    }
}

fn long(number: f64) -> String {
    let plain = format!("{number:E}");
    match plain.split_once('E') {
        Some((mantissa, power)) if !power.starts_with('-') => format!("{mantissa}E+{power}"),
        _ => plain,
    }
}

/// Unpacks every part once, counts, and looks at what it says: of its own size, of rows and columns, it may lie.
fn check_size(path: &Path) -> Result<()> {
    let large = |what: &str| refused(Rule::WorkbookTooLarge, format!("the workbook is too large: {what}"));
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > MOST_PACKED {
        return Err(large("its file has more than 256 MiB"));
    }
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if archive.len() > MOST_PARTS {
        return Err(large("it has more than 4096 parts"));
    }
    let (mut all, mut held) = (0, 0);
    let mut buffer = vec![0; 64 << 10];
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(broken)?;
        let name = part.name().map_err(broken)?.to_ascii_lowercase();
        let streamed = name.contains("worksheets/") || !name.ends_with(".xml") && !name.ends_with(".rels");
        let (mut size, mut head, mut scan) = (0_u64, Vec::new(), SheetScan::default());
        loop {
            let read = part.read(&mut buffer).map_err(broken)?;
            if read == 0 {
                break;
            }
            if head.len() < 4096 {
                head.extend_from_slice(buffer.get(..read).unwrap_or_default());
            }
            scan.feed(buffer.get(..read).unwrap_or_default()).map_err(untrue)?;
            size += read as u64;
            all += read as u64;
            held += if streamed { 0 } else { read as u64 };
            if all > MOST_UNPACKED || held > MOST_HELD {
                return Err(large("its parts have more than 2 GiB unpacked, or its texts more than 256 MiB"));
            }
        }
        // Room is made for as many texts as the part says it has.
        if name.ends_with("sharedstrings.xml") && stated(&head).is_some_and(|count| count > size) {
            return Err(refused(
                Rule::WorkbookUnreadable,
                "the workbook's table of texts is not whole".to_owned(),
            ));
        }
    }
    Ok(())
}

/// How many texts the table of texts says that it has.
fn stated(head: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(head);
    let (_, behind) = text.split_once("uniqueCount")?;
    let digits: String =
        behind.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    Some(digits.parse().unwrap_or(u64::MAX))
}
