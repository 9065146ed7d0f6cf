//! Keyed hashes that make numbers, identifiers and contents unique, and lead from an identifier to its rows.

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::record_keys;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, Vault, holder_key_of};
use crate::error::{Code, Error, Result};
use crate::trust::{Aad, HolderKey};

pub(super) const TABLE: &str = "record_keys";

/// The record under a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// The keyed hash (`n`, `i` or `c`).
    pub key: [u8; 16],
    /// The record.
    pub record_id: [u8; 16],
    /// The version it stands for.
    pub version: i32,
    /// The holders whose rows have it.
    pub holders: Vec<HolderKey>,
    /// SHA-256 of the record's content form: equal content is the same record again.
    pub content: [u8; 32],
}

#[derive(Queryable)]
pub(super) struct Row {
    pub key: Vec<u8>,
    pub record_id: Vec<u8>,
    pub version: i32,
    pub key_id: i32,
    pub sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.key).raw(&self.record_id).integer(i64::from(self.version));
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

fn open(mut row: Row, vault: &Vault) -> Option<RecordKey> {
    let (_, plain) = sealed::open(TABLE, &mut row, vault, &mut Aad::new())?;
    let (holders, content) = plain.split_last_chunk::<32>()?;
    let holders = holders.chunks(16).map(holder_key_of).collect::<Option<Vec<_>>>()?;
    Some(RecordKey {
        key: row.key.as_slice().try_into().ok()?,
        record_id: row.record_id.as_slice().try_into().ok()?,
        version: row.version,
        holders,
        content: *content,
    })
}

/// SQLite and PostgreSQL both take lists of this length without a new plan each time.
pub(super) const CHUNK: usize = 500;

impl Reader<'_> {
    /// The record under a keyed hash; none if the key is free.
    ///
    /// # Errors
    /// `record_damaged` if the key is taken by a row that does not open. Its record is then unknown: the
    /// answer "nothing there" would be wrong, and another record may not take the key.
    pub fn record_key(&mut self, key: &[u8; 16]) -> Result<Option<RecordKey>> {
        let vault = self.vault;
        let row: Option<Row> =
            native!(self.conn, c => record_keys::table.find(key.as_slice()).first(c).optional())
                .map_err(dialect::fault)?;
        let damaged = || Error::new(Code::RecordDamaged, "a key row of a record does not open");
        row.map(|row| open(row, vault).ok_or_else(damaged)).transpose()
    }

    /// Walks all key rows in order from after `after`: the key's column and the row if it opens.
    pub fn walk_record_keys(
        &mut self,
        after: Option<&[u8]>,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, Option<RecordKey>)>> {
        let vault = self.vault;
        let rows: Vec<Row> = native!(self.conn, c => record_keys::table
            .filter(record_keys::key.gt(after.unwrap_or_default()))
            .order(record_keys::key)
            .limit(limit)
            .load(c))
        .map_err(dialect::fault)?;
        Ok(rows.into_iter().map(|row| (row.key.clone(), open(row, vault))).collect())
    }

    /// Which of many keyed hashes are taken; asked in chunks.
    pub fn record_keys(&mut self, keys: &[[u8; 16]]) -> Result<Vec<RecordKey>> {
        let vault = self.vault;
        let mut found = Vec::new();
        for chunk in keys.chunks(CHUNK) {
            let wanted: Vec<&[u8]> = chunk.iter().map(<[u8; 16]>::as_slice).collect();
            let rows: Vec<Row> =
                native!(self.conn, c => record_keys::table.filter(record_keys::key.eq_any(wanted)).load(c))
                    .map_err(dialect::fault)?;
            found.extend(rows.into_iter().filter_map(|row| open(row, vault)));
        }
        Ok(found)
    }
}

impl Writer<'_> {
    /// Takes a key for a record.
    pub fn insert_record_key(&mut self, key: &RecordKey) -> Result<()> {
        let row = seal(key, self.vault)?;
        native!(&mut *self.conn, c => diesel::insert_into(record_keys::table)
            .values((
                record_keys::key.eq(&row.key), record_keys::record_id.eq(&row.record_id), record_keys::version.eq(row.version),
                record_keys::key_id.eq(row.key_id), record_keys::sealed.eq(&row.sealed),
            ))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }

    /// Gives a key's row new holders, or lets it lead to another record (a body came in for a listed one).
    pub fn replace_record_key(&mut self, key: &RecordKey) -> Result<()> {
        let row = seal(key, self.vault)?;
        native!(&mut *self.conn, c => diesel::update(record_keys::table.find(&row.key))
            .set((record_keys::record_id.eq(&row.record_id), record_keys::version.eq(row.version), record_keys::key_id.eq(row.key_id), record_keys::sealed.eq(&row.sealed)))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }
}

/// Seals one key as its row.
pub(super) fn seal(key: &RecordKey, vault: &Vault) -> Result<Row> {
    let data_key = vault.current(Purpose::Registry)?;
    let mut row = Row {
        key: key.key.to_vec(),
        record_id: key.record_id.to_vec(),
        version: key.version,
        key_id: 0,
        sealed: Vec::new(),
    };
    let mut plain = Vec::with_capacity(key.holders.len() * 16 + 32);
    for holder in &key.holders {
        plain.extend_from_slice(holder.bytes());
    }
    plain.extend_from_slice(&key.content);
    sealed::seal(TABLE, &mut row, &data_key, &plain)?;
    Ok(row)
}
