//! The new version of a record: made from the old one and the command, or taken in as its agency signed it.
//! Both pass the rules of an issue. Where only the state changes, see [`super::printed`].

use serde_json::{Map, Value};

use crate::catalog::Reissue;
use crate::error::{Code, Error, Result};
use crate::record::action::{Action, NumberEffect};
use crate::record::payload::{Replaces, Secret, Validity};
use crate::record::{Identifier, Record};
use crate::registry::Registry;
use crate::registry::actions::command::ActCommand;
use crate::registry::actions::face_edit::FaceEdit;
use crate::registry::base::order::envelope_error;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::draft::{self, Checked, Draft, DraftHolder, Successor};
use crate::registry::records::signed::Signed;
use crate::rule::Rule;
use crate::store::StoredRecord;
use crate::trust::envelope::Limits;
use crate::trust::{Envelope, EnvelopeBuf};

impl Registry {
    /// The signed new version with the remarks of its check.
    pub(super) fn next_version(
        &self,
        snapshot: &Snapshot,
        command: &ActCommand,
        row: &StoredRecord,
        agency: &str,
    ) -> Result<(Signed, Vec<String>)> {
        let old = present(row)?;
        let successor = Successor {
            replaces: Replaces {
                action: command.action,
                identifier: Secret(old.identifier.clone()),
                version: old.version,
            },
            version: old.version + 1,
        };
        let today = self.now().day();
        let index = self.store().vault().index();
        match &command.envelope {
            Some(compact) => {
                let envelope =
                    EnvelopeBuf::parse_compact(compact, Limits::default()).map_err(envelope_error)?;
                let record = self.verified_record(&envelope.view())?;
                follows(&record, &old, &successor, agency)?;
                let checked = draft::check_signed(record, snapshot, self.regions(), today)?;
                check_end(command.action, &old, &checked.record)?;
                check_number(command.action, &old, &checked, snapshot)?;
                check_changes(command, row, &old, &checked.record)?;
                let remarks = checked.remarks.clone();
                Ok((Signed::over(checked, &envelope, index)?, remarks))
            }
            None => {
                let draft = edited(command, &old, agency, today)?;
                let checked = draft::check(&draft, snapshot, self.regions(), today, Some(&successor))?;
                check_end(command.action, &old, &checked.record)?;
                check_number(command.action, &old, &checked, snapshot)?;
                check_changes(command, row, &old, &checked.record)?;
                let remarks = checked.remarks.clone();
                let key = self.issuer_key(agency)?;
                Ok((Signed::new(checked, &key, index)?, remarks))
            }
        }
    }
}

/// The present version, as it was signed.
///
/// # Errors
/// `record_damaged`.
pub(super) fn present(row: &StoredRecord) -> Result<Record> {
    let damaged = || Error::new(Code::RecordDamaged, "the envelope of this record cannot be read");
    let envelope = Envelope::parse_stored(&row.body.envelope).ok().ok_or_else(damaged)?;
    Record::from_payload(envelope.payload()).ok().ok_or_else(damaged)
}

/// The draft of the next version.
fn edited(command: &ActCommand, old: &Record, agency: &str, today: crate::clock::Day) -> Result<Draft> {
    if let Some(names) = &command.holder_names
        && names.len() != old.holders.len()
    {
        return Err(Error::new(Code::FieldInvalid, "one name for each holder, in their order")
            .at("holder_names")
            .rule(Rule::Length));
    }
    if command.action == Action::Extend && command.valid_to.is_none() {
        return Err(Error::new(Code::FieldInvalid, "an extension says until when")
            .at("valid_to")
            .rule(Rule::ExtendUntil));
    }
    let holders = old.holders.iter().enumerate().map(|(at, holder)| DraftHolder {
        code_type: holder.code_type.clone(),
        code: holder.code.clone(),
        name: command.holder_names.as_ref().and_then(|names| names.get(at)).unwrap_or(&holder.name).clone(),
        role: Some(holder.role.clone()),
        share: holder.share.clone(),
    });
    let face = face(&old.face, command.face.as_ref());
    // A face that prints its first day was right about the day of issue; the new version is issued later.
    let printed = face.contains_key("valid_from").then_some(old.issued_on);
    Ok(Draft {
        type_code: old.record_type.code.clone(),
        issuer: agency.to_owned(),
        holders: holders.collect(),
        face,
        issued_on: command.issued_on.unwrap_or(today),
        valid_from: command.valid_from.or(old.valid_from).or(printed),
        valid_to: command.valid_to.or(old.valid_to),
        attachments: command.attachments.clone().unwrap_or_else(|| old.attachments.clone()),
        identifier: None,
    })
}

fn face(old: &Map<String, Value>, edit: Option<&FaceEdit>) -> Map<String, Value> {
    match edit {
        None => old.clone(),
        Some(FaceEdit::Replace(face)) => face.clone(),
        Some(FaceEdit::Patch(fields)) => {
            let mut face = old.clone();
            for (name, value) in fields {
                if value.is_null() {
                    face.remove(name);
                } else {
                    face.insert(name.clone(), value.clone());
                }
            }
            face
        }
    }
}

