//! The history of a record in an export: compared with its signatures, then repeated here, event by event, by
//! the same path as an issue and the actions after it.

use crate::clock::Moment;
use crate::error::{Class, Code, Error, Result};
use crate::record::Digest;
use crate::record::action::Action;
use crate::record::event::{Deed, Event, EventKind, Order, SideAction, ground_hash, subject_hash};
use crate::record::state::State;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::base::order::check_texts;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::lives::Rules;
use crate::registry::records::begin::begin;
use crate::registry::records::change::Whole;
use crate::registry::records::ends;
use crate::registry::records::hosted;
use crate::registry::records::kept;
use crate::registry::records::signed::Signed;
use crate::registry::transfer::line::{EventLine, RecordLine, refused};
use crate::rule::Rule;
use crate::store::{Reader, RecordKey, StoredEvent, StoredRecord, Writer};
use crate::text;
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, Typ, random};

/// A record of the file that passed every check.
pub(super) struct Incoming {
    pub line: u64,
    pub versions: Vec<Signed>,
    /// When the other registry knew each version, if its key was revoked later: what it signed before stays good.
    pub known_since: Vec<Option<Moment>>,
    pub events: Vec<Replayed>,
    pub record: RecordLine,
}

/// An event of the file: the parts that are logged anew.
pub(super) struct Replayed {
    pub event: Event,
    order: Vec<u8>,
    ground: String,
    /// The state that it led to.
    pub state: State,
    /// Whether an objection was open after it.
    pub disputed: bool,
    /// Whether it made a version.
    pub made: bool,
}

/// The events of a line, each compared with its order, its ground, and the version that it made or was about;
/// and all of them with the state that the line claims.
pub(super) fn replayed(
    snapshot: &Snapshot,
    record: &RecordLine,
    told: Vec<Event>,
    versions: &[VersionMade<'_>],
) -> Result<Vec<Replayed>> {
    let mut replay = Replay { snapshot, made: versions.iter(), current: None, state: None, disputed: false };
    let mut events = Vec::with_capacity(record.events.len());
    for (line, event) in record.events.iter().zip(told) {
        events.push(replay.step(line, event)?);
    }
    let as_claimed = replay.state == Some(record.state) && replay.disputed == record.disputed;
    if replay.made.next().is_some() || !as_claimed {
        return Err(refused(Rule::StateMismatch));
    }
    Ok(events)
}

/// A version that an event makes.
#[derive(Clone, Copy)]
pub(super) struct VersionMade<'a> {
    pub identifier: &'a str,
    pub version: u32,
    /// Of its envelope; none for a directory entry.
    pub envelope: Option<Digest>,
    /// When the line says that it was logged: not after the event that made it.
    pub logged_at: Moment,
}

/// The state of a record between two of its events.
struct Replay<'a> {
    snapshot: &'a Snapshot,
    /// Versions that no event has made yet.
    made: std::slice::Iter<'a, VersionMade<'a>>,
    current: Option<&'a VersionMade<'a>>,
    state: Option<State>,
    disputed: bool,
}

impl Replay<'_> {
    fn step(&mut self, line: &EventLine, event: Event) -> Result<Replayed> {
        let before = self.current;
        self.happen(&event)?;
        let (now, state) = self.current.zip(self.state).ok_or_else(|| refused(Rule::EventSubject))?;
        let about = subject_hash(&event.salt, now.identifier);
        if event.kind != EventKind::Record || event.subject != about || event.version != Some(now.version) {
            return Err(refused(Rule::EventSubject));
        }
        let ground = ground(line, &event)?;
        let order = self.order(line, &event, before)?;
        let made = before.map(|before| before.version) != Some(now.version);
        Ok(Replayed { event, order, ground, state, disputed: self.disputed, made })
    }

    /// The state that the event leads to, and the version if it makes one.
    fn happen(&mut self, event: &Event) -> Result<()> {
        let Some(action) = Action::from_wire(&event.action) else {
            self.disputed = match SideAction::from_wire(&event.action) {
                Some(SideAction::Dispute) => true,
                Some(SideAction::Settle | SideAction::WithdrawDispute) => false,
                Some(SideAction::Decline) => self.disputed,
                Some(SideAction::Replace) | None => return Err(refused(Rule::EventAction)),
            };
            return Ok(());
        };
        self.state = Some(action.apply(self.state).map_err(|fault| refused(fault.rule()))?);
        let next = if event.makes_version(action) { self.made.next() } else { None };
        self.current = next.or(self.current);
        if next.is_some_and(|next| event.at < next.logged_at) {
            return Err(refused(Rule::StateMismatch));
        }
        match event.envelope == next.and_then(|next| next.envelope) {
            true => Ok(()),
            false => Err(refused(Rule::EventEnvelope)),
        }
    }

    /// The stored form of the order that the event followed; empty if nobody gave one. It was given for the
    /// version that stood `before`.
    fn order(&self, line: &EventLine, event: &Event, before: Option<&VersionMade<'_>>) -> Result<Vec<u8>> {
        let Some((order, said)) = order(self.snapshot, line, event)? else { return Ok(Vec::new()) };
        let before = before.ok_or_else(|| refused(Rule::EventOrder))?;
        let meant = said.subject == subject_hash(&said.salt, before.identifier)
            && said.version == Some(before.version);
        if !meant || said.action != event.action {
            return Err(refused(Rule::EventOrder));
        }
        Ok(order.stored().to_vec())
    }
}

