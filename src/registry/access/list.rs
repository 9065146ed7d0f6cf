//! The list of a holder's accesses: actors and reasons, for the holder to see.
//!
//! An access to a joint record stands on the list of each of its holders. A holder who did not apply sees the
//! agency, the day, and that a joint record was used, but not the item and not the case: a former spouse must
//! not learn the other's business. The same holds for a number that was linked at the time of the question
//! and no longer is: it may be another person's. The list consists of the follower's part and the tail of the
//! logs that the follower has not reached.
//!
//! A change that was refused has two entries: one before the rows were asked, one that says that they refused it. The
//! list has one line of the two, at the place of the second.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use crate::bounds;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::Head;
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::access::{LoggedAccess, Outcome, OwnItem, Seat};
use crate::record::{Digest, canonical};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched};
use crate::registry::access::follower::Lag;
use crate::registry::access::line::{AccessLine, LineOutcome};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::linked::{Met, Reach, walk};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::rule::Rule;
use crate::store::{AccessPlace, AlarmKind, Cost, Reader};
use crate::trust::HolderKey;

/// The reader of the list.
#[derive(Clone, Copy)]
pub enum Viewer<'a> {
    /// The holder itself, signed in; the caller guarantees that. Not an access.
    Holder,
    /// Staff, for a reason: an access of its own, which the holder will see.
    Office {
        /// Who.
        actor: &'a Actor,
        /// Why, in words; never with a number in it.
        reason: &'a str,
    },
}

/// A page of a list, newest first.
#[derive(Debug, Clone, Default)]
pub struct AccessPage {
    /// [`AccessList::next`] of the page before.
    pub after: Option<String>,
    /// Most lines; 1 to 100; 0 means 20.
    pub limit: usize,
}

/// A page of accesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AccessList {
    /// Newest first.
    pub lines: Vec<AccessLine>,
    /// Where the next page begins; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How far the follower is behind.
    pub lag: Lag,
    /// False where the follower is so far behind that its tail was not read to the end.
    pub complete: bool,
    /// `linked_numbers` where the accesses under linked numbers were left out, since the day's budget of holders is
    /// spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub withheld: Option<Withheld>,
}

/// Batches of a tail that are read at once.
const STEP: i64 = 16;
/// Entries of one batch have one time: so many may stand at the edge of a page.
const SAME_TIME: i64 = 1_024;
/// A change is refused within so many seconds of its first entry; no request lasts as long.
const UNMADE_WITHIN_S: i64 = 120;
/// Entries before the cursor that are asked whether they say that a change behind it was refused.
const BEFORE: usize = 32;

/// A code of the holder: its key, and the form that stands hashed in entries.
type Own = (HolderKey, String, String);

impl Registry {
    /// A page of the accesses to a holder's records, under all codes linked to the one asked for.
    pub async fn accesses_of_holder(
        &self,
        viewer: Viewer<'_>,
        holder: &AskedHolder,
        page: &AccessPage,
    ) -> Result<AccessList> {
        let snapshot = self.fresh_snapshot()?;
        let asked = self.asked_holder(holder, "holder")?;
        let key = asked.own_key();
        let office = match viewer {
            Viewer::Holder => None,
            Viewer::Office { actor, reason } => {
                check_reason(reason)?;
                texts::not_naming("reason", reason, &asked.parsed.code)?;
                let entry = Entry::of(actor).own_item(OwnItem::Accesses, reason);
                let decision = decide_scope(actor, Scope::Accesses);
                if let Some(rule) = decision.refusal() {
                    let touched = Touched::one(&asked.parsed.code, key);
                    let others = self.numbers_beside(std::iter::once(reason), &touched).await?;
                    self.refused(actor, &entry.clone().beside(&others), touched, rule).await?;
                }
                Some((entry, decision.required()?))
            }
        };
        let permit = match viewer {
            Viewer::Holder => None,
            Viewer::Office { actor, .. } => Some(self.permit(actor, Scope::Accesses, &asked).await?),
        };
        let code = asked.parsed.code;
        let first: Own = (key, code.key_type().to_owned(), code.key_code().to_owned());
        let mut own = self.store().read(Cost::Point, move |reader| linked(reader, first)).await?;
        let all = own.len();
        if let Some(permit) = &permit {
            own.retain(|(key, ..)| self.guard().may_show(permit, *key, self.now()));
        }
        self.tell_protected(viewer, &snapshot, &own).await?;
        let withheld = (own.len() < all).then_some(Withheld::LinkedNumbers);
        // The lines of linked codes are shown too: each sees that they were.
        let mut touched = Touched::one(&code, key);
        for (key, key_type, key_code) in own.iter().skip(1) {
            touched.found_under(key_type, key_code, *key);
        }
        let after = page.after.as_deref().map(parse_cursor).transpose()?;
        let limit = if page.limit == 0 { 20 } else { page.limit.min(100) };
        let (registry, asked_by) = (self.clone(), snapshot.clone());
        let list =
            self.store().blocking(move || registry.gather(&snapshot, &own, after.as_ref(), limit)).await?;
        let list = AccessList { withheld, ..list };
        if let Some(permit) = &permit {
            self.watch(permit, Some(&code), list.lines.is_empty() && page.after.is_none());
        }
        if let Viewer::Office { actor, .. } = viewer {
            self.still_allowed(actor, &asked_by, None).await?;
        }
        if let Some((entry, decision)) = office {
            let came_to = CameTo::shown(Outcome::AccessesShown, decision, shown_digest(&list)?);
            entry.note(&*self.access()?, touched, came_to).await?;
        }
        Ok(list)
    }

