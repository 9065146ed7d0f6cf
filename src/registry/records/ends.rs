//! One certificate ends another by a rule of the catalog: what `rule` says happens in the transaction of the
//! issue, what `proposal` says is handed to each issuer to decide.

use serde::{Deserialize, Serialize};

use crate::catalog::{Custody, TypeEntry};
use crate::catalog::{End, EndAction, EndBy, EndOn, EndWhen};
use crate::error::{Error, Result};
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::state::State;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked;
use crate::registry::records::change::Whole;
use crate::registry::records::kept;
use crate::registry::records::signed::Signed;
use crate::store::{Opened, StoredRecord, Writer};
use crate::trust::{HolderKey, random};

/// A record that a rule ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its identifier; absent where the identifier is as secret as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_code: String,
    /// What happened to it.
    pub action: Action,
    /// The state it came to.
    pub state: State,
    /// The leaf of its event, in the log of the issue.
    pub leaf: u64,
}

/// What a rule proposes to another issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The record's identifier; absent where the identifier is as secret as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_code: String,
    /// Who decides.
    pub issuer: String,
    /// The action that is proposed.
    pub action: Action,
}

/// What the rules of a type came to for one record.
#[derive(Default)]
pub(in crate::registry) struct Ends {
    /// Log entries, to be appended behind the issue's own.
    pub entries: Vec<[u8; 32]>,
    pub ended: Vec<Ended>,
    pub proposals: Vec<Proposal>,
}

/// Applies the `ends` rules of a record that is being issued. `place.first` is the leaf of the first event that
/// a rule makes. Records kept elsewhere are not touched: their issuers say themselves what became of them.
pub(in crate::registry) fn apply(
    writer: &mut Writer<'_>,
    snapshot: &Snapshot,
    signed: &Signed,
    place: &Place,
) -> Result<Ends> {
    let mut found = Ends::default();
    let Some(entry) = snapshot.catalog.type_of(&signed.record.record_type.code) else { return Ok(found) };
    if !entry.def().ends.iter().any(|end| end.on == EndOn::Issue) {
        return Ok(found);
    }
    let roles = signed.record.holders.iter().map(|holder| holder.role.as_str()).collect();
    let ending = Ending { entry, roles, families: families(writer, &signed.holders)? };
    for end in entry.def().ends.iter().filter(|end| end.on == EndOn::Issue) {
        let Some(ended) = snapshot.catalog.type_by_slug(&end.ended) else { continue };
        let action = action_of(end);
        for rows in records_ended(writer, &ending, ended, end.when)? {
            let row = rows.first().clone();
            let Ok(state) = action.apply(Some(row.state)) else { continue };
            if end.by == EndBy::Proposal {
                found.proposals.push(proposal(&row, action));
                continue;
            }
            let place = place.behind(found.entries.len());
            let ground = format!("{} 依规则: {}", entry.def().name.zh, signed.record.identifier);
            let on = signed.record.issued_on;
            found.entries.push(end_record(writer, rows, (action, state), (on, &ground), &place)?);
            found.ended.push(Ended {
                identifier: row.identifier,
                type_code: row.type_code,
                action,
                state,
                leaf: place.first,
            });
        }
    }
    Ok(found)
}

/// What the cancellation of a record proposes to the issuers of others: 注销 of a company's licence the end of its
/// permits. `rows` are those of the record that is cancelled.
pub(in crate::registry) fn proposed_by_cancel(
    writer: &mut Writer<'_>,
    snapshot: &Snapshot,
    rows: &Whole,
) -> Result<Vec<Proposal>> {
    let mut proposals = Vec::new();
    let Some(entry) = snapshot.catalog.type_of(&rows.first().type_code) else { return Ok(proposals) };
    if !entry.def().ends.iter().any(|end| end.on == EndOn::Cancel) {
        return Ok(proposals);
    }
    let holders: Vec<HolderKey> = rows.rows().map(|row| row.hk).collect();
    let roles = rows.rows().map(|row| row.body.role.as_str()).collect();
    let ending = Ending { entry, roles, families: families(writer, &holders)? };
    for end in entry.def().ends.iter().filter(|end| end.on == EndOn::Cancel) {
        let Some(ended) = snapshot.catalog.type_by_slug(&end.ended) else { continue };
        let action = action_of(end);
        for found in records_ended(writer, &ending, ended, end.when)? {
            if action.apply(Some(found.first().state)).is_ok() {
                proposals.push(proposal(found.first(), action));
            }
        }
    }
    Ok(proposals)
}

