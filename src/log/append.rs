//! Appending a batch to a log inside the caller's transaction.
//!
//! ```text
//! open transaction
//!   begin            takes the head row; tells the first leaf number and the time of the batch
//!   (caller)         numbers and seals its rows, whose events carry that time
//!   Opened::finish   entries, tiles, checkpoint, compare-and-swap of the head
//! commit             <- the point of no return, the caller's
//! keep Appended::cached, show checkpoint and receipts
//! ```
//!
//! A crash, or any error, before the commit leaves the log as it was. The checkpoint was signed but nobody
//! saw it, and nobody must ever see it, since the next batch will sign another tree of the same size. A crash
//! after the commit loses nothing: rows, leaves and checkpoint are all there. If the commit *reports* an
//! error, it may have been stored all the same. Then the caller shows nothing and drops its state, and the
//! next `begin` reads the head to learn the outcome.
//!
//! The cache is safe by construction. `begin` empties the slot, and only [`Appended::cached`] of a confirmed
//! commit refills it. It counts only if epoch, size and root are those of the head just locked.
//!
//! A head that is not the cached one means another process's append, or a database that was put back. The
//! anchor tells the two apart: the log must begin with the confirmed tree, or nothing is signed on it.

use std::sync::Arc;

use super::batch::BatchTree;
use super::edge::Edge;
use super::fault::{LogFault, Part};
use super::frontier::Tree;
use super::hash::{Hash, leaf_hash};
use super::hold;
use super::lease::{Claim, LEASE_S};
use super::note::LogSigner;
use super::storage::{Head, LogStore};
use crate::clock::Moment;

/// The tree of a log as of an append whose commit was confirmed; spares the next one reading it.
#[derive(Debug, Clone)]
pub struct Cached {
    epoch: i64,
    root: Hash,
    tree: Tree,
    edge: Edge,
}

/// A log whose head row this transaction holds.
#[derive(Debug)]
pub struct Opened<'s> {
    signer: &'s LogSigner,
    head: Head,
    next: Head,
    clock: Moment,
    tree: Tree,
    edge: Edge,
}

/// A batch that stands in the log once the transaction commits, and not before.
#[derive(Debug)]
pub struct Appended {
    /// Name of the log.
    pub log: Arc<str>,
    /// Index of the batch's first leaf.
    pub first: u64,
    /// Size of the tree with the batch.
    pub size: u64,
    /// Root of the tree with the batch.
    pub root: Hash,
    /// The checkpoint of that size. Not to be shown before the commit is confirmed.
    pub note: Arc<str>,
    /// The time of all leaves of the batch.
    pub at: Moment,
    /// The clock's time, which is less if the clock is behind an earlier leaf.
    pub clock: Moment,
    /// The nodes for inclusion proofs of the batch.
    pub batch: Arc<BatchTree>,
    /// For the next [`begin`]. To be kept only when the commit is confirmed.
    pub cached: Cached,
}

/// The head row of a new log: the empty tree under its first checkpoint. For `init` and `log add` only.
pub fn new_head(log: &str, signer: &LogSigner, now: Moment) -> Head {
    let tree = Tree::empty();
    Head {
        log: log.to_owned(),
        size: 0,
        root: tree.root(),
        frontier: tree.to_bytes(),
        note: signer.checkpoint(0, &tree.root()),
        at: now,
        epoch: 0,
        owner: String::new(),
        lease_until: now,
        closed: false,
        commit_us: 0,
    }
}

/// Takes the head row, and reads the rest that an append needs. `claim` is for logs with a standing owner; if
/// another process has taken the log since, the error is [`LogFault::Lost`].
///
/// Without a usable cache the tree is read anew: frontier against root, checkpoint (with its signature)
/// against both, entries and tile roots of the right edge against the frontier. Any contradiction is
/// [`LogFault::Forked`]. A contradiction to the confirmed state is [`LogFault::WentBack`]. In both cases
/// nothing is signed.
pub fn begin<'s, S: LogStore>(
    store: &mut S,
    log: &str,
    cache: &mut Option<Cached>,
    signer: &'s LogSigner,
    claim: Option<&Claim>,
    now: Moment,
) -> Result<Opened<'s>, LogFault<S::Error>> {
    let cached = cache.take();
    let head = store.lock_head(log).map_err(LogFault::Store)?.ok_or(LogFault::Unknown)?;
    if claim.is_some_and(|claim| !claim.holds(&head)) {
        return Err(LogFault::Lost);
    }
    if head.closed {
        return Err(LogFault::Closed);
    }
    let (tree, edge) = match cached.filter(|cached| cached.stands_for(&head)) {
        Some(Cached { tree, edge, .. }) => (tree, edge),
        None => reread(store, &head, signer)?,
    };
    hold::to_anchor(store, &head)?;
    let lease_until = claim.map_or(head.lease_until, |_| now.plus_seconds(LEASE_S));
    let next = Head { at: now.max(head.at), lease_until, ..head.clone() };
    Ok(Opened { signer, head, next, clock: now, tree, edge })
}

