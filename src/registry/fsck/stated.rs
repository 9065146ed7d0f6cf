//! Marks and links that stand, though no agency with authority over people has stated them (practice R6):
//! made before there was such authority, or by somebody with a key. They are listed, not damage, until an
//! agency that has the authority states them again or takes them back.

use serde_json::Value;

use crate::catalog::Statement;
use crate::error::Result;
use crate::identity::HolderCode;
use crate::record::event::{Event, HolderAction, Household};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::report::{FsckReport, Unauthorised};
use crate::registry::holders::household::compare;
use crate::registry::holders::stating::{of_link, of_state};
use crate::store::{HolderState, Link, Reader, StoredEvent, StoredHolder};
use crate::trust::Envelope;

/// Lists the marks and links of one holder without authority.
pub(super) fn list(
    snapshot: &Snapshot,
    holder: &StoredHolder,
    events: &[StoredEvent],
    report: &mut FsckReport,
) {
    if let Some(event) = standing_mark(holder, events)
        && !stated(snapshot, event, of_state(holder.state))
    {
        report.unauthorised.push(Unauthorised::at(HolderAction::Mark, &event.log, event.leaf));
    }
    // The older end has the link's order; one event for each standing link, the newest first.
    for link in holder.body.links.iter().filter(|link| link.outward) {
        if let Some(event) = link_event(link, events)
            && !stated(snapshot, event, of_link(link.kind))
        {
            report.unauthorised.push(Unauthorised::at(HolderAction::Link, &event.log, event.leaf));
        }
    }
}

/// Lists the marks and links of one person that stand though its household is registered outside the region of the
/// agency that stated them: on a ground, or since there was nothing to compare with when they were made.
pub(super) fn list_outside(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    holder: &StoredHolder,
    events: &[StoredEvent],
    report: &mut FsckReport,
) -> Result<()> {
    let code =
        holder.body.code_type.parse().ok().and_then(|kind| HolderCode::parse(kind, &holder.body.code).ok());
    let Some(code) = code.map(|parsed| parsed.code) else { return Ok(()) };
    let mut standing: Vec<(HolderAction, &StoredEvent, &[Statement])> = Vec::new();
    if let Some(event) = standing_mark(holder, events) {
        standing.push((HolderAction::Mark, event, of_state(holder.state)));
    }
    for link in &holder.body.links {
        let made = link_event(link, events);
        standing.extend(made.map(|event| (HolderAction::Link, event, of_link(link.kind))));
    }
    for (action, stored, needed) in standing {
        let Ok(event) = Event::from_canonical(&stored.event) else { continue };
        let outside = match event.household {
            Some(Household::Within) => false,
            Some(Household::Elsewhere) => true,
            Some(Household::NotOnFile) | None => {
                let Some(agency) = signer(snapshot, stored) else { continue };
                let regions = snapshot.catalog.regions_over_people(&agency, needed, stored.logged_at.day());
                let today = stored.logged_at.day();
                let found = compare(reader, snapshot, (&code, holder.hk), &regions, today)?;
                // Without authority anywhere it is listed as that.
                !regions.is_empty() && found == Some(Household::Elsewhere)
            }
        };
        if outside {
            report.outside_region.push(Unauthorised::at(action, &stored.log, stored.leaf));
        }
    }
    Ok(())
}

/// The state that an order to mark states.
fn marked(event: &StoredEvent) -> Option<Value> {
    let order = Envelope::parse_stored(&event.order).ok()?;
    let payload: Value = serde_json::from_slice(order.payload()).ok()?;
    payload.get("detail")?.get("state").cloned()
}

/// The event of the mark that stands, if one does. A report beside a confirmed death changes nothing: it is the newest
/// one of that state.
fn standing_mark<'e>(holder: &StoredHolder, events: &'e [StoredEvent]) -> Option<&'e StoredEvent> {
    let mut marks = events.iter().rev().filter(|event| event.action == HolderAction::Mark.wire());
    let state = serde_json::to_value(holder.state).ok()?;
    (holder.state != HolderState::Normal)
        .then(|| marks.find(|event| marked(event).as_ref() == Some(&state)))?
}

/// The event by which a standing link was made.
fn link_event<'e>(link: &Link, events: &'e [StoredEvent]) -> Option<&'e StoredEvent> {
    events.iter().rev().find(|event| {
        event.action == HolderAction::Link.wire()
            && Event::from_canonical(&event.event).is_ok_and(|event| event.effective_on == link.since)
    })
}

/// The agency whose key signed the order of an event.
fn signer(snapshot: &Snapshot, event: &StoredEvent) -> Option<String> {
    let kid = Envelope::parse_stored(&event.order).ok()?.kid().ok()?;
    snapshot.keys.find(&kid).map(|key| key.owner.clone())
}

/// Whether the agency whose key signed the order could make one of these statements when it was logged.
fn stated(snapshot: &Snapshot, event: &StoredEvent, needed: &[Statement]) -> bool {
    let Some(agency) = signer(snapshot, event) else { return false };
    let day = event.logged_at.day();
    needed.iter().any(|statement| snapshot.catalog.empowered(&agency, *statement, day).is_ok())
}
