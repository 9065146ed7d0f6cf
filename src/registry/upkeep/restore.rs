//! Restore: verify a backup, then put it in its place, with every log closed and a successor begun.
//!
//! Nothing is put in place before all of it was verified: digests and signature of the manifest, the heads of
//! the logs, and `fsck` over everything. A restored log is never appended to: after the backup the lost
//! machine may have signed further leaves, and a second tree of one size is the one unforgivable fault (I14).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::registry::fsck::{FsckOptions, FsckReport};
use crate::registry::upkeep::backup::{
    BackupLog, MANIFEST, Manifest, SIGNED, beside, copy_synced, file_of, io, sync_dir,
};
use crate::registry::upkeep::succession::Closed;
use crate::registry::{Opening, Registry};
use crate::rule::Rule;
use crate::store::{DbUrl, Place, Side, private};
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, Typ};

/// A registry that was put back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// The backup's manifest.
    pub manifest: Manifest,
    /// The findings of `fsck` in it: none.
    pub fsck: FsckReport,
    /// Each old log with its last checkpoint, and its successor.
    pub logs: Vec<(Closed, String)>,
}

/// Longest manifest that is read: 200,000 attachments and more.
const LIMITS: Limits = Limits { payload: 64 << 20 };

impl Registry {
    /// Restores the backup in `from` into the data directory of `opening`, which must not exist or be empty.
    ///
    /// It does not open the result: that is the next command's part, with the master key read again. A crash on
    /// the way leaves a folder named `….restoring-…` that nothing takes for a registry.
    ///
    /// # Errors
    /// `record_damaged` with the rule that failed (`backup_digest`, `backup_signature`, `backup_heads`,
    /// `backup_fsck` with the findings), `master_key_wrong`, `schema_outdated`, `already_initialised`,
    /// `config_invalid` for a place that is not a data directory.
    pub fn restore(from: &Path, opening: Opening) -> Result<Restored> {
        let place = opening.place.dir.clone();
        if opening.place.url != DbUrl::in_data_dir(&place) {
            let detail = "a backup is restored into a data directory; PostgreSQL has pg_restore";
            return Err(Error::new(Code::ConfigInvalid, detail).rule(Rule::BackupBackend));
        }
        let there = fs::read_dir(&place).map(|mut entries| entries.next().is_some()).unwrap_or(false);
        if there {
            return Err(Error::new(Code::AlreadyInitialised, "the data directory is not empty"));
        }
        let (manifest, signed) = read_manifest(from)?;
        let staging = beside(&place, "restoring")?;
        let done = restore_into(from, &staging, manifest, &signed, opening).and_then(|restored| {
            // Rename replaces an empty directory in the place; it refuses anything else.
            fs::rename(&staging, &place).map_err(io)?;
            sync_dir(place.parent())?;
            Ok(restored)
        });
        if done.is_err() && staging.exists() && fs::remove_dir_all(&staging).is_err() {
            ::log::warn!("an unfinished restore was left behind");
        }
        done
    }
}

/// A registry whose database somebody else put back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RestoredInPlace {
    /// The findings of `fsck` in it: none.
    pub fsck: FsckReport,
    /// Each log that was open with its last checkpoint, and its successor.
    pub logs: Vec<(Closed, String)>,
    /// The differences of each log from the state that this machine last knew: acknowledged leaves that are
    /// gone.
    pub lost: Vec<String>,
}

impl Registry {
    /// Goes on with a database that was put back by its own tools (`pg_restore`, a copied file). Checks all
    /// of it, then ends every open log and begins its successor, since the lost machine may have signed more
    /// than the copy has (I14). Run it on a registry opened as found, before anything else appends to the
    /// logs. This machine's memory of the logs is set anew.
    ///
    /// A crash on the way leaves some logs with a successor; a second run gives every open log another one.
    ///
    /// # Errors
    /// `record_damaged` with `backup_fsck` and the findings, and no log is touched; `log_lost` while a process that
    /// serves holds a log.
    pub fn restore_in_place(&self, actor: &str) -> Result<RestoredInPlace> {
        self.refuse_held()?;
        let fsck = sound(self)?;
        // An incomplete file of anchors tells nothing, and is replaced.
        let gone = match self.gone_back() {
            Err(error) if error.code == Code::RecordDamaged => Vec::new(),
            other => other?,
        };
        let lost: Vec<String> = gone.iter().map(|(log, fork)| format!("{log}: {fork}")).collect();
        for line in &lost {
            ::log::warn!("{line}; it ends as it is");
        }
        let logs = self.follow_put_back(actor)?;
        // A crash before the new file leaves a start like the first one: every log that was put back has ended.
        self.store().forget_memories()?;
        self.store().set_anchors_anew()?;
        Ok(RestoredInPlace { fsck, logs, lost })
    }
}

