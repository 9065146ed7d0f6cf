//! Signatures of records and of the closing counts of imports; attachments against their signed digests.

use crate::error::{Code, Result};
use crate::record::{Digest, Record};
use crate::registry::Registry;
use crate::registry::base::names::REGISTRY;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::options::FsckOptions;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::store::StoredRecord;
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

/// Attachments that are here open and have their signed digest and size. Those that are not here are counted: their
/// records are `attachment_pending`.
pub(super) fn check_attachments(
    registry: &Registry,
    rows: &[StoredRecord],
    report: &mut FsckReport,
) -> Result<()> {
    let store = registry.store();
    for row in rows {
        let Ok(envelope) = Envelope::parse_stored(&row.body.envelope) else { continue };
        let Ok(record) = Record::from_payload(envelope.payload()) else { continue };
        for attachment in &record.attachments {
            let Some(digest) = Digest::from_hex(&attachment.sha256) else { continue };
            let sound = match store.attachment(&store.vault().index().attachment_key(&digest)) {
                Ok(None) => {
                    report.counts.attachments_missing += 1;
                    continue;
                }
                Ok(Some(content)) => {
                    let size = u64::try_from(content.len()).ok();
                    Digest::of(&[&content]) == digest && size == Some(attachment.size)
                }
                Err(error) if error.code == Code::RecordDamaged => false,
                Err(error) => return Err(error),
            };
            report.counts.attachments += 1;
            if !sound {
                let detail =
                    "an attachment of the record is damaged, or has another size than the record names";
                let found = Finding::new(FindingKind::AttachmentDamaged, "attachments", detail);
                report.find(found.record(&row.record_id));
            }
        }
    }
    Ok(())
}
