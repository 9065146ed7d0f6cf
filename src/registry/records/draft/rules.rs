//! The rules that a record passes before it is signed or taken in: one list for records that are signed here
//! and records that an issuer signed itself.

use serde_json::Value;

use crate::catalog::{
    Agency, DateFacts, FaceFault, FaceNote, FieldKind, Format, HolderFacts, NoteKind, RoleFault, Seat, Term,
    TypeDef, TypeEntry,
};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, Sex};
use crate::record::Record;
use crate::record::identifier::Check;
use crate::record::payload::{Holder, Validity};
use crate::record::state::State;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::records::kept;
use crate::rule::Rule;
use crate::text;

/// A record that passed every rule, with its holders' codes parsed.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Ready to be signed.
    pub record: Record,
    /// The holders' codes, in order.
    pub codes: Vec<HolderCode>,
    /// The state that the face says, if it says one.
    pub printed: Option<State>,
    /// Remarks on an accepted record: remarks on codes, notes on the face.
    pub remarks: Vec<String>,
}

/// A record that is still to be judged; its face stands beside it, as the type's schema wants it.
pub(super) struct Candidate {
    /// The record, its face left empty.
    pub record: Record,
    /// The face, a JSON object.
    pub face: Value,
    /// The holders' codes, in order.
    pub codes: Vec<HolderCode>,
    /// The remarks so far.
    pub remarks: Vec<String>,
}

/// Every rule of day, issuer, authority, holders, face, validity and layout, in this order; returns the first
/// broken rule.
pub(super) fn approve(
    candidate: Candidate,
    entry: &TypeEntry,
    snapshot: &Snapshot,
    today: Day,
) -> Result<Checked> {
    let Candidate { mut record, face, codes, mut remarks } = candidate;
    if record.issued_on > today {
        return Err(invalid("issued_on", Rule::DateInFuture, "the day of issue lies in the future"));
    }
    issuer(&record, entry, snapshot)?;
    distinct(&codes)?;
    texts_of(&record)?;
    entry.check_holders(&face, &seats(&record.holders)).map_err(|faults| role_error(&faults))?;
    let faces = entry.face();
    faces.check(&face).map_err(|faults| face_error(&faults))?;
    remarks.extend(faces.notes(&face).iter().map(ToString::to_string));
    remarks.extend(name_notes(&record.holders).map(|note| note.to_string()));
    remarks.extend(check_holders(entry, &face, &record, &codes, today)?);
    if entry.number(&face) != record.number.as_deref() {
        return Err(invalid("number", Rule::NumberNotOfFace, "the number is not the one in the face"));
    }
    validity(&record, &face, entry)?;
    let said = entry.def().status.as_ref().and_then(|map| map.of(&face));
    let printed = said.map(|said| State::from(said.state));
    let Value::Object(face) = face else { return Err(Error::internal("a face that is no object")) };
    record.face = face;
    let dialect = record.check_identifier().map_err(|fault| {
        let member = fault.member().unwrap_or("record");
        Error::new(Code::FieldInvalid, fault.to_string()).at(member).rule(fault.rule())
    })?;
    let (type_code, issuer) = (&record.record_type.code, &record.issuer.code);
    if let Some(rule) = kept::foreign(snapshot, &record.identifier, type_code, issuer) {
        let detail = "the identifier belongs to another type or another issuer than the record";
        return Err(Error::new(Code::IdentifierInvalid, detail).at("identifier").rule(rule));
    }
    if dialect == Check::NonStandardDialect {
        let note = FaceNote { field: "identifier".to_owned(), kind: NoteKind::CheckNonstandard };
        remarks.push(note.to_string());
    }
    Ok(Checked { record, codes, printed, remarks })
}

/// The texts beside the face, which its schema judges.
fn texts_of(record: &Record) -> Result<()> {
    for (at, holder) in record.holders.iter().enumerate() {
        texts::holder_name(format!("holders.{at}.name"), &holder.name)?;
        holder
            .share
            .as_deref()
            .map_or(Ok(()), |share| texts::line(format!("holders.{at}.share"), share, 100))?;
    }
    record.status.as_ref().map_or(Ok(()), |status| text::visible("status.list", &status.list))?;
    texts::files(&record.attachments)
}

