//! A record begins here: the path of an issue, and of an export that is read back. An import does the same
//! for many records at once, with the same makers of rows, events and keys.

use crate::clock::Moment;
use crate::error::Result;
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::base::names::RULE;
use crate::registry::records::change::Whole;
use crate::registry::records::hosted;
use crate::registry::records::signed::Signed;
use crate::store::Writer;
use crate::trust::random;

/// The result of beginning a record.
pub(in crate::registry) struct Begun {
    /// Entries for the log: the record's own first.
    pub entries: Vec<[u8; 32]>,
    /// A directory entry gave way to it.
    pub took_over: bool,
}

/// Writes rows, event and keys of a first version, whose leaf is `place.first`, and removes the directory
/// entry with its number. The caller applies the catalog's rules about endings.
///
/// # Errors
/// `number_clash` if another record has one of its keys; `action_forbidden` if the entry may not give way.
pub(in crate::registry) fn begin(
    writer: &mut Writer<'_>,
    place: &Place,
    signed: &Signed,
    rows: &Whole,
    happened: &Happened,
    actor: &str,
) -> Result<Begun> {
    let record_id = rows.first().record_id;
    let listed = hosted::listed(writer, signed)?;
    let took_over = listed.is_some();
    let mut entries = vec![rows.begin(writer, place, happened)?];
    if let Some(listed) = listed {
        entries.push(listed.give_way(writer, signed, record_id, actor, &place.behind(1))?);
    }
    signed.take_keys(writer, record_id)?;
    Ok(Begun { entries, took_over })
}

/// The event by which a record comes to the state that its face says, on the day of issue; none where it begins in it.
pub(in crate::registry) fn to_its_state(signed: &Signed, at: Moment) -> Result<Option<Happened>> {
    let Some(action) = Action::begun_by(signed.begins()) else { return Ok(None) };
    let salt = random::salt()?;
    let subject = subject_hash(&salt, &signed.identifier);
    let ground = format!("依照面所载状态: {}", signed.begins().zh());
    let event = Event::new(EventKind::Record, action, RULE, salt, subject, at)
        .effective_on(signed.issued_on)
        .record_version(None, signed.version, None)
        .ground(&ground);
    Ok(Some(Happened::new(event, Vec::new(), ground)))
}

/// Brings a record that just began to the state that its face says. Returns the entry, whose leaf is `place.first`.
pub(in crate::registry) fn bring_to_its_state(
    writer: &mut Writer<'_>,
    signed: &Signed,
    rows: &mut Whole,
    place: &Place,
) -> Result<Option<[u8; 32]>> {
    let Some(happened) = to_its_state(signed, place.at)? else { return Ok(None) };
    rows.change(writer, place, &happened, |row| row.state = signed.begins()).map(Some)
}
