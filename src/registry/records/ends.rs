//! One certificate ends another by a rule of the catalog. A `rule` acts in the transaction that brings the
//! second of the two. A `proposal` is handed to each issuer to decide: it is told in the answer, and stays on the
//! issuer's list until the record ends or the issuer declines.
//!
//! An ending ends records that began on its day or before it, in either order of arrival at the registry. If
//! several endings are here, the earliest of them counts. Of two on the same day, the one that arrives second
//! came after: a divorce ends the marriage that is here; a marriage on the day of a divorce that is here is
//! another one. An annulled ending never was, and ends nothing. Neither does one on which a holder has another name
//! ([`names`]): it is refused where the record that it would end is here before it. Records kept elsewhere are not touched: their
//! issuers report their state themselves.

use std::cell::Cell;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::catalog::{Custody, End, EndAction, EndBy, EndOn, EndWhen, TypeEntry};
use crate::clock::{Day, Moment};
use crate::error::{Error, Result};
use crate::policy::{Actor, Scope, decide};
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::state::State;
use crate::registry::Registry;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::registry::base::names::RULE;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked::family;
use crate::registry::holders::lives::{MarkMade, MarksMade, Rules, stands};
use crate::registry::holders::names;
use crate::registry::records::change::Whole;
use crate::registry::records::kept;
use crate::registry::records::signed::Signed;
use crate::store::{Opened, ProposalRow, Reader, SettledBy, StoredRecord, Writer};
use crate::trust::{HolderKey, random};

/// A record that a rule ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ended {
    /// Its identifier; absent if the identifier is as secret as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The action.
    pub action: Action,
    /// Its new state.
    pub state: State,
    /// The leaf of its event, in the log of the issue.
    pub leaf: u64,
}

/// A rule's proposal to another issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proposal {
    /// The record's identifier; absent if the identifier is as secret as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The issuer that decides.
    pub issuer: String,
    /// The action that is proposed.
    pub action: Action,
}

/// The results of the rules for one record.
#[derive(Default)]
pub(in crate::registry) struct Ends {
    /// Log entries, to be appended behind the record's own.
    pub entries: Vec<[u8; 32]>,
    pub ended: Vec<Ended>,
    pub proposals: Vec<Proposal>,
    /// A record was not ended, since the names differ.
    pub differing: bool,
    /// The marks of the certificate itself and of those that it ended.
    pub marked: Vec<MarkMade>,
    /// The issuer has no authority over people, so its certificate marked nobody.
    pub unauthorised: bool,
}

impl Ends {
    fn add(&mut self, lives: MarksMade) {
        self.entries.extend(lives.entries);
        self.marked.extend(lives.marked);
        self.unauthorised |= lives.unauthorised;
    }
}

/// Whether somebody may look up records of a type for any purpose. The answer to an issue or an action tells no more: else an
/// office that issues under a stranger's number would read which papers that person has.
pub(in crate::registry) fn sees(actor: &Actor, type_code: &str) -> bool {
    decide(actor, Scope::Lookup, type_code, None).refusal().is_none()
}

/// A record in the registry that the rules are applied to.
pub(in crate::registry) struct Arrived<'a> {
    pub rows: &'a Whole,
    /// The legal day of its beginning.
    pub began: Day,
    /// Whether it arrived just now: it then ends records that began on its own day, and the issuers get its
    /// proposals.
    pub fresh: bool,
}

/// The changes due for one record, by the rows as they were read.
#[derive(Default)]
pub(in crate::registry) struct Due {
    ends: Vec<Ending>,
    proposals: Vec<Proposed>,
    /// The records whose names were compared with those of the ending.
    compared: Vec<[u8; 16]>,
    /// On one of them a holder has another name: it is not ended.
    differing: bool,
    /// Type and identifier of the record, if it marks its holders.
    speaker: Option<(String, String)>,
}

/// A proposal with the place of the record that it is about.
struct Proposed {
    told: Proposal,
    record_id: [u8; 16],
    hk: HolderKey,
    /// Code of the type whose certificate proposes it.
    because: String,
}

/// One record that is to be ended.
struct Ending {
    rows: Whole,
    action: Action,
    state: State,
    on: Day,
    ground: String,
}

/// The types that a rule which runs at an issue names on either side, and those that mark their holders.
pub(in crate::registry) fn touched_types(snapshot: &Snapshot) -> HashSet<String> {
    let types = snapshot.catalog.types();
    let touched = types.iter().filter(|entry| {
        on_issue(entry).next().is_some()
            || enders(snapshot, entry).any(|(_, end)| end.by == EndBy::Rule)
            || !entry.def().marks.is_empty()
    });
    touched.map(|entry| entry.def().code.clone()).collect()
}

