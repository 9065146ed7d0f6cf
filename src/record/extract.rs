//! The extract (摘录): the allowed fields of a record, if the caller may not see the whole (I4).
//!
//! The registry vouches for an extract, not the issuer's signature, and the extract says so. The caller's
//! policy decides field by field; a field that is not named is not shown. A co-holder's code and name are
//! fields of their own: without a right to them, a joint record goes out as an extract with the asking holder
//! only.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::canonical::{self, CanonicalFault};
use super::digest::Digest;
use super::payload::{Holder, Issuer, PayloadFault, Record, TypeRef, Validity};
use super::{json, secret};
use crate::catalog::{Field, FieldSet, Kind, Mask, NumberClass, TypeEntry};
use crate::clock::Day;
use crate::closed::closed;

closed! {
    /// The guarantor of the content that goes out.
    VouchedBy {
        Issuer, "issuer", "发证机构", "the issuer, by the signature of the envelope";
        Registry, "registry", "本库", "the registry, by the receipt of the answer";
    }
}

/// The visible fields of the face.
#[derive(Debug, Clone, Copy)]
pub enum Fields<'a> {
    /// All of them, the number included.
    Whole,
    /// These names of the face; `number` among them shows the certificate's own number.
    Only(&'a BTreeSet<String>),
}

/// The visible holders.
#[derive(Clone, Copy)]
pub enum Holders<'a> {
    /// All.
    All,
    /// Only the one with this code type and code; the others are left out.
    Only(&'a str, &'a str),
}

/// The masks of the fields that go out.
#[derive(Clone, Copy)]
pub enum Masks<'a> {
    /// Not at all.
    None,
    /// As the type says, at every depth.
    OfType {
        /// Its definitions, in the order in which they are asked. A field that none of them knows stays out:
        /// nothing says how much of it may be seen.
        types: &'a [Arc<TypeEntry>],
        /// Fields that go out as they stand, as `path!whole`: `id_number!whole`, `spouses.id_number!whole`;
        /// `number!whole` for the certificate's number.
        unmasked: &'a BTreeSet<String>,
    },
}

/// The part of a record that one asker may see.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The fields.
    pub fields: Fields<'a>,
    /// The holders.
    pub holders: Holders<'a>,
    /// How fields and number are masked.
    pub masks: Masks<'a>,
    /// Whether holders' codes go out masked.
    pub mask_codes: bool,
}

/// What an extract says, in canonical order.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Extract)]
pub struct ExtractBody {
    /// The fields of the face that may be seen.
    #[serde(serialize_with = "canonical_object")]
    #[schema(value_type = Object)]
    pub face: Map<String, Value>,
    /// Always true: an extract is not the record.
    pub fields_limited: bool,
    /// The holders that may be seen.
    pub holders: Vec<ExtractHolder>,
    /// The identifier; left out where it holds a number that is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub identifier: Option<String>,
    /// The day of issue.
    pub issued_on: Day,
    /// Who issued.
    pub issuer: Issuer,
    /// What kind of document.
    pub kind: Kind,
    /// The certificate's own number, masked as its type says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub number: Option<String>,
    /// The type.
    #[serde(rename = "type")]
    pub record_type: TypeRef,
    /// First valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_from: Option<Day>,
    /// Last valid day, or `long_term`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_to: Option<Validity>,
    /// From 1.
    pub version: u32,
    /// Always `registry`.
    pub vouched_by: VouchedBy,
}

/// A holder as an extract shows it.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ExtractHolder {
    /// The code, masked unless the grant says otherwise.
    pub code: String,
    /// The code type, three digits.
    pub code_type: String,
    /// The name as given, for a grant that names `name` or `holders`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// The role that the type gives this holder.
    pub role: String,
    /// The share of a joint right, for a grant that names `holders`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub share: Option<String>,
}

/// An extract with its bytes, and their digest, which stands in the answer list of the access entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Extract {
    /// What it says.
    pub body: ExtractBody,
    /// The same as canonical JSON.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub digest: Digest,
}

/// As its bytes.
impl Serialize for Extract {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json::verbatim(&self.bytes, to)
    }
}

