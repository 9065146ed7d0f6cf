//! Who looked at a holder's records, and why: the list that the holder sees.
//!
//! An access to a joint record stands on the list of each of its holders. Whoever did not apply sees the agency,
//! the day, and that a joint record was used, but neither item nor case: a former spouse must not learn what the
//! other asks for. The same holds for a number that was linked when the other was asked about and is not any more:
//! it may be another person's. The list is the follower's, and the tail of the logs that it has not reached.

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
use crate::registry::access::line::AccessLine;
use crate::registry::access::withheld::Withheld;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::linked::{Met, Reach, walk};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::store::{AccessPlace, Cost, Reader};
use crate::trust::HolderKey;

/// Who looks at the list.
#[derive(Clone, Copy)]
pub enum Viewer<'a> {
    /// The holder itself, signed in; the caller answers for that. Not an access.
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
    /// Lines at most; 1 to 100, 20 where 0 is said.
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
        let office = match viewer {
            Viewer::Holder => None,
            Viewer::Office { actor, reason } => {
                check_reason(reason)?;
                let decision = decide_scope(actor, Scope::Holder).required()?;
                Some((Entry::of(actor).own_item(OwnItem::Accesses, reason), decision))
            }
        };
        let asked = self.asked_holder(holder, "holder")?;
        let permit = match viewer {
            Viewer::Holder => None,
            Viewer::Office { actor, .. } => Some(self.permit(actor, Scope::Holder, &asked).await?),
        };
        let key = permit.map_or(asked.own_key(), |permit| permit.holder());
        let code = asked.parsed.code;
        let first: Own = (key, code.key_type().to_owned(), code.key_code().to_owned());
        let mut own = self.store().read(Cost::Point, move |reader| linked(reader, first)).await?;
        let all = own.len();
        if let Some(permit) = &permit {
            own.retain(|(key, ..)| self.guard().may_show(permit, *key, self.now()));
        }
        let withheld = (own.len() < all).then_some(Withheld::LinkedNumbers);
        let after = page.after.as_deref().map(parse_cursor).transpose()?;
        let limit = if page.limit == 0 { 20 } else { page.limit.min(100) };
        let registry = self.clone();
        let list =
            self.store().blocking(move || registry.gather(&snapshot, &own, after.as_ref(), limit)).await?;
        let list = AccessList { withheld, ..list };
        if let Some(permit) = &permit {
            self.watch(permit, Some(&code), list.lines.is_empty() && page.after.is_none());
        }
        if let Some((entry, decision)) = office {
            let came_to = CameTo::shown(Outcome::AccessesShown, decision, shown_digest(&list)?);
            entry.note(&*self.access()?, Touched::one(&code, key), came_to).await?;
        }
        Ok(list)
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
        let (places, entries, complete) = self.store().read_access_now(|reader| {
            let (mut places, mut complete) = (Vec::new(), true);
            let bound = after.map(|place| Moment::from_micros(place.at.micros().saturating_add(1)));
            for (key, ..) in own {
                places.extend(reader.accesses_of(key, bound, wanted)?);
            }
            for head in &heads {
                complete &= tail(reader, head, own, &mut places)?;
            }
            places.sort_by(|a, b| order(b).cmp(&order(a)));
            places.dedup();
            places.retain(|place| after.is_none_or(|after| order(place) < order(after)));
            places.truncate(limit + 1);
            let mut entries = Vec::new();
            for place in places.iter().take(limit) {
                entries.push(match reader.access_entry(&place.log, place.index) {
                    Ok(entry) => entry,
                    Err(error) if error.code == Code::RecordDamaged => None,
                    Err(error) => return Err(error),
                });
            }
            Ok((places, entries, complete))
        })?;
        let more = places.len() > limit;
        let next = more.then(|| places.get(limit.saturating_sub(1)).map(cursor)).flatten();
        let lines = places.iter().zip(entries).map(|(place, entry)| self.line(snapshot, own, place, entry));
        Ok(AccessList { lines: lines.collect::<Result<_>>()?, next, lag, complete, withheld: None })
    }

    fn line(
        &self,
        snapshot: &Snapshot,
        own: &[Own],
        place: &AccessPlace,
        entry: Option<Vec<u8>>,
    ) -> Result<AccessLine> {
        let entry = entry.and_then(|entry| LoggedAccess::parse(&entry).ok());
        let text = |name: &str| entry.as_ref().and_then(|entry| entry.text(name));
        let agency = self.agency_of(snapshot, text("agency"), text("actor").unwrap_or_default())?;
        let seated = entry.as_ref().map(|entry| (entry, seat(entry, own)));
        Ok(AccessLine::of(place, seated, agency))
    }

    /// Code and name of the agency for which an entry's actor acts; who exactly it was stays in the log. The
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
        if let Met::Code(next, link) = met {
            own.push((next, link.key_type.clone(), link.key_code.clone()));
        }
    })?;
    walked.sure().map(|_| own)
}

/// How a holder with these codes stands in an entry of its list. One that is not found in it is a co-holder: of a
/// directory entry, in layout 1, or where the list of co-holders stands by its digest.
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
    place.ok_or_else(|| Error::new(Code::RequestMalformed, "not a cursor of this list").at("after"))
}
