//! A record in an export, whose history was compared with its signatures ([`history`](super::history)): what becomes of it
//! here, and its events repeated here, by the same path as an issue and the actions after it.

use crate::clock::Moment;
use crate::error::{Class, Code, Error, Result};
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::lives::Rules;
use crate::registry::records::begin::{Begun, begin};
use crate::registry::records::change::Whole;
use crate::registry::records::ends;
use crate::registry::records::hosted;
use crate::registry::records::kept;
use crate::registry::records::signed::Signed;
use crate::registry::transfer::entries::{ChainPlace, EntryChain};
use crate::registry::transfer::history::{Replayed, same_so_far};
use crate::registry::transfer::line::{RecordLine, refused};
use crate::registry::transfer::proposed::{self, ToldHere};
use crate::rule::Rule;
use crate::store::{Opened, Reader, RecordKey, StoredRecord, Writer};
use crate::trust::{IndexKey, random};

/// A record of the file that passed every check.
pub(super) struct Incoming {
    pub line: u64,
    /// The directory entries that gave way to it.
    pub earlier: Option<EntryChain>,
    pub versions: Vec<Signed>,
    /// When the other registry knew each version, if its key was revoked later: what it signed before stays good.
    pub known_since: Vec<Option<Moment>>,
    pub events: Vec<Replayed>,
    pub record: RecordLine,
}

/// What becomes of a record of the file.
pub(super) enum Known {
    /// With the place from which the entries that gave way to it there are repeated here; none where they are not. Then an
    /// entry of here may give way to it.
    New(Option<ChainPlace>, bool),
    /// So many of its events are here, and later ones came since.
    Behind(RecordKey, usize),
    /// All of it, under this key and with nothing since.
    Here(RecordKey),
    /// More of it than the file knows, or another history of the same record: nothing is overwritten.
    Otherwise,
    /// With the type of the record.
    Refused(Error, String),
}

/// Whether the record is here, and how far: by the identifier of any of its versions. A number that stands here on another
/// record is a clash. A directory entry of its number that may not give way keeps it out.
pub(super) fn known(reader: &mut Reader<'_>, snapshot: &Snapshot, incoming: &Incoming) -> Result<Known> {
    let refused = |error| Ok(Known::Refused(error, incoming.record.type_code.clone()));
    let clash = || refused(Error::new(Code::NumberClash, "").rule(Rule::NumberUnique));
    for version in incoming.versions.iter().rev() {
        for key in &version.keys {
            if let Some(found) = reader.record_key(key)? {
                if !version.is_content(snapshot, &found.content) {
                    return clash();
                }
                let told = incoming.events.len();
                return Ok(match incoming.here(reader, &found)? {
                    Some(here) if here < told => Known::Behind(found, here),
                    Some(here) if here == told => Known::Here(found),
                    Some(_) | None => Known::Otherwise,
                });
            }
        }
    }
    for version in &incoming.versions {
        let keys = version.taken_keys(reader.index());
        if !reader.record_keys(&keys)?.is_empty() {
            return clash();
        }
        // Here it came in by itself, under another version of its type.
        let twins = version.twins(snapshot, reader.index());
        if !reader.record_keys(&twins)?.is_empty() {
            return Ok(Known::Otherwise);
        }
    }
    let entry = incoming.entry(reader)?;
    match incoming.versions.first().filter(|_| entry.is_none()).map(|first| hosted::listed(reader, first)) {
        Some(Err(error)) if error.code.class() == Class::Refused => refused(error),
        Some(listed) => listed.map(|listed| Known::New(entry, listed.is_some())),
        None => Ok(Known::New(entry, false)),
    }
}

/// The result of beginning a record here.
#[derive(Default)]
pub(super) struct LineStored {
    pub entries: Vec<[u8; 32]>,
    /// Under which id it stands here.
    pub record_id: [u8; 16],
    pub took_over: bool,
    pub ended: usize,
    /// Ends that rules propose to issuers of records of here.
    pub proposals: usize,
    /// Proposals that came with it.
    pub proposals_told: usize,
    /// It was here without the entries that gave way to it, and has them now.
    pub gained: bool,
}

/// A record on its way through its events: its rows as they are now, and how many versions were made.
struct Progress {
    rows: Whole,
    versions: usize,
    entries: Vec<[u8; 32]>,
}

impl Incoming {
    /// By what the record is told from others.
    pub fn key(&self, index: &IndexKey) -> [u8; 16] {
        self.versions.first().map_or([0; 16], |first| index.identifier_key(&first.identifier))
    }

