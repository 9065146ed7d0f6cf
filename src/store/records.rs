//! The rows of `records` and `past_records`: directory and vault in one, one row for each holder (I8).
//!
//! The clear columns are those that the lookup sorts by and the verdict needs. The seal covers all of them,
//! so that editing one makes the row damaged instead of making a revoked licence valid.

use diesel::dsl;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::any::AnyConnection;
use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::row_body::RowBody;
use super::schema::{past_records, records};
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, Vault, holder_key_of};
use crate::catalog::{Custody, Kind};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::record::State;
use crate::trust::{Aad, HolderKey};

/// A record as one of its holders' rows has it, opened.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    /// The holder of the row.
    pub hk: HolderKey,
    /// Type code, 21 characters.
    pub type_code: String,
    /// 16 random bytes, the same in every holder's row and in every version.
    pub record_id: [u8; 16],
    /// Certificate, proof, …
    pub kind: Kind,
    /// Where the body is.
    pub custody: Custody,
    /// From 1.
    pub version: i32,
    /// Absent in the clear if the identifier holds a person's number; then it stands in the body only.
    pub identifier: Option<String>,
    /// The issuing agency's credit code.
    pub issuer: String,
    /// Never `expired`: that is computed.
    pub state: State,
    /// First valid day.
    pub valid_from: Option<Day>,
    /// Last valid day; none for 长期 and for types without an end.
    pub valid_to: Option<Day>,
    /// The feed or instant this copy came with.
    pub as_of: Moment,
    /// An objection is open.
    pub disputed: bool,
    /// The log that holds the leaf.
    pub log: String,
    /// The leaf of the event that gave the row its present state.
    pub leaf: u64,
    /// Raised by each change of the row; sealing it anew in another layout does not count.
    pub row_seq: i64,
    /// The part under the seal.
    pub body: RowBody,
}

/// A row of a holder: opened, or damaged for itself alone.
#[derive(Debug, Clone)]
pub enum Opened {
    /// The seal held.
    Record(Box<StoredRecord>),
    /// The seal did not hold: the row only claims the type, and nothing more is known.
    Damaged {
        /// As the row claims.
        type_code: String,
        /// As the row claims.
        record_id: Vec<u8>,
    },
}

/// Closed lists stand in columns by their place in the list (from 1), states by the number of their code.
fn place<T: Copy + PartialEq>(all: &[T], value: T) -> i16 {
    all.iter().zip(1..).find(|(one, _)| **one == value).map_or(0, |(_, place)| place)
}

fn at_place<T: Copy>(all: &[T], place: i16) -> Option<T> {
    all.get(usize::try_from(place.checked_sub(1)?).ok()?).copied()
}

fn state_column(state: State) -> i16 {
    state.code().parse().unwrap_or(0)
}

fn state_of(column: i16) -> Option<State> {
    // 有效 is the state of nearly every row; the codes are texts, and reading each of them costs time.
    if column == 1 {
        return Some(State::Active);
    }
    State::ALL.iter().copied().find(|state| state_column(*state) == column)
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = records, treat_none_as_default_value = false)]
pub(super) struct Row {
    pub(super) hk: Vec<u8>,
    pub(super) type_code: String,
    pub(super) record_id: Vec<u8>,
    kind: i16,
    custody: i16,
    pub(super) version: i32,
    identifier: Option<String>,
    issuer: String,
    state: i16,
    valid_from: Option<i32>,
    valid_to: Option<i32>,
    as_of: i64,
    disputed: bool,
    log: String,
    leaf: i64,
    row_seq: i64,
    key_id: i32,
    pub(super) sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.hk).text(&self.type_code).raw(&self.record_id);
        aad.integer(i64::from(self.kind)).integer(i64::from(self.custody)).integer(i64::from(self.version));
        aad.text_or_null(self.identifier.as_deref()).text(&self.issuer).integer(i64::from(self.state));
        aad.integer_or_null(self.valid_from.map(i64::from)).integer_or_null(self.valid_to.map(i64::from));
        aad.integer(self.as_of).boolean(self.disputed).text(&self.log).integer(self.leaf);
        aad.integer(self.row_seq);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

pub(super) fn open(table: &str, mut row: Row, vault: &Vault, aad: &mut Aad) -> Opened {
    let damaged = |row: Row| Opened::Damaged { type_code: row.type_code, record_id: row.record_id };
    let plain = sealed::open(table, &mut row, vault, aad);
    let Some(body) = plain.and_then(|(layout, plain)| RowBody::from_bytes(layout, plain)) else {
        return damaged(row);
    };
    let (Some(kind), Some(custody), Some(state)) =
        (at_place(Kind::ALL, row.kind), at_place(Custody::ALL, row.custody), state_of(row.state))
    else {
        return damaged(row);
    };
    let (Some(hk), Ok(record_id), Ok(leaf)) =
        (holder_key_of(&row.hk), <[u8; 16]>::try_from(row.record_id.as_slice()), u64::try_from(row.leaf))
    else {
        return damaged(row);
    };
    Opened::Record(Box::new(StoredRecord {
        hk,
        type_code: row.type_code,
        record_id,
        kind,
        custody,
        version: row.version,
        identifier: row.identifier,
        issuer: row.issuer,
        state,
        valid_from: row.valid_from.and_then(Day::from_number),
        valid_to: row.valid_to.and_then(Day::from_number),
        as_of: Moment::from_micros(row.as_of),
        disputed: row.disputed,
        log: row.log,
        leaf,
        row_seq: row.row_seq,
        body,
    }))
}

