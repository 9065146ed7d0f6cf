//! A change of a record under every holder (I8): the rows, one event copy beside each, and the entry for the log.
//!
//! Nothing else writes the rows of a record, except the import, which stores many at once. A change is part
//! of the caller's transaction: an error under one holder, or a crash before the commit, leaves the rows of
//! all holders as they were. [`Whole`] makes "every holder" sure: nobody can have only some of the rows.

use crate::error::{Code, Error, Result};
use crate::record::action::Action;
use crate::registry::access::entry::Touched;
use crate::registry::base::happened::Happened;
use crate::registry::base::ledger::Place;
use crate::store::{SettledBy, StoredRecord, Writer};
use crate::trust::HolderKey;

/// The actions that a rule of a type proposes to the issuer of another record.
const PROPOSED: [Action; 2] = [Action::Cancel, Action::Lapse];

/// The current rows of one record, one under each of its holders, as they were read.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Whole {
    first: StoredRecord,
    others: Vec<StoredRecord>,
}

impl Whole {
    /// Of rows under these holders, in their order.
    ///
    /// # Errors
    /// `record_damaged` unless there is one row under each, all of one version of one record.
    pub fn of(rows: Vec<StoredRecord>, holders: &[HolderKey]) -> Result<Self> {
        let damaged = || Error::new(Code::RecordDamaged, "the rows of a record are not whole");
        let mut rows = rows.into_iter();
        let first = rows.next().ok_or_else(damaged)?;
        let whole = Self { first, others: rows.collect() };
        let same =
            |row: &StoredRecord| (row.record_id, row.version) == (whole.first.record_id, whole.first.version);
        let under = whole.rows().map(|row| &row.hk).eq(holders);
        if under && whole.rows().all(same) { Ok(whole) } else { Err(damaged()) }
    }

    /// The first holder's row.
    pub fn first(&self) -> &StoredRecord {
        &self.first
    }

    /// All rows, in the order of the holders.
    pub fn rows(&self) -> impl Iterator<Item = &StoredRecord> + Clone {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// On whose lists a change of it stands: each holder's own.
    pub fn touched_each(&self) -> Vec<Touched> {
        Touched::each(self.rows().map(|row| (&*row.body.holder.0, &*row.body.holder.1, row.hk)))
    }

    /// The same of those who are not among `holders`: it is taken from them where it goes to `holders`.
    pub fn touched_besides(&self, holders: &[HolderKey]) -> Vec<Touched> {
        let others = self.rows().filter(|row| !holders.contains(&row.hk));
        Touched::each(others.map(|row| (&*row.body.holder.0, &*row.body.holder.1, row.hk)))
    }

    fn rows_mut(&mut self) -> impl Iterator<Item = &mut StoredRecord> {
        std::iter::once(&mut self.first).chain(&mut self.others)
    }

    /// Fills in the values that the maker of new rows does not know.
    pub fn prepare(&mut self, edit: impl Fn(&mut StoredRecord)) {
        self.rows_mut().for_each(edit);
    }

    /// Begins a record: its rows and its first event. Returns the entry, whose leaf is `place.first`.
    pub fn begin(&self, writer: &mut Writer<'_>, place: &Place, happened: &Happened) -> Result<[u8; 32]> {
        for row in self.rows() {
            writer.insert_record(row)?;
            writer.insert_event(&happened.copy(row.hk, row.record_id, 1, place))?;
        }
        Ok(happened.entry())
    }

    /// Changes the rows of the present version. Returns the entry, whose leaf is `place.first`.
    ///
    /// # Errors
    /// `version_conflict` if a row is no longer the one that was read.
    pub fn change(
        &mut self,
        writer: &mut Writer<'_>,
        place: &Place,
        happened: &Happened,
        edit: impl Fn(&mut StoredRecord),
    ) -> Result<[u8; 32]> {
        for row in self.rows_mut() {
            edit(row);
            row.log.clone_from(&place.log);
            row.leaf = place.first;
            writer.replace_record(row)?;
        }
        self.note(writer, place, happened)
    }

    /// Replaces the present version with a new one; the old one goes to the past records. An objection stays
    /// open. Returns the entry, whose leaf is `place.first`.
    ///
    /// # Errors
    /// `version_conflict` if a row is no longer the one that was read; `internal` unless the new version has
    /// the same holders, in any order.
    pub fn supersede(
        &mut self,
        writer: &mut Writer<'_>,
        place: &Place,
        happened: &Happened,
        mut next: Self,
    ) -> Result<[u8; 32]> {
        let others = || Error::internal("a new version under other holders");
        if next.others.len() != self.others.len() {
            return Err(others());
        }
        for row in next.rows_mut() {
            let old = self.rows().find(|old| old.hk == row.hk).ok_or_else(others)?;
            writer.retire_record(old)?;
            row.row_seq = old.row_seq + 1;
            row.disputed = old.disputed;
            writer.insert_record(row)?;
        }
        *self = next;
        self.note(writer, place, happened)
    }

    /// Takes the record out of the current ones, with a last event that names its replacement. Returns the
    /// entry, whose leaf is `place.first`.
    ///
    /// # Errors
    /// `version_conflict` if a row is no longer the one that was read.
    pub fn give_way(self, writer: &mut Writer<'_>, place: &Place, happened: &Happened) -> Result<[u8; 32]> {
        for row in self.rows() {
            writer.retire_record(row)?;
        }
        self.note(writer, place, happened)
    }

    /// An end that was proposed is settled once the record has ended, by whatever way.
    fn settle_proposals(&self, writer: &mut Writer<'_>, place: &Place) -> Result<()> {
        let over = |action: &Action| action.apply(Some(self.first.state)).is_err();
        let over: Vec<&str> = PROPOSED.into_iter().filter(over).map(Action::wire).collect();
        if over.is_empty() {
            return Ok(());
        }
        let settled = (place.at.micros(), SettledBy::Ended);
        writer.settle_proposals(&self.first.record_id, &over, settled).map(drop)
    }

    fn note(&self, writer: &mut Writer<'_>, place: &Place, happened: &Happened) -> Result<[u8; 32]> {
        self.settle_proposals(writer, place)?;
        for row in self.rows() {
            let seq = writer.next_event_seq(&row.hk, &row.record_id)?;
            writer.insert_event(&happened.copy(row.hk, row.record_id, seq, place))?;
        }
        Ok(happened.entry())
    }
}