/// The changes due for a record that arrived just now.
pub(in crate::registry) fn due_of_new(
    reader: &mut Reader<'_>,
    rules: &Rules,
    rows: &Whole,
    began: Day,
    today: Day,
) -> Result<Due> {
    due(reader, rules, &Arrived { rows, began, fresh: true }, today)
}

/// The changes that the rules ask for one record: the ends that it brings to others, the end that others brought to
/// it, and the marks that it makes.
pub(in crate::registry) fn due(
    reader: &mut Reader<'_>,
    rules: &Rules,
    arrived: &Arrived<'_>,
    today: Day,
) -> Result<Due> {
    let mut due = ends_due(reader, &rules.snapshot, arrived, &|_| true)?;
    let first = arrived.rows.first();
    if rules.speaks(reader, (&first.type_code, &first.body.identifier), today)? {
        due.speaker = Some((first.type_code.clone(), first.body.identifier.clone()));
    }
    Ok(due)
}

/// The ends among them, of records that `counts`.
fn ends_due(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    arrived: &Arrived<'_>,
    counts: &dyn Fn(&StoredRecord) -> bool,
) -> Result<Due> {
    let mut due = Due::default();
    let Some(kin) = Kin::of(snapshot, arrived.rows) else { return Ok(due) };
    let annulled = arrived.rows.first().state == State::Annulled;
    let proposes = arrived.fresh && stands(arrived.rows.first().state);
    for end in on_issue(kin.entry).filter(|_| !annulled) {
        let Some(ended) = snapshot.catalog.type_by_slug(&end.ended) else { continue };
        let action = action_of(end);
        for rows in kin.related(reader, ended, end.when)? {
            if action.apply(Some(rows.first().state)).is_err() || !counts(rows.first()) {
                continue;
            }
            if end.by == EndBy::Proposal {
                if due.names(reader, (arrived.rows, &rows), Some(counts))? {
                    let because = &arrived.rows.first().type_code;
                    due.proposals.extend(proposes.then(|| proposal(rows.first(), action, because)));
                }
                continue;
            }
            let Some(began) = began(reader, &rows)? else { continue };
            if began <= arrived.began && !due.names(reader, (arrived.rows, &rows), None)? {
                continue;
            }
            due.ends.extend(earliest(reader, snapshot, (rows, began), Some(arrived))?);
        }
    }
    due.ends.extend(earliest(reader, snapshot, (arrived.rows.clone(), arrived.began), None)?);
    Ok(due)
}

impl Due {
    /// Whether there is anything to do or to tell.
    pub fn is_any(&self) -> bool {
        !self.ends.is_empty() || !self.proposals.is_empty() || self.differing || self.speaker.is_some()
    }

    /// Without the proposals about these records: what is proposed about them is told otherwise.
    pub fn but_of(mut self, records: &HashSet<[u8; 16]>) -> Self {
        self.proposals.retain(|proposed| !records.contains(&proposed.record_id));
        self
    }

    /// How many records it ends.
    pub fn ended(&self) -> usize {
        self.ends.len()
    }

    /// How many ends it proposes.
    pub fn proposed(&self) -> usize {
        self.proposals.len()
    }

    /// The same for a record that was here before: its differing names were told then.
    pub fn of_old(self) -> Self {
        Self { differing: false, ..self }
    }

    /// Compares the names on an ending with those on the record that it would end.
    fn names(
        &mut self,
        reader: &mut Reader<'_>,
        (ending, ended): (&Whole, &Whole),
        proposed: Option<&dyn Fn(&StoredRecord) -> bool>,
    ) -> Result<bool> {
        self.compared.push(ended.first().record_id);
        let agree = names::same_people(reader, ending.rows(), ended.rows(), proposed)?;
        self.differing |= !agree;
        Ok(agree)
    }

    /// Refuses an ending whose names are not those of the people whose certificate it would end. The comparison counts
    /// before its outcome is told, so that right and wrong names hear the same once one has tried too often.
    ///
    /// # Errors
    /// `field_invalid` with `ended_name`; `too_many_tries`.
    pub fn check_names(&self, registry: &Registry, actor: &Actor, counted: &Cell<bool>) -> Result<()> {
        // The transaction may run again; its comparisons count once.
        if !counted.replace(true) {
            for record in &self.compared {
                registry.tries().compare(actor, *record, registry.now())?;
            }
        }
        if self.differing { Err(names::ended_name()) } else { Ok(()) }
    }

