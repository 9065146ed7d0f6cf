//! `elicense issue`: records from JSON lines, each a draft, `{"record": <draft>, "action": "transfer_in"}` or
//! `{"envelope": "<compact JWS>"}`.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::json;

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::catalog::FaceNote;
use crate::error::{Error, Result};
use crate::identity::RemarkKind;
use crate::registry::{IssueOutcome, SentLine};

/// Arguments of `issue`.
#[derive(clap::Args)]
pub struct Args {
    /// A file of JSON lines, or `-` for standard input.
    file: PathBuf,
}

/// Issues line by line. The first refusal ends the run with its line; the records before it stay issued.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let text = input::text(&args.file)?;
    // A number clash shows the other face, and that is an access.
    let registry = globals.open_with_access()?;
    let actor = globals.actor();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at_line = |error: Error| error.within(&format!("line {}", number + 1));
        let sent: SentLine = input::json(line, "record").map_err(at_line)?;
        let (submitted, origin) = sent.submitted().map_err(at_line)?;
        registry.refresh()?;
        let issued = registry.begin(&actor, &submitted, origin, None).map_err(at_line)?;
        let word = match issued.outcome {
            IssueOutcome::Issued => "issued",
            IssueOutcome::AlreadyThere => "already there",
        };
        let mut text = format!("{word}  {}  leaf {} of {}", issued.identifier, issued.leaf, issued.log);
        for remark in &issued.remarks {
            let (zh, en) = said(remark);
            let _ = write!(text, "\n  {remark}  {zh} ({en})");
        }
        for ended in &issued.ended {
            let name = ended.identifier.as_deref().unwrap_or(&ended.type_code);
            let _ = write!(text, "\n  {}  {name}", ended.action.wire());
        }
        for proposal in &issued.proposals {
            let name = proposal.identifier.as_deref().unwrap_or(&proposal.type_code);
            let _ = write!(text, "\n  {} proposed to {}  {name}", proposal.action.wire(), proposal.issuer);
        }
        for mark in &issued.marked {
            let _ = write!(text, "\n  holder marked {} since {}", mark.state.wire(), mark.since);
        }
        let value = json!({
            "outcome": word, "identifier": issued.identifier, "version": issued.version, "log": issued.log,
            "leaf": issued.leaf, "at": issued.at, "signed_by_issuer": issued.signed_by_issuer,
            "remarks": issued.remarks, "ended": issued.ended, "proposals": issued.proposals,
            "marked": issued.marked,
        });
        output.say(&text, &value);
    }
    registry.stop_access();
    Ok(0)
}

/// A remark in both languages: on a field of the record, or on a holder's number.
fn said(remark: &str) -> (&'static str, &'static str) {
    let field = FaceNote::read(remark).map(|note| (note.kind.zh(), note.kind.en()));
    let number = || RemarkKind::from_wire(remark).map(|kind| (kind.zh(), kind.en()));
    field.or_else(number).unwrap_or_default()
}
