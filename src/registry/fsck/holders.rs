//! Rows of holders: state and links are the results of the marks and links in their events.
//!
//! An older row, validly sealed, opens on a read like the newest one; only the events tell that a death was
//! marked since, or a link taken back.

use crate::clock::Day;
use crate::error::{Code, Result};
use crate::identity::{CodeType, HolderCode};
use crate::record::Salt;
use crate::record::event::{Event, HolderAction, Order, holder_hash};
use crate::registry::base::names::RULE;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::fsck::stated;
use crate::registry::holders::mark::HOLDER_EVENTS;
use crate::registry::holders::marks::{self, StatedMark};
use crate::store::{HolderBody, HolderMark, HolderState, LinkKind, Reader, StoredEvent, StoredHolder};
use crate::trust::{Envelope, HolderKey, IndexKey};

/// A link as one of its events has it: the other end is a hash under the order's salt.
struct Linked {
    made: bool,
    kind: LinkKind,
    outward: bool,
    since: Day,
    salt: Salt,
    other: String,
}

/// The effect of one event.
enum Step {
    Mark(StatedMark),
    Link(Linked),
}

/// One holder's row against its events. An unreadable event was reported at its own place.
pub(super) fn check_row(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    holder: &StoredHolder,
    report: &mut FsckReport,
) -> Result<()> {
    let events = reader.events_of(&holder.hk, &HOLDER_EVENTS)?;
    stated::list(reader, snapshot, holder, &events, report)?;
    stated::list_outside(reader, snapshot, holder, &events, report)?;
    let Some(own) = own_key(reader.index(), holder) else {
        let detail = "a holder's row has a code that is none";
        report.find(Finding::new(FindingKind::RowDiffers, "holders", detail));
        return Ok(());
    };
    let steps: Option<Vec<Step>> = events.iter().map(|event| step(event, &own)).collect();
    let Some(steps) = steps else { return Ok(()) };
    if agrees(holder, &steps) {
        return Ok(());
    }
    let older = (0..steps.len()).rev().find(|count| agrees(holder, steps.get(..*count).unwrap_or_default()));
    let (kind, detail) = match older {
        Some(_) => (FindingKind::RowOutdated, "the row of a holder is older than its newest event"),
        None => (FindingKind::RowDiffers, "the row of a holder is not what its events lead to"),
    };
    let found = Finding::new(kind, "holders", detail);
    // The event behind which the row stands; without events there is no place to name.
    report.find(match older.and_then(|count| events.get(count)).or(events.last()) {
        Some(event) => found.at(&event.log, event.leaf),
        None => found,
    });
    Ok(())
}

/// A holder with events has a row.
pub(super) fn check_there(reader: &mut Reader<'_>, hk: &HolderKey, report: &mut FsckReport) -> Result<()> {
    match reader.holder(hk) {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => {}
        // Reported by the walk over the rows.
        Err(error) if error.code == Code::RecordDamaged => return Ok(()),
        Err(error) => return Err(error),
    }
    let detail = "there are events of a holder whose row is not there";
    let found = Finding::new(FindingKind::RowMissing, "holders", detail);
    let newest = reader.events_of(hk, &HOLDER_EVENTS)?.pop();
    report.find(match newest {
        Some(event) => found.at(&event.log, event.leaf),
        None => found,
    });
    Ok(())
}

/// Key type and key code of the row's own code.
fn own_key(index: &IndexKey, holder: &StoredHolder) -> Option<(String, String)> {
    let code_type: CodeType = holder.body.code_type.parse().ok()?;
    let code = HolderCode::parse(code_type, &holder.body.code).ok()?.code;
    // The row of a key of an earlier form has the code whose key that was.
    let former = code.former_key_code().filter(|one| index.holder_key(code.key_type(), one) == holder.hk);
    Some((code.key_type().to_owned(), former.unwrap_or(code.key_code()).to_owned()))
}

fn step(stored: &StoredEvent, (key_type, key_code): &(String, String)) -> Option<Step> {
    let event = Event::from_canonical(&stored.event).ok()?;
    let order = Order::from_payload(Envelope::parse_stored(&stored.order).ok()?.payload()).ok()?;
    let detail = order.detail?;
    let said = |name: &str| detail.get(name).cloned();
    let action = HolderAction::from_wire(&event.action)?;
    if action == HolderAction::Mark {
        let text = |name: &str| said(name).and_then(|value| value.as_str().map(str::to_owned));
        let mark = HolderMark {
            state: serde_json::from_value(said("state")?).ok()?,
            since: event.effective_on,
            source: text("source")?,
            at: event.at,
            certificate: text("certificate").filter(|_| event.actor == RULE),
        };
        let replaces = text("replaces").filter(|_| event.actor == RULE);
        return Some(Step::Mark(StatedMark { mark, replaces }));
    }
    let outward = order.subject == holder_hash(&order.salt, key_type, key_code);
    let other = if outward { said("other")?.as_str()?.to_owned() } else { order.subject.text() };
    Some(Step::Link(Linked {
        made: action == HolderAction::Link,
        kind: serde_json::from_value(said("kind")?).ok()?,
        outward,
        since: event.effective_on,
        salt: order.salt,
        other,
    }))
}

/// Whether the row is the result of these steps. A link that was taken back has left no code in the row, so
/// its two events are counted: the row must have as many links of a kind as were made and not taken back.
fn agrees(holder: &StoredHolder, steps: &[Step]) -> bool {
    let body = &holder.body;
    if !marks_agree(holder, steps) {
        return false;
    }
    let linked = || {
        steps.iter().filter_map(|step| match step {
            Step::Link(linked) => Some(linked),
            Step::Mark(_) => None,
        })
    };
    let made = |standing: i64, linked: &Linked| if linked.made { standing + 1 } else { standing - 1 };
    if i64::try_from(body.links.len()).ok() != Some(linked().fold(0, made)) {
        return false;
    }
    body.links.iter().all(|link| {
        let is_of = |linked: &&Linked| {
            let hash = holder_hash(&linked.salt, &link.key_type, &link.key_code).text();
            (linked.kind, linked.outward) == (link.kind, link.outward) && linked.other == hash
        };
        let standing = linked().filter(is_of).fold(0, made);
        let newest = linked().rfind(is_of);
        standing == 1 && newest.is_some_and(|linked| linked.made && linked.since == link.since)
    })
}

/// Whether the state of the row is the result of the marks. Before marks stood side by side, a row had one mark alone:
/// the first marks of a holder may have been folded so.
fn marks_agree(holder: &StoredHolder, steps: &[Step]) -> bool {
    let marks: Vec<&StatedMark> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Mark(mark) => Some(mark),
            Step::Link(_) => None,
        })
        .collect();
    let body = HolderBody {
        state_since: None,
        state_source: String::new(),
        state_at: None,
        certificate: None,
        beneath: Vec::new(),
        ..holder.body.clone()
    };
    let mut alone = StoredHolder { hk: holder.hk, state: HolderState::Normal, body };
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
