//! Reading an export into another registry: envelopes and orders are kept byte for byte, every event is logged
//! anew in this registry's own log, with the legal day it had and the time at which this registry learned of it.
//!
//! A line is taken whole or refused with its rule. Where the file comes from must be vouched for by verifier keys
//! (see [`source`](crate::registry::transfer::source)); issuers' keys are not taken from the file: a signature counts only if this
//! registry has registered its key. Lines go in by batches of one transaction each. A directory entry keeps its
//! identifier; one with more of a history than its beginning is refused, since nothing signed holds its versions.

use std::io::BufRead;

use serde::Serialize;
use serde_json::Value;

use crate::catalog::Custody;
use crate::error::{Code, Error, Result};
use crate::log::LogVerifier;
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::event::{Event, EventKind, Order, ground_hash, subject_hash};
use crate::record::{Action, State};
use crate::registry::Registry;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::change::Whole;
use crate::registry::records::directory::{DirectoryDraft, Said};
use crate::registry::records::draft::{self, DraftHolder};
use crate::registry::records::signed::{IssueOutcome, Signed};
use crate::registry::transfer::export::{Line, RecordLine};
use crate::registry::transfer::source::Source;
use crate::store::{RecordKey, StoredRecord, Writer};
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, Typ, random};

/// Records of one transaction.
const BATCH: usize = 64;

/// What reading an export came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadBack {
    /// Records taken in.
    pub records: u64,
    /// Records that were here already.
    pub already: u64,
    /// Lines that were refused.
    pub refused: Vec<RefusedLine>,
    /// Whether the file had its closing line with the right count.
    pub whole: bool,
}

/// A line that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// From 1.
    pub line: u64,
    /// The code of the refusal.
    pub code: String,
    /// The rule that failed, where there is one.
    pub rule: Option<String>,
}

/// A record of the file that passed every check.
struct Incoming {
    line: u64,
    versions: Vec<Signed>,
    events: Vec<Replayed>,
    record: RecordLine,
}

/// An event of the file: what of it is logged anew.
struct Replayed {
    event: Event,
    order: Vec<u8>,
    ground: String,
    /// The state that it led to.
    state: State,
    /// Whether an objection was open after it.
    disputed: bool,
}

impl Registry {
    /// Reads an export. Blocks. What is here already is counted and left. `verifiers` are the verifier keys of the
    /// other registry's logs of records, from where the operator trusts them; its own logs this registry knows.
    ///
    /// # Errors
    /// `forbidden`; `json_invalid` where a line is none of an export; `envelope_invalid` with `verifier_missing` or
    /// `checkpoint` where the file is not vouched for; faults of the database. Batches before the error stay:
    /// reading the file again takes up where it ended.
    pub fn read_export(
        &self,
        actor: &Actor,
        verifiers: &[LogVerifier],
        lines: impl BufRead,
    ) -> Result<ReadBack> {
        decide_scope(actor, Scope::Export).fields()?;
        let snapshot = self.fresh_snapshot()?;
        let mut trusted = verifiers.to_vec();
        for head in self.store().read_now(|reader| reader.heads())? {
            trusted.push(self.log_verifier(&head.log)?);
        }
        let mut source: Option<Source> = None;
        let (mut done, mut batch) = (ReadBack::default(), Vec::new());
        for (number, text) in (1..).zip(lines.lines()) {
            let text =
                text.map_err(|fault| Error::new(Code::JsonInvalid, "a line is not UTF-8").caused_by(fault))?;
            let value: Option<Value> = serde_json::from_str(&text).ok();
            let strange = || Error::new(Code::JsonInvalid, format!("line {number} is none of an export"));
            let value = value.ok_or_else(strange)?;
            let line = serde_json::from_value(value.clone()).ok().ok_or_else(strange)?;
            match (line, &mut source) {
                (Line::Export { logs, .. }, None) => source = Some(Source::open(&value, &logs, &trusted)?),
                (_, None) | (Line::Export { .. }, Some(_)) => return Err(strange()),
                (Line::Key(key), Some(source)) => {
                    if let Err(error) = source.key(&key) {
                        done.refuse(number, error)?;
                    }
                }
                (Line::End { records, events, attested }, Some(source)) => {
                    done.whole = source.whole(records, events, attested.as_deref());
                }
                (Line::Record(record), Some(source)) => {
                    let taken = source.record(&value, &record).and_then(|events| match record.custody {
                        Custody::Hosted => {
                            batch.push(self.incoming(&snapshot, number, *record, events)?);
                            Ok(())
                        }
                        _ => {
                            match self.directory_entry(actor, &record, &events)? {
                                IssueOutcome::Issued => done.records += 1,
                                IssueOutcome::AlreadyThere => done.already += 1,
                            }
                            Ok(())
                        }
                    });
                    if let Err(error) = taken {
                        done.refuse(number, error)?;
                    }
                }
            }
            if batch.len() == BATCH {
                self.take_in(actor, &std::mem::take(&mut batch), &mut done)?;
            }
        }
        self.take_in(actor, &batch, &mut done)?;
        Ok(done)
    }

