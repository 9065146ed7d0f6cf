//! Events: each hashes to the entry at its leaf, carries the order and the ground that were logged, and belongs
//! to a row that is there.

use crate::error::Result;
use crate::log::Head;
use crate::log::hash::sha256;
use crate::record::event::{Event, ground_hash};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::leaves::Leaves;
use crate::registry::fsck::options::PAGE;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::fsck::{history, holders};
use crate::registry::holders::mark::HOLDER_EVENTS;
use crate::store::{PublicEvent, Reader, StoredEvent};
use crate::trust::{Envelope, HolderKey, Typ};

/// Every event row under every holder.
pub(super) fn check_holders_events(
    registry: &Registry,
    leaves: &mut Leaves,
    report: &mut FsckReport,
) -> Result<()> {
    let snapshot = registry.snapshot();
    let mut after = None;
    let mut last: Option<(HolderKey, [u8; 16])> = None;
    loop {
        let next = registry.store().read_now(|reader| {
            let (events, next) = reader.walk_events(after.as_ref(), PAGE)?;
            for event in &events {
                report.counts.events += 1;
                check_event(&snapshot, reader, event, leaves, report)?;
                let group = (event.hk, event.record_id);
                if last.replace(group) == Some(group) {
                    continue;
                }
                if event.record_id == HOLDER_EVENTS {
                    holders::check_there(reader, &event.hk, report)?;
                } else if reader.record(&event.hk, &event.record_id)?.is_none() {
                    history::check_gone(reader, &event.hk, &event.record_id, report)?;
                }
            }
            Ok(next)
        })?;
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn check_event(
    snapshot: &Snapshot,
    reader: &mut Reader<'_>,
    stored: &StoredEvent,
    leaves: &mut Leaves,
    report: &mut FsckReport,
) -> Result<()> {
    let found = |kind, detail: &str| {
        Finding::new(kind, "events", detail).record(&stored.record_id).at(&stored.log, stored.leaf)
    };
    if !stored.intact {
        report.find(found(FindingKind::SealBroken, "the event row does not open"));
        return Ok(());
    }
    let Ok(event) = Event::from_canonical(&stored.event) else {
        report.find(found(FindingKind::EventDiffers, "the stored bytes are no event"));
        return Ok(());
    };
    let columns = (&stored.action, stored.effective_on, stored.logged_at);
    if columns != (&event.action, event.effective_on, event.at) {
        report.find(found(FindingKind::EventDiffers, "the columns are not those of the event"));
    }
    held_against_log(reader, "events", &stored.log, stored.leaf, &stored.event, leaves, report)?;
    let ground = (!stored.ground.is_empty()).then(|| ground_hash(&event.salt, &stored.ground));
    if event.ground != ground {
        report.find(found(FindingKind::OrderDiffers, "the ground is not the one that was logged"));
    }
    match (event.order, stored.order.as_slice()) {
        (None, []) => {}
        (Some(logged), order)
            if Envelope::parse_stored(order).is_ok_and(|order| order.digest() == logged) =>
        {
            let order = Envelope::parse_stored(order)?;
            if order.verify(Typ::Event, |kid| snapshot.keys.key(kid)).is_ok() {
                report.counts.signatures += 1;
            } else {
                report.find(found(FindingKind::SignatureWrong, "the order's signature does not verify"));
            }
        }
        _ => report.find(found(FindingKind::OrderDiffers, "the order is not the one that was logged")),
    }
    Ok(())
}

/// Checks an event's bytes against the entry at its leaf, and notes the leaf as explained.
fn held_against_log(
    reader: &mut Reader<'_>,
    table: &'static str,
    log: &str,
    leaf: u64,
    event: &[u8],
    leaves: &mut Leaves,
    report: &mut FsckReport,
) -> Result<()> {
    if leaves.knows(log) && leaves.entry(reader, log, leaf)? == Some(sha256(event)) {
        leaves.explained(log, leaf);
        return Ok(());
    }
    let detail = "the event does not hash to the entry at its leaf";
    report.find(Finding::new(FindingKind::EventDiffers, table, detail).at(log, leaf));
    Ok(())
}

/// Every event about keys, agencies, types, coverage, clients and logs, against its leaf.
/// [`crate::registry::fsck::public`] verifies the signed bytes and compares them with the rows.
pub(super) fn check_public_events(
    registry: &Registry,
    heads: &[Head],
    leaves: &mut Leaves,
    report: &mut FsckReport,
) -> Result<()> {
    for head in heads {
        let mut from = 0;
        loop {
            let next = registry.store().read_now(|reader| {
                let events = reader.public_events(&head.log, from, PAGE)?;
                for stored in &events {
                    report.counts.public_events += 1;
                    check_public(reader, stored, leaves, report)?;
                }
                Ok(events.last().map(|event| event.leaf + 1))
            })?;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
    }
    Ok(())
}

fn check_public(
    reader: &mut Reader<'_>,
    stored: &PublicEvent,
    leaves: &mut Leaves,
    report: &mut FsckReport,
) -> Result<()> {
    let leaf = u64::try_from(stored.leaf).unwrap_or(u64::MAX);
    held_against_log(reader, "public_events", &stored.log, leaf, &stored.event, leaves, report)?;
    // Bytes that are not an event do not hash to the entry: that was just reported.
    let Ok(event) = Event::from_canonical(&stored.event) else { return Ok(()) };
    let signed = stored.signed.as_deref().map(Envelope::parse_stored).transpose().ok().flatten();
    if event.order != signed.map(|envelope| envelope.digest()) {
        let detail = "what was signed is not what was logged";
        report.find(Finding::new(FindingKind::OrderDiffers, "public_events", detail).at(&stored.log, leaf));
    }
    Ok(())
}
