//! A directory entry in an export: each of its versions passes the rules of here, then its history is repeated here.
//! No issuer signed it: the other registry's signature on the line vouches for what it says.
//!
//! An entry whose holders changed is a chain of parts under one identifier, each with holders of its own; so is what gave
//! way to a record whose body came in. A chain of which the first part or the first events are here goes on from there.

use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::policy::Actor;
use crate::record::event::Event;
use crate::record::payload::Validity;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::change::Whole;
use crate::registry::records::directory::{DirectoryDraft, Listing, say_the_same};
use crate::registry::records::draft::DraftHolder;
use crate::registry::records::hosted;
use crate::registry::records::signed::Signed;
use crate::registry::transfer::history::{Replayed, VersionMade, replayed, same_so_far};
use crate::registry::transfer::line::{HolderLine, RecordLine, VersionLine, refused};
use crate::rule::Rule;
use crate::store::{Reader, RecordKey, StoredRecord, Writer};
use crate::trust::{IndexKey, random};

/// The parts of an entry of the file, oldest first, all of which passed every check.
pub(super) struct EntryChain {
    identifier: String,
    parts: Vec<Part>,
}

/// A part: the entry under the same holders.
struct Part {
    /// The number of the first of its versions.
    first: i32,
    versions: Vec<Listing>,
    events: Vec<Replayed>,
    as_of: Moment,
    review_due: Option<Day>,
}

/// How far a chain is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChainPlace {
    /// The part that the identifier leads to.
    part: usize,
    /// How many of its events are here.
    events: usize,
    /// The record of the part; none where nothing of the chain is here.
    record_id: Option<[u8; 16]>,
}

impl ChainPlace {
    /// Whether something of the chain is here.
    pub fn is_here(&self) -> bool {
        self.record_id.is_some()
    }

    /// Whether the part that is here is that record.
    pub fn is_of(&self, record_id: &[u8; 16]) -> bool {
        self.record_id.as_ref() == Some(record_id)
    }
}

/// What becomes of an entry of the file.
pub(super) enum EntryKnown {
    /// Nothing of it is here.
    New(ChainPlace),
    /// A part of it is.
    Behind(ChainPlace),
    /// All of it, or this registry knows more.
    Here,
}

/// What one version says.
struct Version<'a> {
    custody: Custody,
    as_of: Moment,
    valid_from: Option<Day>,
    valid_to: Option<Day>,
    holders: &'a [HolderLine],
}

impl<'a> Version<'a> {
    fn of(record: &'a RecordLine, line: &'a VersionLine, last: bool) -> Result<Self> {
        if last {
            return Ok(Self {
                custody: record.custody,
                as_of: record.as_of,
                valid_from: record.valid_from,
                valid_to: record.valid_to,
                holders: &record.holders,
            });
        }
        let listed = line.listed.as_ref().ok_or_else(|| refused(Rule::DirectoryHistory))?;
        let (custody, as_of, holders) = (listed.custody, listed.as_of, listed.holders.as_slice());
        Ok(Self { custody, as_of, valid_from: listed.valid_from, valid_to: listed.valid_to, holders })
    }

    fn draft(&self, record: &RecordLine) -> DirectoryDraft {
        let said = |name: &str| Some(self.holders.first()?.directory.get(name)?.as_str()?.to_owned());
        let holder = |holder: &HolderLine| DraftHolder {
            code_type: holder.code_type.clone(),
            code: holder.code.clone(),
            name: holder.directory.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned(),
            role: Some(holder.role.clone()),
            share: None,
        };
        DirectoryDraft {
            type_code: record.type_code.clone(),
            issuer: record.issuer.clone(),
            holders: self.holders.iter().map(holder).collect(),
            custody: self.custody,
            number: said("number"),
            office: said("office").unwrap_or_default(),
            note: said("note"),
            issued_on: said("issued_on").and_then(|day| day.parse().ok()),
            valid_from: self.valid_from,
            valid_to: self.valid_to.map(Validity::Until),
        }
    }
}

impl Registry {
    /// The entry of a line whose events the other log has, with the parts before it. `events` has those of each part,
    /// oldest first.
    pub(super) fn incoming_entry(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        record: &RecordLine,
        events: (Vec<Event>, Vec<Vec<Event>>),
    ) -> Result<EntryChain> {
        let (own, earlier) = events;
        let mut chain = self.incoming_parts(actor, snapshot, &record.earlier, earlier)?;
        let (identifier, last) = self.incoming_part(actor, snapshot, record, own)?;
        if last.gave_way() || !chain.parts.is_empty() && chain.identifier != identifier {
            return Err(refused(Rule::DirectoryHistory));
        }
        chain.identifier = identifier;
        chain.parts.push(last);
        chain.in_order()
    }

