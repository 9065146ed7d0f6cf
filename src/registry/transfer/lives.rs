//! The marks and links of a holder in an export: compared with their signatures, then repeated here.
//!
//! The agencies' own orders come along, so nobody has to be believed: a mark or a link counts if a key of here verifies
//! its order and the agency of that key has authority over people for it here. What is here already goes on; where the
//! two registries know different things, the line is refused. A mark that a certificate makes by the rule of its type is
//! not taken from the line: the certificate, read back, makes it here.

use crate::catalog::Statement;
use crate::clock::Day;
use crate::error::{Error, Result};
use crate::identity::HolderCode;
use crate::record::Digest;
use crate::record::event::{Event, EventKind, HolderAction, Order, holder_hash};
use crate::registry::base::asked::holder_key;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::base::linked::{MAX_KEYS, Reach, walk};
use crate::registry::base::names::RULE;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::lives;
use crate::registry::holders::mark::{HOLDER_EVENTS, fresh, stored};
use crate::registry::holders::marks::{self, StatedMark};
use crate::registry::holders::rekey::of_one_code;
use crate::registry::holders::stating::{of_link, of_state};
use crate::registry::holders::told::{LifeStep, links_agree, state_told};
use crate::registry::transfer::line::{EventLine, HolderLife, refused};
use crate::registry::transfer::replay;
use crate::rule::Rule;
use crate::store::{HolderMark, Link, Reader, Writer};
use crate::trust::{EnvelopeBuf, HolderKey, IndexKey, random};

/// A holder of the file that passed every check.
pub(super) struct IncomingLife {
    code: HolderCode,
    hk: HolderKey,
    links: Vec<Link>,
    events: Vec<Stated>,
}

/// A mark or a link with its order.
struct Stated {
    event: Event,
    action: HolderAction,
    digest: Digest,
    order: Vec<u8>,
    ground: String,
    told: LifeStep,
}

/// The holder of a line whose events the other log has.
pub(super) fn checked(
    snapshot: &Snapshot,
    index: &IndexKey,
    life: HolderLife,
    events: Vec<Event>,
    today: Day,
) -> Result<IncomingLife> {
    let code = life.code_type.parse().ok().and_then(|of| HolderCode::parse(of, &life.code).ok());
    let code = code.ok_or_else(|| refused(Rule::CodeNotCanonical))?.code;
    let all = events.len();
    let told = life.events.iter().zip(events).filter(|(_, event)| event.actor != RULE);
    let stated = told.map(|(line, event)| {
        let stated = stated(snapshot, line, event, &code)?;
        authorised(snapshot, &stated, today)?;
        Ok(stated)
    });
    let events = stated.collect::<Result<Vec<_>>>()?;
    let hk = holder_key(index, &code);
    let steps = || events.iter().map(|stated| &stated.told);
    // With marks of certificates among them the state is what the certificates lead to here.
    let state = || state_told(&fresh(hk, &code), steps()) == life.state;
    if events.len() == all && !(state() && links_agree(&life.links, steps)) {
        return Err(refused(Rule::StateMismatch));
    }
    // Links between the keys of one code are each registry's own.
    let mut links = life.links;
    links.retain(|link| !of_one_code(&code, link));
    Ok(IncomingLife { hk, code, links, events })
}

fn stated(snapshot: &Snapshot, line: &EventLine, event: Event, code: &HolderCode) -> Result<Stated> {
    let own = (code.key_type(), code.key_code());
    if event.kind != EventKind::Holder || event.subject != holder_hash(&event.salt, own.0, own.1) {
        return Err(refused(Rule::EventSubject));
    }
    let action = HolderAction::from_wire(&event.action).ok_or_else(|| refused(Rule::EventAction))?;
    let ground = replay::ground(line, &event)?;
    let unordered = || refused(Rule::EventOrder);
    let (order, said): (EnvelopeBuf, Order) = replay::order(snapshot, line, &event)?.ok_or_else(unordered)?;
    if said.action != event.action || said.effective_on != event.effective_on {
        return Err(unordered());
    }
    let told = LifeStep::of(&event, &said, own).ok_or_else(unordered)?;
    let (digest, order) = (order.view().digest(), order.stored().to_vec());
    Ok(Stated { event, action, digest, order, ground, told })
}

