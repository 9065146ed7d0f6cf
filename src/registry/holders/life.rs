//! The person whose life decides about a certificate (practice R6): one rule, asked on every path (I5).
//!
//! A **personal** certificate is one whose type gives its first role exactly one seat: it is of one person,
//! its subject, and void when that person has died. No other certificate is. A joint one (a marriage, a
//! house) outlives each of its holders. A certificate of an event (a birth) stays true. A guardian's death
//! takes nothing from the ward. A certificate of death is about the dead: its role is `deceased`, and it
//! holds.

use crate::catalog::{Custody, TypeDef};
use crate::error::Result;
use crate::identity::HolderCode;
use crate::record::Record;
use crate::record::payload::{SeatedHolder, seated_holders};
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

/// The lives that decide about one record.
#[derive(Debug, Clone, Copy)]
pub(in crate::registry) struct LivesOf<'a> {
    /// Of its subject; none if it has none, or if it was not read.
    pub subject: Option<Life>,
    /// Of the holders beside the subject whose end the days of its type ask for ([`seats`]).
    pub others: &'a [SeatLife],
}

/// A role, and the life of a holder in it; none if it was not read.
pub(in crate::registry) type SeatLife = (String, Option<Life>);

/// Whether the death of one of them is confirmed.
pub(in crate::registry) fn one_died(lives: &[SeatLife]) -> bool {
    lives.iter().any(|(_, life)| life.is_some_and(|life| life.state == HolderState::Deceased))
}

/// The same, read for one record.
#[derive(Default)]
pub(in crate::registry) struct RecordLives {
    subject: Option<Life>,
    others: Vec<SeatLife>,
}

impl RecordLives {
    /// Reads them from any of its holders' rows. `life` reads one, by so many codes at most, and says how many it has.
    /// Beyond four codes in all nothing is known, as in a lookup.
    pub fn read(
        reader: &mut Reader<'_>,
        snapshot: &Snapshot,
        record: &StoredRecord,
        mut life: impl FnMut(&mut Reader<'_>, HolderKey, usize) -> Result<(Life, usize)>,
    ) -> Result<Self> {
        let mut left = MAX_KEYS;
        let mut next = |reader: &mut Reader<'_>, key: Option<HolderKey>| -> Result<Option<Life>> {
            let Some(key) = key.filter(|_| left > 0) else { return Ok(None) };
            let (life, codes) = life(reader, key, left)?;
            left = left.saturating_sub(codes);
            Ok(Some(life))
        };
        let subject = subject(snapshot, record, reader.index());
        let mut lives = Self { subject: next(reader, subject)?, others: Vec::new() };
        for (role, key) in seats(snapshot, record, reader.index()) {
            lives.others.push((role, next(reader, key)?));
        }
        Ok(lives)
    }

    /// Those that stand today.
    pub fn now(reader: &mut Reader<'_>, snapshot: &Snapshot, record: &StoredRecord) -> Result<Self> {
        Self::read(reader, snapshot, record, |reader, key, most| {
            let found = linked::linked_within(reader, key, None, most)?;
            Ok((found.life(&key), found.keys.len()))
        })
    }

    /// As the verdict takes them.
    pub fn view(&self) -> LivesOf<'_> {
        LivesOf { subject: self.subject, others: &self.others }
    }
}

/// The holders beside the subject whose end the days of the record's type ask for: of a marriage both. Nearly no type
/// asks, and then nothing is parsed. A code that breaks a rule of today has no key.
fn seats(snapshot: &Snapshot, record: &StoredRecord, index: &IndexKey) -> Vec<(String, Option<HolderKey>)> {
    let Some(entry) = snapshot.catalog.type_of(&record.type_code) else { return Vec::new() };
    let subject = subject_role(entry.def());
    let asked = |role: &str| Some(role) != subject && entry.ended_roles().any(|ended| ended == role);
    if record.custody != Custody::Hosted || !entry.ended_roles().any(asked) {
        return Vec::new();
    }
    let Ok(envelope) = Envelope::parse_stored(&record.body.envelope) else { return Vec::new() };
    let seated = seated_holders(envelope.payload()).into_iter().filter(|one| asked(&one.role));
    let own =
        |one: &SeatedHolder| (&one.code_type, &one.code) == (&record.body.holder.0, &record.body.holder.1);
    seated
        .map(|one| {
            let key = if own(&one) { Some(record.hk) } else { key_of(index, &one.code_type, &one.code) };
            (one.role, key)
        })
        .collect()
}

