//! Export: records with their envelopes, events, proofs and a checkpoint, one JSON object a line, for a
//! department that takes its own away or for another registry that reads them back ([`Registry::read_export`]).
//!
//! The walk goes in short snapshots, so that a long export holds nothing up. Each record that goes out is noted
//! as an access of all its holders before its line is written (I2). Each record line is signed by the registry's own
//! key, which the log states, and so is the last. Lines hold numbers in clear: whoever writes
//! them to a file answers for the file.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::registry::transfer::attest::Attest;
pub use crate::registry::transfer::line::{
    EventLine, HolderLine, KeyLine, Line, LogLine, RecordLine, VersionLine,
};

use crate::catalog::Custody;
use crate::error::{Code, Error, Result};
use crate::log::tile::StoredNodes;
use crate::log::{Head, Submission, TreeReader, proof};
use crate::policy::{Actor, Scope, agency_for, decide_scope};
use crate::record::access::{DecisionReason, Outcome};
use crate::record::answer::AnsweredRecord;
use crate::record::event::{Event, EventKind};
use crate::record::{Judgement, Reasons, Verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, answer_digest};
use crate::registry::base::names::{REGISTRY, side_of};
use crate::registry::records::kept::{self, Kept};
use crate::store::{Opened, Reader, Side, StoredEvent, StoredRecord, WalkKey};
use crate::trust::EnvelopeBuf;

/// Rows of one snapshot.
const PAGE: i64 = 64;

/// What an export came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportCount {
    /// Records written, whatever their number of holders and versions.
    pub records: u64,
    /// Events written.
    pub events: u64,
    /// Rows that do not open: not written, and worth an `fsck`.
    pub damaged: u64,
}

/// A record on its way out, with what its access entry needs.
struct Outgoing {
    line: RecordLine,
    entry: Submission,
}

