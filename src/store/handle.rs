//! An open registry database, as everything above holds it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::doors::Doors;
use super::reads::ReadCounters;
use super::url::DbUrl;
use super::vault::Vault;
use super::wals::Wals;
use crate::trust::MasterKey;

/// An open registry database. Cheap to clone; all clones share pools and keys.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub url: DbUrl,
    pub dir: PathBuf,
    pub point_hops: bool,
    pub doors: Doors,
    pub vault: Vault,
    pub master: MasterKey,
    pub reads: ReadCounters,
    pub wals: Wals,
}

impl Store {
    /// Keyed hashes and opened keys.
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// The master key, for wrapping signing keys.
    pub fn master(&self) -> &MasterKey {
        &self.inner.master
    }

    /// What is counted of point reads.
    pub fn reads(&self) -> &ReadCounters {
        &self.inner.reads
    }

    /// What is known of the write-ahead logs, where somebody looks after them.
    pub fn wals(&self) -> &Wals {
        &self.inner.wals
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Which database.
    pub fn url(&self) -> &DbUrl {
        &self.inner.url
    }
}
