//! The owner of a key, its purpose, and when it was good.
//!
//! A [`KeyRing`] is one immutable state of the list of keys; its holder replaces the whole (an `Arc`) when
//! the list changes. The question is always about the moment the leaf was logged: a key revoked *since* a
//! moment leaves everything logged before it as good as it was.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::keys::{Kid, VerifyKey};
use crate::clock::Moment;
use crate::closed::closed;
use crate::record::verdict::KeyStanding;

closed! {
    /// The purpose of a key.
    KeyPurpose {
        Issue, "issue", "签发", "records and orders of an agency";
        Registry, "registry", "登记库", "what the registry itself states: coverage, imports";
        Log, "log", "日志", "checkpoints of one log";
    }
}

/// The end of a key, and the moment from which its signatures are worth nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When it was ended.
    pub at: Moment,
    /// From when on signatures are not trusted: the moment the key was lost, or `at` if it was only replaced.
    pub since: Moment,
    /// Why, in words.
    pub reason: String,
}

/// One public key with its owner and its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The agency's code, or `registry`, or the origin of a log.
    pub owner: String,
    /// The key.
    pub public: VerifyKey,
    /// The kind of data that it signs.
    pub purpose: KeyPurpose,
    /// The start of its period.
    pub valid_from: Moment,
    /// The end of its period; none if no end is set.
    pub valid_to: Option<Moment>,
    /// Its revocation, as it stands.
    pub revoked: Option<Revocation>,
    /// What was said of its revocation before, oldest first: a key that turned out to have been lost earlier is revoked
    /// again.
    pub earlier: Vec<Revocation>,
}

/// The standing of a key at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// Good.
    Authorised,
    /// Not on the list.
    Unknown,
    /// On the list, but not in its period.
    OutsidePeriod,
    /// Revoked by then.
    Revoked,
}

impl KeyStatus {
    /// The meaning for a verdict; another check asks whether the agency had authority for the type.
    pub fn standing(self) -> KeyStanding {
        match self {
            Self::Authorised => KeyStanding::Authorised,
            Self::Unknown => KeyStanding::Unknown,
            Self::OutsidePeriod => KeyStanding::IssuerNotAuthorised,
            Self::Revoked => KeyStanding::Revoked,
        }
    }
}

impl KeyRecord {
    /// The key's name.
    pub fn kid(&self) -> Kid {
        self.public.kid()
    }

    /// The standing of the key for a leaf logged at that moment.
    pub fn status(&self, at: Moment) -> KeyStatus {
        self.status_known(at, None)
    }

    /// The same as it was known at a moment: nobody knew of a revocation that was entered later, and before it was moved
    /// the one before it counted. None for all that is known.
    pub fn status_known(&self, at: Moment, known_at: Option<Moment>) -> KeyStatus {
        let known = |revoked: &&Revocation| known_at.is_none_or(|known_at| revoked.at <= known_at);
        let said = self.earlier.iter().chain(&self.revoked);
        // The present one stands, whatever a clock that went back says of the order.
        let counts = if known_at.is_none() {
            self.revoked.as_ref()
        } else {
            said.filter(known).max_by_key(|one| one.at)
        };
        if counts.is_some_and(|revoked| revoked.since <= at) {
            KeyStatus::Revoked
        } else if at < self.valid_from || self.valid_to.is_some_and(|end| end <= at) {
            KeyStatus::OutsidePeriod
        } else {
            KeyStatus::Authorised
        }
    }
}

/// One state of the list of keys.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: HashMap<Kid, KeyRecord>,
}

impl KeyRing {
    /// The list; of two records of one key the later replaces the earlier.
    pub fn new(records: impl IntoIterator<Item = KeyRecord>) -> Self {
        Self { keys: records.into_iter().map(|record| (record.kid(), record)).collect() }
    }

    /// The record of a key.
    pub fn find(&self, kid: &Kid) -> Option<&KeyRecord> {
        self.keys.get(kid)
    }

    /// The public key of that name, for [`super::Envelope::verify`].
    pub fn key(&self, kid: &Kid) -> Option<VerifyKey> {
        self.find(kid).map(|record| record.public)
    }

    /// The standing of the key for a leaf logged at that moment.
    pub fn status(&self, kid: &Kid, at: Moment) -> KeyStatus {
        self.find(kid).map_or(KeyStatus::Unknown, |record| record.status(at))
    }

