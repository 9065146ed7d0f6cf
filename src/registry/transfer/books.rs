//! What an export tells beside records and lives: keys that were revoked, and coverage statements.

use std::collections::HashSet;

use crate::catalog::Coverage;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::event::{Event, EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::transfer::line::refused;
use crate::registry::transfer::source::RevokedKey;
use crate::rule::Rule;
use crate::trust::{EnvelopeBuf, Typ};

/// A coverage statement of the file. It waits for the end of the file: what was refused spoils it.
pub(super) struct IncomingCoverage {
    pub line: u64,
    pub coverage: Coverage,
    /// Kept byte for byte if a key of here verifies it.
    envelope: Option<EnvelopeBuf>,
}

/// The lines of a file that were refused: a statement about them would say too much.
#[derive(Default)]
pub(super) struct Spoilt {
    /// By type.
    pub types: HashSet<String>,
    /// Of a type that nobody could read.
    pub all: bool,
}

/// The statement of an envelope. It must be signed by its issuer's key as this registry knows it. If the other registry
/// signed it, the signature on the line vouches for it, and this registry states it anew.
pub(super) fn statement(snapshot: &Snapshot, line: u64, envelope: EnvelopeBuf) -> Result<IncomingCoverage> {
    let view = envelope.view();
    let header = view.header().map_err(|fault| refused(fault.rule()))?;
    if header.typ != Typ::Coverage {
        return Err(refused(Rule::EventOrder));
    }
    let coverage: Coverage =
        serde_json::from_slice(view.payload()).ok().ok_or_else(|| refused(Rule::CoverageStatement))?;
    let known = snapshot.keys.find(&header.kid).filter(|key| key.owner == coverage.issuer);
    let envelope = match known.map(|key| key.public) {
        Some(public) => {
            view.verify(Typ::Coverage, |_| Some(public)).map_err(|fault| refused(fault.rule()))?;
            Some(envelope)
        }
        None => None,
    };
    Ok(IncomingCoverage { line, coverage, envelope })
}

impl Registry {
    /// States here what the file states, unless this registry has the same or a newer statement; whether it was new.
    pub(super) fn take_coverage(
        &self,
        actor: &Actor,
        incoming: &IncomingCoverage,
        spoilt: &Spoilt,
        dry_run: bool,
    ) -> Result<bool> {
        decide_scope(actor, Scope::Coverage).required()?;
        let told = &incoming.coverage;
        let snapshot = self.kept_fresh()?;
        let here = snapshot.catalog.coverages(&told.type_code).iter();
        let mut here = here.filter(|here| here.issuing_system == told.issuing_system);
        if here.any(|here| here.as_of >= told.as_of) {
            return Ok(false);
        }
        if self.withdrawn_since(told)? {
            return Ok(false);
        }
        if spoilt.all || spoilt.types.contains(&told.type_code) {
            return Err(refused(Rule::CoverageSpoilt));
        }
        match dry_run {
            true => drop(self.may_put_coverage(&actor.label(), told, incoming.envelope.as_ref())?),
            false => self.put_coverage(&actor.label(), told, incoming.envelope.as_ref())?,
        }
        Ok(true)
    }

    /// Whether the statement was withdrawn here after the time of the one in the file: an old file does not bring it back.
    fn withdrawn_since(&self, told: &Coverage) -> Result<bool> {
        let subject = format!("{}:{}", told.type_code, told.issuing_system);
        let events =
            self.store().read_now(|reader| reader.public_events_of(EventKind::Coverage.wire(), &subject))?;
        let events = events.iter().filter_map(|stored| Event::from_canonical(&stored.event).ok());
        let last = events.max_by_key(|event| event.at);
        Ok(last.is_some_and(|last| last.action == PublicAction::Withdraw.wire() && told.as_of <= last.at))
    }

    /// Revokes a key that this registry has too, unless it is revoked here since that moment or an earlier one; whether
    /// something changed.
    pub(super) fn take_revocation(&self, actor: &Actor, told: &RevokedKey, dry_run: bool) -> Result<bool> {
        let snapshot = self.kept_fresh()?;
        let Some(known) = snapshot.keys.find(&told.kid) else { return Ok(false) };
        if known.revoked.as_ref().is_some_and(|here| here.since <= told.since) {
            return Ok(false);
        }
        if known.owner != told.owner {
            return Err(refused(Rule::KeyOwner));
        }
        if !matches!(actor, Actor::Operator { .. }) {
            return Err(Error::new(Code::Forbidden, "the operator revokes keys").rule(Rule::ScopeMissing));
        }
        let kid = told.kid.to_string();
        match dry_run {
            true => drop(self.may_revoke(&kid, told.since)?),
            false => {
                self.revoke_key_since(&actor.label(), &kid, (Some(told.valid_from), told.since), &told.why)?
            }
        }
        Ok(true)
    }
}
