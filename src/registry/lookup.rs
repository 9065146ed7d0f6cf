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
use super::issue::holder_key;
use crate::catalog::Region;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, Parsed};
use crate::log::{Accepted, Submission};
use crate::policy::{Actor, Decision, Scope, decide};
use crate::record::access::AccessEntry;
use crate::record::event::holder_hash;
use crate::record::{Digest, Salt};
use crate::trust::{HolderKey, random};

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

const PRESENCES: [&str; 6] =
    ["card_read", "holder_code", "phone_confirmed", "agent", "on_behalf_by_duty", "typed"];

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
        let purpose = &ask.purpose;
        let missing = |field: &'static str| {
            Error::new(Code::PurposeMissing, "a lookup says for which item and why").at(field)
        };
        if purpose.item.trim().is_empty() {
            return Err(missing("purpose.item"));
        }
        if purpose.reason.trim().is_empty() {
            return Err(missing("purpose.reason"));
        }
        let given = [
            ("purpose.item", Some(&purpose.item)),
            ("purpose.case", purpose.case.as_ref()),
            ("purpose.role", purpose.role.as_ref()),
            ("purpose.reason", Some(&purpose.reason)),
        ];
        for (field, text) in given {
            let Some(text) = text else { continue };
            if text.chars().count() > 200 {
                return Err(Error::new(Code::FieldInvalid, "at most 200 characters")
                    .at(field)
                    .rule("length"));
            }
            if crate::identity::contains_citizen_number(text) {
                return Err(Error::new(Code::FieldInvalid, "a purpose never holds a person's number")
                    .at(field)
                    .rule("number_in_text"));
            }
        }
        if let Some(presence) = purpose.presence.as_deref().filter(|presence| !PRESENCES.contains(presence)) {
            let detail = format!(
                "{} characters that are no presence: {}",
                presence.chars().count(),
                PRESENCES.join(" ")
            );
            return Err(Error::new(Code::FieldInvalid, detail)
                .at("purpose.presence")
                .rule("presence_unknown"));
        }
        let code_type: CodeType = ask.holder.code_type.parse().map_err(|fault| {
            Error::new(Code::FieldInvalid, "no such holder code type")
                .at("holder.type")
                .rule("code_type_unknown")
                .caused_by(fault)
        })?;
        let parsed = crate::identity::HolderCode::parse_with(
            code_type,
            &ask.holder.code,
            Some(self.now().day()),
            self.regions(),
        )
        .map_err(|fault| Error::from(fault).at("holder.code"))?;
        let key = holder_key(self.store().vault().index(), &parsed.code);
        Ok(Prepared { ask, parsed, key })
    }

    /// Answers a prepared lookup. `channel` names the door it came through: `agency`, `window`, `cli`.
    pub async fn lookup(&self, actor: &Actor, prepared: Prepared<'_>, channel: &str) -> Result<Answered> {
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        let Prepared { ask, parsed, key } = prepared;
        let salt = random::salt()?;
        let asked_types = asked_types(&snapshot, ask)?;
        if let Some(reason) = refusal(&snapshot, actor, ask, asked_types.as_deref()) {
            let nothing = Digest::of(&[b"{\"absent\":[],\"heads\":[],\"records\":[]}"]);
            let entry =
                EntryParts { actor, ask, channel, decision: reason, outcome: "refused", answer: nothing };
            access.note(submission(&entry, access.name(), &parsed, salt, vec![key])?).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason));
        }
        let found = self.scan(&snapshot, &parsed.code, key, ask.proofs).await?;
        let (entry, written) = {
            let mut draft = answer::Draft::new(&snapshot, self.now(), &parsed, &found);
            let decision = show(&mut draft, actor, ask, asked_types.as_deref())?;
            let outcome = if draft.is_empty() { "nothing_on_file" } else { "answered" };
            let entry = EntryParts { actor, ask, channel, decision, outcome, answer: draft.digest() };
            (submission(&entry, access.name(), &parsed, salt, vec![key])?, draft.written())
        };
        // Under load many answers wait for one commit; what they were written from goes before.
        drop(found);
        Ok(written.finish(access.note(entry).await?, ask.receipt))
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
    snapshot: &super::Snapshot,
    actor: &Actor,
    ask: &Ask,
    asked_types: Option<&[String]>,
) -> Option<&'static str> {
    let item = Some(ask.purpose.item.as_str());
    let refused = |code: &str| match decide(actor, Scope::Lookup, code, item) {
        Decision::Refused { reason } => Some(reason),
        Decision::Allowed { .. } => None,
    };
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
) -> Result<&'static str> {
    let item = Some(ask.purpose.item.as_str());
    let (snapshot, found) = (draft.snapshot, draft.found);
    let mut decision = "nothing_to_decide";
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
            decision = reason;
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
            let codes = codes
                .filter(|code| matches!(decide(actor, Scope::Lookup, code, item), Decision::Allowed { .. }));
            allowed = codes.map(str::to_owned).collect::<Vec<_>>();
            &allowed
        }
        None => &[],
    };
    draft.absences(absent, ask.within.as_ref())?;
    Ok(decision)
}