    /// The same as it was known at a moment; none for all that is known.
    pub fn status_known(&self, kid: &Kid, at: Moment, known_at: Option<Moment>) -> KeyStatus {
        self.find(kid).map_or(KeyStatus::Unknown, |record| record.status_known(at, known_at))
    }

    /// The key with which an owner signs at that moment: the newest that is good.
    pub fn current(&self, owner: &str, purpose: KeyPurpose, at: Moment) -> Option<&KeyRecord> {
        let good = |record: &&KeyRecord| {
            record.owner == owner && record.purpose == purpose && record.status(at) == KeyStatus::Authorised
        };
        self.keys.values().filter(good).max_by_key(|record| (record.valid_from, record.kid()))
    }

    /// All keys an owner ever had, oldest first: they show which key signed when.
    pub fn history(&self, owner: &str) -> Vec<&KeyRecord> {
        let mut found: Vec<_> = self.keys.values().filter(|record| record.owner == owner).collect();
        found.sort_by_key(|record| (record.valid_from, record.kid()));
        found
    }

    /// All keys, in the order of their names.
    pub fn all(&self) -> Vec<&KeyRecord> {
        let mut found: Vec<_> = self.keys.values().collect();
        found.sort_by_key(|record| record.kid());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::SigningKey;
    use super::*;

    fn at(second: i64) -> Moment {
        Moment::from_micros(second * 1_000_000)
    }

    fn record(seed: u8, from: i64, to: Option<i64>, since: Option<i64>) -> KeyRecord {
        KeyRecord {
            owner: "11190000000012343B".into(),
            public: SigningKey::from_seed(&[seed; 32]).unwrap().verify_key(),
            purpose: KeyPurpose::Issue,
            valid_from: at(from),
            valid_to: to.map(at),
            revoked: since.map(|since| Revocation {
                at: at(90),
                since: at(since),
                reason: "密钥丢失".into(),
            }),
            earlier: Vec::new(),
        }
    }

    #[test]
    fn i7_a_revocation_that_was_moved_is_known_as_it_was_first_said() {
        let mut moved = record(1, 0, None, Some(20));
        let said = |at_second: i64, since: i64| Revocation {
            at: at(at_second),
            since: at(since),
            reason: "密钥丢失".into(),
        };
        moved.earlier = vec![said(60, 50), said(75, 40)];
        for (signed, known, status) in [
            (55, 59, KeyStatus::Authorised),
            (55, 60, KeyStatus::Revoked),
            (45, 60, KeyStatus::Authorised),
            (45, 75, KeyStatus::Revoked),
            (30, 89, KeyStatus::Authorised),
            (30, 90, KeyStatus::Revoked),
            (19, 99, KeyStatus::Authorised),
        ] {
            assert_eq!(
                moved.status_known(at(signed), Some(at(known))),
                status,
                "{signed} as known at {known}"
            );
        }
        assert_eq!(moved.status(at(30)), KeyStatus::Revoked);
    }

    #[test]
    fn i7_what_was_signed_before_the_key_was_lost_stays_good() {
        let lost = record(1, 10, None, Some(50));
        let kid = lost.kid();
        let ring = KeyRing::new([lost]);
        for (second, status) in [
            (9, KeyStatus::OutsidePeriod),
            (10, KeyStatus::Authorised),
            (49, KeyStatus::Authorised),
            (50, KeyStatus::Revoked),
            (95, KeyStatus::Revoked),
        ] {
            assert_eq!(ring.status(&kid, at(second)), status, "{second}");
        }
        let stranger = record(2, 0, None, None).kid();
        assert_eq!(ring.status(&stranger, at(20)), KeyStatus::Unknown);
        assert_eq!(ring.status(&stranger, at(20)).standing(), KeyStanding::Unknown);
    }

    #[test]
    fn a_successor_takes_over_and_the_history_tells_when() {
        let (old, new) = (record(1, 0, Some(60), None), record(2, 50, None, None));
        let ring = KeyRing::new([new.clone(), old.clone()]);
        let owner = &old.owner;
        let current = |second| ring.current(owner, KeyPurpose::Issue, at(second)).map(KeyRecord::kid);
        assert_eq!(current(49), Some(old.kid()));
        assert_eq!(current(55), Some(new.kid()));
        assert_eq!(current(60), Some(new.kid()));
        assert_eq!(ring.current(owner, KeyPurpose::Log, at(55)), None);
        assert_eq!(ring.history(owner), [&old, &new]);
        assert_eq!(ring.status(&old.kid(), at(60)), KeyStatus::OutsidePeriod);
        assert_eq!(ring.key(&old.kid()), Some(old.public));
    }
}
