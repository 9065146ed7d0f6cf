//! From an issuer's data to a record that may be signed: every rule of type, holders, face and authority.
//!
//! Pure except for the given snapshot, so that import checks rows on all cores with the same code that issue
//! and act use.

mod rules;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bounds;
use crate::catalog::{Face, TypeEntry};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode, Parsed, Regions};
use crate::record::payload::{Attachment, Holder, Issuer, Replaces, TypeRef, Validity};
use crate::record::{Identifier, Record};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::strict;
use crate::registry::records::draft::rules::{Candidate, approve, invalid};
pub use crate::registry::records::draft::rules::{Checked, authority};
use crate::rule::Rule;
use crate::trust::random;

/// One holder as the issuer names it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftHolder {
    /// Code type, 3 digits.
    #[schema(value_type = CodeType)]
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Type code or slug.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The issuing agency's credit code.
    pub issuer: String,
    /// The holders, in the order of their items in the face.
    pub holders: Vec<DraftHolder>,
    /// The face, as the type's schema says. A name that stands twice in it is refused (I12).
    #[serde(deserialize_with = "strict::object")]
    #[schema(value_type = Face)]
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

/// The parts that a new version takes from the one before.
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
    draft: Draft,
    snapshot: &Snapshot,
    regions: &Regions,
    today: Day,
    successor: Option<&Successor>,
) -> Result<Checked> {
    let entry = type_entry(snapshot, &draft.type_code)?;
    let def = entry.def();
    bounded(draft.holders.len(), draft.attachments.len())?;
    let agency =
        rules::agency(snapshot, &draft.issuer, draft.issued_on).map_err(|error| error.at("issuer"))?;
    let (holders, codes, remarks) = holders(&draft, entry, regions, today)?;
    let version = successor.map_or(1, |successor| successor.version);
    let identifier = identifier(&draft, &def.code, version, successor)?;
    let face = Value::Object(draft.face);
    let number = entry.number(&face).map(str::to_owned);
    let record = Record {
        attachments: draft.attachments,
        number,
        face: Map::new(),
        holders,
        identifier,
        issued_on: draft.issued_on,
        issuer: Issuer { code: agency.code.clone(), name: agency.name.clone() },
        kind: def.kind,
        replaces: successor.map(|successor| successor.replaces.clone()),
        salt: random::salt()?,
        status: None,
        record_type: TypeRef { code: def.code.clone(), version: def.version },
        v: 1,
        valid_from: draft.valid_from,
        valid_to: draft.valid_to.or_else(|| rules::term(def, draft.valid_from, draft.issued_on, &codes)),
        version,
    };
    approve(Candidate { record, face, codes, remarks }, entry, snapshot, today)
}

/// Checks a record that its issuer signed: the same rules, nothing filled in.
pub fn check_signed(
    mut record: Record,
    snapshot: &Snapshot,
    regions: &Regions,
    today: Day,
) -> Result<Checked> {
    let entry = snapshot.catalog.type_version(&record.record_type.code, record.record_type.version);
    let entry =
        entry.ok_or_else(|| Error::new(Code::TypeUnknown, "no such version of the type").at("type"))?;
    bounded(record.holders.len(), record.attachments.len())?;
    let (mut codes, mut remarks) = (Vec::with_capacity(record.holders.len()), Vec::new());
    for (index, holder) in record.holders.iter().enumerate() {
        let Parsed { code, remarks: said } = parse(&holder.code_type, &holder.code, regions, today, index)?;
        if code.as_str() != holder.code {
            let field = format!("holders.{index}.code");
            return Err(invalid(field, Rule::CodeNotCanonical, "a signed record has the canonical code"));
        }
        remarks.extend(said.iter().map(|remark| remark.wire().to_owned()));
        codes.push(code);
    }
    let face = Value::Object(std::mem::take(&mut record.face));
    approve(Candidate { record, face, codes, remarks }, entry, snapshot, today)
}

/// The current version of a type by code or slug.
pub fn type_entry<'s>(snapshot: &'s Snapshot, name: &str) -> Result<&'s std::sync::Arc<TypeEntry>> {
    snapshot.type_named(name)
}

/// Each holder gets a row with the whole record in it: how many there are is asked before anything is made of them.
fn bounded(holders: usize, attachments: usize) -> Result<()> {
    bounds::at_most(bounds::HOLDERS, holders, "holders")?;
    bounds::at_most(bounds::ATTACHMENTS, attachments, "attachments")
}

type Bound = (Vec<Holder>, Vec<HolderCode>, Vec<String>);

fn holders(draft: &Draft, entry: &TypeEntry, regions: &Regions, today: Day) -> Result<Bound> {
    let (mut holders, mut codes, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for (index, given) in draft.holders.iter().enumerate() {
        let parsed = parse(&given.code_type, &given.code, regions, today, index)?;
        remarks.extend(parsed.remarks.iter().map(|remark| remark.wire().to_owned()));
        let only = entry.def().holders.first().filter(|_| entry.def().holders.len() == 1);
        let role = given.role.clone().or_else(|| only.map(|role| role.role.clone()));
        let missing = || {
            invalid(
                format!("holders.{index}.role"),
                Rule::RoleMissing,
                "the type has several roles: name one",
            )
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
    Ok((holders, codes, remarks))
}

fn parse(code_type: &str, code: &str, regions: &Regions, today: Day, index: usize) -> Result<Parsed> {
    let code_type: CodeType = code_type.parse().map_err(|fault| {
        invalid(format!("holders.{index}.code_type"), Rule::CodeTypeUnknown, "no such holder code type")
            .caused_by(fault)
    })?;
    HolderCode::parse_with(code_type, code, Some(today), regions)
        .map_err(|fault| Error::from(fault).at(format!("holders.{index}.code")))
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
