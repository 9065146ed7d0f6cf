//! Attachments: sealed chunks, in files beside a SQLite database and in a table on PostgreSQL.
//!
//! The keyed hash of its digest names a file, so that names and listings tell nothing.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use diesel::prelude::*;

use super::row_body::{framed, take};
use super::schema::attachments;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, Vault};
use super::{KeptFile, Reader, Store, Writer, dialect, private};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::trust::seal::OVERHEAD;
use crate::trust::{Aad, random};

/// Bytes of one sealed chunk.
const CHUNK: usize = 256 * 1024;

pub(super) const TABLE: &str = "attachments";

/// One sealed chunk of an attachment, in either place.
pub(super) struct Chunk {
    /// The attachment's keyed hash.
    pub key: [u8; 16],
    /// From 0.
    pub number: i32,
    /// Bytes of the whole attachment.
    pub of: usize,
    /// The data key's column.
    pub key_id: i32,
    /// Its sealed bytes.
    pub sealed: Vec<u8>,
}

impl SealedRow for Chunk {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.key).integer(i64::from(self.number));
        aad.integer(i64::try_from(self.of).unwrap_or(i64::MAX));
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

/// Opens all chunks of an attachment, in order; none if one does not open or they are not the whole.
fn joined(of: usize, chunks: Vec<Chunk>, vault: &Vault) -> Option<Vec<u8>> {
    let mut content = Vec::with_capacity(of);
    let mut aad = Aad::new();
    for mut chunk in chunks {
        content.extend(sealed::open(TABLE, &mut chunk, vault, &mut aad)?.1);
    }
    (content.len() == of).then_some(content)
}

/// The bytes of an attachment's file: u64 length of the whole, then for each chunk its key's id and its sealed
/// bytes.
pub(super) fn file_bytes(of: usize, chunks: &[Chunk]) -> Result<Vec<u8>> {
    let mut bytes = u64::try_from(of).map_err(Error::internal)?.to_be_bytes().to_vec();
    for chunk in chunks {
        bytes.extend_from_slice(&chunk.key_id.to_be_bytes());
        framed(&mut bytes, &chunk.sealed);
    }
    Ok(bytes)
}

/// Reads the bytes of [`file_bytes`]: bytes of the whole, and the chunks. None if a byte is missing or left
/// over.
pub(super) fn file_chunks(key: &[u8; 16], bytes: &[u8]) -> Option<(usize, Vec<Chunk>)> {
    let (of, mut rest) = bytes.split_first_chunk::<8>()?;
    let of = usize::try_from(u64::from_be_bytes(*of)).ok()?;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (key_id, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        let (number, key_id) = (i32::try_from(chunks.len()).ok()?, i32::from_be_bytes(*key_id));
        chunks.push(Chunk { key: *key, number, of, key_id, sealed: take(&mut rest)?.to_vec() });
    }
    Some((of, chunks))
}

impl Store {
    /// Keeps an attachment under its keyed hash; one that is there already stays as it is.
    ///
    /// On SQLite the file is written beside its place, synced and renamed, and its row comes behind it: a crash leaves
    /// nothing, or a file that does not count until it is brought again.
    pub fn put_attachment(&self, key: &[u8; 16], content: &[u8], now: Moment) -> Result<()> {
        let kept = KeptFile::of(content)?;
        self.ensure_seals(now)?;
        let of = content.len();
        let mut chunks = Vec::new();
        for (number, plain) in content.chunks(CHUNK).enumerate() {
            let number = i32::try_from(number).map_err(Error::internal)?;
            let mut chunk = Chunk { key: *key, number, of, key_id: 0, sealed: Vec::new() };
            sealed::seal(TABLE, &mut chunk, &self.inner.vault.current(Purpose::Registry)?, plain)?;
            chunks.push(chunk);
        }
        if self.inner.url.is_postgres() {
            return self.write_now(|writer| {
                writer.put_chunks(key, &chunks)?;
                writer.keep_file(key, &kept)
            });
        }
        let path = self.attachment_path(key);
        if !path.exists() {
            write_synced(&path, &file_bytes(of, &chunks)?).map_err(private::disk_fault)?;
        }
        self.write_now(|writer| writer.keep_file(key, &kept))
    }

    /// The attachment under a keyed hash; `record_damaged` if a chunk does not open.
    pub fn attachment(&self, key: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        if self.inner.url.is_postgres() {
            let chunks = self.read_now(|reader| reader.attachment_chunks(key))?;
            let Some(of) = chunks.first().map(|chunk| chunk.of) else { return Ok(None) };
            return joined(of, chunks, &self.inner.vault).map(Some).ok_or_else(damaged);
        }
        let bytes = match fs::read(self.attachment_path(key)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(private::disk_fault(error)),
        };
        let chunks = file_chunks(key, &bytes);
        let content = chunks.and_then(|(of, chunks)| joined(of, chunks, &self.inner.vault));
        content.map(Some).ok_or_else(damaged)
    }

