//! Many rows at once: prepared rows on SQLite, COPY and arrays on PostgreSQL.

use std::collections::HashSet;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Integer};

use super::fault;
use crate::error::Result;
use crate::store::any::AnyConnection;
use crate::store::schema::{events as events_table, record_keys, records as records_table};
use crate::store::{events, record_keys as keys, records};

/// KiB of page cache while bulk rows are written: keyed hashes come in random order, and a page that is
/// written out and fetched again within one transaction costs twice.
const BULK_CACHE_KIB: u32 = 262_144;
/// Pages in the WAL before they are copied into the file: a page changed by several transactions is copied once.
const BULK_CHECKPOINT: u32 = 16_384;

/// The same beside lookups. A disk that is told to flush saves all writes so far, of all writers. So a lookup
/// may have to wait for everything that is written at a time.
const BESIDE_CHECKPOINT: u32 = 250;

/// The work of a writing connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A few rows at a time.
    Single,
    /// Very many, and nobody waits for the disk meanwhile.
    Bulk,
    /// Very many beside lookups, whose access entries wait for the same disk: the WAL is copied into the file
    /// in small steps.
    BulkBeside,
}

/// Prepares the connection for the work. Durability stays as it is.
pub fn tune(conn: &mut AnyConnection, load: Load) -> Result<()> {
    let AnyConnection::Sqlite(c) = conn else { return Ok(()) };
    let (cache, checkpoint) = match load {
        Load::Single => (65_536, 1000),
        Load::Bulk => (BULK_CACHE_KIB, BULK_CHECKPOINT),
        Load::BulkBeside => (BULK_CACHE_KIB, BESIDE_CHECKPOINT),
    };
    c.batch_execute(&format!("PRAGMA cache_size = -{cache}; PRAGMA wal_autocheckpoint = {checkpoint}"))
        .map_err(fault)
}

/// Adds rows of `records`.
pub fn insert_records(conn: &mut AnyConnection, rows: Vec<records::Row>) -> Result<()> {
    if let AnyConnection::Pg(c) = conn {
        let copied = diesel::copy_from(records_table::table).from_insertable(rows).execute(c);
        return copied.map(drop).map_err(fault);
    }
    rows.iter().try_for_each(|row| records::insert(conn, row))
}

/// Adds rows of `events`.
pub fn insert_events(conn: &mut AnyConnection, rows: Vec<events::Row>) -> Result<()> {
    if let AnyConnection::Pg(c) = conn {
        let copied = diesel::copy_from(events_table::table).from_insertable(rows).execute(c);
        return copied.map(drop).map_err(fault);
    }
    rows.iter().try_for_each(|row| events::insert(conn, row))
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Binary)]
    key: Vec<u8>,
    #[diesel(sql_type = Binary)]
    record_id: Vec<u8>,
}

/// Takes the free keys, and tells for each key whether it was free.
pub fn take_keys(conn: &mut AnyConnection, rows: &[&keys::Row]) -> Result<Vec<bool>> {
    match conn {
        AnyConnection::Sqlite(c) => rows
            .iter()
            .map(|row| {
                diesel::insert_into(record_keys::table)
                    .values((
                        record_keys::key.eq(&row.key),
                        record_keys::record_id.eq(&row.record_id),
                        record_keys::version.eq(row.version),
                        record_keys::key_id.eq(row.key_id),
                        record_keys::sealed.eq(&row.sealed),
                    ))
                    .on_conflict_do_nothing()
                    .execute(c)
                    .map(|count| count == 1)
                    .map_err(fault)
            })
            .collect(),
        AnyConnection::Pg(c) => {
            // The rows that come back are counted, never the affected rows, which Citus reports wrongly.
            let taken: Vec<Taken> = diesel::sql_query(
                "INSERT INTO record_keys (key, record_id, version, key_id, sealed) \
                 SELECT * FROM unnest($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING key, record_id",
            )
            .bind::<Array<Binary>, _>(rows.iter().map(|row| row.key.as_slice()).collect::<Vec<_>>())
            .bind::<Array<Binary>, _>(rows.iter().map(|row| row.record_id.as_slice()).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.key_id).collect::<Vec<_>>())
            .bind::<Array<Binary>, _>(rows.iter().map(|row| row.sealed.as_slice()).collect::<Vec<_>>())
            .load(c)
            .map_err(fault)?;
            let taken: HashSet<_> = taken.into_iter().map(|row| (row.key, row.record_id)).collect();
            Ok(rows.iter().map(|row| taken.contains(&(row.key.clone(), row.record_id.clone()))).collect())
        }
    }
}
