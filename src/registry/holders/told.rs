//! What the events of a holder lead to: its state and its links. `fsck` holds the holder's row against it; an export
//! that is read back makes the row by it.

use crate::clock::Day;
use crate::identity::{CodeType, HolderCode};
use crate::record::Salt;
use crate::record::event::{Event, HolderAction, Order, holder_hash};
use crate::registry::base::names::RULE;
use crate::registry::holders::marks::{self, StatedMark};
use crate::store::{HolderBody, HolderMark, HolderState, Link, LinkKind, StoredEvent, StoredHolder};
use crate::trust::{Envelope, IndexKey};

/// A link as one of its events has it: the other end is a hash under the order's salt.
pub(in crate::registry) struct LinkTold {
    made: bool,
    /// How they belong together.
    pub kind: LinkKind,
    outward: bool,
    since: Day,
    salt: Salt,
    other: String,
}

/// The effect of one event.
pub(in crate::registry) enum LifeStep {
    /// A mark; with the actor `rule` it is a certificate's.
    Mark(StatedMark),
    Link(LinkTold),
}

impl LifeStep {
    /// Of an event under the holder with that key type and key code; none where event and order tell nothing of it.
    pub fn of(event: &Event, order: &Order, (key_type, key_code): (&str, &str)) -> Option<Self> {
        let detail = order.detail.as_ref()?;
        let said = |name: &str| detail.get(name).cloned();
        let action = HolderAction::from_wire(&event.action)?;
        let own = holder_hash(&order.salt, key_type, key_code);
        let outward = order.subject == own;
        if action == HolderAction::Mark {
            let text = |name: &str| said(name).and_then(|value| value.as_str().map(str::to_owned));
            let of_rule = |name: &str| text(name).filter(|_| event.actor == RULE);
            let mark = HolderMark {
                state: serde_json::from_value(said("state")?).ok()?,
                since: event.effective_on,
                source: text("source")?,
                at: event.at,
                certificate: of_rule("certificate"),
            };
            return outward.then_some(Self::Mark(StatedMark { mark, replaces: of_rule("replaces") }));
        }
        let other = said("other")?.as_str()?.to_owned();
        if !outward && other != own.text() {
            return None;
        }
        Some(Self::Link(LinkTold {
            made: action == HolderAction::Link,
            kind: serde_json::from_value(said("kind")?).ok()?,
            outward,
            since: event.effective_on,
            salt: order.salt,
            other: if outward { other } else { order.subject.text() },
        }))
    }
}

/// Key type and key code of the row's own code; none where the code breaks a rule of its standard.
pub(in crate::registry) fn own_key(index: &IndexKey, holder: &StoredHolder) -> Option<(String, String)> {
    let code_type: CodeType = holder.body.code_type.parse().ok()?;
    let code = HolderCode::parse(code_type, &holder.body.code).ok()?.code;
    // The row of a key of an earlier form has the code whose key that was.
    let former = code.former_key_code().filter(|one| index.holder_key(code.key_type(), one) == holder.hk);
    Some((code.key_type().to_owned(), former.unwrap_or(code.key_code()).to_owned()))
}

/// The effects of these events of a holder; none where one does not open or tells nothing of it.
pub(in crate::registry) fn steps(
    events: &[StoredEvent],
    (key_type, key_code): &(String, String),
) -> Option<Vec<LifeStep>> {
    let step = |stored: &StoredEvent| {
        let event = Event::from_canonical(&stored.event).ok()?;
        let order = Order::from_payload(Envelope::parse_stored(&stored.order).ok()?.payload()).ok()?;
        LifeStep::of(&event, &order, (key_type, key_code))
    };
    events.iter().map(step).collect()
}

/// Whether the row is the result of these steps.
pub(in crate::registry) fn agrees(holder: &StoredHolder, steps: &[LifeStep]) -> bool {
    marks_agree(holder, steps) && links_agree(&holder.body.links, || steps.iter())
}

/// The marks that stand after these steps, the weightiest first.
pub(in crate::registry) fn marks_told<'a>(
    of: &StoredHolder,
    steps: impl IntoIterator<Item = &'a LifeStep>,
) -> Vec<HolderMark> {
    marks::standing(&folded(of, steps))
}

