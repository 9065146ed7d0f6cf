//! The facts that a stored row gives to the verdict: the same on every path (I5).

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::{Custody, FEED_LATE_S, FaceStatus, TypeDef, UnseenEnd};
use crate::clock::Moment;
use crate::error::Result;
use crate::record::payload::Attachment;
use crate::record::verdict::{Facts, KeyStanding, NamedFiles};
use crate::record::{Digest, Record, media};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::after_end;
use crate::registry::holders::life::{self, LivesOf};
use crate::registry::records::kept;
use crate::store::{KeptFile, Reader, StoredRecord};
use crate::trust::Envelope;

/// The facts about a record from the row, the catalog and the lives that decide about it.
pub(in crate::registry) fn facts(
    snapshot: &Snapshot,
    record: &StoredRecord,
    envelope: Option<&Envelope<'_>>,
    lives: LivesOf<'_>,
    now: Moment,
) -> Facts {
    let entry = snapshot.catalog.type_of(&record.type_code);
    let mut facts = Facts::good(record.state);
    facts.valid_from = record.valid_from;
    facts.valid_to = record.valid_to;
    facts.review_due = record.body.review_due;
    facts.custody = record.custody;
    // A record made here is not a copy. One that came with a feed is as old as the feed said, or as its issuer's feed
    // says now: what the feed did not mention since has not changed.
    facts.as_of = match record.custody {
        Custody::Hosted if record.as_of < record.body.logged_at => {
            snapshot.catalog.fed_until(&record.type_code, &record.issuer).max(Some(record.as_of))
        }
        Custody::Hosted => None,
        Custody::AtIssuer | Custody::Paper | Custody::Elsewhere => Some(record.as_of),
    };
    facts.disputed = record.disputed;
    facts.type_known = entry.is_some();
    facts.max_staleness_s =
        entry.and_then(|entry| entry.def().max_staleness_days).map(|days| i64::from(days) * 86_400);
    // Key and type were known when the row entered: if one is missing now, that is our fault and not the
    // record's.
    facts.lists_older = true;
    facts.identifier_foreign =
        kept::foreign(snapshot, &record.body.identifier, &record.type_code, &record.issuer).is_some();
    facts.holder = life::standing(entry.map(|entry| entry.def()), lives.subject);
    facts.days = after_end::standing(entry.map(|entry| &**entry), record, envelope, lives);
    let mut unseen =
        entry.into_iter().flat_map(|entry| snapshot.catalog.unseen(entry.def(), now, FEED_LATE_S));
    facts.court_divorces_unseen = unseen.any(|end| end == UnseenEnd::CourtDivorces);
    facts.spouse_deceased = entry.is_some_and(|entry| spouse_deceased(entry.def(), lives));
    if let Some(said) = entry.and_then(|entry| status(entry.def(), envelope)) {
        (facts.status_noted, facts.status_printed) = (said.remark, Some(said.state.into()));
    }
    // Bodies that are elsewhere come through connectors; none is built in, so the source did not answer.
    facts.source_answered = record.custody == Custody::Hosted;
    if record.custody == Custody::Hosted {
        facts.key = key_standing(snapshot, record, envelope, None);
        facts.well_formed = envelope.is_some();
    }
    facts
}

/// Whether a record is a marriage that the death of one of the two has ended: what courts may end unseen is one.
pub(in crate::registry) fn spouse_deceased(def: &TypeDef, lives: LivesOf<'_>) -> bool {
    def.unseen.iter().any(|end| end.remark == UnseenEnd::CourtDivorces) && life::one_died(lives.others)
}

/// The files that a record names, against what is here of them. No file is opened.
pub(in crate::registry) fn named_files(reader: &mut Reader<'_>, record: &StoredRecord) -> Result<NamedFiles> {
    let mut files = NamedFiles::FIT;
    let Ok(envelope) = Envelope::parse_stored(&record.body.envelope) else { return Ok(files) };
    // The first member of a canonical payload. Nearly every record names no file, and a lookup goes on at once.
    if envelope.payload().starts_with(b"{\"attachments\":[]") {
        return Ok(files);
    }
    let Some(signed) = Record::from_stored(envelope.payload()) else { return Ok(files) };
    let keys: Vec<Option<[u8; 16]>> = signed.attachments.iter().map(|named| key_of(reader, named)).collect();
    let wanted: Vec<[u8; 16]> = keys.iter().flatten().copied().collect();
    let kept = reader.kept_files(&wanted)?;
    for (named, key) in signed.attachments.iter().zip(keys) {
        match file_standing(named, key.and_then(|key| kept.get(&key))) {
            FileStanding::Fits => {}
            FileStanding::Pending => files.pending = true,
            FileStanding::OtherSize | FileStanding::OtherKind => files.differ = true,
        }
    }
    Ok(files)
}

/// One file that a record names, against what is here.
pub(in crate::registry) enum FileStanding {
    /// It is here, and as the record says.
    Fits,
    /// It was not brought yet.
    Pending,
    /// It is here, with another size.
    OtherSize,
    /// It is here, and its bytes are of another media type.
    OtherKind,
}

/// Reads what is here of a file that a record names, and compares the two.
pub(in crate::registry) fn file_here(reader: &mut Reader<'_>, named: &Attachment) -> Result<FileStanding> {
    let kept = key_of(reader, named).map(|key| reader.kept_file(&key)).transpose()?.flatten();
    Ok(file_standing(named, kept.as_ref()))
}

fn key_of(reader: &Reader<'_>, named: &Attachment) -> Option<[u8; 16]> {
    Some(reader.index().attachment_key(&Digest::from_hex(&named.sha256)?))
}

fn file_standing(named: &Attachment, kept: Option<&KeptFile>) -> FileStanding {
    match kept {
        None => FileStanding::Pending,
        Some(kept) if kept.size != named.size => FileStanding::OtherSize,
        Some(kept) if !media::fits(&named.media_type, &kept.media_type) => FileStanding::OtherKind,
        Some(_) => FileStanding::Fits,
    }
}

/// The key as it stood when the record was logged, and the issuer's authority; as known at a moment, or by all that is
/// known. The present asks for all: a clock that went back forgets no revocation.
pub(in crate::registry) fn key_standing(
    snapshot: &Snapshot,
    record: &StoredRecord,
    envelope: Option<&Envelope<'_>>,
    known_at: Option<Moment>,
) -> KeyStanding {
    let Some(kid) = envelope.and_then(|envelope| envelope.kid().ok()) else {
        return KeyStanding::Unknown;
    };
    let standing = snapshot.keys.status_known(&kid, record.body.logged_at, known_at).standing();
    if standing != KeyStanding::Authorised {
        return standing;
    }
    if snapshot.issuer_stands(&record.issuer, &record.type_code) {
        KeyStanding::Authorised
    } else {
        KeyStanding::IssuerNotAuthorised
    }
}

/// The part of a payload that a status needs.
#[derive(Deserialize)]
struct Printed {
    face: Map<String, Value>,
}

/// The meaning of the status on a signed face; none where its type has no status.
fn status<'d>(def: &'d TypeDef, envelope: Option<&Envelope<'_>>) -> Option<&'d FaceStatus> {
    let map = def.status.as_ref()?;
    let printed: Printed = serde_json::from_slice(envelope?.payload()).ok()?;
    map.of(&Value::Object(printed.face))
}
