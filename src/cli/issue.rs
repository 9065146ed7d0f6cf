//! `elicense issue`: records from JSON lines, each a draft, `{"record": <draft>, "action": "transfer_in"}` or
//! `{"envelope": "<compact JWS>"}`.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::{Error, Result};
use crate::registry::{Beginning, Draft, IssueOutcome, Submitted};

/// Arguments of `issue`.
#[derive(clap::Args)]
pub struct Args {
    /// A file of JSON lines, or `-` for standard input.
    file: PathBuf,
}

/// A draft as it is, or in the form that the API takes, where an action can be said.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Envelope {
        envelope: String,
        #[serde(default)]
        action: Beginning,
    },
    Record {
        record: Box<Draft>,
        #[serde(default)]
        action: Beginning,
    },
    Draft(Box<Draft>),
}

/// Issues line by line; the first refusal ends the run with its line, and what went before stays issued.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let text = input::text(&args.file)?;
    let registry = globals.open()?;
    let actor = globals.actor();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at_line = |error: Error| error.within(&format!("line {}", number + 1));
        let (submitted, beginning) = match input::json(line, "record").map_err(at_line)? {
            Line::Envelope { envelope, action } => (Submitted::Envelope(envelope), action),
            Line::Record { record, action } => (Submitted::Draft(*record), action),
            Line::Draft(draft) => (Submitted::Draft(*draft), Beginning::Issue),
        };
        registry.refresh()?;
        let issued = registry.begin(&actor, &submitted, beginning, None).map_err(at_line)?;
        let word = match issued.outcome {
            IssueOutcome::Issued => "issued",
            IssueOutcome::AlreadyThere => "already there",
        };
        let mut text = format!("{word}  {}  leaf {} of {}", issued.identifier, issued.leaf, issued.log);
        for ended in &issued.ended {
            let name = ended.identifier.as_deref().unwrap_or(&ended.type_code);
            let _ = write!(text, "\n  {}  {name}", ended.action.wire());
        }
        for proposal in &issued.proposals {
            let name = proposal.identifier.as_deref().unwrap_or(&proposal.type_code);
            let _ = write!(text, "\n  {} proposed to {}  {name}", proposal.action.wire(), proposal.issuer);
        }
        let value = json!({
            "outcome": word, "identifier": issued.identifier, "version": issued.version, "log": issued.log,
            "leaf": issued.leaf, "at": issued.at, "signed_by_issuer": issued.signed_by_issuer,
            "remarks": issued.remarks, "ended": issued.ended, "proposals": issued.proposals,
        });
        output.say(&text, &value);
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAFT: &str =
        r#"{"type":"t","issuer":"i","holders":[],"issued_on":"2020-01-01","face":{"bank":"a"}}"#;

    #[test]
    fn a_line_says_how_the_record_begins() {
        let begins = |line: &str| match input::json::<Line>(line, "record") {
            Ok(Line::Envelope { action, .. } | Line::Record { action, .. }) => Some(action),
            Ok(Line::Draft(_)) => Some(Beginning::Issue),
            Err(_) => None,
        };
        assert_eq!(begins(DRAFT), Some(Beginning::Issue));
        assert_eq!(begins(&format!(r#"{{"record":{DRAFT}}}"#)), Some(Beginning::Issue));
        let moved = format!(r#"{{"record":{DRAFT},"action":"transfer_in"}}"#);
        assert_eq!(begins(&moved), Some(Beginning::TransferIn));
        assert_eq!(begins(r#"{"envelope":"a.b.c","action":"transfer_in"}"#), Some(Beginning::TransferIn));
        for other in [
            moved.replace("transfer_in", "renew"),
            DRAFT.replace(r#""bank":"a""#, r#""bank":"a","bank":"b""#),
        ] {
            assert_eq!(begins(&other), None, "{other}");
        }
    }
}