    fn incoming(
        &self,
        snapshot: &Snapshot,
        line: u64,
        record: RecordLine,
        events: Vec<Event>,
    ) -> Result<Incoming> {
        let today = self.now().day();
        let index = self.store().vault().index();
        let mut versions: Vec<Signed> = Vec::new();
        for (number, version) in (1..).zip(&record.versions) {
            let compact = version.envelope.as_deref().ok_or_else(|| refused("envelope_missing"))?;
            let envelope = EnvelopeBuf::parse_compact(compact, Limits::default())
                .map_err(|fault| refused(fault.rule()))?;
            let signed = self.verified_record(&envelope.view())?;
            if signed.version != number || signed.identifier != version.identifier {
                return Err(refused("version_order"));
            }
            let checked = draft::check_signed(signed, snapshot, self.regions(), today)?;
            versions.push(Signed::over(checked, envelope, index)?);
        }
        let same = versions.first().map(|first| first.holders.clone());
        if versions.is_empty() || versions.iter().any(|one| Some(&one.holders) != same.as_ref()) {
            return Err(refused("version_holders"));
        }
        let events = replayed(snapshot, &record, events, &versions)?;
        Ok(Incoming { line, versions, events, record })
    }

    fn take_in(&self, actor: &Actor, batch: &[Incoming], done: &mut ReadBack) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let label = actor.label();
        let outcomes = self.log_records(|writer, place| {
            let (mut outcomes, mut entries) = (Vec::with_capacity(batch.len()), Vec::new());
            for incoming in batch {
                let known = known(writer, incoming)?;
                if known == Known::New {
                    let entries_now = write(writer, &place.behind(entries.len()), &label, incoming)?;
                    entries.extend(entries_now);
                }
                outcomes.push((incoming.line, known));
            }
            Ok((outcomes, entries))
        })?;
        for (line, known) in outcomes {
            match known {
                Known::New => done.records += 1,
                Known::Here => done.already += 1,
                Known::Clash => {
                    done.refuse(line, Error::new(Code::NumberClash, "").rule("number_unique"))?;
                }
            }
        }
        Ok(())
    }

    /// Of an entry only its present body is in the line: one that was changed or acted on is refused.
    fn directory_entry(&self, actor: &Actor, record: &RecordLine, events: &[Event]) -> Result<IssueOutcome> {
        let ([first], [version]) = (events, record.versions.as_slice()) else {
            return Err(refused("directory_history"));
        };
        let about = subject_hash(&first.salt, &version.identifier);
        if first.kind != EventKind::Record || first.action != Action::Issue.wire() || first.subject != about {
            return Err(refused("event_subject"));
        }
        let said = |name: &str| -> Option<String> {
            let first = record.holders.first()?;
            Some(first.directory.get(name)?.as_str()?.to_owned())
        };
        let holders = record.holders.iter().map(|holder| DraftHolder {
            code_type: holder.code_type.clone(),
            code: holder.code.clone(),
            name: holder.directory.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            role: Some(holder.role.clone()),
            share: None,
        });
        let draft = DirectoryDraft {
            type_code: record.type_code.clone(),
            issuer: record.issuer.clone(),
            holders: holders.collect(),
            custody: record.custody,
            number: said("number"),
            office: said("office").unwrap_or_default(),
            note: said("note"),
            issued_on: said("issued_on").and_then(|day| day.parse().ok()),
            valid_from: record.valid_from,
            valid_to: record.valid_to.map(crate::record::payload::Validity::Until),
        };
        if record.state != State::Active {
            return Err(refused("directory_ended"));
        }
        let said = Said { identifier: &version.identifier, effective_on: first.effective_on };
        Ok(self.put_directory_as(actor, &draft, None, Some(said))?.outcome)
    }
}