    /// Puts the proposals on the lists of the issuers, where nothing else is due; returns them.
    pub fn propose(self, writer: &mut Writer<'_>, place: &Place) -> Result<Vec<Proposal>> {
        propose(writer, self.proposals, place)
    }

    /// Does it; `place.first` is the leaf of the first event.
    ///
    /// # Errors
    /// `version_conflict` if a row is no longer the one that was read.
    pub fn carry_out(self, writer: &mut Writer<'_>, rules: &Rules, place: &Place) -> Result<Ends> {
        let proposals = propose(writer, self.proposals, place)?;
        let mut done = Ends { proposals, differing: self.differing, ..Ends::default() };
        for ending in self.ends {
            let at = place.behind(done.entries.len());
            let row = ending.rows.first().clone();
            let (action, state) = (ending.action, ending.state);
            done.entries.push(ending.carry_out(writer, &at)?);
            let about = (row.type_code.as_str(), row.body.identifier.as_str());
            take_back(writer, &rules.snapshot, about, at.at)?;
            done.add(rules.follow(writer, about, false, &place.behind(done.entries.len()))?);
            done.ended.push(Ended {
                identifier: row.identifier,
                type_code: row.type_code,
                action,
                state,
                leaf: at.first,
            });
        }
        if let Some((type_code, identifier)) = &self.speaker {
            let place = place.behind(done.entries.len());
            done.add(rules.follow(writer, (type_code, identifier), false, &place)?);
        }
        Ok(done)
    }
}

impl Ending {
    fn carry_out(mut self, writer: &mut Writer<'_>, place: &Place) -> Result<[u8; 32]> {
        let salt = random::salt()?;
        let first = self.rows.first();
        let version = u32::try_from(first.version).map_err(Error::internal)?;
        let subject = subject_hash(&salt, &first.body.identifier);
        let event = Event::new(EventKind::Record, self.action, RULE, salt, subject, place.at)
            .effective_on(self.on)
            .record_version(None, version, None)
            .ground(&self.ground);
        let happened = Happened::new(event, Vec::new(), self.ground);
        self.rows.change(writer, place, &happened, |row| row.state = self.state)
    }
}

/// The end of a record by the earliest of the endings that are here; none if none counts. `coming` is an
/// ending that arrives just now.
fn earliest(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    (rows, began_on): (Whole, Day),
    coming: Option<&Arrived<'_>>,
) -> Result<Option<Ending>> {
    let Some(kin) = Kin::of(snapshot, &rows) else { return Ok(None) };
    let mut found: Option<(Day, State, Action, String)> = None;
    for (entry, end) in enders(snapshot, kin.entry).filter(|(_, end)| end.by == EndBy::Rule) {
        let action = action_of(end);
        let Ok(state) = action.apply(Some(rows.first().state)) else { continue };
        for ending in kin.related(reader, entry, end.when)? {
            if ending.first().state == State::Annulled
                || !names::same_people(reader, ending.rows(), rows.rows(), None)?
            {
                continue;
            }
            let Some(on) = began(reader, &ending)? else { continue };
            let same_day = |coming: &Arrived<'_>| {
                coming.fresh && on == began_on && coming.rows.first().record_id == ending.first().record_id
            };
            let counts = on > began_on || coming.is_some_and(same_day);
            if counts && found.as_ref().is_none_or(|(earliest, ..)| on < *earliest) {
                let ground = format!("{} 依规则: {}", entry.def().name.zh, ending.first().body.identifier);
                found = Some((on, state, action, ground));
            }
        }
    }
    Ok(found.map(|(on, state, action, ground)| Ending { rows, action, state, on, ground }))
}

/// The legal day on which a record began; none if its first event does not open.
pub(in crate::registry) fn began(reader: &mut Reader<'_>, rows: &Whole) -> Result<Option<Day>> {
    let first = rows.first();
    let events = reader.events_of(&first.hk, &first.record_id)?;
    Ok(events.first().filter(|event| event.intact && event.seq == 1).map(|event| event.effective_on))
}

/// Whether a record that is not stored yet would end, or propose to end, a record on which a holder has another
/// name, among those that `counts`.
pub(in crate::registry) fn differing(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    signed: &Signed,
    (now, counts): (Moment, &dyn Fn(&StoredRecord) -> bool),
) -> Result<bool> {
    if snapshot.catalog.type_of(&signed.type_code).is_none_or(|entry| on_issue(entry).next().is_none()) {
        return Ok(false);
    }
    let nowhere = Place { log: String::new(), first: 0, at: now };
    let rows = signed.whole([0; 16], State::Active, None, &nowhere)?;
    let arrived = Arrived { rows: &rows, began: signed.issued_on, fresh: true };
    ends_due(reader, snapshot, &arrived, counts).map(|due| due.differing)
}

