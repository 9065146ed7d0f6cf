//! A record on its way out: its versions, its holders if no envelope names them, its events with their
//! proofs, and the access entry that must be durable before its line is written (I2).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::catalog::Custody;
use crate::error::{Code, Error, Result};
use crate::log::tile::StoredNodes;
use crate::log::{Head, Submission, TreeReader, proof};
use crate::policy::Actor;
use crate::record::access::{DecisionReason, Outcome};
use crate::record::answer::AnsweredRecord;
use crate::record::event::{Event, EventKind, PublicAction};
use crate::record::{Digest, Judgement, Reasons, Record, Verdict};
use crate::registry::access::entry::{CameTo, CoHolder, Entry, Touched, answer_digest};
use crate::registry::holders::mark::HOLDER_EVENTS;
use crate::registry::records::kept::{self, Kept};
use crate::registry::transfer::line::{
    EventLine, HolderLife, HolderLine, Line, ListedLine, RecordLine, VersionLine,
};
use crate::registry::transfer::parts::Gone;
use crate::registry::transfer::proposed;
use crate::store::{Opened, PublicEvent, Reader, StoredEvent, StoredHolder, StoredRecord, WalkKey};
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, HolderKey};

/// Rows of one snapshot.
const PAGE: i64 = 64;

/// Events with their proofs, and checkpoints by log.
type ProvenEvents = (Vec<EventLine>, BTreeMap<String, String>);

/// A record on its way out, with the parts of its access entry.
pub(super) struct Outgoing {
    pub line: Line,
    /// SHA-256 of the files that its versions name.
    pub files: Vec<Digest>,
    pub entry: Submission,
}

enum Gathered {
    Record(Box<Outgoing>),
    /// The record goes out with its first holder's row.
    OtherRow,
    Damaged,
}

/// The actor, the records to take away, and the heads that prove them.
pub(super) struct Going<'a> {
    /// Of the log of records.
    pub head: &'a Head,
    pub heads: &'a [Head],
    /// The agency whose records go out; none for all.
    pub issuer: Option<&'a str>,
    pub actor: &'a Actor,
    pub reason: DecisionReason,
    pub access_log: &'a str,
    /// Entries that gave way to records.
    pub gone: Gone,
}

