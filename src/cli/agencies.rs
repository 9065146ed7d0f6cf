//! `elicense agencies`: the issuers, and what each may issue where.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::authorities::{self, statement_of, types_named};
use super::input::{self, usage, words};
use super::output::{Output, counted_len, period, region, table};
use super::place::Globals;
use crate::catalog::{Agency, Authority, Empowerment, HolderSource, Region};
use crate::clock::Day;
use crate::error::Result;
use crate::registry::Withdrawal;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// Add or change agencies from JSON (one, or a list; `-` for standard input). An entry is one name and its
    /// period, told by code and valid_from: a new name stands beside the earlier ones, whose last day comes first.
    Add {
        /// The file.
        file: PathBuf,
    },
    /// Give an agency the authority for a type in a region and everything below it.
    Authorise {
        /// The agency's credit code.
        agency: String,
        /// Type code or short name; `all` for every type.
        r#type: String,
        /// Region, 6, 9 or 12 digits.
        #[arg(long)]
        region: Region,
        /// First day.
        #[arg(long)]
        from: Day,
        /// Last day.
        #[arg(long)]
        to: Option<Day>,
    },
    /// Give an agency authority over people: to state deaths, deregistrations, dissolutions, or that two codes are
    /// of one holder; `withdraw` ends it.
    Empower {
        /// The agency's credit code.
        agency: String,
        /// death, death_report, deregistration, provisional, dissolution, same_person, same_entity, successor.
        statement: String,
        /// What kind of office it is: household, court, issuer, registrar, hospital, cremation, social_insurance.
        #[arg(long)]
        source: String,
        /// Region, 6, 9 or 12 digits; everything below it is included.
        #[arg(long)]
        region: Region,
        /// First day.
        #[arg(long)]
        from: Day,
        /// Last day.
        #[arg(long)]
        to: Option<Day>,
    },
    /// Withdraw an authority from a day on: to issue a type, or over people. What was issued or stated before stays.
    #[command(group(clap::ArgGroup::new("what").required(true)))]
    Withdraw {
        /// The agency's credit code.
        agency: String,
        /// Type code or short name; `all` for every type.
        #[arg(long = "certificate", group = "what")]
        r#type: Option<String>,
        /// A statement over people, as `empower` has it.
        #[arg(long, group = "what")]
        statement: Option<String>,
        /// The region as the authority has it; every region where none is named.
        #[arg(long)]
        region: Option<Region>,
        /// The first day without it, after today (UTC+8).
        #[arg(long)]
        from: Day,
        /// Why; it is public.
        #[arg(long)]
        ground: String,
    },
    /// List who may issue what, and who may state deaths and links of people: regions by name, periods.
    Authorities {
        /// Of this agency alone, with what it took over.
        #[arg(long)]
        agency: Option<String>,
    },
    /// List the agencies.
    List,
}

/// Carries the command out.
pub fn run(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    match command {
        Command::Add { file } => {
            let text = input::text(&file)?;
            let agencies: Vec<Agency> = input::json_list(&text, "agencies")?;
            registry.put_agencies(&globals.name, &agencies)?;
            let text = format!("{} written.", counted_len(agencies.len(), "agency/agencies"));
            output.say(&text, &json!({"agencies": agencies.len()}));
        }
        Command::Authorise { agency, r#type, region, from, to } => {
            let types = types_named(&registry.snapshot().catalog, &r#type)?;
            for type_code in &types {
                let authority =
                    Authority { agency: agency.clone(), type_code: type_code.clone(), region, from, to };
                registry.authorise(&globals.name, &authority)?;
            }
            let text = format!("Authority for {} given.", counted_len(types.len(), "type"));
            output.say(&text, &json!({"types": types}));
        }
        Command::Empower { agency, statement, source, region, from, to } => {
            let statement = statement_of(&statement)?;
            let source = HolderSource::from_wire(&source)
                .ok_or_else(|| usage("source", words(HolderSource::ALL.iter().map(|one| one.wire()))))?;
            let given = Empowerment { agency, statement, source, region, from, to };
            registry.empower(&globals.name, &given)?;
            output.say(&format!("Authority over people: {}.", statement.en()), &json!(given));
        }
        Command::Withdraw { agency, r#type, statement, region, from, ground } => {
            let what = Withdrawal { agency: &agency, region, from, ground: &ground };
            return authorities::withdraw(
                (&registry, &globals.name),
                (r#type.as_deref(), statement.as_deref()),
                &what,
                output,
            );
        }
        Command::Authorities { agency } => authorities::list(&registry, agency.as_deref(), output)?,
        Command::List => {
            let snapshot = registry.snapshot();
            let agencies = snapshot.catalog.issuers().agencies().all();
            let lines: Vec<[String; 4]> = agencies
                .iter()
                .map(|agency| {
                    let period = period(agency.valid_from, agency.valid_to);
                    let place = region(registry.regions(), agency.region);
                    [agency.code.clone(), agency.name.clone(), place, period]
                })
                .collect();
            output.say(&table("", &lines).join("\n"), &json!(agencies));
        }
    }
    Ok(0)
}
