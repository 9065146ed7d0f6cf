//! The Merkle log: tree, tiles, proofs, checkpoints, appending, and the sequencer of access entries.
//!
//! A log is an RFC 6962 tree over 32-byte **entries** (SHA-256 of an event or of an access entry). Two
//! hashes must not be mixed up:
//!
//! * `log_batches` keeps the *entry*, and entry bundles serve it;
//! * tiles of level 0 hold the *leaf hash*, SHA-256(0x00 ‖ entry). It is computed, never stored beside its
//!   entry; a tile is stored when it is complete.
//!
//! Use [`append::begin`] and [`append::Opened::finish`] inside a transaction that writes rows of its own (an
//! issue, an import). Use [`append::append`] if the entries are known beforehand. Use
//! [`sequencer::Sequencer`] for access entries, many small ones from many threads, and [`check::check_log`]
//! to derive a whole log anew. The database is behind [`storage::LogStore`]; nothing here does I/O of its
//! own.
//!
//! The layouts stand in `schema/bytes.md` §4–6.

pub mod anchor;
pub mod append;
pub mod batch;
pub mod check;
mod edge;
pub mod fault;
pub mod frontier;
pub mod hash;
pub mod hold;
pub mod lease;
pub mod metrics;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod recent;
pub mod sequencer;
pub mod storage;
#[cfg(test)]
pub mod testing;
pub mod tile;

#[cfg(test)]
mod tests;

pub use anchor::{Anchor, Fork};
pub use append::{Appended, Cached, Opened};
pub use batch::BatchTree;
pub use fault::LogFault;
pub use frontier::Tree;
pub use hash::Hash;
pub use lease::Claim;
pub use note::{Checkpoint, LogSigner, LogVerifier};
pub use recent::Recent;
pub use sequencer::{Accepted, Committed, Committer, Sequencer, Submission};
pub use storage::{Head, LogMark, LogStore, TreeReader};
