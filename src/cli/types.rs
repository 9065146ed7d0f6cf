//! `elicense types`: certificate types.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input::{self, usage};
use super::output::{Output, table};
use super::place::Globals;
use crate::error::Result;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// Load type files: new types, or new versions of known ones.
    Load {
        /// JSON files as in schema/types.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List the types.
    List,
    /// Print one type's definition.
    Show {
        /// Type code or short name.
        name: String,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    let snapshot = registry.snapshot();
    match command {
        Command::Load { files } => {
            let texts = files.iter().map(|file| input::text(file)).collect::<Result<Vec<_>>>()?;
            let loaded = registry.load_types(&globals.name, &texts)?;
            let lines: Vec<String> =
                loaded.iter().map(|(code, version)| format!("{code} version {version}")).collect();
            output.say(&lines.join("\n"), &json!(loaded));
        }
        Command::List => {
            let types = snapshot.catalog.types();
            let lines: Vec<[String; 4]> = types
                .iter()
                .map(|entry| entry.def())
                .map(|def| {
                    [def.code.clone(), format!("v{}", def.version), def.slug.clone(), def.name.zh.clone()]
                })
                .collect();
            let values: Vec<_> = types.iter().map(|entry| entry.def()).collect();
            output.say(&table("", &lines).join("\n"), &json!(values));
        }
        Command::Show { name } => {
            let entry = snapshot.catalog.type_of(&name).or_else(|| snapshot.catalog.type_by_slug(&name));
            let def = json!(entry.ok_or_else(|| usage("name", "no type of that code or name"))?.def());
            output.say(&format!("{def:#}"), &def);
        }
    }
    Ok(0)
}
