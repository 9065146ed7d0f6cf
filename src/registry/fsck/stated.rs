//! Marks and links that stand, though no agency with authority over people has stated them (practice R6):
//! made before there was such authority, or by somebody with a key. They are listed, not damage, until an
//! agency that has the authority states them again or takes them back.

use serde_json::Value;

use crate::catalog::Statement;
use crate::record::event::{Event, HolderAction};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::report::{FsckReport, Unauthorised};
use crate::registry::holders::stating::{of_link, of_state};
use crate::store::{HolderState, StoredEvent, StoredHolder};
use crate::trust::Envelope;

/// Lists the marks and links of one holder without authority.
pub(super) fn list(
    snapshot: &Snapshot,
    holder: &StoredHolder,
    events: &[StoredEvent],
    report: &mut FsckReport,
) {
    // A report beside a confirmed death changes nothing: the mark that stands is the newest one of that state.
    let standing = events
        .iter()
        .rev()
        .filter(|event| event.action == HolderAction::Mark.wire())
        .find(|event| marked(event) == serde_json::to_value(holder.state).ok());
    if holder.state != HolderState::Normal
        && let Some(event) = standing
        && !stated(snapshot, event, of_state(holder.state))
    {
        report.unauthorised.push(Unauthorised::at(HolderAction::Mark, &event.log, event.leaf));
    }
    // The older end has the link's order; one event for each standing link, the newest first.
    for link in holder.body.links.iter().filter(|link| link.outward) {
        let made = events.iter().rev().find(|event| {
            event.action == HolderAction::Link.wire()
                && Event::from_canonical(&event.event).is_ok_and(|event| event.effective_on == link.since)
        });
        if let Some(event) = made
            && !stated(snapshot, event, &[of_link(link.kind)])
        {
            report.unauthorised.push(Unauthorised::at(HolderAction::Link, &event.log, event.leaf));
        }
    }
}

/// The state that an order to mark states.
fn marked(event: &StoredEvent) -> Option<Value> {
    let order = Envelope::parse_stored(&event.order).ok()?;
    let payload: Value = serde_json::from_slice(order.payload()).ok()?;
    payload.get("detail")?.get("state").cloned()
}

/// Whether the agency whose key signed the order could make one of these statements when it was logged.
fn stated(snapshot: &Snapshot, event: &StoredEvent, needed: &[Statement]) -> bool {
    let signer = Envelope::parse_stored(&event.order).ok().and_then(|order| order.kid().ok());
    let Some(key) = signer.and_then(|kid| snapshot.keys.find(&kid)) else { return false };
    let day = event.logged_at.day();
    needed.iter().any(|statement| snapshot.catalog.empowered(&key.owner, *statement, day).is_ok())
}