fn canonical_object<S: Serializer>(members: &Map<String, Value>, to: S) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::with_capacity(256);
    canonical::write_object(members, &mut bytes).map_err(serde::ser::Error::custom)?;
    json::verbatim(&bytes, to)
}

/// What the issuer says of a certificate whose body is not here (schema/bytes.md §9).
#[derive(Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[schema(as = DirectoryEntry)]
pub struct DirectorySaid {
    /// The day of issue.
    #[schema(nullable = false)]
    pub issued_on: Option<Day>,
    /// The holder's name.
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// A word more.
    #[schema(nullable = false)]
    pub note: Option<String>,
    /// The certificate's number.
    #[schema(nullable = false)]
    pub number: Option<String>,
    /// The office that keeps it.
    #[schema(nullable = false)]
    pub office: Option<String>,
}

impl View<'_> {
    /// Whether this view is less than the envelope, so that an extract goes out instead.
    pub fn limits(&self, record: &Record) -> bool {
        let fields = match self.fields {
            Fields::Whole => false,
            // Even if every field of the face is named: attachments and number go with the whole only.
            Fields::Only(_) => true,
        };
        fields
            || self.mask_codes
            || !matches!(self.masks, Masks::None)
            || record.holders.iter().any(|one| !self.shows(one))
    }

    fn shows(&self, holder: &Holder) -> bool {
        match self.holders {
            Holders::All => true,
            Holders::Only(code_type, code) => holder.code_type == code_type && holder.code == code,
        }
    }

    fn allows(&self, name: &str) -> bool {
        match self.fields {
            Fields::Whole => true,
            Fields::Only(names) => names.contains(name),
        }
    }
}

impl Masks<'_> {
    /// A field of the face as it goes out; none if it does not.
    fn field(&self, name: &str, value: &Value) -> Option<Value> {
        match self {
            Self::None => Some(value.clone()),
            Self::OfType { types, unmasked } => {
                let known = types.iter().find_map(|entry| entry.face().field(name));
                shown(known?, name, value, unmasked)
            }
        }
    }

    /// The certificate's number as it goes out; none if it does not.
    fn number(&self, number: &str) -> Option<String> {
        let Self::OfType { types, unmasked } = self else { return Some(number.to_owned()) };
        let by = match types.first() {
            None => Mask::Id,
            Some(entry) => {
                let rule = &entry.def().number;
                let field = entry.face().field(&rule.field).map_or(Mask::None, |field| field.mask);
                let whole = |name: &str| unmasked.contains(&format!("{name}!whole"));
                match (whole("number") || whole(&rule.field), field, rule.class) {
                    (true, ..) => Mask::None,
                    (false, Mask::None, NumberClass::ContainsId) => Mask::Id,
                    (false, field, _) => field,
                }
            }
        };
        secret::masked(by, number)
    }
}

/// Whether a value goes out as it stands to whoever has these fields: nothing of it is masked or left out. `number` is
/// the certificate's own number where the face has no field of that name.
pub fn goes_out_whole(
    entry: Option<&Arc<TypeEntry>>,
    name: &str,
    value: &Value,
    granted: &BTreeSet<String>,
) -> bool {
    let Some(entry) = entry else { return false };
    let masks = Masks::OfType { types: std::slice::from_ref(entry), unmasked: granted };
    if entry.face().field(name).is_none() && name == "number" {
        return value.as_str().is_some_and(|number| masks.number(number).as_deref() == Some(number));
    }
    masks.field(name, value).as_ref() == Some(value)
}

/// A value as its field is masked: text by itself, the fields of lists and groups each by its own mask. A masked
/// value without a masked form stays out.
pub fn shown(field: &Field, path: &str, value: &Value, unmasked: &BTreeSet<String>) -> Option<Value> {
    let inner = field.inner();
    if (field.mask != Mask::None || inner.is_some()) && unmasked.contains(&format!("{path}!whole")) {
        return Some(value.clone());
    }
    match (inner, value) {
        (Some(_), _) if field.mask != Mask::None => None,
        (Some(fields), Value::Array(rows)) => {
            let rows =
                rows.iter().filter_map(Value::as_object).map(|row| object(fields, path, row, unmasked));
            Some(rows.collect())
        }
        (Some(fields), Value::Object(group)) => Some(object(fields, path, group, unmasked)),
        (Some(_), _) => None,
        (None, Value::String(text)) => secret::masked(field.mask, text).map(Value::String),
        (None, Value::Array(items)) if field.mask != Mask::None => {
            let texts = items.iter().filter_map(Value::as_str);
            texts.map(|text| secret::masked(field.mask, text).map(Value::String)).collect()
        }
        (None, _) if field.mask != Mask::None => None,
        (None, other) => Some(other.clone()),
    }
}

