//! A directory entry in an export: each of its versions passes the rules of here, then its history is repeated here.
//! No issuer signed it: the other registry's signature on the line vouches for what it says.

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
use crate::registry::transfer::line::{HolderLine, RecordLine, VersionLine, refused};
use crate::registry::transfer::replay::{Replayed, VersionMade, replayed};
use crate::rule::Rule;
use crate::store::{Reader, StoredRecord, Writer};
use crate::trust::random;

/// An entry of the file that passed every check.
pub(super) struct IncomingEntry {
    identifier: String,
    /// The number of the first of its versions.
    first: i32,
    versions: Vec<Listing>,
    events: Vec<Replayed>,
    as_of: Moment,
    review_due: Option<Day>,
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
    /// The entry of a line whose events the other log has.
    pub(super) fn incoming_entry(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        record: &RecordLine,
        events: Vec<Event>,
    ) -> Result<IncomingEntry> {
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
        if made.iter().any(|one| one.identifier != identifier) {
            return Err(refused(Rule::VersionOrder));
        }
        let events = replayed(snapshot, record, events, &made)?;
        let first = i32::try_from(first).map_err(Error::internal)?;
        Ok(IncomingEntry {
            identifier,
            first,
            versions,
            events,
            as_of: record.as_of,
            review_due: record.review_due,
        })
    }
}

impl IncomingEntry {
    /// Whether the entry is here, in one of its versions.
    ///
    /// # Errors
    /// `number_clash` if something else has its identifier or its number.
    pub fn is_here(&self, reader: &mut Reader<'_>, place: &Place) -> Result<bool> {
        let last = self.versions.last().ok_or_else(|| refused(Rule::DirectoryHistory))?;
        let Some(found) = last.found(reader, &self.identifier)? else { return Ok(false) };
        for listing in &self.versions {
            let first = found.first();
            let as_here = (first.record_id, first.version, first.state);
            if say_the_same(&found, &listing.rows(place, &self.identifier, as_here)?) {
                return Ok(true);
            }
        }
        Err(Error::new(Code::NumberClash, "another entry has this number or identifier")
            .at("number")
            .rule(Rule::NumberUnique))
    }

    /// Repeats here the events of there; `place.first` is the leaf of the first event.
    pub fn write(&self, writer: &mut Writer<'_>, place: &Place, label: &str) -> Result<Vec<[u8; 32]>> {
        let none = || refused(Rule::EventSubject);
        let record_id = random::pooled()?;
        let (first, rest) = self.events.split_first().ok_or_else(none)?;
        let mut versions = (self.first..).zip(&self.versions);
        let (number, mut version) = versions.next().ok_or_else(none)?;
        let mut rows = version.rows(place, &self.identifier, (record_id, number, first.state))?;
        rows.prepare(|row| self.set(row, first, rest.is_empty()));
        let mut entries = vec![rows.begin(writer, place, &first.anew(label, &self.identifier, place)?)?];
        for (left, event) in (0..rest.len()).rev().zip(rest) {
            let place = place.behind(entries.len());
            let happened = event.anew(label, &self.identifier, &place)?;
            let set = |row: &mut StoredRecord| self.set(row, event, left == 0);
            let next = if event.made { versions.next() } else { None };
            entries.push(match next {
                Some((number, next)) => {
                    version = next;
                    let mut made: Whole =
                        next.rows(&place, &self.identifier, (record_id, number, event.state))?;
                    made.prepare(set);
                    rows.supersede(writer, &place, &happened, made)?
                }
                None => rows.change(writer, &place, &happened, set)?,
            });
        }
        version.take_keys(writer, rows.first())?;
        Ok(entries)
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