/// The marks on the names of the holders.
fn name_notes(holders: &[Holder]) -> impl Iterator<Item = FaceNote> {
    holders.iter().enumerate().flat_map(|(at, holder)| {
        let wide = holder.name.trim().contains('\u{3000}').then_some(NoteKind::WideBlank);
        let kinds = NoteKind::of_text(&holder.name).chain(wide);
        kinds.map(move |kind| FaceNote { field: format!("holders.{at}.name"), kind })
    })
}

/// The agency under its name of the day; where it did not stand on that day, as it was last, so that authority
/// can say so.
pub(super) fn agency<'s>(snapshot: &'s Snapshot, code: &str, on: Day) -> Result<&'s Agency> {
    let agencies = snapshot.catalog.issuers().agencies();
    let agency = agencies.on(code, on).or_else(|| agencies.latest(code));
    agency.ok_or_else(|| Error::new(Code::IssuerUnknown, "no agency of that code"))
}

/// Kind, authority and the issuer's name (R12): the record agrees with the catalog of that day.
fn issuer(record: &Record, entry: &TypeEntry, snapshot: &Snapshot) -> Result<()> {
    let agency =
        agency(snapshot, &record.issuer.code, record.issued_on).map_err(|error| error.at("issuer.code"))?;
    let (type_code, region) = (&record.record_type.code, agency.region.to_string());
    authority(snapshot, &agency.code, type_code, &region, record.issued_on)?;
    if record.issuer.name != agency.name {
        let detail = "the issuer had another name on the day of issue";
        return Err(invalid("issuer.name", Rule::IssuerName, detail));
    }
    if record.kind != entry.def().kind {
        return Err(invalid("kind", Rule::KindOfType, "the type is of another kind"));
    }
    Ok(())
}

/// Refuses an agency without authority for type, region and day, naming the part that is missing. Of a type that is only
/// relayed nobody issues or lists anything here.
pub fn authority(snapshot: &Snapshot, agency: &str, type_code: &str, region: &str, on: Day) -> Result<()> {
    if snapshot.catalog.type_of(type_code).is_some_and(|entry| entry.def().relay_only) {
        return Err(invalid("type", Rule::TypeRelayed, "answers of this type are only relayed"));
    }
    match snapshot.catalog.issuers().authorised(agency, type_code, region, on) {
        Ok(_) => Ok(()),
        Err(fault) => {
            let rule = fault.rule();
            Err(Error::new(Code::IssuerNotAuthorised, fault.to_string()).at("issuer").rule(rule))
        }
    }
}

/// One holder stands once: the rows of a record are told apart by their holders. Two forms of one number (15
/// and 18 digits, a credit code and the organisation code in it) are one holder.
fn distinct(codes: &[HolderCode]) -> Result<()> {
    let twice =
        |(at, code): &(usize, &HolderCode)| codes.iter().take(*at).any(|before| before.same_key(code));
    match codes.iter().enumerate().find(twice) {
        Some((at, _)) => {
            Err(invalid(format!("holders.{at}.code"), Rule::HolderTwice, "one holder stands once"))
        }
        None => Ok(()),
    }
}

/// The end that the type's rule computes if the issuer states none.
pub(super) fn term(
    def: &TypeDef,
    valid_from: Option<Day>,
    issued_on: Day,
    codes: &[HolderCode],
) -> Option<Validity> {
    let born = codes.first().and_then(HolderCode::person).map(|person| person.birth_date);
    match def.validity.term(valid_from.unwrap_or(issued_on), born) {
        Term::Until(day) => Some(Validity::Until(day)),
        Term::Long => Some(Validity::LongTerm),
        Term::Stated => None,
    }
}

