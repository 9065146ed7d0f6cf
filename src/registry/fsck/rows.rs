//! Rows of records: each is what its newest event says, holds the envelope that was logged, and is found under
//! its identifier, its number or content, and under every one of its holders.

use std::collections::BTreeSet;

use super::report::{Finding, FindingKind, FsckReport};
use super::{FsckOptions, PAGE};
use crate::error::Result;
use crate::identity::{CodeType, HolderCode};
use crate::record::action::{Action, State};
use crate::record::event::Event;
use crate::record::payload::Validity;
use crate::record::{Digest, Record};
use crate::registry::issue::holder_key;
use crate::registry::{Registry, Snapshot};
use crate::store::{Opened, Reader, StoredEvent, StoredRecord};
use crate::trust::keys::{BatchItem, verify_batch};
use crate::trust::{Envelope, HolderKey, IndexKey, Typ, VerifyKey};

/// Every current row, with its events, past versions, co-holders and key rows.
pub(super) fn check_current(
    registry: &Registry,
    options: FsckOptions,
    report: &mut FsckReport,
) -> Result<()> {
    walk(registry, false, options, report, |reader, row, report| {
        report.counts.records += 1;
        check_history(reader, row, report)?;
        check_places(reader, row, report)
    })
}

/// Every superseded row.
pub(super) fn check_past(registry: &Registry, options: FsckOptions, report: &mut FsckReport) -> Result<()> {
    walk(registry, true, options, report, |_, _, report| {
        report.counts.past_records += 1;
        Ok(())
    })
}

