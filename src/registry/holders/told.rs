//! What the events of a holder lead to: its state and its links. `fsck` holds the holder's row against it; an export
//! that is read back makes the row by it.

use crate::clock::{Day, Moment};
use crate::record::Salt;
use crate::record::event::{Event, HolderAction, Order, holder_hash};
use crate::registry::holders::mark::after;
use crate::store::{HolderState, Link, LinkKind, StoredHolder};

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
    Mark { state: HolderState, since: Day, source: String, at: Moment },
    Link(LinkTold),
}

/// State, legal day, source, and when it was entered.
pub(in crate::registry) type Marked<'a> = (HolderState, Option<Day>, &'a str, Option<Moment>);

impl LifeStep {
    /// Of an event under the holder with that key type and key code; none where event and order tell nothing of it.
    pub fn of(event: &Event, order: &Order, (key_type, key_code): (&str, &str)) -> Option<Self> {
        let detail = order.detail.as_ref()?;
        let said = |name: &str| detail.get(name).cloned();
        let action = HolderAction::from_wire(&event.action)?;
        let own = holder_hash(&order.salt, key_type, key_code);
        let outward = order.subject == own;
        if action == HolderAction::Mark {
            return outward.then_some(Self::Mark {
                state: serde_json::from_value(said("state")?).ok()?,
                since: event.effective_on,
                source: said("source")?.as_str()?.to_owned(),
                at: event.at,
            });
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

/// Whether the row is the result of these steps.
pub(in crate::registry) fn agrees(holder: &StoredHolder, steps: &[LifeStep]) -> bool {
    let body = &holder.body;
    (holder.state, body.state_since, body.state_source.as_str(), body.state_at) == marked(steps)
        && links_agree(&body.links, || steps.iter())
}

/// The mark that stands after these steps.
pub(in crate::registry) fn marked<'a>(steps: impl IntoIterator<Item = &'a LifeStep>) -> Marked<'a> {
    let mut mark = (HolderState::Normal, None, "", None);
    for step in steps {
        if let LifeStep::Mark { state, since, source, at } = step
            && after(mark.0, *state) == *state
        {
            mark = (*state, Some(*since), source.as_str(), Some(*at));
        }
    }
    mark
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
            LifeStep::Mark { .. } => None,
        })
    };
    let made = |standing: i64, linked: &LinkTold| if linked.made { standing + 1 } else { standing - 1 };
    if i64::try_from(links.len()).ok() != Some(linked().fold(0, made)) {
        return false;
    }
    links.iter().all(|link| {
        let is_of = |linked: &&LinkTold| {
            let hash = holder_hash(&linked.salt, &link.key_type, &link.key_code).text();
            (linked.kind, linked.outward) == (link.kind, link.outward) && linked.other == hash
        };
        let standing = linked().filter(is_of).fold(0, made);
        let newest = linked().rfind(is_of);
        standing == 1 && newest.is_some_and(|linked| linked.made && linked.since == link.since)
    })
}