/// The proposals of a cancellation to the issuers of other records: 注销 of a company's licence proposes the
/// end of its permits.
pub(in crate::registry) fn proposed_by_cancel(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    rows: &Whole,
) -> Result<Due> {
    let mut due = Due::default();
    let Some(kin) = Kin::of(snapshot, rows) else { return Ok(due) };
    for end in kin.entry.def().ends.iter().filter(|end| end.on == EndOn::Cancel) {
        let Some(ended) = snapshot.catalog.type_by_slug(&end.ended) else { continue };
        let action = action_of(end);
        for found in kin.related(reader, ended, end.when)? {
            if action.apply(Some(found.first().state)).is_ok()
                && due.names(reader, (rows, &found), Some(&|_| true))?
            {
                due.proposals.push(proposal(found.first(), action, &rows.first().type_code));
            }
        }
    }
    Ok(due)
}

/// Settles the ends that a certificate proposed when it came, once it no longer stands: whoever was to decide on them has
/// nothing left to go by. What another certificate proposes as well stays open. Called in each transaction that changes the
/// state of a certificate.
pub(in crate::registry) fn take_back(
    writer: &mut Writer<'_>,
    snapshot: &Snapshot,
    (type_code, identifier): (&str, &str),
    at: Moment,
) -> Result<()> {
    if snapshot.catalog.type_of(type_code).is_none_or(|entry| proposing(entry).next().is_none()) {
        return Ok(());
    }
    let Some(rows) = kept::readable(writer, identifier)?.and_then(|kept| kept.whole().ok()) else {
        return Ok(());
    };
    let Some(kin) = Kin::of(snapshot, &rows).filter(|_| !stands(rows.first().state)) else { return Ok(()) };
    for end in proposing(kin.entry) {
        let Some(ended) = snapshot.catalog.type_by_slug(&end.ended) else { continue };
        let action = action_of(end);
        for found in kin.related(writer, ended, end.when)? {
            if proposers(writer, snapshot, &found, action)?.contains(&true) {
                continue;
            }
            let settled = (at.micros(), SettledBy::TakenBack);
            writer.settle_proposals(&found.first().record_id, &[action.wire()], settled)?;
        }
    }
    Ok(())
}

/// Whether all that ever proposed that end of a record, by what is on file, no longer stands.
pub(in crate::registry) fn is_left_alone(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    rows: &Whole,
    action: Action,
) -> Result<bool> {
    let proposers = proposers(reader, snapshot, rows, action)?;
    Ok(!proposers.is_empty() && !proposers.contains(&true))
}

/// The certificates that propose that end of a record, or did: whether each still does. A cancellation that proposed
/// it is not undone.
fn proposers(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    rows: &Whole,
    action: Action,
) -> Result<Vec<bool>> {
    let mut found = Vec::new();
    let Some(kin) = Kin::of(snapshot, rows) else { return Ok(found) };
    for entry in snapshot.catalog.types() {
        let ends = entry.def().ends.iter().filter(|end| end.by == EndBy::Proposal);
        for end in ends.filter(|end| end.ended == kin.entry.def().slug && action_of(end) == action) {
            for other in kin.related(reader, entry, end.when)? {
                let state = other.first().state;
                let proposes = match end.on {
                    EndOn::Issue => stands(state),
                    EndOn::Cancel if matches!(state, State::Cancelled | State::Annulled) => true,
                    // It has proposed nothing yet.
                    EndOn::Cancel => continue,
                };
                if names::same_people(reader, other.rows(), rows.rows(), Some(&|_| true))? {
                    found.push(proposes);
                }
            }
        }
    }
    Ok(found)
}

/// The ends that a certificate of a type proposes when it is issued.
pub(in crate::registry) fn proposing(entry: &TypeEntry) -> impl Iterator<Item = &End> {
    on_issue(entry).filter(|end| end.by == EndBy::Proposal)
}

/// The rules of a type that run when a record of it is issued.
pub(in crate::registry) fn on_issue(entry: &TypeEntry) -> impl Iterator<Item = &End> {
    entry.def().ends.iter().filter(|end| end.on == EndOn::Issue)
}

fn action_of(end: &End) -> Action {
    match end.action {
        EndAction::Cancel => Action::Cancel,
        EndAction::Lapse => Action::Lapse,
    }
}

