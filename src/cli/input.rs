//! The input of a command: numbers and secrets from a prompt or standard input, documents from files.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::Path;

use crate::clock::{Day, Moment, TimeFault};
use crate::error::{Code, Error, Result};

/// One line: from a prompt if a person sits there, else the first line of standard input. Trailing line ends
/// and blanks are cut; the caller judges the rest.
pub fn line(prompt: &str, hidden: bool) -> Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() && hidden {
        let typed = rpassword::prompt_password(prompt).map_err(unreadable)?;
        return Ok(typed);
    }
    if stdin.is_terminal() {
        super::output::Output::new(false).note(prompt.trim_end());
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(unreadable)?;
    Ok(line.trim_end().to_owned())
}

/// A document: a file's text, or standard input for `-`. A byte order mark is passed over: editors put it there.
pub fn text(path: &Path) -> Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
    } else {
        text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(Code::ConfigInvalid, format!("{} cannot be read", path.display())).caused_by(error)
        })?;
    }
    if text.starts_with('\u{FEFF}') {
        text.drain(..'\u{FEFF}'.len_utf8());
    }
    Ok(text)
}

/// A document that is one JSON object of a known shape. A refusal is like that of a body over HTTP: by field
/// and rule, never with the value.
pub fn json<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T> {
    crate::http::json::parse(text.as_bytes()).map_err(|error| error.within(what))
}

/// A document that is one such object or a list of them.
pub fn json_list<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<Vec<T>> {
    match text.trim_ascii_start().starts_with('[') {
        true => crate::http::json::read(text).map_err(|error| error.within(what)),
        false => Ok(vec![json(text, what)?]),
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::new(Code::ConfigInvalid, "standard input cannot be read").caused_by(error)
}

/// An instant as people write it: RFC 3339 with any fraction and offset, or a day, which begins at 00:00 in Beijing.
pub fn instant(text: &str) -> std::result::Result<Moment, TimeFault> {
    text.parse::<Day>().map(Day::start).or_else(|_| Moment::of_rfc3339(text))
}

/// A refusal of an argument, with the accepted values.
pub fn usage(field: &'static str, detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::FieldInvalid, detail).at(field)
}

/// The accepted values.
pub fn words<'w>(all: impl Iterator<Item = &'w str>) -> String {
    format!("one of {}", all.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i9_an_instant_is_taken_in_every_precision_and_a_day_begins_in_beijing() {
        let same = "2026-11-22T01:30:00.000000Z".parse::<Moment>().unwrap();
        for text in [
            "2026-11-22T01:30:00Z",
            "2026-11-22T01:30:00.000Z",
            "2026-11-22T09:30:00+08:00",
            "2026-11-22 09:30:00.0+08:00",
            "2026-11-22T09:30+08:00",
            "2026-11-22T01:30Z",
        ] {
            assert_eq!(instant(text).unwrap(), same, "{text}");
        }
        assert_eq!(instant("2026-11-22").unwrap().to_string(), "2026-11-21T16:00:00.000000Z");
        for text in ["", "2026-11-22T01:30:00", "22.11.2026", "2026-02-30", "2026-11-22T25:00:00Z", "now"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_before_json_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        std::fs::write(&path, "\u{FEFF}{\"a\":1}").unwrap();
        assert_eq!(
            json::<serde_json::Value>(&text(&path).unwrap(), "a").unwrap(),
            serde_json::json!({"a": 1})
        );
    }
}