    /// How many of its events are here, the first ones; none where this registry knows another history of the record.
    fn here(&self, reader: &mut Reader<'_>, found: &RecordKey) -> Result<Option<usize>> {
        let Some(holder) = found.holders.first() else { return Ok(None) };
        let stored = reader.events_of(holder, &found.record_id)?;
        Ok(same_so_far(&stored, &self.events).then_some(stored.len()))
    }

    /// Repeats here the events that came since the first `here` ones; `place.first` is the leaf of the first of them. The
    /// marks of the certificate follow it.
    pub fn go_on(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (rules, label): (&Rules, &str),
        (found, here): (&RecordKey, usize),
    ) -> Result<LineStored> {
        let none = || refused(Rule::EventSubject);
        let (past, rest) = self.events.split_at_checked(here).ok_or_else(none)?;
        let versions = past.iter().filter(|event| event.made).count();
        let last = versions.checked_sub(1).and_then(|at| self.versions.get(at)).ok_or_else(none)?;
        let kept = kept::readable(writer, &last.identifier)?.ok_or_else(none)?;
        let mut progress = Progress { rows: kept.whole()?, versions, entries: Vec::new() };
        self.repeat(writer, place, (label, rest), &mut progress)?;
        let newest = progress.rows.first().clone();
        let about = (newest.type_code.as_str(), newest.body.identifier.as_str());
        let new_version = rest.iter().any(|event| event.made);
        let lives = rules.follow(writer, about, new_version, &place.behind(progress.entries.len()))?;
        progress.entries.extend(lives.entries);
        ends::take_back(writer, &rules.snapshot, about, place.at)?;
        let proposals_told = self.adopt(writer, &progress.rows)?;
        let (mut entries, record_id) = (progress.entries, found.record_id);
        let earlier = self.put_before(writer, &place.behind(entries.len()), label, record_id)?;
        let gained = !earlier.is_empty();
        entries.extend(earlier);
        Ok(LineStored { entries, record_id, proposals_told, gained, ..LineStored::default() })
    }

    /// Repeats the entries that gave way to it, where it came without them: in a file of layout 1.
    fn put_before(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        label: &str,
        record_id: [u8; 16],
    ) -> Result<Vec<[u8; 32]>> {
        let missing = self.entry(writer)?.filter(|at| !at.is_here());
        let (Some(chain), Some(first), Some(at)) = (&self.earlier, self.versions.first(), missing) else {
            return Ok(Vec::new());
        };
        let entries = chain.write(writer, place, label, &at)?;
        chain.lead_to(writer, first, record_id)?;
        Ok(entries)
    }

    /// Where the entries that gave way to it are repeated from; none where there were none, or where this registry knows
    /// another entry of its number.
    fn entry(&self, reader: &mut Reader<'_>) -> Result<Option<ChainPlace>> {
        let (Some(chain), Some(first)) = (&self.earlier, self.versions.first()) else { return Ok(None) };
        let Some(at) = chain.place(reader)? else { return Ok(None) };
        let number = first.listed_key(reader.index());
        let listed = number.map(|key| reader.record_key(&key)).transpose()?.flatten();
        let own = |listed: &RecordKey| at.is_of(&listed.record_id);
        Ok(listed.as_ref().is_none_or(own).then_some(at))
    }

    /// Repeats here the events of there; `place.first` is the leaf of the first event. The rules of the
    /// catalog then apply to it and to the records here, but propose nothing about those of which the file tells itself.
    pub fn write(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (rules, told): (&Rules, &ToldHere),
        (label, entry): (&str, Option<&ChainPlace>),
    ) -> Result<LineStored> {
        let none = || refused(Rule::EventSubject);
        let (first, rest) = self.events.split_first().ok_or_else(none)?;
        let version = self.versions.first().ok_or_else(none)?;
        let happened = first.anew(label, &version.identifier, place)?;
        let record_id = random::pooled()?;
        let mut rows = version.whole(record_id, first.state, None, place)?;
        rows.prepare(|row| self.set(row, first, (self.known_since(1), rest.is_empty())));
        let begun = match (&self.earlier, entry) {
            (Some(chain), Some(at)) => {
                let mut entries = vec![rows.begin(writer, place, &happened)?];
                entries.extend(chain.write(writer, &place.behind(1), label, at)?);
                version.take_keys(writer, record_id)?;
                chain.lead_to(writer, version, record_id)?;
                Begun { entries, took_over: at.is_here() }
            }
            _ => begin(writer, place, version, &rows, &happened, label)?,
        };
        let mut progress = Progress { rows, versions: 1, entries: begun.entries };
        self.repeat(writer, place, (label, rest), &mut progress)?;
        let Progress { rows, mut entries, .. } = progress;
        let began = first.event.effective_on;
        let due = ends::due_of_new(writer, rules, &rows, began, place.at.day())?.but_of(told.records());
        let ends = due.carry_out(writer, rules, &place.behind(entries.len()))?;
        entries.extend(ends.entries);
        let (ended, proposals) = (ends.ended.len(), ends.proposals.len());
        let proposals_told = self.adopt(writer, &rows)?;
        let took_over = begun.took_over;
        Ok(LineStored { entries, record_id, took_over, ended, proposals, proposals_told, gained: false })
    }

