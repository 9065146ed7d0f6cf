//! `elicense coverage`: statements about the contents of the stock here.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::catalog::Coverage;
use crate::error::Result;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// State coverage from JSON (one statement, or a list; `-` for standard input).
    State {
        /// The file.
        file: PathBuf,
    },
    /// List the statements in force.
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
        Command::List => {
            let snapshot = registry.snapshot();
            let types = snapshot.catalog.types();
            let all: Vec<&Coverage> =
                types.iter().flat_map(|entry| snapshot.catalog.coverages(&entry.def().code)).collect();
            let lines: Vec<String> = all
                .iter()
                .map(|one| format!("{}  {}  {}", one.type_code, one.issuing_system, one.scope()))
                .collect();
            output.say(&lines.join("\n"), &json!(all));
        }
    }
    Ok(0)
}
