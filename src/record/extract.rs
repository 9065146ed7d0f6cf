//! The extract (摘录): the allowed fields of a record, where the whole may not be seen (I4).
//!
//! An extract is vouched for by the registry, not by the issuer's signature, and says so. Field by field the
//! caller's policy decides; what is not named is not shown. A co-holder's code and name are fields of their
//! own: without right to them a joint record goes out as an extract with the asking holder only.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::canonical;
use super::digest::Digest;
use super::payload::{Holder, PayloadFault, Record};
use super::secret;
use crate::catalog::{Field, FieldSet, Mask, NumberClass, TypeEntry};

/// Which fields of the face may be seen.
#[derive(Debug, Clone, Copy)]
pub enum Fields<'a> {
    /// All of them, the number included.
    Whole,
    /// These names of the face; `number` among them shows the certificate's own number.
    Only(&'a BTreeSet<String>),
}

/// Which holders may be seen.
#[derive(Clone, Copy)]
pub enum Holders<'a> {
    /// All.
    All,
    /// Only the one with this code type and code; the others are left out.
    Only(&'a str, &'a str),
}

/// How the fields that go out are masked.
#[derive(Clone, Copy)]
pub enum Masks<'a> {
    /// Not at all.
    None,
    /// As the type says, at every depth.
    OfType {
        /// Its definitions, the one to be asked first in front. A field that none of them knows stays out: nobody
        /// said how much of it may be seen.
        types: &'a [Arc<TypeEntry>],
        /// Fields that go out as they stand, as `path!whole`: `id_number!whole`, `spouses.id_number!whole`;
        /// `number!whole` for the certificate's number.
        unmasked: &'a BTreeSet<String>,
    },
}

/// What one asker may see of a record.
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

/// An extract's bytes and their digest, which stands in the answer list of the access entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Extract {
    /// Canonical JSON.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub digest: Digest,
}

impl View<'_> {
    /// Whether this view is less than the envelope, so that an extract goes out in its place.
    pub fn limits(&self, record: &Record) -> bool {
        let fields = match self.fields {
            Fields::Whole => false,
            // Even where every field of the face is named: attachments and number go with the whole only.
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
    /// A field of the face as it goes out; none where it does not.
    fn field(&self, name: &str, value: &Value) -> Option<Value> {
        match self {
            Self::None => Some(value.clone()),
            Self::OfType { types, unmasked } => {
                let known = types.iter().find_map(|entry| entry.face().field(name));
                shown(known?, name, value, unmasked)
            }
        }
    }

    /// The certificate's number as it goes out; none where it does not.
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

/// The extract of a record for a view.
///
/// Members: `vouched_by` (`registry`), `identifier`, `kind`, `type`, `issuer`, `holders` (those shown),
/// `issued_on`, `valid_from`?, `valid_to`?, `version`, `number`?, `face` (allowed fields), `fields_limited`
/// (true). The identifier is left out where its serial is a number of a holder who is not shown, or where
/// codes are masked and it contains one.
pub fn extract(record: &Record, view: &View<'_>) -> Result<Extract, PayloadFault> {
    let (shown, hidden): (Vec<&Holder>, Vec<&Holder>) =
        record.holders.iter().partition(|one| view.shows(one));
    let mut face = Map::new();
    for (name, value) in record.face.iter().filter(|(name, _)| view.allows(name)) {
        if let Some(value) = view.masks.field(name, value) {
            face.insert(name.clone(), value);
        }
    }
    let holders: Vec<Value> = shown
        .iter()
        .map(|holder| {
            let code = if view.mask_codes { secret::mask(&holder.code) } else { holder.code.clone() };
            let mut one = json!({
                "code": code, "code_type": holder.code_type, "name": holder.name, "role": holder.role,
            });
            if let (Some(share), Value::Object(one)) = (&holder.share, &mut one) {
                one.insert("share".to_owned(), share.as_str().into());
            }
            one
        })
        .collect();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    let hidden: Vec<&str> = hidden.iter().map(|holder| holder.code.as_str()).collect();
    if !leaks(record, &hidden, view.mask_codes) {
        put("identifier", record.identifier.as_str().into());
    }
    put("vouched_by", "registry".into());
    put("kind", record.kind.wire().into());
    put("type", json!({"code": record.record_type.code, "version": record.record_type.version}));
    put("issuer", json!({"code": record.issuer.code, "name": record.issuer.name}));
    put("holders", holders.into());
    put("issued_on", record.issued_on.to_string().into());
    if let Some(day) = record.valid_from {
        put("valid_from", day.to_string().into());
    }
    if let Some(validity) = record.valid_to {
        put("valid_to", validity.last_day().map_or("long_term".into(), |day| day.to_string().into()));
    }
    put("version", record.version.into());
    let number = record.number.as_deref().filter(|_| view.allows("number"));
    if let Some(number) = number.and_then(|number| view.masks.number(number)) {
        put("number", number.into());
    }
    put("face", face.into());
    put("fields_limited", true.into());
    let bytes = canonical::to_vec(&Value::Object(members))?;
    let digest = Digest::of(&[&bytes]);
    Ok(Extract { bytes, digest })
}

/// What a directory entry says, for a grant of named fields: always the office that keeps the certificate and its
/// note, for whoever must go there; the holder's name as `name` (or `holders`), the day as `issued_on`, the number
/// as `number`, masked like a record's.
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

/// Whether the identifier tells a number that the view does not.
fn leaks(record: &Record, hidden: &[&str], mask_codes: bool) -> bool {
    let has_hidden = !hidden.is_empty() && secret::serial_is_secret(&record.identifier, hidden);
    has_hidden || mask_codes && record.identifier_is_secret()
}

#[cfg(test)]
mod tests;