/// Whether the agency whose key signed the order may state this here.
fn authorised(snapshot: &Snapshot, stated: &Stated, today: Day) -> Result<()> {
    let needed: &[Statement] = match &stated.told {
        LifeStep::Mark(stated) => of_state(stated.mark.state),
        LifeStep::Link(linked) => of_link(linked.kind),
    };
    let kid = EnvelopeBuf::from_stored(stated.order.clone())?.view().kid().ok();
    let key = kid.and_then(|kid| snapshot.keys.find(&kid)).ok_or_else(|| refused(Rule::KeyUnknown))?;
    let mut nearest = Rule::EmpowermentMissing;
    for statement in needed {
        match snapshot.catalog.empowered(&key.owner, *statement, today) {
            Ok(_) => return Ok(()),
            Err(fault) => nearest = fault.rule(),
        }
    }
    Err(refused(nearest))
}

impl IncomingLife {
    /// How many of its events are here; all of them where later ones are here too.
    ///
    /// # Errors
    /// `holder_history` where this registry knows other marks or links.
    pub fn here(&self, reader: &mut Reader<'_>) -> Result<usize> {
        let stored = reader.events_of(&self.hk, &HOLDER_EVENTS)?;
        let stored: Vec<_> = stored.iter().filter(|stored| !lives::by_rule(stored)).collect();
        let orders = stored.iter().map(|stored| Event::from_canonical(&stored.event).ok()?.order);
        let mut both = self.events.iter().zip(orders.collect::<Vec<_>>());
        if both.any(|(told, here)| here != Some(told.digest)) {
            return Err(refused(Rule::HolderHistory));
        }
        Ok(self.events.len().min(stored.len()))
    }

    /// Whether all of it is here.
    pub fn is_here(&self, reader: &mut Reader<'_>) -> Result<bool> {
        Ok(self.here(reader)? == self.events.len())
    }

    /// Repeats here what is not here; `place.first` is the leaf of the first event. Nothing is written for a holder of
    /// whom all is here.
    pub fn write(&self, writer: &mut Writer<'_>, place: &Place, label: &str) -> Result<Vec<[u8; 32]>> {
        let here = self.here(writer)?;
        let rest = self.events.get(here..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Vec::new());
        }
        let mut holder = stored(writer, self.hk, &self.code)?;
        let mut entries = Vec::with_capacity(rest.len());
        for stated in rest {
            let place = place.behind(entries.len());
            match &stated.told {
                LifeStep::Mark(told) => {
                    let mark = HolderMark { at: place.at, ..told.mark.clone() };
                    marks::state(&mut holder, StatedMark { mark, replaces: None });
                }
                LifeStep::Link(_) => holder.body.links.clone_from(&self.links),
            }
            entries.push(self.note(writer, &place, label, stated)?);
        }
        writer.put_holder(&holder)?;
        if walk(writer, self.hk, Reach::ALL, |_| ())?.sure()?.len() > MAX_KEYS {
            return Err(refused(Rule::LinkLimit));
        }
        Ok(entries)
    }

    fn note(&self, writer: &mut Writer<'_>, place: &Place, label: &str, stated: &Stated) -> Result<[u8; 32]> {
        let salt = random::salt().map_err(Error::internal)?;
        let subject = holder_hash(&salt, self.code.key_type(), self.code.key_code());
        let mut event = Event::new(EventKind::Holder, stated.action, label, salt, subject, place.at)
            .effective_on(stated.event.effective_on)
            .household(stated.event.household)
            .order(stated.digest);
        if stated.event.ground.is_some() {
            event = event.ground(&stated.ground);
        }
        let seq = writer.next_event_seq(&self.hk, &HOLDER_EVENTS)?;
        let happened = Happened::new(event, stated.order.clone(), stated.ground.clone());
        writer.insert_event(&happened.copy(self.hk, HOLDER_EVENTS, seq, place))?;
        Ok(happened.entry())
    }
}