    pub(super) fn attachment_path(&self, key: &[u8; 16]) -> PathBuf {
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let (fan, rest) = name.split_at(2);
        self.inner.dir.join("attachments").join(fan).join(rest)
    }
}

impl Store {
    /// Measures the attachments that came before there were rows of them; how many. A run that was killed is gone on
    /// with by the next. One that does not open is left to `fsck`.
    pub fn measure_attachments(&self, now: Moment) -> Result<u64> {
        let mut measured = 0;
        each_key(self, |key| {
            if self.read_now(|reader| reader.kept_file(key))?.is_some() {
                return Ok(());
            }
            let Ok(Some(content)) = self.attachment(key) else { return Ok(()) };
            let file = KeptFile::of(&content)?;
            self.ensure_seals(now)?;
            self.write_now(|writer| writer.keep_file(key, &file))?;
            measured += 1;
            Ok(())
        })?;
        Ok(measured)
    }
}

impl Writer<'_> {
    /// Writes the chunks as PostgreSQL has them, unless they are there.
    fn put_chunks(&mut self, key: &[u8; 16], chunks: &[Chunk]) -> Result<()> {
        let there: i64 = attachments::table
            .filter(attachments::key.eq(key.as_slice()))
            .count()
            .get_result(self.conn)
            .map_err(dialect::fault)?;
        if there > 0 {
            return Ok(());
        }
        for chunk in chunks {
            diesel::insert_into(attachments::table)
                .values((
                    attachments::key.eq(chunk.key.as_slice()),
                    attachments::chunk.eq(chunk.number),
                    attachments::key_id.eq(chunk.key_id),
                    attachments::sealed.eq(&chunk.sealed),
                ))
                .execute(self.conn)
                .map_err(dialect::fault)?;
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// The chunks of an attachment as PostgreSQL has them, in order.
    pub(super) fn attachment_chunks(&mut self, key: &[u8; 16]) -> Result<Vec<Chunk>> {
        let rows: Vec<(i32, i32, Vec<u8>)> = attachments::table
            .filter(attachments::key.eq(key.as_slice()))
            .select((attachments::chunk, attachments::key_id, attachments::sealed))
            .order(attachments::chunk)
            .load(self.conn)
            .map_err(dialect::fault)?;
        // 33 bytes of each seal are layout, key, nonce and tag: the rest is content.
        let of = rows.iter().map(|(_, _, sealed)| sealed.len().saturating_sub(OVERHEAD)).sum();
        let chunk = |(number, key_id, sealed)| Chunk { key: *key, number, of, key_id, sealed };
        Ok(rows.into_iter().map(chunk).collect())
    }
}

/// Keys read at a time.
const KEYS: i64 = 500;

/// The keyed hash of every attachment.
pub(super) fn each_key(store: &Store, mut f: impl FnMut(&[u8; 16]) -> Result<()>) -> Result<()> {
    if !store.url().is_postgres() {
        // A file under another name is not ours.
        return store.attachment_files()?.iter().filter_map(|path| key_of(path)).try_for_each(|key| f(&key));
    }
    let mut after = Vec::new();
    loop {
        let keys: Vec<Vec<u8>> = store.read_now(|reader| {
            let first = attachments::key.gt(&after).and(attachments::chunk.eq(0));
            let beyond = attachments::table.filter(first).select(attachments::key).order(attachments::key);
            beyond.limit(KEYS).load(reader.conn).map_err(dialect::fault)
        })?;
        for key in &keys {
            if let Ok(key) = <[u8; 16]>::try_from(key.as_slice()) {
                f(&key)?;
            }
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

fn damaged() -> Error {
    Error::new(Code::RecordDamaged, "the attachment does not open")
}

/// The draft's name is random: two processes, or two requests of one, may bring the same file at once, and
/// each renames a whole one into place.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let parent = path.parent().ok_or(std::io::ErrorKind::InvalidInput)?;
    make_folder(parent)?;
    let random = random::pooled::<8>().map_err(std::io::Error::other)?;
    let draft = path.with_extension(format!("draft-{:016x}", u64::from_be_bytes(random)));
    let written = write_new(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _never_made = fs::remove_file(&draft);
    }
    written?;
    fs::File::open(parent)?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a folder and the missing ones above it. Each new name is on the disk when this returns: a synced
/// file in a folder whose own name was not synced is lost with it.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().ok_or(std::io::ErrorKind::InvalidInput)?;
    make_folder(parent)?;
    private::create_dir_all(folder)?;
    fs::File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_brought_many_times_at_once_is_whole_and_leaves_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("attachments/ab/cdef");
        let content = vec![7; 1 << 20];
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..8).try_for_each(|_| write_synced(&path, &content))))
                .collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
        assert!(fs::read(&path).unwrap() == content);
        assert_eq!(fs::read_dir(dir.path().join("attachments/ab")).unwrap().count(), 1);
    }
}
