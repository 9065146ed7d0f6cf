//! Attachments of an older layout: a whole one at a time, as a file on SQLite, as rows on PostgreSQL.

use std::fs;

use diesel::prelude::*;

use super::again::Run;
use super::walk::{OlderRows, is_older};
use crate::error::Result;
use crate::store::files::{Chunk, TABLE, file_bytes, file_chunks, write_synced};
use crate::store::schema::attachments as t;
use crate::store::{Store, dialect, files, private};

/// Seals every attachment anew that has an older layout.
pub(super) fn reseal(run: &mut Run<'_>) -> Result<OlderRows> {
    let mut done = OlderRows { table: TABLE, rows: 0, damaged: 0 };
    let store = run.store;
    each(store, |key, of, chunks| {
        let Some(mut chunks) = chunks else {
            done.damaged += 1;
            return Ok(());
        };
        if !older(&chunks) {
            return Ok(());
        }
        let mut old = Vec::with_capacity(chunks.len());
        for chunk in &mut chunks {
            let Some(sealed) = run.seal(TABLE, chunk, |_, plain| Some(plain))? else {
                done.damaged += 1;
                return Ok(());
            };
            old.push(sealed);
        }
        done.rows += 1;
        if store.url().is_postgres() {
            return replace_rows(store, &old, &chunks);
        }
        // Beside its place, synced and renamed: a crash leaves the old file or the new one, and a backup that
        // links to the old one keeps it.
        write_synced(&store.attachment_path(key), &file_bytes(of, &chunks)?).map_err(private::disk_fault)
    })?;
    Ok(done)
}

/// How many attachments have an older layout.
pub(super) fn count(store: &Store) -> Result<OlderRows> {
    let mut found = OlderRows { table: TABLE, rows: 0, damaged: 0 };
    each(store, |_, _, chunks| {
        found.rows += u64::from(chunks.is_none_or(|chunks| older(&chunks)));
        Ok(())
    })?;
    Ok(found)
}

fn older(chunks: &[Chunk]) -> bool {
    chunks.iter().any(|chunk| is_older(&chunk.sealed))
}

/// Every attachment with its key, its length and its chunks; none of these where a file has not their form.
fn each(store: &Store, mut f: impl FnMut(&[u8; 16], usize, Option<Vec<Chunk>>) -> Result<()>) -> Result<()> {
    files::each_key(store, |key| {
        if store.url().is_postgres() {
            let chunks = store.read_now(|reader| reader.attachment_chunks(key))?;
            return f(key, chunks.first().map_or(0, |chunk| chunk.of), Some(chunks));
        }
        let bytes = fs::read(store.attachment_path(key)).map_err(private::disk_fault)?;
        match file_chunks(key, &bytes) {
            Some((of, chunks)) => f(key, of, Some(chunks)),
            None => f(key, 0, None),
        }
    })
}

fn replace_rows(store: &Store, old: &[Vec<u8>], chunks: &[Chunk]) -> Result<()> {
    store.write_now(|writer| {
        for (old, chunk) in old.iter().zip(chunks) {
            let row = t::table.find((chunk.key.as_slice(), chunk.number)).filter(t::sealed.eq(old));
            diesel::update(row)
                .set(t::sealed.eq(&chunk.sealed))
                .execute(writer.conn)
                .map_err(dialect::fault)?;
        }
        Ok(())
    })
}
