//! Marks and links that stand, though no agency with authority over people has stated them (practice R6):
//! made before there was such authority, or by somebody with a key. They are listed, not damage, until an
//! agency that has the authority states them again or takes them back.

use crate::catalog::Statement;
use crate::error::Result;
use crate::identity::HolderCode;
use crate::record::event::{Event, HolderAction, Household, Order};
use crate::record::verdict::KeyStanding;
use crate::registry::base::names::REGISTRY;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::report::{FsckReport, Unauthorised};
use crate::registry::holders::household::compare;
use crate::registry::holders::lives;
use crate::registry::holders::marks;
use crate::registry::holders::stating::{of_link, of_state};
use crate::registry::records::{judge, kept};
use crate::store::{HolderMark, Link, Opened, Reader, StoredEvent, StoredHolder, StoredRecord};
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

/// Lists the marks and links of one holder that rest on the signature of a key that no longer stands. A mark is not listed
/// where another one says the same on a good signature: an office has confirmed it since.
pub(super) fn list_unfounded(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    holder: &StoredHolder,
    events: &[StoredEvent],
    report: &mut FsckReport,
) -> Result<()> {
    let (mut unfounded, mut good) = (Vec::new(), Vec::new());
    for mark in marks::standing(holder) {
        let Some(event) = mark_event(&mark, events) else { continue };
        let certified = match &mark.certificate {
            Some(certificate) => certificate_stands(reader, snapshot, certificate, event)?,
            None => true,
        };
        match certified && order_stands(snapshot, event) {
            true => good.push(mark.state),
            false => unfounded.push((mark.state, event)),
        }
    }
    for (state, event) in unfounded {
        if !good.contains(&state) {
            report.unfounded.push(Unauthorised::at(HolderAction::Mark, &event.log, event.leaf));
        }
    }
    // The older end has the link's order.
    for link in holder.body.links.iter().filter(|link| link.outward) {
        if let Some(event) = link_event(link, events)
            && !order_stands(snapshot, event)
        {
            report.unfounded.push(Unauthorised::at(HolderAction::Link, &event.log, event.leaf));
        }
    }
    Ok(())
}

/// Whether the key that signed an order still stands for the moment at which it was logged.
fn order_stands(snapshot: &Snapshot, event: &StoredEvent) -> bool {
    let kid = Envelope::parse_stored(&event.order).ok().and_then(|order| order.kid().ok());
    kid.is_some_and(|kid| key_stands(snapshot.keys.status(&kid, event.logged_at).standing()))
}

/// Whether the key that signed a certificate still stands, of the version that marked or of the present one, which says
/// the same. What is not here or does not open is found elsewhere.
fn certificate_stands(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    certificate: &str,
    event: &StoredEvent,
) -> Result<bool> {
    let Some(kept) = kept::readable(reader, certificate)? else { return Ok(true) };
    let mut versions: Vec<StoredRecord> = kept.rows.into_iter().filter(|row| row.hk == event.hk).collect();
    for past in reader.past_records(&event.hk, &kept.key.record_id)? {
        if let Opened::Record(past) = past
            && past.version == kept.key.version
        {
            versions.push(*past);
        }
    }
    let stands = |row: &StoredRecord| {
        let envelope = Envelope::parse_stored(&row.body.envelope).ok();
        key_stands(judge::key_standing(snapshot, row, envelope.as_ref(), None))
    };
    Ok(versions.is_empty() || versions.iter().any(stands))
}

fn key_stands(standing: KeyStanding) -> bool {
    !matches!(standing, KeyStanding::Revoked | KeyStanding::Unknown)
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
