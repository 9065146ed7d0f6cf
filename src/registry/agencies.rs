//! Agencies and their authority, as signed events.

use super::Registry;
use crate::catalog::{Agency, Authority};
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode};
use crate::record::event::EventKind;
use crate::store::AuthorityRow;

impl Registry {
    /// Adds an agency, or writes a change of one (its end, its successor, a new name from a day on).
    pub fn put_agency(&self, actor: &str, agency: &Agency) -> Result<()> {
        HolderCode::parse(CodeType::CreditCode, &agency.code)
            .map_err(|fault| Error::from(fault).at("code"))?;
        let known = self.snapshot().catalog.issuers().agencies().latest(&agency.code).is_some();
        let action = if known { "change" } else { "add" };
        let body = serde_json::to_string(agency).map_err(Error::internal)?;
        self.note_public(EventKind::Agency, action, actor, &agency.code, None, |writer| {
            writer.put_agency(&agency.code, &body)
        })
        .map(drop)
    }

    /// Gives an agency the authority for a type in a region, from a day on.
    pub fn authorise(&self, actor: &str, authority: &Authority) -> Result<()> {
        self.known_agency(&authority.agency)?;
        let snapshot = self.snapshot();
        if snapshot.catalog.type_of(&authority.type_code).is_none() {
            return Err(Error::new(Code::TypeUnknown, "no type of that code").at("type_code"));
        }
        if authority.to.is_some_and(|to| to < authority.from) {
            return Err(Error::new(Code::FieldInvalid, "the period ends before it begins").at("to"));
        }
        let row = AuthorityRow {
            agency: authority.agency.clone(),
            type_code: authority.type_code.clone(),
            region: authority.region.to_string(),
            valid_from: authority.from.number(),
            body: serde_json::to_string(authority).map_err(Error::internal)?,
        };
        let subject = format!("{}:{}:{}", authority.agency, authority.type_code, row.region);
        self.note_public(EventKind::Authority, "grant", actor, &subject, None, |writer| {
            writer.put_authority(&row)
        })
        .map(drop)
    }

    pub(super) fn known_agency(&self, code: &str) -> Result<Agency> {
        let snapshot = self.snapshot();
        let agency = snapshot.catalog.issuers().agencies().latest(code).cloned();
        agency.ok_or_else(|| Error::new(Code::IssuerUnknown, "no agency of that code").at("agency"))
    }
}
