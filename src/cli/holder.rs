//! `elicense holder`: marks of life and links between codes, from JSON: a number never stands in an argument.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input;
use super::output::{Output, counted, table};
use super::place::Globals;
use crate::error::Result;
use crate::registry::{
    AskedHolder, DirectoryAsk, DirectoryDraft, DirectoryLine, LinkCommand, MarkCommand, Purpose, ReceiptForm,
    Rekeyed,
};

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// Mark a holder deceased, reported dead, provisional, …, or `normal` again.
    Mark {
        /// JSON {holder:{type,code}, state, source, ground, agency, household_elsewhere?}; `-` for standard input.
        file: PathBuf,
    },
    /// Link two codes: same_person, same_entity, successor.
    Link {
        /// JSON {from:{type,code}, to:{type,code}, kind, ground, agency, names_differ?, household_elsewhere?}; `-` for
        /// standard input.
        file: PathBuf,
    },
    /// Take a link back.
    Unlink {
        /// The same JSON.
        file: PathBuf,
    },
    /// Bring the keys that permits had with their counts of renewals to the key of the person: by links, or where these
    /// would be more than four codes by moving the records.
    Rekey,
    /// Mark whom certificates on file speak of (a death) that came in before their type marked anybody; `fsck` lists them.
    CatchUp,
    /// List everything on file for a holder, wherever it is kept; the number from standard input or a prompt.
    List {
        /// Holder code type: 111 citizen ID number, 001 credit code, …
        #[arg(long = "type", default_value = "111")]
        code_type: String,
        /// The item (事项) it is for.
        #[arg(long)]
        item: String,
        /// The article of law that allows work at no item (item audit, court or correction).
        #[arg(long)]
        article: Option<String>,
        /// The reason in words.
        #[arg(long)]
        reason: String,
        /// What the page before named as the place of the next one.
        #[arg(long)]
        after: Option<String>,
    },
    /// Add a directory entry without a body: at the issuer, on paper, elsewhere.
    Directory {
        /// JSON {type, issuer, holders, custody, office, number?, note?}; `-` for standard input.
        file: PathBuf,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, command: &Command, output: &Output) -> Result<u8> {
    if let Command::List { code_type, item, article, reason, after } = command {
        let purpose = Purpose { article: article.clone(), ..Purpose::new(item, reason) };
        return list(globals, (code_type, purpose, after.clone()), output);
    }
    let registry = globals.open_with_access()?;
    let actor = globals.actor();
    let changed = match command {
        Command::List { .. } => return Ok(0),
        Command::Rekey => {
            let done = registry.rekey_holders(&actor);
            registry.stop_access();
            return rekey(&done?, output);
        }
        Command::CatchUp => {
            let done = registry.catch_up_on_certificates(&actor);
            registry.stop_access();
            let done = done?;
            let text = format!(
                "{} marked their holders: {} made",
                counted(done.certificates, "certificate"),
                counted(done.marks, "mark")
            );
            output.say(&text, &done);
            return Ok(0);
        }
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
    let text = format!("{}: leaf {} of {}", changed.action, changed.leaf, changed.log);
    output.say(&text, &json!({"action": changed.action, "log": changed.log, "leaf": changed.leaf}));
    Ok(0)
}

fn rekey(done: &Rekeyed, output: &Output) -> Result<u8> {
    let Rekeyed { found, linked, moved, already, left } = done;
    let mut text = format!(
        "{found} keys of an earlier form: {linked} linked now, {already} linked before, the records of {moved} moved"
    );
    if *left > 0 {
        text += &format!(
            "; {left} left: they have marks or links of their own, and more than four codes would be of one holder; or \
             somebody changed them meanwhile. Run it again; what is left then needs its marks stated under the key of today"
        );
    }
    output.say(&text, done);
    Ok(if *left > 0 { 3 } else { 0 })
}

/// Lists the holder's directory; the access is logged before anything is printed.
fn list(
    globals: &Globals,
    (code_type, purpose, after): (&str, Purpose, Option<String>),
    output: &Output,
) -> Result<u8> {
    let code = input::line("Number: ", false)?;
    let ask = DirectoryAsk {
        holder: AskedHolder { code_type: code_type.to_owned(), code },
        purpose,
        receipt: ReceiptForm::Full,
        after,
    };
    let registry = globals.open_with_access()?;
    let listed = super::serve::runtime()?.block_on(registry.directory(&globals.actor(), &ask));
    registry.stop_access();
    let listed = listed?;
    let entries: Vec<[String; 5]> = listed.entries.iter().map(line).collect();
    let mut lines = table("  ", &entries);
    if lines.is_empty() && listed.next.is_none() {
        lines.push("  nothing on file here".to_owned());
    }
    lines.extend(listed.next.as_deref().map(super::output::next_page));
    lines.push(super::output::receipt(&listed.receipt));
    output.say(&lines.join("\n"), &listed);
    Ok(0)
}

fn line(entry: &DirectoryLine) -> [String; 5] {
    let word = |value: Option<&str>| value.unwrap_or("–").to_owned();
    [
        word(entry.name_zh.as_deref()),
        word(entry.custody.map(|custody| custody.wire())),
        entry.verdict.wire().to_owned(),
        word(entry.identifier.as_deref()),
        word(entry.office.as_deref()),
    ]
}