    /// What the rules would do where it is new here; nothing is written.
    pub fn foreseen(
        &self,
        reader: &mut Reader<'_>,
        (rules, told): (&Rules, &ToldHere),
        place: &Place,
    ) -> Result<LineStored> {
        let none = || refused(Rule::EventSubject);
        let version = self.versions.last().ok_or_else(none)?;
        let first = self.events.first().ok_or_else(none)?;
        let began = first.event.effective_on;
        let rows = version.whole([0; 16], self.record.state, None, place)?;
        let due = ends::due_of_new(reader, rules, &rows, began, place.at.day())?.but_of(told.records());
        let (ended, proposals) = (due.ended(), due.proposed());
        let proposals_told = self.record.proposals.len();
        Ok(LineStored { ended, proposals, proposals_told, ..LineStored::default() })
    }

    /// Takes over what the file tells of proposals to end it; how many of them this changed.
    fn adopt(&self, writer: &mut Writer<'_>, rows: &Whole) -> Result<usize> {
        proposed::adopt(writer, rows.first(), &self.record.proposals)
    }

    /// The same where all of the record is here under that key.
    pub fn adopt_here(
        &self,
        writer: &mut Writer<'_>,
        (place, label): (&Place, &str),
        found: &RecordKey,
    ) -> Result<LineStored> {
        let first = match found.holders.first().filter(|_| !self.record.proposals.is_empty()) {
            Some(holder) => writer.record(holder, &found.record_id)?,
            None => None,
        };
        let proposals_told = match first {
            Some(Opened::Record(row)) => proposed::adopt(writer, &row, &self.record.proposals)?,
            Some(Opened::Damaged { .. }) | None => 0,
        };
        let (entries, record_id) = (self.put_before(writer, place, label, found.record_id)?, found.record_id);
        let gained = !entries.is_empty();
        Ok(LineStored { entries, record_id, proposals_told, gained, ..LineStored::default() })
    }

    /// How many of its proposals would be taken over where the record is here under that key; nothing is written.
    pub fn foreseen_here(&self, reader: &mut Reader<'_>, found: &RecordKey) -> Result<LineStored> {
        let proposals_told = proposed::unknown(reader, &found.record_id, &self.record.proposals)?;
        let gained = self.entry(reader)?.is_some_and(|at| !at.is_here());
        Ok(LineStored { record_id: found.record_id, proposals_told, gained, ..LineStored::default() })
    }

    /// Repeats events after what was made of the record so far; `place.first` is the leaf of its first entry.
    fn repeat(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (label, rest): (&str, &[Replayed]),
        progress: &mut Progress,
    ) -> Result<()> {
        for (left, event) in (0..rest.len()).rev().zip(rest) {
            let place = place.behind(progress.entries.len());
            progress.versions += usize::from(event.made);
            let version = progress.versions.checked_sub(1).and_then(|at| self.versions.get(at));
            let version = version.ok_or_else(|| refused(Rule::EventSubject))?;
            let known_since = self.known_since(progress.versions);
            let happened = event.anew(label, &version.identifier, &place)?;
            let set = |row: &mut StoredRecord| self.set(row, event, (known_since, left == 0));
            let rows = &mut progress.rows;
            progress.entries.push(if event.made {
                let record_id = rows.first().record_id;
                version.take_keys(writer, record_id)?;
                let signed = version.clone().under(rows.rows().map(|row| row.hk));
                let mut made = signed.whole(record_id, event.state, None, &place)?;
                made.prepare(set);
                rows.supersede(writer, &place, &happened, made)?
            } else {
                rows.change(writer, &place, &happened, set)?
            });
        }
        Ok(())
    }

    /// When the other registry knew a version (from 1), if its key was revoked later.
    fn known_since(&self, version: usize) -> Option<Moment> {
        version.checked_sub(1).and_then(|at| self.known_since.get(at).copied()).flatten()
    }

    /// The row as an event leaves it. The line gives the copy's age and the next review as of the last event,
    /// not as of this one.
    fn set(&self, row: &mut StoredRecord, replayed: &Replayed, (known_since, last): (Option<Moment>, bool)) {
        row.state = replayed.state;
        row.disputed = replayed.disputed;
        row.body.logged_at = known_since.unwrap_or(row.body.logged_at);
        if last {
            row.as_of = self.record.as_of;
            row.body.review_due = self.record.review_due;
        }
    }
}
