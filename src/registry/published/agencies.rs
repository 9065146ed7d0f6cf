//! Agencies and their authority, as signed events.

use crate::catalog::{Agency, Authority};
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::published::notice::{Notice, Stated, stored_body};
use crate::registry::published::{regions, standing};
use crate::store::{AgencyRow, AuthorityRow};

impl Registry {
    /// Adds an agency or another name of one, or changes a present name (its end, its successor).
    pub fn put_agency(&self, actor: &str, agency: &Agency) -> Result<()> {
        self.put_agencies(actor, std::slice::from_ref(agency))
    }

    /// The same for several in one transaction: the end of a name with the next name, an agency with its
    /// successor. An entry replaces the one with the same code and first day. Every other name of that code
    /// stays, so that a record of an earlier day has the issuer's name of that day (R12).
    ///
    /// # Errors
    /// `field_invalid` with the rule of the period that does not fit: `agency_overlap` if two names hold on
    /// one day, `agency_successor_unknown`, …
    pub fn put_agencies(&self, actor: &str, agencies: &[Agency]) -> Result<()> {
        let snapshot = self.fresh_snapshot()?;
        let mut known = Vec::with_capacity(agencies.len());
        let (mut rows, mut stated) = (Vec::with_capacity(agencies.len()), Vec::with_capacity(agencies.len()));
        let kind = EventKind::Agency;
        for agency in agencies {
            HolderCode::parse(CodeType::CreditCode, &agency.code)
                .map_err(|fault| Error::from(fault).at("code"))?;
            regions::known(self.regions(), agency.region, "region")?;
            known.push(snapshot.catalog.issuers().agencies().latest(&agency.code).is_some());
            let body = serde_json::to_string(agency).map_err(Error::internal)?;
            stated.push(Stated::row(kind, stored_body(&body)?));
            let (code, valid_from) = (agency.code.clone(), agency.valid_from.number());
            rows.push(AgencyRow { code, valid_from, body });
        }
        let action = if known.iter().all(|known| *known) { PublicAction::Change } else { PublicAction::Add };
        self.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, |writer| {
            rows.iter().try_for_each(|row| writer.put_agency(row))
        })
    }

    /// Gives an agency the authority for a type in a region, from a day on; the same with a last day ends it.
    ///
    /// # Errors
    /// `issuer_unknown`, `type_unknown`; `field_invalid` if the period runs backwards, with rule `withdrawal_day` if it
    /// would end a standing authority before today, with `authority_ended` if it would take a standing end back.
    pub fn authorise(&self, actor: &str, authority: &Authority) -> Result<()> {
        self.known_agency(&authority.agency)?;
        regions::known(self.regions(), authority.region, "region")?;
        let snapshot = self.fresh_snapshot()?;
        if snapshot.catalog.type_of(&authority.type_code).is_none() {
            return Err(Error::new(Code::TypeUnknown, "no type of that code").at("type_code"));
        }
        if authority.to.is_some_and(|to| to < authority.from) {
            return Err(Error::new(Code::FieldInvalid, "the period ends before it begins").at("to"));
        }
        let grants = snapshot.catalog.issuers().grants(&authority.type_code).iter();
        let same = grants.filter(|one| one.agency == authority.agency && one.region == authority.region);
        let stand: Vec<_> = same.map(|one| (one.from, one.to)).collect();
        standing::goes_with(self.now().day(), (authority.from, authority.to), &stand)?;
        let row = AuthorityRow {
            agency: authority.agency.clone(),
            type_code: authority.type_code.clone(),
            region: authority.region.to_string(),
            valid_from: authority.from.number(),
            body: serde_json::to_string(authority).map_err(Error::internal)?,
        };
        let (kind, action) = (EventKind::Authority, PublicAction::Grant);
        let stated = vec![Stated::row(kind, stored_body(&row.body)?)];
        self.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, |writer| {
            writer.put_authority(&row)
        })
    }

    pub(in crate::registry) fn known_agency(&self, code: &str) -> Result<Agency> {
        let snapshot = self.snapshot();
        let agency = snapshot.catalog.issuers().agencies().latest(code).cloned();
        agency.ok_or_else(|| Error::new(Code::IssuerUnknown, "no agency of that code").at("agency"))
    }
}
