//! `elicense holder`: marks of life and links between codes, from JSON: a number never stands in an argument.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::Result;
use crate::registry::{DirectoryAsk, DirectoryDraft, LinkCommand, MarkCommand};

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
    /// List what exists for a holder, wherever it is kept; the number from standard input or a prompt.
    List {
        /// Holder code type: 111 citizen ID number, 001 credit code, …
        #[arg(long = "type", default_value = "111")]
        code_type: String,
        /// The item (事项) it is for.
        #[arg(long)]
        item: String,
        /// The reason in words.
        #[arg(long)]
        reason: String,
    },
    /// Add a directory entry without a body: at the issuer, on paper, elsewhere.
    Directory {
        /// JSON {type, issuer, holders, custody, office, number?, note?}; `-` for standard input.
        file: PathBuf,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, command: &Command, output: &Output) -> Result<u8> {
    if let Command::List { code_type, item, reason } = command {
        return list(globals, (code_type, item, reason), output);
    }
    let registry = globals.open_with_access()?;
    let actor = globals.actor();
    let changed = match command {
        Command::List { .. } => return Ok(0),
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

/// Lists the holder's directory; the access is logged before anything is printed.
fn list(globals: &Globals, (code_type, item, reason): (&str, &str, &str), output: &Output) -> Result<u8> {
    let code = input::line("Number: ", false)?;
    let ask = json!({
        "holder": {"type": code_type, "code": code}, "purpose": {"item": item, "reason": reason},
    });
    let ask: DirectoryAsk = input::json(&ask.to_string(), "list")?;
    let registry = globals.open_with_access()?;
    let shown = super::serve::runtime()?.block_on(registry.directory(&globals.actor(), &ask));
    registry.stop_access();
    let body = shown?.body;
    let word = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("–").to_owned();
    let entries = body.get("entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut lines = Vec::with_capacity(entries.len() + 1);
    for entry in entries {
        lines.push(format!(
            "  {:<14} {:<10} {:<12} {}  {}",
            word(entry, "name_zh"),
            word(entry, "custody"),
            word(entry, "verdict"),
            word(entry, "identifier"),
            word(entry, "office"),
        ));
    }
    if entries.is_empty() {
        lines.push("  nothing on file here".to_owned());
    }
    let receipt = body.get("receipt").unwrap_or(&Value::Null);
    let index = receipt.get("index").and_then(Value::as_u64).unwrap_or_default();
    lines.push(format!("Receipt {} #{index}", word(receipt, "log")));
    output.say(&lines.join("\n"), &body);
    Ok(0)
}
