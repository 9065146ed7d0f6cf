//! Signatures of records and of the closing counts of imports; attachments against their signed digests.

use crate::error::{Code, Result};
use crate::record::payload::Attachment;
use crate::record::{Digest, Record, media};
use crate::registry::Registry;
use crate::registry::base::names::REGISTRY;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::options::FsckOptions;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::store::{KeptFile, StoredRecord};
use crate::trust::keys::{BatchItem, verify_batch};
use crate::trust::{Envelope, Typ, VerifyKey};

/// The Ed25519 signatures of a page of rows: strictly, one by one; in one batch if only the first pass is
/// asked for. Verified signatures are counted.
pub(super) fn check_signatures(
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
        let Ok(envelope) = Envelope::parse_stored(&row.body.envelope) else {
            report.find(wrong(row));
            continue;
        };
        let header = envelope.header().ok().filter(|header| header.typ == Typ::Record);
        match header.and_then(|header| snapshot.keys.key(&header.kid)) {
            Some(key) if options.quick => {
                batch.push((row, key, envelope.signing_input(), envelope.signature()));
            }
            Some(key) if envelope.verify(Typ::Record, |_| Some(key)).is_ok() => {
                report.counts.signatures += 1;
            }
            _ => report.find(wrong(row)),
        }
    }
    let items: Vec<BatchItem<'_>> =
        batch.iter().map(|(_, key, message, signature)| BatchItem { key, message, signature }).collect();
    let places = verify_batch(&items).err().unwrap_or_default();
    report.counts.signatures += (items.len() - places.len()) as u64;
    for (row, ..) in places.into_iter().filter_map(|place| batch.get(place)) {
        report.find(wrong(row));
    }
}

/// The signed closing count of every import that came to its end.
pub(super) fn check_imports(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    let snapshot = registry.snapshot();
    for run in registry.store().read_now(|reader| reader.import_runs())? {
        let Some(signed) = &run.signed else { continue };
        let own = |kid: &_| snapshot.keys.find(kid).filter(|key| key.owner == REGISTRY).map(|key| key.public);
        let envelope = Envelope::parse_stored(signed);
        if envelope.is_ok_and(|envelope| envelope.verify(Typ::Import, own).is_ok()) {
            report.counts.signatures += 1;
        } else {
            let detail = "the closing count of an import does not verify under the registry's key";
            report.find(Finding::new(FindingKind::SignatureWrong, "import_runs", detail));
        }
    }
    Ok(())
}

/// Attachments that are here open, have their signed digest, and are what their rows say. Those that are not here are
/// counted: their records are `attachment_pending`. So are those whose record says another size or kind.
pub(super) fn check_attachments(
    registry: &Registry,
    rows: &[StoredRecord],
    report: &mut FsckReport,
) -> Result<()> {
    for row in rows {
        let Ok(envelope) = Envelope::parse_stored(&row.body.envelope) else { continue };
        let Ok(record) = Record::from_payload(envelope.payload()) else { continue };
        for attachment in &record.attachments {
            if let Some(detail) = damage_of(registry, attachment, report)? {
                let found = Finding::new(FindingKind::AttachmentDamaged, "attachments", detail);
                report.find(found.record(&row.record_id));
            }
        }
    }
    Ok(())
}

/// What is wrong with a file that a record names, and its row; a file without a row was not brought to its end.
fn damage_of(
    registry: &Registry,
    named: &Attachment,
    report: &mut FsckReport,
) -> Result<Option<&'static str>> {
    let store = registry.store();
    let Some(digest) = Digest::from_hex(&named.sha256) else { return Ok(None) };
    let key = store.vault().index().attachment_key(&digest);
    let (kept, damaged) =
        store.read_now(|reader| Ok((reader.kept_file(&key)?, reader.kept_file_damaged(&key)?)))?;
    if damaged {
        return Ok(Some("the row of an attachment does not open"));
    }
    let Some(kept) = kept else {
        report.counts.attachments_missing += 1;
        return Ok(None);
    };
    report.counts.attachments += 1;
    let fits = kept.size == named.size && media::fits(&named.media_type, &kept.media_type);
    report.counts.attachments_differing += u64::from(!fits);
    Ok(match store.attachment(&key) {
        Ok(Some(content)) if Digest::of(&[&content]) != digest => Some("an attachment has another digest"),
        Ok(Some(content)) if KeptFile::of(&content)? != kept => {
            Some("an attachment has another size or kind than its row says")
        }
        Ok(Some(_)) => None,
        Ok(None) => Some("an attachment that was brought is gone"),
        Err(error) if error.code == Code::RecordDamaged => Some("an attachment does not open"),
        Err(error) => return Err(error),
    })
}
