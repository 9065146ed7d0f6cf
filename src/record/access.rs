//! The access entry (用证记录): one use of records, as the access log holds it (schema/bytes.md §5).
//!
//! On the path of every lookup, so it is written straight into bytes. The time is set later, by the
//! sequencer: [`AccessEntry::write`] says where its 27 bytes stand, [`stamp`] sets them.

use serde::Serialize;
use serde_json::Value;

use super::canonical::{self, Members, append_base64url, write_text};
use super::digest::{Digest, Salt};
use crate::clock::Moment;

/// Length of an instant in an entry: `2026-11-22T01:02:03.000004Z`.
pub const AT_LEN: usize = 27;

/// Longest entry whose lists of fields and types stand in full, in bytes; keeps a receipt under 2.5 KB.
pub const ENTRY_LIMIT: usize = 640;

const UNSTAMPED: &[u8; AT_LEN] = b"0000-00-00T00:00:00.000000Z";

/// What one access says of itself. Holds no number: the holder stands as a hash. No `Debug`, since the reason is
/// free text into which a clerk may have typed one (I3).
#[derive(Clone, Copy, Serialize)]
pub struct AccessEntry<'a> {
    /// The client or account.
    pub actor: &'a str,
    /// Digest of the answer list ([`super::answer::Answer::digest`]).
    pub answer: Digest,
    /// The case, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<&'a str>,
    /// The door: `agency`, `window`, `public`, `cli`.
    pub channel: &'a str,
    /// The policy's decision and its reason.
    pub decision: &'a str,
    /// The fields allowed; none where all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<&'a [&'a str]>,
    /// [`super::event::holder_hash`] under this entry's salt.
    pub holder: Digest,
    /// The service item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<&'a str>,
    /// The log this entry goes to.
    pub log: &'a str,
    /// What came of it: `answered`, `refused`, …
    pub outcome: &'a str,
    /// How the holder is present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<&'a str>,
    /// What for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// The holder's role in the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'a str>,
    /// Keeps the holder from being guessed by who does not hold the receipt.
    pub salt: Salt,
    /// The types asked for; none where all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<&'a [&'a str]>,
}

impl AccessEntry<'_> {
    /// Appends the canonical form with an empty time and returns where in `out` the time goes.
    ///
    /// Where the whole would be longer than [`ENTRY_LIMIT`], the list of fields goes in by its digest, and if
    /// that is not enough the list of types too.
    pub fn write(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        let mut at = 0;
        for (fields, types) in [(false, false), (true, false), (true, true)] {
            out.truncate(start);
            at = self.write_with(out, fields, types);
            if out.len() - start <= ENTRY_LIMIT {
                break;
            }
        }
        at
    }

    fn write_with(&self, out: &mut Vec<u8>, digest_fields: bool, digest_types: bool) -> usize {
        let mut object = Members::open(out);
        object.text("actor", self.actor);
        object.base64url("answer", &self.answer.0);
        let room = object.name("at");
        let at = room.len() + 1;
        room.push(b'"');
        room.extend_from_slice(UNSTAMPED);
        room.push(b'"');
        object.text_if("case", self.case);
        object.text("channel", self.channel);
        object.text("decision", self.decision);
        if let Some(fields) = self.fields {
            write_list(fields, digest_fields, object.name("fields"));
        }
        object.base64url("holder", &self.holder.0);
        object.text_if("item", self.item);
        object.text("log", self.log);
        object.text("outcome", self.outcome);
        object.text_if("presence", self.presence);
        object.text_if("reason", self.reason);
        object.text_if("role", self.role);
        object.base64url("salt", &self.salt.0);
        if let Some(types) = self.types {
            write_list(types, digest_types, object.name("types"));
        }
        object.integer("v", 1);
        object.close();
        at
    }
}

/// Sets the time of an entry; `at` is what [`AccessEntry::write`] returned. False where no time goes there.
#[must_use]
pub fn stamp(entry: &mut [u8], at: usize, moment: Moment) -> bool {
    match at.checked_add(AT_LEN).and_then(|end| entry.get_mut(at..end)) {
        Some(room) => {
            room.copy_from_slice(&moment_text(moment));
            true
        }
        None => false,
    }
}

/// Appends an instant as a JSON string.
pub fn write_moment(moment: Moment, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(&moment_text(moment));
    out.push(b'"');
}

/// The 27 bytes of [`Moment`]'s `Display`.
pub fn moment_text(moment: Moment) -> [u8; AT_LEN] {
    moment.text()
}

