//! An open registry database, as the layers above hold it.

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

    /// The counters of point reads.
    pub fn reads(&self) -> &ReadCounters {
        &self.inner.reads
    }

    /// The state of the write-ahead logs, if somebody maintains them.
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
