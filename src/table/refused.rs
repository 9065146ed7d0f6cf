//! Which rows were refused and why: the error file, with nothing of what stood in them (I3), and the count by rule that
//! a report is made of.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::identity::mask;
use crate::rule::Rule;

/// Why one row was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// From 1; of a CSV record the line it begins on.
    pub line: u64,
    /// The code of the refusal.
    pub code: Code,
    /// The field at fault.
    pub field: Option<String>,
    /// The rule that failed.
    pub rule: Option<Rule>,
    /// The header of the column to blame, as it stands in the file.
    pub column: Option<String>,
    /// What stands in that cell, masked; none where it is no number.
    pub shown: Option<String>,
}

impl RowFault {
    /// The fault of an error, without its words: they may quote the row.
    pub fn new(line: u64, error: &Error) -> Self {
        let field = error.field.as_deref().map(shown);
        Self { line, code: error.code, field, rule: error.rule, column: None, shown: None }
    }

    /// The same, with the column to blame and what stands in its cell.
    pub fn in_column(self, column: &str, cell: Option<&str>) -> Self {
        let day = self.rule.is_some_and(of_a_day);
        let shown = cell
            .and_then(|cell| if day && is_short(cell) { Some(cell.trim().to_owned()) } else { masked(cell) });
        Self { column: Some(column.to_owned()), shown, ..self }
    }

    /// The same with the column as it is called in the file, for a fault that was found behind the row.
    pub fn called(self, columns: &BTreeMap<String, String>) -> Self {
        let column = self.field.as_ref().and_then(|field| columns.get(field)).cloned();
        Self { column: self.column.or(column), ..self }
    }

    /// The fault of a row whose number stands on another face.
    pub fn clash(line: u64) -> Self {
        let field = Some("number".to_owned());
        Self {
            line,
            code: Code::NumberClash,
            field,
            rule: Some(Rule::NumberClash),
            column: None,
            shown: None,
        }
    }

    /// The line of the error file, for people and programs.
    fn written(&self) -> Written<'_> {
        Written {
            line: self.line,
            code: self.code.wire(),
            field: self.field.as_deref(),
            column: self.column.as_deref(),
            rule: self.rule,
            zh: self.rule.map_or(self.code.title_zh(), Rule::zh),
            en: self.rule.map_or(self.code.title(), Rule::en),
        }
    }
}

/// One line of the error file.
#[derive(Serialize)]
struct Written<'a> {
    line: u64,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule>,
    /// The fault and its cure: the rule's sentence, or the code's title if no rule is named.
    zh: &'static str,
    en: &'static str,
}

/// A path as the schemas write it. A segment that could not be a field's name comes from the row itself and
/// may be a number: it is left out.
fn shown(path: &str) -> String {
    let plain = |segment: &str| {
        let digits = segment.bytes().filter(u8::is_ascii_digit).count();
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_[]".contains(&byte);
        segment.len() <= 48 && digits <= 6 && segment.bytes().all(known)
    };
    let segments = path.split('.').map(|segment| if plain(segment) { segment } else { "…" });
    segments.collect::<Vec<_>>().join(".")
}

/// Rules on how a day is written: what stands there is shown, or nobody could tell what is wrong with it.
fn of_a_day(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::DateForm | Rule::DateOrLongForm | Rule::PartialDateForm | Rule::TimeForm | Rule::DateSerial
    )
}

/// No number of a person or a telephone is as short as a day.
fn is_short(cell: &str) -> bool {
    let digits = cell.chars().filter(|c| c.is_numeric()).count();
    (1..=8).contains(&digits) && cell.trim().chars().count() <= 12
}

/// A number as a report shows it: at least half of it hidden. Words are not shown.
fn masked(cell: &str) -> Option<String> {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    (digits >= 4 && cell.chars().count() <= 40).then(|| mask(cell.trim()))
}

/// How many rows one rule refused for one column, with some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTally {
    /// The code of the refusals.
    pub code: String,
    /// The rule that failed.
    pub rule: Option<Rule>,
    /// What is wrong and what to do.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// The column, as it is called in the file; the field, where the file has no columns.
    pub column: Option<String>,
    /// How many rows.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<RowExample>,
}

/// A row that was refused, as a report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowExample {
    /// Its line.
    pub line: u64,
    /// What stands in the cell to blame, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// Examples of each rule.
const EXAMPLES: usize = 3;
/// Most pairs of rule and column that are told apart.
const MOST_TALLIES: usize = 200;

