//! Attachments of an older layout: a whole one at a time, as a file on SQLite, as rows on PostgreSQL.

use std::fs;
use std::path::Path;

use diesel::prelude::*;

use super::again::Run;
use super::walk::{OlderRows, is_older};
use crate::error::{Code, Error, Result};
use crate::store::files::{Chunk, TABLE, file_bytes, file_chunks, write_synced};
use crate::store::schema::attachments as t;
use crate::store::{Store, dialect};

/// Keys read at a time.
const KEYS: i64 = 500;

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
        write_synced(&store.attachment_path(key), &file_bytes(of, &chunks)?).map_err(unavailable)
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

fn unavailable(error: std::io::Error) -> Error {
    Error::new(Code::StoreUnavailable, "").caused_by(error)
}

/// Every attachment with its key, its length and its chunks; without these if a file does not have their
/// form.
fn each(store: &Store, mut f: impl FnMut(&[u8; 16], usize, Option<Vec<Chunk>>) -> Result<()>) -> Result<()> {
    if !store.url().is_postgres() {
        for path in store.attachment_files()? {
            let bytes = fs::read(store.dir().join(&path)).map_err(unavailable)?;
            // A file under another name is not ours.
            let Some(key) = key_of(&path) else { continue };
            match file_chunks(&key, &bytes) {
                Some((of, chunks)) => f(&key, of, Some(chunks))?,
                None => f(&key, 0, None)?,
            }
        }
        return Ok(());
    }
    let mut after = Vec::new();
    loop {
        let keys: Vec<Vec<u8>> = store.read_now(|reader| {
            let beyond = t::table.filter(t::key.gt(&after).and(t::chunk.eq(0))).select(t::key).order(t::key);
            beyond.limit(KEYS).load(reader.conn).map_err(dialect::fault)
        })?;
        for key in &keys {
            let Ok(key) = <[u8; 16]>::try_from(key.as_slice()) else { continue };
            let chunks = store.read_now(|reader| reader.attachment_chunks(&key))?;
            f(&key, chunks.first().map_or(0, |chunk| chunk.of), Some(chunks))?;
        }
        match keys.into_iter().next_back() {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// The keyed hash in `attachments/ab/cdef…`.
fn key_of(path: &Path) -> Option<[u8; 16]> {
    let mut names = path.iter().rev().filter_map(|name| name.to_str());
    let (rest, fan) = (names.next()?, names.next()?);
    u128::from_str_radix(&format!("{fan}{rest}"), 16).ok().map(u128::to_be_bytes)
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
