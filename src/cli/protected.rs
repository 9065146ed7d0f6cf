//! `elicense protected`: holders whom staff do not look up unseen. The number comes from standard input or a prompt.

use clap::Subcommand;
use serde_json::json;

use super::input;
use super::output::{Output, table};
use super::place::Globals;
use crate::clock::Day;
use crate::error::Result;
use crate::registry::{AskedHolder, ProtectedLine};

/// The subcommand.
#[derive(Subcommand)]
pub enum ProtectedCommand {
    /// Put a holder on the list, or give the one that is there another reason and last day.
    Add {
        /// Holder code type: 111 citizen ID number, 001 credit code, …
        #[arg(long = "type", default_value = "111")]
        code_type: String,
        /// Why, in words without the number.
        #[arg(long)]
        reason: String,
        /// The last day of the protection; until somebody ends it by default.
        #[arg(long)]
        until: Option<Day>,
    },
    /// End the protection of a holder; the line says so until the holder is protected anew.
    End {
        /// Holder code type.
        #[arg(long = "type", default_value = "111")]
        code_type: String,
    },
    /// List the protected holders; ended protections too.
    List,
}

/// Carries the command out.
pub fn run(globals: &Globals, command: ProtectedCommand, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    match command {
        ProtectedCommand::Add { code_type, reason, until } => {
            let holder = asked(code_type)?;
            registry.protect(&globals.name, &holder, &reason, until)?;
            output.say("The holder is protected.", &json!({"done": "protected", "until": until}));
        }
        ProtectedCommand::End { code_type } => {
            registry.end_protection(&globals.name, &asked(code_type)?)?;
            output.say("The protection has ended.", &json!({"done": "ended"}));
        }
        ProtectedCommand::List => {
            let list = registry.protected()?;
            let lines: Vec<[String; 4]> = list.iter().map(line).collect();
            let text = match lines.is_empty() {
                true => "Nobody is protected.".to_owned(),
                false => table("", &lines).join("\n"),
            };
            output.say(&text, &json!(list));
        }
    }
    Ok(0)
}

fn asked(code_type: String) -> Result<AskedHolder> {
    Ok(AskedHolder { code_type, code: input::line("The holder's number: ", false)? })
}

fn line(line: &ProtectedLine) -> [String; 4] {
    let since = format!("since {} by {}", line.added.at.day(), line.added.by);
    let state = match (&line.ended, line.until) {
        (Some(ended), _) => format!("ended {} by {}", ended.at.day(), ended.by),
        (None, Some(until)) if line.holds => format!("until {until}"),
        (None, Some(until)) => format!("ran out {until}"),
        (None, None) => "in force".to_owned(),
    };
    [line.holder.clone(), since, state, line.reason.clone()]
}