/// The text of an event's ground, if it is the one that was logged.
pub(super) fn ground(line: &EventLine, event: &Event) -> Result<String> {
    let ground = line.ground.clone().unwrap_or_default();
    text::visible("ground", &ground).map_err(|fault| refused_for(&fault))?;
    if event.ground != line.ground.as_ref().map(|ground| ground_hash(&event.salt, ground)) {
        return Err(refused(Rule::EventGround));
    }
    Ok(ground)
}

/// The order of an event, if it is the one that was logged and a key of here verifies it; none if nobody gave one.
pub(super) fn order(
    snapshot: &Snapshot,
    line: &EventLine,
    event: &Event,
) -> Result<Option<(EnvelopeBuf, Order)>> {
    let Some(compact) = &line.order else {
        return if event.order.is_none() { Ok(None) } else { Err(refused(Rule::EventOrder)) };
    };
    let order =
        EnvelopeBuf::parse_compact(compact, Limits::default()).map_err(|fault| refused(fault.rule()))?;
    let verified = order.view().verify(Typ::Event, |kid| snapshot.keys.key(kid));
    verified.map_err(|fault| refused(fault.rule()))?;
    if event.order != Some(order.view().digest()) {
        return Err(refused(Rule::EventOrder));
    }
    let said = Order::from_payload(order.view().payload()).map_err(|fault| refused(fault.rule()))?;
    check_texts(&said).map_err(|fault| refused_for(&fault))?;
    Ok(Some((order, said)))
}

/// The line is refused by the rule that a text of it breaks.
fn refused_for(fault: &Error) -> Error {
    refused(fault.rule.unwrap_or(Rule::ControlCharacter))
}

/// What becomes of a record of the file.
pub(super) enum Known {
    New,
    /// So many of its events are here, and later ones came since.
    Behind(usize),
    /// All of it, or another history of the same record: nothing is overwritten.
    Here,
    /// With the type of the record.
    Refused(Error, String),
}

/// Whether the record is here, and how far: by the identifier of any of its versions. A number that stands here on another
/// record is a clash. A directory entry of its number that may not give way keeps it out.
pub(super) fn known(reader: &mut Reader<'_>, incoming: &Incoming) -> Result<Known> {
    let refused = |error| Ok(Known::Refused(error, incoming.record.type_code.clone()));
    let clash = || refused(Error::new(Code::NumberClash, "").rule(Rule::NumberUnique));
    for version in incoming.versions.iter().rev() {
        for key in &version.keys {
            if let Some(found) = reader.record_key(key)? {
                if found.content != version.content.0 {
                    return clash();
                }
                let here = incoming.here(reader, &found)?;
                let behind = here.filter(|here| *here < incoming.events.len());
                return Ok(behind.map_or(Known::Here, Known::Behind));
            }
        }
    }
    for version in &incoming.versions {
        let keys = version.taken_keys(reader.index());
        if !reader.record_keys(&keys)?.is_empty() {
            return clash();
        }
    }
    match incoming.versions.first().map(|first| hosted::listed(reader, first)) {
        Some(Err(error)) if error.code.class() == Class::Refused => refused(error),
        Some(listed) => listed.map(|_| Known::New),
        None => Ok(Known::New),
    }
}

/// The result of beginning a record here.
pub(super) struct LineStored {
    pub entries: Vec<[u8; 32]>,
    pub took_over: bool,
    pub ended: usize,
    pub proposals: usize,
}

/// A record on its way through its events: its rows as they are now, and how many versions were made.
struct Progress {
    rows: Whole,
    versions: usize,
    entries: Vec<[u8; 32]>,
}

impl Incoming {
    /// How many of its events are here, the first ones; none where this registry knows another history of the record.
    fn here(&self, reader: &mut Reader<'_>, found: &RecordKey) -> Result<Option<usize>> {
        let Some(holder) = found.holders.first() else { return Ok(None) };
        let stored = reader.events_of(holder, &found.record_id)?;
        let said = |event: &Event| {
            (event.action.clone(), event.effective_on, event.version, event.envelope, event.order)
        };
        let same = |(here, there): (&StoredEvent, &Replayed)| {
            let event = Event::from_canonical(&here.event).ok();
            event.is_some_and(|event| said(&event) == said(&there.event)) && here.ground == there.ground
        };
        Ok(stored.iter().zip(&self.events).all(same).then_some(stored.len()))
    }

