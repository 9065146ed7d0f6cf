//! `elicense log`: the transparency logs.

use clap::Subcommand;
use serde_json::json;

use super::output::{Output, counted, table};
use super::place::Globals;
use crate::error::Result;
use crate::registry::Registry;
use crate::store::Side;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// List the logs with size, checkpoint time and verifier key.
    List,
    /// Add a log: `access-<node>` for one more process that serves.
    Add {
        /// Its name.
        name: String,
    },
    /// Close a log for good and open its successor.
    Succeed {
        /// Its name.
        name: String,
    },
    /// Put the holders' lists of accesses right, from the access logs; also while it serves.
    Relist,
    /// Take the logs as they are where the file `anchors` of a data directory is lost; only if the database did
    /// not go back. A signed order says so for ever.
    Accept {
        /// The node whose data directory this is; on SQLite all share one.
        #[arg(long, default_value = "main")]
        node: String,
        /// How the file was lost, and how you know that the database is the latest.
        #[arg(long)]
        why: String,
    },
    /// Print a log's checkpoint.
    Checkpoint {
        /// Its name.
        name: String,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    let registry = match command {
        Command::Accept { .. } => globals.open_as_found()?,
        _ => globals.open()?,
    };
    let heads = || -> Result<Vec<_>> {
        let mut heads = registry.store().read_side_now(Side::Registry, |reader| reader.heads())?;
        for head in registry.store().read_side_now(Side::Access, |reader| reader.heads())? {
            if heads.iter().all(|known| known.log != head.log) {
                heads.push(head);
            }
        }
        Ok(heads)
    };
    match command {
        Command::List => {
            let (mut lines, mut values) = (Vec::new(), Vec::new());
            for head in heads()? {
                let key = registry.log_verifier(&head.log)?.to_string();
                let closed = if head.closed { "closed" } else { "" };
                let size = format!("{:>10}", head.size);
                lines.push([head.log.clone(), size, head.at.to_string(), closed.to_owned(), key.clone()]);
                values.push(json!({"log": head.log, "size": head.size, "at": head.at, "closed": head.closed, "verifier_key": key}));
            }
            output.say(&table("", &lines).join("\n"), &json!(values));
        }
        Command::Add { name } => {
            let key = registry.open_log(&globals.name, &name)?;
            output.say(&format!("Log {name} made.\n{key}"), &json!({"log": name, "verifier_key": key}));
        }
        Command::Succeed { name } => {
            let (closed, next) = registry.succeed_log(&globals.name, &name)?;
            let text = format!(
                "Log {} is closed at {}; {next} follows.",
                closed.log,
                counted(closed.size, "leaf/leaves")
            );
            output.say(&text, &json!({"closed": closed.log, "size": closed.size, "successor": next}));
        }
        Command::Relist => {
            let mended = registry.mend_lists()?;
            let lag = registry.follow_accesses()?;
            let text = format!(
                "{} listed, {} taken off.",
                counted(mended.listed, "access/accesses"),
                counted(mended.taken_off, "line")
            );
            output.say(&text, &json!({"mended": mended, "lag": lag}));
        }
        Command::Accept { node, why } => accept(&registry, globals, (&node, &why), output)?,
        Command::Checkpoint { name } => {
            let head = heads()?.into_iter().find(|head| head.log == name);
            let head = head.ok_or_else(|| super::input::usage("name", "no log of that name"))?;
            output.say(&head.note, &json!({"log": head.log, "checkpoint": head.note}));
        }
    }
    Ok(0)
}

fn accept(registry: &Registry, globals: &Globals, (node, why): (&str, &str), output: &Output) -> Result<()> {
    let accepted = registry.accept_logs(&globals.name, node, why)?;
    let lines: Vec<[String; 2]> =
        accepted.logs.iter().map(|(log, size)| [log.clone(), format!("{size:>10}")]).collect();
    let text = format!("Taken as they are, and logged with your ground:\n{}", table("", &lines).join("\n"));
    output.say(&text, &json!(accepted));
    Ok(())
}