fn object(fields: &FieldSet, path: &str, row: &Map<String, Value>, unmasked: &BTreeSet<String>) -> Value {
    let cell = |(name, value): (&String, &Value)| {
        let value = shown(fields.field(name)?, &format!("{path}.{name}"), value, unmasked)?;
        Some((name.clone(), value))
    };
    Value::Object(row.iter().filter_map(cell).collect())
}

/// The extract of a record for a view. The identifier is left out in two cases: its serial is a number of a
/// holder who is not shown, or codes are masked and it contains one.
pub fn extract(record: &Record, view: &View<'_>) -> Result<Extract, PayloadFault> {
    let (shown, hidden): (Vec<&Holder>, Vec<&Holder>) =
        record.holders.iter().partition(|one| view.shows(one));
    let mut face = Map::new();
    for (name, value) in record.face.iter().filter(|(name, _)| view.allows(name)) {
        if let Some(value) = view.masks.field(name, value) {
            face.insert(name.clone(), value);
        }
    }
    let named = view.allows("name") || view.allows("holders");
    let holder = |holder: &&Holder| ExtractHolder {
        code: if view.mask_codes { secret::mask(&holder.code) } else { holder.code.clone() },
        code_type: holder.code_type.clone(),
        name: named.then(|| holder.name.clone()),
        role: holder.role.clone(),
        share: holder.share.clone().filter(|_| view.allows("holders")),
    };
    let hidden: Vec<&str> = hidden.iter().map(|holder| holder.code.as_str()).collect();
    let identifier = (!leaks(record, &hidden, view.mask_codes)).then(|| record.identifier.clone());
    let number = record.number.as_deref().filter(|_| view.allows("number"));
    let body = ExtractBody {
        face,
        fields_limited: true,
        holders: shown.iter().map(holder).collect(),
        identifier,
        issued_on: record.issued_on,
        issuer: record.issuer.clone(),
        kind: record.kind,
        number: number.and_then(|number| view.masks.number(number)),
        record_type: record.record_type.clone(),
        valid_from: record.valid_from,
        valid_to: record.valid_to,
        version: record.version,
        vouched_by: VouchedBy::Registry,
    };
    let mut bytes = Vec::with_capacity(512);
    json::write(&body, &mut bytes).ok().ok_or(CanonicalFault::NotAnInteger)?;
    let digest = Digest::of(&[&bytes]);
    Ok(Extract { body, bytes, digest })
}

/// The content of a directory entry, for a grant of named fields. The office that keeps the certificate and
/// its note always go out: somebody must go there. The holder's name goes out as `name` (or `holders`), the
/// day as `issued_on`, the number as `number`, masked like a record's.
pub fn directory(said: &Map<String, Value>, granted: &BTreeSet<String>, masks: &Masks<'_>) -> Value {
    let may = |name: &str| match name {
        "office" | "note" => true,
        "name" => granted.contains("name") || granted.contains("holders"),
        other => granted.contains(other),
    };
    let shown = said.iter().filter(|(name, _)| may(name)).filter_map(|(name, value)| {
        let value = match value.as_str() {
            Some(number) if name == "number" => masks.number(number)?.into(),
            _ => value.clone(),
        };
        Some((name.clone(), value))
    });
    Value::Object(shown.collect())
}

/// Whether the identifier shows a number that the view hides.
fn leaks(record: &Record, hidden: &[&str], mask_codes: bool) -> bool {
    let has_hidden = !hidden.is_empty() && secret::serial_is_secret(&record.identifier, hidden);
    has_hidden || mask_codes && record.identifier_is_secret()
}

#[cfg(test)]
mod tests;
