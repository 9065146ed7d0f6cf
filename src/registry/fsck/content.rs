//! The digest of the logical content (schema/bytes.md §11): of every record with the entries that gave way to it and what
//! was proposed about it, every holder's life, every coverage statement and every revoked key of an agency, without what is a registry's own: times and leaves of its log, its own
//! keys and salts. Two registries with the same content have the
//! same digest, whatever way it came in.
//!
//! It keeps 32 bytes of each record and each holder in memory, and the keys of entries that gave way.

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::identity::HolderCode;
use crate::record::event::Event;
use crate::record::{Digest, canonical};
use crate::registry::Registry;
use crate::registry::fsck::options::PAGE;
use crate::registry::holders::lives;
use crate::registry::holders::mark::HOLDER_EVENTS;
use crate::registry::holders::marks;
use crate::registry::holders::rekey::of_one_code;
use crate::registry::published::keys::ISSUE;
use crate::registry::records::kept;
use crate::registry::transfer::parts::{Gone, GoneEntry};
use crate::store::{HolderMark, Opened, ProposalRow, Reader, StoredEvent, StoredHolder, StoredRecord};
use crate::trust::{EnvelopeBuf, KeyRing};

/// The digest of the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContentDigest {
    /// Lower-case hex.
    pub digest: String,
    /// Records in it, each once.
    pub records: u64,
    /// Holders in it that were marked or linked.
    pub holders: u64,
    /// Coverage statements in it.
    pub coverage: u64,
    /// Revoked keys of agencies in it.
    pub revoked_keys: u64,
    /// Rows that do not open: the digest is of the rest.
    pub unreadable: u64,
}

/// The lines so far.
#[derive(Default)]
struct Lines {
    gone: Gone,
    digests: Vec<[u8; 32]>,
    records: u64,
    holders: u64,
    coverage: u64,
    revoked_keys: u64,
    unreadable: u64,
}

impl Registry {
    /// The digest of all records and lives. Blocks for as long as it takes to read every row once; where something is
    /// written meanwhile, it is of no single moment.
    pub fn content_digest(&self) -> Result<ContentDigest> {
        self.refresh()?;
        self.store().load_data_keys()?;
        let mut lines = Lines { gone: Gone::gather(self)?, ..Lines::default() };
        let mut after = None;
        loop {
            after = self.store().read_now(|reader| {
                let (rows, next) = reader.walk_records(false, after.as_ref(), PAGE)?;
                rows.into_iter().try_for_each(|row| lines.record(reader, row))?;
                Ok(next)
            })?;
            if after.is_none() {
                break;
            }
        }
        let mut after: Option<Vec<u8>> = None;
        loop {
            after = self.store().read_now(|reader| {
                let rows = reader.walk_holders(after.as_deref(), PAGE)?;
                let next = rows.last().map(|(key, _)| key.clone());
                rows.into_iter().try_for_each(|(_, holder)| lines.holder(reader, holder))?;
                Ok(next)
            })?;
            if after.is_none() {
                break;
            }
        }
        let snapshot = self.snapshot();
        self.store().read_now(|reader| lines.books(reader, &snapshot.keys))?;
        lines.digests.sort_unstable();
        let digest = Digest::of(&lines.digests.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>()).hex();
        let Lines { records, holders, coverage, revoked_keys, unreadable, .. } = lines;
        Ok(ContentDigest { digest, records, holders, coverage, revoked_keys, unreadable })
    }
}

impl Lines {
    fn add(&mut self, line: &Value) -> Result<()> {
        self.digests.push(Digest::of(&[&canonical::to_vec(line).map_err(Error::internal)?]).0);
        Ok(())
    }

    /// A statement as its issuer made it, whoever signed it; a key as it was revoked.
    fn books(&mut self, reader: &mut Reader<'_>, keys: &KeyRing) -> Result<()> {
        for row in reader.coverage()? {
            let statement = EnvelopeBuf::from_stored(row.signed)?;
            let said: Value = serde_json::from_slice(statement.view().payload()).map_err(Error::internal)?;
            self.coverage += 1;
            self.add(&json!({"line": "coverage", "statement": said}))?;
        }
        for row in reader.signing_keys()? {
            let (Some(since), ISSUE) = (row.revoked_since, row.purpose.as_str()) else { continue };
            self.revoked_keys += 1;
            let mut known = keys.all().into_iter().filter(|key| key.kid().to_string() == row.kid);
            let before = known.next().map(|key| key.earlier.as_slice()).unwrap_or_default();
            let before: Vec<Value> = before.iter().map(|one| json!([one.since, one.reason])).collect();
            self.add(&json!({
                "before": before, "kid": row.kid, "line": "key", "owner": row.owner, "since": Moment::from_micros(since),
                "why": row.revoked_why,
            }))?;
        }
        Ok(())
    }