/// A record that ends others: its type, its holders' roles, and the keys of each holder under all its codes.
struct Ending<'a> {
    entry: &'a TypeEntry,
    roles: Vec<&'a str>,
    families: Vec<Vec<HolderKey>>,
}

fn action_of(end: &End) -> Action {
    match end.action {
        EndAction::Cancel => Action::Cancel,
        EndAction::Lapse => Action::Lapse,
    }
}

fn proposal(row: &StoredRecord, action: Action) -> Proposal {
    Proposal {
        identifier: row.identifier.clone(),
        type_code: row.type_code.clone(),
        issuer: row.issuer.clone(),
        action,
    }
}

/// The keys of each holder under all its codes.
fn families(writer: &mut Writer<'_>, holders: &[HolderKey]) -> Result<Vec<Vec<HolderKey>>> {
    let mut families = Vec::with_capacity(holders.len());
    for holder in holders {
        let linked = linked::linked(writer, *holder, None)?;
        families.push(linked.keys.into_iter().map(|(key, _)| key).collect());
    }
    Ok(families)
}

/// The records that the rule means.
fn records_ended(
    writer: &mut Writer<'_>,
    ending: &Ending<'_>,
    ended: &TypeEntry,
    when: EndWhen,
) -> Result<Vec<Whole>> {
    let first_role = |entry: &TypeEntry| entry.def().holders.first().map(|role| role.role.clone());
    let families = &ending.families;
    let of = match when {
        EndWhen::SameHolders => Some(0),
        EndWhen::SameSubject => {
            let role = first_role(ending.entry);
            ending.roles.iter().position(|held| Some(*held) == role.as_deref())
        }
    };
    let Some(family) = of.and_then(|of| families.get(of)) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for key in family {
        for opened in writer.records_of(key)? {
            let Opened::Record(row) = opened else { continue };
            if row.type_code != ended.def().code || row.custody != Custody::Hosted {
                continue;
            }
            let Some(kept) = kept::readable(writer, &row.body.identifier)? else { continue };
            let holders = &kept.key.holders;
            let meant = match when {
                EndWhen::SameSubject => Some(&row.body.role) == first_role(ended).as_ref(),
                EndWhen::SameHolders => {
                    let known = |holder| families.iter().any(|family| family.contains(holder));
                    holders.len() == families.len()
                        && holders.iter().all(known)
                        && families.iter().all(|family| holders.iter().any(|one| family.contains(one)))
                }
            };
            if meant {
                found.extend(kept.whole().ok());
            }
        }
    }
    Ok(found)
}

/// Brings a record to its end; returns the log entry of the event.
fn end_record(
    writer: &mut Writer<'_>,
    mut rows: Whole,
    (action, state): (Action, State),
    (on, ground): (crate::clock::Day, &str),
    place: &Place,
) -> Result<[u8; 32]> {
    let salt = random::salt()?;
    let version = u32::try_from(rows.first().version).map_err(Error::internal)?;
    let subject = subject_hash(&salt, &rows.first().body.identifier);
    let event = Event::new(EventKind::Record, action.wire(), "rule", salt, subject, place.at)
        .effective_on(on)
        .record_version(None, version, None)
        .ground(ground);
    let happened = Happened::new(event, Vec::new(), ground.to_owned());
    rows.change(writer, place, &happened, |row| row.state = state)
}
