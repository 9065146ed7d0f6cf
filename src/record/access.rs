//! The access entry (用证记录): one use of records, as the access log holds it (schema/bytes.md §5).
//!
//! On the path of every lookup, so it is written straight into bytes. The time is set later, by the
//! sequencer: [`AccessEntry::write`] says where its 27 bytes stand, [`stamp`] sets them. [`LoggedAccess`] reads
//! entries of this layout and of the one before.

mod read;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use super::canonical::{Members, append_base64url, write_base64url, write_text};
use super::digest::{Digest, Salt, ShortDigest};
use super::event::holder_hash;
use crate::clock::Moment;
use crate::closed::closed;
pub use read::{EntryFault, LoggedAccess};
pub use words::{AllowedBy, Channel, DecisionReason, Outcome, OutsideItem, OwnItem, Presence};

/// Length of an instant in an entry: `2026-11-22T01:02:03.000004Z`.
pub const AT_LEN: usize = 27;

/// Longest entry whose lists stand in full, in bytes; keeps a receipt under 2.5 KB.
pub const ENTRY_LIMIT: usize = 640;

/// Length of a list that stands by its digest: `["sha256:…"]`.
const DIGESTED_LEN: usize = 54;

const UNSTAMPED: &[u8; AT_LEN] = b"0000-00-00T00:00:00.000000Z";

closed! {
    /// How a holder comes to stand in an entry.
    Seat {
        Asked, "asked", "本人", "asked about";
        Linked, "linked", "关联号码", "under a linked code";
        Joint, "joint", "共同持证", "a co-holder";
    }
}

/// The content of one access. Holds no number: holders stand as hashes. No `Debug`, since the reason is free
/// text and a clerk may have typed a number into it (I3).
#[derive(Clone, Copy, Serialize)]
pub struct AccessEntry<'a> {
    /// The client or account.
    pub actor: &'a str,
    /// The agency whose window it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<&'a str>,
    /// Digest of the answer list ([`super::answer::Answer::digest`]).
    pub answer: Digest,
    /// The article of law that allows a lookup outside an item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<&'a str>,
    /// The bundle (一件事) as `code@version`; without a version where a refusal came before it was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<&'a str>,
    /// The case, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<&'a str>,
    /// The door.
    pub channel: Channel,
    /// The consent that allows it: an identifier or [`cited`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<&'a str>,
    /// The rule by which policy decided.
    pub decision: DecisionReason,
    /// Of a change that was refused: the entry that noted it before, `log/leaf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<&'a str>,
    /// The proof of the presence: [`reader_evidence`], or the id of the code, confirmation or duty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<&'a str>,
    /// The fields asked for; none if all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<&'a [&'a str]>,
    /// [`holder_hash`] of the holder asked about, under this entry's salt.
    pub holder: Digest,
    /// The number of holders' lists with this access; none if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holders: Option<u32>,
    /// The service item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<&'a str>,
    /// The version of the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_version: Option<u32>,
    /// The items of a bundle of which something was told, as `code@version`. They stand in full, whatever the length.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub items: &'a [&'a str],
    /// [`further_hash`] of each co-holder of the shown records, in the order of the answer.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub joint: &'a [ShortDigest],
    /// [`further_hash`] of each linked code under which something was shown.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub linked: &'a [ShortDigest],
    /// The log this entry goes to.
    pub log: &'a str,
    /// The mandate of the person who acts for the party: an identifier or [`cited`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mandate: Option<&'a str>,
    /// What came of it.
    pub outcome: Outcome,
    /// How the holder is present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// The reason, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// The holder's role in the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'a str>,
    /// Hides the holders from anybody who does not hold the receipt.
    pub salt: Salt,
    /// The fields by slot of the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<&'a BTreeMap<&'a str, Vec<&'a str>>>,
    /// The one-time ticket that opened the window inside another system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<&'a str>,
    /// The types asked for; none if all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<&'a [&'a str]>,
}

/// The lists of an entry, in the order in which their digests replace them if the entry is too long. The
/// holders come last: a holder finds its own entries by them.
const LISTS: u8 = 5;
const FIELDS: u8 = 0;
const SLOTS: u8 = 1;
const TYPES: u8 = 2;
const JOINT: u8 = 3;
const LINKED: u8 = 4;