    /// Repeats here the events that came since the first `here` ones; `place.first` is the leaf of the first of them. The
    /// marks of the certificate follow it.
    pub fn go_on(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        rules: &Rules,
        (label, here): (&str, usize),
    ) -> Result<LineStored> {
        let none = || refused(Rule::EventSubject);
        let (past, rest) = self.events.split_at_checked(here).ok_or_else(none)?;
        let versions = past.iter().filter(|event| event.made).count();
        let last = versions.checked_sub(1).and_then(|at| self.versions.get(at)).ok_or_else(none)?;
        let kept = kept::readable(writer, &last.identifier)?.ok_or_else(none)?;
        let mut progress = Progress { rows: kept.whole()?, versions, entries: Vec::new() };
        self.repeat(writer, place, (label, rest), &mut progress)?;
        let newest = progress.rows.first().clone();
        let about = (newest.type_code.as_str(), newest.body.identifier.as_str());
        let new_version = rest.iter().any(|event| event.made);
        let lives = rules.follow(writer, about, new_version, &place.behind(progress.entries.len()))?;
        progress.entries.extend(lives.entries);
        ends::take_back(writer, &rules.snapshot, about, place.at)?;
        Ok(LineStored { entries: progress.entries, took_over: false, ended: 0, proposals: 0 })
    }

    /// Repeats here the events of there; `place.first` is the leaf of the first event. The rules of the
    /// catalog then apply to it and to the records here.
    pub fn write(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        rules: &Rules,
        label: &str,
    ) -> Result<LineStored> {
        let none = || refused(Rule::EventSubject);
        let (first, rest) = self.events.split_first().ok_or_else(none)?;
        let version = self.versions.first().ok_or_else(none)?;
        let happened = first.anew(label, &version.identifier, place)?;
        let mut rows = version.whole(random::pooled()?, first.state, None, place)?;
        rows.prepare(|row| self.set(row, first, (self.known_since(1), rest.is_empty())));
        let begun = begin(writer, place, version, &rows, &happened, label)?;
        let mut progress = Progress { rows, versions: 1, entries: begun.entries };
        self.repeat(writer, place, (label, rest), &mut progress)?;
        let Progress { rows, mut entries, .. } = progress;
        let began = first.event.effective_on;
        let ends = ends::apply(writer, rules, &rows, began, &place.behind(entries.len()))?;
        entries.extend(ends.entries);
        let (ended, proposals) = (ends.ended.len(), ends.proposals.len());
        Ok(LineStored { entries, took_over: begun.took_over, ended, proposals })
    }

    /// Repeats events after what was made of the record so far; `place.first` is the leaf of its first entry.
    fn repeat(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (label, rest): (&str, &[Replayed]),
        progress: &mut Progress,
    ) -> Result<()> {
        for (left, event) in (0..rest.len()).rev().zip(rest) {
            let place = place.behind(progress.entries.len());
            progress.versions += usize::from(event.made);
            let version = progress.versions.checked_sub(1).and_then(|at| self.versions.get(at));
            let version = version.ok_or_else(|| refused(Rule::EventSubject))?;
            let known_since = self.known_since(progress.versions);
            let happened = event.anew(label, &version.identifier, &place)?;
            let set = |row: &mut StoredRecord| self.set(row, event, (known_since, left == 0));
            let rows = &mut progress.rows;
            progress.entries.push(if event.made {
                let record_id = rows.first().record_id;
                version.take_keys(writer, record_id)?;
                let signed = version.clone().under(rows.rows().map(|row| row.hk));
                let mut made = signed.whole(record_id, event.state, None, &place)?;
                made.prepare(set);
                rows.supersede(writer, &place, &happened, made)?
            } else {
                rows.change(writer, &place, &happened, set)?
            });
        }
        Ok(())
    }

    /// When the other registry knew a version (from 1), if its key was revoked later.
    fn known_since(&self, version: usize) -> Option<Moment> {
        version.checked_sub(1).and_then(|at| self.known_since.get(at).copied()).flatten()
    }

    /// The row as an event leaves it. The line gives the copy's age and the next review as of the last event,
    /// not as of this one.
    fn set(&self, row: &mut StoredRecord, replayed: &Replayed, (known_since, last): (Option<Moment>, bool)) {
        row.state = replayed.state;
        row.disputed = replayed.disputed;
        row.body.logged_at = known_since.unwrap_or(row.body.logged_at);
        if last {
            row.as_of = self.record.as_of;
            row.body.review_due = self.record.review_due;
        }
    }
}

impl Replayed {
    /// The event as it is logged here: its content stays, its time and its leaf are this registry's.
    pub fn anew(&self, label: &str, identifier: &str, place: &Place) -> Result<Happened> {
        let said = &self.event;
        let deed = Deed::of_record(&said.action).ok_or_else(|| refused(Rule::EventAction))?;
        let salt = random::salt()?;
        let subject = subject_hash(&salt, identifier);
        let mut event = Event::new(EventKind::Record, deed, label, salt, subject, place.at)
            .effective_on(said.effective_on);
        event.agency.clone_from(&said.agency);
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