/// Whether a version signed elsewhere is the next one of this record.
fn follows(record: &Record, old: &Record, successor: &Successor, agency: &str) -> Result<()> {
    let refused = |field: &'static str, rule: Rule, detail: &'static str| {
        Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule))
    };
    if record.version != successor.version || record.replaces.as_ref() != Some(&successor.replaces) {
        return refused("envelope.replaces", Rule::VersionNext, "it does not replace the present version");
    }
    if record.record_type.code != old.record_type.code {
        return refused("envelope.type", Rule::VersionType, "a new version is of the same type");
    }
    if record.issuer.code != agency {
        return refused(
            "envelope.issuer",
            Rule::VersionIssuer,
            "the version is signed by the agency that acts",
        );
    }
    let codes = |record: &Record| -> Vec<(String, String, String)> {
        let holders = record.holders.iter();
        holders.map(|one| (one.code_type.clone(), one.code.clone(), one.role.clone())).collect()
    };
    if codes(record) != codes(old) {
        return refused(
            "envelope.holders",
            Rule::VersionHolders,
            "a new version has the same holders in order",
        );
    }
    let serial = |text: &str| Identifier::parse(text).ok().map(|parsed| parsed.serial().to_owned());
    if serial(&record.identifier) != serial(&old.identifier) {
        return refused("envelope.identifier", Rule::VersionSerial, "a new version keeps the serial");
    }
    Ok(())
}

/// An extension ends later than the term before it; it never takes the end away.
fn check_end(action: Action, old: &Record, next: &Record) -> Result<()> {
    let last = |record: &Record| record.valid_to.and_then(Validity::last_day);
    let earlier = matches!((last(old), last(next)), (Some(old), Some(next)) if next <= old);
    let was_endless = last(old).is_none();
    if action == Action::Extend && (earlier || was_endless || next.valid_to.is_none()) {
        return Err(Error::new(Code::FieldInvalid, "an extension ends later than what it extends")
            .at("valid_to")
            .rule(Rule::ExtendLater));
    }
    Ok(())
}

/// A change and a correction say something else than the version before. Who only wants another paper renews or reissues
/// it, and an extension has its own rule.
///
/// The day of issue is that of the version and no news, unless a correction moves it back. A version that mends the type or the
/// issuer in its identifier says what it is for.
fn check_changes(command: &ActCommand, row: &StoredRecord, old: &Record, next: &Record) -> Result<()> {
    if !matches!(command.action, Action::Change | Action::Correct) {
        return Ok(());
    }
    let named = |record: &Record| {
        let parsed = Identifier::parse(&record.identifier).ok();
        parsed.map(|parsed| (parsed.type_code().to_owned(), parsed.issuer().to_owned()))
    };
    // The first day of a face that prints it is written into each later version.
    let begins = |record: &Record| {
        let printed = record.face.contains_key("valid_from").then_some(old.issued_on);
        record.valid_from.or(printed)
    };
    let same = (&next.face, &next.holders, &next.number) == (&old.face, &old.holders, &old.number)
        && (begins(next), next.valid_to) == (begins(old), old.valid_to)
        && (&next.attachments, &next.status) == (&old.attachments, &old.status)
        && (command.action == Action::Change || next.issued_on >= old.issued_on)
        && command.review_due.is_none_or(|due| row.body.review_due == Some(due))
        && named(next) == named(old);
    if !same {
        return Ok(());
    }
    let field = if command.envelope.is_some() { "envelope" } else { "face" };
    let detail = "the new version says what the version before it says";
    Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::NothingChanges))
}

/// The number changes only if the action says so; for a reissue the type must say so too. At a renewal the
/// old certificate is handed back, so a type that gives a new number to a lost one's successor may keep the
/// old number or give a new one.
fn check_number(action: Action, old: &Record, checked: &Checked, snapshot: &Snapshot) -> Result<()> {
    let next = &checked.record;
    let entry = snapshot.catalog.type_version(&next.record_type.code, next.record_type.version);
    let on_reissue = entry.map(|entry| entry.def().number.on_reissue);
    let (rule, detail) = match (action.number_effect(), on_reissue) {
        (NumberEffect::Kept, _) if next.number != old.number => {
            (Rule::NumberKept, "this action keeps the number")
        }
        (NumberEffect::ByType, Some(Reissue::Keep)) if next.number != old.number => {
            (Rule::NumberKept, "this type keeps its number")
        }
        (NumberEffect::ByType, Some(Reissue::New))
            if action == Action::Reissue && next.number == old.number =>
        {
            (Rule::NumberNew, "this type gives a reissued certificate a new number")
        }
        _ => return Ok(()),
    };
    Err(Error::new(Code::FieldInvalid, detail).at("face").rule(rule))
}
