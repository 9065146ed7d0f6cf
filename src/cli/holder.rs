//! `elicense holder`: marks of life and links between codes, from JSON: a number never stands in an argument.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::Result;
use crate::registry::{DirectoryDraft, LinkCommand, MarkCommand};

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Mark a holder deceased, reported dead, provisional, …, or `normal` again.
    Mark {
        /// JSON {holder:{type,code}, state, source, ground, agency}; `-` for standard input.
        file: PathBuf,
    },
    /// Link two codes: same_person, same_entity, successor.
    Link {
        /// JSON {from:{type,code}, to:{type,code}, kind, ground, agency}; `-` for standard input.
        file: PathBuf,
    },
    /// Take a link back.
    Unlink {
        /// The same JSON.
        file: PathBuf,
    },
    /// Add a directory entry without a body: at the issuer, on paper, elsewhere.
    Directory {
        /// JSON {type, issuer, holders, custody, office, number?, note?}; `-` for standard input.
        file: PathBuf,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, command: &Command, output: &Output) -> Result<u8> {
    let registry = globals.open_with_access()?;
    let actor = globals.actor();
    let changed = match command {
        Command::Mark { file } => {
            let command: MarkCommand = input::json(&input::text(file)?, "mark")?;
            registry.mark_holder(&actor, &command, None)
        }
        Command::Link { file } => {
            let command: LinkCommand = input::json(&input::text(file)?, "link")?;
            registry.link_holders(&actor, &command, None)
        }
        Command::Unlink { file } => {
            let command: LinkCommand = input::json(&input::text(file)?, "link")?;
            registry.unlink_holders(&actor, &command, None)
        }
        Command::Directory { file } => {
            let draft: DirectoryDraft = input::json(&input::text(file)?, "directory")?;
            let put = registry.put_directory(&actor, &draft, None);
            registry.stop_access();
            let put = put?;
            output.say(
                &format!("entered, leaf {} of {}", put.leaf, put.log),
                &json!({"log": put.log, "leaf": put.leaf}),
            );
            return Ok(0);
        }
    };
    registry.stop_access();
    let changed = changed?;
    let text =
        format!("{}: {} links, leaf {} of {}", changed.action, changed.links, changed.leaf, changed.log);
    output.say(&text, &json!({"action": changed.action, "state": changed.state, "links": changed.links, "log": changed.log, "leaf": changed.leaf}));
    Ok(0)
}
