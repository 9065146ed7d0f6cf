//! The marks and links of a holder in an export: compared with their signatures, then repeated here.
//!
//! The agencies' own orders come along, so nobody has to be believed: a mark or a link counts if a key of here verifies
//! its order and the agency of that key has authority over people for it here. What is here already goes on; where the
//! two registries know different things, the line is refused. A mark that a certificate makes by the rule of its type is
//! not taken from the line: the certificate, read back, makes it here. But the order of both is: where it matters, what an
//! office took back would stand again here, the certificates state here once more what they said, in the order of the line.

use std::collections::HashSet;

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
use crate::registry::holders::lives::{self, Rules};
use crate::registry::holders::mark::{HOLDER_EVENTS, fresh, stored};
use crate::registry::holders::marks::{self, StatedMark};
use crate::registry::holders::rekey::of_one_code;
use crate::registry::holders::stating::{of_link, of_state};
use crate::registry::holders::told::{LifeStep, links_agree};
use crate::registry::transfer::history;
use crate::registry::transfer::line::{EventLine, HolderLife, refused};
use crate::rule::Rule;
use crate::store::{HolderMark, HolderState, Link, Reader, StoredHolder, Writer};
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, HolderKey, IndexKey, random};

/// A holder of the file that passed every check.
pub(super) struct IncomingLife {
    code: HolderCode,
    hk: HolderKey,
    links: Vec<Link>,
    /// What offices stated.
    events: Vec<Stated>,
    /// That and what certificates said by rule, in the order of the log.
    steps: Vec<LifeTold>,
}

/// One event of the line.
enum LifeTold {
    /// An office's, by its number among those.
    Office(usize),
    Certificate(StatedMark),
}

/// What is to be done for a holder.
enum Planned<'a> {
    Office(&'a Stated),
    Certificate(StatedMark),
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
    let (mut offices, mut steps) = (Vec::new(), Vec::new());
    let (mut known, own) = (true, (code.key_type(), code.key_code()));
    for (line, event) in life.events.iter().zip(events) {
        if event.actor == RULE {
            // The other registry signed the order, and its log vouches for it; what links its keys is its own.
            match by_rule(line, &event, own)? {
                Some(LifeStep::Mark(mark)) => steps.push(LifeTold::Certificate(mark)),
                Some(LifeStep::Link(_)) | None => known = false,
            }
            continue;
        }
        let stated = stated(snapshot, line, event, &code)?;
        authorised(snapshot, &stated, today)?;
        steps.push(LifeTold::Office(offices.len()));
        offices.push(stated);
    }
    let hk = holder_key(index, &code);
    let told = || offices.iter().map(|stated| &stated.told);
    let state = || {
        let mut holder = fresh(hk, &code);
        fold(&mut holder, &offices, &steps);
        holder.state == life.state
    };
    // Certificates stated by the authority of there, and long ago one mark alone stood on a holder.
    let certified = steps.iter().any(|step| matches!(step, LifeTold::Certificate(_)));
    if known && !((certified || state()) && links_agree(&life.links, told)) {
        return Err(refused(Rule::StateMismatch));
    }
    // Links between the keys of one code are each registry's own.
    let mut links = life.links;
    links.retain(|link| !of_one_code(&code, link));
    Ok(IncomingLife { hk, code, links, events: offices, steps })
}

/// The effect of an event by a rule of the other registry; none where its order tells nothing of the holder.
fn by_rule(line: &EventLine, event: &Event, own: (&str, &str)) -> Result<Option<LifeStep>> {
    let unordered = || refused(Rule::EventOrder);
    let compact = line.order.as_deref().ok_or_else(unordered)?;
    let order = EnvelopeBuf::parse_compact(compact, Limits::default()).ok().ok_or_else(unordered)?;
    if event.order != Some(order.view().digest()) {
        return Err(unordered());
    }
    let said = Order::from_payload(order.view().payload()).ok().ok_or_else(unordered)?;
    Ok(LifeStep::of(event, &said, own))
}

/// The marks as these steps leave them.
fn fold(holder: &mut StoredHolder, offices: &[Stated], steps: &[LifeTold]) {
    for step in steps {
        match step {
            LifeTold::Certificate(mark) => marks::state(holder, mark.clone()),
            LifeTold::Office(at) => {
                if let Some(LifeStep::Mark(mark)) = offices.get(*at).map(|stated| &stated.told) {
                    marks::state(holder, mark.clone());
                }
            }
        }
    }
}