impl Going<'_> {
    /// The records of the next rows, and the position from which the walk goes on.
    pub fn page(
        &self,
        reader: &mut Reader<'_>,
        after: Option<&WalkKey>,
        damaged: &mut u64,
    ) -> Result<(Vec<Outgoing>, Option<WalkKey>)> {
        let (rows, next) = reader.walk_records(false, after, PAGE)?;
        let mut page = Vec::new();
        for row in rows {
            let Opened::Record(row) = row else {
                *damaged += 1;
                continue;
            };
            if self.issuer.is_some_and(|issuer| issuer != row.issuer) {
                continue;
            }
            match self.record(reader, &row)? {
                Gathered::Record(outgoing) => page.push(*outgoing),
                Gathered::OtherRow => {}
                Gathered::Damaged => *damaged += 1,
            }
        }
        Ok((page, next))
    }

    fn record(&self, reader: &mut Reader<'_>, row: &StoredRecord) -> Result<Gathered> {
        let Some(kept) = kept::readable(reader, &row.body.identifier)? else { return Ok(Gathered::Damaged) };
        if kept.key.holders.first() != Some(&row.hk) {
            return Ok(Gathered::OtherRow);
        }
        if kept.damaged {
            return Ok(Gathered::Damaged);
        }
        let Some(mut versions) = past_versions(reader, row, &kept)? else { return Ok(Gathered::Damaged) };
        versions.push(version_line(row));
        let Some((events, checkpoints)) = self.events(reader, &row.hk, &row.record_id)? else {
            return Ok(Gathered::Damaged);
        };
        let Some((earlier, others)) = self.earlier(reader, &row.record_id)? else {
            return Ok(Gathered::Damaged);
        };
        let proposals = proposed::lines(reader, row)?;
        let told = (events, checkpoints);
        let line = RecordLine { earlier, proposals, ..record_line(row, versions, &kept.rows, told) };
        let files = files(&line.versions);
        let mut touched = kept.touched();
        touched.also(&others);
        let (line, entry) = (Line::Record(Box::new(line)), self.entry(row, touched)?);
        Ok(Gathered::Record(Box::new(Outgoing { line, files, entry })))
    }

    /// The entries that gave way to a record, oldest first, and their holders; none if one is not whole.
    fn earlier(
        &self,
        reader: &mut Reader<'_>,
        record_id: &[u8; 16],
    ) -> Result<Option<(Vec<RecordLine>, Vec<CoHolder>)>> {
        let (mut lines, mut holders) = (Vec::new(), Vec::new());
        for entry in self.gone.before(record_id) {
            let Some(mut versions) = entry.versions(reader)? else { return Ok(None) };
            let Some((_, last)) = versions.pop_last() else { return Ok(None) };
            holders.extend(entry.co_holders(reader, &last));
            let Some(row) = last.first() else { return Ok(None) };
            let Some((events, checkpoints)) = self.events(reader, &row.hk, &row.record_id)? else {
                return Ok(None);
            };
            let mut versions: Vec<VersionLine> = versions.into_values().filter_map(past_version).collect();
            versions.push(version_line(row));
            lines.push(record_line(row, versions, &last, (events, checkpoints)));
        }
        lines.sort_by_key(|line| line.versions.first().map(|version| version.version));
        Ok(Some((lines, holders)))
    }

    /// The holders of the next rows, and the key from which the walk goes on.
    pub fn lives(
        &self,
        reader: &mut Reader<'_>,
        after: Option<&[u8]>,
        damaged: &mut u64,
    ) -> Result<(Vec<Outgoing>, Option<Vec<u8>>)> {
        let rows = reader.walk_holders(after, PAGE)?;
        let next = rows.last().map(|(key, _)| key.clone());
        let mut page = Vec::new();
        for (_, holder) in rows {
            match holder.map(|holder| self.life(reader, holder)).transpose()?.flatten() {
                Some(outgoing) => page.push(outgoing),
                None => *damaged += 1,
            }
        }
        Ok((page, next))
    }

    /// None if the row or an event does not open. The access stands on the list of each code in the line.
    fn life(&self, reader: &mut Reader<'_>, holder: StoredHolder) -> Result<Option<Outgoing>> {
        let Some((events, checkpoints)) = self.events(reader, &holder.hk, &HOLDER_EVENTS)? else {
            return Ok(None);
        };
        let body = holder.body;
        let others = body.links.iter().map(|link| (link.code_type.as_str(), link.code.as_str()));
        let codes = [(body.code_type.as_str(), body.code.as_str())].into_iter().chain(others);
        let Some(touched) = Touched::named(reader.index(), codes) else { return Ok(None) };
        let digest = answer_digest(Some(&self.head.mark()), &[]);
        let came_to = CameTo::shown(Outcome::Exported, self.reason, digest);
        let entry = Entry::of(self.actor).submission(self.access_log, touched, came_to)?;
        let line = Line::Holder(Box::new(HolderLife {
            code_type: body.code_type,
            code: body.code,
            state: holder.state,
            links: body.links,
            events,
            checkpoints,
            attested: None,
        }));
        Ok(Some(Outgoing { line, files: Vec::new(), entry }))
    }

    /// The events of a record, each proven, and the checkpoints that the first line lacks; none if an event
    /// does not open.
    fn events(
        &self,
        reader: &mut Reader<'_>,
        hk: &HolderKey,
        record_id: &[u8; 16],
    ) -> Result<Option<ProvenEvents>> {
        let (mut events, mut checkpoints) = (Vec::new(), BTreeMap::new());
        let stored = reader.events_of(hk, record_id)?;
        for event in &stored {
            let newest = stored.iter().filter(|other| other.log == event.log).map(|other| other.leaf).max();
            let told = self.heads.iter().find(|head| head.log == event.log && newest < Some(head.size));
            // An event after the export began is proven under the checkpoint of now.
            let later = if told.is_none() { TreeReader::head(reader, &event.log)? } else { None };
            let Some(head) = told.or(later.as_ref()) else { return Ok(None) };
            if later.is_some() {
                checkpoints.insert(head.log.clone(), head.note.clone());
            }
            match event_line(reader, event, head)? {
                Some(line) => events.push(line),
                None => return Ok(None),
            }
        }
        Ok(Some((events, checkpoints)))
    }

    fn entry(&self, row: &StoredRecord, touched: Touched) -> Result<Submission> {
        let judgement = Judgement { verdict: Verdict::Undetermined, reasons: Reasons::NONE };
        let digest = match EnvelopeBuf::from_stored(row.body.envelope.clone()) {
            Ok(envelope) => envelope.view().digest(),
            Err(_) => Digest::of(&[&row.body.directory]),
        };
        let version = u32::try_from(row.version).map_err(Error::internal)?;
        let listed = AnsweredRecord { identifier: &row.body.identifier, version, digest, judgement };
        let digest = answer_digest(Some(&self.head.mark()), &[listed]);
        let came_to = CameTo::shown(Outcome::Exported, self.reason, digest);
        let entry = Entry::of(self.actor).types(Some([row.type_code.as_str()]));
        entry.submission(self.access_log, touched, came_to)
    }
}

