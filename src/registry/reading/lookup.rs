//! Lookup: a number in, verdicts and documents out, after the access was logged.
//!
//! number → key → one range scan → verdicts → envelope or extract → access entry durable → answer. Nothing is
//! returned before the entry is durable (I2). Two steps cost: opening the seals, and writing the answer.
//! There is no JSON tree on the way.
//!
//! [`Registry::lookup`] gives the answer's bytes, for the API; [`Registry::lookup_value`] the same answer as
//! a value, for code that reads it.

mod absent;
mod answer;
mod ask;
mod judge;
mod looked_up;
mod scan;

pub use absent::AbsentType;
pub use answer::{Answered, LookupAnswer};
pub use ask::{Ask, Prepared, Within};
pub use looked_up::{FoundHolder, FoundRecord, Judged, LookedUp, OpenedRecord, ShownBody};
pub(in crate::registry) use scan::FoundRow;

use crate::error::{Code, Error, Result};
use crate::identity::Parsed;
use crate::log::Submission;
use crate::policy::{Actor, Decision, Scope, decide};
use crate::record::access::{AllowedBy, Outcome};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched};
use crate::registry::base::asked::check_purpose;
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::draft;
use crate::rule::Rule;
use judge::{Judge, SeenBy};
use scan::Found;

impl Registry {
    /// Checks number and purpose. A bad number is refused here, before anything is read or logged.
    pub fn prepare_lookup<'a>(&self, ask: &'a Ask) -> Result<Prepared<'a>> {
        check_purpose(&ask.purpose)?;
        let (parsed, key) = self.asked_holder(&ask.holder, "holder")?;
        Ok(Prepared { ask, parsed, key })
    }

    /// Answers a prepared lookup in bytes.
    pub async fn lookup(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<Answered> {
        let form = prepared.ask.receipt;
        let (judged, submission) = self.judged(actor, prepared).await?;
        let written = judged.written()?;
        // Free the rows before waiting: under load many requests wait for one commit.
        drop(judged);
        let accepted = self.access()?.note(submission).await?;
        written.finish(HandedReceipt { accepted, form })
    }

    /// Answers a prepared lookup as a value.
    pub async fn lookup_value(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<LookedUp> {
        let form = prepared.ask.receipt;
        let (judged, submission) = self.judged(actor, prepared).await?;
        let accepted = self.access()?.note(submission).await?;
        Ok(LookedUp { judged, receipt: HandedReceipt { accepted, form } })
    }

    /// The allowed part, and the access entry that must be durable before it is shown. A refusal is noted
    /// here.
    async fn judged(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<(Judged, Submission)> {
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        let Prepared { ask, parsed, key } = prepared;
        let mut touched = Touched::one(&parsed.code, key);
        let entry = Entry::of(actor)
            .purpose(&ask.purpose)
            .types(ask.types.as_ref().map(|types| types.iter().map(String::as_str)))
            .fields(ask.fields.as_ref().map(|fields| fields.iter().map(String::as_str)));
        let types = asked_types(&snapshot, ask)?;
        let asking = Asking { snapshot: &snapshot, actor, ask, types: types.as_deref() };
        if let Some(reason) = asking.refusal() {
            entry.note(&access, touched, CameTo::refused(reason)).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason));
        }
        let found = self.scan(&snapshot, &parsed.code, key, ask.proofs).await?;
        let (judged, decision) = asking.show(self, parsed, found, &mut touched)?;
        let outcome = if judged.records.is_empty() { Outcome::NothingOnFile } else { Outcome::Answered };
        let came_to = CameTo::shown(outcome, decision, judged.digest());
        let submission = entry.submission(access.name(), touched, came_to)?;
        Ok((judged, submission))
    }

    /// The same without access entry and receipt, to measure their cost. Breaks I2; see `api::bench`.
    #[cfg(feature = "bench-routes")]
    pub async fn lookup_unlogged(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<Vec<u8>> {
        let snapshot = self.fresh_snapshot()?;
        let Prepared { ask, parsed, key } = prepared;
        let types = asked_types(&snapshot, ask)?;
        let asking = Asking { snapshot: &snapshot, actor, ask, types: types.as_deref() };
        if let Some(reason) = asking.refusal() {
            return Err(Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason));
        }
        let mut touched = Touched::one(&parsed.code, key);
        let found = self.scan(&snapshot, &parsed.code, key, ask.proofs).await?;
        asking.show(self, parsed, found, &mut touched)?.0.written()?.unlogged(self.now())
    }
}

