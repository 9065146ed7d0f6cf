//! The place of a registry, and its two sides.

use std::path::{Path, PathBuf};

use super::url::DbUrl;

/// The place of a registry and the way it is read.
#[derive(Debug, Clone)]
pub struct Place {
    /// The database.
    pub url: DbUrl,
    /// The data directory: attachments and spill runs, and on SQLite the database files.
    pub dir: PathBuf,
    /// Point reads change thread too: for SQLite files that outgrow memory.
    pub point_hops: bool,
}

impl Place {
    /// The SQLite registry in a data directory.
    pub fn in_dir(dir: &Path) -> Self {
        Self { url: DbUrl::in_data_dir(dir), dir: dir.to_owned(), point_hops: false }
    }
}

/// The database of the registry: two files on SQLite and one database on PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Records, keys, catalog.
    Registry,
    /// Access logs.
    Access,
}
