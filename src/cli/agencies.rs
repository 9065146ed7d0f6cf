//! `elicense agencies`: the issuers, and what each may issue where.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::input::{self, usage};
use super::output::{Output, counted_len};
use super::place::Globals;
use crate::catalog::{Agency, Authority, Catalog, Empowerment, HolderSource, Region, Statement};
use crate::clock::Day;
use crate::error::Result;

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
    /// of one holder. Say it again with --to to end it.
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
    /// List who has authority over people.
    Empowered,
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
            let statement = Statement::from_wire(&statement)
                .ok_or_else(|| usage("statement", words(Statement::ALL.iter().map(|one| one.wire()))))?;
            let source = HolderSource::from_wire(&source)
                .ok_or_else(|| usage("source", words(HolderSource::ALL.iter().map(|one| one.wire()))))?;
            let given = Empowerment { agency, statement, source, region, from, to };
            registry.empower(&globals.name, &given)?;
            output.say(&format!("Authority over people: {}.", statement.en()), &json!(given));
        }
        Command::Empowered => {
            let snapshot = registry.snapshot();
            let lines = snapshot.catalog.empowerments().iter().map(|one| {
                let to = one.to.map(|day| day.to_string()).unwrap_or_default();
                let (agency, region, from) = (&one.agency, one.region, one.from);
                format!("{agency}  {region}  {}  {}  {from}–{to}", one.statement.zh(), one.source.zh())
            });
            let lines: Vec<String> = lines.collect();
            output.say(&lines.join("\n"), &json!(snapshot.catalog.empowerments()));
        }
        Command::List => {
            let snapshot = registry.snapshot();
            let agencies = snapshot.catalog.issuers().agencies().all();
            let lines: Vec<String> = agencies
                .iter()
                .map(|agency| {
                    let to = agency.valid_to.map(|day| day.to_string()).unwrap_or_default();
                    let (code, region, from) = (&agency.code, agency.region, agency.valid_from);
                    format!("{code}  {region}  {}  {from}–{to}", agency.name)
                })
                .collect();
            output.say(&lines.join("\n"), &json!(agencies));
        }
    }
    Ok(0)
}

/// The codes of the types meant: one by code or name, or all.
fn types_named(catalog: &Catalog, named: &str) -> Result<Vec<String>> {
    if named == "all" {
        return Ok(catalog.types().iter().map(|entry| entry.def().code.clone()).collect());
    }
    let entry = catalog.type_by_slug(named).or_else(|| catalog.type_of(named));
    let entry = entry.ok_or_else(|| usage("type", "no type of that code or name"))?;
    Ok(vec![entry.def().code.clone()])
}

/// The accepted values.
fn words<'w>(all: impl Iterator<Item = &'w str>) -> String {
    format!("one of {}", all.collect::<Vec<_>>().join(" "))
}
