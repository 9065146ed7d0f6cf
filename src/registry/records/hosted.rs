//! A directory entry gives way: to the record itself, which comes in with its body (a paper certificate is
//! digitised), or to an entry of the same certificate for other holders.
//!
//! Its rows go to the past records under the record id they had, and one last event, `replace`, says so under
//! each of its holders. `fsck` accepts a record without a current row only if that event is the newest. A
//! history that broke off without such an event would be a missing row (I7).
//!
//! An entry whose holders change goes on as another record, under the same identifier and with the next version: a record
//! has the same holders in all its versions, so each part of such an entry is one. A part is found by a key row of its
//! own, the keyed hash of `identifier#n`, where n is its last version. An entry that gave way before this was kept, or in
//! another registry, has none.

use crate::catalog::Custody;
use crate::error::{Code, Error, Result};
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, SideAction, subject_hash};
use crate::record::state::State;
use crate::registry::access::entry::Touched;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::records::change::Whole;
use crate::registry::records::signed::Signed;
use crate::rule::Rule;
use crate::store::{Opened, Reader, RecordKey, StoredEvent, Writer};
use crate::trust::{HolderKey, IndexKey, random};

/// A directory entry that may give way to the record with its number.
pub(in crate::registry) struct Listed {
    rows: Whole,
    /// The key that recognises the entry again.
    key: [u8; 16],
}

/// The directory entry with the number of a record that begins; none if nothing is listed.
///
/// # Errors
/// `action_forbidden` (`entry_not_active`, `entry_disputed`): a body that comes in makes no invalid entry
/// valid.
pub(in crate::registry) fn listed(reader: &mut Reader<'_>, signed: &Signed) -> Result<Option<Listed>> {
    let Some(key) = signed.listed_key(reader.index()) else { return Ok(None) };
    match reader.record_key(&key)? {
        Some(known) => of_key(reader, &known).map(Some),
        None => Ok(None),
    }
}

/// The same if the key row of the entry's number was read before.
pub(in crate::registry) fn of_key(reader: &mut Reader<'_>, known: &RecordKey) -> Result<Listed> {
    let rows = old_rows(reader, known)?;
    check_good(&rows)?;
    Ok(Listed { rows, key: known.key })
}