impl ReadBack {
    /// Counts what is wrong with a line; a fault of ours is no refusal and ends the reading.
    fn refuse(&mut self, line: u64, error: Error) -> Result<()> {
        if error.code.class() != crate::error::Class::Refused {
            return Err(error);
        }
        let rule = error.rule.map(|rule| rule.into_owned());
        self.refused.push(RefusedLine { line, code: error.code.wire().to_owned(), rule });
        Ok(())
    }
}

pub(in crate::registry) fn refused(rule: &'static str) -> Error {
    Error::new(Code::EnvelopeInvalid, "the line breaks a rule of exports").rule(rule)
}

/// The events of a line, each held against its order, its ground, and the version that it made or was about; and
/// all of them against the state that the line claims.
fn replayed(
    snapshot: &Snapshot,
    record: &RecordLine,
    told: Vec<Event>,
    versions: &[Signed],
) -> Result<Vec<Replayed>> {
    let mut made = versions.iter();
    let (mut state, mut disputed) = (None, false);
    let mut events = Vec::with_capacity(record.events.len());
    let mut current: Option<&Signed> = None;
    for (line, event) in record.events.iter().zip(told) {
        let before = current;
        if let Some(action) = Action::from_wire(&event.action) {
            state = Some(action.apply(state).map_err(|fault| refused(fault.rule()))?);
            let next = if action.makes_version() { made.next() } else { None };
            current = next.or(current);
            if event.envelope != next.map(|next| next.envelope.view().digest()) {
                return Err(refused("event_envelope"));
            }
        } else {
            disputed = match event.action.as_str() {
                "dispute" => true,
                "settle" => false,
                _ => return Err(refused("event_action")),
            };
        }
        let (now, led_to) = current.zip(state).ok_or_else(|| refused("event_subject"))?;
        let about = subject_hash(&event.salt, &now.record.identifier);
        let version = Some(now.record.version);
        if event.kind != EventKind::Record || event.subject != about || event.version != version {
            return Err(refused("event_subject"));
        }
        let ground = line.ground.clone().unwrap_or_default();
        if event.ground != line.ground.as_ref().map(|ground| ground_hash(&event.salt, ground)) {
            return Err(refused("event_ground"));
        }
        let order = match &line.order {
            Some(compact) => {
                let order = EnvelopeBuf::parse_compact(compact, Limits::default())
                    .map_err(|fault| refused(fault.rule()))?;
                let verified = order.view().verify(Typ::Event, |kid| snapshot.keys.key(kid));
                verified.map_err(|fault| refused(fault.rule()))?;
                if event.order != Some(order.view().digest()) {
                    return Err(refused("event_order"));
                }
                // It was given for the version that stood until then.
                let said =
                    Order::from_payload(order.view().payload()).map_err(|fault| refused(fault.rule()))?;
                let before = &before.ok_or_else(|| refused("event_order"))?.record;
                let meant = said.subject == subject_hash(&said.salt, &before.identifier)
                    && said.version == Some(before.version);
                if !meant || said.action != event.action {
                    return Err(refused("event_order"));
                }
                order.stored().to_vec()
            }
            None if event.order.is_some() => return Err(refused("event_order")),
            None => Vec::new(),
        };
        events.push(Replayed { event, order, ground, state: led_to, disputed });
    }
    if made.next().is_some() || state != Some(record.state) || disputed != record.disputed {
        return Err(refused("state_mismatch"));
    }
    Ok(events)
}

