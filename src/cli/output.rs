//! The output of a command. A closed pipe ends the printing and is no error.

use std::io::Write as _;

use serde::Serialize;
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use crate::catalog::Region;
use crate::clock::Day;
use crate::error::Error;
use crate::identity::Regions;
use crate::registry::HandedReceipt;
use crate::rule::Rule;

/// The line that names the access an answer rests on.
pub fn receipt(receipt: &HandedReceipt) -> String {
    format!("Receipt {} #{}", receipt.accepted.log, receipt.accepted.index)
}

/// The line that says that there is more.
pub fn next_page(next: &str) -> String {
    format!("  there is more: the same again with --after {next}")
}

/// A number and what it counts: `1 agency`, `2 agencies`. The plural stands behind `/` where `s` does not make it.
pub fn counted(count: impl Into<u64>, noun: &str) -> String {
    let count = count.into();
    let (one, many) = noun.split_once('/').unwrap_or((noun, ""));
    match (count, many) {
        (1, _) => format!("1 {one}"),
        (_, "") => format!("{count} {one}s"),
        _ => format!("{count} {many}"),
    }
}

/// The lines of a table: cells under each other by the columns that a terminal shows them in, two blanks between. A
/// column without a word takes no room.
pub fn table<const N: usize>(indent: &str, rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let mut line = indent.to_owned();
        for (cell, width) in row.iter().zip(widths).filter(|(_, width)| *width > 0) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A first and a last day, as a cell: `2000-01-01–`, `2000-01-01–2026-12-31`.
pub fn period(from: Day, to: Option<Day>) -> String {
    let to = to.map(|day| day.to_string()).unwrap_or_default();
    format!("{from}–{to}")
}

/// A region by its name and code; one without a name in the list by its code alone.
pub fn region(regions: &Regions, region: Region) -> String {
    let code = region.to_string();
    if region == Region::COUNTRY {
        return format!("全国 {code}");
    }
    let named = code.get(..6).and_then(|county| regions.full_name(county));
    named.map_or_else(|| code.clone(), |name| format!("{name} {code}"))
}

/// The same of things in memory.
pub fn counted_len(count: usize, noun: &str) -> String {
    counted(u64::try_from(count).unwrap_or(u64::MAX), noun)
}

/// Text for people, or one JSON value for programs.
pub struct Output {
    json: bool,
}

impl Output {
    /// `json`: print values, not texts.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a result in the form that was asked for.
    pub fn say<T: Serialize>(&self, text: &str, value: &T) {
        let line = if self.json { serde_json::to_string(value).unwrap_or_default() } else { text.to_owned() };
        let _closed = writeln!(std::io::stdout(), "{}", line.trim_end());
    }

    /// Prints a text for people.
    pub fn text(&self, text: &str) {
        let _closed = writeln!(std::io::stdout(), "{}", text.trim_end());
    }

    /// Prints bytes that are an answer already (JSON of a lookup, a document).
    pub fn raw(&self, bytes: &[u8]) {
        let mut out = std::io::stdout();
        let _closed = out.write_all(bytes).and_then(|()| out.write_all(b"\n"));
    }

    /// A word on the way, to standard error.
    pub fn note(&self, text: &str) {
        let _closed = writeln!(std::io::stderr(), "{text}");
    }

    /// An error with its code, its rule and what to do about it.
    pub fn error(&self, error: &Error) {
        if self.json {
            let value = json!({
                "code": error.code.wire(), "title": error.code.title(), "detail": error.detail, "field": error.field,
                "rule": error.rule, "rule_zh": error.rule.map(Rule::zh), "rule_en": error.rule.map(Rule::en), "hint": error.code.command_hint(), "extra": error.extra,
            });
            let _closed = writeln!(std::io::stderr(), "{value}");
            return;
        }
        self.note(&format!("error: {error}"));
        if error.source.is_some() {
            self.note(&format!("cause: {}", crate::http::problem::cause(error)));
        }
        if let Some(rule) = error.rule {
            self.note(&format!("rule: {}\n      {}", rule.zh(), rule.en()));
        }
        self.note(&format!("hint: {}", error.code.command_hint()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_by_the_columns_of_a_terminal() {
        let rows = [["民政局", "", "190101"], ["Police", "", "1"], ["市场监督管理局", "", "ﾃ"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        let lines = table(" ", &rows);
        assert_eq!(lines, [" 民政局          190101", " Police          1", " 市场监督管理局  ﾃ"]);
    }
}