    /// The entries that gave way to a record of the file.
    pub(super) fn incoming_parts(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        earlier: &[RecordLine],
        events: Vec<Vec<Event>>,
    ) -> Result<EntryChain> {
        let mut chain = EntryChain { identifier: String::new(), parts: Vec::with_capacity(earlier.len()) };
        for (line, events) in earlier.iter().zip(events) {
            let (identifier, part) = self.incoming_part(actor, snapshot, line, events)?;
            let same = chain.parts.is_empty() || chain.identifier == identifier;
            if !same || !part.gave_way() || line.custody == Custody::Hosted {
                return Err(refused(Rule::DirectoryHistory));
            }
            chain.identifier = identifier;
            chain.parts.push(part);
        }
        chain.in_order()
    }

    fn incoming_part(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        record: &RecordLine,
        events: Vec<Event>,
    ) -> Result<(String, Part)> {
        let (mut made, mut versions) = (Vec::new(), Vec::new());
        // An entry whose holders changed goes on with the next version under its new ones.
        let first = record.versions.first().and_then(|line| u32::try_from(line.version).ok()).unwrap_or(1);
        for (number, line) in (first..).zip(&record.versions) {
            if i64::from(line.version) != i64::from(number) {
                return Err(refused(Rule::VersionOrder));
            }
            let (identifier, logged_at) = (line.identifier.as_str(), line.logged_at);
            made.push(VersionMade { identifier, version: number, envelope: None, logged_at });
            let version = Version::of(record, line, made.len() == record.versions.len())?;
            versions.push(self.listing_of(actor, version.draft(record), (identifier, version.as_of))?);
        }
        let identifier = made.first().map(|first| first.identifier.to_owned()).unwrap_or_default();
        if versions.is_empty() || made.iter().any(|one| one.identifier != identifier) {
            return Err(refused(Rule::VersionOrder));
        }
        let events = replayed(snapshot, record, events, &made)?;
        let first = i32::try_from(first).map_err(Error::internal)?;
        let (as_of, review_due) = (record.as_of, record.review_due);
        Ok((identifier, Part { first, versions, events, as_of, review_due }))
    }
}

impl EntryChain {
    /// By what the entry is told from others.
    pub fn key(&self, index: &IndexKey) -> [u8; 16] {
        index.identifier_key(&self.identifier)
    }

    /// Refuses parts whose versions do not follow each other.
    fn in_order(self) -> Result<Self> {
        let mut parts = self.parts.iter().zip(self.parts.iter().skip(1));
        match parts.all(|(one, next)| {
            one.first.checked_add(one.versions.len().try_into().unwrap_or(0)) == Some(next.first)
        }) {
            true => Ok(self),
            false => Err(refused(Rule::VersionOrder)),
        }
    }

    /// How far the chain is here; none where something else has its identifier, or the entry has another history here.
    pub fn place(&self, reader: &mut Reader<'_>) -> Result<Option<ChainPlace>> {
        let identifier = reader.index().identifier_key(&self.identifier);
        let Some(found) = reader.record_key(&identifier)? else {
            return Ok(Some(ChainPlace { part: 0, events: 0, record_id: None }));
        };
        let Some(holder) = found.holders.first() else { return Ok(None) };
        let stored = reader.events_of(holder, &found.record_id)?;
        let is_of = |part: &Part| !stored.is_empty() && same_so_far(&stored, &part.events);
        let part = self.parts.iter().position(is_of);
        Ok(part.map(|part| ChainPlace { part, events: stored.len(), record_id: Some(found.record_id) }))
    }

    /// What becomes of the entry.
    ///
    /// # Errors
    /// `number_clash` if something else has its identifier or its number.
    pub fn known(&self, reader: &mut Reader<'_>, nowhere: &Place) -> Result<EntryKnown> {
        let at = self.place(reader)?;
        if let Some(at) = at.filter(ChainPlace::is_here) {
            let told = self.parts.get(at.part).map_or(0, |part| part.events.len());
            let whole = at.part + 1 == self.parts.len() && at.events >= told;
            return Ok(if whole { EntryKnown::Here } else { EntryKnown::Behind(at) });
        }
        let last = self.parts.last().ok_or_else(|| refused(Rule::DirectoryHistory))?;
        match (last.is_here(reader, (nowhere, &self.identifier))?, at) {
            (false, Some(at)) => Ok(EntryKnown::New(at)),
            (true, _) | (false, None) => Ok(EntryKnown::Here),
        }
    }

    /// Repeats here the events of there, from where the chain stands here; `place.first` is the leaf of the first event.
    pub fn write(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        label: &str,
        at: &ChainPlace,
    ) -> Result<Vec<[u8; 32]>> {
        let mut entries = Vec::new();
        for (number, part) in self.parts.iter().enumerate().skip(at.part) {
            let place = place.behind(entries.len());
            let here = at.record_id.filter(|_| number == at.part);
            entries.extend(match here {
                Some(record_id) => {
                    part.go_on(writer, &place, (label, &self.identifier), (record_id, at.events))?
                }
                None => part.write(writer, &place, (label, &self.identifier))?,
            });
        }
        Ok(entries)
    }

