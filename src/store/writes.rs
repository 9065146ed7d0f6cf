//! What makes writes safe to repeat: idempotency rows and import runs.

use diesel::prelude::*;

use super::dialect;
use super::schema::{idempotency, import_runs};
use super::tx::{Reader, Writer};
use super::vault::{Purpose, start};
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

fn additional(key: &[u8], digest: &[u8], at: i64, key_id: i32) -> Aad {
    let mut aad = Aad::new();
    start(&mut aad, "idempotency", key_id);
    aad.raw(key).raw(digest).integer(at);
    aad
}

impl Reader<'_> {
    /// What an earlier write under this key was answered; one older than a day no longer counts.
    pub fn stored_answer(&mut self, key: &[u8; 16], now: Moment) -> Result<Option<StoredAnswer>> {
        type Row = (Vec<u8>, Vec<u8>, i64, i32, Vec<u8>);
        let row: Option<Row> =
            idempotency::table.find(key.as_slice()).first(self.conn).optional().map_err(dialect::fault)?;
        let Some((_, digest, at, key_id, sealed)) =
            row.filter(|row| row.2 > now.plus_seconds(-86_400).micros())
        else {
            return Ok(None);
        };
        let damaged = || Error::new(Code::RecordDamaged, "the stored answer does not open");
        let aad = additional(key, &digest, at, key_id);
        let answer = self.vault.open(key_id, &aad, sealed).ok_or_else(damaged)?;
        let digest = digest.as_slice().try_into().ok().ok_or_else(damaged)?;
        Ok(Some(StoredAnswer { key: *key, digest, at: Moment::from_micros(at), answer }))
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
    /// Keeps the answer of a write beside it, and takes away answers older than a day.
    pub fn put_answer(&mut self, stored: &StoredAnswer) -> Result<()> {
        let yesterday = stored.at.plus_seconds(-86_400).micros();
        let old = idempotency::table.filter(idempotency::at.le(yesterday));
        diesel::delete(old).execute(self.conn).map_err(dialect::fault)?;
        let key = self.vault.current(Purpose::Registry)?;
        let aad = additional(&stored.key, &stored.digest, stored.at.micros(), key.id());
        let sealed = key.seal(&aad, &stored.answer)?;
        diesel::insert_into(idempotency::table)
            .values((
                idempotency::key.eq(stored.key.as_slice()),
                idempotency::digest.eq(stored.digest.as_slice()),
                idempotency::at.eq(stored.at.micros()),
                idempotency::key_id.eq(key.id()),
                idempotency::sealed.eq(sealed),
            ))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
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