impl Registry {
    /// Writes all records, or those of one issuer, with their past versions. Blocks.
    ///
    /// A client exports what its own agency issued and nothing else.
    ///
    /// # Errors
    /// `forbidden`; `log_unavailable` and its like where accesses cannot be noted; `internal` with the cause
    /// where `out` cannot be written. What was written before an error has no closing line.
    pub fn export(&self, actor: &Actor, issuer: Option<&str>, out: &mut dyn Write) -> Result<ExportCount> {
        let reason = decide_scope(actor, Scope::Export).required()?;
        let issuer = agency_for(actor, issuer, "issuer")?;
        let snapshot = self.fresh_snapshot()?;
        let mut heads = self.store().read_now(|reader| reader.heads())?;
        heads.retain(|head| side_of(&head.log) == Side::Registry);
        let first = Line::Export {
            v: 1,
            origin: snapshot.origin.clone(),
            made_at: self.now(),
            issuer: issuer.map(str::to_owned),
            logs: heads.iter().map(|head| self.log_line(head)).collect::<Result<_>>()?,
        };
        put(out, &first)?;
        let mut attest = Attest::begin(self.registry_key()?, &first)?;
        for key in snapshot.keys.all() {
            let kid = key.kid().to_string();
            let stated = match key.owner.as_str() {
                REGISTRY => self.store().read_now(|reader| stated(reader, &kid, &heads))?,
                _ => None,
            };
            let (owner, public) = (key.owner.clone(), URL_SAFE_NO_PAD.encode(key.public.bytes()));
            let revoked_since = key.revoked.as_ref().map(|revoked| revoked.since);
            put(out, &Line::Key(KeyLine { kid, owner, public, revoked_since, stated }))?;
        }
        let missing = || Error::new(Code::NotInitialised, "the log of records is missing");
        let head = heads.iter().find(|head| head.log == snapshot.records_log).ok_or_else(missing)?;
        let access = self.access()?;
        let mut count = ExportCount::default();
        let mut after: Option<WalkKey> = None;
        loop {
            let (page, next) = self.store().read_now(|reader| {
                let (rows, next) = reader.walk_records(false, after.as_ref(), PAGE)?;
                let mut page = Vec::new();
                for row in rows {
                    let Opened::Record(row) = row else {
                        count.damaged += 1;
                        continue;
                    };
                    if issuer.is_some_and(|issuer| issuer != row.issuer) {
                        continue;
                    }
                    match outgoing(reader, &row, (head, &heads), (actor, reason, access.name()))? {
                        Gathered::Record(outgoing) => page.push(*outgoing),
                        Gathered::OtherRow => {}
                        Gathered::Damaged => count.damaged += 1,
                    }
                }
                Ok((page, next))
            })?;
            let (lines, entries): (Vec<RecordLine>, Vec<Submission>) =
                page.into_iter().map(|one| (one.line, one.entry)).unzip();
            access.note_now(entries)?;
            for line in lines {
                count.records += 1;
                count.events += line.events.len() as u64;
                put(out, &attest.record(line)?)?;
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        put(out, &attest.end(count.records, count.events)?)?;
        out.flush().map_err(Error::internal)?;
        Ok(count)
    }

    fn log_line(&self, head: &Head) -> Result<LogLine> {
        let verifier = self.log_verifier(&head.log)?.to_string();
        Ok(LogLine { log: head.log.clone(), checkpoint: head.note.clone(), verifier })
    }
}

fn put(out: &mut dyn Write, line: &Line) -> Result<()> {
    let mut bytes = serde_json::to_vec(line).map_err(Error::internal)?;
    bytes.push(b'\n');
    out.write_all(&bytes).map_err(Error::internal)
}

enum Gathered {
    Record(Box<Outgoing>),
    /// The record goes out with its first holder's row.
    OtherRow,
    Damaged,
}

fn outgoing(
    reader: &mut Reader<'_>,
    row: &StoredRecord,
    (head, heads): (&Head, &[Head]),
    (actor, reason, access_log): (&Actor, DecisionReason, &str),
) -> Result<Gathered> {
    let Some(kept) = kept::readable(reader, &row.body.identifier)? else { return Ok(Gathered::Damaged) };
    if kept.key.holders.first() != Some(&row.hk) {
        return Ok(Gathered::OtherRow);
    }
    if kept.damaged {
        return Ok(Gathered::Damaged);
    }
    let mut versions = Vec::new();
    let mut past = Vec::new();
    for opened in reader.past_records(&row.hk, &row.record_id)? {
        match opened {
            Opened::Record(row) => past.push(*row),
            Opened::Damaged { .. } => return Ok(Gathered::Damaged),
        }
    }
    for row in past.iter().chain([row]) {
        versions.push(version_line(row));
    }
    let (mut events, mut checkpoints) = (Vec::new(), BTreeMap::new());
    let stored = reader.events_of(&row.hk, &row.record_id)?;
    for event in &stored {
        let newest = stored.iter().filter(|other| other.log == event.log).map(|other| other.leaf).max();
        let told = heads.iter().find(|head| head.log == event.log && newest < Some(head.size));
        // What was done since the export began is proven under the checkpoint of now.
        let later = if told.is_none() { TreeReader::head(reader, &event.log)? } else { None };
        let Some(head) = told.or(later.as_ref()) else { return Ok(Gathered::Damaged) };
        if later.is_some() {
            checkpoints.insert(head.log.clone(), head.note.clone());
        }
        match event_line(reader, event, head)? {
            Some(line) => events.push(line),
            None => return Ok(Gathered::Damaged),
        }
    }
    let line = RecordLine {
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
        holders: holder_lines(row.custody, &kept),
        events,
        checkpoints,
        attested: None,
    };
    let judgement = Judgement { verdict: Verdict::Undetermined, reasons: Reasons::NONE };
    let digest = match EnvelopeBuf::from_stored(row.body.envelope.clone()) {
        Ok(envelope) => envelope.view().digest(),
        Err(_) => crate::record::Digest::of(&[&row.body.directory]),
    };
    let version = u32::try_from(row.version).map_err(Error::internal)?;
    let listed = AnsweredRecord { identifier: &row.body.identifier, version, digest, judgement };
    let came_to = CameTo::shown(Outcome::Exported, reason, answer_digest(Some(&head.mark()), &[listed]));
    let entry = Entry::of(actor).types(Some([row.type_code.as_str()]));
    let entry = entry.submission(access_log, kept.touched(), came_to)?;
    Ok(Gathered::Record(Box::new(Outgoing { line, entry })))
}

fn version_line(row: &StoredRecord) -> VersionLine {
    let envelope = EnvelopeBuf::from_stored(row.body.envelope.clone()).ok();
    VersionLine {
        version: row.version,
        identifier: row.body.identifier.clone(),
        logged_at: row.body.logged_at,
        envelope: envelope.map(|envelope| envelope.compact()),
    }
}

/// Of a directory entry the holders stand in the line: there is no envelope that names them.
fn holder_lines(custody: Custody, kept: &Kept) -> Vec<HolderLine> {
    if custody == Custody::Hosted {
        return Vec::new();
    }
    let rows = kept.rows.iter().map(|row| HolderLine {
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

/// The last event and order about a key, with its proof.
fn stated(reader: &mut Reader<'_>, kid: &str, heads: &[Head]) -> Result<Option<EventLine>> {
    let mut events = reader.public_events_of(EventKind::Key.wire(), kid)?;
    // Of several logs the last is the one whose event is the latest.
    events.sort_by_key(|stored| Event::from_canonical(&stored.event).map(|event| event.at).ok());
    let Some(last) = events.pop() else { return Ok(None) };
    let leaf = u64::try_from(last.leaf).map_err(Error::internal)?;
    let Some(head) = heads.iter().find(|head| head.log == last.log && leaf < head.size) else {
        return Ok(None);
    };
    let order = last.signed.map(EnvelopeBuf::from_stored).transpose()?;
    Ok(Some(EventLine {
        event: serde_json::from_slice(&last.event).map_err(Error::internal)?,
        order: order.map(|order| order.compact()),
        ground: None,
        proof: proof_of(reader, leaf, head)?,
        log: last.log,
        leaf,
    }))
}
