//! An identifier with values of the face: whether what is printed is what was signed, field by field.
//!
//! Only fields that a grant names may be asked, so that nobody guesses a hidden field by trying.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::catalog::{Field, same_name};
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Decision, Fields, Scope, decide};
use crate::record::verdict::{Facts, Seal};
use crate::record::{Identifier, Reason, Record, State, Verdict, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry};
use crate::registry::base::asked::Purpose;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::here::Here;
use crate::registry::reading::verify::{Finding, Shown};
use crate::rule::Rule;
use crate::store::Cost;
use crate::trust::EnvelopeBuf;

impl Registry {
    pub(super) async fn verify_face(
        &self,
        snapshot: &Arc<Snapshot>,
        actor: &Actor,
        (identifier, face): (&str, &Map<String, Value>),
        purpose: &Purpose,
    ) -> Result<Finding> {
        if let Err(fault) = Identifier::parse(identifier) {
            return Ok(Finding::malformed(fault.rule()));
        }
        let (held, asked) = (snapshot.clone(), identifier.to_owned());
        let here = self.store().read(Cost::Scan, move |reader| Here::read(reader, &held, &asked)).await?;
        if here.untold() {
            return Ok(Finding::bare(Verdict::Undetermined, Reason::RecordDamaged, None));
        }
        // That nothing is kept here says nothing of the certificate (I13).
        let Some(kept) = &here.kept else {
            return Ok(Finding::bare(Verdict::Undetermined, Reason::NotCovered, None));
        };
        let touched = kept.touched();
        let type_code = kept.rows.first().map(|row| row.type_code.clone()).unwrap_or_default();
        let refusal = match decide(actor, Scope::Verify, &type_code, Some(&purpose.item)) {
            Decision::Refused { reason } => Some(reason),
            Decision::Allowed { fields: Fields::Named(names), .. }
                if !face.keys().all(|name| names.contains(name)) =>
            {
                Some(Rule::FieldNotGranted)
            }
            Decision::Allowed { .. } => None,
        };
        let fields: Vec<String> = face.keys().cloned().collect();
        if let Some(reason) = refusal {
            let entry = Entry::of(actor)
                .purpose(purpose)
                .types(Some([type_code.as_str()]))
                .fields(Some(fields.iter().map(String::as_str)));
            entry.note(&*self.access()?, touched, CameTo::refused(reason)).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this").rule(reason));
        }
        let now = self.now();
        let found = here.version(kept.key.version);
        let mut facts = match found {
            Some((row, superseded)) => here.facts(snapshot, row, superseded),
            None => Facts { seal: Seal::Damaged, ..Facts::good(State::Active) },
        };
        let envelope = found.and_then(|(row, _)| EnvelopeBuf::from_stored(row.body.envelope.clone()).ok());
        let record =
            envelope.as_ref().and_then(|envelope| Record::from_payload(envelope.view().payload()).ok());
        let compared = record.as_ref().map(|record| compare(snapshot, record, face)).unwrap_or_default();
        facts.face_mismatch = compared.iter().any(|(_, is)| !matches!(*is, "match" | "variant"));
        let judgement = verdict(&facts, now.day(), now);
        let mut about = Map::new();
        about.insert("type".into(), type_code.clone().into());
        about.insert("version".into(), kept.key.version.into());
        if let Some((row, _)) = found {
            about.insert("issuer".into(), row.issuer.clone().into());
            about.insert("custody".into(), row.custody.wire().into());
        }
        if let Some(current) = kept.rows.first() {
            about.insert("state".into(), current.state.wire().into());
            about.insert("current_version".into(), current.version.into());
        }
        let listed: Vec<Value> =
            compared.iter().map(|(field, is)| json!({"field": field, "is": is})).collect();
        about.insert("fields".into(), listed.into());
        let digest = match &envelope {
            Some(envelope) => envelope.view().digest(),
            None => crate::record::Digest([0; 32]),
        };
        let shown = Shown {
            touched,
            identifier: identifier.to_owned(),
            version: u32::try_from(kept.key.version).map_err(Error::internal)?,
            digest,
            type_code,
            head: here.head.clone(),
            fields: Some(fields),
        };
        Ok(Finding { judgement, rule: None, about, shown: Some(shown) })
    }
}

/// Each field brought, as `match`, `variant` (the same name with another dot or another shape of a character),
/// `mismatch` or `absent`.
fn compare<'f>(
    snapshot: &Snapshot,
    record: &Record,
    face: &'f Map<String, Value>,
) -> Vec<(&'f str, &'static str)> {
    let entry = snapshot.catalog.type_version(&record.record_type.code, record.record_type.version);
    let number = record.number.clone().map(Value::String);
    let signed = |name: &str| match name {
        "number" if !record.face.contains_key(name) => number.as_ref(),
        _ => record.face.get(name),
    };
    let each = face.iter().map(|(name, brought)| {
        let field = entry.and_then(|entry| entry.face().field(name));
        (name.as_str(), signed(name).map_or("absent", |signed| alike(field, signed, brought)))
    });
    each.collect()
}

/// How a value that was brought stands to the one that was signed. Names alone have other ways to be written.
fn alike(field: Option<&Field>, signed: &Value, brought: &Value) -> &'static str {
    match (signed, brought) {
        (signed, brought) if signed == brought => "match",
        (Value::String(signed), Value::String(brought))
            if field.is_some_and(Field::is_name) && same_name(signed, brought) =>
        {
            "variant"
        }
        (Value::Array(signed), Value::Array(brought)) if signed.len() == brought.len() => {
            worst(signed.iter().zip(brought).map(|(signed, brought)| alike(field, signed, brought)))
        }
        (Value::Object(signed), Value::Object(brought)) if signed.keys().eq(brought.keys()) => {
            let inner = |name: &String| field.and_then(Field::inner).and_then(|fields| fields.field(name));
            let pairs = signed.iter().zip(brought.values());
            worst(pairs.map(|((name, signed), brought)| alike(inner(name), signed, brought)))
        }
        _ => "mismatch",
    }
}

fn worst(each: impl Iterator<Item = &'static str>) -> &'static str {
    let weight = |is: &&str| ["match", "variant", "mismatch"].iter().position(|one| one == is);
    each.max_by_key(weight).unwrap_or("match")
}