fn folded<'a>(of: &StoredHolder, steps: impl IntoIterator<Item = &'a LifeStep>) -> StoredHolder {
    let mut folded = unmarked(of);
    for step in steps {
        if let LifeStep::Mark(stated) = step {
            marks::state(&mut folded, stated.clone());
        }
    }
    folded
}

/// The holder without any mark.
fn unmarked(holder: &StoredHolder) -> StoredHolder {
    let body = HolderBody {
        state_since: None,
        state_source: String::new(),
        state_at: None,
        certificate: None,
        beneath: Vec::new(),
        ..holder.body.clone()
    };
    StoredHolder { hk: holder.hk, state: HolderState::Normal, body }
}

/// Whether the state of the row is the result of the marks. Before marks stood side by side, a row had one mark alone:
/// the first marks of a holder may have been folded so.
fn marks_agree(holder: &StoredHolder, steps: &[LifeStep]) -> bool {
    let marks: Vec<&StatedMark> = steps
        .iter()
        .filter_map(|step| match step {
            LifeStep::Mark(mark) => Some(mark),
            LifeStep::Link(_) => None,
        })
        .collect();
    let mut alone = unmarked(holder);
    let leads_here = |from: &StoredHolder, rest: &[&StatedMark]| {
        let mut folded = from.clone();
        rest.iter().for_each(|mark| marks::state(&mut folded, (*mark).clone()));
        folded == *holder
    };
    for (at, next) in marks.iter().enumerate() {
        if leads_here(&alone, marks.get(at..).unwrap_or_default()) {
            return true;
        }
        only(&mut alone, &next.mark);
    }
    leads_here(&alone, &[])
}

/// The fold of a layout before: the newest mark is the only one, but for weaker ones on a confirmed death.
fn only(holder: &mut StoredHolder, mark: &HolderMark) {
    let weaker = matches!(
        mark.state,
        HolderState::DeathReported | HolderState::Deregistered | HolderState::Provisional
    );
    if !(holder.state == HolderState::Deceased && weaker) {
        holder.state = mark.state;
        holder.body.state_since = Some(mark.since);
        holder.body.state_source.clone_from(&mark.source);
        holder.body.state_at = Some(mark.at);
    }
}

/// Whether these links stand after these steps. A link that was taken back has left no code, so its two events are
/// counted: there must be as many links of a kind as were made and not taken back.
pub(in crate::registry) fn links_agree<'a, I>(links: &[Link], steps: impl Fn() -> I) -> bool
where
    I: DoubleEndedIterator<Item = &'a LifeStep>,
{
    let linked = || {
        steps().filter_map(|step| match step {
            LifeStep::Link(linked) => Some(linked),
            LifeStep::Mark(_) => None,
        })
    };
    let made = |standing: i64, linked: &LinkTold| if linked.made { standing + 1 } else { standing - 1 };
    if i64::try_from(links.len()).ok() != Some(linked().fold(0, made)) {
        return false;
    }
    links.iter().all(|link| {
        let standing = linked().filter(|one| one.is_of(link)).fold(0, made);
        let newest = linked().rfind(|one| one.is_of(link));
        standing == 1 && newest.is_some_and(|linked| linked.made && linked.since == link.since)
    })
}

/// Those of a holder's links that are followed and stood after these steps. None where another one stood that was taken
/// back since: its code is not kept.
pub(in crate::registry) fn followed_then<'l>(links: &'l [Link], steps: &[LifeStep]) -> Option<Vec<&'l Link>> {
    let standing = |of: &dyn Fn(&LinkTold) -> bool| {
        steps.iter().fold(0_i64, |count, step| match step {
            LifeStep::Link(linked) if of(linked) => count.saturating_add(if linked.made { 1 } else { -1 }),
            LifeStep::Link(_) | LifeStep::Mark(_) => count,
        })
    };
    let stood = |link: &&Link| link.kind.is_followed() && standing(&|one| one.is_of(link)) == 1;
    let found: Vec<&Link> = links.iter().filter(stood).collect();
    let all = standing(&|one| one.kind.is_followed());
    (i64::try_from(found.len()).ok() == Some(all)).then_some(found)
}

impl LinkTold {
    fn is_of(&self, link: &Link) -> bool {
        let hash = || holder_hash(&self.salt, &link.key_type, &link.key_code).text();
        (self.kind, self.outward) == (link.kind, link.outward) && self.other == hash()
    }
}
