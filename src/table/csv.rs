//! CSV as RFC 4180 has it: quotes stand around a whole cell, and a quote inside is doubled. One thing more is read, since
//! people write it so that a spreadsheet leaves a number alone: a bare cell `="190101…"`, up to its quote.

use std::borrow::Cow;

use crate::rule::Rule;

/// What separates cells; the first that the header has most of.
pub(super) const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Where a row stands behind some of its physical lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Its quotes are closed.
    Closed,
    /// A quoted cell goes on behind the line break.
    Open,
    /// A quote stands where none may.
    Wrong,
}

/// Looks at one physical line with its line break; `open` where a quoted cell goes on into it.
pub(super) fn scan(line: &[u8], open: bool, delimiter: u8) -> Scanned {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Start,
        Bare,
        Quoted,
        /// A quote inside a quoted cell: its end, or the first of two.
        Ended,
        /// The `=` of a bare `="…"`, and what stands in its quotes.
        Equals,
        Formula,
        FormulaEnded,
    }
    let mut at = if open { At::Quoted } else { At::Start };
    for byte in line {
        at = match (at, byte) {
            (At::Start | At::Ended, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Ended,
            (At::Quoted, _) => At::Quoted,
            (At::Bare, b'"') | (At::Formula, b'\n' | b'\r') => return Scanned::Wrong,
            (At::Start, b'=') => At::Equals,
            (At::Equals, b'"') => At::Formula,
            (At::Formula, b'"') => At::FormulaEnded,
            (At::Formula, _) => At::Formula,
            (At::FormulaEnded, b'"') => return Scanned::Wrong,
            (_, b'\n' | b'\r') => At::Start,
            (_, byte) if *byte == delimiter => At::Start,
            (At::Ended | At::FormulaEnded, _) => return Scanned::Wrong,
            _ => At::Bare,
        };
    }
    match at {
        At::Quoted => Scanned::Open,
        At::Formula => Scanned::Wrong,
        _ => Scanned::Closed,
    }
}

/// The cells of a row whose quotes are right, without its line break. Line breaks inside a cell become LF;
/// gives how many were CR LF or CR.
pub fn cells<'t>(row: &'t str, delimiter: u8, out: &mut Vec<Cow<'t, str>>) -> u64 {
    out.clear();
    let separator = char::from(delimiter);
    if !row.contains('"') {
        out.extend(row.split(separator).map(Cow::Borrowed));
        return 0;
    }
    let (mut rest, mut changed) = (row, 0);
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            // A separator inside `="…"` is the cell's own.
            let from = rest.strip_prefix("=\"").and_then(|text| text.find('"')).map_or(0, |end| end + 2);
            let end = rest.get(from..).and_then(|behind| behind.find(separator)).map(|at| from + at);
            match end.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?))) {
                Some((cell, behind)) => {
                    out.push(Cow::Borrowed(cell));
                    rest = behind;
                    continue;
                }
                None => {
                    out.push(Cow::Borrowed(rest));
                    return changed;
                }
            }
        };
        let end = end_of_quoted(quoted);
        let (inner, behind) =
            (quoted.get(..end).unwrap_or_default(), quoted.get(end + 1..).unwrap_or_default());
        out.push(unquoted(inner, &mut changed));
        match behind.strip_prefix(separator) {
            Some(next) => rest = next,
            None => return changed,
        }
    }
}

/// Where the closing quote stands.
fn end_of_quoted(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(quote) = memchr::memchr(b'"', bytes.get(at..).unwrap_or_default()) {
        if bytes.get(at + quote + 1) != Some(&b'"') {
            return at + quote;
        }
        at += quote + 2;
    }
    bytes.len()
}

fn unquoted<'t>(inner: &'t str, changed: &mut u64) -> Cow<'t, str> {
    let has_cr = inner.contains('\r');
    if !has_cr && !inner.contains('"') {
        return Cow::Borrowed(inner);
    }
    let mut text = inner.replace("\"\"", "\"");
    if has_cr {
        *changed += inner.bytes().filter(|byte| *byte == b'\r').count() as u64;
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    Cow::Owned(text)
}

