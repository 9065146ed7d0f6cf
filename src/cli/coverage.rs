//! `elicense coverage`: statements about the contents of the stock here.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input;
use super::output::{Output, counted_len, table};
use super::place::Globals;
use crate::catalog::{Coverage, FEED_LATE_S};
use crate::error::Result;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// State coverage from JSON (one statement, or a list; `-` for standard input).
    State {
        /// The file.
        file: PathBuf,
    },
    /// Take a statement off the books, as a signed public event: nothing is told absent by it until the stock is stated
    /// anew, as the agency's own system may do.
    Withdraw {
        /// Type code or short name.
        r#type: String,
        /// The issuing system, as the statement names it.
        system: String,
        /// Why.
        #[arg(long)]
        ground: String,
    },
    /// List the statements in force: what they cover, their share of the stock, the last sign of life of their feeds.
    List,
}

/// Carries the command out.
pub fn run(globals: &Globals, command: &Command, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    match command {
        Command::State { file } => {
            let text = input::text(file)?;
            let statements: Vec<Coverage> = input::json_list(&text, "coverage")?;
            for coverage in &statements {
                registry.state_coverage(&globals.name, coverage)?;
            }
            output.say(
                &format!("{} statements signed.", statements.len()),
                &json!({"statements": statements.len()}),
            );
        }
        Command::Withdraw { r#type, system, ground } => {
            registry.withdraw_coverage(&globals.name, r#type, system, ground)?;
            let text = format!(
                "The statement for {system} is withdrawn; nothing is told absent until its stock is stated anew."
            );
            output.say(&text, &json!({"type": r#type, "issuing_system": system, "done": "withdrawn"}));
        }
        Command::List => {
            let (snapshot, now) = (registry.snapshot(), registry.now());
            let (mut lines, mut values) = (Vec::new(), Vec::new());
            for entry in snapshot.catalog.types() {
                for one in snapshot.catalog.coverages(&entry.def().code) {
                    let late = one.is_late(now, FEED_LATE_S);
                    lines.push(line(&entry.def().name.zh, one, late));
                    let mut value = json!(one);
                    if let Some(members) = value.as_object_mut() {
                        members.insert("late".to_owned(), late.into());
                    }
                    values.push(value);
                }
            }
            output.say(&table("", &lines).join("\n"), &json!(values));
        }
    }
    Ok(0)
}

/// Type, what is covered, share, last sign of life, and what keeps it from proving an absence.
fn line(name: &str, one: &Coverage, late: bool) -> [String; 5] {
    let share = format!("{}.{}%", one.share_on_file / 10, one.share_on_file % 10);
    let heartbeat = format!("心跳 {} UTC+8", one.heartbeat.legal_text());
    let mut less = Vec::new();
    if late {
        less.push("更新逾期 late".to_owned());
    }
    if one.unbound + one.quarantined > 0 {
        less.push(format!("待绑定 unbound {}, 待核 quarantined {}", one.unbound, one.quarantined));
    }
    if !one.gaps.is_empty() {
        less.push(format!("已知缺口 {}", counted_len(one.gaps.len(), "gap")));
    }
    [name.to_owned(), one.scope(), share, heartbeat, less.join("; ")]
}
