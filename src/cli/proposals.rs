//! `elicense proposals`: ends of records that rules proposed to their issuers, as long as they are open; and `decline`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input;
use super::output::{Output, next_page, table};
use super::place::Globals;
use crate::error::Result;
use crate::registry::{DeclineCommand, OpenProposal, ProposalsAsk};

/// Lists the open proposals where no more is said.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Proposals {
    /// To this agency alone, and to those from which it took over.
    #[arg(long)]
    agency: Option<String>,
    /// What the page before named as the place of the next one.
    #[arg(long)]
    after: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Decline a proposal with a ground: the record stays as it is. `act` carries one out.
    Decline {
        /// JSON {identifier, action, ground, agency?}; `-` for standard input.
        file: PathBuf,
    },
}

/// Carries the command out; the accesses are logged before anything is printed.
pub fn run(globals: &Globals, args: &Proposals, output: &Output) -> Result<u8> {
    if let Some(Command::Decline { file }) = &args.command {
        return decline(globals, file, output);
    }
    let registry = globals.open_with_access()?;
    let ask = ProposalsAsk { after: args.after.clone() };
    let listed = registry.proposals(&globals.actor(), args.agency.as_deref(), &ask);
    registry.stop_access();
    let listed = listed?;
    let mut lines = table("", &listed.proposals.iter().map(line).collect::<Vec<_>>());
    if lines.is_empty() && listed.next.is_none() {
        lines.push("No open proposals.".to_owned());
    }
    lines.extend(listed.next.as_deref().map(next_page));
    output.say(&lines.join("\n"), &json!(listed));
    Ok(0)
}

fn decline(globals: &Globals, file: &std::path::Path, output: &Output) -> Result<u8> {
    let command: DeclineCommand = input::json(&input::text(file)?, "decline")?;
    let registry = globals.open_with_access()?;
    let declined = registry.decline(&globals.actor(), &command, None);
    registry.stop_access();
    let declined = declined?;
    let text = format!("{} declined: leaf {} of {}", declined.action.wire(), declined.leaf, declined.log);
    output.say(&text, &json!(declined));
    Ok(0)
}

/// Since when, to whom, what is proposed for what and whom, and by which certificate.
fn line(one: &OpenProposal) -> [String; 6] {
    let identifier = one.identifier.clone().unwrap_or_else(|| "–".to_owned());
    [
        one.at.day().to_string(),
        one.issuer.clone(),
        format!("{} {}", one.action.zh(), one.name_zh),
        one.holders.join(" "),
        format!("{identifier} v{}", one.version),
        format!("因 {}", one.because_zh),
    ]
}
