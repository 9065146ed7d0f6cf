//! Lines of the operator's log on standard error: time, level, target, text.

use std::io::Write as _;

use crate::clock::Clock;
use crate::identity::contains_citizen_number;
use crate::text::is_hidden;

/// What `serve` tells where `RUST_LOG` says nothing: its own course, refused requests, what went wrong. `access=info`
/// adds a line for every request.
pub const SERVING: &str = "warn,elicense=info,operator=info,access=warn";
/// What every other command tells: what went wrong.
pub const COMMAND: &str = "warn";

/// Sends the lines of the operator's log to standard error from now on.
pub fn begin(unless_said: &str) {
    let mut builder =
        env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(unless_said));
    // The client that puts questions to departments tells heads of their answers in its own log; nobody reads it here.
    builder.filter_module("ureq", log::LevelFilter::Off);
    builder.filter_module("ureq_proto", log::LevelFilter::Off);
    builder.format(|out, record| {
        let at = Clock::System.now();
        writeln!(out, "{at} {:<5} {} {}", record.level(), record.target(), shown(&record.args().to_string()))
    });
    builder.init();
}

/// A text as it may stand in a line: one line, nothing hidden, no person's number (I3). Texts of other programs may
/// quote what they choked on.
fn shown(text: &str) -> String {
    if contains_citizen_number(text) {
        return "(withheld: the text holds a number)".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i3_a_line_is_one_line_and_holds_no_number() {
        assert_eq!(shown("checkpoint log=records size=7"), "checkpoint log=records size=7");
        assert_eq!(shown("a\nb\u{202e}c"), "a\\nb\\u{202e}c");
        let check = crate::identity::citizen_check("19010119900307123").unwrap();
        let number = format!("19010119900307123{check}");
        assert!(!shown(&format!("duplicate key ({number})")).contains("19010119900307123"));
    }
}
