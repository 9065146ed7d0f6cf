//! This process's knowledge of the committed state of each log, apart from the trees it caches, and the file
//! where the next process finds it (I14).
//!
//! In memory it moves with each confirmed commit. The file follows within a second, written by a thread of
//! its own: no commit waits for it. So a crash leaves a file that is a second old at most. A database that
//! goes back by less than that looks like one that did not. SECURITY.md says so.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::anchor_file::KeptAnchors;
use super::locks;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::{Anchor, Fork, Head};

/// The file is written at most this often.
const EVERY: Duration = Duration::from_secs(1);

/// A log as a transaction leaves it, once that commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The log.
    pub log: String,
    /// Its size and root.
    pub anchor: Anchor,
    /// The time of its newest leaf.
    pub at: Moment,
}

impl Moved {
    /// To that head.
    pub fn to(head: &Head) -> Self {
        Self { log: head.log.clone(), anchor: head.anchor(), at: head.at }
    }
}

/// The anchors of one open registry.
pub struct Anchors {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    /// The data directory; none for a connection that appends to no log.
    data: Option<PathBuf>,
    known: Mutex<Known>,
    changed: Condvar,
    /// The number of confirmations: tells a reader whether its snapshot is older than one of them.
    count: AtomicU64,
    /// Microseconds of the newest leaf of any log.
    newest: AtomicI64,
    /// Set once, and never taken back: after it this process signs nothing.
    fork: OnceLock<(String, Fork)>,
}

#[derive(Default)]
struct Known {
    /// Each with the number of its confirmation.
    logs: HashMap<String, (Anchor, u64)>,
    generation: u64,
    /// The file's own name; empty until it was read or written.
    id: String,
    /// The file lacks something of it.
    dirty: bool,
    ended: bool,
}

impl Anchors {
    /// None are known yet. Nothing is read or written.
    pub fn new(data: Option<PathBuf>) -> Self {
        let shared = Shared {
            data,
            known: Mutex::default(),
            changed: Condvar::new(),
            count: AtomicU64::new(0),
            newest: AtomicI64::new(i64::MIN),
            fork: OnceLock::new(),
        };
        Self { shared: Arc::new(shared), keeper: Mutex::default() }
    }

    /// The confirmed state of a log.
    ///
    /// # Errors
    /// `log_forked` once any log was found to have gone back.
    pub fn of(&self, log: &str) -> Result<Option<Anchor>> {
        self.refuse_fork()?;
        Ok(self.shared.known().logs.get(log).map(|(anchor, _)| *anchor))
    }

    /// The confirmed state of every log.
    pub fn all(&self) -> BTreeMap<String, Anchor> {
        self.shared.known().logs.iter().map(|(log, (anchor, _))| (log.clone(), *anchor)).collect()
    }

    /// A log went back: from here on this process signs nothing.
    pub fn went_back(&self, log: &str, fork: Fork) {
        self.shared.went_back(log, fork);
    }

    /// Refuses once any log was found to have gone back.
    ///
    /// # Errors
    /// `log_forked` with the log and the rule.
    pub fn refuse_fork(&self) -> Result<()> {
        self.shared.fork.get().map_or(Ok(()), |(log, fork)| Err(fork_error(log, *fork)))
    }

