//! Coverage statements: the contents of a type's stock here, signed and dated. Without one absence means
//! nothing (I13).
//!
//! An operator states for any agency. An agency's own system states for its agency, and only what the agency may
//! issue; nobody overwrites the statement of another agency, unless it took over from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::catalog::{Coverage, Region};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, agency_for, decide_scope};
use crate::record::canonical;
use crate::record::event::{Event, EventKind, PublicAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::published::notice::put_public;
use crate::registry::published::regions;
use crate::rule::Rule;
use crate::store::{CoverageRow, Writer};
use crate::text;
use crate::trust::{EnvelopeBuf, SigningKey, Typ, random};

/// The answer to a statement or a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CoverageStated {
    /// Type code.
    pub r#type: String,
    /// The system it speaks for.
    pub issuing_system: String,
    /// The time up to which the stock is known.
    pub as_of: Moment,
    /// The last sign of life.
    pub heartbeat: Moment,
    /// The log of its event.
    pub log: String,
    /// The leaf.
    pub leaf: u64,
}

impl Registry {
    /// States coverage for a type and issuing system, and replaces an earlier statement. Signed with the
    /// issuer's key if the registry holds one, else with the registry's own.
    ///
    /// # Errors
    /// `type_unknown`, `issuer_unknown`; `field_invalid` with rule `coverage_statement` for an impossible
    /// statement (no region, more than the whole stock, days backwards, a type that is only relayed), with rule
    /// `moment_ahead` for one from the future.
    pub fn state_coverage(&self, actor: &str, coverage: &Coverage) -> Result<()> {
        self.put_coverage(actor, coverage, None)
    }

    /// [`Registry::state_coverage`]; `signed` is the statement as its issuer signed it, verified, and kept as it came.
    pub(in crate::registry) fn put_coverage(
        &self,
        actor: &str,
        coverage: &Coverage,
        signed: Option<&EnvelopeBuf>,
    ) -> Result<()> {
        let stating = self.may_put_coverage(actor, coverage, signed)?;
        self.log_records(|writer, place| {
            let (_, entry) = match signed {
                Some(signed) => stating.put_signed(writer, place, coverage, signed)?,
                None => stating.put(writer, place, coverage)?,
            };
            Ok(((), vec![entry]))
        })?;
        self.refresh()
    }

    /// Everything that [`Registry::put_coverage`] refuses; nothing is written.
    pub(in crate::registry) fn may_put_coverage<'a>(
        &self,
        actor: &'a str,
        coverage: &Coverage,
        signed: Option<&EnvelopeBuf>,
    ) -> Result<CoverageSigner<'a>> {
        texts::recorded_name("as", actor)?;
        let stating = CoverageSigner::new(self, actor, &coverage.issuer)?;
        self.possible(coverage)?;
        if signed.is_none() {
            payload(coverage)?;
        }
        self.snapshot()
            .catalog
            .check_coverage(coverage)
            .map_err(|fault| Error::new(Code::FieldInvalid, fault.to_string()).rule(fault.rule()))?;
        Ok(stating)
    }

    /// [`Registry::state_coverage`] by an agency's own system, for the agency's own stock.
    ///
    /// # Errors
    /// As there; `forbidden` without the scope, for another agency (`agency_mismatch`) or over a statement of
    /// another (`coverage_of_another`); `issuer_not_authorised` for a type that the agency may not issue.
    pub fn state_own_coverage(
        &self,
        actor: &Actor,
        coverage: &Coverage,
        once: Option<&Once>,
    ) -> Result<CoverageStated> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        decide_scope(actor, Scope::Coverage).required()?;
        agency_for(actor, Some(&coverage.issuer), "issuer")?;
        let snapshot = self.fresh_snapshot()?;
        let type_code = snapshot.type_named(&coverage.type_code)?.def().code.clone();
        let coverage = Coverage { type_code, ..coverage.clone() };
        self.possible(&coverage)?;
        if !snapshot.issuer_stands(&coverage.issuer, &coverage.type_code) {
            let detail = "an agency states the stock of the types that it may issue";
            return Err(Error::new(Code::IssuerNotAuthorised, detail).at("type_code"));
        }
        let today = self.now().day();
        for (at, region) in coverage.regions.iter().enumerate() {
            if !issues_in(&snapshot, &coverage, region.code, today) {
                let detail = "an agency states the stock of the regions in which it may issue";
                return Err(Error::new(Code::IssuerNotAuthorised, detail).at(format!("regions.{at}.code")));
            }
        }
        let label = actor.label();
        let stating = CoverageSigner::new(self, &label, &coverage.issuer)?;
        let stated = self.log_once(once, |writer, place| {
            if let Some(earlier) = stating.standing(writer, &coverage.type_code, &coverage.issuing_system)? {
                own(&snapshot, &earlier, &coverage.issuer, today)?;
            }
            let (stated, entry) = stating.put(writer, place, &coverage)?;
            Ok((stated, vec![entry]))
        })?;
        self.refresh()?;
        Ok(stated)
    }

    /// The parts of a statement that no row has to be read for.
    fn possible(&self, coverage: &Coverage) -> Result<()> {
        let snapshot = self.snapshot();
        if snapshot.catalog.type_of(&coverage.type_code).is_none() {
            return Err(Error::new(Code::TypeUnknown, "no type of that code").at("type_code"));
        }
        self.known_agency(&coverage.issuer)?;
        bounds::at_most(bounds::COVERED, coverage.regions.len(), "regions")?;
        bounds::at_most(bounds::COVERED, coverage.gaps.len(), "gaps")?;
        for (at, gap) in coverage.gaps.iter().enumerate() {
            bounds::at_most(bounds::REGIONS, gap.regions.len(), "gaps.regions")?;
            texts::logged(format!("gaps.{at}.text"), &gap.text)?;
        }
        for (at, region) in coverage.regions.iter().enumerate() {
            let field = format!("regions.{at}.name");
            texts::logged(field.clone(), &region.name)?;
            if region.code != Region::COUNTRY {
                regions::known(self.regions(), region.code, format!("regions.{at}.code"))?;
            }
            regions::named(self.regions(), region.code, &region.name, field)?;
        }
        text::name("issuing_system", &coverage.issuing_system)?;
        texts::logged("issuing_system", &coverage.issuing_system)?;
        for (field, moment) in [("as_of", coverage.as_of), ("heartbeat", coverage.heartbeat)] {
            not_ahead(field, moment, self.now())?;
        }
        Ok(())
    }
}

