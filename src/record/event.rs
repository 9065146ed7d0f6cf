//! The contents of the log of records: the event, and the order of the authority that acted (schema/bytes.md
//! §4).
//!
//! An event never contains a name, a number or a holder key: the subject and the ground stand as hashes under
//! the event's own salt. Its digest is the entry from which the leaf is made.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::action::Action;
use super::canonical::{self, CanonicalFault, Members};
pub use super::deed::{Deed, EventKind, HolderAction, Household, PublicAction, SideAction};
use super::digest::{Digest, Salt};
use super::payload::present;
use crate::clock::{Day, Moment};
use crate::rule::Rule;

/// SHA-256(salt ‖ subject text). The text is the identifier of a record, else the name of
/// the thing; for a holder see [`holder_hash`].
pub fn subject_hash(salt: &Salt, subject: &str) -> Digest {
    Digest::of(&[&salt.0, subject.as_bytes()])
}

/// The hash of a holder as a subject: SHA-256(salt ‖ code type ‖ ":" ‖ code), canonical code.
pub fn holder_hash(salt: &Salt, code_type: &str, code: &str) -> Digest {
    Digest::of(&[&salt.0, code_type.as_bytes(), b":", code.as_bytes()])
}

/// SHA-256(salt ‖ text of the legal ground).
pub fn ground_hash(salt: &Salt, ground: &str) -> Digest {
    Digest::of(&[&salt.0, ground.as_bytes()])
}

/// One event. `at` is set last, by who holds the log: it is never before that of an earlier leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The wire name of what happened; for a record one of [`super::Action`].
    pub action: String,
    /// The public code of the agency, or the name of the account that acted.
    pub actor: String,
    /// Of a dispute: the agency in whose name it is opened; it may withdraw it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub agency: Option<String>,
    /// The log's time.
    pub at: Moment,
    /// The legal day from which it holds.
    pub effective_on: Day,
    /// Digest of the record's envelope, where the event brought one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub envelope: Option<Digest>,
    /// [`ground_hash`] of the legal ground.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ground: Option<Digest>,
    /// Of a mark or a link of a person: whether its household is registered in the agency's region.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub household: Option<Household>,
    /// What it is about.
    pub kind: EventKind,
    /// Digest of the order's envelope, where an authority signed one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order: Option<Digest>,
    /// The version replaced.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub replaces: Option<u32>,
    /// Keeps subject and ground from being guessed.
    #[schema(value_type = String, min_length = 22, max_length = 22)]
    pub salt: Salt,
    /// [`subject_hash`] or [`holder_hash`] under this event's salt.
    pub subject: Digest,
    /// The layout's version: 1.
    pub v: u8,
    /// The version made or acted on.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<u32>,
}

/// Bytes are no event or order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventFault {
    /// Not canonical JSON.
    #[error("not canonical JSON: {0}")]
    Canonical(#[from] CanonicalFault),
    /// A member is missing, not known, or not of its shape; or the layout version is not 1.
    #[error("a member is missing, not known, or not of its shape")]
    Shape,
}

impl EventFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::Canonical(fault) => fault.rule(),
            Self::Shape => Rule::EventShape,
        }
    }
}

impl Event {
    /// An event about `subject` (its hash under `salt`), effective on and logged at the given times.
    pub fn new(
        kind: EventKind,
        action: impl Into<Deed>,
        actor: &str,
        salt: Salt,
        subject: Digest,
        at: Moment,
    ) -> Self {
        Self {
            action: action.into().wire().to_owned(),
            actor: actor.to_owned(),
            agency: None,
            at,
            effective_on: at.day(),
            envelope: None,
            ground: None,
            household: None,
            kind,
            order: None,
            replaces: None,
            salt,
            subject,
            v: 1,
            version: None,
        }
    }

    /// Sets the legal day if it is not the day of the log.
    #[must_use]
    pub fn effective_on(mut self, day: Day) -> Self {
        self.effective_on = day;
        self
    }

    /// Names the agency in whose name it was done.
    #[must_use]
    pub fn agency(mut self, agency: Option<String>) -> Self {
        self.agency = agency;
        self
    }

    /// Names the legal ground, as its hash under this event's salt.
    #[must_use]
    pub fn ground(mut self, ground: &str) -> Self {
        self.ground = Some(ground_hash(&self.salt, ground));
        self
    }

    /// Says where the person's household is registered, against the agency's region.
    #[must_use]
    pub fn household(mut self, household: Option<Household>) -> Self {
        self.household = household;
        self
    }

    /// Names the record's envelope and version, and the version it replaces.
    #[must_use]
    pub fn record_version(mut self, envelope: Option<Digest>, version: u32, replaces: Option<u32>) -> Self {
        self.envelope = envelope;
        self.version = Some(version);
        self.replaces = replaces;
        self
    }

    /// Names the order of an authority behind this event.
    #[must_use]
    pub fn order(mut self, order: Digest) -> Self {
        self.order = Some(order);
        self
    }

    /// Whether the event made a version: its action always does, or it printed the face anew with the new state.
    pub fn makes_version(&self, action: Action) -> bool {
        action.makes_version() || (action.prints_state() && self.envelope.is_some())
    }

