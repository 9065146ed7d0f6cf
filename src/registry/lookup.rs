//! Lookup: a number in, verdicts and documents out, after the access was logged.
//!
//! number → key → one range scan → verdicts → envelope or extract → access entry durable → answer. Nothing is
//! returned before the entry is durable (I2). The steps that cost: opening the seals, one SHA-256 over each
//! envelope, writing the answer; there is no JSON tree on the way.

mod absent;
mod answer;
mod scan;

use serde::Deserialize;

pub use answer::Answered;

use super::Registry;
use super::access_entry::{EntryParts, Touched, check_purpose, nothing_shown};
use crate::catalog::Region;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::Parsed;
use crate::policy::{Actor, Decision, Scope, decide};
use crate::trust::HolderKey;

/// Whose records.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedHolder {
    /// Holder code type, 3 digits: 111 citizen ID number, 001 credit code, …
    #[serde(rename = "type")]
    pub code_type: String,
    /// The number, in any form accepted at the edge.
    pub code: String,
}

impl std::fmt::Debug for AskedHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AskedHolder({} ***)", self.code_type)
    }
}

/// What for. Kept and logged as given.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The item (事项) code.
    pub item: String,
    /// The case (办件) number.
    #[serde(default)]
    pub case: Option<String>,
    /// The party's role in the case.
    #[serde(default)]
    pub role: Option<String>,
    /// How the party is present; `typed` where nothing is said.
    #[serde(default)]
    pub presence: Option<String>,
    /// The reason in words.
    pub reason: String,
}

/// How much of the receipt goes out with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptForm {
    /// Entry, proof and checkpoint.
    #[default]
    Full,
    /// Log and index; the proof stays fetchable.
    Reference,
}

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

    /// Answers a prepared lookup. `channel` names the door it came through: `agency`, `window`, `cli`.
    pub async fn lookup(&self, actor: &Actor, prepared: Prepared<'_>, channel: &str) -> Result<Answered> {
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        let Prepared { ask, parsed, key } = prepared;
        let label = actor.label();
        let touched = Touched::one(&parsed.code, key);
        let parts = |decision, outcome, answer| EntryParts {
            actor: &label,
            channel,
            purpose: Some(&ask.purpose),
            types: ask.types.as_ref().map(|types| types.iter().map(String::as_str).collect()),
            fields: ask.fields.as_ref().map(|fields| fields.iter().map(String::as_str).collect()),
            decision,
            outcome,
            answer,
        };
        let item = Some(ask.purpose.item.as_str());
        let asked_types = self.asked_types(&snapshot, ask)?;
        let decide = |type_code: &str| decide(actor, Scope::Lookup, type_code, item);

        let refusal = match &asked_types {
            Some(types) => types
                .iter()
                .map(|code| decide(code))
                .find(|decision| matches!(decision, Decision::Refused { .. })),
            None => {
                let mut all = snapshot.catalog.types().into_iter().map(|entry| decide(&entry.def().code));
                let first = all.next();
                let any = first
                    .iter()
                    .cloned()
                    .chain(all)
                    .any(|decision| matches!(decision, Decision::Allowed { .. }));
                first.filter(|_| !any)
            }
        };
        if let Some(Decision::Refused { reason }) = refusal {
            let entry = parts(reason, "refused", nothing_shown());
            access.note(entry.submission(access.name(), touched)?).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason));
        }

        let found = self.scan(&snapshot, &parsed.code, key, ask.proofs).await?;
        let mut draft = answer::Draft::new(&snapshot, self.now(), &parsed, &found);
        let mut decision = "nothing_to_decide";
        for row in &found.rows {
            let type_code = row.type_code();
            if asked_types.as_ref().is_some_and(|types| !types.iter().any(|asked| asked == type_code)) {
                continue;
            }
            if let Decision::Allowed { fields, reason } = decide(type_code) {
                decision = reason;
                draft.record(row, &fields.narrowed(ask.fields.as_ref()))?;
            }
        }
        let absent = match &asked_types {
            Some(types) => types.clone(),
            None if draft.is_empty() => {
                let all = snapshot.catalog.types();
                all.iter()
                    .map(|entry| entry.def().code.clone())
                    .filter(|code| matches!(decide(code), Decision::Allowed { .. }))
                    .collect()
            }
            None => Vec::new(),
        };
        draft.absences(&absent, &parsed.code, ask.within.as_ref())?;
        let outcome = if draft.is_empty() { "nothing_on_file" } else { "answered" };
        let entry = parts(decision, outcome, draft.digest());
        let accepted = access.note(entry.submission(access.name(), touched)?).await?;
        Ok(draft.finish(accepted, ask.receipt))
    }

    fn asked_types(&self, snapshot: &super::Snapshot, ask: &Ask) -> Result<Option<Vec<String>>> {
        let Some(names) = &ask.types else { return Ok(None) };
        if names.is_empty() || names.len() > 64 {
            return Err(Error::new(Code::FieldInvalid, "name 1 to 64 types, or leave the field out")
                .at("types")
                .rule("length"));
        }
        let codes = names.iter().map(|name| Ok(super::draft::type_entry(snapshot, name)?.def().code.clone()));
        codes.collect::<Result<Vec<_>>>().map(Some).map_err(|error: Error| error.at("types"))
    }
}
