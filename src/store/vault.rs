//! The keys that seal rows, as this process holds them, and its memory of logs between transactions.
//!
//! A data key seals at most 2^30 rows and for at most one legal month. A transaction of its own reserves
//! seals in blocks before the first of them is used. So a crash loses part of a block and never uses a count
//! twice. [`Vault::current`] hands out the key for one seal and counts it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::anchors::Anchors;
use crate::error::{Code, Error, Result};
use crate::log::Cached;
use crate::trust::{Aad, DataKey, HolderKey, IndexKey, Layout};

/// The rows that a data key seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Rows of the registry.
    Registry,
    /// Batches of access entries; its keys end with their month and are destroyed after the retention time.
    Access,
    /// Spill runs of an import.
    Spill,
}

impl Purpose {
    /// The name in `data_keys.purpose`.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Access => "access",
            Self::Spill => "spill",
        }
    }
}

/// Bytes of tag at the end of a seal.
const TAG_LEN: usize = 16;
/// Seals reserved at a time.
pub const BLOCK: i64 = 1 << 22;
/// A transaction never begins with fewer seals in hand than this: every import batch needs fewer.
pub const LOW: i64 = 1 << 20;
/// A data key ends after this many seals: random 96-bit nonces are safe far beyond it.
pub const MAX_SEALS: i64 = 1 << 30;

struct Current {
    key: Arc<DataKey>,
    month: i32,
    left: AtomicI64,
}

/// A data key that was handed out for one seal.
pub struct Seal(Arc<DataKey>);

impl Seal {
    /// The key's id as its column has it.
    pub fn id(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap_or(0)
    }

    /// Seals one row.
    pub fn seal(&self, aad: &Aad, plain: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = Vec::new();
        self.0.seal(aad, plain, &mut sealed).map_err(Error::internal)?;
        Ok(sealed)
    }
}

/// The holder key in a column of 16 bytes.
pub fn holder_key_of(column: &[u8]) -> Option<HolderKey> {
    Some(HolderKey::from_bytes(column.try_into().ok()?))
}

/// Finds a data key that another process has made, in the database; none if there is no such key.
type Finder = Box<dyn Fn(i32) -> Option<Arc<DataKey>> + Send + Sync>;

/// How long an id under which no key was found is not looked for again.
const UNFOUND_FOR: Duration = Duration::from_secs(1);

/// The opened keys of one registry.
pub struct Vault {
    index: IndexKey,
    keys: RwLock<HashMap<i32, Arc<DataKey>>>,
    current: RwLock<HashMap<Purpose, Arc<Current>>>,
    /// Asked for a key that is not known here: a row may be the first that another process sealed under a new one.
    finder: OnceLock<Finder>,
    /// Ids that were looked for and not found, and when.
    unfound: Mutex<HashMap<i32, Instant>>,
    /// The byte of the oldest layout that opens. Only ever raised.
    oldest: AtomicU8,
    /// Trees of logs as of this process's last confirmed append. Only a hint: an append checks it against
    /// the head row it has locked, and it is forgotten whenever a commit's outcome is in doubt.
    logs: Mutex<HashMap<String, Cached>>,
    /// The confirmed state of each log: never forgotten, even when the trees are.
    anchors: Anchors,
}

impl Vault {
    /// A vault with the index key and no data keys yet. Its user appends to no log.
    pub fn new(index: IndexKey) -> Self {
        let oldest = AtomicU8::new(Layout::First.byte());
        let (keys, current, logs, unfound) = Default::default();
        let finder = OnceLock::new();
        Self { index, keys, current, finder, unfound, oldest, logs, anchors: Anchors::new(None) }
    }

    /// The same for an open registry with that data directory.
    pub fn anchored(self, data: &Path) -> Self {
        Self { anchors: Anchors::new(Some(data.to_owned())), ..self }
    }

    /// The confirmed states of the logs.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// The key of the keyed hashes.
    pub fn index(&self) -> &IndexKey {
        &self.index
    }

    /// Makes a data key known for opening.
    pub fn add(&self, key: Arc<DataKey>) {
        let id = i32::try_from(key.id()).unwrap_or(0);
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(id, key);
    }

    /// From now on a key that is not known here is looked for.
    pub fn looks_in(&self, finder: impl Fn(i32) -> Option<Arc<DataKey>> + Send + Sync + 'static) {
        let _ = self.finder.set(Box::new(finder));
    }

