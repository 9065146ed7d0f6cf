//! From what an issuer says to a record that may be signed: every rule of type, holders, face and authority.
//!
//! Pure but for the snapshot it is given, so that import checks rows on all cores with the same code that
//! issue and act use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::snapshot::Snapshot;
use crate::catalog::{FaceFault, HolderFacts, Seat, Term, TypeEntry};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode, Parsed, Regions, Remark, Sex};
use crate::record::payload::{Attachment, Holder, Issuer, Replaces, TypeRef, Validity};
use crate::record::{Identifier, Record};
use crate::trust::random;

/// One holder as the issuer names it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftHolder {
    /// Code type, 3 digits.
    pub code_type: String,
    /// The number, in any form that is accepted at the edge.
    pub code: String,
    /// The name as given.
    pub name: String,
    /// The role; may be left out where the type has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The share, where the type has shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
}

impl std::fmt::Debug for DraftHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DraftHolder({} ***)", self.code_type)
    }
}

/// A record as an issuer brings it, to be signed with the key that the registry holds for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Type code or slug.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The issuing agency's credit code.
    pub issuer: String,
    /// The holders, in the order of their items in the face.
    pub holders: Vec<DraftHolder>,
    /// The face, as the type's schema says.
    pub face: Map<String, Value>,
    /// The day of issue.
    pub issued_on: Day,
    /// First valid day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// Last valid day or 长期; computed where the type has a rule and nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Validity>,
    /// Files that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// An identifier given elsewhere, kept as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({}, {} holders)", self.type_code, self.holders.len())
    }
}

/// A record that passed every rule, with its holders' codes parsed.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Ready to be signed.
    pub record: Record,
    /// The holders' codes, in order.
    pub codes: Vec<HolderCode>,
    /// What was accepted but is worth saying: remarks on codes, notes on the face.
    pub remarks: Vec<String>,
}

/// What a new version takes over from the one before.
#[derive(Debug, Clone)]
pub struct Successor {
    /// Identifier (its serial stays), version and action.
    pub replaces: Replaces,
    /// The new version.
    pub version: u32,
}

/// Checks a draft and makes the record of it.
pub fn check(
    draft: &Draft,
    snapshot: &Snapshot,
    regions: &Regions,
    today: Day,
    successor: Option<&Successor>,
) -> Result<Checked> {
    check_owned(draft.clone(), snapshot, regions, today, successor)
}

/// [`check`] of a draft that is not needed any more: its face becomes the record's.
pub fn check_owned(
    mut draft: Draft,
    snapshot: &Snapshot,
    regions: &Regions,
    today: Day,
    successor: Option<&Successor>,
) -> Result<Checked> {
    let face = Value::Object(std::mem::take(&mut draft.face));
    let draft = &draft;
    let entry = type_entry(snapshot, &draft.type_code)?;
    let def = entry.def();
    let issuer = snapshot.catalog.issuers().agencies();
    let agency = issuer.on(&draft.issuer, draft.issued_on).or_else(|| issuer.latest(&draft.issuer));
    let agency =
        agency.ok_or_else(|| Error::new(Code::IssuerUnknown, "no agency of that code").at("issuer"))?;
    if draft.issued_on > today {
        return Err(invalid("issued_on", "date_in_future", "the day of issue lies in the future"));
    }
    let region = agency.region.to_string();
    authority(snapshot, &draft.issuer, &def.code, &region, draft.issued_on)?;

    let (holders, codes, mut remarks) = holders(draft, &face, entry, regions, today)?;
    let faces = entry.face();
    faces.check(&face).map_err(|faults| face_error(&faults))?;
    remarks
        .extend(faces.notes(&face).into_iter().map(|note| format!("{}: {}", note.field, note.kind.wire())));
    remarks.extend(check_holders(entry, &face, &holders, &codes)?);

    let born = codes.first().and_then(|code| code.person()).map(|person| person.birth_date);
    let valid_to =
        match (draft.valid_to, def.validity.term(draft.valid_from.unwrap_or(draft.issued_on), born)) {
            (Some(given), _) => Some(given),
            (None, Term::Until(day)) => Some(Validity::Until(day)),
            (None, Term::Long) => Some(Validity::LongTerm),
            (None, Term::Stated) => None,
        };
    let (dates, long) = def.validity.may_state();
    match valid_to {
        Some(Validity::Until(_)) if !dates => {
            return Err(invalid("valid_to", "validity_rule", "this type has no end of validity"));
        }
        Some(Validity::LongTerm) if !long => {
            return Err(invalid("valid_to", "validity_rule", "this type is never 长期"));
        }
        _ => {}
    }
    let version = successor.map_or(1, |successor| successor.version);
    let identifier = identifier(draft, &def.code, version, successor)?;
    let number = entry.number(&face).map(str::to_owned);
    let Value::Object(face) = face else { return Err(Error::internal("a face that is no object")) };
    let record = Record {
        attachments: draft.attachments.clone(),
        number,
        face,
        holders,
        identifier,
        issued_on: draft.issued_on,
        issuer: Issuer { code: agency.code.clone(), name: agency.name.clone() },
        kind: def.kind,
        replaces: successor.map(|successor| successor.replaces.clone()),
        salt: random::salt()?,
        record_type: TypeRef { code: def.code.clone(), version: def.version },
        v: 1,
        valid_from: draft.valid_from,
        valid_to,
        version,
    };
    record.check().map_err(|fault| {
        let member = fault.member().unwrap_or("record");
        Error::new(Code::FieldInvalid, fault.to_string()).at(member).rule(fault.rule())
    })?;
    Ok(Checked { record, codes, remarks })
}

