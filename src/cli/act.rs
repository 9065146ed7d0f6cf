//! `elicense act`: actions on records, from JSON lines.

use std::path::PathBuf;

use serde_json::json;

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::Result;
use crate::registry::ActCommand;

/// Arguments of `act`.
#[derive(clap::Args)]
pub struct Args {
    /// A file of JSON lines {identifier, version, action, ground, …}, or `-`.
    file: PathBuf,
}

/// Carries the actions out in order; the first refusal ends the run with its line.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let text = input::text(&args.file)?;
    let registry = globals.open_with_access()?;
    let actor = globals.actor();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at_line = |error: crate::error::Error| error.within(&format!("line {}", number + 1));
        let command: ActCommand = input::json(line, "action").map_err(at_line)?;
        registry.refresh()?;
        let acted = registry.act(&actor, &command).map_err(at_line)?;
        let text = format!(
            "{}  {}  version {}  leaf {} of {}",
            acted.action.wire(),
            acted.state.wire(),
            acted.version,
            acted.leaf,
            acted.log
        );
        output.say(&text, &json!(acted));
    }
    registry.stop_access();
    Ok(0)
}