    /// Raises the alarm where an office looks at the list of somebody protected.
    async fn tell_protected(&self, viewer: Viewer<'_>, snapshot: &Snapshot, own: &[Own]) -> Result<()> {
        let today = self.now().day();
        match viewer {
            Viewer::Office { actor, .. } if own.iter().any(|(key, ..)| snapshot.protects(key, today)) => {
                self.raise_alarm(actor, AlarmKind::Protected).await
            }
            Viewer::Office { .. } | Viewer::Holder => Ok(()),
        }
    }

    fn gather(
        &self,
        snapshot: &Snapshot,
        own: &[Own],
        after: Option<&AccessPlace>,
        limit: usize,
    ) -> Result<AccessList> {
        let lag = self.access_lag()?;
        let heads = self.access_heads()?;
        let wanted = i64::try_from(limit).unwrap_or(100).saturating_add(1).saturating_add(SAME_TIME);
        let (page, complete) = self.store().read_access_now(|reader| {
            let (mut places, mut complete) = (Vec::new(), true);
            // A little more than what follows the cursor: a change there may have been refused before it.
            let bound = after.map(|place| place.at.plus_seconds(UNMADE_WITHIN_S));
            for (key, ..) in own {
                places.extend(reader.accesses_of(key, bound, wanted.saturating_add(SAME_TIME))?);
            }
            for head in &heads {
                complete &= tail(reader, head, own, &mut places)?;
            }
            places.sort_by(|a, b| order(b).cmp(&order(a)));
            places.dedup();
            Ok((Page::of(reader, places, after, limit)?, complete))
        })?;
        let next = page.more.then(|| page.shown.last().map(|shown| cursor(&shown.place))).flatten();
        let lines = page.shown.into_iter().map(|shown| self.line(snapshot, own, shown));
        Ok(AccessList { lines: lines.collect::<Result<_>>()?, next, lag, complete, withheld: None })
    }

    fn line(&self, snapshot: &Snapshot, own: &[Own], shown: Shown) -> Result<AccessLine> {
        let Shown { place, entry, attempted } = shown;
        let text = |name: &str| entry.as_ref().and_then(|entry| entry.text(name));
        let agency = self.agency_of(snapshot, text("agency"), text("actor").unwrap_or_default())?;
        let seated = entry.as_ref().map(|entry| (entry, seat(entry, own)));
        let line = AccessLine::of(&place, seated, agency).named(&snapshot.catalog, entry.as_ref());
        Ok(match (line.outcome, attempted) {
            // What it would have come to is for whom it was asked, like the item.
            (LineOutcome::CameTo(Outcome::ChangeRefused), Some(attempted)) if !line.joint && !line.linked => {
                line.of_unmade(attempted)
            }
            _ => line,
        })
    }

    /// Code and name of the agency for which an entry's actor acts; the log alone says who it was. The
    /// entry's own word goes first: a client or an account may act for another agency today.
    fn agency_of(&self, snapshot: &Snapshot, stated: Option<&str>, actor: &str) -> Result<(String, String)> {
        let code = match actor.split_once(':') {
            _ if stated.is_some() => stated.map(str::to_owned),
            Some(("client", id)) => snapshot.clients.get(id).map(|client| client.agency.clone()),
            Some(("account", name)) => {
                self.store().read_now(|reader| reader.account(name))?.map(|account| account.agency)
            }
            _ => None,
        };
        let Some(code) = code else { return Ok((String::new(), "登记库".to_owned())) };
        let agency = snapshot.catalog.issuers().agencies().latest(&code);
        Ok((code.clone(), agency.map_or(code, |agency| agency.name.clone())))
    }
}

/// One access that is shown: its entry, if it opens, and what a refused change would have come to.
struct Shown {
    place: AccessPlace,
    entry: Option<LoggedAccess>,
    attempted: Option<Outcome>,
}

/// The accesses of one page.
struct Page {
    shown: Vec<Shown>,
    /// More follow.
    more: bool,
}

