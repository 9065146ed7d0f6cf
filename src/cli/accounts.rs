//! `elicense accounts`: window staff.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::clients::read_grants;
use super::input;
use super::output::{Output, counted, table};
use super::place::Globals;
use crate::error::Result;
use crate::registry::NewAccount;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// Make an account, or give one new rights and a new password (from standard input or a prompt).
    Add {
        /// Sign-in name.
        name: String,
        /// Shown name.
        #[arg(long)]
        display: String,
        /// Its agency.
        #[arg(long)]
        agency: String,
        /// A JSON file with its grants.
        #[arg(long)]
        grants: PathBuf,
        /// Distinct holders a day.
        #[arg(long, default_value_t = 300)]
        budget: u32,
    },
    /// End an account: its sessions are over at once, and its name is given to nobody else.
    End {
        /// Sign-in name.
        name: String,
    },
    /// List the accounts.
    List,
}

/// Carries the command out.
pub fn run(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    match command {
        Command::Add { name, display, agency, grants, budget } => {
            let grants = read_grants(&grants)?;
            let password = input::line("Password of the account: ", true)?;
            registry.put_account(
                &NewAccount { name: name.clone(), display, agency, grants, budget },
                &password,
            )?;
            output.say(&format!("Account {name} written."), &json!({ "account": name }));
        }
        Command::End { name } => {
            let end = registry.end_account(&globals.name, &name)?;
            let text = format!("Account {name} ended {} UTC+8 by {}.", end.at.legal_text(), end.by);
            output.say(&text, &json!({"account": name, "ended": end}));
        }
        Command::List => {
            let rows = registry.store().read_now(|reader| reader.accounts())?;
            let (mut lines, mut values) = (Vec::new(), Vec::new());
            for row in &rows {
                let budget = registry.account_of(row)?.budget;
                let (name, agency, display) = (&row.name, &row.agency, &row.display);
                let end = registry.end_of_account(row)?;
                let ended = match &end {
                    Some(end) => format!("ended {} UTC+8 by {}", end.at.legal_text(), end.by),
                    None if row.enabled => String::new(),
                    None => "ended".to_owned(),
                };
                let holders = format!("{} a day", counted(budget, "holder"));
                lines.push([name.clone(), agency.clone(), holders, display.clone(), ended]);
                values.push(json!({
                    "name": name, "display": display, "agency": agency, "role": row.role, "enabled": row.enabled,
                    "budget": budget, "ended": end,
                }));
            }
            output.say(&table("", &lines).join("\n"), &json!(values));
        }
    }
    Ok(0)
}