/// The delimiter that a line `sep=;` before the header names.
pub(super) fn named_delimiter(line: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(line).ok()?.trim_end_matches(['\r', '\n']);
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let head = text.get(..4)?;
    match text.get(4..)?.as_bytes() {
        [delimiter] if head.eq_ignore_ascii_case("sep=") && delimiter.is_ascii() => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter that a header has most of outside its quotes; a comma where it has none.
pub(super) fn delimiter_of(header: &[u8]) -> u8 {
    let mut counts = [0_u32; 3];
    let mut quoted = false;
    for byte in header {
        quoted ^= *byte == b'"';
        let known = DELIMITERS.iter().zip(&mut counts).find(|(delimiter, _)| *delimiter == byte && !quoted);
        if let Some((_, count)) = known {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    DELIMITERS.iter().zip(counts).find(|(_, count)| *count == most).map_or(b',', |(delimiter, _)| *delimiter)
}

/// Whether a row is left out as a blank line is: nothing but blanks, ^Z, NUL and what `others` has.
pub(super) fn is_blank(row: &[u8], others: &[u8]) -> bool {
    row.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x1A) || others.contains(byte))
}

/// How many cells a row has whose quotes are closed.
pub(super) fn width(row: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    let ends = row.iter().filter(|byte| {
        quoted ^= **byte == b'"';
        **byte == delimiter && !quoted
    });
    1 + ends.count()
}

/// A cell as it is written: in quotes where it needs them.
pub fn written(cell: &str, out: &mut String) {
    if !cell.contains([',', '"', '\n', '\r', ';', '\t']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

/// The rule that a row of wrong quotes breaks.
pub(super) fn fault(scanned: Scanned) -> Option<Rule> {
    match scanned {
        Scanned::Closed => None,
        Scanned::Open => Some(Rule::CsvQuoteOpen),
        Scanned::Wrong => Some(Rule::CsvQuoteText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_around_a_whole_cell_or_the_row_is_wrong() {
        for (line, expected) in [
            ("a,b\n", Scanned::Closed),
            ("\"a\",\"b\"\"c\"\r\n", Scanned::Closed),
            ("\"\",\"\"\"\"\n", Scanned::Closed),
            ("a,\"b\n", Scanned::Open),
            ("a,\"b\"\" x\n", Scanned::Open),
            ("a,\"b\"c\n", Scanned::Wrong),
            ("a,b\"c\"\n", Scanned::Wrong),
            ("a, \"b\"\n", Scanned::Wrong),
            ("=\"1\",=\"a,b\"\n", Scanned::Closed),
            ("=\"1\"x,b\n", Scanned::Wrong),
            ("=\"1\"\"2\",b\n", Scanned::Wrong),
            ("=\"1\n", Scanned::Wrong),
            ("=1,==,=\n", Scanned::Closed),
        ] {
            assert_eq!(scan(line.as_bytes(), false, b','), expected, "{line}");
        }
        assert_eq!(scan(b"b\",c\n", true, b','), Scanned::Closed);
        assert_eq!(scan(b"b\",c\n", false, b','), Scanned::Wrong);
    }

    #[test]
    fn a_number_guarded_as_a_formula_is_one_cell() {
        let mut out = Vec::new();
        cells("=\"190101\",\"a\",=\"b,c\",=", b',', &mut out);
        assert_eq!(out, ["=\"190101\"", "a", "=\"b,c\"", "="]);
    }

    #[test]
    fn cells_are_taken_apart_as_they_were_put_together() {
        let all = ["", "a", "a,b", "say \"x\"", "two\nlines", "\"", ",", "长期"];
        for first in all {
            for second in all {
                let mut row = String::new();
                written(first, &mut row);
                row.push(',');
                written(second, &mut row);
                let mut out = Vec::new();
                assert_eq!(cells(&row, b',', &mut out), 0);
                assert_eq!(out, [first, second], "{row}");
            }
        }
        let mut out = Vec::new();
        assert_eq!(cells("\"a\r\nb\rc\";d", b';', &mut out), 2);
        assert_eq!(out, ["a\nb\nc", "d"]);
    }

    #[test]
    fn the_delimiter_is_named_or_found_in_the_header() {
        assert_eq!(named_delimiter(b"sep=;\r\n"), Some(b';'));
        assert_eq!(named_delimiter(b"\"SEP=|\"\n"), Some(b'|'));
        assert_eq!(named_delimiter(b"separator\n"), None);
        assert_eq!(delimiter_of(b"a;b;c,d"), b';');
        assert_eq!(delimiter_of(b"\"a;b;c\",d"), b',');
        assert_eq!(delimiter_of("姓名\t号码".as_bytes()), b'\t');
        assert_eq!(delimiter_of(b"type"), b',');
    }
}