    /// Lets identifier and number of the entry lead to the record with its body, as where it gave way here.
    pub fn lead_to(&self, writer: &mut Writer<'_>, signed: &Signed, record_id: [u8; 16]) -> Result<()> {
        let identifier = writer.index().identifier_key(&self.identifier);
        for key in [Some(identifier), signed.listed_key(writer.index())].into_iter().flatten() {
            let (holders, content) = (signed.holders(), signed.content.0);
            let leads = RecordKey { key, record_id, version: 1, holders, content };
            match writer.record_key(&key)? {
                Some(_) => writer.replace_record_key(&leads)?,
                None => writer.insert_record_key(&leads)?,
            }
        }
        Ok(())
    }
}

/// A part on its way through its events: its rows, the version that they are, and how many were made.
struct Progress {
    rows: Whole,
    versions: usize,
    entries: Vec<[u8; 32]>,
}

impl Part {
    fn gave_way(&self) -> bool {
        self.events.last().is_some_and(Replayed::gives_way)
    }

    /// Whether the entry is here in one of its versions, though with another history.
    ///
    /// # Errors
    /// `number_clash` if something else has its identifier or its number.
    fn is_here(&self, reader: &mut Reader<'_>, (place, identifier): (&Place, &str)) -> Result<bool> {
        let last = self.versions.last().ok_or_else(|| refused(Rule::DirectoryHistory))?;
        let Some(found) = last.found(reader, identifier)? else { return Ok(false) };
        for listing in &self.versions {
            let first = found.first();
            let as_here = (first.record_id, first.version, first.state);
            if say_the_same(&found, &listing.rows(place, identifier, as_here)?) {
                return Ok(true);
            }
        }
        Err(Error::new(Code::NumberClash, "another entry has this number or identifier")
            .at("number")
            .rule(Rule::NumberUnique))
    }

    /// Begins the part here, and repeats its events.
    fn write(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (label, identifier): (&str, &str),
    ) -> Result<Vec<[u8; 32]>> {
        let none = || refused(Rule::EventSubject);
        let record_id = random::pooled()?;
        let (first, rest) = self.events.split_first().ok_or_else(none)?;
        let version = self.versions.first().ok_or_else(none)?;
        let mut rows = version.rows(place, identifier, (record_id, self.first, first.state))?;
        rows.prepare(|row| self.set(row, first, rest.is_empty()));
        let begun = rows.begin(writer, place, &first.anew(label, identifier, place)?)?;
        let own = writer.index().identifier_key(identifier);
        if let Some(before) = writer.record_key(&own)? {
            hosted::keep_part(writer, identifier, &before)?;
        }
        let mut progress = Progress { rows, versions: 1, entries: vec![begun] };
        self.repeat(writer, place, (label, identifier), (rest, &mut progress))?;
        Ok(progress.entries)
    }

    /// Repeats the events of the part that came since the first `here` ones.
    fn go_on(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (label, identifier): (&str, &str),
        (record_id, here): ([u8; 16], usize),
    ) -> Result<Vec<[u8; 32]>> {
        let none = || refused(Rule::EventSubject);
        let (past, rest) = self.events.split_at_checked(here).ok_or_else(none)?;
        let versions = past.iter().filter(|event| event.made).count();
        let own = writer.index().identifier_key(identifier);
        let found = writer.record_key(&own)?.filter(|found| found.record_id == record_id).ok_or_else(none)?;
        let rows = hosted::old_rows(writer, &found)?;
        let mut progress = Progress { rows, versions, entries: Vec::new() };
        self.repeat(writer, place, (label, identifier), (rest, &mut progress))?;
        Ok(progress.entries)
    }

    fn repeat(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (label, identifier): (&str, &str),
        (rest, progress): (&[Replayed], &mut Progress),
    ) -> Result<()> {
        let none = || refused(Rule::EventSubject);
        let rows = &mut progress.rows;
        let record_id = rows.first().record_id;
        for (left, event) in (0..rest.len()).rev().zip(rest) {
            let place = place.behind(progress.entries.len());
            let happened = event.anew(label, identifier, &place)?;
            let set = |row: &mut StoredRecord| self.set(row, event, left == 0);
            progress.entries.push(if event.made {
                let number =
                    i32::try_from(progress.versions).ok().and_then(|made| self.first.checked_add(made));
                let next = self.versions.get(progress.versions).ok_or_else(none)?;
                progress.versions += 1;
                let as_made = (record_id, number.ok_or_else(none)?, event.state);
                let mut made: Whole = next.rows(&place, identifier, as_made)?;
                made.prepare(set);
                rows.supersede(writer, &place, &happened, made)?
            } else if event.gives_way() {
                rows.clone().give_way(writer, &place, &happened)?
            } else {
                rows.change(writer, &place, &happened, set)?
            });
        }
        let version =
            progress.versions.checked_sub(1).and_then(|at| self.versions.get(at)).ok_or_else(none)?;
        version.take_keys(writer, rows.first())
    }

    /// The row as an event leaves it; the line gives age and next review as of the last event.
    fn set(&self, row: &mut StoredRecord, replayed: &Replayed, last: bool) {
        row.state = replayed.state;
        row.disputed = replayed.disputed;
        if last {
            row.as_of = self.as_of;
            row.body.review_due = self.review_due;
        }
    }
}
