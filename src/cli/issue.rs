//! `elicense issue`: records from JSON lines, each a draft or `{"envelope": "<compact JWS>"}`.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::{Error, Result};
use crate::registry::{Draft, IssueOutcome, Submitted};

/// Arguments of `issue`.
#[derive(clap::Args)]
pub struct Args {
    /// A file of JSON lines, or `-` for standard input.
    file: PathBuf,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Envelope { envelope: String },
    Draft(Box<Draft>),
}

/// Issues line by line; the first refusal ends the run with its line, and what went before stays issued.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let text = input::text(&args.file)?;
    let registry = globals.open()?;
    let actor = globals.actor();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at_line = |error: Error| error.within(&format!("line {}", number + 1));
        let submitted = match input::json(line, "record").map_err(at_line)? {
            Line::Envelope { envelope } => Submitted::Envelope(envelope),
            Line::Draft(draft) => Submitted::Draft(*draft),
        };
        registry.refresh()?;
        let issued = registry.issue(&actor, &submitted).map_err(at_line)?;
        let word = match issued.outcome {
            IssueOutcome::Issued => "issued",
            IssueOutcome::AlreadyThere => "already there",
        };
        let text = format!("{word}  {}  leaf {} of {}", issued.identifier, issued.leaf, issued.log);
        let value = json!({
            "outcome": word, "identifier": issued.identifier, "version": issued.version, "log": issued.log,
            "leaf": issued.leaf, "at": issued.at, "remarks": issued.remarks,
        });
        output.say(&text, &value);
    }
    Ok(0)
}