fn key_of(index: &IndexKey, code_type: &str, code: &str) -> Option<HolderKey> {
    let parsed = HolderCode::parse(code_type.parse().ok()?, code).ok()?;
    Some(holder_key(index, &parsed.code))
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
    key_of(index, &holder.code_type, &holder.code)
}

/// The lives that decide about the rows of one holder.
pub(in crate::registry) struct Lives {
    own: Vec<(HolderKey, Life)>,
    /// Of the records that have another subject than the holder: a guardian's.
    wards: Vec<([u8; 16], Option<Life>)>,
    /// Of the records whose days are held against the end of others: a marriage.
    seats: Vec<([u8; 16], Vec<SeatLife>)>,
}

impl Lives {
    /// Reads the further lives that the asked holder's rows need: one more point read for each ward, then for each
    /// other holder whose end the days of a record ask for, four codes in all (I8). Anything beyond is not known.
    pub fn read<'r>(
        reader: &mut Reader<'_>,
        snapshot: &Snapshot,
        linked: &linked::Linked,
        rows: impl Iterator<Item = &'r Opened> + Clone,
    ) -> Result<Self> {
        let own: Vec<_> = linked.keys.iter().map(|(key, _)| (*key, linked.life(key))).collect();
        let mut further = Further { met: own.clone(), left: MAX_KEYS.saturating_sub(linked.keys.len()) };
        let mut lives = Self { own, wards: Vec::new(), seats: Vec::new() };
        let records = rows.filter_map(|opened| match opened {
            Opened::Record(record) => Some(record),
            Opened::Damaged { .. } => None,
        });
        for record in records.clone() {
            let entry = snapshot.catalog.type_of(&record.type_code);
            let Some(role) = entry.and_then(|entry| subject_role(entry.def())) else { continue };
            if record.body.role != role {
                let ward = subject_of(record, role, reader.index());
                lives.wards.push((record.record_id, further.life(reader, ward)?));
            }
        }
        for record in records {
            let mut seated = Vec::new();
            for (role, key) in seats(snapshot, record, reader.index()) {
                seated.push((role, further.life(reader, key)?));
            }
            if !seated.is_empty() {
                lives.seats.push((record.record_id, seated));
            }
        }
        Ok(lives)
    }

    /// The lives that decide about a record.
    pub fn of(&self, record: &StoredRecord) -> LivesOf<'_> {
        let subject = match self.wards.iter().find(|(of, _)| *of == record.record_id) {
            Some((_, life)) => *life,
            None => self.own.iter().find(|(key, _)| *key == record.hk).map(|(_, life)| *life),
        };
        let seats = self.seats.iter().find(|(of, _)| *of == record.record_id);
        LivesOf { subject, others: seats.map_or(&[], |(_, seats)| seats) }
    }
}

/// The lives that were read, and how many codes may still be.
struct Further {
    met: Vec<(HolderKey, Life)>,
    left: usize,
}

impl Further {
    /// Each is read once.
    fn life(&mut self, reader: &mut Reader<'_>, key: Option<HolderKey>) -> Result<Option<Life>> {
        let Some(key) = key else { return Ok(None) };
        if let Some((_, life)) = self.met.iter().find(|(met, _)| *met == key) {
            return Ok(Some(*life));
        }
        if self.left == 0 {
            return Ok(None);
        }
        let found = linked::linked_within(reader, key, None, self.left)?;
        self.left = self.left.saturating_sub(found.keys.len());
        let life = found.life(&key);
        self.met.push((key, life));
        Ok(Some(life))
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
        let life = |state, damaged| Some(Life { state, ended_on: None, damaged });
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