fn write_list(list: &[&str], by_digest: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b'[');
    for (index, text) in list.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(text, out);
    }
    out.push(b']');
    if by_digest {
        let digest = Digest::of(&[out.get(start..).unwrap_or_default()]);
        out.truncate(start);
        out.extend_from_slice(b"[\"sha256:");
        append_base64url(&digest.0, out);
        out.extend_from_slice(b"\"]");
    }
}

/// The members of a stored entry, for the pages that show accesses; refused unless canonical.
pub fn read(bytes: &[u8]) -> Result<serde_json::Map<String, Value>, canonical::CanonicalFault> {
    match canonical::parse_canonical(bytes)? {
        Value::Object(members) => Ok(members),
        _ => Err(canonical::CanonicalFault::NotCanonical),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::record::event::holder_hash;

    fn entry<'a>(text: &'a str, list: &'a [&'a str]) -> AccessEntry<'a> {
        let salt = Salt([3; 16]);
        AccessEntry {
            actor: text,
            answer: Digest([1; 32]),
            case: Some(text),
            channel: "agency",
            decision: "allow:slot",
            fields: Some(list),
            holder: holder_hash(&salt, "111", "190101199003070014"),
            item: None,
            log: "access-a",
            outcome: "answered",
            presence: Some("present"),
            reason: Some(text),
            role: None,
            salt,
            types: Some(list),
        }
    }

    #[test]
    fn a_stamp_sets_the_time_and_nothing_else() {
        let mut bytes = b"before".to_vec();
        let at = entry("a", &["x"]).write(&mut bytes);
        let before = bytes.clone();
        let moment: Moment = "2026-11-22T01:02:03.000004Z".parse().unwrap();
        assert!(stamp(&mut bytes, at, moment));
        assert_eq!(&bytes[at..at + AT_LEN], b"2026-11-22T01:02:03.000004Z");
        assert_eq!((&bytes[..at], &bytes[at + AT_LEN..]), (&before[..at], &before[at + AT_LEN..]));
        assert_eq!(read(&bytes[6..]).unwrap()["at"], "2026-11-22T01:02:03.000004Z");
        assert!(!stamp(&mut bytes[..at + 5], at, moment));
        assert!(!stamp(&mut bytes, usize::MAX, moment));
    }

    #[test]
    fn long_lists_go_in_by_digest() {
        let long: Vec<String> = (0..60).map(|number| format!("field_{number}")).collect();
        let list: Vec<&str> = long.iter().map(String::as_str).collect();
        let mut bytes = Vec::new();
        entry("a", &list).write(&mut bytes);
        assert!(bytes.len() <= ENTRY_LIMIT);
        let digest = Digest::of(&[&canonical::to_vec(&json!(list)).unwrap()]);
        let members = read(&bytes).unwrap();
        assert_eq!(members["fields"], json!([format!("sha256:{digest}")]));
        assert_eq!(members["types"], members["fields"]);
        // The fields go first: where that is enough, the types stand in full.
        let mut shorter = Vec::new();
        AccessEntry { types: Some(&["x"]), ..entry("a", &list) }.write(&mut shorter);
        let members = read(&shorter).unwrap();
        assert_eq!(
            (&members["fields"], &members["types"]),
            (&json!([format!("sha256:{digest}")]), &json!(["x"]))
        );
        let mut short = Vec::new();
        entry("a", &["x"]).write(&mut short);
        assert_eq!(read(&short).unwrap()["fields"], json!(["x"]));
    }

    proptest! {
        #[test]
        fn i6_an_entry_is_written_in_its_canonical_form(text in any::<String>(), list in proptest::collection::vec("\\PC{0,5}", 0..4)) {
            let list: Vec<&str> = list.iter().map(String::as_str).collect();
            let entry = entry(&text, &list);
            let mut bytes = Vec::new();
            let at = entry.write_with(&mut bytes, false, false);
            prop_assert!(stamp(&mut bytes, at, Moment::from_micros(0)));
            let mut value = serde_json::to_value(entry).unwrap();
            value["at"] = json!("1970-01-01T00:00:00.000000Z");
            value["v"] = json!(1);
            prop_assert_eq!(bytes, canonical::to_vec(&value).unwrap());
        }

        #[test]
        fn i9_an_instant_reads_as_its_display(micros in -62_135_596_800_000_000i64..=253_402_300_799_999_999) {
            let moment = Moment::from_micros(micros);
            prop_assert_eq!(String::from_utf8(moment_text(moment).to_vec()).unwrap(), moment.to_string());
        }
    }
}