pub(super) fn seal(table: &str, record: &StoredRecord, vault: &Vault) -> Result<Row> {
    let key = vault.current(Purpose::Registry)?;
    let mut row = Row {
        hk: record.hk.bytes().to_vec(),
        type_code: record.type_code.clone(),
        record_id: record.record_id.to_vec(),
        kind: place(Kind::ALL, record.kind),
        custody: place(Custody::ALL, record.custody),
        version: record.version,
        identifier: record.identifier.clone(),
        issuer: record.issuer.clone(),
        state: state_column(record.state),
        valid_from: record.valid_from.map(Day::number),
        valid_to: record.valid_to.map(Day::number),
        as_of: record.as_of.micros(),
        disputed: record.disputed,
        log: record.log.clone(),
        leaf: i64::try_from(record.leaf).map_err(Error::internal)?,
        row_seq: record.row_seq,
        key_id: 0,
        sealed: Vec::new(),
    };
    sealed::seal(table, &mut row, &key, &record.body.to_bytes())?;
    Ok(row)
}

macro_rules! insert_into {
    ($conn:expr, $table:ident, $row:expr) => {
        native!($conn, c => diesel::insert_into($table::table)
            .values((
                $table::hk.eq(&$row.hk), $table::type_code.eq(&$row.type_code), $table::record_id.eq(&$row.record_id),
                $table::kind.eq($row.kind), $table::custody.eq($row.custody), $table::version.eq($row.version),
                $table::identifier.eq(&$row.identifier), $table::issuer.eq(&$row.issuer), $table::state.eq($row.state),
                $table::valid_from.eq($row.valid_from), $table::valid_to.eq($row.valid_to), $table::as_of.eq($row.as_of),
                $table::disputed.eq($row.disputed), $table::log.eq(&$row.log), $table::leaf.eq($row.leaf),
                $table::row_seq.eq($row.row_seq), $table::key_id.eq($row.key_id), $table::sealed.eq(&$row.sealed),
            ))
            .execute(c))
    };
}

/// Adds one current row that was sealed before.
pub(super) fn insert(conn: &mut AnyConnection, row: &Row) -> Result<()> {
    insert_into!(conn, records, row).map(drop).map_err(dialect::fault)
}

impl Reader<'_> {
    /// Every current record of a holder, in type order, however many there are. For checks and tests; requests read
    /// [`Reader::records_page`].
    #[doc(hidden)]
    pub fn records_of(&mut self, hk: &HolderKey) -> Result<Vec<Opened>> {
        let vault = self.vault;
        let rows: Vec<Row> = native!(self.conn, c => records::table
            .filter(records::hk.eq(hk.bytes().as_slice()))
            .order((records::type_code, records::record_id))
            .load(c))
        .map_err(dialect::fault)?;
        let mut aad = Aad::new();
        Ok(rows.into_iter().map(|row| open("records", row, vault, &mut aad)).collect())
    }

    /// The current records of one type of a holder.
    pub fn records_of_type(&mut self, hk: &HolderKey, type_code: &str) -> Result<Vec<Opened>> {
        let vault = self.vault;
        let rows: Vec<Row> = native!(self.conn, c => records::table
            .filter(records::hk.eq(hk.bytes().as_slice()).and(records::type_code.eq(type_code)))
            .order(records::record_id)
            .load(c))
        .map_err(dialect::fault)?;
        let mut aad = Aad::new();
        Ok(rows.into_iter().map(|row| open("records", row, vault, &mut aad)).collect())
    }

    /// Whether any record of a type stands in the directory without a body here.
    pub fn lists(&mut self, type_code: &str) -> Result<bool> {
        // The condition of the index `records_listed`: as a literal, since a bound value does not show that it holds.
        let listed = dsl::sql::<Bool>("custody <> 1");
        native!(self.conn, c => diesel::select(dsl::exists(
            records::table.filter(listed).filter(records::type_code.eq(type_code)))).get_result(c))
        .map_err(dialect::fault)
    }

    /// One current record in one holder's row.
    pub fn record(&mut self, hk: &HolderKey, record_id: &[u8; 16]) -> Result<Option<Opened>> {
        let vault = self.vault;
        let row: Option<Row> = native!(self.conn, c => records::table
            .filter(records::hk.eq(hk.bytes().as_slice()).and(records::record_id.eq(record_id.as_slice())))
            .first(c)
            .optional())
        .map_err(dialect::fault)?;
        Ok(row.map(|row| open("records", row, vault, &mut Aad::new())))
    }

    /// The superseded versions of one record in one holder's row, oldest first.
    pub fn past_records(&mut self, hk: &HolderKey, record_id: &[u8; 16]) -> Result<Vec<Opened>> {
        let vault = self.vault;
        let rows: Vec<Row> = native!(self.conn, c => past_records::table
            .filter(past_records::hk.eq(hk.bytes().as_slice()).and(past_records::record_id.eq(record_id.as_slice())))
            .order(past_records::version)
            .load(c))
        .map_err(dialect::fault)?;
        let mut aad = Aad::new();
        Ok(rows.into_iter().map(|row| open("past_records", row, vault, &mut aad)).collect())
    }

    /// Walks all rows of `records` (or `past_records`) in key order, `limit` at a time, from after `after`.
    ///
    /// Returns the opened rows and the position to go on from; a short snapshot each, for fsck, export, rekeying.
    pub fn walk_records(
        &mut self,
        past: bool,
        after: Option<&WalkKey>,
        limit: i64,
    ) -> Result<(Vec<Opened>, Option<WalkKey>)> {
        let vault = self.vault;
        macro_rules! page {
            ($table:ident) => {{
                native!(self.conn, c => {
                    let mut query = $table::table.into_boxed();
                    if let Some(key) = after {
                        let deeper = $table::record_id.gt(&key.record_id).or($table::record_id.eq(&key.record_id).and($table::version.gt(key.version)));
                        // The bound makes SQLite begin there: without it each page sorts all rows that are left.
                        query = query.filter($table::hk.ge(&key.hk).and($table::hk.gt(&key.hk).or(deeper)));
                    }
                    query.order(($table::hk, $table::record_id, $table::version)).limit(limit).load::<Row>(c)
                })
            }};
        }
        let rows = if past { page!(past_records) } else { page!(records) }.map_err(dialect::fault)?;
        let next = rows.last().map(|row| WalkKey {
            hk: row.hk.clone(),
            record_id: row.record_id.clone(),
            version: row.version,
        });
        let table = if past { "past_records" } else { "records" };
        let mut aad = Aad::new();
        Ok((rows.into_iter().map(|row| open(table, row, vault, &mut aad)).collect(), next))
    }
}

