//! Heartbeats (心跳): a feed says that it is alive, with or without rows. Each is the statement in force, signed
//! again with the new time, so that whoever holds the statement sees how old its word is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::catalog::Coverage;
use crate::clock::{Moment, any_moment};
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, decide_scope};
use crate::registry::Registry;
use crate::registry::base::idempotent::Once;
use crate::registry::published::coverage::{CoverageSigner, CoverageStated, not_ahead, own};
use crate::rule::Rule;

/// A feed's sign of life. The registry's clock dates it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Type code or short name.
    pub r#type: String,
    /// The system, as the statement names it.
    pub issuing_system: String,
    /// The time up to which the stock is known now; without it that of the statement stays.
    #[serde(default, deserialize_with = "any_moment::optional")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub as_of: Option<Moment>,
    /// Rows kept without a sure number (待绑定), where the number has changed.
    #[serde(default)]
    pub unbound: Option<u64>,
    /// Rows kept with a doubtful number (待核), where the number has changed.
    #[serde(default)]
    pub quarantined: Option<u64>,
}

/// The stock that a finished import has fed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::registry) struct Fed {
    pub type_code: String,
    pub issuer: String,
}

/// What a finished import says of the stock that it fed.
#[derive(Debug, Clone, Copy)]
pub(in crate::registry) struct FedWith {
    /// The day or time of the data, where somebody said it.
    pub as_of: Option<Moment>,
    /// Rows of the file that are not on file for a holder: refused, or kept without a sure number.
    pub unbound: u64,
}

impl Registry {
    /// Signs the statement of the feed again with the time of now.
    ///
    /// # Errors
    /// `forbidden` without the scope or for a statement of another agency (`coverage_of_another`); `not_found`
    /// with rule `coverage_missing` if there is no statement; `field_invalid` with rule `moment_ahead` or
    /// `moment_back` for an `as_of` after now or before the one that stands.
    pub fn beat(&self, actor: &Actor, beat: &Heartbeat, once: Option<&Once>) -> Result<CoverageStated> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        decide_scope(actor, Scope::Coverage).required()?;
        let snapshot = self.fresh_snapshot()?;
        let type_code = snapshot.type_named(&beat.r#type)?.def().code.clone();
        if let Some(as_of) = beat.as_of {
            not_ahead("as_of", as_of, self.now())?;
        }
        let missing = || {
            let detail = "no statement is in force for this type and system";
            Error::new(Code::NotFound, detail).at("issuing_system").rule(Rule::CoverageMissing)
        };
        let stated = snapshot.catalog.coverages(&type_code);
        let stated =
            stated.iter().find(|one| one.issuing_system == beat.issuing_system).ok_or_else(missing)?;
        let agency = actor.agency().unwrap_or(&stated.issuer).to_owned();
        let label = actor.label();
        let stating = CoverageSigner::new(self, &label, &agency)?;
        let answer = self.log_once(once, |writer, place| {
            // Read again: a statement may have come since.
            let standing = stating.standing(writer, &type_code, &beat.issuing_system)?.ok_or_else(missing)?;
            own(&snapshot, &standing, &agency, place.at.day())?;
            let as_of = beat.as_of.unwrap_or(standing.as_of);
            if as_of < standing.as_of {
                let detail = "the stock was known up to a later time already";
                return Err(Error::new(Code::FieldInvalid, detail).at("as_of").rule(Rule::MomentBack));
            }
            let alive = Coverage {
                issuer: agency.clone(),
                as_of,
                heartbeat: standing.heartbeat.max(place.at),
                unbound: beat.unbound.unwrap_or(standing.unbound),
                quarantined: beat.quarantined.unwrap_or(standing.quarantined),
                ..standing
            };
            let (answer, entry) = stating.put(writer, place, &alive)?;
            Ok((answer, vec![entry]))
        })?;
        self.refresh()?;
        Ok(answer)
    }

    /// The heartbeats of a finished import: of each statement of an agency about a type whose rows it brought.
    /// Where an agency has several systems for a type nobody can tell which one it was, and none is alive for it.
    /// Rows that it could not bind count as unbound, and what the statement has already is not lowered: they may be of
    /// anybody, so nothing is said to be absent until a heartbeat or a new statement says that they are in.
    ///
    /// A crash before it leaves a feed that seems silent, never one that seems alive without its rows.
    pub(in crate::registry) fn beat_of_import(
        &self,
        actor: &str,
        fed: &BTreeSet<Fed>,
        with: FedWith,
    ) -> Result<()> {
        let snapshot = self.fresh_snapshot()?;
        let mut beaten = false;
        for Fed { type_code, issuer } in fed {
            let stated = snapshot.catalog.coverages(type_code).iter();
            let systems: Vec<&Coverage> = stated.filter(|one| one.issuer == *issuer).collect();
            let [Coverage { issuing_system, .. }] = systems.as_slice() else { continue };
            let stating = CoverageSigner::new(self, actor, issuer)?;
            beaten = true;
            self.log_records(|writer, place| {
                let Some(standing) = stating.standing(writer, type_code, issuing_system)? else {
                    return Ok(((), Vec::new()));
                };
                let alive = Coverage {
                    as_of: with.as_of.map_or(standing.as_of, |as_of| standing.as_of.max(as_of)),
                    heartbeat: standing.heartbeat.max(place.at),
                    unbound: standing.unbound.max(with.unbound),
                    ..standing
                };
                let (_, entry) = stating.put(writer, place, &alive)?;
                Ok(((), vec![entry]))
            })?;
        }
        if beaten { self.refresh() } else { Ok(()) }
    }
}