#[derive(PartialEq, Eq)]
enum Known {
    New,
    Here,
    Clash,
}

/// Whether the record is here: by the identifier of its present version; a number that stands here on another
/// record is a clash.
fn known(writer: &mut Writer<'_>, incoming: &Incoming) -> Result<Known> {
    for version in incoming.versions.iter().rev() {
        for key in &version.keys {
            if let Some(found) = writer.record_key(key)? {
                let same = found.content == version.content.0;
                return Ok(if same { Known::Here } else { Known::Clash });
            }
        }
    }
    Ok(Known::New)
}

/// Lets happen here what happened there, event by event; `place.first` is the leaf of the first.
fn write(writer: &mut Writer<'_>, place: &Place, label: &str, incoming: &Incoming) -> Result<Vec<[u8; 32]>> {
    let Incoming { versions, events, record, .. } = incoming;
    let record_id = random::pooled::<16>()?;
    let mut entries = Vec::with_capacity(events.len());
    let mut versions = versions.iter();
    let mut present: Option<(Whole, &Signed)> = None;
    for (number, replayed) in (1..).zip(events) {
        let place = place.behind(entries.len());
        // The line says of the copy's age and of the next review how they are now, not how they were.
        let as_now = |row: &mut StoredRecord| {
            row.state = replayed.state;
            row.disputed = replayed.disputed;
            if number == events.len() {
                row.as_of = record.as_of;
                row.body.review_due = record.review_due;
            }
        };
        let next = replayed.event.envelope.and_then(|_| versions.next());
        let entry = match (next, present.take()) {
            (Some(version), before) => {
                let happened = replayed.anew(label, version, &place)?;
                let mut rows = version.rows(record_id, replayed.state, &place.log, place.first, place.at)?;
                rows.iter_mut().for_each(as_now);
                let next = Whole::of(rows, &version.holders)?;
                put_keys(writer, version, record_id)?;
                let (now, entry) = match before {
                    Some((mut rows, _)) => {
                        let entry = rows.supersede(writer, &place, &happened, next)?;
                        (rows, entry)
                    }
                    None => {
                        let entry = next.begin(writer, &place, &happened)?;
                        (next, entry)
                    }
                };
                present = Some((now, version));
                entry
            }
            (None, Some((mut rows, version))) => {
                let happened = replayed.anew(label, version, &place)?;
                let entry = rows.change(writer, &place, &happened, as_now)?;
                present = Some((rows, version));
                entry
            }
            (None, None) => return Err(refused("event_subject")),
        };
        entries.push(entry);
    }
    Ok(entries)
}

impl Replayed {
    /// The event as it is logged here: what it says is kept, its time and its leaf are this registry's.
    fn anew(&self, label: &str, version: &Signed, place: &Place) -> Result<Happened> {
        let said = &self.event;
        let salt = random::salt()?;
        let subject = subject_hash(&salt, &version.record.identifier);
        let mut event = Event::new(EventKind::Record, &said.action, label, salt, subject, place.at)
            .effective_on(said.effective_on);
        event.envelope = said.envelope;
        event.order = said.order;
        event.replaces = said.replaces;
        event.version = said.version;
        if said.ground.is_some() {
            event = event.ground(&self.ground);
        }
        Ok(Happened::new(event, self.order.clone(), self.ground.clone()))
    }
}

fn put_keys(writer: &mut Writer<'_>, version: &Signed, record_id: [u8; 16]) -> Result<()> {
    for key in &version.keys {
        // A version that came back to an earlier content has that one's key.
        if writer.record_key(key)?.is_none() {
            writer.insert_record_key(&RecordKey {
                key: *key,
                record_id,
                version: i32::try_from(version.record.version).map_err(Error::internal)?,
                holders: version.holders.clone(),
                content: version.content.0,
            })?;
        }
    }
    Ok(())
}
