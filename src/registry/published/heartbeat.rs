//! Heartbeats (心跳): a feed says that it is alive, with or without rows. Each is the statement in force, signed
//! again with the new time, so that whoever holds the statement sees how old its word is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::catalog::{Coverage, FEED_LATE_S};
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

    /// What a finished import tells the statements of an agency about a type whose rows it brought: a heartbeat, and
    /// the rows that it could not bind. Where an agency has several systems for a type nobody can tell which one it
    /// was: none is alive for it, and the rows count against each. What a statement has already is not lowered. They
    /// may be of anybody, so nothing is said to be absent until a heartbeat or a new statement says that they are in.
    /// Old data is no sign of life of today: the feed was alive when the data was.
    ///
    /// A crash before it leaves a feed that seems silent, never one that seems alive without its rows.
    pub(in crate::registry) fn beat_of_import(
        &self,
        actor: &str,
        fed: &BTreeSet<Fed>,
        with: FedWith,
    ) -> Result<Vec<FeedTold>> {
        let snapshot = self.fresh_snapshot()?;
        let mut told = Vec::new();
        for Fed { type_code, issuer } in fed {
            let stated = snapshot.catalog.coverages(type_code).iter();
            let systems: Vec<&Coverage> = stated.filter(|one| one.issuer == *issuer).collect();
            let alone = systems.len() == 1;
            let signer = CoverageSigner::new(self, actor, issuer)?;
            for system in systems.into_iter().filter(|_| alone || with.unbound > 0) {
                told.push(FeedTold { system: system.issuing_system.clone(), alive: alone });
                self.log_records(|writer, place| {
                    let standing = signer.standing(writer, type_code, &system.issuing_system)?;
                    let Some(standing) = standing else { return Ok(((), Vec::new())) };
                    let (_, entry) = signer.put(writer, place, &with.tell(standing, place.at, alone))?;
                    Ok(((), vec![entry]))
                })?;
            }
        }
        if !told.is_empty() {
            self.refresh()?;
        }
        Ok(told)
    }
}

impl FedWith {
    /// The statement with what the import says of it.
    fn tell(self, standing: Coverage, now: Moment, alive: bool) -> Coverage {
        let unbound = standing.unbound.max(self.unbound);
        if !alive {
            return Coverage { unbound, ..standing };
        }
        let old = self.as_of.filter(|as_of| as_of.plus_seconds(FEED_LATE_S) < now);
        Coverage {
            as_of: self.as_of.map_or(standing.as_of, |as_of| standing.as_of.max(as_of)),
            heartbeat: standing.heartbeat.max(old.unwrap_or(now)),
            unbound,
            ..standing
        }
    }
}

/// A statement that a finished import changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedTold {
    /// Its system.
    pub system: String,
    /// It got a heartbeat; else only the rows that were not bound count against it.
    pub alive: bool,
}
