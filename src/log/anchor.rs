//! The confirmed state of a log, and whether the log as it stands goes on from there (I14).
//!
//! Three faults give a log that is sound in itself and shorter than it was: a database put back by its own
//! tools, a torn write-ahead log, a standby promoted before it had everything. A process that appends to such
//! a log signs a second tree of sizes that are signed already. So a process remembers the size and root that
//! it last knew to be committed, apart from any cache. It signs nothing on a log that does not go on from
//! them.

use std::fmt;

use super::hash::Hash;
use crate::rule::Rule;

/// A size that a log was known to have, with the root of that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: Hash,
}

/// How a log contradicts its confirmed state. Nothing may be signed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fork {
    /// It has fewer leaves.
    Shorter {
        /// The confirmed size.
        confirmed: u64,
        /// Its size.
        size: u64,
    },
    /// It has another tree of the confirmed size.
    Other {
        /// The confirmed size.
        confirmed: u64,
    },
    /// Its stored hashes do not give a proof either way.
    Unproven {
        /// The confirmed size.
        confirmed: u64,
    },
    /// It is not there.
    Gone {
        /// The confirmed size.
        confirmed: u64,
    },
}

impl Fork {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::Shorter { .. } => Rule::LogWentBack,
            Self::Other { .. } => Rule::LogIsAnother,
            Self::Unproven { .. } => Rule::LogUnproven,
            Self::Gone { .. } => Rule::LogIsGone,
        }
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter { confirmed, size } => {
                write!(f, "the log has {size} leaves, and {confirmed} were confirmed")
            }
            Self::Other { confirmed } => {
                write!(f, "the log is not the one of which {confirmed} leaves were confirmed")
            }
            Self::Unproven { confirmed } => {
                write!(f, "it cannot be shown that the log goes on from its {confirmed} confirmed leaves")
            }
            Self::Gone { confirmed } => {
                write!(f, "the log is not there, and {confirmed} leaves of it were confirmed")
            }
        }
    }
}

impl Anchor {
    /// Whether a tree of that size and root contradicts the anchor. A larger one may still be another tree;
    /// [`super::hold::goes_on`] proves that it is not.
    pub fn contradicts(&self, size: u64, root: &Hash) -> bool {
        size < self.size || (size == self.size && *root != self.root)
    }
}