/// Checks a record that its issuer signed: the same rules, nothing filled in.
pub fn check_signed(record: Record, snapshot: &Snapshot, regions: &Regions, today: Day) -> Result<Checked> {
    let entry = snapshot.catalog.type_version(&record.record_type.code, record.record_type.version);
    let entry =
        entry.ok_or_else(|| Error::new(Code::TypeUnknown, "no such version of the type").at("type"))?.clone();
    if record.issued_on > today {
        return Err(invalid("issued_on", "date_in_future", "the day of issue lies in the future"));
    }
    let agencies = snapshot.catalog.issuers().agencies();
    let agency =
        agencies.on(&record.issuer.code, record.issued_on).or_else(|| agencies.latest(&record.issuer.code));
    let agency =
        agency.ok_or_else(|| Error::new(Code::IssuerUnknown, "no agency of that code").at("issuer.code"))?;
    authority(
        snapshot,
        &agency.code,
        &record.record_type.code,
        &agency.region.to_string(),
        record.issued_on,
    )?;
    let mut codes = Vec::new();
    for (index, holder) in record.holders.iter().enumerate() {
        let Parsed { code, .. } = parse(&holder.code_type, &holder.code, regions, today, index)?;
        if code.as_str() != holder.code {
            let field = format!("holders.{index}.code");
            return Err(invalid(field, "code_not_canonical", "a signed record has the canonical code"));
        }
        codes.push(code);
    }
    let seats = seats(&record.holders);
    let face = Value::Object(record.face.clone());
    entry.check_holders(&face, &seats).map_err(|faults| role_error(&faults))?;
    entry.face().check(&face).map_err(|faults| face_error(&faults))?;
    let remarks = check_holders(&entry, &face, &record.holders, &codes)?;
    if entry.number(&face) != record.number.as_deref() {
        return Err(invalid("number", "number_not_of_face", "the number is not the one in the face"));
    }
    Ok(Checked { record, codes, remarks })
}

/// The current version of a type by code or slug.
pub fn type_entry<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s std::sync::Arc<TypeEntry>> {
    let found = snapshot.catalog.type_of(name).or_else(|| snapshot.catalog.type_by_slug(name));
    found.ok_or_else(|| Error::new(Code::TypeUnknown, "no type of that code or name").at("type"))
}

/// Refuses an agency without authority for type, region and day, naming the part that is missing.
pub fn authority(snapshot: &Snapshot, agency: &str, type_code: &str, region: &str, on: Day) -> Result<()> {
    match snapshot.catalog.issuers().authorised(agency, type_code, region, on) {
        Ok(_) => Ok(()),
        Err(fault) => {
            let rule = fault.rule();
            Err(Error::new(Code::IssuerNotAuthorised, fault.to_string()).at("issuer").rule(rule))
        }
    }
}

type Bound = (Vec<Holder>, Vec<HolderCode>, Vec<String>);