    /// The key of that id: known here, or found in the database. A row with a made-up id asks the database once a second.
    fn key(&self, id: i32) -> Option<Arc<DataKey>> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if known.is_some() {
            return known;
        }
        let finder = self.finder.get()?;
        let unfound = || self.unfound.lock().unwrap_or_else(PoisonError::into_inner);
        if unfound().get(&id).is_some_and(|at| at.elapsed() < UNFOUND_FOR) {
            return None;
        }
        // No lock is held while the database is asked. Who meets the same new key meanwhile asks too: to wait for nobody
        // and find nothing would call a good row damaged.
        let found = finder(id);
        match &found {
            Some(key) => self.add(key.clone()),
            None => {
                let mut unfound = unfound();
                // Bounded, whatever ids stand in damaged rows.
                unfound.retain(|_, at| at.elapsed() < UNFOUND_FOR);
                unfound.insert(id, Instant::now());
            }
        }
        found
    }

    /// True if the data key is known.
    pub fn knows(&self, id: i32) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    /// Makes a key the one new seals use, with a freshly reserved block.
    pub fn install(&self, purpose: Purpose, key: Arc<DataKey>, month: i32, reserved: i64) {
        self.add(key.clone());
        let current = Arc::new(Current { key, month, left: AtomicI64::new(reserved) });
        self.current.write().unwrap_or_else(PoisonError::into_inner).insert(purpose, current);
    }

    /// Seals left in hand for a purpose in that month; 0 if its key has ended.
    pub fn left(&self, purpose: Purpose, month: i32) -> i64 {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .get(&purpose)
            .filter(|current| current.month == month)
            .map_or(0, |current| current.left.load(Ordering::Relaxed))
    }

    /// The key for one more seal.
    pub fn current(&self, purpose: Purpose) -> Result<Seal> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let spent = || Error::new(Code::StoreBusy, "the reserved seals are used up");
        let current = current.get(&purpose).ok_or_else(spent)?;
        if current.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return Err(spent());
        }
        Ok(Seal(current.key.clone()))
    }

    /// The key with that id for one more seal of a row that it sealed before; none if it is unknown. The
    /// caller has reserved the seal.
    pub fn again(&self, id: i32) -> Option<Seal> {
        Some(Seal(self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&id)?.clone()))
    }

    /// The oldest layout that opens.
    pub fn oldest(&self) -> Layout {
        Layout::from_byte(self.oldest.load(Ordering::Relaxed)).unwrap_or(Layout::PRESENT)
    }

    /// From now on no row of an older layout opens.
    pub fn close_before(&self, oldest: Layout) {
        self.oldest.fetch_max(oldest.byte(), Ordering::Relaxed);
    }

    /// Opens a value sealed under a data key; none if its layout is closed, the key is unknown, or a byte of
    /// row or seal differs.
    pub fn open(&self, key_id: i32, aad: &Aad, sealed: Vec<u8>) -> Option<Vec<u8>> {
        if aad.layout().byte() < self.oldest.load(Ordering::Relaxed) {
            return None;
        }
        self.open_passing(key_id, aad, sealed)
    }

    /// [`Vault::open`] in any layout, for short-lived data: a spill block ends with its import, and has no
    /// clear column that another layout would cover.
    pub fn open_passing(&self, key_id: i32, aad: &Aad, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let key = self.key(key_id)?;
        let plain = key.open_in_place(aad, &mut sealed).ok()?.len();
        sealed.drain(..sealed.len() - TAG_LEN - plain);
        sealed.truncate(plain);
        Some(sealed)
    }

    /// The remembered tree of a log; the slot is empty until the next confirmed append.
    pub fn take_log_cache(&self, log: &str) -> Option<Cached> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).remove(log)
    }

    /// Remembers a log's tree. Only after the commit that made it was confirmed.
    pub fn keep_log_cache(&self, log: &str, cached: Cached) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).insert(log.to_owned(), cached);
    }

    /// Forgets every tree: the outcome of a commit is in doubt.
    pub fn forget_log_caches(&self) {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn key(id: u32) -> Arc<DataKey> {
        Arc::new(DataKey::new(id, &[7; 32]).unwrap())
    }

    #[test]
    fn i5_whoever_meets_a_new_key_while_it_is_looked_for_finds_it_too() {
        let vault = Vault::new(IndexKey::new(&[1; 32]));
        // Each looks while the other does.
        let both = Barrier::new(2);
        vault.looks_in(move |id| {
            both.wait();
            (id == 5).then(|| key(5))
        });
        std::thread::scope(|scope| {
            let found = [(); 2].map(|()| scope.spawn(|| vault.key(5).is_some()));
            assert!(found.into_iter().all(|one| one.join().unwrap()));
        });
        assert!(vault.knows(5));
    }

    #[test]
    fn a_made_up_id_asks_the_database_once_a_second() {
        let vault = Vault::new(IndexKey::new(&[1; 32]));
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        vault.looks_in(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            None
        });
        assert!((0..20).all(|_| vault.key(9).is_none()));
        assert!(asked.load(Ordering::Relaxed) <= 2, "{asked:?}");
    }
}