/// The position of a walk over all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkKey {
    hk: Vec<u8>,
    record_id: Vec<u8>,
    version: i32,
}

impl Writer<'_> {
    /// Adds a current row.
    pub fn insert_record(&mut self, record: &StoredRecord) -> Result<()> {
        let row = seal("records", record, self.vault)?;
        insert(self.conn, &row)
    }

    /// Replaces a record's row with the changed record, sealed anew: `row_seq` is raised here.
    ///
    /// `version_conflict` if the row is no longer the one that was read.
    pub fn replace_record(&mut self, record: &mut StoredRecord) -> Result<()> {
        self.delete_record(record)?;
        record.row_seq += 1;
        self.insert_record(record)
    }

    /// Moves the rows of a record (its current one, its superseded versions, its events) from one key of a holder to
    /// another, sealed anew.
    ///
    /// # Errors
    /// `record_damaged` if one does not open; a fault if the record has rows under the other key.
    pub fn move_record(&mut self, record: &StoredRecord, to: HolderKey) -> Result<()> {
        let damaged = || Error::new(Code::RecordDamaged, "a row of this record does not open");
        let moved = |record: &StoredRecord| StoredRecord { hk: to, ..record.clone() };
        for past in self.past_records(&record.hk, &record.record_id)? {
            let Opened::Record(past) = past else { return Err(damaged()) };
            let row = seal("past_records", &moved(&past), self.vault)?;
            insert_into!(&mut *self.conn, past_records, row).map_err(dialect::fault)?;
        }
        native!(&mut *self.conn, c => diesel::delete(past_records::table.filter(
            past_records::hk.eq(record.hk.bytes().as_slice())
                .and(past_records::record_id.eq(record.record_id.as_slice()))))
            .execute(c))
        .map_err(dialect::fault)?;
        self.delete_record(record)?;
        self.insert_record(&moved(record))?;
        self.move_events(&record.hk, &record.record_id, to)
    }

    /// Moves the row that was read to `past_records`, because a newer version takes its place.
    pub fn retire_record(&mut self, record: &StoredRecord) -> Result<()> {
        self.delete_record(record)?;
        let row = seal("past_records", record, self.vault)?;
        insert_into!(&mut *self.conn, past_records, row).map(drop).map_err(dialect::fault)
    }

    /// Removes the row that was read.
    pub fn delete_record(&mut self, record: &StoredRecord) -> Result<()> {
        let gone = native!(&mut *self.conn, c => diesel::delete(records::table.filter(
            records::hk.eq(record.hk.bytes().as_slice())
                .and(records::type_code.eq(&record.type_code))
                .and(records::record_id.eq(record.record_id.as_slice()))
                .and(records::row_seq.eq(record.row_seq))))
            .execute(c))
        .map_err(dialect::fault)?;
        if gone == 1 {
            Ok(())
        } else {
            Err(Error::new(Code::VersionConflict, "the record has changed since it was read"))
        }
    }
}
