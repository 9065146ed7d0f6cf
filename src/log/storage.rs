//! The small contract a database fulfils for a log. `store` implements it inside a transaction it opened.
//!
//! [`TreeReader`] is enough to serve tiles, make proofs and check; it may read a snapshot. [`LogStore`] adds
//! the rest that an append needs. They never begin or end a transaction: the caller that appends also
//! commits, and so knows when the point of no return is passed.

use serde::Serialize;
use utoipa::ToSchema;

use super::anchor::{Anchor, Fork};
use super::hash::Hash;
use crate::clock::Moment;

/// A row of `log_heads`: the truth about a log. A cached copy counts only while it agrees with the row.
///
/// The row has one more column, `indexed` (how far the follower came); no append reads or changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Name of the log.
    pub log: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: Hash,
    /// The tree as [`super::Tree::to_bytes`].
    pub frontier: Vec<u8>,
    /// The checkpoint of that size and root: a signed note.
    pub note: String,
    /// Time of the newest leaf; never goes back.
    pub at: Moment,
    /// Raised by each claim.
    pub epoch: i64,
    /// The process that claimed the log; empty for a log without a standing owner.
    pub owner: String,
    /// Until when others leave the log to its owner. For order only, never for safety.
    pub lease_until: Moment,
    /// A closed log is never appended to.
    pub closed: bool,
    /// The duration of the owner's last commits at the 99th percentile, in microseconds ([`super::Recent`]);
    /// zero for a log without a standing owner. Told to others; nothing here depends on it.
    pub commit_us: i64,
}

/// A log as it stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LogHead)]
pub struct LogMark {
    /// Its name.
    pub log: String,
    /// Root of the tree.
    pub root: Hash,
    /// Number of leaves.
    pub size: u64,
}

impl Head {
    /// Size and root alone.
    pub fn anchor(&self) -> Anchor {
        Anchor { size: self.size, root: self.root }
    }

    /// The log as it stands by this row.
    pub fn mark(&self) -> LogMark {
        LogMark { log: self.log.clone(), root: self.root, size: self.size }
    }
}

/// Reads of one log. `from .. to` are half-open; an answer shorter than asked means that rows are missing.
pub trait TreeReader {
    /// The error of the database.
    type Error;

    /// The head row, without taking it.
    fn head(&mut self, log: &str) -> Result<Option<Head>, Self::Error>;

    /// The 32-byte entries (not leaf hashes) `from .. to`, out of however many batches, in order.
    fn entries(&mut self, log: &str, from: u64, to: u64) -> Result<Vec<[u8; 32]>, Self::Error>;

    /// A complete tile of hashes, 8192 bytes; level 0 holds leaf hashes.
    fn tile(&mut self, log: &str, level: u8, index: u64) -> Result<Option<Vec<u8>>, Self::Error>;

    /// The roots stored beside the complete tiles `from .. to` of a level, in order.
    fn tile_roots(&mut self, log: &str, level: u8, from: u64, to: u64) -> Result<Vec<Hash>, Self::Error>;
}

/// Appending to one log inside one open transaction. All writes become visible together when it commits.
pub trait LogStore: TreeReader {
    /// Takes the head row until the transaction ends, and reads it. From here on no other transaction can
    /// append to this log (SQLite: the transaction was begun IMMEDIATE; PostgreSQL: the row is locked).
    fn lock_head(&mut self, log: &str) -> Result<Option<Head>, Self::Error>;

    /// The state of a log that this process last knew to be committed; none if it knows nothing. It is kept
    /// apart from every cache, and never ahead of the committed state. An error once any log was found to
    /// have gone back: after that nothing is signed.
    fn anchor(&mut self, log: &str) -> Result<Option<Anchor>, Self::Error>;

    /// Remembers that a log went back, for all writers of this process, until it ends.
    fn went_back(&mut self, log: &str, fork: Fork);

    /// `UPDATE … SET <next> WHERE log, epoch, size = <read's>`; true if exactly one row was changed. This
    /// compare-and-swap keeps one log one tree (I14), even if locks and leases fail.
    fn swap_head(&mut self, read: &Head, next: &Head) -> Result<bool, Self::Error>;

    /// Keeps the entries of a batch whose first leaf is `first`, in one row.
    fn put_batch(&mut self, log: &str, first: u64, entries: &[[u8; 32]]) -> Result<(), Self::Error>;

    /// Keeps a complete tile: its 8192 bytes and its root. Never called twice for one tile; a row that is
    /// already there is an error, not replaced.
    fn put_tile(
        &mut self,
        log: &str,
        level: u8,
        index: u64,
        hashes: &[u8],
        root: &Hash,
    ) -> Result<(), Self::Error>;
}