    fn record(&mut self, reader: &mut Reader<'_>, row: Opened) -> Result<()> {
        let Opened::Record(row) = row else {
            self.unreadable += 1;
            return Ok(());
        };
        let Some(kept) = kept::readable(reader, &row.body.identifier)? else {
            self.unreadable += 1;
            return Ok(());
        };
        // A joint record is one line, that of its first holder's row.
        if kept.key.holders.first() != Some(&row.hk) {
            return Ok(());
        }
        let (mut rows, mut damaged) = (kept.rows.iter().map(version).collect::<Vec<_>>(), kept.damaged);
        for holder in &kept.key.holders {
            for past in reader.past_records(holder, &row.record_id)? {
                match past {
                    Opened::Record(past) => rows.push(version(&past)),
                    Opened::Damaged { .. } => damaged = true,
                }
            }
        }
        // Holders stand in the order of their keys, which are each registry's own.
        rows.sort_by_cached_key(Value::to_string);
        let events = reader.events_of(&row.hk, &row.record_id)?;
        let mut earlier = Vec::new();
        for entry in self.gone.before(&row.record_id) {
            match part(reader, entry)? {
                Some(part) => earlier.push(part),
                None => damaged = true,
            }
        }
        earlier.sort_by_cached_key(Value::to_string);
        let proposals = reader.proposals_about(&row.record_id)?;
        let one = |one: &ProposalRow| json!([one.issuer, one.action, one.because, one.settled_by]);
        let mut proposals: Vec<Value> = proposals.iter().map(one).collect();
        proposals.sort_by_cached_key(Value::to_string);
        self.unreadable += u64::from(damaged);
        self.records += 1;
        self.add(&json!({
            "as_of": row.as_of, "custody": row.custody.wire(), "disputed": row.disputed, "earlier": earlier,
            "events": told(&events), "issuer": row.issuer, "line": "record", "proposals": proposals,
            "review_due": row.body.review_due, "rows": rows,
            "state": row.state.wire(), "type": row.type_code, "valid_from": row.valid_from, "valid_to": row.valid_to,
        }))
    }

    fn holder(&mut self, reader: &mut Reader<'_>, holder: Option<StoredHolder>) -> Result<()> {
        let Some(holder) = holder else {
            self.unreadable += 1;
            return Ok(());
        };
        let body = &holder.body;
        let link = |link: &crate::store::Link| {
            json!([link.kind, link.key_type, link.key_code, link.outward, link.since])
        };
        // Links between the keys of one code are each registry's own.
        let code = body.code_type.parse().ok().and_then(|of| HolderCode::parse(of, &body.code).ok());
        let own =
            |link: &&crate::store::Link| code.as_ref().is_some_and(|parsed| of_one_code(&parsed.code, link));
        let mut links: Vec<Value> = body.links.iter().filter(|link| !own(link)).map(link).collect();
        links.sort_by_cached_key(Value::to_string);
        let marks = marks::standing(&holder);
        let mark = |mark: HolderMark| json!([mark.state, mark.since, mark.source, mark.certificate]);
        // Of one weight the newest stands first, and which came in first is each registry's own.
        let mut marks: Vec<Value> = marks.into_iter().map(mark).collect();
        marks.sort_by_cached_key(Value::to_string);
        // Each registry signs for itself what a certificate says by the rule of its type; the mark is the same.
        let events = reader.events_of(&holder.hk, &HOLDER_EVENTS)?;
        let events: Vec<StoredEvent> = events.into_iter().filter(|event| !lives::by_rule(event)).collect();
        if links.is_empty() && marks.is_empty() && events.is_empty() {
            return Ok(());
        }
        self.holders += 1;
        self.add(&json!({
            "code": body.code, "code_type": body.code_type, "events": told(&events), "line": "holder", "links": links,
            "marks": marks, "state": holder.state,
        }))
    }
}

/// An entry that gave way, with its events; none if it is not whole.
fn part(reader: &mut Reader<'_>, entry: &GoneEntry) -> Result<Option<Value>> {
    let Some(versions) = entry.versions(reader)? else { return Ok(None) };
    let Some(first) = entry.holders.first() else { return Ok(None) };
    let events = reader.events_of(first, &entry.record_id)?;
    let mut rows: Vec<Value> = versions.values().flatten().map(version).collect();
    rows.sort_by_cached_key(Value::to_string);
    Ok(Some(json!([told(&events), rows])))
}

/// One version under one holder.
fn version(row: &StoredRecord) -> Value {
    let (code_type, code) = &row.body.holder;
    let content =
        if row.body.envelope.is_empty() { Digest::of(&[&row.body.directory]) } else { row.body.digest };
    json!([row.version, row.body.identifier, code_type, code, row.body.role, content.text()])
}

/// Events without what is a registry's own of them.
fn told(events: &[StoredEvent]) -> Vec<Value> {
    let one = |stored: &StoredEvent| {
        let event = Event::from_canonical(&stored.event).ok();
        let text = |of: fn(&Event) -> Option<Digest>| event.as_ref().and_then(of).map(|digest| digest.text());
        json!([
            stored.action,
            stored.effective_on,
            event.as_ref().and_then(|event| event.version),
            text(|event| event.envelope),
            text(|event| event.order),
            stored.ground,
        ])
    };
    events.iter().map(one).collect()
}
