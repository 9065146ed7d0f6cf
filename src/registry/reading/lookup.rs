//! Lookup: a number in, verdicts and documents out, after the access was logged.
//!
//! number → key → one range scan → verdicts → envelope or extract → access entry durable → answer. Nothing is
//! returned before the entry is durable (I2). The steps that cost: opening the seals, one SHA-256 over each
//! envelope, writing the answer; there is no JSON tree on the way.

mod absent;
mod answer;
mod scan;

use serde::Deserialize;

pub use crate::registry::reading::lookup::answer::Answered;

use crate::catalog::Region;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::Parsed;
use crate::policy::{Actor, Decision, Scope, decide};
use crate::record::access::{AllowedBy, Outcome};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched};
use crate::registry::base::asked::check_purpose;
use crate::registry::base::asked::{AskedHolder, Purpose, ReceiptForm};
use crate::rule::Rule;
use crate::trust::HolderKey;

/// Where and when a record not found could have been issued; decides what its absence means.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// Regions; the registry's own where nothing is said.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub regions: Vec<Region>,
    /// First day; the holder's birth where the number has it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub from: Option<Day>,
    /// Last day; today.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub to: Option<Day>,
}

/// A lookup.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Whose records.
    pub holder: AskedHolder,
    /// Type codes or short names; all that policy allows where nothing is said.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// Face fields; as policy allows where nothing is said.
    #[serde(default)]
    pub fields: Option<std::collections::BTreeSet<String>>,
    /// What for.
    pub purpose: Purpose,
    /// For what is not found.
    #[serde(default)]
    pub within: Option<Within>,
    /// Inclusion proofs of the records' own leaves.
    #[serde(default)]
    pub proofs: bool,
    /// Full receipt or reference.
    #[serde(default)]
    pub receipt: ReceiptForm,
}

/// A lookup whose number was checked and turned into a key: the step before budget and scan.
pub struct Prepared<'a> {
    ask: &'a Ask,
    parsed: Parsed,
    /// The key of the lookup, for the budget of distinct holders.
    pub key: HolderKey,
}

impl Registry {
    /// Checks number and purpose. A bad number is refused here, before anything is read or logged.
    pub fn prepare_lookup<'a>(&self, ask: &'a Ask) -> Result<Prepared<'a>> {
        check_purpose(&ask.purpose)?;
        let (parsed, key) = self.asked_holder(&ask.holder, "holder")?;
        Ok(Prepared { ask, parsed, key })
    }

    /// Answers a prepared lookup.
    pub async fn lookup(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<Answered> {
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        let Prepared { ask, parsed, key } = prepared;
        let mut touched = Touched::one(&parsed.code, key);
        let entry = Entry::of(actor)
            .purpose(&ask.purpose)
            .types(ask.types.as_ref().map(|types| types.iter().map(String::as_str)))
            .fields(ask.fields.as_ref().map(|fields| fields.iter().map(String::as_str)));
        let asked_types = asked_types(&snapshot, ask)?;
        if let Some(reason) = refusal(&snapshot, actor, ask, asked_types.as_deref()) {
            entry.note(&access, touched, CameTo::refused(reason)).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason));
        }

        let found = self.scan(&snapshot, &parsed.code, key, ask.proofs).await?;
        let (submission, written) = {
            let mut draft = answer::Draft::new(&snapshot, self.now(), &parsed, &found);
            let decision = show(&mut draft, actor, ask, asked_types.as_deref())?;
            draft.touch(&mut touched, self.store().vault().index());
            let outcome = if draft.is_empty() { Outcome::NothingOnFile } else { Outcome::Answered };
            let came_to = CameTo::shown(outcome, decision, draft.digest());
            (entry.submission(access.name(), touched, came_to)?, draft.written())
        };
        // Under load many answers wait for one commit; what they were written from goes before.
        drop(found);
        Ok(written.finish(access.note(submission).await?, ask.receipt))
    }

    /// The same without access entry and receipt, to measure what they cost. Breaks I2; see `api::bench`.
    #[cfg(feature = "bench-routes")]
    pub async fn lookup_unlogged(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<Vec<u8>> {
        let snapshot = self.fresh_snapshot()?;
        let Prepared { ask, parsed, key } = prepared;
        let asked_types = asked_types(&snapshot, ask)?;
        if let Some(reason) = refusal(&snapshot, actor, ask, asked_types.as_deref()) {
            return Err(Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason));
        }
        let found = self.scan(&snapshot, &parsed.code, key, ask.proofs).await?;
        let mut draft = answer::Draft::new(&snapshot, self.now(), &parsed, &found);
        show(&mut draft, actor, ask, asked_types.as_deref())?;
        Ok(draft.unlogged())
    }
}

