//! How the files of a type and agency are read: mappings, each version a row.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::mappings;
use crate::error::Result;

/// A row of `mappings`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = mappings)]
pub struct MappingRow {
    /// The type's code.
    pub type_code: String,
    /// The agency's credit code.
    pub issuer: String,
    /// Counts from 1.
    pub version: i32,
    /// The mapping, canonical JSON.
    pub body: String,
    /// When it was kept, microseconds.
    pub saved_at: i64,
    /// Who kept it.
    pub saved_by: String,
}

impl Reader<'_> {
    /// The newest mapping of a type and agency.
    pub fn mapping(&mut self, type_code: &str, issuer: &str) -> Result<Option<MappingRow>> {
        mappings::table
            .filter(mappings::type_code.eq(type_code).and(mappings::issuer.eq(issuer)))
            .order(mappings::version.desc())
            .first(self.conn)
            .optional()
            .map_err(dialect::fault)
    }
}

impl Writer<'_> {
    /// Keeps a version.
    pub fn insert_mapping(&mut self, row: &MappingRow) -> Result<()> {
        diesel::insert_into(mappings::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }
}