/// The earlier versions; those of a directory entry with what they said under each holder. None if a row does not
/// open.
fn past_versions(
    reader: &mut Reader<'_>,
    row: &StoredRecord,
    kept: &Kept,
) -> Result<Option<Vec<VersionLine>>> {
    let holders = match row.custody {
        Custody::Hosted => std::slice::from_ref(&row.hk),
        Custody::AtIssuer | Custody::Paper | Custody::Elsewhere => kept.key.holders.as_slice(),
    };
    let mut rows: BTreeMap<i32, Vec<StoredRecord>> = BTreeMap::new();
    for holder in holders {
        for opened in reader.past_records(holder, &row.record_id)? {
            let Opened::Record(past) = opened else { return Ok(None) };
            rows.entry(past.version).or_default().push(*past);
        }
    }
    let whole = |rows: &Vec<StoredRecord>| rows.len() == holders.len();
    if !rows.values().all(whole) {
        return Ok(None);
    }
    Ok(Some(rows.into_values().filter_map(past_version).collect()))
}

/// An earlier version, by its rows under each holder.
fn past_version(rows: Vec<StoredRecord>) -> Option<VersionLine> {
    let first = rows.first()?;
    let listed = (first.custody != Custody::Hosted).then(|| ListedLine {
        custody: first.custody,
        as_of: first.as_of,
        valid_from: first.valid_from,
        valid_to: first.valid_to,
        holders: holder_lines(first.custody, &rows),
    });
    Some(VersionLine { listed, ..version_line(first) })
}

/// The files that the envelopes name.
fn files(versions: &[VersionLine]) -> Vec<Digest> {
    let named = |version: &VersionLine| {
        let envelope = EnvelopeBuf::parse_compact(version.envelope.as_deref()?, Limits::default()).ok()?;
        Some(Record::from_payload(envelope.view().payload()).ok()?.attachments)
    };
    let files = versions.iter().filter_map(named).flatten();
    files.filter_map(|file| Digest::from_hex(&file.sha256)).collect()
}

fn version_line(row: &StoredRecord) -> VersionLine {
    let envelope = EnvelopeBuf::from_stored(row.body.envelope.clone()).ok();
    VersionLine {
        version: row.version,
        identifier: row.body.identifier.clone(),
        logged_at: row.body.logged_at,
        envelope: envelope.map(|envelope| envelope.compact()),
        listed: None,
    }
}

/// The line of a record with all its versions, and its rows under each holder; nothing gave way to it and nothing is
/// proposed.
fn record_line(
    row: &StoredRecord,
    versions: Vec<VersionLine>,
    rows: &[StoredRecord],
    (events, checkpoints): ProvenEvents,
) -> RecordLine {
    RecordLine {
        type_code: row.type_code.clone(),
        issuer: row.issuer.clone(),
        custody: row.custody,
        state: row.state,
        disputed: row.disputed,
        as_of: row.as_of,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        review_due: row.body.review_due,
        versions,
        holders: holder_lines(row.custody, rows),
        events,
        checkpoints,
        earlier: Vec::new(),
        proposals: Vec::new(),
        attested: None,
    }
}