/// Those from whom an entry is taken if it gives way to a record or an entry of `holders`, read before the change
/// so that each hears of it. Nobody where it does not give way: the change itself then says why.
pub(in crate::registry) fn left_out(
    entry: Result<Option<Whole>>,
    holders: &[HolderKey],
) -> Result<Vec<Touched>> {
    let good = entry.and_then(|entry| match entry {
        Some(entry) => check_good(&entry).map(|()| Some(entry)),
        None => Ok(None),
    });
    match good {
        Ok(entry) => Ok(entry.map(|entry| entry.touched_besides(holders)).unwrap_or_default()),
        Err(error)
            if matches!(error.code, Code::ActionForbidden | Code::NumberClash | Code::RecordDamaged) =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// The same for a record that begins.
pub(in crate::registry) fn left_out_by(reader: &mut Reader<'_>, signed: &Signed) -> Result<Vec<Touched>> {
    let entry = listed(reader, signed).map(|listed| listed.map(|listed| listed.rows));
    left_out(entry, &signed.holders())
}

/// Holds the holders from whom an entry is taken against those who were told before.
///
/// # Errors
/// `version_conflict` if one was not: the entry went to others in between.
pub(in crate::registry) fn check_told(left_out: &[Touched], told: &[Touched]) -> Result<()> {
    let was_told = |one: &Touched| told.iter().any(|told| told.keys() == one.keys());
    if left_out.iter().all(was_told) {
        return Ok(());
    }
    Err(Error::new(Code::VersionConflict, "the entry of this number went to other holders; send it again")
        .at("number"))
}

impl Listed {
    /// Makes room for the record that begins under `record_id`: the entry's identifier and number lead to it from
    /// now on. Returns the log entry of the entry's last event, whose leaf is `place.first`.
    pub fn give_way(
        self,
        writer: &mut Writer<'_>,
        signed: &Signed,
        record_id: [u8; 16],
        actor: &str,
        place: &Place,
    ) -> Result<[u8; 32]> {
        let identifier = writer.index().identifier_key(&self.rows.first().body.identifier);
        let entry = give_way(writer, self.rows, actor, place)?;
        for key in [identifier, self.key] {
            writer.replace_record_key(&RecordKey {
                key,
                record_id,
                version: 1,
                holders: signed.holders(),
                content: signed.content.0,
            })?;
        }
        Ok(entry)
    }
}

/// Takes an entry out of the current rows, with its last event at `place.first`; returns the log entry.
pub(in crate::registry) fn give_way(
    writer: &mut Writer<'_>,
    entry: Whole,
    actor: &str,
    place: &Place,
) -> Result<[u8; 32]> {
    check_good(&entry)?;
    let first = entry.first();
    let version = u32::try_from(first.version).map_err(Error::internal)?;
    let salt = random::salt()?;
    let subject = subject_hash(&salt, &first.body.identifier);
    let event = Event::new(EventKind::Record, SideAction::Replace, actor, salt, subject, place.at)
        .record_version(None, version, None);
    entry.give_way(writer, place, &Happened::unordered(event))
}

fn check_good(entry: &Whole) -> Result<()> {
    let refused = |rule: Rule, detail: &'static str| {
        Err(Error::new(Code::ActionForbidden, detail).at("number").rule(rule))
    };
    if entry.rows().any(|row| row.state != State::Active) {
        return refused(Rule::EntryNotActive, "the entry of this number is suspended or ended");
    }
    if entry.rows().any(|row| row.disputed) {
        return refused(Rule::EntryDisputed, "an objection to the entry of this number is open");
    }
    Ok(())
}

/// The rows of the entry that has this number; `number_clash` if a body is here.
pub(in crate::registry) fn old_rows(reader: &mut Reader<'_>, known: &RecordKey) -> Result<Whole> {
    let mut rows = Vec::with_capacity(known.holders.len());
    for holder in &known.holders {
        match reader.record(holder, &known.record_id)? {
            Some(Opened::Record(row)) => rows.push(*row),
            _ => return Err(Error::new(Code::RecordDamaged, "the entry of that number does not open")),
        }
    }
    if rows.iter().any(|row| row.custody == Custody::Hosted) {
        return Err(has_a_body());
    }
    Whole::of(rows, &known.holders)
}

pub(in crate::registry) fn has_a_body() -> Error {
    Error::new(Code::NumberClash, "a record whose body is here has this number")
        .at("number")
        .rule(Rule::NumberUnique)
}

/// The most parts that are followed back.
const MOST_PARTS: usize = 64;

fn part_key(index: &IndexKey, identifier: &str, last_version: i32) -> [u8; 16] {
    index.identifier_key(&format!("{identifier}#{last_version}"))
}

/// Keeps the way to a part that an entry for other holders replaces.
pub(in crate::registry) fn keep_part(
    writer: &mut Writer<'_>,
    identifier: &str,
    replaced: &RecordKey,
) -> Result<()> {
    let key = part_key(writer.index(), identifier, replaced.version);
    writer.insert_record_key(&RecordKey { key, ..replaced.clone() })
}

/// The version with which a record begins, by its first event; 1 where that does not open.
pub(in crate::registry) fn first_version(events: &[StoredEvent]) -> i32 {
    let first = events.first().and_then(|stored| Event::from_canonical(&stored.event).ok());
    let begun = first.filter(|event| Action::from_wire(&event.action).is_some_and(Action::begins));
    begun.and_then(|event| i32::try_from(event.version?).ok()).unwrap_or(1)
}

/// The parts before the one that begins with `first`, oldest first.
///
/// # Errors
/// `record_damaged` if a key row on the way does not open.
pub(in crate::registry) fn parts(
    reader: &mut Reader<'_>,
    identifier: &str,
    mut first: i32,
) -> Result<Vec<RecordKey>> {
    let mut parts = Vec::new();
    while first > 1 && parts.len() < MOST_PARTS {
        let key = part_key(reader.index(), identifier, first - 1);
        let Some(part) = reader.record_key(&key)? else { break };
        let Some(holder) = part.holders.first() else { break };
        let events = reader.events_of(holder, &part.record_id)?;
        first = first_version(&events).min(first - 1);
        parts.push(part);
    }
    parts.reverse();
    Ok(parts)
}
