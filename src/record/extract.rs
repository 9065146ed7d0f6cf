//! The extract (摘录): the allowed fields of a record, where the whole may not be seen (I4).
//!
//! An extract is vouched for by the registry, not by the issuer's signature, and says so. Field by field the
//! caller's policy decides; what is not named is not shown. A co-holder's code and name are fields of their
//! own: without right to them a joint record goes out as an extract with the asking holder only.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::canonical;
use super::digest::Digest;
use super::payload::{Holder, PayloadFault, Record};
use super::secret;

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

/// What one asker may see of a record.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The fields.
    pub fields: Fields<'a>,
    /// The holders.
    pub holders: Holders<'a>,
    /// Names of the face whose text goes out masked; `number` masks the certificate's number.
    pub masked: &'a BTreeSet<String>,
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
            || !self.masked.is_empty()
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

    fn masked(&self, name: &str, text: &str) -> Value {
        if self.masked.contains(name) { secret::mask(text).into() } else { text.into() }
    }
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
        let value = match value {
            Value::String(text) => view.masked(name, text),
            // Only text has a masked form; a masked field of another shape stays out.
            _ if view.masked.contains(name) => continue,
            other => other.clone(),
        };
        face.insert(name.clone(), value);
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
    if let Some(number) = record.number.as_deref().filter(|_| view.allows("number")) {
        put("number", view.masked("number", number));
    }
    put("face", face.into());
    put("fields_limited", true.into());
    let bytes = canonical::to_vec(&Value::Object(members))?;
    let digest = Digest::of(&[&bytes]);
    Ok(Extract { bytes, digest })
}

/// Whether the identifier tells a number that the view does not.
fn leaks(record: &Record, hidden: &[&str], mask_codes: bool) -> bool {
    let has_hidden = !hidden.is_empty() && secret::serial_is_secret(&record.identifier, hidden);
    has_hidden || mask_codes && record.identifier_is_secret()
}

#[cfg(test)]
mod tests {
    use super::super::identifier::Identifier;
    use super::super::payload::tests::sample;
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn text(extract: &Extract) -> String {
        String::from_utf8(extract.bytes.clone()).unwrap()
    }

    #[test]
    fn i4_what_is_not_allowed_is_not_there() {
        let record = sample();
        let own = &record.holders[0];
        let (fields, none) = (names(&["registered_on"]), names(&[]));
        let view = View {
            fields: Fields::Only(&fields),
            holders: Holders::Only(&own.code_type, &own.code),
            masked: &none,
            mask_codes: false,
        };
        assert!(view.limits(&record));
        let made = extract(&record, &view).unwrap();
        assert_eq!(made.digest, Digest::of(&[&made.bytes]));
        let value = canonical::parse_canonical(&made.bytes).unwrap();
        assert_eq!(value["face"], json!({"registered_on": "2024-05-20"}));
        assert_eq!(value["holders"].as_array().unwrap().len(), 1);
        assert_eq!((&value["vouched_by"], &value["fields_limited"]), (&json!("registry"), &json!(true)));
        assert_eq!(value["valid_to"], "long_term");
        for hidden in ["19010219910412002X", "李小红", "J190101", "salt", "attachments", "sha256"] {
            assert!(!text(&made).contains(hidden), "{hidden}");
        }
    }

    #[test]
    fn the_whole_needs_no_extract() {
        let (record, none, all) = (sample(), names(&[]), names(&["office"]));
        let whole = View { fields: Fields::Whole, holders: Holders::All, masked: &none, mask_codes: false };
        assert!(!whole.limits(&record));
        assert!(View { mask_codes: true, ..whole }.limits(&record));
        assert!(View { masked: &all, ..whole }.limits(&record));
        assert!(View { fields: Fields::Only(&all), ..whole }.limits(&record));
        assert!(View { holders: Holders::Only("111", &record.holders[0].code), ..whole }.limits(&record));
    }

    #[test]
    fn i3_masks_reach_codes_number_and_fields() {
        let (record, masked) = (sample(), names(&["number", "serial"]));
        let view = View { fields: Fields::Whole, holders: Holders::All, masked: &masked, mask_codes: true };
        let made = text(&extract(&record, &view).unwrap());
        for hidden in ["190101199003070014", "19010219910412002X", "J190101-2024-000123"] {
            assert!(!made.contains(hidden), "{made}");
        }
        assert!(made.contains("190*************14") && made.contains("王小明"));
    }

    #[test]
    fn i3_an_identifier_never_tells_a_hidden_holders_number() {
        let mut record = sample();
        let other = record.holders[1].code.clone();
        record.identifier =
            Identifier::compose("11100000MB03271699001", "340100", &other, 1).unwrap().as_str().into();
        let (none, own) = (names(&[]), record.holders[0].code.clone());
        let view = View {
            fields: Fields::Whole,
            holders: Holders::Only("111", &own),
            masked: &none,
            mask_codes: false,
        };
        let made = text(&extract(&record, &view).unwrap());
        assert!(!made.contains(&other) && !made.contains("\"identifier\""));
        let all = View { holders: Holders::All, ..view };
        assert!(text(&extract(&record, &all).unwrap()).contains(&record.identifier));
    }
}
