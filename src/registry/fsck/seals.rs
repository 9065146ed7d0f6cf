//! Rows that have a walk of their own: holders, each against its events, key rows, each to its record, and proposals,
//! each by its number.

use crate::error::Result;
use crate::record::action::Action;
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::holders;
use crate::registry::fsck::options::PAGE;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::records::{ends, kept};
use crate::store::{Opened, ProposalRow, Reader, RecordKey};
use crate::trust::HolderKey;

/// Opens every holder row and compares it with its events.
pub(super) fn check_holders(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    let snapshot = registry.snapshot();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let next = registry.store().read_now(|reader| {
            let rows = reader.walk_holders(after.as_deref(), PAGE)?;
            for (_, holder) in &rows {
                report.counts.holders += 1;
                match holder {
                    Some(holder) => holders::check_row(reader, &snapshot, holder, report)?,
                    None => {
                        let detail = "a holder's row does not open";
                        report.find(Finding::new(FindingKind::SealBroken, "holders", detail));
                    }
                }
            }
            Ok(rows.last().map(|(key, _)| key.clone()))
        })?;
        match next {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}

/// Opens every kept answer of a repeated request.
pub(super) fn check_answers(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    if registry.store().damaged_answers()? > 0 {
        let detail = "the kept answer of a repeated request does not open";
        report.find(Finding::new(FindingKind::SealBroken, "idempotency", detail));
    }
    Ok(())
}

fn is_past(reader: &mut Reader<'_>, holder: &HolderKey, key: &RecordKey) -> Result<bool> {
    let past = reader.past_records(holder, &key.record_id)?;
    Ok(past.iter().any(|past| match past {
        Opened::Record(past) => past.version == key.version,
        Opened::Damaged { .. } => true,
    }))
}

/// Opens every key row and follows it to its record.
pub(super) fn check_keys(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let next = registry.store().read_now(|reader| {
            let rows = reader.walk_record_keys(after.as_deref(), PAGE)?;
            for (_, key) in &rows {
                report.counts.record_keys += 1;
                let Some(key) = key else {
                    report.find(Finding::new(
                        FindingKind::SealBroken,
                        "record_keys",
                        "a key row does not open",
                    ));
                    continue;
                };
                for holder in &key.holders {
                    let there = match reader.record(holder, &key.record_id)? {
                        Some(Opened::Record(row)) => row.version >= key.version,
                        // A damaged row was reported at its own place.
                        Some(Opened::Damaged { .. }) => true,
                        // The way to an earlier part of an entry whose holders changed.
                        None => is_past(reader, holder, key)?,
                    };
                    if !there {
                        let detail = "a key row leads to a holder without this record";
                        let found = Finding::new(FindingKind::RowMissing, "records", detail);
                        report.find(found.record(&key.record_id));
                    }
                }
            }
            Ok(rows.last().map(|(key, _)| key.clone()))
        })?;
        match next {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    Ok(())
}

/// Opens every proposal. Their numbers run from 1, so one that is gone is missed unless it was the last.
pub(super) fn check_proposals(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    let snapshot = registry.snapshot();
    let (mut after, mut due) = (None, 1);
    loop {
        let last = registry.store().read_now(|reader| {
            let rows = reader.walk_proposals(after, PAGE)?;
            for (number, row) in &rows {
                let Some(row) = row else {
                    let detail = format!("proposal {number} does not open");
                    report.find(Finding::new(FindingKind::SealBroken, "proposals", detail));
                    due += i64::from(*number == due);
                    continue;
                };
                if *number > due {
                    let detail = format!("a proposal before proposal {number} is not there");
                    report.find(Finding::new(FindingKind::RowMissing, "proposals", detail));
                }
                due = number.saturating_add(1);
                check_proposal(reader, &snapshot, row, report)?;
            }
            Ok(rows.last().map(|(number, _)| *number))
        })?;
        match last {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}

/// Whether the record of a proposal is there, and has not ended while the proposal is open. Lists what nothing that stands
/// proposes any more.
fn check_proposal(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    row: &ProposalRow,
    report: &mut FsckReport,
) -> Result<()> {
    let ids = <[u8; 16]>::try_from(&*row.hk).ok().zip(<[u8; 16]>::try_from(&*row.record_id).ok());
    let found = match ids {
        Some((hk, id)) => reader.record(&HolderKey::from_bytes(hk), &id)?,
        None => None,
    };
    match found {
        Some(Opened::Record(record)) if row.settled_at.is_none() => {
            let action = Action::from_wire(&row.action);
            let open = action.filter(|action| action.apply(Some(record.state)).is_ok());
            if let Some(action) = open {
                let kept = kept::readable(reader, &record.body.identifier)?;
                if let Some(rows) = kept.and_then(|kept| kept.whole().ok())
                    && ends::is_left_alone(reader, snapshot, &rows, action)?
                {
                    report.list_left(&row.record_id);
                }
            } else {
                let detail = "a proposal is open, and its record has ended";
                let found = Finding::new(FindingKind::RowDiffers, "proposals", detail);
                report.find(found.record(&row.record_id));
            }
        }
        // A damaged row was reported at its own place.
        Some(Opened::Record(_) | Opened::Damaged { .. }) => {}
        None => {
            let past = match ids {
                Some((hk, id)) => reader.past_records(&HolderKey::from_bytes(hk), &id)?,
                None => Vec::new(),
            };
            if past.is_empty() {
                let detail = "a proposal names a record that is not there";
                let found = Finding::new(FindingKind::RowMissing, "records", detail);
                report.find(found.record(&row.record_id));
            }
        }
    }
    Ok(())
}