/// The end is one that the type may have, and is there if the type has ends. Both days are those that the
/// face prints, if the face has fields of these names.
fn validity(record: &Record, face: &Value, entry: &TypeEntry) -> Result<()> {
    let (dates, long) = entry.def().validity.may_state();
    match record.valid_to {
        Some(Validity::Until(_)) if !dates => {
            return Err(invalid("valid_to", Rule::ValidityRule, "this type has no end of validity"));
        }
        Some(Validity::LongTerm) if !long => {
            return Err(invalid("valid_to", Rule::ValidityRule, "this type is never 长期"));
        }
        None if dates || long => {
            return Err(invalid(
                "valid_to",
                Rule::ValidityMissing,
                "this type states until when it is valid",
            ));
        }
        _ => {}
    }
    let first = record.valid_from.unwrap_or(record.issued_on);
    if record.valid_to.and_then(Validity::last_day).is_some_and(|last| last < first) {
        let detail = "the last valid day lies before the first";
        return Err(invalid("valid_to", Rule::ValidityBackwards, detail));
    }
    let from = first.to_string();
    let to = match record.valid_to {
        Some(Validity::Until(day)) => day.to_string(),
        Some(Validity::LongTerm) => "长期".to_owned(),
        None => String::new(),
    };
    for (name, said) in [("valid_from", from), ("valid_to", to)] {
        let dated = entry.face().field(name).map(|field| &field.kind);
        let is_day = matches!(dated, Some(FieldKind::Text { format: Format::Date | Format::DateOrLong, .. }));
        let printed = face.get(name).and_then(Value::as_str);
        if is_day && printed.is_some_and(|printed| printed != said) {
            let detail = "the face prints another day than the record says";
            return Err(Error::new(Code::FaceInvalid, detail)
                .at(format!("face.{name}"))
                .rule(Rule::ValidityFace));
        }
    }
    Ok(())
}

fn seats(holders: &[Holder]) -> Vec<Seat<'_>> {
    holders.iter().map(|holder| Seat { role: &holder.role, share: holder.share.as_deref() }).collect()
}

/// Compares the face with the facts in the numbers: sex, birth date, the number itself (I12: never repaired).
fn check_holders(
    entry: &TypeEntry,
    face: &Value,
    record: &Record,
    codes: &[HolderCode],
    today: Day,
) -> Result<Vec<String>> {
    let facts: Vec<HolderFacts<'_>> = record
        .holders
        .iter()
        .zip(codes)
        .map(|(holder, code)| {
            let person = code.person();
            HolderFacts {
                role: &holder.role,
                code_type: &holder.code_type,
                code: &holder.code,
                name: &holder.name,
                sex: person.as_ref().map(|person| sex_code(person.sex)),
                born: person.map(|person| person.birth_date),
            }
        })
        .collect();
    let found = entry.face().cross_check(face, &facts);
    if let Some(fault) = found.faults.first() {
        let code = if fault.rule.contradicts_holder() { Code::HolderMismatch } else { Code::FaceInvalid };
        return Err(Error::new(code, fault.detail.to_string())
            .at(format!("face.{}", fault.field))
            .rule(fault.rule.rule()));
    }
    if let Some(at) = facts.iter().position(|one| one.born.is_some_and(|born| born > record.issued_on)) {
        let detail = "the holder was born after the day of issue";
        return Err(invalid(format!("holders.{at}.code"), Rule::DateOrder, detail));
    }
    let (issued_on, first_version) = (record.issued_on, record.version == 1);
    let days =
        entry.check_dates(face, &DateFacts { today, issued_on, first_version, holders: &facts, ended: &[] });
    if let Some(fault) = days.fault {
        return Err(Error::new(Code::FaceInvalid, fault.detail).at(fault.field).rule(Rule::DateOrder));
    }
    Ok(found.notes.iter().chain(&days.notes).map(ToString::to_string).collect())
}

/// GB/T 2261.1: 1 male, 2 female.
fn sex_code(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "1",
        Sex::Female => "2",
    }
}

fn face_error(faults: &[FaceFault]) -> Error {
    let listed: Vec<Value> = faults
        .iter()
        .map(|fault| serde_json::json!({"field": format!("face.{}", fault.field), "rule": fault.rule.rule(), "detail": fault.detail}))
        .collect();
    let first = faults.first();
    let mut error =
        Error::new(Code::FaceInvalid, first.map(|fault| fault.detail.to_string()).unwrap_or_default())
            .with(serde_json::json!({ "faults": listed }));
    if let Some(fault) = first {
        error = error.at(format!("face.{}", fault.field)).rule(fault.rule.rule());
    }
    error
}

fn role_error(faults: &[RoleFault]) -> Error {
    let first = faults.first();
    let error =
        Error::new(Code::HolderRoleInvalid, first.map(ToString::to_string).unwrap_or_default()).at("holders");
    match first {
        Some(fault) => error.rule(fault.rule()),
        None => error,
    }
}

/// A refusal of one field.
pub(super) fn invalid(
    field: impl Into<std::borrow::Cow<'static, str>>,
    rule: Rule,
    detail: &'static str,
) -> Error {
    Error::new(Code::FieldInvalid, detail).at(field).rule(rule)
}
