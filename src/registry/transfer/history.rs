//! The events of a line of an export, each compared with its order, its ground and the version that it made, and all of
//! them with the state that the line claims; and an event as it is logged here anew.

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::record::Digest;
use crate::record::action::Action;
use crate::record::event::{Deed, Event, EventKind, Order, SideAction, ground_hash, subject_hash};
use crate::record::state::State;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::base::order::check_texts;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::transfer::line::{EventLine, RecordLine, refused};
use crate::rule::Rule;
use crate::store::StoredEvent;
use crate::text;
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, Typ, random};

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

impl Replayed {
    /// Whether the record gave way to another one by it.
    pub fn gives_way(&self) -> bool {
        self.event.action == SideAction::Replace.wire()
    }
}

/// Whether the stored events are the first ones of these, or they the first ones of those.
pub(super) fn same_so_far(stored: &[StoredEvent], events: &[Replayed]) -> bool {
    let said = |event: &Event| {
        (event.action.clone(), event.effective_on, event.version, event.envelope, event.order)
    };
    stored.iter().zip(events).all(|(here, there)| {
        let event = Event::from_canonical(&here.event).ok();
        event.is_some_and(|event| said(&event) == said(&there.event)) && here.ground == there.ground
    })
}

/// The events of a line, each compared with its order, its ground, and the version that it made or was about;
/// and all of them with the state that the line claims.
pub(super) fn replayed(
    snapshot: &Snapshot,
    record: &RecordLine,
    told: Vec<Event>,
    versions: &[VersionMade<'_>],
) -> Result<Vec<Replayed>> {
    let mut replay =
        Replay { snapshot, made: versions.iter(), current: None, state: None, disputed: false, gone: false };
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
    /// It gave way to another record: nothing happens to it any more.
    gone: bool,
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
        if self.gone {
            return Err(refused(Rule::EventAction));
        }
        let Some(action) = Action::from_wire(&event.action) else {
            self.disputed = match SideAction::from_wire(&event.action) {
                Some(SideAction::Dispute) => true,
                Some(SideAction::Settle | SideAction::WithdrawDispute) => false,
                Some(SideAction::Decline) => self.disputed,
                Some(SideAction::Replace) => {
                    self.gone = true;
                    match self.state {
                        Some(State::Active) if !self.disputed => false,
                        _ => return Err(refused(Rule::EventAction)),
                    }
                }
                None => return Err(refused(Rule::EventAction)),
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