impl AccessEntry<'_> {
    /// Appends the canonical form with an empty time and returns where in `out` the time goes.
    ///
    /// While the whole is longer than [`ENTRY_LIMIT`], one list after the other goes in by its digest: fields,
    /// slots, types, co-holders, linked codes. The items of a bundle have room beside the limit.
    pub fn write(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        let mut at = self.write_with(out, 0);
        let limit = ENTRY_LIMIT + self.items_len();
        for digested in 1..=LISTS {
            if out.len() - start <= limit {
                break;
            }
            if self.has(digested - 1) {
                out.truncate(start);
                at = self.write_with(out, digested);
            }
        }
        at
    }

    /// Bytes of the member `items` with the comma before it.
    fn items_len(&self) -> usize {
        if self.items.is_empty() {
            return 0;
        }
        let mut list = Vec::new();
        write_texts(self.items, &mut list);
        r#","items":"#.len() + list.len()
    }

    fn has(&self, list: u8) -> bool {
        match list {
            FIELDS => self.fields.is_some(),
            SLOTS => self.slots.is_some(),
            TYPES => self.types.is_some(),
            JOINT => !self.joint.is_empty(),
            _ => !self.linked.is_empty(),
        }
    }

    /// Writes with the digests of the first `digested` of the lists.
    fn write_with(&self, out: &mut Vec<u8>, digested: u8) -> usize {
        let mut object = Members::open(out);
        object.text("actor", self.actor);
        object.text_if("agency", self.agency);
        object.base64url("answer", &self.answer.0);
        object.text_if("article", self.article);
        let room = object.name("at");
        let at = room.len() + 1;
        room.push(b'"');
        room.extend_from_slice(UNSTAMPED);
        room.push(b'"');
        object.text_if("bundle", self.bundle);
        object.text_if("case", self.case);
        object.text("channel", self.channel.wire());
        object.text_if("consent", self.consent);
        object.text("decision", self.decision.wire());
        object.text_if("earlier", self.earlier);
        object.text_if("evidence", self.evidence);
        if let Some(fields) = self.fields {
            list(object.name("fields"), digested > FIELDS, |out| write_texts(fields, out));
        }
        object.base64url("holder", &self.holder.0);
        object.integer_if("holders", self.holders);
        object.text_if("item", self.item);
        object.integer_if("item_version", self.item_version);
        if !self.items.is_empty() {
            write_texts(self.items, object.name("items"));
        }
        if !self.joint.is_empty() {
            list(object.name("joint"), digested > JOINT, |out| write_digests(self.joint, out));
        }
        if !self.linked.is_empty() {
            list(object.name("linked"), digested > LINKED, |out| write_digests(self.linked, out));
        }
        object.text("log", self.log);
        object.text_if("mandate", self.mandate);
        object.text("outcome", self.outcome.wire());
        object.text_if("presence", self.presence.map(Presence::wire));
        object.text_if("reason", self.reason);
        object.text_if("role", self.role);
        object.base64url("salt", &self.salt.0);
        if let Some(slots) = self.slots {
            list(object.name("slots"), digested > SLOTS, |out| write_slots(slots, out));
        }
        object.text_if("ticket", self.ticket);
        if let Some(types) = self.types {
            list(object.name("types"), digested > TYPES, |out| write_texts(types, out));
        }
        object.integer("v", 2);
        object.close();
        at
    }
}

/// The salt of the holder at a place of the list `linked` or `joint`, counted from 0: the first 16 bytes of
/// SHA-256(entry salt ‖ list ‖ place as decimal text). It tells nothing about the others' codes. With the
/// entry one can make the list again, even if only its digest stands there.
pub fn further_salt(salt: &Salt, list: Seat, place: usize) -> Salt {
    let digest = Digest::of(&[&salt.0, list.wire().as_bytes(), place.to_string().as_bytes()]);
    Salt(digest.short().0)
}

/// The hash of the holder at a place of the list `linked` or `joint`, canonical code.
pub fn further_hash(salt: &Salt, list: Seat, place: usize, code_type: &str, code: &str) -> ShortDigest {
    holder_hash(&further_salt(salt, list, place), code_type, code).short()
}

/// The text by which an entry cites an envelope: `sha256:` and its digest.
pub fn cited(envelope: &Digest) -> String {
    format!("sha256:{envelope}")
}

/// The text that stands for a card reader's text: `sha256:` and SHA-256(entry salt ‖ the reader's text). The
/// text holds a number, so a digest without salt could be guessed (I3).
pub fn reader_evidence(salt: &Salt, text: &str) -> String {
    cited(&Digest::of(&[&salt.0, text.as_bytes()]))
}

/// Sets the time of an entry; `at` is the result of [`AccessEntry::write`]. False if no time belongs there.
#[must_use]
pub fn stamp(entry: &mut [u8], at: usize, moment: Moment) -> bool {
    match at.checked_add(AT_LEN).and_then(|end| entry.get_mut(at..end)) {
        Some(room) => {
            room.copy_from_slice(&moment.text());
            true
        }
        None => false,
    }
}

/// Writes a list, or its digest if the list must give way and is longer than the digest.
fn list(out: &mut Vec<u8>, by_digest: bool, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    if by_digest && out.len() - start > DIGESTED_LEN {
        let digest = Digest::of(&[out.get(start..).unwrap_or_default()]);
        out.truncate(start);
        out.extend_from_slice(b"[\"sha256:");
        append_base64url(&digest.0, out);
        out.extend_from_slice(b"\"]");
    }
}

fn write_texts(texts: &[&str], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(text, out);
    }
    out.push(b']');
}

fn write_digests(digests: &[ShortDigest], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, digest) in digests.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_base64url(&digest.0, out);
    }
    out.push(b']');
}

fn write_slots(slots: &BTreeMap<&str, Vec<&str>>, out: &mut Vec<u8>) {
    let mut sorted: Vec<_> = slots.iter().collect();
    sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    out.push(b'{');
    for (index, (slot, fields)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(slot, out);
        out.push(b':');
        write_texts(fields, out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests;