/// The rules by which records of other types end one of this type when they are issued.
pub(in crate::registry) fn enders<'s>(
    snapshot: &'s Snapshot,
    entry: &'s TypeEntry,
) -> impl Iterator<Item = (&'s TypeEntry, &'s End)> {
    let types = snapshot.catalog.types().into_iter();
    let rules = types.flat_map(|other| on_issue(other).map(move |end| (&**other, end)));
    rules.filter(|(_, end)| end.ended == entry.def().slug)
}

fn proposal(row: &StoredRecord, action: Action, because: &str) -> Proposed {
    let told = Proposal {
        identifier: row.identifier.clone(),
        type_code: row.type_code.clone(),
        issuer: row.issuer.clone(),
        action,
    };
    Proposed { told, record_id: row.record_id, hk: row.hk, because: because.to_owned() }
}

fn propose(writer: &mut Writer<'_>, proposals: Vec<Proposed>, place: &Place) -> Result<Vec<Proposal>> {
    let mut told = Vec::with_capacity(proposals.len());
    for one in proposals {
        writer.propose(&ProposalRow {
            issuer: one.told.issuer.clone(),
            at: place.at.micros(),
            record_id: one.record_id.to_vec(),
            action: one.told.action.wire().to_owned(),
            hk: one.hk.bytes().to_vec(),
            because: one.because,
            settled_at: None,
            settled_by: None,
        })?;
        told.push(one.told);
    }
    Ok(told)
}

/// A record and its type; from them, the records that a rule sets beside it are found.
struct Kin<'a> {
    entry: &'a TypeEntry,
    rows: &'a Whole,
}

impl<'a> Kin<'a> {
    fn of(snapshot: &'a Snapshot, rows: &'a Whole) -> Option<Self> {
        let entry = snapshot.catalog.type_of(&rows.first().type_code)?;
        Some(Self { entry, rows })
    }

    /// The records of the other type that the rule means. It holds in both directions: the marriages that a
    /// divorce finds by its rule are those by which the divorce is found.
    fn related(&self, reader: &mut Reader<'_>, other: &TypeEntry, when: EndWhen) -> Result<Vec<Whole>> {
        match when {
            EndWhen::SameHolders => self.of_same_holders(reader, other),
            EndWhen::SameSubject => self.of_same_subject(reader, other),
        }
    }

    fn of_same_holders(&self, reader: &mut Reader<'_>, other: &TypeEntry) -> Result<Vec<Whole>> {
        let mut families = Vec::new();
        for row in self.rows.rows() {
            families.push(family(reader, row.hk)?);
        }
        let known = |holder: &HolderKey| families.iter().any(|family| family.contains(holder));
        let same = |other: &Whole| {
            other.rows().count() == families.len()
                && other.rows().all(|row| known(&row.hk))
                && families.iter().all(|family| other.rows().any(|row| family.contains(&row.hk)))
        };
        let keys = families.first().map(Vec::as_slice).unwrap_or_default();
        hosted(reader, keys, other, |_| true).map(|found| found.into_iter().filter(same).collect())
    }

    fn of_same_subject(&self, reader: &mut Reader<'_>, other: &TypeEntry) -> Result<Vec<Whole>> {
        let subject = self.rows.rows().find(|row| is_subject(self.entry, row));
        let Some(subject) = subject else { return Ok(Vec::new()) };
        let keys = family(reader, subject.hk)?;
        hosted(reader, &keys, other, |row| is_subject(other, row))
    }
}

/// Whether a row is that of the holder in the type's first role.
fn is_subject(entry: &TypeEntry, row: &StoredRecord) -> bool {
    entry.def().holders.first().is_some_and(|first| first.role == row.body.role)
}

/// The records of a type under these keys whose body is here, each once; records that do not open are passed
/// by.
fn hosted(
    reader: &mut Reader<'_>,
    keys: &[HolderKey],
    entry: &TypeEntry,
    meant: impl Fn(&StoredRecord) -> bool,
) -> Result<Vec<Whole>> {
    let mut found: Vec<Whole> = Vec::new();
    for key in keys {
        for opened in reader.records_of_type(key, &entry.def().code)? {
            let Opened::Record(row) = opened else { continue };
            let known = found.iter().any(|whole| whole.first().record_id == row.record_id);
            if known || row.custody != Custody::Hosted || !meant(&row) {
                continue;
            }
            let kept = kept::readable(reader, &row.body.identifier)?;
            found.extend(kept.and_then(|kept| kept.whole().ok()));
        }
    }
    Ok(found)
}
