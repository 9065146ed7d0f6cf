//! What makes writes safe to repeat: idempotency rows and import runs.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::{idempotency, import_runs};
use super::sealed::{self, SealedRow};
use super::vault::Purpose;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::trust::Aad;

/// The answer that a write under an Idempotency-Key got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Keyed hash of client and key.
    pub key: [u8; 16],
    /// SHA-256 of the request.
    pub digest: [u8; 32],
    /// When.
    pub at: Moment,
    /// The answer as it was given.
    pub answer: Vec<u8>,
}

/// A row of `import_runs`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = import_runs)]
pub struct ImportRunRow {
    /// Random, or given by the operator.
    pub id: String,
    /// `parsing`, `writing`, `done`.
    pub state: String,
    /// When.
    pub started_at: i64,
    /// JSON: file digest, position, counts.
    pub body: String,
    /// The signed closing count.
    pub signed: Option<Vec<u8>>,
}

/// How many rows behind its own a write looks at for some that are over. Keys are keyed hashes, so that each row is some
/// write's neighbour before long, and no write waits for all that ended in a day.
pub(super) const NEIGHBOURS: i64 = 16;

pub(super) const TABLE: &str = "idempotency";

#[derive(Queryable)]
pub(super) struct Row {
    pub key: Vec<u8>,
    pub digest: Vec<u8>,
    pub at: i64,
    pub key_id: i32,
    pub sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.key).raw(&self.digest).integer(self.at);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

impl Reader<'_> {
    /// What an earlier write under this key was answered; one older than a day no longer counts.
    pub fn stored_answer(&mut self, key: &[u8; 16], now: Moment) -> Result<Option<StoredAnswer>> {
        let row: Option<Row> =
            idempotency::table.find(key.as_slice()).first(self.conn).optional().map_err(dialect::fault)?;
        let Some(mut row) = row.filter(|row| row.at > now.plus_seconds(-86_400).micros()) else {
            return Ok(None);
        };
        let damaged = || Error::new(Code::RecordDamaged, "the stored answer does not open");
        let (_, answer) = sealed::open(TABLE, &mut row, self.vault, &mut Aad::new()).ok_or_else(damaged)?;
        let digest = row.digest.as_slice().try_into().ok().ok_or_else(damaged)?;
        Ok(Some(StoredAnswer { key: *key, digest, at: Moment::from_micros(row.at), answer }))
    }

    /// An import run by id.
    pub fn import_run(&mut self, id: &str) -> Result<Option<ImportRunRow>> {
        import_runs::table.find(id).first(self.conn).optional().map_err(dialect::fault)
    }

    /// All import runs, newest first.
    pub fn import_runs(&mut self) -> Result<Vec<ImportRunRow>> {
        import_runs::table.order(import_runs::started_at.desc()).load(self.conn).map_err(dialect::fault)
    }
}

impl Writer<'_> {
    /// Keeps the answer of a write beside it, and takes away those of its neighbours that are older than a day.
    pub fn put_answer(&mut self, stored: &StoredAnswer) -> Result<()> {
        let yesterday = stored.at.plus_seconds(-86_400).micros();
        let own = idempotency::table.find(stored.key.as_slice()).filter(idempotency::at.le(yesterday));
        diesel::delete(own).execute(self.conn).map_err(dialect::fault)?;
        let key = self.vault.current(Purpose::Registry)?;
        let mut row = Row {
            key: stored.key.to_vec(),
            digest: stored.digest.to_vec(),
            at: stored.at.micros(),
            key_id: 0,
            sealed: Vec::new(),
        };
        sealed::seal(TABLE, &mut row, &key, &stored.answer)?;
        diesel::insert_into(idempotency::table)
            .values((
                idempotency::key.eq(row.key),
                idempotency::digest.eq(row.digest),
                idempotency::at.eq(row.at),
                idempotency::key_id.eq(row.key_id),
                idempotency::sealed.eq(row.sealed),
            ))
            .execute(self.conn)
            .map_err(dialect::fault)?;
        // Its own row first and the others by rising keys: two writes never wait for each other in a circle.
        let near = idempotency::table
            .filter(idempotency::key.gt(stored.key.as_slice()))
            .order(idempotency::key)
            .limit(NEIGHBOURS)
            .select((idempotency::key, idempotency::at));
        let near: Vec<(Vec<u8>, i64)> = near.load(self.conn).map_err(dialect::fault)?;
        for (key, _) in near.iter().filter(|(_, at)| *at <= yesterday) {
            diesel::delete(idempotency::table.find(key)).execute(self.conn).map_err(dialect::fault)?;
        }
        Ok(())
    }

    /// Writes an import run, new or changed.
    pub fn put_import_run(&mut self, row: &ImportRunRow) -> Result<()> {
        diesel::delete(import_runs::table.find(&row.id)).execute(self.conn).map_err(dialect::fault)?;
        diesel::insert_into(import_runs::table)
            .values(row)
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }
}
