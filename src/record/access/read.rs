//! Reading an entry of the log: of the present layout, and of layout 1, whose entries stay.

use serde_json::{Map, Value};

use super::{Channel, DecisionReason, Outcome, Presence, Seat, further_hash};
use crate::record::canonical::{self, CanonicalFault};
use crate::record::digest::{Digest, Salt, ShortDigest};
use crate::record::event::holder_hash;

/// The bytes are not an access entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Not canonical JSON.
    #[error("not canonical JSON: {0}")]
    Canonical(#[from] CanonicalFault),
    /// A member is missing, not of its shape, or not one of its layout; or the layout is not 1 or 2.
    #[error("a member is missing, not of its shape, or not one of the layout")]
    Shape,
}

/// An entry as a log holds it.
#[derive(Clone)]
pub struct LoggedAccess {
    /// The door.
    pub channel: Channel,
    /// The outcome.
    pub outcome: Outcome,
    /// How the party was present, if the entry says so.
    pub presence: Option<Presence>,
    members: Map<String, Value>,
    salt: Salt,
    asked: Digest,
    linked: Vec<ShortDigest>,
    joint: Vec<ShortDigest>,
}

impl LoggedAccess {
    /// Reads an entry, strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryFault> {
        let Value::Object(members) = canonical::parse_canonical(bytes)? else {
            return Err(EntryFault::Shape);
        };
        let layout = members.get("v").and_then(Value::as_u64).ok_or(EntryFault::Shape)?;
        if !(1..=2).contains(&layout) || !fits(&members, layout) {
            return Err(EntryFault::Shape);
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let channel = Channel::from_wire(text("channel")).ok_or(EntryFault::Shape)?;
        let outcome = Outcome::from_wire(text("outcome")).ok_or(EntryFault::Shape)?;
        let presence = Presence::from_wire(text("presence"));
        // Before layout 2 any rule could be a decision.
        let decided = layout == 1 || DecisionReason::from_wire(text("decision")).is_some();
        if !decided || presence.is_none() && members.contains_key("presence") {
            return Err(EntryFault::Shape);
        }
        let salt = Salt::from_text(text("salt")).ok_or(EntryFault::Shape)?;
        let asked = Digest::from_text(text("holder")).ok_or(EntryFault::Shape)?;
        let (linked, joint) = (digests(&members, Seat::Linked), digests(&members, Seat::Joint));
        Ok(Self { channel, outcome, presence, members, salt, asked, linked, joint })
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// The version of its item.
    pub fn item_version(&self) -> Option<u32> {
        self.members.get("item_version")?.as_u64().and_then(|version| u32::try_from(version).ok())
    }

    /// The ids of the items of its bundle.
    pub fn items(&self) -> impl Iterator<Item = &str> {
        let items = self.members.get("items").and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The entry of the change that this one says was not made: its log and its leaf.
    pub fn earlier(&self) -> Option<(&str, u64)> {
        place_of(self.text("earlier")?)
    }

    /// The number of holders' lists with this access; none if the layout does not tell.
    pub fn holders(&self) -> Option<u64> {
        match self.members.get("v").and_then(Value::as_u64) {
            Some(2) => Some(self.members.get("holders").and_then(Value::as_u64).unwrap_or(1)),
            _ => None,
        }
    }

    /// How many codes linked to the asked one stand in it.
    pub fn linked(&self) -> usize {
        self.linked.len()
    }

    /// How the holder of a canonical code stands in the entry. None where it does not, where its list stands by
    /// its digest, and for all but the asked holder in layout 1.
    pub fn seat_of(&self, code_type: &str, code: &str) -> Option<Seat> {
        let stands = |seat, list: &[ShortDigest]| {
            (0..)
                .zip(list)
                .any(|(place, hash)| further_hash(&self.salt, seat, place, code_type, code) == *hash)
        };
        if holder_hash(&self.salt, code_type, code) == self.asked {
            return Some(Seat::Asked);
        }
        let lists = [(Seat::Linked, &self.linked), (Seat::Joint, &self.joint)];
        lists.into_iter().find(|(seat, list)| stands(*seat, list)).map(|(seat, _)| seat)
    }
}

/// The hashes of a list; empty if it stands by its digest.
fn digests(members: &Map<String, Value>, seat: Seat) -> Vec<ShortDigest> {
    let list = members.get(seat.wire()).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|one| ShortDigest::from_text(one.as_str()?)).collect()
}

/// Name, whether it must be there, the layout it came with, and its shape.
type Member = (&'static str, bool, u64, fn(&Value) -> bool);
const MEMBERS: [Member; 31] = [
    ("actor", true, 1, Value::is_string),
    ("agency", false, 2, Value::is_string),
    ("answer", true, 1, is_digest),
    ("article", false, 2, Value::is_string),
    ("at", true, 1, is_moment),
    ("bundle", false, 2, Value::is_string),
    ("case", false, 1, Value::is_string),
    ("channel", true, 1, Value::is_string),
    ("consent", false, 2, Value::is_string),
    ("decision", true, 1, Value::is_string),
    ("earlier", false, 2, is_place),
    ("evidence", false, 2, Value::is_string),
    ("fields", false, 1, is_texts),
    ("holder", true, 1, is_digest),
    ("holders", false, 2, Value::is_u64),
    ("item", false, 1, Value::is_string),
    ("item_version", false, 2, Value::is_u64),
    ("items", false, 2, is_some_texts),
    ("joint", false, 2, is_hashes),
    ("linked", false, 2, is_hashes),
    ("log", true, 1, Value::is_string),
    ("mandate", false, 2, Value::is_string),
    ("outcome", true, 1, Value::is_string),
    ("presence", false, 1, Value::is_string),
    ("reason", false, 1, Value::is_string),
    ("role", false, 1, Value::is_string),
    ("salt", true, 1, Value::is_string),
    ("slots", false, 2, is_slots),
    ("ticket", false, 2, Value::is_string),
    ("types", false, 1, is_texts),
    ("v", true, 1, Value::is_u64),
];

fn fits(members: &Map<String, Value>, layout: u64) -> bool {
    let known = |name: &String| MEMBERS.iter().any(|(known, _, since, _)| known == name && *since <= layout);
    members.keys().all(known)
        && MEMBERS.iter().all(|(name, required, _, shape)| members.get(*name).map_or(!required, shape))
}

fn is_digest(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Digest::from_text(text).is_some())
}

fn is_moment(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<crate::clock::Moment>().is_ok())
}

/// `log/leaf`.
fn is_place(value: &Value) -> bool {
    value.as_str().is_some_and(|text| place_of(text).is_some())
}

fn place_of(text: &str) -> Option<(&str, u64)> {
    let (log, leaf) = text.rsplit_once('/')?;
    Some((log, leaf.parse().ok()?))
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
}

fn is_some_texts(value: &Value) -> bool {
    is_texts(value) && value.as_array().is_some_and(|list| !list.is_empty())
}

fn by_digest(value: &Value) -> bool {
    let digest =
        |text: &str| text.strip_prefix("sha256:").is_some_and(|text| Digest::from_text(text).is_some());
    matches!(value.as_array().map(Vec::as_slice), Some([Value::String(text)]) if digest(text))
}

fn is_hashes(value: &Value) -> bool {
    let is_hash = |value: &Value| value.as_str().is_some_and(|text| ShortDigest::from_text(text).is_some());
    by_digest(value) || value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_hash))
}

fn is_slots(value: &Value) -> bool {
    by_digest(value) || value.as_object().is_some_and(|slots| slots.values().all(is_texts))
}