/// The reason why nothing of this lookup is allowed; none where something is. Of the types asked for each must
/// be allowed; where none are named, any.
fn refusal(
    snapshot: &crate::registry::base::snapshot::Snapshot,
    actor: &Actor,
    ask: &Ask,
    asked_types: Option<&[String]>,
) -> Option<Rule> {
    let item = Some(ask.purpose.item.as_str());
    let refused = |code: &str| decide(actor, Scope::Lookup, code, item).refusal();
    match asked_types {
        Some(types) => types.iter().find_map(|code| refused(code)),
        None => {
            let mut first = None;
            for code in snapshot.catalog.type_codes() {
                match refused(code) {
                    None => return None,
                    Some(reason) => first = first.or(Some(reason)),
                }
            }
            first
        }
    }
}

/// Writes what policy lets out of what was found, and the absences; returns the last decision's reason.
fn show(
    draft: &mut answer::Draft<'_>,
    actor: &Actor,
    ask: &Ask,
    asked_types: Option<&[String]>,
) -> Result<AllowedBy> {
    let item = Some(ask.purpose.item.as_str());
    let (snapshot, found) = (draft.snapshot, draft.found);
    let mut decision = AllowedBy::NothingToDecide;
    // Rows come in type order, and few grants differ by type: a type is decided once.
    let mut last: Option<(&str, Decision)> = None;
    for row in &found.rows {
        let type_code = row.type_code();
        if asked_types.is_some_and(|types| !types.iter().any(|asked| asked == type_code)) {
            continue;
        }
        if last.as_ref().is_none_or(|(of, _)| *of != type_code) {
            last = Some((type_code, decide(actor, Scope::Lookup, type_code, item)));
        }
        if let Some((_, Decision::Allowed { fields, reason })) = &last {
            decision = *reason;
            match &ask.fields {
                None => draft.record(row, fields)?,
                asked => draft.record(row, &fields.narrowed(asked.as_ref()))?,
            }
        }
    }
    let allowed;
    let absent = match asked_types {
        Some(types) => types,
        None if draft.is_empty() => {
            let codes = snapshot.catalog.type_codes();
            let codes = codes.filter(|code| decide(actor, Scope::Lookup, code, item).refusal().is_none());
            allowed = codes.map(str::to_owned).collect::<Vec<_>>();
            &allowed
        }
        None => &[],
    };
    draft.absences(absent, ask.within.as_ref())?;
    Ok(decision)
}

fn asked_types(
    snapshot: &crate::registry::base::snapshot::Snapshot,
    ask: &Ask,
) -> Result<Option<Vec<String>>> {
    let Some(names) = &ask.types else { return Ok(None) };
    if names.is_empty() || names.len() > 64 {
        return Err(Error::new(Code::FieldInvalid, "name 1 to 64 types, or leave the field out")
            .at("types")
            .rule(Rule::Length));
    }
    let codes = names
        .iter()
        .map(|name| Ok(crate::registry::records::draft::type_entry(snapshot, name)?.def().code.clone()));
    codes.collect::<Result<Vec<_>>>().map(Some).map_err(|error: Error| error.at("types"))
}