/// For a directory entry the holders stand in the line: there is no envelope that names them.
fn holder_lines(custody: Custody, rows: &[StoredRecord]) -> Vec<HolderLine> {
    if custody == Custody::Hosted {
        return Vec::new();
    }
    let rows = rows.iter().map(|row| HolderLine {
        code_type: row.body.holder.0.clone(),
        code: row.body.holder.1.clone(),
        role: row.body.role.clone(),
        directory: serde_json::from_slice(&row.body.directory).unwrap_or(Value::Null),
    });
    rows.collect()
}

/// The event with its proof; none if its seal does not hold.
fn event_line(reader: &mut Reader<'_>, event: &StoredEvent, head: &Head) -> Result<Option<EventLine>> {
    if !event.intact {
        return Ok(None);
    }
    let proof = proof_of(reader, event.leaf, head)?;
    let order = EnvelopeBuf::from_stored(event.order.clone()).ok();
    Ok(Some(EventLine {
        event: serde_json::from_slice(&event.event).map_err(Error::internal)?,
        order: order.map(|order| order.compact()),
        ground: (!event.ground.is_empty()).then(|| event.ground.clone()),
        log: event.log.clone(),
        leaf: event.leaf,
        proof,
    }))
}

fn proof_of(reader: &mut Reader<'_>, leaf: u64, head: &Head) -> Result<Vec<String>> {
    let made = proof::inclusion(&mut StoredNodes::new(&mut *reader, &head.log), leaf, head.size);
    let made = made.map_err(|fault| {
        Error::new(Code::LogForked, "a stored tile or entry is missing").caused_by(fault.to_string())
    })?;
    Ok(made.iter().map(|hash| URL_SAFE_NO_PAD.encode(hash.as_bytes())).collect())
}

/// The last event and order about a public thing, with its proof. The event of a coverage statement has none: the
/// statement is signed itself.
pub(super) fn stated(
    reader: &mut Reader<'_>,
    of: (EventKind, &str),
    heads: &[Head],
) -> Result<Option<EventLine>> {
    match all_stated(reader, of)?.pop() {
        Some(last) => stated_line(reader, last, (of.0, heads)),
        None => Ok(None),
    }
}

/// What was said of the revocation of a key before it was moved, oldest first.
pub(super) fn stated_before(reader: &mut Reader<'_>, kid: &str, heads: &[Head]) -> Result<Vec<EventLine>> {
    let mut events = all_stated(reader, (EventKind::Key, kid))?;
    events.pop();
    let revokes = |stored: &PublicEvent| {
        let event = Event::from_canonical(&stored.event);
        event.is_ok_and(|event| event.action == PublicAction::Revoke.wire())
    };
    let mut lines = Vec::new();
    for stored in events.into_iter().filter(revokes) {
        lines.extend(stated_line(reader, stored, (EventKind::Key, heads))?);
    }
    Ok(lines)
}

/// All events about a public thing. Of several logs, the last is the one with the latest event.
fn all_stated(reader: &mut Reader<'_>, (kind, subject): (EventKind, &str)) -> Result<Vec<PublicEvent>> {
    let mut events = reader.public_events_of(kind.wire(), subject)?;
    events.sort_by_key(|stored| Event::from_canonical(&stored.event).map(|event| event.at).ok());
    Ok(events)
}

fn stated_line(
    reader: &mut Reader<'_>,
    stored: PublicEvent,
    (kind, heads): (EventKind, &[Head]),
) -> Result<Option<EventLine>> {
    let leaf = u64::try_from(stored.leaf).map_err(Error::internal)?;
    let Some(head) = heads.iter().find(|head| head.log == stored.log && leaf < head.size) else {
        return Ok(None);
    };
    let signed = stored.signed.filter(|_| kind != EventKind::Coverage);
    let order = signed.map(EnvelopeBuf::from_stored).transpose()?;
    Ok(Some(EventLine {
        event: serde_json::from_slice(&stored.event).map_err(Error::internal)?,
        order: order.map(|order| order.compact()),
        ground: None,
        proof: proof_of(reader, leaf, head)?,
        log: stored.log,
        leaf,
    }))
}
