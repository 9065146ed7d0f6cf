//! Attachments: sealed chunks, in files beside a SQLite database and in a table on PostgreSQL.
//!
//! A file is named by the keyed hash of its digest, so that neither names nor listings tell anything.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use diesel::prelude::*;

use super::row_body::{framed, take};
use super::schema::attachments;
use super::vault::{Purpose, start};
use super::{Reader, Store, dialect, private};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::trust::{Aad, random};

/// Bytes of one sealed chunk.
const CHUNK: usize = 256 * 1024;

fn additional(key: &[u8; 16], chunk: i32, of: usize, key_id: i32) -> Aad {
    let mut aad = Aad::new();
    start(&mut aad, "attachments", key_id);
    aad.raw(key).integer(i64::from(chunk)).integer(i64::try_from(of).unwrap_or(i64::MAX));
    aad
}

impl Store {
    /// Keeps an attachment under its keyed hash; one that is there already is left as it is.
    ///
    /// On SQLite the file is written beside its place, synced and renamed: a crash leaves the old or the new.
    pub fn put_attachment(&self, key: &[u8; 16], content: &[u8], now: Moment) -> Result<()> {
        self.ensure_seals(now)?;
        let of = content.len();
        let mut sealed = Vec::new();
        for (number, chunk) in content.chunks(CHUNK).enumerate() {
            let number = i32::try_from(number).map_err(Error::internal)?;
            let data_key = self.inner.vault.current(Purpose::Registry)?;
            let aad = additional(key, number, of, data_key.id());
            sealed.push((number, data_key.id(), data_key.seal(&aad, chunk)?));
        }
        if self.inner.url.is_postgres() {
            return self.write_now(|writer| {
                let there: i64 = attachments::table
                    .filter(attachments::key.eq(key.as_slice()))
                    .count()
                    .get_result(writer.conn)
                    .map_err(dialect::fault)?;
                if there > 0 {
                    return Ok(());
                }
                for (number, key_id, bytes) in &sealed {
                    diesel::insert_into(attachments::table)
                        .values((
                            attachments::key.eq(key.as_slice()),
                            attachments::chunk.eq(number),
                            attachments::key_id.eq(key_id),
                            attachments::sealed.eq(bytes),
                        ))
                        .execute(writer.conn)
                        .map_err(dialect::fault)?;
                }
                Ok(())
            });
        }
        let path = self.attachment_path(key);
        if path.exists() {
            return Ok(());
        }
        let mut bytes = u64::try_from(of).map_err(Error::internal)?.to_be_bytes().to_vec();
        for (_, key_id, chunk) in &sealed {
            bytes.extend_from_slice(&key_id.to_be_bytes());
            framed(&mut bytes, chunk);
        }
        write_synced(&path, &bytes).map_err(|error| Error::new(Code::StoreUnavailable, "").caused_by(error))
    }

    /// The attachment under a keyed hash; `record_damaged` if a chunk does not open.
    pub fn attachment(&self, key: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        if self.inner.url.is_postgres() {
            return self.read_now(|reader| reader.attachment_rows(key));
        }
        let bytes = match fs::read(self.attachment_path(key)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::new(Code::StoreUnavailable, "").caused_by(error)),
        };
        let damaged = || Error::new(Code::RecordDamaged, "the attachment does not open");
        let (of, mut rest) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
        let of = usize::try_from(u64::from_be_bytes(*of)).ok().ok_or_else(damaged)?;
        let mut content = Vec::new();
        let mut number = 0;
        while !rest.is_empty() {
            let (key_id, after) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
            rest = after;
            let key_id = i32::from_be_bytes(*key_id);
            let sealed = take(&mut rest).ok_or_else(damaged)?;
            let aad = additional(key, number, of, key_id);
            content.extend(self.inner.vault.open(key_id, &aad, sealed.to_vec()).ok_or_else(damaged)?);
            number += 1;
        }
        if content.len() == of { Ok(Some(content)) } else { Err(damaged()) }
    }

    fn attachment_path(&self, key: &[u8; 16]) -> PathBuf {
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let (fan, rest) = name.split_at(2);
        self.inner.dir.join("attachments").join(fan).join(rest)
    }
}

impl Reader<'_> {
    fn attachment_rows(&mut self, key: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        let rows: Vec<(i32, i32, Vec<u8>)> = attachments::table
            .filter(attachments::key.eq(key.as_slice()))
            .select((attachments::chunk, attachments::key_id, attachments::sealed))
            .order(attachments::chunk)
            .load(self.conn)
            .map_err(dialect::fault)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let damaged = || Error::new(Code::RecordDamaged, "the attachment does not open");
        // 29 bytes of each seal are version, key, nonce and tag: the rest is content.
        let of =
            rows.iter().map(|(_, _, sealed)| sealed.len().saturating_sub(crate::trust::seal::OVERHEAD)).sum();
        let mut content = Vec::with_capacity(of);
        for (number, key_id, sealed) in &rows {
            let aad = additional(key, *number, of, *key_id);
            content.extend(self.vault.open(*key_id, &aad, sealed.clone()).ok_or_else(damaged)?);
        }
        Ok(Some(content))
    }
}

/// The draft's name is random: two processes, or two requests of one, may bring the same file at once, and each
/// renames a whole one into the place.
fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
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

/// Makes a folder and those above it that are missing. Each new name is on the disk when this returns: a file
/// that was synced in a folder whose own name was not is lost with it.
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
