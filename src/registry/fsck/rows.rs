//! Rows of records. Each agrees with its signed record, and is found under its identifier, its number or
//! content, and under every one of its holders.

use std::collections::BTreeSet;

use crate::error::{Code, Result};
use crate::identity::HolderCode;
use crate::record::Record;
use crate::record::payload::Validity;
use crate::registry::Registry;
use crate::registry::base::asked::holder_key;
use crate::registry::fsck::history;
use crate::registry::fsck::options::{FsckOptions, PAGE};
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::fsck::signatures::{check_attachments, check_signatures};
use crate::registry::holders::lives::Rules;
use crate::registry::records::kept;
use crate::store::{Opened, Reader, StoredRecord, envelope_digest};
use crate::trust::{Envelope, HolderKey};

/// Every current row, with its events, past versions, co-holders and key rows.
pub(super) fn check_current(
    registry: &Registry,
    options: FsckOptions,
    report: &mut FsckReport,
) -> Result<()> {
    let (rules, today) = (Rules::to_read(&registry.snapshot()), registry.now().day());
    walk(registry, false, options, report, |reader, row, report| {
        report.counts.records += 1;
        match rules.is_silent(reader, row, today) {
            Ok(true) => report.list_unmarked(&row.record_id),
            Ok(false) => {}
            // What does not open is found at its own place.
            Err(error) if error.code == Code::RecordDamaged => {}
            Err(error) => return Err(error),
        }
        history::check(reader, row, report)?;
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
                        check_digest(table, &row, report);
                        let (type_code, issuer) = (&row.type_code, &row.issuer);
                        let foreign = kept::foreign(&snapshot, &row.body.identifier, type_code, issuer);
                        if let Some(rule) = foreign {
                            report.list_foreign(&row.record_id, rule);
                        }
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

/// The digest that a lookup takes from the row, computed anew.
fn check_digest(table: &'static str, row: &StoredRecord, report: &mut FsckReport) {
    if row.body.digest != envelope_digest(&row.body.envelope) {
        let detail = "the digest in the row is not that of its envelope";
        report.find(Finding::new(FindingKind::DigestDiffers, table, detail).record(&row.record_id));
    }
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
    let holders = holder_keys(reader, &row.record_id, &record)?;
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

/// The keys of a record's holders. A row may still stand under a key of an earlier form.
fn holder_keys(reader: &mut Reader<'_>, record_id: &[u8; 16], record: &Record) -> Result<Vec<HolderKey>> {
    let mut keys = Vec::with_capacity(record.holders.len());
    for holder in &record.holders {
        let code = holder.code_type.parse().ok().and_then(|of| HolderCode::parse(of, &holder.code).ok());
        let Some(code) = code.map(|parsed| parsed.code) else { continue };
        let mut key = holder_key(reader.index(), &code);
        if let Some(former) = code.former_key_code() {
            let former = reader.index().holder_key(code.key_type(), former);
            if reader.record(&former, record_id)?.is_some() {
                key = former;
            }
        }
        keys.push(key);
    }
    Ok(keys)
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
            Err(error) if error.code == Code::RecordDamaged => None,
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
