//! Backup while serving: a folder with copies of both databases, the sealed attachments and a signed manifest.
//!
//! Order matters. The access file first, the registry file after it: the copy of the registry then has every
//! key and client that an access entry names. Attachments last: an attachment was stored before the record
//! that names it. Events during the backup are partly in it; each file is one snapshot. The master key is
//! never in a backup. PostgreSQL is backed up with pg_dump.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::Head;
use crate::record::{Digest, canonical};
use crate::registry::Registry;
use crate::rule::Rule;
use crate::store::{Side, private};
use crate::trust::{EnvelopeBuf, Typ};

/// The manifest for people, and the same bytes signed by the registry's own key.
pub(in crate::registry) const MANIFEST: &str = "manifest.json";
pub(in crate::registry) const SIGNED: &str = "manifest.jws";

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// Relative to the backup's folder, with `/`.
    pub path: String,
    /// SHA-256, hex.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// The head of a log in the copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupLog {
    /// The log.
    pub log: String,
    /// Leaves.
    pub size: u64,
    /// The checkpoint of that size.
    pub checkpoint: String,
}

/// The contents of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Schema steps of the access file, oldest first.
    pub access_schema: Vec<String>,
    /// All files except the manifest.
    pub files: Vec<BackupFile>,
    /// The heads of the logs.
    pub logs: Vec<BackupLog>,
    /// When it was begun.
    pub made_at: Moment,
    /// The registry's origin.
    pub origin: String,
    /// Schema steps of the registry file, oldest first.
    pub registry_schema: Vec<String>,
    /// The layout's version: 1.
    pub v: u8,
}

/// A finished backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// Files, the manifest aside.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Thumbprint of the key that signed the manifest.
    pub kid: String,
    /// The heads of the logs.
    pub logs: Vec<BackupLog>,
}

impl Registry {
    /// Writes a backup into a folder that must not exist. Blocks; serving goes on.
    ///
    /// It is made under another name beside its place and renamed at the end: a crash leaves a folder named
    /// `….partial-…` that nothing takes for a backup.
    pub fn backup(&self, to: &Path) -> Result<BackedUp> {
        if self.store().url().is_postgres() {
            return Err(Error::new(Code::ConfigInvalid, "back a PostgreSQL registry up with pg_dump")
                .rule(Rule::BackupBackend));
        }
        if to.exists() {
            return Err(Error::new(Code::ConfigInvalid, "the folder of a backup must not exist yet")
                .at("to")
                .rule(Rule::BackupPlace));
        }
        let staging = beside(to, "partial")?;
        private::create_dir_all(&staging).map_err(io)?;
        let done = self.backup_into(&staging).and_then(|done| {
            fs::rename(&staging, to).map_err(io)?;
            sync_dir(to.parent())?;
            Ok(done)
        });
        if done.is_err() && fs::remove_dir_all(&staging).is_err() {
            log::warn!("an unfinished backup was left behind");
        }
        done
    }

    fn backup_into(&self, folder: &Path) -> Result<BackedUp> {
        let made_at = self.now();
        let store = self.store();
        let closed = store.older_layouts_are_closed();
        let mut heads = store.copy_side(Side::Access, &folder.join("access.db"))?;
        heads.extend(store.copy_side(Side::Registry, &folder.join("registry.db"))?);
        store.load_data_keys()?;
        if store.older_layouts_are_closed() != closed {
            // The copy of the access side may hold rows that the copy of the registry no longer opens.
            let detail = "a migration ended while the copies were made: back up once more";
            return Err(Error::new(Code::StoreBusy, detail).rule(Rule::BackupLayouts));
        }
        let mut paths = vec![PathBuf::from("access.db"), PathBuf::from("registry.db")];
        for path in store.attachment_files()? {
            let target = folder.join(&path);
            if let Some(parent) = target.parent() {
                private::create_dir_all(parent).map_err(io)?;
            }
            // A sealed attachment is written once and never changed, so a link is as good as a copy.
            let source = store.dir().join(&path);
            if fs::hard_link(&source, &target).is_err() {
                copy_synced(&source, &target).map_err(io)?;
            }
            paths.push(path);
        }
        let files = paths.iter().map(|path| file_of(folder, path)).collect::<Result<Vec<_>>>()?;
        let manifest = Manifest {
            access_schema: store.schema_versions(Side::Access)?,
            logs: heads.into_iter().map(log_of).collect(),
            made_at,
            origin: self.snapshot().origin.clone(),
            registry_schema: store.schema_versions(Side::Registry)?,
            v: 1,
            files,
        };
        let value = serde_json::to_value(&manifest).map_err(Error::internal)?;
        let payload = canonical::to_vec(&value).map_err(Error::internal)?;
        let key = self.registry_key()?;
        let signed = EnvelopeBuf::sign(Typ::Backup, &payload, &key)?;
        write_synced(&folder.join(MANIFEST), &payload)?;
        write_synced(&folder.join(SIGNED), signed.compact().as_bytes())?;
        sync_dir(Some(folder))?;
        Ok(BackedUp {
            files: manifest.files.len(),
            bytes: manifest.files.iter().map(|file| file.size).sum(),
            kid: key.kid().to_string(),
            logs: manifest.logs,
        })
    }
}

fn log_of(head: Head) -> BackupLog {
    BackupLog { log: head.log, size: head.size, checkpoint: head.note }
}

/// A name beside `place` that nothing else has.
pub(in crate::registry) fn beside(place: &Path, what: &str) -> Result<PathBuf> {
    let bad = || Error::new(Code::ConfigInvalid, "the folder has no name").at("to");
    let name = place.file_name().and_then(|name| name.to_str()).ok_or_else(bad)?;
    Ok(place.with_file_name(format!("{name}.{what}-{}", crate::registry::base::secrets::random_token()?)))
}

/// Size and digest of a file, read in pieces.
pub(in crate::registry) fn file_of(folder: &Path, path: &Path) -> Result<BackupFile> {
    let mut file = fs::File::open(folder.join(path)).map_err(io)?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut buffer, mut size) = (vec![0; 1 << 16], 0_u64);
    loop {
        let read = file.read(&mut buffer).map_err(io)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        context.update(piece);
        size += piece.len() as u64;
    }
    let mut digest = Digest([0; 32]);
    digest.0.copy_from_slice(context.finish().as_ref());
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    Ok(BackupFile { path: parts.join("/"), sha256: digest.hex(), size })
}

pub(in crate::registry) fn sync_dir(folder: Option<&Path>) -> Result<()> {
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

/// A copy for its owner alone, for any mode of the file; on the disk when this returns.
pub(in crate::registry) fn copy_synced(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut copy = private::create_new(to)?;
    std::io::copy(&mut fs::File::open(from)?, &mut copy)?;
    copy.sync_all()
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = private::create_new(path).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)
}

pub(in crate::registry) fn io(error: std::io::Error) -> Error {
    Error { detail: "a file of the backup cannot be read or written".into(), ..private::disk_fault(error) }
}