/// What a mark says wherever it stands.
fn said(mark: &HolderMark) -> (HolderState, Day, Option<&str>) {
    (mark.state, mark.since, mark.certificate.as_deref())
}

/// Whether these are the same marks.
fn same_marks(one: &[HolderMark], other: &[HolderMark]) -> bool {
    let (mut one, mut other): (Vec<_>, Vec<_>) =
        (one.iter().map(said).collect(), other.iter().map(said).collect());
    one.sort();
    other.sort();
    one == other
}

/// The rules, and the certificates that are here as they are there.
type By<'a> = (&'a Rules, &'a HashSet<[u8; 16]>);

fn stated(snapshot: &Snapshot, line: &EventLine, event: Event, code: &HolderCode) -> Result<Stated> {
    let own = (code.key_type(), code.key_code());
    if event.kind != EventKind::Holder || event.subject != holder_hash(&event.salt, own.0, own.1) {
        return Err(refused(Rule::EventSubject));
    }
    let action = HolderAction::from_wire(&event.action).ok_or_else(|| refused(Rule::EventAction))?;
    let ground = history::ground(line, &event)?;
    let unordered = || refused(Rule::EventOrder);
    let (order, said): (EnvelopeBuf, Order) =
        history::order(snapshot, line, &event)?.ok_or_else(unordered)?;
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

/// The marks on a holder, but for those of certificates that are not here as they are there.
fn told_of(
    reader: &mut Reader<'_>,
    holder: &StoredHolder,
    (rules, as_there): By<'_>,
) -> Result<Vec<HolderMark>> {
    let mut told = Vec::new();
    for mark in marks::standing(holder) {
        if rules.is_told(reader, &mark, as_there)? {
            told.push(mark);
        }
    }
    Ok(told)
}

impl IncomingLife {
    /// The key of its holder.
    pub fn key(&self) -> &HolderKey {
        &self.hk
    }

    /// How many of its events are here; none where later ones are here too.
    ///
    /// # Errors
    /// `holder_history` where this registry knows other marks or links.
    fn here(&self, reader: &mut Reader<'_>) -> Result<Option<usize>> {
        let stored = reader.events_of(&self.hk, &HOLDER_EVENTS)?;
        let stored: Vec<_> = stored.iter().filter(|stored| !lives::by_rule(stored)).collect();
        let orders = stored.iter().map(|stored| Event::from_canonical(&stored.event).ok()?.order);
        let mut both = self.events.iter().zip(orders.collect::<Vec<_>>());
        if both.any(|(told, here)| here != Some(told.digest)) {
            return Err(refused(Rule::HolderHistory));
        }
        Ok(Some(stored.len()).filter(|here| *here <= self.events.len()))
    }

    /// Whether all that offices stated is here.
    ///
    /// # Errors
    /// `holder_history` as above; `link_limit` where the links would make too many codes one holder.
    pub fn is_here(&self, reader: &mut Reader<'_>) -> Result<bool> {
        let here = self.here(reader)?;
        let rest = here.and_then(|here| self.events.get(here..)).unwrap_or_default();
        if rest.iter().any(|one| matches!(one.told, LifeStep::Link(_))) {
            let mut family = HashSet::from([self.hk]);
            for link in self.links.iter().filter(|link| link.kind.is_followed()) {
                let other = reader.index().holder_key(&link.key_type, &link.key_code);
                family.extend(walk(reader, other, Reach::ALL, |_| ())?.sure()?);
            }
            if family.len() > MAX_KEYS {
                return Err(refused(Rule::LinkLimit));
            }
        }
        Ok(rest.is_empty())
    }

    /// What is to be done, so that here stands what stands there.
    fn plan(&self, reader: &mut Reader<'_>, by: By<'_>, today: Day) -> Result<Vec<Planned<'_>>> {
        let Some(here) = self.here(reader)? else { return Ok(Vec::new()) };
        let rest = self.events.get(here..).unwrap_or_default();
        let simple = || rest.iter().map(Planned::Office).collect();
        if !self.steps.iter().any(|step| matches!(step, LifeTold::Certificate(_))) {
            return Ok(simple());
        }
        let now = reader.holder(&self.hk)?.unwrap_or_else(|| fresh(self.hk, &self.code));
        let (mut after, mut there) = (now.clone(), fresh(self.hk, &self.code));
        let offices: Vec<LifeTold> = (here..self.events.len()).map(LifeTold::Office).collect();
        fold(&mut after, &self.events, &offices);
        fold(&mut there, &self.events, &self.steps);
        let after = told_of(reader, &after, by)?;
        if same_marks(&after, &self.as_here(reader, &there, by, today)?) {
            return Ok(simple());
        }
        self.in_order(reader, (by, today), (&now, here))
    }

    /// The marks of there, as the certificates may state them here.
    fn as_here(
        &self,
        reader: &mut Reader<'_>,
        there: &StoredHolder,
        (rules, as_there): By<'_>,
        today: Day,
    ) -> Result<Vec<HolderMark>> {
        let mut marks = Vec::new();
        for mark in marks::standing(there) {
            if mark.certificate.is_none() {
                marks.push(mark);
                continue;
            }
            let told = StatedMark { mark, replaces: None };
            marks.extend(rules.again(reader, &told, (self.hk, as_there), today)?.map(|stated| stated.mark));
        }
        Ok(marks)
    }

    /// The rest in the order of the line: first the marks of certificates are brought to where they stood there before it.
    fn in_order(
        &self,
        reader: &mut Reader<'_>,
        (by, today): (By<'_>, Day),
        (now, here): (&StoredHolder, usize),
    ) -> Result<Vec<Planned<'_>>> {
        let next = self.steps.iter().position(|step| matches!(step, LifeTold::Office(at) if *at == here));
        let at = match (here, self.events.len()) {
            // What certificates said before the first office comes in its order, too.
            (0, 1..) => Some(0),
            _ => next,
        };
        let (before, rest) = self.steps.split_at_checked(at.unwrap_or(self.steps.len())).unwrap_or_default();
        let mut then = fresh(self.hk, &self.code);
        fold(&mut then, &self.events, before);
        let (now, then) = (told_of(reader, now, by)?, self.as_here(reader, &then, by, today)?);
        let stands =
            |mark: &HolderMark, among: &[HolderMark]| among.iter().any(|one| said(one) == said(mark));
        let certified = |mark: &&HolderMark| mark.certificate.is_some();
        let gone = now.iter().filter(certified).filter(|mark| !stands(mark, &then));
        let gone = gone.map(|mark| HolderMark { state: HolderState::Normal, since: today, ..mark.clone() });
        let back = then.iter().filter(certified).filter(|mark| !stands(mark, &now));
        let alone = |mark: HolderMark| LifeTold::Certificate(StatedMark { mark, replaces: None });
        let first: Vec<LifeTold> = gone.chain(back.cloned()).map(alone).collect();
        let (rules, as_there) = by;
        let mut plan = Vec::new();
        for step in first.iter().chain(rest) {
            match step {
                LifeTold::Office(at) => plan.extend(self.events.get(*at).map(Planned::Office)),
                LifeTold::Certificate(mark) => {
                    let again = rules.again(reader, mark, (self.hk, as_there), today)?;
                    plan.extend(again.map(Planned::Certificate));
                }
            }
        }
        Ok(plan)
    }

    /// Repeats here what is not here; `place.first` is the leaf of the first event. Nothing is written for a holder of
    /// whom all is here.
    pub fn write(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        by: By<'_>,
        label: &str,
    ) -> Result<Vec<[u8; 32]>> {
        let plan = self.plan(writer, by, place.at.day())?;
        let mut entries = Vec::with_capacity(plan.len());
        for planned in &plan {
            let place = place.behind(entries.len());
            entries.push(match planned {
                Planned::Certificate(mark) => {
                    by.0.state_again(writer, &place, (&self.code, self.hk), mark.clone())?
                }
                Planned::Office(stated) => self.state(writer, &place, label, stated)?,
            });
        }
        if !plan.is_empty() && walk(writer, self.hk, Reach::ALL, |_| ())?.sure()?.len() > MAX_KEYS {
            return Err(refused(Rule::LinkLimit));
        }
        Ok(entries)
    }

    fn state(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        label: &str,
        stated: &Stated,
    ) -> Result<[u8; 32]> {
        let mut holder = stored(writer, self.hk, &self.code)?;
        match &stated.told {
            LifeStep::Mark(told) => {
                let mark = HolderMark { at: place.at, ..told.mark.clone() };
                marks::state(&mut holder, StatedMark { mark, replaces: None });
            }
            LifeStep::Link(_) => holder.body.links.clone_from(&self.links),
        }
        writer.put_holder(&holder)?;
        self.note(writer, place, label, stated)
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