/// The actor and the types asked for.
struct Asking<'a> {
    snapshot: &'a Snapshot,
    actor: &'a Actor,
    ask: &'a Ask,
    /// Codes of the types asked for; none if all were.
    types: Option<&'a [String]>,
}

impl Asking<'_> {
    fn decide(&self, type_code: &str) -> Decision {
        decide(self.actor, Scope::Lookup, type_code, Some(&self.ask.purpose.item))
    }

    /// The reason why nothing of this lookup is allowed; none if something is. Each named type must be
    /// allowed; if none are named, one allowed type is enough.
    fn refusal(&self) -> Option<Rule> {
        let refused = |code: &str| self.decide(code).refusal();
        match self.types {
            Some(types) => types.iter().find_map(|code| refused(code)),
            None => {
                let mut first = None;
                for code in self.snapshot.catalog.type_codes() {
                    match refused(code) {
                        None => return None,
                        Some(reason) => first = first.or(Some(reason)),
                    }
                }
                first
            }
        }
    }

    /// The found records as far as policy lets them out, the absences, and the last decision's reason. The
    /// other holders of shown joint records are added to `touched`.
    fn show(
        &self,
        registry: &Registry,
        parsed: Parsed,
        found: Found,
        touched: &mut Touched,
    ) -> Result<(Judged, AllowedBy)> {
        let now = registry.now();
        let on_file = |code: &&String| found.rows.iter().any(|row| row.type_code() == *code);
        let missing: Option<Vec<&String>> =
            self.types.map(|types| types.iter().filter(|code| !on_file(code)).collect());
        let holder = found.holder(&parsed);
        let Found { head, rows, lives, .. } = found;
        let judge =
            Judge { snapshot: self.snapshot, lives: &lives, index: registry.store().vault().index(), now };
        let (records, reason) = self.records(&judge, rows, touched)?;
        let absence =
            |code: &str| absent::absence(self.snapshot, code, &parsed.code, self.ask.within.as_ref(), now);
        let absent = match missing {
            Some(missing) => missing.into_iter().map(|code| absence(code)).collect::<Result<_>>()?,
            // Nothing was shown: then no allowed type is on file.
            None if records.is_empty() => self.allowed().map(absence).collect::<Result<_>>()?,
            None => Vec::new(),
        };
        Ok((Judged { records, absent, holder, head }, reason))
    }

    fn records(
        &self,
        judge: &Judge<'_>,
        rows: Vec<FoundRow>,
        touched: &mut Touched,
    ) -> Result<(Vec<FoundRecord>, AllowedBy)> {
        let (mut records, mut seen_by) = (Vec::with_capacity(rows.len()), SeenBy::default());
        let mut reason = AllowedBy::NothingToDecide;
        // Rows come in type order, and few grants differ by type: a type is decided once.
        let (mut decided, mut last) = (String::new(), None);
        for row in rows {
            let type_code = row.type_code();
            if self.types.is_some_and(|types| !types.iter().any(|asked| asked == type_code)) {
                continue;
            }
            if last.is_none() || decided != type_code {
                type_code.clone_into(&mut decided);
                last = Some(self.decide(type_code));
            }
            let Some(Decision::Allowed { fields, reason: allowed }) = &last else { continue };
            reason = *allowed;
            records.push(match &self.ask.fields {
                None => judge.row(row, fields, &mut seen_by)?,
                asked => judge.row(row, &fields.narrowed(asked.as_ref()), &mut seen_by)?,
            });
        }
        seen_by.touch(touched);
        Ok((records, reason))
    }

    /// The types that policy allows.
    fn allowed(&self) -> impl Iterator<Item = &str> {
        let codes = self.snapshot.catalog.type_codes();
        codes.filter(|code| self.decide(code).refusal().is_none())
    }
}

/// The codes of the types asked for; none if all were.
fn asked_types(snapshot: &Snapshot, ask: &Ask) -> Result<Option<Vec<String>>> {
    let Some(names) = &ask.types else { return Ok(None) };
    if names.is_empty() || names.len() > 64 {
        return Err(Error::new(Code::FieldInvalid, "name 1 to 64 types, or leave the field out")
            .at("types")
            .rule(Rule::Length));
    }
    let codes = names.iter().map(|name| Ok(draft::type_entry(snapshot, name)?.def().code.clone()));
    codes.collect::<Result<Vec<_>>>().map(Some).map_err(|error: Error| error.at("types"))
}
