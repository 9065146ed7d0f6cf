//! Rows that have a walk of their own: holders, each against its events, key rows, each to its record, answers of
//! departments, and proposals, each by its number.

use crate::error::Result;
use crate::identity::HolderCode;
use crate::record::action::Action;
use crate::record::question::{SourceAnswer, SourceHolder, SourceQuestion};
use crate::registry::Registry;
use crate::registry::base::names::REGISTRY;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::holders;
use crate::registry::fsck::options::PAGE;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::records::{ends, kept};
use crate::store::{Opened, ProposalRow, Reader, RecordKey, SourceAnswerRow};
use crate::trust::keyring::KeyPurpose;
use crate::trust::{Envelope, HolderKey, IndexKey, KeyRecord, Typ};

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

/// Opens every kept answer of a department: both signatures, and that question, answer and row are of one holder, one nonce
/// and one life.
pub(super) fn check_source_answers(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    let (snapshot, store) = (registry.snapshot(), registry.store());
    let mut after = None;
    loop {
        let rows = store.read_now(|reader| reader.walk_source_answers(after.as_ref(), PAGE))?;
        for (_, row) in &rows {
            let found = match row {
                Some(row) => answer_damage(&snapshot, store.vault().index(), row, report),
                None => Some((FindingKind::SealBroken, "an answer of a department does not open")),
            };
            if let Some((kind, detail)) = found {
                report.find(Finding::new(kind, "answers", detail));
            }
        }
        match rows.into_iter().next_back() {
            Some((last, _)) => after = Some(last),
            None => return Ok(()),
        }
    }
}

fn answer_damage(
    snapshot: &Snapshot,
    index: &IndexKey,
    row: &SourceAnswerRow,
    report: &mut FsckReport,
) -> Option<(FindingKind, &'static str)> {
    let (Ok(asked), Ok(told)) = (Envelope::parse_stored(&row.question), Envelope::parse_stored(&row.answer))
    else {
        return Some((FindingKind::RowDiffers, "a question or an answer is no envelope"));
    };
    let own = |kid: &_| snapshot.keys.find(kid).filter(|key| key.owner == REGISTRY).map(|key| key.public);
    let agency = |kid: &_| {
        let issues = |key: &&KeyRecord| key.purpose == KeyPurpose::Issue;
        snapshot.keys.find(kid).filter(issues).map(|key| key.public)
    };
    let (Ok(asked), Ok(told)) = (asked.verify(Typ::Question, own), told.verify(Typ::Answer, agency)) else {
        return Some((FindingKind::SignatureWrong, "a question or an answer is not signed by whom it says"));
    };
    report.counts.signatures += 2;
    let question = serde_json::from_slice::<SourceQuestion>(asked.payload).ok();
    let answer = SourceAnswer::of(told.payload).ok();
    let same = question.zip(answer).is_some_and(|(question, answer)| {
        question.nonce.0 == row.nonce
            && answer.valid_until == row.valid_until
            && answer.check(&question, row.at).is_ok()
            && question.holder.as_ref().and_then(|holder| holder_of(index, holder)) == Some(row.hk)
    });
    (!same).then_some((FindingKind::RowDiffers, "an answer is not that of its row to its question"))
}

fn holder_of(index: &IndexKey, holder: &SourceHolder) -> Option<HolderKey> {
    let code = HolderCode::parse(holder.code_type.parse().ok()?, &holder.code).ok()?.code;
    Some(index.holder_key(code.key_type(), code.key_code()))
}