fn asked_types(snapshot: &super::Snapshot, ask: &Ask) -> Result<Option<Vec<String>>> {
    let Some(names) = &ask.types else { return Ok(None) };
    if names.is_empty() || names.len() > 64 {
        return Err(Error::new(Code::FieldInvalid, "name 1 to 64 types, or leave the field out")
            .at("types")
            .rule("length"));
    }
    let codes = names.iter().map(|name| Ok(super::draft::type_entry(snapshot, name)?.def().code.clone()));
    codes.collect::<Result<Vec<_>>>().map(Some).map_err(|error: Error| error.at("types"))
}

/// What an access entry says beside the holder.
pub(super) struct EntryParts<'a> {
    pub actor: &'a Actor,
    pub ask: &'a Ask,
    pub channel: &'a str,
    pub decision: &'a str,
    pub outcome: &'a str,
    pub answer: Digest,
}

fn submission(
    parts: &EntryParts<'_>,
    log: &str,
    parsed: &Parsed,
    salt: Salt,
    holders: Vec<HolderKey>,
) -> Result<Submission> {
    let purpose = &parts.ask.purpose;
    let types: Option<Vec<&str>> =
        parts.ask.types.as_ref().map(|types| types.iter().map(String::as_str).collect());
    let fields: Option<Vec<&str>> =
        parts.ask.fields.as_ref().map(|fields| fields.iter().map(String::as_str).collect());
    let actor = parts.actor.label();
    let entry = AccessEntry {
        actor: &actor,
        answer: parts.answer,
        case: purpose.case.as_deref(),
        channel: parts.channel,
        decision: parts.decision,
        fields: fields.as_deref(),
        holder: holder_hash(&salt, parsed.code.key_type(), parsed.code.key_code()),
        item: Some(&purpose.item),
        log,
        outcome: parts.outcome,
        presence: Some(purpose.presence.as_deref().unwrap_or("typed")),
        reason: Some(&purpose.reason),
        role: purpose.role.as_deref(),
        salt,
        types: types.as_deref(),
    };
    let mut bytes = Vec::with_capacity(640);
    let at = entry.write(&mut bytes);
    Ok(Submission::new(bytes, at).map_err(Error::internal)?.beside(holders))
}

/// The receipt as it goes out: whole, or as a reference that can be fetched later.
pub(super) fn receipt_json(accepted: &Accepted, form: ReceiptForm) -> String {
    match form {
        ReceiptForm::Full => accepted.receipt(),
        ReceiptForm::Reference => format!("{{\"index\":{},\"log\":\"{}\"}}", accepted.index, accepted.log),
    }
}
