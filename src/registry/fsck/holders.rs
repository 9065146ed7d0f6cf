//! Rows of holders: state and links are the results of the marks and links in their events.
//!
//! An older row, validly sealed, opens on a read like the newest one; only the events tell that a death was
//! marked since, or a link taken back.

use crate::error::{Code, Result};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::fsck::stated;
use crate::registry::holders::mark::HOLDER_EVENTS;
use crate::registry::holders::told;
use crate::store::{Reader, StoredHolder};
use crate::trust::HolderKey;

/// One holder's row against its events. An unreadable event was reported at its own place.
pub(super) fn check_row(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    holder: &StoredHolder,
    report: &mut FsckReport,
) -> Result<()> {
    let events = reader.events_of(&holder.hk, &HOLDER_EVENTS)?;
    stated::list(reader, snapshot, holder, &events, report)?;
    stated::list_outside(reader, snapshot, holder, &events, report)?;
    stated::list_unfounded(reader, snapshot, holder, &events, report)?;
    let Some(own) = told::own_key(reader.index(), holder) else {
        let detail = "a holder's row has a code that is none";
        report.find(Finding::new(FindingKind::RowDiffers, "holders", detail));
        return Ok(());
    };
    let Some(steps) = told::steps(&events, &own) else { return Ok(()) };
    if told::agrees(holder, &steps) {
        return Ok(());
    }
    let older =
        (0..steps.len()).rev().find(|count| told::agrees(holder, steps.get(..*count).unwrap_or_default()));
    let (kind, detail) = match older {
        Some(_) => (FindingKind::RowOutdated, "the row of a holder is older than its newest event"),
        None => (FindingKind::RowDiffers, "the row of a holder is not what its events lead to"),
    };
    let found = Finding::new(kind, "holders", detail);
    // The event behind which the row stands; without events there is no place to name.
    report.find(match older.and_then(|count| events.get(count)).or(events.last()) {
        Some(event) => found.at(&event.log, event.leaf),
        None => found,
    });
    Ok(())
}

/// A holder with events has a row.
pub(super) fn check_there(reader: &mut Reader<'_>, hk: &HolderKey, report: &mut FsckReport) -> Result<()> {
    match reader.holder(hk) {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => {}
        // Reported by the walk over the rows.
        Err(error) if error.code == Code::RecordDamaged => return Ok(()),
        Err(error) => return Err(error),
    }
    let detail = "there are events of a holder whose row is not there";
    let found = Finding::new(FindingKind::RowMissing, "holders", detail);
    let newest = reader.events_of(hk, &HOLDER_EVENTS)?.pop();
    report.find(match newest {
        Some(event) => found.at(&event.log, event.leaf),
        None => found,
    });
    Ok(())
}
