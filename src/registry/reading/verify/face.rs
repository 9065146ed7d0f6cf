//! An identifier with values of the face: whether each printed value is the signed one, field by field.
//!
//! Only fields that a grant names may be asked, so that nobody guesses a hidden field by trying.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::catalog::{Field, same_name};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Decision, Fields, Scope, decide};
use crate::record::verdict::{Facts, Seal};
use crate::record::{Digest, Identifier, Reason, Record, State, Verdict, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry};
use crate::registry::base::asked::Purpose;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::here::Here;
use crate::registry::reading::verify::{
    ComparedField, FieldMatch, Finding, Shown, VerifiedIssuer, VerifiedThing, VerifyAnswer,
};
use crate::registry::records::kept::Kept;
use crate::rule::Rule;
use crate::store::Cost;
use crate::trust::Envelope;

impl Registry {
    pub(super) async fn verify_face(
        &self,
        snapshot: &Arc<Snapshot>,
        actor: &Actor,
        (identifier, face): (&str, &Map<String, Value>),
        purpose: &Purpose,
    ) -> Result<Finding> {
        let bare =
            |told, rule| Finding::from(VerifyAnswer::bare(VerifiedThing::Identifier, told, rule, self.now()));
        if let Err(fault) = Identifier::parse(identifier) {
            return Ok(bare((Verdict::Invalid, Reason::Malformed), Some(fault.rule())));
        }
        let (held, asked) = (snapshot.clone(), identifier.to_owned());
        let here = self.store().read(Cost::Scan, move |reader| Here::read(reader, &held, &asked)).await?;
        if here.untold() {
            return Ok(bare((Verdict::Undetermined, Reason::RecordDamaged), None));
        }
        // A missing record here says nothing about the certificate (I13).
        let Some(kept) = &here.kept else {
            return Ok(bare((Verdict::Undetermined, Reason::NotCovered), None));
        };
        let touched = kept.touched();
        let type_code = kept.rows.first().map(|row| row.type_code.clone()).unwrap_or_default();
        let fields: Vec<String> = face.keys().cloned().collect();
        if let Some(reason) = refusal(decide(actor, Scope::Verify, &type_code, Some(&purpose.item)), face) {
            let entry = Entry::of(actor)
                .purpose(purpose)
                .types(Some([type_code.as_str()]))
                .fields(Some(fields.iter().map(String::as_str)));
            entry.note(&*self.access()?, touched, CameTo::refused(reason)).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this").rule(reason));
        }
        let (answer, digest) = compared(snapshot, &here, kept, face, self.now())?;
        let shown = Shown {
            touched,
            identifier: identifier.to_owned(),
            version: u32::try_from(kept.key.version).map_err(Error::internal)?,
            digest,
            type_code,
            head: here.head.clone(),
            fields: Some(fields),
        };
        Ok(Finding { answer, shown: Some(shown) })
    }
}

/// The rule by which the fields may not be compared; none if they may.
fn refusal(decision: Decision, face: &Map<String, Value>) -> Option<Rule> {
    match decision {
        Decision::Refused { reason } => Some(reason),
        Decision::Allowed { fields: Fields::Named(names), .. }
            if !face.keys().all(|name| names.contains(name)) =>
        {
            Some(Rule::FieldNotGranted)
        }
        Decision::Allowed { .. } => None,
    }
}

/// The answer about the version that the identifier stands for, and the digest of its envelope.
fn compared(
    snapshot: &Snapshot,
    here: &Here,
    kept: &Kept,
    face: &Map<String, Value>,
    now: Moment,
) -> Result<(VerifyAnswer, Digest)> {
    let found = here.version(kept.key.version);
    let mut facts = match found {
        Some((row, superseded)) => here.facts(snapshot, row, superseded),
        None => Facts { seal: Seal::Damaged, ..Facts::good(State::Active) },
    };
    let envelope = found.and_then(|(row, _)| Envelope::parse_stored(&row.body.envelope).ok());
    let record = envelope.as_ref().and_then(|envelope| Record::from_payload(envelope.payload()).ok());
    let fields = record.as_ref().map(|record| compare(snapshot, record, face)).unwrap_or_default();
    let differs = |one: &ComparedField| !matches!(one.is, FieldMatch::Match | FieldMatch::Variant);
    facts.face_mismatch = fields.iter().any(differs);
    let current = kept.rows.first();
    let answer = VerifyAnswer {
        type_code: Some(current.map(|row| row.type_code.clone()).unwrap_or_default()),
        version: Some(u32::try_from(kept.key.version).map_err(Error::internal)?),
        issuer: found.map(|(row, _)| VerifiedIssuer::Code(row.issuer.clone())),
        custody: found.map(|(row, _)| row.custody),
        state: current.map(|row| row.state),
        current_version: current.map(|row| row.version),
        fields: Some(fields),
        ..VerifyAnswer::new(VerifiedThing::Identifier, verdict(&facts, now.day(), now), now)
    };
    Ok((answer, envelope.map_or(Digest([0; 32]), |envelope| envelope.digest())))
}

/// Each field that was brought.
fn compare(snapshot: &Snapshot, record: &Record, face: &Map<String, Value>) -> Vec<ComparedField> {
    let entry = snapshot.catalog.type_version(&record.record_type.code, record.record_type.version);
    let number = record.number.clone().map(Value::String);
    let signed = |name: &str| match name {
        "number" if !record.face.contains_key(name) => number.as_ref(),
        _ => record.face.get(name),
    };
    let each = face.iter().map(|(name, brought)| {
        let field = entry.and_then(|entry| entry.face().field(name));
        let is = signed(name).map_or(FieldMatch::Absent, |signed| alike(field, signed, brought));
        ComparedField { field: name.clone(), is }
    });
    each.collect()
}

/// The comparison of a given value with the signed one. Only names have other ways of writing.
fn alike(field: Option<&Field>, signed: &Value, brought: &Value) -> FieldMatch {
    match (signed, brought) {
        (signed, brought) if signed == brought => FieldMatch::Match,
        (Value::String(signed), Value::String(brought))
            if field.is_some_and(Field::is_name) && same_name(signed, brought) =>
        {
            FieldMatch::Variant
        }
        (Value::Array(signed), Value::Array(brought)) if signed.len() == brought.len() => {
            worst(signed.iter().zip(brought).map(|(signed, brought)| alike(field, signed, brought)))
        }
        (Value::Object(signed), Value::Object(brought)) if signed.keys().eq(brought.keys()) => {
            let inner = |name: &String| field.and_then(Field::inner).and_then(|fields| fields.field(name));
            let pairs = signed.iter().zip(brought.values());
            worst(pairs.map(|((name, signed), brought)| alike(inner(name), signed, brought)))
        }
        _ => FieldMatch::Mismatch,
    }
}

fn worst(each: impl Iterator<Item = FieldMatch>) -> FieldMatch {
    each.max().unwrap_or(FieldMatch::Match)
}
