//! Rows that are sealed away from the connection that stores them, for work that stores very many.
//!
//! Seal on any thread ([`Store::seal_record`] and its sisters), store with the [`Writer`]'s methods. A seal
//! covers the leaf, so records and events are sealed once the head of the log is held; keys before that.

use diesel::prelude::*;

use super::dialect;
use super::dialect::bulk::Load;
use super::doors::Writer;
use super::record_keys::{self, CHUNK, RecordKey};
use super::schema::record_keys as table;
use super::{Store, StoredEvent, StoredRecord, events, records};
use crate::error::Result;

/// A row of `records`, ready to be stored.
pub struct SealedRecord(records::Row);

/// A row of `events`, ready to be stored.
pub struct SealedEvent(events::Row);

/// A row of `record_keys`, ready to be stored.
pub struct SealedKey(record_keys::Row);

impl SealedKey {
    /// The keyed hash.
    pub fn key(&self) -> &[u8] {
        &self.0.key
    }
}

impl Store {
    /// Seals a current record's row.
    pub fn seal_record(&self, record: &StoredRecord) -> Result<SealedRecord> {
        records::seal("records", record, self.vault()).map(SealedRecord)
    }

    /// Seals an event's row.
    pub fn seal_event(&self, event: &StoredEvent) -> Result<SealedEvent> {
        events::seal(event, self.vault()).map(SealedEvent)
    }

    /// Seals a key's row.
    pub fn seal_key(&self, key: &RecordKey) -> Result<SealedKey> {
        record_keys::seal(key, self.vault()).map(SealedKey)
    }
}

impl Writer<'_> {
    /// Prepares the connection for the rows that come. Durability stays as it is.
    pub fn tune(&mut self, load: Load) -> Result<()> {
        dialect::bulk::tune(self.conn, load)
    }

    /// Adds current rows.
    pub fn insert_sealed_records(&mut self, rows: Vec<SealedRecord>) -> Result<()> {
        dialect::bulk::insert_records(self.conn, rows.into_iter().map(|row| row.0).collect())
    }

    /// Adds event rows.
    pub fn insert_sealed_events(&mut self, rows: Vec<SealedEvent>) -> Result<()> {
        dialect::bulk::insert_events(self.conn, rows.into_iter().map(|row| row.0).collect())
    }

    /// Takes the free keys, and tells for each key, in order, whether it was free.
    pub fn take_keys(&mut self, keys: &[&SealedKey]) -> Result<Vec<bool>> {
        let rows: Vec<_> = keys.iter().map(|key| &key.0).collect();
        dialect::bulk::take_keys(self.conn, &rows)
    }

    /// Gives back keys that were taken in this transaction.
    pub fn release_keys(&mut self, keys: &[&SealedKey]) -> Result<()> {
        for chunk in keys.chunks(CHUNK) {
            let wanted: Vec<&[u8]> = chunk.iter().map(|key| key.key()).collect();
            diesel::delete(table::table.filter(table::key.eq_any(wanted)))
                .execute(self.conn)
                .map_err(dialect::fault)?;
        }
        Ok(())
    }
}
