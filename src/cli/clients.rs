//! `elicense clients`: agency systems and their grants.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input::{self, usage};
use super::output::{Output, table};
use super::place::Globals;
use crate::error::Result;
use crate::policy::{Grant, Scope};
use crate::registry::NewClient;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// Make a client, or give one new rights and a new secret. The secret comes from standard input or a prompt.
    Add {
        /// Its id.
        id: String,
        /// The agency it acts for.
        #[arg(long)]
        agency: String,
        /// Shown name.
        #[arg(long)]
        name: String,
        /// What it may do: lookup verify issue act holder coverage attachment export catalog accesses apply.
        #[arg(long = "scope", required = true)]
        scopes: Vec<Scope>,
        /// A JSON file with its grants: [{"types": "*"|[…], "fields": "whole"|[…], "purposes": "*"|[…]}].
        #[arg(long)]
        grants: PathBuf,
        /// Distinct holders a day.
        #[arg(long, default_value_t = 500)]
        budget: u32,
    },
    /// Change a client's grants.
    Grant {
        /// Its id.
        id: String,
        /// The JSON file.
        grants: PathBuf,
    },
    /// Change a client's budget of distinct holders a day.
    Budget {
        /// Its id.
        id: String,
        /// Holders a day.
        budget: u32,
    },
    /// End a client: its tokens stop working within a second.
    End {
        /// Its id.
        id: String,
    },
    /// List the clients.
    List,
}

/// Carries the command out.
pub fn run(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    let done = |id: &str, what: &str| {
        output.say(&format!("Client {id}: {what}."), &json!({"client": id, "done": what}))
    };
    match command {
        Command::Add { id, agency, name, scopes, grants, budget } => {
            let grants = match scopes.as_slice() {
                // Who only applies for items of its own agency sees by their slots and needs no grant.
                [Scope::Apply] => listed_grants(&grants)?,
                _ => read_grants(&grants)?,
            };
            let secret = input::line("Secret of the client: ", true)?;
            registry.put_client(
                &globals.name,
                &NewClient { id: id.clone(), agency, name, scopes, grants, budget },
                &secret,
            )?;
            done(&id, "granted");
        }
        Command::Grant { id, grants } => {
            let grants = read_grants(&grants)?;
            registry.change_client(&globals.name, &id, |body, _| body.grants.clone_from(&grants))?;
            done(&id, "granted");
        }
        Command::Budget { id, budget } => {
            registry.change_client(&globals.name, &id, |body, _| body.budget = budget)?;
            done(&id, "budget changed");
        }
        Command::End { id } => {
            registry.change_client(&globals.name, &id, |_, enabled| *enabled = false)?;
            done(&id, "ended");
        }
        Command::List => {
            let snapshot = registry.snapshot();
            let mut clients: Vec<_> = snapshot.clients.values().collect();
            clients.sort_by(|one, other| one.id.cmp(&other.id));
            let lines: Vec<[String; 5]> = clients
                .iter()
                .map(|client| {
                    let ended = if client.enabled { "" } else { "ended" };
                    let budget = format!("{}/day", client.budget);
                    [client.id.clone(), client.agency.clone(), client.name.clone(), budget, ended.to_owned()]
                })
                .collect();
            let values: Vec<_> = clients
                .iter()
                .map(|client| json!({"id": client.id, "agency": client.agency, "name": client.name, "scopes": client.scopes, "grants": client.grants, "budget": client.budget, "enabled": client.enabled}))
                .collect();
            output.say(&table("", &lines).join("\n"), &json!(values));
        }
    }
    Ok(0)
}

/// Grants from a file; an empty list would be a client that may see nothing.
pub fn read_grants(path: &std::path::Path) -> Result<Vec<Grant>> {
    let grants = listed_grants(path)?;
    if grants.is_empty() { Err(usage("grants", "at least one grant")) } else { Ok(grants) }
}

/// The same, where no grant is one that is needed.
pub fn listed_grants(path: &std::path::Path) -> Result<Vec<Grant>> {
    input::json_list(&input::text(path)?, "grants")
}