    /// The number of confirmations so far. Ask for it before a snapshot is taken; see [`Anchors::hold_read`].
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::Acquire)
    }

    /// Refuses a head from a snapshot that is younger than the first `born` confirmations. A later
    /// confirmation may be missing in the snapshot, so it proves nothing.
    ///
    /// # Errors
    /// `log_forked`.
    pub fn hold_read(&self, log: &str, read: &Anchor, born: u64) -> Result<()> {
        self.refuse_fork()?;
        let known = self.shared.known().logs.get(log).copied();
        let Some((anchor, count)) = known else { return Ok(()) };
        if count > born || !anchor.contradicts(read.size, &read.root) {
            return Ok(());
        }
        let (confirmed, size) = (anchor.size, read.size);
        let fork =
            if size < confirmed { Fork::Shorter { confirmed, size } } else { Fork::Other { confirmed } };
        self.went_back(log, fork);
        self.refuse_fork()
    }

    /// Takes in the state that a commit, or a look at the logs, showed to be committed.
    ///
    /// Two threads may come here in another order than they committed in: a smaller state than the known one
    /// is passed over.
    pub fn confirm(&self, moved: impl IntoIterator<Item = Moved>) {
        let mut known = self.shared.known();
        let mut forked = None;
        for Moved { log, anchor, at } in moved {
            self.shared.newest.fetch_max(at.micros(), Ordering::AcqRel);
            let before = known.logs.get(&log).map(|(anchor, _)| *anchor);
            match before {
                Some(before) if before == anchor || before.size > anchor.size => {}
                Some(before) if before.size == anchor.size => {
                    forked = Some((log, Fork::Other { confirmed: before.size }));
                }
                _ => {
                    let count = self.shared.count.fetch_add(1, Ordering::AcqRel) + 1;
                    known.logs.insert(log, (anchor, count));
                    if !known.dirty {
                        known.dirty = true;
                        self.shared.changed.notify_one();
                    }
                }
            }
        }
        let keep = known.dirty && self.shared.data.is_some();
        drop(known);
        if let Some((log, fork)) = forked {
            self.went_back(&log, fork);
        }
        if keep {
            self.start_keeper();
        }
    }

    /// Begins with the heads of logs that were compared with the file.
    pub fn begin(&self, kept: KeptAnchors, heads: &[Head]) {
        let mut known = self.shared.known();
        known.generation = kept.generation;
        known.id = kept.id;
        for head in heads {
            self.shared.newest.fetch_max(head.at.micros(), Ordering::AcqRel);
            known.logs.insert(head.log.clone(), (head.anchor(), 0));
        }
    }

    /// Sets the anchors anew, in memory and in the file: the databases were put back, and every open log has
    /// a successor. The earlier memory of other processes no longer counts.
    ///
    /// A crash before the file is in its place leaves the old one: the start is refused, and the command is run again.
    pub fn set_anew(&self, heads: &[Head]) -> Result<()> {
        let Some(data) = &self.shared.data else { return Ok(()) };
        let _lock = locks::exclusive(data, LOCK)?;
        // A damaged file is replaced like any other.
        let there = KeptAnchors::read(data).ok().flatten().unwrap_or_default();
        let generation = there.generation + 1;
        let mut known = self.shared.known();
        let id = name_of(&there, &known)?;
        known.generation = generation;
        known.id.clone_from(&id);
        known.logs = heads.iter().map(|head| (head.log.clone(), (head.anchor(), 0))).collect();
        known.dirty = false;
        let logs = heads.iter().map(|head| (head.log.clone(), head.anchor())).collect();
        drop(known);
        KeptAnchors { id, generation, logs }.write(data)
    }

    /// Brings the file up to the known state, now.
    pub fn keep(&self) -> Result<()> {
        self.shared.keep()
    }

    /// The name of the file as this process last read or wrote it; empty before that.
    pub fn file_id(&self) -> String {
        self.shared.known().id.clone()
    }

    /// Takes in the contents of the file: others on the same data directory may have confirmed more. A file
    /// that was removed under this process is written again, since this process still knows.
    pub fn learn(&self) -> Result<()> {
        let Some(data) = &self.shared.data else { return Ok(()) };
        let there = KeptAnchors::read(data)?;
        let mut known = self.shared.known();
        match there {
            Some(there) => self.shared.learn(&mut known, &there),
            None if known.id.is_empty() => {}
            None => {
                known.dirty = true;
                drop(known);
                self.shared.changed.notify_one();
                self.start_keeper();
            }
        }
        Ok(())
    }

    /// The time of the newest leaf of any log that this process has seen.
    pub fn newest(&self) -> Option<Moment> {
        let micros = self.shared.newest.load(Ordering::Acquire);
        (micros != i64::MIN).then(|| Moment::from_micros(micros))
    }

    fn start_keeper(&self) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_some() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        match std::thread::Builder::new().name("anchors".into()).spawn(move || shared.run()) {
            Ok(thread) => *keeper = Some(thread),
            Err(error) => ::log::error!("the anchors are written at the end only: {error}"),
        }
    }
}

/// The writer of the file holds this lock.
const LOCK: &str = "anchors";

/// The error that says how a log went back.
pub fn fork_error(log: &str, fork: Fork) -> Error {
    Error::new(Code::LogForked, format!("{log}: {fork}")).rule(fork.rule())
}

