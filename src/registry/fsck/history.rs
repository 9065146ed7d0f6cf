//! The results of a record's events: its current row, its superseded versions, and its end if it has one.

use crate::error::Result;
use crate::record::Digest;
use crate::record::action::Action;
use crate::record::event::{Event, SideAction};
use crate::record::state::State;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::records::{hosted, kept};
use crate::store::{Opened, Reader, StoredEvent, StoredRecord};
use crate::trust::{Envelope, HolderKey};

/// The row of one record according to its events.
#[derive(Default)]
struct Told {
    state: Option<State>,
    versions: Vec<(u32, Option<Digest>)>,
    /// An event did not open: nothing can be determined.
    broken: bool,
}

fn told(events: &[StoredEvent]) -> Told {
    let mut told = Told::default();
    for stored in events {
        let Ok(event) = Event::from_canonical(&stored.event) else {
            told.broken = true;
            continue;
        };
        let Some(action) = Action::from_wire(&event.action) else { continue };
        told.state = action.to_state().or(told.state);
        if event.makes_version(action) {
            told.versions.push((event.version.unwrap_or(1), event.envelope));
        }
    }
    told
}

/// The row against its events, and its past versions against theirs.
pub(super) fn check(reader: &mut Reader<'_>, row: &StoredRecord, report: &mut FsckReport) -> Result<()> {
    let events = reader.events_of(&row.hk, &row.record_id)?;
    let found = |kind, detail: &str| Finding::new(kind, "records", detail).record(&row.record_id);
    let Some(newest) = events.last() else {
        report.find(found(FindingKind::EventMissing, "the row has no event").at(&row.log, row.leaf));
        return Ok(());
    };
    check_order(&events, &row.record_id, report);
    if (newest.log.as_str(), newest.leaf) != (row.log.as_str(), row.leaf) {
        let detail = format!("the row stands at leaf {}, its newest event at leaf {}", row.leaf, newest.leaf);
        report.find(found(FindingKind::RowOutdated, &detail).at(&row.log, row.leaf));
        return Ok(());
    }
    let told = told(&events);
    if told.broken {
        return Ok(());
    }
    if told.state != Some(row.state) {
        report.find(found(FindingKind::RowDiffers, "the state is not the one its events lead to"));
    }
    let (version, envelope) = told.versions.last().copied().unwrap_or((0, None));
    if i64::from(version) != i64::from(row.version) {
        report.find(found(FindingKind::RowDiffers, "the version is not the one its events lead to"));
    } else if digest(row) != envelope {
        report.find(found(FindingKind::EnvelopeDiffers, "the envelope is not the one that was logged"));
    }
    let earlier = told.versions.len().saturating_sub(1);
    check_versions(reader, &row.hk, &row.record_id, told.versions.get(..earlier).unwrap_or_default(), report)
}

/// A record without a current row. Only a directory entry may be one, and only if its last event says that
/// another entry replaced it. Then all its versions stand among the past ones.
pub(super) fn check_gone(
    reader: &mut Reader<'_>,
    hk: &HolderKey,
    record_id: &[u8; 16],
    report: &mut FsckReport,
) -> Result<()> {
    let events = reader.events_of(hk, record_id)?;
    if events.last().is_none_or(|newest| newest.action != SideAction::Replace.wire()) {
        let detail = "there are events of a record whose row is not there";
        report.find(Finding::new(FindingKind::RowMissing, "records", detail).record(record_id));
        return Ok(());
    }
    check_order(&events, record_id, report);
    let told = told(&events);
    if told.broken {
        return Ok(());
    }
    check_part(reader, hk, record_id, report)?;
    check_versions(reader, hk, record_id, &told.versions, report)
}

/// Where an entry went on under other holders, its history leads to what it was before.
fn check_part(
    reader: &mut Reader<'_>,
    hk: &HolderKey,
    record_id: &[u8; 16],
    report: &mut FsckReport,
) -> Result<()> {
    let past = reader.past_records(hk, record_id)?;
    let last = past.iter().filter_map(|past| match past {
        Opened::Record(past) => Some(past),
        Opened::Damaged { .. } => None,
    });
    let Some(last) = last.max_by_key(|past| past.version) else { return Ok(()) };
    let identifier = &last.body.identifier;
    // A key row that does not open is reported at its own place.
    let Some(now) = kept::readable(reader, identifier)? else { return Ok(()) };
    let Some(holder) = now.key.holders.first() else { return Ok(()) };
    let first = hosted::first_version(&reader.events_of(holder, &now.key.record_id)?);
    let led = hosted::parts(reader, identifier, first)?.iter().any(|part| part.record_id == *record_id);
    if first > last.version && !led {
        let detail = "the history of an entry does not lead to what it was under other holders";
        report.find(Finding::new(FindingKind::KeyRowMissing, "record_keys", detail).record(record_id));
    }
    Ok(())
}

fn check_order(events: &[StoredEvent], record_id: &[u8; 16], report: &mut FsckReport) {
    if events.iter().zip(1..).any(|(event, seq)| event.seq != seq) {
        let detail = "the events of the record have a gap";
        report.find(Finding::new(FindingKind::EventMissing, "records", detail).record(record_id));
    }
}

/// The superseded versions are those that the events made, each with the envelope that was logged.
fn check_versions(
    reader: &mut Reader<'_>,
    hk: &HolderKey,
    record_id: &[u8; 16],
    versions: &[(u32, Option<Digest>)],
    report: &mut FsckReport,
) -> Result<()> {
    let found = |kind, detail: &str| Finding::new(kind, "past_records", detail).record(record_id);
    let past = reader.past_records(hk, record_id)?;
    for (version, envelope) in versions {
        let there = past.iter().find_map(|past| match past {
            Opened::Record(past) if i64::from(past.version) == i64::from(*version) => Some(past),
            _ => None,
        });
        match there {
            Some(past) if digest(past) == *envelope => {}
            Some(_) => {
                let detail = "the envelope of a superseded version is not the one that was logged";
                report.find(found(FindingKind::EnvelopeDiffers, detail));
            }
            None => {
                let detail = format!("version {version} is not there or does not open");
                report.find(found(FindingKind::VersionMissing, &detail));
            }
        }
    }
    if past.len() > versions.len() {
        let detail = "there are more superseded versions than events that made them";
        report.find(found(FindingKind::EventMissing, detail));
    }
    Ok(())
}

/// The digest of a row's envelope; none if the body is elsewhere.
fn digest(row: &StoredRecord) -> Option<Digest> {
    Envelope::parse_stored(&row.body.envelope).ok().map(|envelope| envelope.digest())
}
