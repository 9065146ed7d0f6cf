//! A directory entry gives way: to the record itself, which comes in with its body (a paper certificate is
//! digitised), or to an entry of the same certificate for other holders.
//!
//! Its rows go to the past records under the record id they had, and one last event, `replace`, says so under
//! each of its holders. `fsck` takes a record without a current row for whole only where that event is the
//! newest; a history that broke off without a word would be a missing row (I7).

use crate::catalog::Custody;
use crate::error::{Code, Error, Result};
use crate::record::State;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::records::change::Whole;
use crate::registry::records::signed::Signed;
use crate::store::{RecordKey, Writer};
use crate::trust::random;

/// What the last event of an entry is called.
pub(in crate::registry) const REPLACE: &str = "replace";

/// Puts a record that is being issued in the place of the directory entry with the same number, if there is one:
/// the entry's identifier leads to the record from now on. Returns the log entry of the entry's last event, whose
/// leaf is `place.first`; none where nothing was listed.
///
/// # Errors
/// `action_forbidden` (`entry_not_active`, `entry_disputed`): a body that comes in makes nothing valid that was not.
pub(in crate::registry) fn take_over(
    writer: &mut Writer<'_>,
    signed: &Signed,
    record_id: [u8; 16],
    actor: &str,
    place: &Place,
) -> Result<Option<[u8; 32]>> {
    let record = &signed.record;
    let Some(number) = &record.number else { return Ok(None) };
    let listed = writer.index().number_key(&record.issuer.code, &record.record_type.code, number, 0);
    let Some(known) = writer.record_key(&listed)? else { return Ok(None) };
    let rows = old_rows(writer, &known)?;
    let identifier = writer.index().identifier_key(&rows.first().body.identifier);
    let entry = give_way(writer, rows, actor, place)?;
    for key in [identifier, listed] {
        writer.replace_record_key(&RecordKey {
            key,
            record_id,
            version: 1,
            holders: signed.holders.clone(),
            content: signed.content.0,
        })?;
    }
    Ok(Some(entry))
}

/// Takes an entry out of the current rows, with its last event at `place.first`; returns the log entry.
pub(in crate::registry) fn give_way(
    writer: &mut Writer<'_>,
    entry: Whole,
    actor: &str,
    place: &Place,
) -> Result<[u8; 32]> {
    let refused = |rule: &'static str, detail: &'static str| {
        Err(Error::new(Code::ActionForbidden, detail).at("number").rule(rule))
    };
    if entry.rows().any(|row| row.state != State::Active) {
        return refused("entry_not_active", "the entry of this number is suspended or ended");
    }
    if entry.rows().any(|row| row.disputed) {
        return refused("entry_disputed", "an objection to the entry of this number is open");
    }
    let first = entry.first();
    let version = u32::try_from(first.version).map_err(Error::internal)?;
    let salt = random::salt()?;
    let subject = subject_hash(&salt, &first.body.identifier);
    let event = Event::new(EventKind::Record, REPLACE, actor, salt, subject, place.at)
        .record_version(None, version, None);
    entry.give_way(writer, place, &Happened::unordered(event))
}

/// The rows of the entry that has this number; `number_clash` if a body is here.
pub(in crate::registry) fn old_rows(writer: &mut Writer<'_>, known: &RecordKey) -> Result<Whole> {
    let mut rows = Vec::with_capacity(known.holders.len());
    for holder in &known.holders {
        match writer.record(holder, &known.record_id)? {
            Some(crate::store::Opened::Record(row)) => rows.push(*row),
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
        .rule("number_unique")
}