fn walk(
    registry: &Registry,
    past: bool,
    options: FsckOptions,
    report: &mut FsckReport,
    mut check: impl FnMut(&mut Reader<'_>, &StoredRecord, &mut FsckReport) -> Result<()>,
) -> Result<()> {
    let table = if past { "past_records" } else { "records" };
    let snapshot = registry.snapshot();
    let mut after = None;
    loop {
        let mut rows = Vec::new();
        let next = registry.store().read_now(|reader| {
            let (opened, next) = reader.walk_records(past, after.as_ref(), PAGE)?;
            for row in opened {
                match row {
                    Opened::Record(row) => {
                        check(reader, &row, report)?;
                        rows.push(*row);
                    }
                    Opened::Damaged { record_id, .. } => {
                        let detail = "the row does not open";
                        report.find(Finding::new(FindingKind::SealBroken, table, detail).record(&record_id));
                    }
                }
            }
            Ok(next)
        })?;
        check_signatures(&snapshot, table, &rows, options, report);
        check_attachments(registry, &rows, report)?;
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// What the events of one record say its row should be.
#[derive(Default)]
struct Told {
    state: Option<State>,
    versions: Vec<(u32, Option<Digest>)>,
    /// An event did not open: nothing can be told.
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
        if action.makes_version() {
            told.versions.push((event.version.unwrap_or(1), event.envelope));
        }
    }
    told
}

/// The row against its events, its past versions against theirs.
fn check_history(reader: &mut Reader<'_>, row: &StoredRecord, report: &mut FsckReport) -> Result<()> {
    let events = reader.events_of(&row.hk, &row.record_id)?;
    let found = |kind, detail: &str| Finding::new(kind, "records", detail).record(&row.record_id);
    let Some(newest) = events.last() else {
        report.find(found(FindingKind::EventMissing, "the row has no event").at(&row.log, row.leaf));
        return Ok(());
    };
    if events.iter().zip(1..).any(|(event, seq)| event.seq != seq) {
        report.find(found(FindingKind::EventMissing, "the events of the record have a gap"));
    }
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
    let past = reader.past_records(&row.hk, &row.record_id)?;
    let earlier = told.versions.len().saturating_sub(1);
    for (version, envelope) in told.versions.iter().take(earlier) {
        let there = past.iter().find_map(|past| match past {
            Opened::Record(past) if i64::from(past.version) == i64::from(*version) => Some(past),
            _ => None,
        });
        match there {
            Some(past) if digest(past) == *envelope => {}
            Some(_) => {
                let detail = "the envelope of a superseded version is not the one that was logged";
                let finding = Finding::new(FindingKind::EnvelopeDiffers, "past_records", detail);
                report.find(finding.record(&row.record_id));
            }
            None => {
                let detail = format!("version {version} is not there or does not open");
                let finding = Finding::new(FindingKind::VersionMissing, "past_records", detail);
                report.find(finding.record(&row.record_id));
            }
        }
    }
    if past.len() > earlier {
        let detail = "there are more superseded versions than events that made them";
        report.find(Finding::new(FindingKind::EventMissing, "past_records", detail).record(&row.record_id));
    }
    Ok(())
}

/// The digest of a row's envelope; none where the body is elsewhere.
fn digest(row: &StoredRecord) -> Option<Digest> {
    Envelope::parse_stored(&row.body.envelope).ok().map(|envelope| envelope.digest())
}

/// The row against its envelope, its co-holders' rows and its key rows.
fn check_places(reader: &mut Reader<'_>, row: &StoredRecord, report: &mut FsckReport) -> Result<()> {
    if row.body.envelope.is_empty() {
        return Ok(());
    }
    let found = |kind, detail: &str| Finding::new(kind, "records", detail).record(&row.record_id);
    let record = Envelope::parse_stored(&row.body.envelope).ok();
    let Some(record) = record.and_then(|envelope| Record::from_payload(envelope.payload()).ok()) else {
        report.find(found(FindingKind::EnvelopeDiffers, "the stored envelope holds no record"));
        return Ok(());
    };
    let columns = (
        row.type_code.as_str(),
        row.issuer.as_str(),
        i64::from(row.version),
        row.kind,
        row.valid_from,
        row.valid_to,
        row.body.identifier.as_str(),
    );
    let signed = (
        record.record_type.code.as_str(),
        record.issuer.code.as_str(),
        i64::from(record.version),
        record.kind,
        record.valid_from,
        record.valid_to.and_then(Validity::last_day),
        record.identifier.as_str(),
    );
    let shown = row.identifier.as_deref().is_none_or(|identifier| identifier == record.identifier);
    if columns != signed || !shown {
        report.find(found(FindingKind::RowDiffers, "the columns are not those of the signed record"));
    }
    let holders = holder_keys(reader.index(), &record);
    if !holders.contains(&row.hk) {
        report.find(found(
            FindingKind::RowDiffers,
            "the row stands under a holder that the record does not name",
        ));
    }
    for other in holders.iter().filter(|other| **other != row.hk) {
        if reader.record(other, &row.record_id)?.is_none() {
            report.find(found(FindingKind::RowMissing, "a co-holder has no row of this record"));
        }
    }
    check_keys(reader, row, &record, &holders, report)
}

fn holder_keys(index: &IndexKey, record: &Record) -> Vec<HolderKey> {
    let codes = record.holders.iter().filter_map(|holder| {
        let code_type: CodeType = holder.code_type.parse().ok()?;
        HolderCode::parse(code_type, &holder.code).ok()
    });
    codes.map(|parsed| holder_key(index, &parsed.code)).collect()
}

fn check_keys(
    reader: &mut Reader<'_>,
    row: &StoredRecord,
    record: &Record,
    holders: &[HolderKey],
    report: &mut FsckReport,
) -> Result<()> {
    let index = reader.index();
    let identifier = index.identifier_key(&record.identifier);
    let (unique, name) = match &record.number {
        Some(number) => {
            let type_code = &record.record_type.code;
            (index.number_key(&record.issuer.code, type_code, number, record.version), "number")
        }
        None => match record.content_form() {
            Ok(form) => (index.content_key(&form), "content"),
            Err(_) => return Ok(()),
        },
    };
    for (key, name) in [(identifier, "identifier"), (unique, name)] {
        let found = |kind, detail: String| Finding::new(kind, "record_keys", detail).record(&row.record_id);
        let row_of_key = match reader.record_key(&key) {
            Err(error) if error.code == crate::error::Code::RecordDamaged => None,
            row_of_key => row_of_key?,
        };
        let Some(key) = row_of_key else {
            report
                .find(found(FindingKind::KeyRowMissing, format!("no key row of the record's {name} opens")));
            continue;
        };
        let same: BTreeSet<&[u8; 16]> = key.holders.iter().map(HolderKey::bytes).collect();
        let wanted: BTreeSet<&[u8; 16]> = holders.iter().map(HolderKey::bytes).collect();
        if key.record_id != row.record_id || same != wanted {
            report
                .find(found(FindingKind::KeyRowWrong, format!("the key row of the {name} leads elsewhere")));
        }
    }
    Ok(())
}

/// The Ed25519 signatures of a page of rows: strictly one by one, or in one batch where that is enough.
fn check_signatures(
    snapshot: &Snapshot,
    table: &'static str,
    rows: &[StoredRecord],
    options: FsckOptions,
    report: &mut FsckReport,
) {
    let wrong = |row: &StoredRecord| {
        let detail = "the record's signature does not verify under a known key";
        Finding::new(FindingKind::SignatureWrong, table, detail).record(&row.record_id)
    };
    let mut batch: Vec<(&StoredRecord, VerifyKey, Vec<u8>, &[u8; 64])> = Vec::new();
    for row in rows.iter().filter(|row| !row.body.envelope.is_empty()) {
        report.counts.signatures += 1;
        let Ok(envelope) = Envelope::parse_stored(&row.body.envelope) else {
            report.find(wrong(row));
            continue;
        };
        let header = envelope.header().ok().filter(|header| header.typ == Typ::Record);
        match header.and_then(|header| snapshot.keys.key(&header.kid)) {
            Some(key) if options.quick => {
                batch.push((row, key, envelope.signing_input(), envelope.signature()));
            }
            Some(key) if envelope.verify(Typ::Record, |_| Some(key)).is_ok() => {}
            _ => report.find(wrong(row)),
        }
    }
    let items: Vec<BatchItem<'_>> =
        batch.iter().map(|(_, key, message, signature)| BatchItem { key, message, signature }).collect();
    if let Err(places) = verify_batch(&items) {
        for (row, ..) in places.into_iter().filter_map(|place| batch.get(place)) {
            report.find(wrong(row));
        }
    }
}

/// Attachments that are here open and have the digest that was signed; where they are is not asked.
fn check_attachments(registry: &Registry, rows: &[StoredRecord], report: &mut FsckReport) -> Result<()> {
    let store = registry.store();
    for row in rows {
        let Ok(envelope) = Envelope::parse_stored(&row.body.envelope) else { continue };
        let Ok(record) = Record::from_payload(envelope.payload()) else { continue };
        for attachment in &record.attachments {
            let Some(digest) = Digest::from_hex(&attachment.sha256) else { continue };
            let sound = match store.attachment(&store.vault().index().attachment_key(&digest)) {
                Ok(None) => continue,
                Ok(Some(content)) => Digest::of(&[&content]) == digest,
                Err(error) if error.code == crate::error::Code::RecordDamaged => false,
                Err(error) => return Err(error),
            };
            report.counts.attachments += 1;
            if !sound {
                let detail = "an attachment of the record is damaged";
                let found = Finding::new(FindingKind::AttachmentDamaged, "attachments", detail);
                report.find(found.record(&row.record_id));
            }
        }
    }
    Ok(())
}
