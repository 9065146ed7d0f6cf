//! `elicense accounts`: staff, with their agency, region and roles.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::clients::listed_grants;
use super::input;
use super::output::{Output, counted, table};
use super::place::Globals;
use crate::catalog::Region;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::policy::{Account, StaffRole};
use crate::registry::{AccountChange, AskedHolder, NewAccount, Registry};
use crate::store::AccountRow;

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
        /// What it does: clerk reviewer supervisor; may be given several times.
        #[arg(long = "role", default_value = "clerk")]
        roles: Vec<StaffRole>,
        /// The region it works in, 6, 9 or 12 digits, within that of its agency; all of that by default. A supervisor sees
        /// the looks of staff within its own.
        #[arg(long)]
        region: Option<Region>,
        /// A JSON file with grants: for work at no item (audit, court, correction), or items that it receives for another
        /// agency ("types": []). What it sees for an item of its agency follows from the item.
        #[arg(long)]
        grants: Option<PathBuf>,
        /// Distinct holders a day.
        #[arg(long, default_value_t = 300)]
        budget: u32,
        /// The second line of standard input is the person's own number, which the account is not let look up.
        #[arg(long)]
        own_number: bool,
    },
    /// Change the rights of an account; what is not named stays, the password and its sessions too.
    Change {
        /// Sign-in name.
        name: String,
        /// Shown name.
        #[arg(long)]
        display: Option<String>,
        /// All its roles from now on.
        #[arg(long = "role")]
        roles: Vec<StaffRole>,
        /// The region it works in; `agency` for all of its agency's.
        #[arg(long)]
        region: Option<String>,
        /// A JSON file with all its grants from now on.
        #[arg(long)]
        grants: Option<PathBuf>,
        /// Distinct holders a day.
        #[arg(long)]
        budget: Option<u32>,
        /// The person's own number comes from standard input or a prompt.
        #[arg(long)]
        own_number: bool,
    },
    /// End an account: its sessions are over at once, and its name is given to nobody else.
    End {
        /// Sign-in name.
        name: String,
    },
    /// List the accounts.
    List,
    /// The daily sample: what staff looked up on a day, and the looks to be held against the case files.
    Sample {
        /// The legal day, yesterday by default.
        #[arg(long)]
        day: Option<Day>,
    },
    /// Show an account with its grants, and who made and changed it.
    Show {
        /// Sign-in name.
        name: String,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    match command {
        Command::Add { name, display, agency, roles, region, grants, budget, own_number } => {
            let grants = grants.map(|file| listed_grants(&file)).transpose()?.unwrap_or_default();
            let password = input::line("Password of the account: ", true)?;
            let own_number = own_number.then(own).transpose()?;
            let told = name.clone();
            let new = NewAccount { name, display, agency, region, roles, grants, budget, own_number };
            registry.put_account(&globals.name, &new, &password)?;
            output.say(&format!("Account {told} written."), &json!({ "account": told }));
        }
        Command::Change { name, display, roles, region, grants, budget, own_number } => {
            let named = display.is_some() || !roles.is_empty() || region.is_some() || grants.is_some();
            if !named && budget.is_none() && !own_number {
                return Err(input::usage("change", "say what of the account is to be otherwise"));
            }
            let region =
                region.map(|text| if text == "agency" { Ok(None) } else { read_region(&text).map(Some) });
            let change = AccountChange {
                display,
                roles: (!roles.is_empty()).then_some(roles),
                region: region.transpose()?,
                grants: grants.map(|file| listed_grants(&file)).transpose()?,
                budget,
                own_number: own_number.then(own).transpose()?,
            };
            registry.change_account(&globals.name, &name, &change)?;
            output.say(&format!("Account {name} changed."), &json!({ "account": name }));
        }
        Command::End { name } => {
            let end = registry.end_account(&globals.name, &name)?;
            let text = format!("Account {name} ended {} UTC+8 by {}.", end.at.legal_text(), end.by);
            output.say(&text, &json!({"account": name, "ended": end}));
        }
        Command::Sample { day } => {
            let day = day.unwrap_or_else(|| registry.now().day().plus_days(-1));
            let sample = registry.day_sample(&globals.actor(), day)?;
            output.say(&super::sample::text(&sample), &json!(sample));
        }
        Command::List => list(&registry, output)?,
        Command::Show { name } => show(&registry, &name, output)?,
    }
    Ok(0)
}

