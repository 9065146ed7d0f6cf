//! The sixteen departments of 示范市城东区, the issuers beside them, and their authority.

use serde::Serialize;

use super::numbers::credit;
use super::words::rows;
use crate::catalog::{Agency, Authority, CatalogParts, Empowerment, HolderSource, Level, Nature, Statement};

const AGENCIES: &str = include_str!("../../../fixtures/demo/agencies.tsv");
const AUTHORITIES: &str = include_str!("../../../fixtures/demo/authorities.tsv");
const EMPOWERMENTS: &str = include_str!("../../../fixtures/demo/empowerments.tsv");

/// A department of the district and how many service items it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Department {
    /// Credit code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How many service items.
    pub items: u32,
}

struct Row {
    key: &'static str,
    agency: Agency,
    items: Option<u32>,
}

/// All agencies of the demo, by the keys of the data file (`hrss`, `civil`, `police`, …).
pub struct Offices {
    rows: Vec<Row>,
}

impl Offices {
    /// Reads the data file that is compiled in.
    pub fn read() -> Self {
        let mut all: Vec<Row> = rows(AGENCIES).filter_map(|columns| row(&columns)).collect();
        let codes: Vec<(&str, String)> = all.iter().map(|row| (row.key, row.agency.code.clone())).collect();
        for row in &mut all {
            // The file names the successor by its key.
            let code =
                |key: &String| codes.iter().find(|(other, _)| other == key).map(|(_, code)| code.clone());
            row.agency.succeeded_by = row.agency.succeeded_by.as_ref().and_then(code);
        }
        Self { rows: all }
    }

    /// The credit code of an agency; empty if the file has no such key, and no check accepts an empty code.
    pub fn code(&self, key: &str) -> &str {
        self.find(key).map_or("", |agency| &agency.code)
    }

    /// The name of an agency.
    pub fn name(&self, key: &str) -> &str {
        self.find(key).map_or("", |agency| &agency.name)
    }

    fn find(&self, key: &str) -> Option<&Agency> {
        self.rows.iter().find(|row| row.key == key).map(|row| &row.agency)
    }

    /// All of them; one that took over from another stands before it.
    pub fn agencies(&self) -> Vec<Agency> {
        self.rows.iter().map(|row| row.agency.clone()).collect()
    }

    /// The sixteen departments with how many service items each has.
    pub fn departments(&self) -> Vec<Department> {
        let department = |row: &Row| {
            Some(Department {
                code: row.agency.code.clone(),
                name: row.agency.name.clone(),
                items: row.items?,
            })
        };
        self.rows.iter().filter_map(department).collect()
    }

    /// The authority to issue: agency, type, place, and since when.
    pub fn authorities(&self, types: &Types) -> Vec<Authority> {
        let grant = |columns: Vec<&'static str>| {
            let [agency, slug, region, from, to] = columns.as_slice() else { return None };
            Some(Authority {
                agency: self.find(agency)?.code.clone(),
                type_code: types.code(slug)?.to_owned(),
                region: region.parse().ok()?,
                from: from.parse().ok()?,
                to: to.parse().ok(),
            })
        };
        rows(AUTHORITIES).filter_map(grant).collect()
    }

    /// The agencies with authority over people.
    pub fn empowerments(&self) -> Vec<Empowerment> {
        let given = |columns: Vec<&'static str>| {
            let [agency, statement, source, region, from, to] = columns.as_slice() else { return None };
            Some(Empowerment {
                agency: self.find(agency)?.code.clone(),
                statement: Statement::from_wire(statement)?,
                source: HolderSource::from_wire(source)?,
                region: region.parse().ok()?,
                from: from.parse().ok()?,
                to: to.parse().ok(),
            })
        };
        rows(EMPOWERMENTS).filter_map(given).collect()
    }
}

fn row(columns: &[&'static str]) -> Option<Row> {
    let [key, n, prefix, region, level, nature, from, until, successor, items, name] = columns else {
        return None;
    };
    let level = [Level::Province, Level::City, Level::County, Level::Township, Level::Village]
        .into_iter()
        .zip(["province", "city", "county", "township", "village"])
        .find(|(_, word)| word == level)?
        .0;
    let nature = match *nature {
        "administrative" => Nature::Administrative,
        "authorised_by_law" => Nature::AuthorisedByLaw,
        "public_institution" => Nature::PublicInstitution,
        "peoples_organisation" => Nature::PeoplesOrganisation,
        "court" => Nature::Court,
        _ => return None,
    };
    let agency = Agency {
        code: credit(prefix, region, n.parse().ok()?),
        name: (*name).to_owned(),
        level,
        region: region.parse().ok()?,
        nature,
        valid_from: from.parse().ok()?,
        valid_to: until.parse().ok(),
        succeeded_by: (!successor.is_empty()).then(|| (*successor).to_owned()),
    };
    Some(Row { key, agency, items: items.parse().ok() })
}

/// The codes of the types that come with the program.
pub struct Types {
    codes: Vec<(String, String)>,
}

impl Types {
    /// Reads the built-in types; empty if they do not compile, which a test of the catalog rules out.
    pub fn builtin() -> Self {
        let parts = CatalogParts::builtin().unwrap_or_default();
        Self { codes: parts.types.into_iter().map(|def| (def.slug, def.code)).collect() }
    }

    /// The code of a slug.
    pub fn code(&self, slug: &str) -> Option<&str> {
        self.codes.iter().find(|(known, _)| known == slug).map(|(_, code)| code.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Agencies, Issuers};
    use crate::identity::{CodeType, HolderCode};

    #[test]
    fn every_row_is_read() {
        let offices = Offices::read();
        let types = Types::builtin();
        assert_eq!(offices.agencies().len(), rows(AGENCIES).count());
        assert_eq!(offices.authorities(&types).len(), rows(AUTHORITIES).count());
    }

    #[test]
    fn sixteen_departments_have_343_items() {
        let departments = Offices::read().departments();
        assert_eq!(departments.len(), 16);
        assert_eq!(departments.iter().map(|one| one.items).sum::<u32>(), 343);
        let mut counts: Vec<u32> = departments.iter().map(|one| one.items).collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(counts[..3], [169, 48, 24]);
    }

    #[test]
    fn codes_are_valid_and_each_has_an_organisation_code_of_its_own() {
        let agencies = Offices::read().agencies();
        let mut bodies = Vec::new();
        for agency in &agencies {
            assert!(HolderCode::parse(CodeType::CreditCode, &agency.code).is_ok(), "{}", agency.name);
            bodies.push(agency.code[8..17].to_owned());
        }
        bodies.sort();
        bodies.dedup();
        assert_eq!(bodies.len(), agencies.len());
        assert_eq!(Offices::read().code("hrss"), "11190101MD10000425");
        assert_eq!(Offices::read().code("civil"), "11190101MD10000500");
    }

    #[test]
    fn the_former_registry_is_answered_for_by_its_successor() {
        let offices = Offices::read();
        let agencies = Agencies::new(offices.agencies()).unwrap();
        let today = "2026-11-22".parse().unwrap();
        assert_eq!(agencies.successor(offices.code("commerce"), today).unwrap().code, offices.code("market"));
        let grants = offices.authorities(&Types::builtin());
        assert!(Issuers::new(agencies, grants).is_ok());
    }
}