fn holders(draft: &Draft, face: &Value, entry: &TypeEntry, regions: &Regions, today: Day) -> Result<Bound> {
    let (mut holders, mut codes, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for (index, given) in draft.holders.iter().enumerate() {
        let parsed = parse(&given.code_type, &given.code, regions, today, index)?;
        remarks.extend(parsed.remarks.iter().map(|remark| remark.wire().to_owned()));
        let only = entry.def().holders.first().filter(|_| entry.def().holders.len() == 1);
        let role = given.role.clone().or_else(|| only.map(|role| role.role.clone()));
        let missing = || {
            invalid(format!("holders.{index}.role"), "role_missing", "the type has several roles: name one")
        };
        holders.push(Holder {
            code: parsed.code.as_str().to_owned(),
            code_type: parsed.code.code_type().code().to_owned(),
            name: given.name.clone(),
            role: role.ok_or_else(missing)?,
            share: given.share.clone(),
        });
        codes.push(parsed.code);
    }
    entry.check_holders(face, &seats(&holders)).map_err(|faults| role_error(&faults))?;
    Ok((holders, codes, remarks))
}

fn seats(holders: &[Holder]) -> Vec<Seat<'_>> {
    holders.iter().map(|holder| Seat { role: &holder.role, share: holder.share.as_deref() }).collect()
}

fn parse(code_type: &str, code: &str, regions: &Regions, today: Day, index: usize) -> Result<Parsed> {
    let code_type: CodeType = code_type.parse().map_err(|fault| {
        invalid(format!("holders.{index}.code_type"), "code_type_unknown", "no such holder code type")
            .caused_by(fault)
    })?;
    HolderCode::parse_with(code_type, code, Some(today), regions)
        .map_err(|fault| Error::from(fault).at(format!("holders.{index}.code")))
}

/// Holds the face against what the numbers say: sex, birth date, the number itself (I12: never repaired).
fn check_holders(
    entry: &TypeEntry,
    face: &Value,
    holders: &[Holder],
    codes: &[HolderCode],
) -> Result<Vec<String>> {
    let facts: Vec<HolderFacts<'_>> = holders
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
    match found.faults.first() {
        Some(fault) => {
            let code = if fault.rule.contradicts_holder() { Code::HolderMismatch } else { Code::FaceInvalid };
            Err(Error::new(code, fault.detail.to_string())
                .at(format!("face.{}", fault.field))
                .rule(fault.rule.rule()))
        }
        None => {
            Ok(found.notes.into_iter().map(|note| format!("{}: {}", note.field, note.kind.wire())).collect())
        }
    }
}

/// GB/T 2261.1: 1 male, 2 female.
fn sex_code(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "1",
        Sex::Female => "2",
    }
}

fn identifier(draft: &Draft, type_code: &str, version: u32, successor: Option<&Successor>) -> Result<String> {
    let fault = |fault: crate::record::identifier::IdentifierFault| {
        Error::new(Code::IdentifierInvalid, fault.to_string()).at("identifier").rule(fault.rule())
    };
    if let Some(given) = &draft.identifier {
        let parsed = Identifier::parse(given).map_err(fault)?;
        return Ok(parsed.as_str().to_owned());
    }
    let serial = match successor {
        // A new version keeps the serial of the one before: the identifier family is one certificate.
        Some(successor) => {
            Identifier::parse(&successor.replaces.identifier.0).map_err(fault)?.serial().to_owned()
        }
        None => random::serial()?,
    };
    Ok(Identifier::compose(type_code, &draft.issuer, &serial, version).map_err(fault)?.as_str().to_owned())
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

fn role_error(faults: &[crate::catalog::RoleFault]) -> Error {
    let first = faults.first();
    let error =
        Error::new(Code::HolderRoleInvalid, first.map(ToString::to_string).unwrap_or_default()).at("holders");
    match first {
        Some(fault) => error.rule(fault.rule()),
        None => error,
    }
}

fn invalid(
    field: impl Into<std::borrow::Cow<'static, str>>,
    rule: &'static str,
    detail: &'static str,
) -> Error {
    Error::new(Code::FieldInvalid, detail).at(field).rule(rule)
}

/// What is said about a code that was accepted after conversion, for answers.
pub fn remark_json(remark: &Remark) -> Value {
    serde_json::json!({"remark": remark.wire(), "zh": remark.text_zh(), "en": remark.text_en()})
}