/// The report of `fsck` on a registry, if it finds nothing.
fn sound(registry: &Registry) -> Result<FsckReport> {
    let fsck = registry.fsck_as_found(FsckOptions::default())?;
    if fsck.sound() {
        return Ok(fsck);
    }
    let findings = serde_json::to_value(&fsck.findings).map_err(Error::internal)?;
    Err(refused(Rule::BackupFsck, "the backup holds damaged data").with(findings))
}

fn restore_into(
    from: &Path,
    staging: &Path,
    manifest: Manifest,
    signed: &EnvelopeBuf,
    opening: Opening,
) -> Result<Restored> {
    copy_verified(from, staging, &manifest)?;
    let place = Place { point_hops: opening.place.point_hops, ..Place::in_dir(staging) };
    // The backup knows of a memory that is not here. Its logs are ended before anything goes on.
    let registry = Registry::open_as_found(Opening { place, ..opening })?;
    let snapshot = registry.snapshot();
    let verified = signed.view().verify(Typ::Backup, |kid| {
        snapshot.keys.find(kid).filter(|key| key.owner == "registry").map(|key| key.public)
    });
    if verified.is_err() || snapshot.origin != manifest.origin {
        return Err(refused(Rule::BackupSignature, "the manifest is not signed by this registry's own key"));
    }
    let mut heads = Vec::new();
    for side in [Side::Access, Side::Registry] {
        for head in registry.store().read_side_now(side, |reader| reader.heads())? {
            heads.push(BackupLog { log: head.log, size: head.size, checkpoint: head.note });
        }
    }
    if heads != manifest.logs {
        return Err(refused(Rule::BackupHeads, "the logs are not those of the manifest"));
    }
    let fsck = sound(&registry)?;
    let logs = registry.follow_put_back("restore")?;
    registry.store().forget_memories()?;
    // Connections close here, which empties the write-ahead files into the databases.
    drop(registry);
    for path in ["access.db", "registry.db"] {
        fs::File::open(staging.join(path)).and_then(|file| file.sync_all()).map_err(io)?;
    }
    sync_dir(Some(staging))?;
    Ok(Restored { manifest, fsck, logs })
}

fn read_manifest(from: &Path) -> Result<(Manifest, EnvelopeBuf)> {
    let missing = |error: std::io::Error| {
        Error::new(Code::ConfigInvalid, "there is no backup with a manifest in this folder")
            .at("from")
            .rule(Rule::BackupManifest)
            .caused_by(error)
    };
    let shown = fs::read(from.join(MANIFEST)).map_err(missing)?;
    let compact = fs::read_to_string(from.join(SIGNED)).map_err(missing)?;
    let signed = EnvelopeBuf::parse_compact(compact.trim_end(), LIMITS).map_err(|fault| {
        refused(Rule::BackupSignature, "the signed manifest is malformed").caused_by(fault)
    })?;
    if signed.view().payload() != shown {
        return Err(refused(Rule::BackupSignature, "the manifest shown is not the one that was signed"));
    }
    let manifest: Manifest = serde_json::from_slice(&shown)
        .map_err(|fault| refused(Rule::BackupManifest, "the manifest has another shape").caused_by(fault))?;
    if manifest.v != 1 {
        return Err(refused(Rule::BackupManifest, "the manifest is of another version"));
    }
    Ok((manifest, signed))
}

/// Copies the files of the manifest, each only if it agrees with the manifest. Other files are left behind.
fn copy_verified(from: &Path, staging: &Path, manifest: &Manifest) -> Result<()> {
    let paths: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    if paths.len() != manifest.files.len() || !paths.contains("access.db") || !paths.contains("registry.db") {
        return Err(refused(Rule::BackupManifest, "the manifest does not name the files of a registry"));
    }
    for file in &manifest.files {
        let path = Path::new(&file.path);
        let inside = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let known = file.path == "access.db" || file.path == "registry.db" || path.starts_with("attachments");
        if !inside || !known {
            return Err(refused(Rule::BackupManifest, "the manifest names a file that no backup holds"));
        }
        let target = staging.join(path);
        if let Some(parent) = target.parent() {
            private::create_dir_all(parent).map_err(io)?;
        }
        copy_synced(&from.join(path), &target).map_err(|error| {
            refused(Rule::BackupDigest, "a file of the backup is missing").caused_by(error)
        })?;
        // The copy is judged, not the original: the copy will be opened.
        if file_of(staging, path)? != *file {
            return Err(refused(Rule::BackupDigest, "a file of the backup is not the one that was written"));
        }
    }
    Ok(())
}

fn refused(rule: Rule, detail: &'static str) -> Error {
    Error::new(Code::BackupDamaged, detail).at("from").rule(rule)
}