fn own() -> Result<AskedHolder> {
    let code = input::line("The person's own number: ", false)?;
    Ok(AskedHolder { code_type: "111".to_owned(), code })
}

fn read_region(text: &str) -> Result<Region> {
    text.parse().map_err(|_unread| input::usage("region", "6, 9 or 12 digits of a region, or `agency`"))
}

fn list(registry: &Registry, output: &Output) -> Result<()> {
    let (mut lines, mut values) = (Vec::new(), Vec::new());
    for (row, account) in registry.accounts()? {
        let holders = format!("{} a day", counted(account.budget, "holder"));
        let (name, agency, display) = (row.name.clone(), row.agency.clone(), row.display.clone());
        lines.push([name, agency, words(&account), holders, display, ended(registry, &row)?]);
        values.push(value(registry, &row, &account)?);
    }
    output.say(&table("", &lines).join("\n"), &json!(values));
    Ok(())
}

fn show(registry: &Registry, name: &str, output: &Output) -> Result<()> {
    let found = registry.accounts()?.into_iter().find(|(row, _)| row.name == name);
    let none = || Error::new(Code::NotFound, "no account of that name").at("name");
    let (row, account) = found.ok_or_else(none)?;
    let mut lines = vec![format!("{} {} {} {}", row.name, row.display, row.agency, words(&account))];
    lines.push(format!("  {} a day", counted(account.budget, "holder")));
    if account.own_number.is_some() {
        lines.push("  own number: kept".to_owned());
    }
    let grants = account.grants.iter().filter_map(|grant| serde_json::to_string(grant).ok());
    lines.extend(grants.map(|grant| format!("  grant {grant}")));
    let end = ended(registry, &row)?;
    lines.extend((!end.is_empty()).then(|| format!("  {end}")));
    let history = registry.account_history(name)?;
    let deeds = history.iter().map(|deed| {
        let when = format!("{} UTC+8", deed.at.legal_text());
        [when, deed.action.clone(), deed.by.clone(), format!("{} #{}", deed.log, deed.leaf)]
    });
    lines.extend(table("  ", &deeds.collect::<Vec<_>>()));
    let mut told = value(registry, &row, &account)?;
    if let Some(members) = told.as_object_mut() {
        members.insert("history".to_owned(), json!(history));
    }
    output.say(&lines.join("\n"), &told);
    Ok(())
}

/// Its roles in words, and its region.
fn words(account: &Account) -> String {
    let roles: Vec<&str> = account.roles.iter().map(|role| role.zh()).collect();
    let region = account.region.map(|region| format!(" {region}"));
    let own = if account.own_number.is_some() { "" } else { "（本人号码未登记）" };
    format!("{}{}{own}", roles.join("、"), region.unwrap_or_default())
}

fn ended(registry: &Registry, row: &AccountRow) -> Result<String> {
    Ok(match registry.end_of_account(row)? {
        Some(end) => format!("ended {} UTC+8 by {}", end.at.legal_text(), end.by),
        None if row.enabled => String::new(),
        None => "ended".to_owned(),
    })
}

fn value(registry: &Registry, row: &AccountRow, account: &Account) -> Result<Value> {
    Ok(json!({
        "name": row.name, "display": row.display, "agency": row.agency, "roles": account.roles,
        "region": account.region, "enabled": row.enabled, "budget": account.budget, "grants": account.grants,
        "own_number": account.own_number.is_some(), "ended": registry.end_of_account(row)?,
    }))
}