impl Page {
    /// So many of these places, newest first, that follow the cursor. The first entry of a change that was refused is
    /// left out: the second one stands for it.
    fn of(
        reader: &mut Reader<'_>,
        places: Vec<AccessPlace>,
        after: Option<&AccessPlace>,
        limit: usize,
    ) -> Result<Self> {
        let follows = |place: &AccessPlace| after.is_none_or(|after| order(place) < order(after));
        let before = places.iter().filter(|place| !follows(place)).count();
        let mut page = Self { shown: Vec::new(), more: false };
        let mut unmade: HashSet<(String, u64)> = HashSet::new();
        for place in places.into_iter().skip(before.saturating_sub(BEFORE)) {
            if unmade.contains(&(place.log.clone(), place.index)) {
                continue;
            }
            page.more = page.shown.len() >= limit;
            if page.more {
                break;
            }
            let entry = opened(reader, &place.log, place.index)?;
            let earlier = entry.as_ref().and_then(LoggedAccess::earlier);
            let mut attempted = None;
            if let Some((log, index)) = earlier {
                unmade.insert((log.to_owned(), index));
                if follows(&place) {
                    attempted = opened(reader, log, index)?.map(|entry| entry.outcome);
                }
            }
            if follows(&place) {
                page.shown.push(Shown { place, entry, attempted });
            }
        }
        Ok(page)
    }
}

/// An entry; none where it does not open.
fn opened(reader: &mut Reader<'_>, log: &str, index: u64) -> Result<Option<LoggedAccess>> {
    match reader.access_entry(log, index) {
        Ok(entry) => Ok(entry.and_then(|entry| LoggedAccess::parse(&entry).ok())),
        Err(error) if error.code == Code::RecordDamaged => Ok(None),
        Err(error) => Err(error),
    }
}

/// Adds what stands in a log beyond the follower; false where its end was not reached.
fn tail(reader: &mut Reader<'_>, head: &Head, own: &[Own], places: &mut Vec<AccessPlace>) -> Result<bool> {
    let (mut next, mut read) = (reader.indexed(&head.log)?, 0);
    while next < head.size {
        let batches = reader.access_batches(&head.log, next, head.size, STEP)?;
        let Some(last) = batches.last() else { return Ok(false) };
        next = last.first + u64::from(last.count);
        for batch in batches {
            for (index, item) in (batch.first..).zip(batch.items.iter().flatten()) {
                if item.holders.iter().any(|holder| own.iter().any(|(key, ..)| key == holder)) {
                    places.push(AccessPlace { at: batch.at, log: head.log.clone(), index });
                }
            }
            read += batch.items.map_or(0, |items| items.len());
        }
        if read >= bounds::TAIL {
            break;
        }
    }
    Ok(next >= head.size)
}

/// Digest of what a list showed: the places of its lines.
fn shown_digest(list: &AccessList) -> Result<Digest> {
    let shown: Vec<Value> = list.lines.iter().map(|line| serde_json::json!([line.log, line.index])).collect();
    Ok(Digest::of(&[&canonical::to_vec(&Value::Array(shown)).map_err(Error::internal)?]))
}

fn check_reason(reason: &str) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(Error::new(Code::PurposeMissing, "say why the accesses are looked at").at("reason"));
    }
    texts::logged("reason", reason)
}

/// The holder's own code and those linked to it as the same person or entity.
fn linked(reader: &mut Reader<'_>, first: Own) -> Result<Vec<Own>> {
    let key = first.0;
    let mut own = vec![first];
    let walked = walk(reader, key, Reach::LOOKUP, |met| {
        // Under a key whose records were moved, the list of who looked before is all that is left.
        if let Met::Code(next, link) | Met::Emptied(next, link) = met {
            own.push((next, link.key_type.clone(), link.key_code.clone()));
        }
    })?;
    walked.sure().map(|_| own)
}

/// The role of a holder with these codes in an entry of its list. A holder that is not found in it is a
/// co-holder: of a directory entry, in layout 1, or if the list of co-holders stands by its digest.
fn seat(entry: &LoggedAccess, own: &[Own]) -> Seat {
    let seats = own.iter().filter_map(|(_, key_type, key_code)| entry.seat_of(key_type, key_code));
    seats.min().unwrap_or(Seat::Joint)
}

fn order(place: &AccessPlace) -> (Moment, &str, u64) {
    (place.at, &place.log, place.index)
}

fn cursor(place: &AccessPlace) -> String {
    format!("{}.{}.{}", place.at.micros(), place.index, place.log)
}

fn parse_cursor(text: &str) -> Result<AccessPlace> {
    let mut parts = text.splitn(3, '.');
    let place = (|| {
        let at = Moment::from_micros(parts.next()?.parse().ok()?);
        let index = parts.next()?.parse().ok()?;
        Some(AccessPlace { at, log: parts.next()?.to_owned(), index })
    })();
    place.ok_or_else(|| {
        Error::new(Code::FieldInvalid, "Not a cursor of this list.").at("after").rule(Rule::Cursor)
    })
}
