//! The rows that were refused as a CSV file in their own columns, with the reason beside: to correct and send back.
//!
//! Unlike the list of faults it has what stood in the rows, since that is what is to be corrected; it is readable by
//! its owner alone. A cell that a spreadsheet would run or round has an apostrophe before it, which reading takes off.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Result;
use crate::registry::import::step::Work;
use crate::registry::intake::{self, RETURNED, TableHeader};
use crate::table::cell::guarded;
use crate::table::refused::unwritable;
use crate::table::{Batch, csv};

/// A line of the list of faults, as far as it is needed.
#[derive(Deserialize)]
struct Fault {
    line: u64,
    zh: String,
    #[serde(default)]
    column: Option<String>,
    #[serde(default)]
    field: Option<String>,
}

/// Where faults are listed while the file to send back is not made yet; none where the list itself is what was asked.
pub(super) fn list_path(errors: &Path) -> Option<PathBuf> {
    let is_csv = errors.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    is_csv.then(|| {
        let mut name = errors.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    })
}

/// Makes the file to send back of the list of faults and the source, and removes the list.
pub(super) fn write(work: &Work<'_>) -> Result<()> {
    let Some(errors) = work.options.error_path.as_deref() else { return Ok(()) };
    let Some(list) = list_path(errors) else { return Ok(()) };
    let faults = faults(&list)?;
    let (source, header) = intake::open(work.source, work.reading())?;
    let mut options = OpenOptions::new();
    let file =
        options.write(true).create(true).truncate(true).mode(0o600).open(errors).map_err(unwritable)?;
    let mut out = BufWriter::new(file);
    out.write_all(b"\xEF\xBB\xBF").map_err(unwritable)?;
    let names = header.as_ref().map(|header| header.columns().names().to_vec());
    let names = names.unwrap_or_else(|| vec!["原文".to_owned()]);
    put(&mut out, names.iter().map(String::as_str).chain(RETURNED))?;
    let mut outcome = Ok(());
    source.send(&mut |batch| {
        outcome = rows(&batch, work, header.as_ref(), (names.len(), &faults), &mut out);
        outcome.is_ok()
    })?;
    outcome?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(unwritable)?;
    std::fs::remove_file(&list).map_err(unwritable)
}

/// Reasons and columns by line.
type Reasons = BTreeMap<u64, (String, String)>;

fn faults(list: &Path) -> Result<Reasons> {
    let mut found = Reasons::new();
    for line in BufReader::new(File::open(list).map_err(unwritable)?).lines() {
        let fault: Fault =
            serde_json::from_str(&line.map_err(unwritable)?).map_err(crate::error::Error::internal)?;
        found.insert(fault.line, (fault.zh, fault.column.or(fault.field).unwrap_or_default()));
    }
    Ok(found)
}

fn rows(
    batch: &Batch,
    work: &Work<'_>,
    header: Option<&TableHeader>,
    (width, faults): (usize, &Reasons),
    out: &mut impl Write,
) -> Result<()> {
    for row in &batch.rows {
        let Some((reason, column)) = faults.get(&row.line) else { continue };
        let text = batch.text(row, work.survey.encoding).unwrap_or_default();
        let mut cells = Vec::new();
        match header.filter(|_| row.fault.is_none()) {
            Some(header) => {
                csv::cells(&text, header.delimiter(), &mut cells);
            }
            // Its cells cannot be told apart.
            None => cells.push(Cow::Borrowed(&*text)),
        }
        cells.resize(width.max(cells.len()), Cow::Borrowed(""));
        let line = row.line.to_string();
        let told = [reason.as_str(), column.as_str(), line.as_str()];
        put(out, cells.iter().map(|cell| &**cell).chain(told))?;
    }
    Ok(())
}

fn put<'c>(out: &mut impl Write, cells: impl Iterator<Item = &'c str>) -> Result<()> {
    let mut text = String::new();
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        csv::written(&guarded(cell), &mut text);
    }
    text.push_str("\r\n");
    out.write_all(text.as_bytes()).map_err(unwritable)
}
