//! `elicense accounts`: window staff.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::clients::read_grants;
use super::input;
use super::output::{Output, counted};
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
        Command::List => {
            let rows = registry.store().read_now(|reader| reader.accounts())?;
            let (mut lines, mut values) = (Vec::new(), Vec::new());
            for row in &rows {
                let budget = registry.account_of(row)?.budget;
                let (holders, ended) = (counted(budget, "holder"), if row.enabled { "" } else { "  ended" });
                let (name, agency, display) = (&row.name, &row.agency, &row.display);
                lines.push(format!("{name}  {agency}  {holders} a day  {display}{ended}"));
                values.push(json!({
                    "name": name, "display": display, "agency": agency, "role": row.role, "enabled": row.enabled,
                    "budget": budget,
                }));
            }
            output.say(&lines.join("\n"), &json!(values));
        }
    }
    Ok(0)
}
