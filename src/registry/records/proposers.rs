//! The certificates that propose the end of a record to its issuer, and what becomes of the proposal once they no longer stand.

use crate::catalog::{End, EndBy, EndOn, TypeEntry};
use crate::clock::Moment;
use crate::error::Result;
use crate::record::action::Action;
use crate::record::state::State;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::lives::stands;
use crate::registry::holders::names;
use crate::registry::records::change::Whole;
use crate::registry::records::kept;
use crate::registry::records::kin::{Kin, action_of, on_issue};
use crate::store::{Reader, SettledBy, Writer};

/// Settles the ends that a certificate proposed when it came, once it no longer stands: whoever was to decide on them has
/// nothing left to go by. What another certificate proposes as well stays open. Called in each transaction that changes the
/// state of a certificate.
pub(in crate::registry) fn take_back(
    writer: &mut Writer<'_>,
    snapshot: &Snapshot,
    (type_code, identifier): (&str, &str),
    at: Moment,
) -> Result<()> {
    if snapshot.catalog.type_of(type_code).is_none_or(|entry| proposing(entry).next().is_none()) {
        return Ok(());
    }
    let Some(rows) = kept::readable(writer, identifier)?.and_then(|kept| kept.whole().ok()) else {
        return Ok(());
    };
    let Some(kin) = Kin::of(snapshot, &rows).filter(|_| !stands(rows.first().state)) else { return Ok(()) };
    for end in proposing(kin.entry) {
        let Some(ended) = snapshot.catalog.type_by_slug(&end.ended) else { continue };
        let action = action_of(end);
        for found in kin.related(writer, ended, end.when)? {
            if proposers(writer, snapshot, &found, action)?.contains(&true) {
                continue;
            }
            let settled = (at.micros(), SettledBy::TakenBack);
            writer.settle_proposals(&found.first().record_id, &[action.wire()], settled)?;
        }
    }
    Ok(())
}

/// Whether all that ever proposed that end of a record, by what is on file, no longer stands.
pub(in crate::registry) fn is_left_alone(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    rows: &Whole,
    action: Action,
) -> Result<bool> {
    let proposers = proposers(reader, snapshot, rows, action)?;
    Ok(!proposers.is_empty() && !proposers.contains(&true))
}

/// The certificates that propose that end of a record, or did: whether each still does. A cancellation that proposed
/// it is not undone.
fn proposers(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    rows: &Whole,
    action: Action,
) -> Result<Vec<bool>> {
    let mut found = Vec::new();
    let Some(kin) = Kin::of(snapshot, rows) else { return Ok(found) };
    for entry in snapshot.catalog.types() {
        let ends = entry.def().ends.iter().filter(|end| end.by == EndBy::Proposal);
        for end in ends.filter(|end| end.ended == kin.entry.def().slug && action_of(end) == action) {
            for other in kin.related(reader, entry, end.when)? {
                let state = other.first().state;
                let proposes = match end.on {
                    EndOn::Issue => stands(state),
                    EndOn::Cancel if matches!(state, State::Cancelled | State::Annulled) => true,
                    // It has proposed nothing yet.
                    EndOn::Cancel => continue,
                };
                if names::same_people(reader, other.rows(), rows.rows(), true)? {
                    found.push(proposes);
                }
            }
        }
    }
    Ok(found)
}

/// The ends that a certificate of a type proposes when it is issued.
fn proposing(entry: &TypeEntry) -> impl Iterator<Item = &End> {
    on_issue(entry).filter(|end| end.by == EndBy::Proposal)
}
