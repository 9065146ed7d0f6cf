//! Types, items, bundles, sources, agencies, authorities, coverage statements: JSON bodies under natural keys, read whole at start.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::{agencies, authorities, bundles, coverage, empowerments, items, sources, types};
use crate::error::Result;

/// A row of `agencies`: one name of an agency and its period.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = agencies)]
pub struct AgencyRow {
    /// Agency code; a renamed agency keeps it.
    pub code: String,
    /// First day under this name, days since 1970-01-01.
    pub valid_from: i32,
    /// JSON of the agency in this period.
    pub body: String,
}

/// A row of `authorities`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = authorities)]
pub struct AuthorityRow {
    /// Agency code.
    pub agency: String,
    /// Type code.
    pub type_code: String,
    /// Region it covers, with everything below.
    pub region: String,
    /// First day, days since 1970-01-01.
    pub valid_from: i32,
    /// JSON of the authority.
    pub body: String,
}

/// A row of `empowerments`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = empowerments)]
pub struct EmpowermentRow {
    /// Agency code.
    pub agency: String,
    /// Wire name of the statement.
    pub statement: String,
    /// Region it covers, with everything below.
    pub region: String,
    /// First day, days since 1970-01-01.
    pub valid_from: i32,
    /// JSON of the empowerment.
    pub body: String,
}

/// A row of `coverage`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = coverage)]
pub struct CoverageRow {
    /// Type code.
    pub type_code: String,
    /// The issuing system it speaks for.
    pub system: String,
    /// When it was stated.
    pub as_of: i64,
    /// Stored envelope (`elicense-coverage+jws`).
    pub signed: Vec<u8>,
}

impl Reader<'_> {
    /// All type definitions, (code, version, JSON).
    pub fn types(&mut self) -> Result<Vec<(String, i32, String)>> {
        types::table.order((types::code, types::version)).load(self.conn).map_err(dialect::fault)
    }

    /// All versions of all items, (code, version, JSON).
    pub fn items(&mut self) -> Result<Vec<(String, i32, String)>> {
        items::table.order((items::code, items::version)).load(self.conn).map_err(dialect::fault)
    }

    /// All versions of all bundles, (code, version, JSON).
    pub fn bundles(&mut self) -> Result<Vec<(String, i32, String)>> {
        bundles::table.order((bundles::code, bundles::version)).load(self.conn).map_err(dialect::fault)
    }

    /// The JSON of all sources, by department and agency.
    pub fn sources(&mut self) -> Result<Vec<String>> {
        let order = (sources::department, sources::agency);
        sources::table.select(sources::body).order(order).load(self.conn).map_err(dialect::fault)
    }

    /// All agencies, a row for each name.
    pub fn agencies(&mut self) -> Result<Vec<AgencyRow>> {
        agencies::table.order((agencies::code, agencies::valid_from)).load(self.conn).map_err(dialect::fault)
    }

    /// All authorities.
    pub fn authorities(&mut self) -> Result<Vec<AuthorityRow>> {
        authorities::table
            .order((authorities::agency, authorities::type_code))
            .load(self.conn)
            .map_err(dialect::fault)
    }

    /// All empowerments.
    pub fn empowerments(&mut self) -> Result<Vec<EmpowermentRow>> {
        empowerments::table
            .order((empowerments::agency, empowerments::statement))
            .load(self.conn)
            .map_err(dialect::fault)
    }

    /// The coverage statement in force for a type and system.
    pub fn coverage_of(&mut self, type_code: &str, system: &str) -> Result<Option<CoverageRow>> {
        coverage::table.find((type_code, system)).first(self.conn).optional().map_err(dialect::fault)
    }

    /// All coverage statements in force.
    pub fn coverage(&mut self) -> Result<Vec<CoverageRow>> {
        coverage::table.order((coverage::type_code, coverage::system)).load(self.conn).map_err(dialect::fault)
    }
}

impl Writer<'_> {
    /// Adds a type version; it must be new.
    pub fn insert_type(&mut self, code: &str, version: i32, body: &str) -> Result<()> {
        diesel::insert_into(types::table)
            .values((types::code.eq(code), types::version.eq(version), types::body.eq(body)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Adds a version of an item; it must be new.
    pub fn insert_item(&mut self, code: &str, version: i32, body: &str) -> Result<()> {
        diesel::insert_into(items::table)
            .values((items::code.eq(code), items::version.eq(version), items::body.eq(body)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Adds a version of a bundle; it must be new.
    pub fn insert_bundle(&mut self, code: &str, version: i32, body: &str) -> Result<()> {
        diesel::insert_into(bundles::table)
            .values((bundles::code.eq(code), bundles::version.eq(version), bundles::body.eq(body)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Writes the source of a department and agency, new or changed.
    pub fn put_source(&mut self, department: &str, agency: &str, body: &str) -> Result<()> {
        let place = sources::table.find((department, agency));
        diesel::delete(place).execute(self.conn).map_err(dialect::fault)?;
        let columns =
            (sources::department.eq(department), sources::agency.eq(agency), sources::body.eq(body));
        diesel::insert_into(sources::table)
            .values(columns)
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Writes one name of an agency, new or changed; its other names stay.
    pub fn put_agency(&mut self, row: &AgencyRow) -> Result<()> {
        let place = agencies::table.find((&row.code, row.valid_from));
        diesel::delete(place).execute(self.conn).map_err(dialect::fault)?;
        diesel::insert_into(agencies::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }

    /// Writes an authority, new or changed.
    pub fn put_authority(&mut self, row: &AuthorityRow) -> Result<()> {
        let place = authorities::table.find((&row.agency, &row.type_code, &row.region, row.valid_from));
        diesel::delete(place).execute(self.conn).map_err(dialect::fault)?;
        diesel::insert_into(authorities::table)
            .values(row)
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Writes an empowerment, new or changed.
    pub fn put_empowerment(&mut self, row: &EmpowermentRow) -> Result<()> {
        let place = empowerments::table.find((&row.agency, &row.statement, &row.region, row.valid_from));
        diesel::delete(place).execute(self.conn).map_err(dialect::fault)?;
        diesel::insert_into(empowerments::table)
            .values(row)
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Takes the coverage statement of a type and system off the books; false if there is none.
    pub fn delete_coverage(&mut self, type_code: &str, system: &str) -> Result<bool> {
        let place = coverage::table.find((type_code, system));
        diesel::delete(place).execute(self.conn).map(|rows| rows > 0).map_err(dialect::fault)
    }

    /// Writes the coverage statement in force for a type and system.
    pub fn put_coverage(&mut self, row: &CoverageRow) -> Result<()> {
        let place = coverage::table.find((&row.type_code, &row.system));
        diesel::delete(place).execute(self.conn).map_err(dialect::fault)?;
        diesel::insert_into(coverage::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }
}
