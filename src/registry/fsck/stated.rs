//! Marks and links that stand, though no agency with authority over people has stated them (practice R6):
//! made before there was such authority, or by somebody with a key. They are listed, not damage, until an
//! agency that has the authority states them again or takes them back.

use crate::catalog::Statement;
use crate::error::Result;
use crate::identity::HolderCode;
use crate::record::event::{Event, HolderAction, Household, Order};
use crate::registry::base::names::REGISTRY;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::report::{FsckReport, Unauthorised};
use crate::registry::holders::household::compare;
use crate::registry::holders::lives;
use crate::registry::holders::marks;
use crate::registry::holders::stating::{of_link, of_state};
use crate::registry::records::kept;
use crate::store::{HolderMark, Link, Reader, StoredEvent, StoredHolder};
use crate::trust::Envelope;

/// Lists the marks and links of one holder without authority.
pub(super) fn list(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    holder: &StoredHolder,
    events: &[StoredEvent],
    report: &mut FsckReport,
) -> Result<()> {
    for mark in marks::standing(holder) {
        let Some(event) = mark_event(&mark, events) else { continue };
        let stated = match &mark.certificate {
            None => stated(snapshot, event, of_state(mark.state)),
            Some(certificate) => certified(reader, snapshot, (&mark, certificate), event)?,
        };
        if !stated {
            report.unauthorised.push(Unauthorised::at(HolderAction::Mark, &event.log, event.leaf));
        }
    }
    // The older end has the link's order; one event for each standing link, the newest first.
    for link in holder.body.links.iter().filter(|link| link.outward) {
        if let Some(event) = link_event(link, events)
            && !former(snapshot, event)
            && !stated(snapshot, event, of_link(link.kind))
        {
            report.unauthorised.push(Unauthorised::at(HolderAction::Link, &event.log, event.leaf));
        }
    }
    Ok(())
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
    // A certificate that marks its holder speaks for its issuer, and its record has a region of its own.
    for mark in marks::standing(holder).into_iter().filter(|mark| mark.certificate.is_none()) {
        let event = mark_event(&mark, events);
        standing.extend(event.map(|event| (HolderAction::Mark, event, of_state(mark.state))));
    }
    for link in &holder.body.links {
        let made = link_event(link, events).filter(|event| !former(snapshot, event));
        standing.extend(made.map(|event| (HolderAction::Link, event, of_link(link.kind))));
    }
    for (action, stored, needed) in standing {
        let Ok(event) = Event::from_canonical(&stored.event) else { continue };
        let outside = match event.household {
            Some(Household::Within) => false,
            Some(Household::Elsewhere) => true,
            Some(Household::NotOnFile) | None => {
                let Some(agency) = signer(snapshot, stored) else { continue };
                let regions = snapshot.catalog.regions_over_people(agency, needed, stored.logged_at.day());
                let today = stored.logged_at.day();
                let found = compare(reader, snapshot, (&code, holder.hk), (agency, &regions), today)?;
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

/// Whether an order to mark states that mark.
fn states(event: &StoredEvent, mark: &HolderMark) -> bool {
    let order = || Order::from_payload(Envelope::parse_stored(&event.order).ok()?.payload()).ok()?.detail;
    let said = order().and_then(|detail| detail.get("state").cloned());
    said == serde_json::to_value(mark.state).ok() && lives::named(event) == mark.certificate
}

/// Whether the certificate behind a mark is a record here of that holder, and its issuer could make such a statement
/// when it was logged.
fn certified(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    (mark, certificate): (&HolderMark, &str),
    event: &StoredEvent,
) -> Result<bool> {
    if signer(snapshot, event) != Some(REGISTRY) {
        return Ok(false);
    }
    let Some(kept) = kept::readable(reader, certificate)? else { return Ok(false) };
    let Some(row) = kept.rows.iter().find(|row| row.hk == event.hk) else { return Ok(false) };
    let day = event.logged_at.day();
    let agency = lives::speaker(snapshot, &row.issuer, day);
    let may = |statement: &Statement| snapshot.catalog.empowered(agency, *statement, day).is_ok();
    Ok(of_state(mark.state).iter().any(may))
}

/// The event by which a standing mark was made.
fn mark_event<'e>(mark: &HolderMark, events: &'e [StoredEvent]) -> Option<&'e StoredEvent> {
    events.iter().rev().find(|event| {
        event.action == HolderAction::Mark.wire() && event.logged_at == mark.at && states(event, mark)
    })
}

/// Whether the registry itself made the link, of the keys of an earlier form of one code.
fn former(snapshot: &Snapshot, event: &StoredEvent) -> bool {
    signer(snapshot, event) == Some(REGISTRY) && lives::by_rule(event)
}

/// The event by which a standing link was made.
fn link_event<'e>(link: &Link, events: &'e [StoredEvent]) -> Option<&'e StoredEvent> {
    events.iter().rev().find(|event| {
        event.action == HolderAction::Link.wire()
            && Event::from_canonical(&event.event).is_ok_and(|event| event.effective_on == link.since)
    })
}

/// Whether the agency whose key signed the order could make one of these statements when it was logged.
fn stated(snapshot: &Snapshot, event: &StoredEvent, needed: &[Statement]) -> bool {
    let Some(owner) = signer(snapshot, event) else { return false };
    let day = event.logged_at.day();
    needed.iter().any(|statement| snapshot.catalog.empowered(owner, *statement, day).is_ok())
}

/// Whose key signed the order.
fn signer<'s>(snapshot: &'s Snapshot, event: &StoredEvent) -> Option<&'s str> {
    let kid = Envelope::parse_stored(&event.order).ok()?.kid().ok()?;
    snapshot.keys.find(&kid).map(|key| key.owner.as_str())
}
