//! An identifier with values of the face: whether each printed value is the signed one, field by field.
//!
//! Only fields that a grant names may be asked, and of these only those that go out whole are compared, so that nobody
//! guesses a hidden field by trying. One record's faces are compared ten times a legal day at most for one asker.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::catalog::{Field, same_name};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Decision, Fields, Scope};
use crate::record::extract::goes_out_whole;
use crate::record::verdict::{Facts, Seal};
use crate::record::{Digest, Identifier, Reason, Record, State, Verdict, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::Entry;
use crate::registry::base::asked::{Purpose, decided_by, right_of};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::here::Here;
use crate::registry::reading::verify::{
    ComparedField, FieldMatch, Finding, Shown, VerifiedIssuer, VerifiedThing, VerifyAnswer,
};
use crate::registry::records::kept::{self, About, Kept};
use crate::rule::Rule;
use crate::store::{Cost, Reader};
use crate::trust::Envelope;

impl Registry {
    pub(super) async fn verify_face(
        &self,
        snapshot: &Arc<Snapshot>,
        actor: &Actor,
        (identifier, face): (&str, &Map<String, Value>),
        purpose: &Purpose,
    ) -> Result<Finding> {
        let now = self.now();
        let bare = |told, rule| Finding::from(VerifyAnswer::bare(VerifiedThing::Identifier, told, rule, now));
        if let Err(fault) = Identifier::parse(identifier) {
            return Ok(bare((Verdict::Invalid, Reason::Malformed), Some(fault.rule())));
        }
        let (permit, named) = self.permit_named(actor, Scope::Verify, identifier).await?;
        let held = snapshot.clone();
        let read = move |reader: &mut Reader<'_>| Here::read(reader, &held, &named);
        let here = self.store().read(Cost::Scan, read).await?;
        let about = About::of(here.kept.as_ref(), identifier).ok_or_else(kept::none_there)?;
        let type_code = about.type_code;
        let fields: Vec<String> = face.keys().cloned().collect();
        let right = right_of(&snapshot.catalog, actor, (purpose, None), now.day());
        let decision = decided_by(&snapshot.catalog, &permit, (&right, &type_code));
        let others = self.other_numbers(purpose, &kept::touched(here.kept.as_ref())).await?;
        let entry = Entry::asked(actor, purpose, (&snapshot.catalog, now.day()), &others)
            .types(Some([type_code.as_str()]))
            .fields(Some(fields.iter().map(String::as_str)));
        self.present(actor, (purpose, None), (&entry, &kept::touched(here.kept.as_ref()))).await?;
        if let Some(reason) = refusal(&decision, face) {
            self.refused(actor, &entry, kept::touched(here.kept.as_ref()), reason).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this").rule(reason));
        }
        let (reason, granted) = (decision.reason(), decision.fields()?);
        if here.untold() {
            return Ok(bare((Verdict::Undetermined, Reason::RecordDamaged), None));
        }
        // A missing record here says nothing about the certificate (I13).
        let Some(kept) = &here.kept else {
            self.nothing_there(actor, &entry, reason).await?;
            return Ok(bare((Verdict::Undetermined, Reason::NotCovered), None));
        };
        let (touched, near) = (kept.touched(), self.near(actor, snapshot).await?);
        if let Err(spent) = self.tries().compare(actor, kept.key.record_id, now) {
            self.refused(actor, &entry, touched, Rule::ComparisonsADay).await?;
            return Err(spent);
        }
        self.may_meet_named(actor, &near, (&entry, &touched)).await?;
        // A comparison may tell of all whose record it is.
        self.permit_all_of(actor, &touched).await?;
        let (answer, digest) = compared(snapshot, &here, kept, (face, &granted), now)?;
        let shown = Shown {
            touched,
            identifier: identifier.to_owned(),
            version: u32::try_from(kept.key.version).map_err(Error::internal)?,
            digest,
            type_code,
            head: here.head.clone(),
            fields: Some(fields),
            whole: granted == Fields::Whole,
        };
        Ok(Finding { answer, shown: Some(shown) })
    }
}

/// The rule by which the fields may not be compared; none where they may.
fn refusal(decision: &Decision, face: &Map<String, Value>) -> Option<Rule> {
    match decision {
        Decision::Refused { reason } => Some(*reason),
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
    (face, granted): (&Map<String, Value>, &Fields),
    now: Moment,
) -> Result<(VerifyAnswer, Digest)> {
    let found = here.version(kept.key.version);
    let mut facts = match found {
        Some((row, superseded)) => here.facts(snapshot, row, superseded, now),
        None => Facts { seal: Seal::Damaged, ..Facts::good(State::Active) },
    };
    let envelope = found.and_then(|(row, _)| Envelope::parse_stored(&row.body.envelope).ok());
    let record = envelope.as_ref().and_then(|envelope| Record::from_payload(envelope.payload()).ok());
    let fields = record.as_ref().map(|record| compare(snapshot, record, face, granted)).unwrap_or_default();
    facts.face_mismatch =
        fields.iter().any(|one| matches!(one.is, FieldMatch::Mismatch | FieldMatch::Absent));
    facts.fields_limited = fields.iter().any(|one| one.is == FieldMatch::NotCompared);
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

/// Each field that was brought. One that goes out masked, or not at all, is not compared: whoever may not see it would
/// find it out by trying.
fn compare(
    snapshot: &Snapshot,
    record: &Record,
    face: &Map<String, Value>,
    granted: &Fields,
) -> Vec<ComparedField> {
    let entry = snapshot.catalog.type_version(&record.record_type.code, record.record_type.version);
    let number = record.number.clone().map(Value::String);
    let signed = |name: &str| match name {
        "number" if !record.face.contains_key(name) => number.as_ref(),
        _ => record.face.get(name),
    };
    let each = face.iter().map(|(name, brought)| {
        let field = entry.and_then(|entry| entry.face().field(name));
        let seen = |value: &Value| match granted {
            Fields::Whole => true,
            Fields::Named(names) => goes_out_whole(entry, name, value, names),
        };
        let is = match signed(name) {
            None => FieldMatch::Absent,
            Some(signed) if seen(signed) => alike(field, signed, brought),
            Some(_) => FieldMatch::NotCompared,
        };
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