/// [`begin`] and [`Opened::finish`] in one, where the entries do not depend on leaf numbers or time.
pub fn append<S: LogStore>(
    store: &mut S,
    log: &str,
    cache: &mut Option<Cached>,
    signer: &LogSigner,
    entries: &[[u8; 32]],
    now: Moment,
) -> Result<Appended, LogFault<S::Error>> {
    begin(store, log, cache, signer, None, now)?.finish(store, entries)
}

impl Opened<'_> {
    /// The index the batch's first leaf will have.
    pub fn first(&self) -> u64 {
        self.head.size
    }

    /// The time of the batch: now, but never before an earlier leaf's.
    pub fn at(&self) -> Moment {
        self.next.at
    }

    /// The head as it was before the batch.
    pub fn head_before(&self) -> &Head {
        &self.head
    }

    /// Tells the watchers of the head how long the owner's last commits took.
    #[must_use]
    pub fn telling(mut self, commit_us: i64) -> Self {
        self.next.commit_us = commit_us;
        self
    }

    /// Makes the batch the log's last: it carries the signed `closed` event, and no other follows.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.next.closed = true;
        self
    }

    /// Appends the entries. Its writes count when the transaction commits; see the module.
    pub fn finish<S: LogStore>(
        self,
        store: &mut S,
        entries: &[[u8; 32]],
    ) -> Result<Appended, LogFault<S::Error>> {
        let Self { signer, head, mut next, clock, tree, mut edge } = self;
        if entries.is_empty() {
            return Err(LogFault::Empty);
        }
        let size = head.size.checked_add(entries.len() as u64);
        next.size = size.filter(|size| *size <= i64::MAX.unsigned_abs()).ok_or(LogFault::Full)?;
        let leaves: Vec<Hash> = entries.iter().map(leaf_hash).collect();
        let batch = BatchTree::new(&tree, &leaves);
        let tree = batch.tree();
        if tree.size() != next.size {
            return Err(LogFault::Forked(Part::Frontier));
        }
        next.root = batch.root();
        next.frontier = tree.to_bytes();
        next.note = signer.checkpoint(next.size, &next.root);

        store.put_batch(&head.log, head.size, entries).map_err(LogFault::Store)?;
        edge.extend(store, &head.log, &batch).map_err(LogFault::Store)?;
        // Fails if anybody appended or claimed since the head was read, even without a lock.
        if !store.swap_head(&head, &next).map_err(LogFault::Store)? {
            return Err(LogFault::Lost);
        }
        Ok(Appended {
            log: head.log.into(),
            first: head.size,
            size: next.size,
            root: next.root,
            note: next.note.into(),
            at: next.at,
            clock,
            batch: Arc::new(batch),
            cached: Cached { epoch: head.epoch, root: next.root, tree, edge },
        })
    }
}

impl Cached {
    fn stands_for(&self, head: &Head) -> bool {
        self.epoch == head.epoch && self.tree.size() == head.size && self.root == head.root
    }
}

fn reread<S: LogStore>(
    store: &mut S,
    head: &Head,
    signer: &LogSigner,
) -> Result<(Tree, Edge), LogFault<S::Error>> {
    let tree = Tree::from_bytes(&head.frontier).ok().ok_or(LogFault::Forked(Part::Frontier))?;
    if tree.size() != head.size || tree.root() != head.root {
        return Err(LogFault::Forked(Part::Frontier));
    }
    let signed = signer.verifier().checkpoint(&head.note).ok().ok_or(LogFault::Forked(Part::Checkpoint))?;
    if signed.size != head.size || signed.root != head.root {
        return Err(LogFault::Forked(Part::Checkpoint));
    }
    let edge = Edge::load(store, &head.log, head.size).map_err(LogFault::Store)?;
    if edge.agrees(&tree) { Ok((tree, edge)) } else { Err(LogFault::Forked(Part::Entries)) }
}