    /// Appends the canonical form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut object = Members::open(out);
        object.text("action", &self.action);
        object.text("actor", &self.actor);
        object.text_if("agency", self.agency.as_deref());
        canonical::write_moment(self.at, object.name("at"));
        canonical::write_text(&self.effective_on.to_string(), object.name("effective_on"));
        let digests = [("envelope", self.envelope), ("ground", self.ground)];
        for (name, digest) in digests {
            if let Some(digest) = digest {
                object.base64url(name, &digest.0);
            }
        }
        object.text_if("household", self.household.map(Household::wire));
        object.text("kind", self.kind.wire());
        if let Some(order) = self.order {
            object.base64url("order", &order.0);
        }
        if let Some(version) = self.replaces {
            object.integer("replaces", version.into());
        }
        object.base64url("salt", &self.salt.0);
        object.base64url("subject", &self.subject.0);
        object.integer("v", self.v.into());
        if let Some(version) = self.version {
            object.integer("version", version.into());
        }
        object.close();
    }

    /// The canonical form.
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(384);
        self.write(&mut out);
        out
    }

    /// The entry: SHA-256 of the canonical form. The leaf is SHA-256(0x00 ‖ entry).
    pub fn digest(&self) -> Digest {
        Digest::of(&[&self.to_canonical()])
    }

    /// The event of stored bytes.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, EventFault> {
        strict(bytes, |event: &Self| event.v)
    }
}

/// An authority's order; the payload of an `elicense-event+jws`.
///
/// `Debug` hides ground and detail: both may speak of a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The wire name of the ordered deed.
    pub action: String,
    /// More about it, by action.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub detail: Option<Map<String, Value>>,
    /// The legal day from which it holds.
    pub effective_on: Day,
    /// The legal ground in words. The order is sealed where it is stored; only its digest enters the log.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// When the authority signed.
    pub issued_at: Moment,
    /// Keeps the subject from being guessed.
    pub salt: Salt,
    /// [`subject_hash`] or [`holder_hash`] under this order's salt.
    pub subject: Digest,
    /// The layout's version: 1.
    pub v: u8,
    /// The version acted on.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

impl Order {
    /// The bytes that are signed.
    pub fn to_canonical(&self) -> Result<Vec<u8>, EventFault> {
        let value = serde_json::to_value(self).ok().ok_or(EventFault::Shape)?;
        Ok(canonical::to_vec(&value)?)
    }

    /// The order of a verified payload.
    pub fn from_payload(bytes: &[u8]) -> Result<Self, EventFault> {
        strict(bytes, |order: &Self| order.v)
    }
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Order({} on {}, version {:?})", self.action, self.effective_on, self.version)
    }
}

fn strict<T: serde::de::DeserializeOwned>(bytes: &[u8], layout: fn(&T) -> u8) -> Result<T, EventFault> {
    let value = canonical::parse_canonical(bytes)?;
    let read: T = serde_json::from_value(value).ok().ok_or(EventFault::Shape)?;
    if layout(&read) == 1 { Ok(read) } else { Err(EventFault::Shape) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn digest() -> impl Strategy<Value = Digest> {
        any::<[u8; 32]>().prop_map(Digest)
    }

    prop_compose! {
        fn events()(
            action in "\\PC{0,12}", actor in any::<String>(), salt in any::<[u8; 16]>(), subject in digest(),
            micros in any::<i64>(), envelope in proptest::option::of(digest()), order in proptest::option::of(digest()),
            version in proptest::option::of(any::<u32>()), kind in 0..EventKind::ALL.len(), ground: bool,
        ) -> Event {
            // Four-digit years only: the log's time never leaves them.
            let at = Moment::from_micros(micros.rem_euclid(250_000_000_000_000_000));
            let deed = HolderAction::Mark;
            let mut event = Event::new(EventKind::ALL[kind], deed, &actor, Salt(salt), subject, at);
            event.action.clone_from(&action);
            if ground {
                event = event.ground(&action);
            }
            event.envelope = envelope;
            event.order = order;
            event.version = version;
            event.replaces = version.map(|version| version / 2);
            event.agency = version.map(|version| version.to_string());
            event.household = version.and_then(|version| Household::ALL.get(version as usize % 4).copied());
            event
        }
    }

    proptest! {
        #[test]
        fn i6_an_event_is_written_in_its_canonical_form(event in events()) {
            let bytes = event.to_canonical();
            let value = serde_json::to_value(&event).unwrap();
            prop_assert_eq!(&bytes, &canonical::to_vec(&value).unwrap());
            prop_assert_eq!(Event::from_canonical(&bytes).unwrap(), event);
        }
    }

    fn order() -> Order {
        let salt = Salt([9; 16]);
        Order {
            action: "revoke".into(),
            detail: None,
            effective_on: Day::new(2026, 11, 22).unwrap(),
            ground: Some("行政处罚决定书 示范市〔2026〕1号".into()),
            issued_at: "2026-11-22T01:02:03.000004Z".parse().unwrap(),
            salt,
            subject: holder_hash(&salt, "111", "190101199003070014"),
            v: 1,
            version: Some(2),
        }
    }

    #[test]
    fn an_order_reads_back_and_shows_no_ground() {
        let bytes = order().to_canonical().unwrap();
        assert_eq!(Order::from_payload(&bytes).unwrap(), order());
        assert!(!format!("{:?}", order()).contains("处罚"));
        for (name, value) in [("v", json!(2)), ("ground", Value::Null), ("x", json!(1)), ("salt", json!(""))]
        {
            let mut changed = canonical::parse_canonical(&bytes).unwrap();
            changed[name] = value;
            let fault = Order::from_payload(&canonical::to_vec(&changed).unwrap()).unwrap_err();
            assert_eq!(fault.rule().wire(), "event_shape", "{name}");
        }
    }

    #[test]
    fn a_subject_is_hashed_under_its_salt() {
        let holder = holder_hash(&Salt([1; 16]), "111", "190101199003070014");
        assert_eq!(holder, subject_hash(&Salt([1; 16]), "111:190101199003070014"));
        assert_ne!(holder, holder_hash(&Salt([2; 16]), "111", "190101199003070014"));
    }
}