/// The bytes of a statement that are signed.
fn payload(coverage: &Coverage) -> Result<Vec<u8>> {
    let value = serde_json::to_value(coverage).map_err(Error::internal)?;
    text::visible_within("", &value)?;
    texts::no_number_within("", &value)?;
    canonical::to_vec(&value)
        .map_err(|fault| Error::new(Code::FieldInvalid, fault.to_string()).at("coverage").rule(fault.rule()))
}

/// Whether the issuer of a statement, or one whose work it took over, was ever given its type in the region.
fn issues_in(snapshot: &Snapshot, coverage: &Coverage, region: Region, today: Day) -> bool {
    let issuers = snapshot.catalog.issuers();
    let stands_for = |agency: &str| {
        let answers = issuers.agencies().successor(agency, today);
        agency == coverage.issuer || answers.is_some_and(|answers| answers.code == coverage.issuer)
    };
    let grants = issuers.grants(&coverage.type_code).iter();
    grants.filter(|grant| grant.region.covers(region)).any(|grant| stands_for(&grant.agency))
}

/// # Errors
/// `field_invalid` with rule `moment_ahead` at `field` for a time that has not come: a stock of tomorrow would make
/// an absence of tomorrow out of today's.
pub(in crate::registry) fn not_ahead(field: &'static str, moment: Moment, now: Moment) -> Result<()> {
    if moment > now {
        let detail = "the time lies in the future";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::MomentAhead));
    }
    Ok(())
}

/// # Errors
/// `forbidden` with rule `coverage_of_another` unless the statement in force is the agency's own or that of one
/// whose work it took over.
pub(super) fn own(snapshot: &Snapshot, standing: &Coverage, agency: &str, today: Day) -> Result<()> {
    let agencies = snapshot.catalog.issuers().agencies();
    let answers = agencies.successor(&standing.issuer, today);
    if standing.issuer == agency || answers.is_some_and(|answers| answers.code == agency) {
        return Ok(());
    }
    let detail = "the statement in force for this system is another agency's";
    Err(Error::new(Code::Forbidden, detail).at("issuing_system").rule(Rule::CoverageOfAnother))
}

/// A statement on its way: its author and the key that signs it.
pub(in crate::registry) struct CoverageSigner<'a> {
    actor: &'a str,
    key: Arc<SigningKey>,
}

impl<'a> CoverageSigner<'a> {
    /// By `actor`, for the agency `issuer`.
    pub(in crate::registry) fn new(registry: &Registry, actor: &'a str, issuer: &str) -> Result<Self> {
        let key = match registry.issuer_key(issuer) {
            Ok(key) => key,
            Err(_) => Arc::new(registry.registry_key()?),
        };
        Ok(Self { actor, key })
    }

    /// The statement in force.
    pub(in crate::registry) fn standing(
        &self,
        writer: &mut Writer<'_>,
        type_code: &str,
        system: &str,
    ) -> Result<Option<Coverage>> {
        writer.coverage_of(type_code, system)?.map(|row| Snapshot::coverage(&row)).transpose()
    }

    /// Writes it with its event; returns the answer and the log's entry.
    ///
    /// # Errors
    /// As [`Registry::state_coverage`].
    pub(in crate::registry) fn put(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        coverage: &Coverage,
    ) -> Result<(CoverageStated, [u8; 32])> {
        let envelope = EnvelopeBuf::sign(Typ::Coverage, &payload(coverage)?, &self.key)?;
        self.put_signed(writer, place, coverage, &envelope)
    }

    /// The same of a statement that is signed already.
    fn put_signed(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        coverage: &Coverage,
        envelope: &EnvelopeBuf,
    ) -> Result<(CoverageStated, [u8; 32])> {
        let row = CoverageRow {
            type_code: coverage.type_code.clone(),
            system: coverage.issuing_system.clone(),
            as_of: coverage.as_of.micros(),
            signed: envelope.stored().to_vec(),
        };
        let (subject, salt) = (format!("{}:{}", row.type_code, row.system), random::salt()?);
        writer.put_coverage(&row)?;
        writer.raise_config_version()?;
        Snapshot::guard(writer)?;
        let (kind, action) = (EventKind::Coverage, PublicAction::State);
        let event = Event::new(kind, action, self.actor, salt, subject_hash(&salt, &subject), place.at)
            .order(envelope.view().digest());
        let entry = put_public(writer, place, kind, &subject, &event, Some(row.signed))?;
        let stated = CoverageStated {
            r#type: row.type_code,
            issuing_system: row.system,
            as_of: coverage.as_of,
            heartbeat: coverage.heartbeat,
            log: place.log.clone(),
            leaf: place.first,
        };
        Ok((stated, entry))
    }
}
