//! The person whose life decides about a certificate (practice R6): one rule, asked on every path (I5).
//!
//! A **personal** certificate is one whose type gives its first role exactly one seat: it is of one person,
//! its subject, and void when that person has died. No other certificate is. A joint one (a marriage, a
//! house) outlives each of its holders. A certificate of an event (a birth) stays true. A guardian's death
//! takes nothing from the ward. A certificate of death is about the dead: its role is `deceased`, and it
//! holds.

use crate::catalog::TypeDef;
use crate::error::Result;
use crate::identity::HolderCode;
use crate::record::Record;
use crate::record::verdict::HolderStanding;
use crate::registry::base::asked::holder_key;
use crate::registry::base::linked::MAX_KEYS;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked;
use crate::registry::holders::linked::Life;
use crate::store::{HolderState, Opened, Reader, StoredRecord};
use crate::trust::{Envelope, HolderKey, IndexKey};

/// The role of the dead in certificates about them.
const DECEASED: &str = "deceased";

/// The role of the subject of a personal certificate; none if the type is not personal.
pub(in crate::registry) fn subject_role(def: &TypeDef) -> Option<&str> {
    let first = def.holders.first()?;
    let personal = first.min == 1 && first.max == 1 && first.role != DECEASED;
    personal.then_some(first.role.as_str())
}

/// The effect of its subject's life on a record of that type; `life` is none if it was not read.
pub(in crate::registry) fn standing(def: Option<&TypeDef>, life: Option<Life>) -> HolderStanding {
    if def.and_then(subject_role).is_none() {
        return HolderStanding::Normal;
    }
    match life {
        None | Some(Life { damaged: true, .. }) => HolderStanding::Unreadable,
        Some(Life { state: HolderState::Deceased, .. }) => HolderStanding::Deceased,
        Some(Life { state: HolderState::DeathReported, .. }) => HolderStanding::DeathReported,
        Some(Life { state: HolderState::Deregistered, .. }) => HolderStanding::Deregistered,
        Some(Life { state: HolderState::Dissolved, .. }) => HolderStanding::Dissolved,
        Some(_) => HolderStanding::Normal,
    }
}

/// The life of the subject of a record, from any of its holders' rows.
pub(in crate::registry) fn of_subject(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    record: &StoredRecord,
) -> Result<Option<Life>> {
    let subject = subject(snapshot, record, reader.index());
    subject.map(|key| linked::linked(reader, key, None).map(|linked| linked.life(&key))).transpose()
}

/// The key of the subject of a record, from any of its holders' rows; none if its type has none, or it does not open.
pub(in crate::registry) fn subject(
    snapshot: &Snapshot,
    record: &StoredRecord,
    index: &IndexKey,
) -> Option<HolderKey> {
    let entry = snapshot.catalog.type_of(&record.type_code);
    let role = entry.and_then(|entry| subject_role(entry.def()))?;
    if record.body.role == role { Some(record.hk) } else { subject_of(record, role, index) }
}

/// The holder in that role, as the envelope in another holder's row names it.
fn subject_of(record: &StoredRecord, role: &str, index: &IndexKey) -> Option<HolderKey> {
    let envelope = Envelope::parse_stored(&record.body.envelope).ok()?;
    let signed = Record::from_payload(envelope.payload()).ok()?;
    let holder = signed.holders.into_iter().find(|holder| holder.role == role)?;
    let parsed = HolderCode::parse(holder.code_type.parse().ok()?, &holder.code).ok()?;
    Some(holder_key(index, &parsed.code))
}

/// The lives that decide about the rows of one holder.
pub(in crate::registry) struct Lives {
    own: Vec<(HolderKey, Life)>,
    /// Of the records that have another subject than the holder: a guardian's.
    wards: Vec<([u8; 16], Option<Life>)>,
}

impl Lives {
    /// Reads the further lives that the asked holder's rows need: one more point read for each ward, four codes
    /// in all (I8). Anything beyond is not known.
    pub fn read<'r>(
        reader: &mut Reader<'_>,
        snapshot: &Snapshot,
        linked: &linked::Linked,
        rows: impl Iterator<Item = &'r Opened>,
    ) -> Result<Self> {
        let own = linked.keys.iter().map(|(key, _)| (*key, linked.life(key))).collect();
        let mut lives = Self { own, wards: Vec::new() };
        let mut left = MAX_KEYS.saturating_sub(linked.keys.len());
        for opened in rows {
            let Opened::Record(record) = opened else { continue };
            let entry = snapshot.catalog.type_of(&record.type_code);
            let Some(role) = entry.and_then(|entry| subject_role(entry.def())) else { continue };
            if record.body.role == role {
                continue;
            }
            let ward = subject_of(record, role, reader.index()).filter(|_| left > 0);
            let life = match ward {
                Some(ward) => {
                    let found = linked::linked_within(reader, ward, None, left)?;
                    left = left.saturating_sub(found.keys.len());
                    Some(found.life(&ward))
                }
                None => None,
            };
            lives.wards.push((record.record_id, life));
        }
        Ok(lives)
    }

    /// The life of a record's subject, if it has one.
    pub fn of(&self, record: &StoredRecord) -> Option<Life> {
        match self.wards.iter().find(|(of, _)| *of == record.record_id) {
            Some((_, life)) => *life,
            None => self.own.iter().find(|(key, _)| *key == record.hk).map(|(_, life)| *life),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn r6_what_is_of_one_person_falls_with_it_and_nothing_else() {
        let types = Catalog::builtin_types().unwrap();
        let personal = |slug: &str| {
            let entry = types.iter().find(|entry| entry.def().slug == slug).unwrap();
            subject_role(entry.def()).map(str::to_owned)
        };
        for (slug, role) in [
            ("resident_id_card", "holder"),
            ("social_security_card", "holder"),
            ("driving_licence", "holder"),
            ("disability_certificate", "holder"),
            ("household_member", "member"),
            ("household_front", "head"),
        ] {
            assert_eq!(personal(slug).as_deref(), Some(role), "{slug}");
        }
        for slug in [
            "marriage_certificate",
            "divorce_certificate",
            "real_estate_certificate",
            "birth_certificate",
            "death_certificate",
        ] {
            assert_eq!(personal(slug), None, "{slug}");
        }
    }

    #[test]
    fn i5_a_life_that_cannot_be_read_is_never_taken_for_a_good_one() {
        let types = Catalog::builtin_types().unwrap();
        let def = |slug: &str| types.iter().map(|entry| entry.def()).find(|def| def.slug == slug);
        let card = def("resident_id_card");
        let life = |state, damaged| Some(Life { state, damaged });
        for (life, expected) in [
            (life(HolderState::Normal, false), HolderStanding::Normal),
            (life(HolderState::Deceased, false), HolderStanding::Deceased),
            (life(HolderState::DeathReported, false), HolderStanding::DeathReported),
            (life(HolderState::Deregistered, false), HolderStanding::Deregistered),
            (life(HolderState::Dissolved, false), HolderStanding::Dissolved),
            (life(HolderState::Normal, true), HolderStanding::Unreadable),
            (life(HolderState::Deceased, true), HolderStanding::Unreadable),
            (None, HolderStanding::Unreadable),
        ] {
            assert_eq!(standing(card, life), expected, "{life:?}");
            assert_eq!(standing(def("marriage_certificate"), life), HolderStanding::Normal);
            assert_eq!(standing(def("death_certificate"), life), HolderStanding::Normal);
        }
    }
}
