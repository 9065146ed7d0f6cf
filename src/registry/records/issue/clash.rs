//! A number that stands on another face (practice R20): both are shown side by side, as far as whoever issues may
//! see the type's fields whole, and never a number; of another issuer's record only that it is taken. It shows something of
//! the holders of the record that is there, and so is an access of theirs (I2).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::{Field, FieldKind, Mask, TypeEntry};
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, contains_citizen_number, contains_code_of};
use crate::policy::{Actor, Fields, Scope, decide};
use crate::record::access::Outcome;
use crate::record::answer::AnsweredRecord;
use crate::record::extract::goes_out_whole;
use crate::record::secret::masked;
use crate::record::{Digest, Judgement, Reasons, Record, Verdict, canonical};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched, answer_digest};
use crate::registry::access::withheld::Withheld;
use crate::rule::Rule;
use crate::store::StoredRecord;
use crate::trust::{Envelope, HolderKey};

/// The placeholder for a difference that is not shown.
const HIDDEN: &str = "…";

/// A stored record, and a submitted one with the same number.
pub(super) struct Clash {
    pub stored: StoredRecord,
    /// All holders of the stored one.
    pub holders: Vec<HolderKey>,
    /// The stored envelope of the submitted one.
    pub brought: Vec<u8>,
}

/// The refusal, without anything about the stored record.
pub(super) fn number_clash() -> Error {
    Error::new(Code::NumberClash, "this number stands on another face").at("number").rule(Rule::NumberUnique)
}

impl Registry {
    /// The refusal with the fields that differ, once the access is durable; without them if it cannot be
    /// noted.
    pub(super) fn shown_clash(&self, actor: &Actor, clash: &Clash) -> Error {
        match self.differing(actor, clash) {
            Ok(Some(differing)) => number_clash().with(differing),
            Ok(None) => number_clash(),
            Err(error) => {
                ::log::warn!("a number clash is answered without the faces: {error}");
                number_clash()
            }
        }
    }

    fn differing(&self, actor: &Actor, clash: &Clash) -> Result<Option<Value>> {
        let stored = &clash.stored;
        let decision = decide(actor, Scope::Issue, &stored.type_code, None);
        let reason = decision.reason();
        let fields = decision.fields()?;
        let Ok(envelope) = Envelope::parse_stored(&stored.body.envelope) else { return Ok(None) };
        let Ok(there) = Record::from_payload(envelope.payload()) else { return Ok(None) };
        let brought = Envelope::parse_stored(&clash.brought).map_err(Error::internal)?;
        let brought = Record::from_payload(brought.payload()).map_err(Error::internal)?;
        let named = there.holders.iter().map(|holder| (holder.code_type.as_str(), holder.code.as_str()));
        let touched = Touched::holders_of(named, &clash.holders);
        if stored.issuer != brought.issuer.code {
            // Another issuer's record: that the identifier or the number is taken, and nothing of it.
            self.note_refusal(actor, touched, &number_clash())?;
            return Ok(None);
        }
        let access = self.access()?;
        let codes = there.holders.iter().map(|holder| (holder.code_type.as_str(), holder.code.as_str()));
        let touched = Touched::holders_of(codes, &clash.holders);
        match self.permit_all(actor, &touched) {
            Err(error) if error.code == Code::BudgetSpent => {
                return Ok(Some(json!({"withheld": Withheld::Whole})));
            }
            charged => charged?,
        }
        let snapshot = self.snapshot();
        let entry = snapshot.catalog.type_of(&stored.type_code);
        let codes = codes_of(&[&there, &brought]);
        let (mut differing, mut seen) = (Vec::new(), Vec::new());
        let more = brought.face.keys().filter(|name| !there.face.contains_key(*name));
        for name in there.face.keys().chain(more) {
            let (old, new) = (there.face.get(name), brought.face.get(name));
            if old == new {
                continue;
            }
            // Neither side may be found out by trying: a field that is not seen whole is not even named.
            let seen_whole =
                |value: Option<&Value>| value.is_none_or(|value| seen_by(&fields, entry, name, value));
            if !seen_whole(old) || !may_see(&fields, name) {
                continue;
            }
            let field = entry.and_then(|entry| entry.face().field(name));
            let shown = |value: Option<&Value>| value.map(|value| side(field, value, &codes));
            differing.push(json!({"field": name, "stored": shown(old), "brought": shown(new)}));
            seen.push(name.as_str());
        }
        let shown = json!({
            "stored_version": stored.version, "stored_issued_on": there.issued_on, "differing": differing,
        });
        let listed = AnsweredRecord {
            identifier: "",
            version: there.version,
            digest: Digest::of(&[&canonical::to_vec(&shown).map_err(Error::internal)?]),
            judgement: Judgement { verdict: Verdict::Undetermined, reasons: Reasons::NONE },
        };
        let entry = Entry::of(actor).types(Some([stored.type_code.as_str()])).fields(Some(seen));
        let came_to = CameTo::shown(Outcome::NumberClash, reason, answer_digest(None, &[listed]));
        entry.note_now(&access, touched, came_to)?;
        Ok(Some(shown))
    }
}

fn may_see(fields: &Fields, name: &str) -> bool {
    match fields {
        Fields::Whole => true,
        Fields::Named(names) => names.contains(name),
    }
}

/// Whether the value goes out as it stands under the grant.
fn seen_by(fields: &Fields, entry: Option<&Arc<TypeEntry>>, name: &str, value: &Value) -> bool {
    match fields {
        Fields::Whole => true,
        Fields::Named(names) => goes_out_whole(entry, name, value, names),
    }
}

fn codes_of(records: &[&Record]) -> Vec<HolderCode> {
    let holders = records.iter().flat_map(|record| &record.holders);
    let parse = |code_type: &str, code: &str| HolderCode::parse(code_type.parse().ok()?, code).ok();
    holders.filter_map(|holder| parse(&holder.code_type, &holder.code)).map(|parsed| parsed.code).collect()
}

/// One side of a difference: masked as the type says, for every grant (I3: no number in an error).
fn side(field: Option<&Field>, value: &Value, codes: &[HolderCode]) -> Value {
    let text = match (field, value) {
        (
            Some(Field { mask: Mask::None, kind: FieldKind::Text { .. } | FieldKind::Code(_), .. }),
            Value::String(text),
        ) => {
            let tells =
                contains_citizen_number(text) || codes.iter().any(|code| contains_code_of(text, code));
            (!tells).then(|| text.clone())
        }
        (Some(field), Value::String(text)) => masked(field.mask, text),
        (Some(Field { mask: Mask::None, .. }), Value::Number(_) | Value::Bool(_)) => return value.clone(),
        _ => None,
    };
    text.unwrap_or_else(|| HIDDEN.to_owned()).into()
}
