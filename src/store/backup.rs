//! Copies of a SQLite registry's files, each as one snapshot, made while others read and write.

use std::fs;
use std::path::{Path, PathBuf};

use super::conn::{self, Open};
use super::doors::{Maker, Reader};
use super::place::Side;
use super::{Store, dialect, migrate, private};
use crate::error::Result;
use crate::log::Head;

impl Store {
    /// Writes one database file as of now into `target`, which must not exist, and returns the heads of the logs
    /// in the copy. `config_invalid` on PostgreSQL, which has pg_dump.
    pub fn copy_side(&self, side: Side, target: &Path) -> Result<Vec<Head>> {
        let mut conn = Maker { url: self.url().clone(), side, open: Open::Write }.make()?;
        // An empty file of its owner alone is what SQLite fills; one of its own making would have the umask's mode.
        private::create_new(target).map_err(private::disk_fault)?;
        dialect::backup_into(&mut conn, target)?;
        drop(conn);
        // The copy is brought to WAL mode, as every file of a registry is, and closed again before it is hashed.
        let mut copy = conn::sqlite(target, Open::Write)?;
        let heads = Reader::new(&mut copy, self.vault()).heads()?;
        drop(copy);
        let file = fs::File::open(target).and_then(|file| file.sync_all());
        file.map_err(private::disk_fault)?;
        Ok(heads)
    }

    /// The schema steps that one side has.
    pub fn schema_versions(&self, side: Side) -> Result<Vec<String>> {
        let mut conn = Maker { url: self.url().clone(), side, open: Open::Write }.make()?;
        migrate::versions(&mut conn)
    }

    /// Paths of all sealed attachment files, relative to the data directory. None on PostgreSQL.
    pub fn attachment_files(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let Some(fans) = listed(&self.dir().join("attachments")).map_err(private::disk_fault)? else {
            return Ok(found);
        };
        for fan in fans {
            for name in listed(&self.dir().join("attachments").join(&fan))
                .map_err(private::disk_fault)?
                .unwrap_or_default()
            {
                // A crash may leave a draft, which was never acknowledged.
                if !name.contains('.') {
                    found.push(Path::new("attachments").join(&fan).join(name));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Names in a folder; none if there is no such folder.
fn listed(dir: &Path) -> std::io::Result<Option<Vec<String>>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().map(str::to_owned));
    }
    Ok(Some(names))
}