/// The name that the file has, had, or is to have.
fn name_of(there: &KeptAnchors, known: &Known) -> Result<String> {
    let names = [&there.id, &known.id];
    names.into_iter().find(|id| !id.is_empty()).map_or_else(KeptAnchors::new_id, |id| Ok(id.clone()))
}

impl Drop for Anchors {
    /// The last confirmed state is on the disk when a process ends in order.
    fn drop(&mut self) {
        self.shared.known().ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _panicked = thread.join();
        }
        if self.shared.known().dirty
            && let Err(error) = self.shared.keep()
        {
            ::log::error!("the anchors of the logs were not written: {error:?}");
        }
    }
}

impl Shared {
    /// No code panics while it holds the lock.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn went_back(&self, log: &str, fork: Fork) {
        if self.fork.set((log.to_owned(), fork)).is_ok() {
            ::log::error!(
                "log {log}: {fork}. Nothing more is signed and no lookup is answered until the cause is found: run \
                 `elicense fsck`; a database that was put back goes on with `elicense restore --in-place`"
            );
        }
    }

    /// The keeper: writes when something has changed, then rests for a second.
    fn run(&self) {
        let mut failed = false;
        loop {
            let waits = |known: &mut Known| !known.dirty && !known.ended;
            let known = self.changed.wait_while(self.known(), waits).unwrap_or_else(PoisonError::into_inner);
            if known.ended {
                return;
            }
            drop(known);
            let began = Instant::now();
            match self.keep() {
                Ok(()) => failed = false,
                Err(error) => {
                    // Reported once: the databases are usually on the same disk, and report it more often.
                    if !std::mem::replace(&mut failed, true) {
                        ::log::error!("the anchors of the logs cannot be written: {error:?}");
                    }
                }
            }
            let rest = EVERY.saturating_sub(began.elapsed());
            let known = self.changed.wait_timeout_while(self.known(), rest, |known| !known.ended);
            drop(known.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Several processes share a data directory: states that only the file has are kept, and learnt.
    fn keep(&self) -> Result<()> {
        // A process that found a log gone back leaves alone the file by which the next one is to be refused.
        let (Some(data), None) = (&self.data, self.fork.get()) else { return Ok(()) };
        let lock = locks::exclusive(data, LOCK)?;
        let there = KeptAnchors::read(data).inspect_err(|_| self.known().dirty = true)?;
        let mut known = self.known();
        // Without the lock another process may write at the same time: the file is written again in a second.
        known.dirty = lock.is_none();
        if let Some(there) = &there {
            self.learn(&mut known, there);
        }
        let logs = known.logs.iter().map(|(log, (anchor, _))| (log.clone(), *anchor)).collect();
        let id = match name_of(there.as_ref().unwrap_or(&KeptAnchors::default()), &known) {
            Ok(id) => id,
            Err(error) => {
                known.dirty = true;
                return Err(error);
            }
        };
        known.id.clone_from(&id);
        let kept = KeptAnchors { id, generation: known.generation, logs };
        drop(known);
        if self.fork.get().is_some() {
            return Ok(());
        }
        if there.is_some_and(|there| there == kept) {
            return Ok(());
        }
        // Once more if another process took the draft away.
        let written = kept.write(data).or_else(|_| kept.write(data));
        if written.is_err() {
            self.known().dirty = true;
        }
        written
    }

    /// Takes in the states that other processes on the same data directory have confirmed. If the database
    /// was put back meanwhile, this process's memory is out of date, and the file replaces it.
    fn learn(&self, known: &mut Known, there: &KeptAnchors) {
        let anew = there.generation > known.generation;
        if anew {
            known.generation = there.generation;
            known.logs.clear();
        }
        for (log, anchor) in there.logs.iter().filter(|_| there.generation == known.generation) {
            match known.logs.get(log) {
                // Two processes were each told that their tree of one size is committed.
                Some((own, _)) if own.size == anchor.size && own.root != anchor.root => {
                    self.went_back(log, Fork::Other { confirmed: own.size });
                }
                Some((own, _)) if own.size >= anchor.size => {}
                _ => {
                    let count = self.count.fetch_add(1, Ordering::AcqRel) + 1;
                    known.logs.insert(log.clone(), (*anchor, count));
                }
            }
        }
    }
}