/// Adds a fault to the count by rule.
pub fn count(tallies: &mut Vec<RuleTally>, fault: &RowFault) {
    let column = fault.column.as_ref().or(fault.field.as_ref());
    let same = |tally: &&mut RuleTally| {
        tally.code == fault.code.wire() && tally.rule == fault.rule && tally.column.as_ref() == column
    };
    let example = || RowExample { line: fault.line, shown: fault.shown.clone() };
    let room = tallies.len() < MOST_TALLIES;
    match tallies.iter_mut().find(same) {
        Some(tally) => {
            tally.count += 1;
            if tally.examples.len() < EXAMPLES {
                tally.examples.push(example());
            }
        }
        None if room => {
            let Written { code, rule, zh, en, .. } = fault.written();
            tallies.push(RuleTally {
                code: code.to_owned(),
                rule,
                zh: zh.to_owned(),
                en: en.to_owned(),
                column: column.cloned(),
                count: 1,
                examples: vec![example()],
            });
        }
        None => {}
    }
}

/// Where faults are written; nowhere if no path was given.
pub struct ErrorFile {
    file: Option<BufWriter<File>>,
    len: u64,
}

/// The error of an error file that cannot be written.
pub fn unwritable(error: std::io::Error) -> Error {
    Error::new(Code::ConfigInvalid, "the error file cannot be written")
        .at("errors")
        .rule(Rule::ErrorFile)
        .caused_by(error)
}

/// Refuses to write errors over the rows themselves, under another name too: beginning the file empties it.
pub fn refuse_source(errors: Option<&Path>, source: &Path) -> Result<()> {
    let same = |path: &Path| -> std::io::Result<bool> {
        let (errors, source) = (std::fs::metadata(path)?, std::fs::metadata(source)?);
        Ok((errors.dev(), errors.ino()) == (source.dev(), source.ino()))
    };
    // A file that is not there yet is not the source; opening it reports any other fault.
    if errors.is_some_and(|path| same(path).unwrap_or(false)) {
        return Err(Error::new(Code::ConfigInvalid, "the error file is the file of the rows")
            .at("errors")
            .rule(Rule::ErrorFile));
    }
    Ok(())
}

impl ErrorFile {
    /// Begins the file anew.
    ///
    /// # Errors
    /// `config_invalid` with `error_file` if it cannot be written; all other functions the same.
    pub fn create(path: Option<&Path>) -> Result<Self> {
        let file = path.map(File::create).transpose().map_err(unwritable)?;
        Ok(Self { file: file.map(BufWriter::new), len: 0 })
    }

    /// Goes on behind the length that the last commit knew; later bytes of a crash are cut off and come
    /// again.
    pub fn resume(path: Option<&Path>, len: u64) -> Result<Self> {
        let Some(path) = path else { return Ok(Self { file: None, len }) };
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let mut errors = Self { file: Some(BufWriter::new(file.map_err(unwritable)?)), len };
        errors.rewind(len)?;
        Ok(errors)
    }

    /// Bytes that were written.
    pub fn bytes(&self) -> u64 {
        self.len
    }

    /// Appends faults, one JSON object a line.
    pub fn write(&mut self, faults: &[RowFault]) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        for fault in faults {
            let mut line = serde_json::to_vec(&fault.written()).map_err(Error::internal)?;
            line.push(b'\n');
            file.write_all(&line).map_err(unwritable)?;
            self.len += line.len() as u64;
        }
        Ok(())
    }

    /// Cuts the file to a length it had, for a transaction that runs again.
    pub fn rewind(&mut self, len: u64) -> Result<()> {
        if let Some(file) = &mut self.file {
            file.flush().map_err(unwritable)?;
            file.get_ref().set_len(len).map_err(unwritable)?;
            file.get_mut().seek(SeekFrom::Start(len)).map_err(unwritable)?;
        }
        self.len = len;
        Ok(())
    }

    /// Brings the written bytes to the disk: before a commit that counts on them.
    pub fn flush(&mut self) -> Result<()> {
        match &mut self.file {
            Some(file) => file.flush().and_then(|()| file.get_ref().sync_data()).map_err(unwritable),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_shown_and_a_number_in_its_place_is_not() {
        let shown = |rule, cell| {
            let error = Error::new(Code::FieldInvalid, "").at("issued_on").rule(rule);
            RowFault::new(2, &error).in_column("发证日期", Some(cell)).shown
        };
        assert_eq!(shown(Rule::DateForm, "2020-13-01").as_deref(), Some("2020-13-01"));
        assert_eq!(shown(Rule::DateSerial, "43899").as_deref(), Some("43899"));
        assert!(shown(Rule::DateForm, "190101198803120021").unwrap().contains('*'));
        assert!(shown(Rule::DateForm, "13900000019").unwrap().contains('*'));
        assert!(shown(Rule::CheckDigit, "20201301").unwrap().contains('*'));
    }

    #[test]
    fn i3_a_path_that_comes_from_the_row_is_left_out() {
        assert_eq!(shown("holders.0.code"), "holders.0.code");
        assert_eq!(shown("face.spouses[1].id_number"), "face.spouses[1].id_number");
        assert_eq!(shown("face.190101198803120021"), "face.…");
        assert_eq!(shown("face.姓名"), "face.…");
        assert_eq!(shown("face.MD1000018"), "face.…");
    }
}
