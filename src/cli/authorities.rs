//! `elicense agencies authorities` and `withdraw`: who may issue what and where, who may state what of people, and the
//! end of either.

use serde_json::{Value, json};

use super::input::{usage, words};
use super::output::{Output, counted_len, period, region, table};
use crate::catalog::{Catalog, Region, Statement};
use crate::clock::Day;
use crate::error::Result;
use crate::registry::{Registry, Withdrawal};

/// One authority, of either kind.
struct Line {
    agency: String,
    what: String,
    region: Region,
    from: Day,
    to: Option<Day>,
    value: Value,
}

/// Lists the authorities of both kinds, present, coming and past.
pub fn list(registry: &Registry, agency: Option<&str>, output: &Output) -> Result<()> {
    let (snapshot, today) = (registry.snapshot(), registry.now().day());
    let catalog = &snapshot.catalog;
    let agencies = catalog.issuers().agencies();
    let meant = |code: &str| {
        let answers = agencies.successor(code, today);
        agency.is_none_or(|agency| code == agency || answers.is_some_and(|answers| answers.code == agency))
    };
    let lines: Vec<Line> =
        to_issue(catalog).chain(over_people(catalog)).filter(|line| meant(&line.agency)).collect();
    let cells: Vec<[String; 6]> = lines
        .iter()
        .map(|line| {
            let name = agencies.latest(&line.agency).map(|agency| agency.name.clone());
            let over = line.to.is_some_and(|to| to < today);
            let state = if over { "已终止 ended" } else { "" };
            let place = region(registry.regions(), line.region);
            let days = period(line.from, line.to);
            [line.agency.clone(), name.unwrap_or_default(), line.what.clone(), place, days, state.to_owned()]
        })
        .collect();
    let text = if cells.is_empty() { "No authorities.".to_owned() } else { table("", &cells).join("\n") };
    output.say(&text, &lines.into_iter().map(|line| line.value).collect::<Vec<_>>());
    Ok(())
}

fn to_issue(catalog: &Catalog) -> impl Iterator<Item = Line> {
    catalog.types().into_iter().flat_map(|entry| {
        catalog.issuers().grants(&entry.def().code).iter().map(|grant| Line {
            agency: grant.agency.clone(),
            what: format!("签发 {}", entry.def().name.zh),
            region: grant.region,
            from: grant.from,
            to: grant.to,
            value: json!({"kind": "authority", "authority": grant}),
        })
    })
}

fn over_people(catalog: &Catalog) -> impl Iterator<Item = Line> {
    catalog.empowerments().iter().map(|one| Line {
        agency: one.agency.clone(),
        what: format!("{} ({})", one.statement.zh(), one.source.zh()),
        region: one.region,
        from: one.from,
        to: one.to,
        value: json!({"kind": "empowerment", "empowerment": one}),
    })
}

/// Withdraws the authority for a type, or that for a statement over people.
pub fn withdraw(
    (registry, by): (&Registry, &str),
    (named, statement): (Option<&str>, Option<&str>),
    what: &Withdrawal<'_>,
    output: &Output,
) -> Result<u8> {
    let (count, value) = match (named, statement) {
        (Some(named), _) => {
            let types = types_named(&registry.snapshot().catalog, named)?;
            let left = registry.withdraw_authority(by, &types, what)?;
            (left.len(), json!(left))
        }
        (None, statement) => {
            let statement = statement_of(statement.unwrap_or_default())?;
            let left = registry.withdraw_empowerment(by, statement, what)?;
            (left.len(), json!(left))
        }
    };
    let last = what.from.plus_days(-1);
    let text = format!("{} withdrawn; the last day is {last}.", counted_len(count, "authority/authorities"));
    output.say(&text, &json!({"withdrawn": value}));
    Ok(0)
}

/// The statement of that wire name.
pub fn statement_of(named: &str) -> Result<Statement> {
    let known = || usage("statement", words(Statement::ALL.iter().map(|one| one.wire())));
    Statement::from_wire(named).ok_or_else(known)
}

/// The codes of the types meant: one by code or name, or all.
pub fn types_named(catalog: &Catalog, named: &str) -> Result<Vec<String>> {
    if named == "all" {
        return Ok(catalog.types().iter().map(|entry| entry.def().code.clone()).collect());
    }
    let entry = catalog.type_by_slug(named).or_else(|| catalog.type_of(named));
    let entry = entry.ok_or_else(|| usage("type", "no type of that code or name"))?;
    Ok(vec![entry.def().code.clone()])
}
