//! One batch as it stands in the tree: its inclusion proofs without storage.
//!
//! Every left sibling on the path of a leaf of the batch is one of two things. It holds a leaf of the batch,
//! or it lies wholly before the batch and is exactly one root of the old frontier. So the old frontier and
//! the nodes above the batch are enough while somebody keeps the [`BatchTree`], even if the log grows
//! meanwhile.

use super::frontier::Tree;
use super::hash::{Hash, node_hash};
use super::proof::{self, NodeReader};

/// The nodes over the leaves `first() .. size()`, immutable; all waiters for the batch share them in an
/// `Arc`.
#[derive(Debug)]
pub struct BatchTree {
    first: u64,
    size: u64,
    root: Hash,
    /// Level by level from the leaves up. Where that bit of `first` is set, a level begins with the old
    /// frontier's root, so the first node of level h always has the even index (first >> h) & !1.
    nodes: Vec<Hash>,
    starts: Vec<usize>,
}

impl BatchTree {
    /// The batch of those leaf hashes after the tree `before`.
    pub fn new(before: &Tree, leaves: &[Hash]) -> Self {
        let first = before.size();
        let size = first + leaves.len() as u64;
        let mut nodes = Vec::with_capacity(2 * leaves.len() + 64);
        let mut starts = Vec::with_capacity(65);
        let mut below = 0..0;
        for level in 0..=u8::try_from(size.checked_ilog2().unwrap_or(0)).unwrap_or(63) {
            let start = nodes.len();
            starts.push(start);
            nodes.extend(before.root_at(level));
            if level == 0 {
                nodes.extend_from_slice(leaves);
            }
            for at in below.step_by(2) {
                if let (Some(left), Some(right)) = (nodes.get(at).copied(), nodes.get(at + 1).copied()) {
                    nodes.push(node_hash(&left, &right));
                }
            }
            // A node without a right sibling waits for the next batch; it is in that batch's old frontier.
            let whole = (nodes.len() - start) & !1;
            below = start..start + whole;
        }
        starts.push(nodes.len());
        let mut batch = Self { first, size, root: Hash::empty_root(), nodes, starts };
        batch.root = batch.tree().root();
        batch
    }

    /// Index of the batch's first leaf.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Size of the tree with the batch: the size its checkpoint signs.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree with the batch.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// The whole tree of [`BatchTree::size`], as a frontier.
    pub fn tree(&self) -> Tree {
        let levels = (0..64).rev().filter(|level| self.size >> level & 1 == 1);
        let roots = levels.filter_map(|level| self.node_at(level, (self.size >> level) - 1)).collect();
        Tree::new(self.size, roots).unwrap_or_else(|_| Tree::empty())
    }

    /// The complete node of 2^`level` leaves with that index in its level, if it holds a leaf of the batch
    /// or is a root of the old frontier.
    pub fn node_at(&self, level: u8, index: u64) -> Option<Hash> {
        let base = self.first.checked_shr(u32::from(level))? & !1;
        let offset = usize::try_from(index.checked_sub(base)?).ok()?;
        self.level(level)?.get(offset).copied()
    }

    /// The complete nodes of a level that were not there before the batch, left to right.
    pub(super) fn new_nodes(&self, level: u8) -> &[Hash] {
        let old = usize::from(self.first.checked_shr(u32::from(level)).unwrap_or(0) & 1 == 1);
        self.level(level).and_then(|nodes| nodes.get(old..)).unwrap_or_default()
    }

    /// The inclusion proof of leaf `index` at [`BatchTree::size`], leaf to root (RFC 9162 §2.1.3.1); none
    /// unless the leaf is in the batch.
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        if index < self.first {
            return None;
        }
        proof::inclusion(&mut &*self, index, self.size).ok()
    }

    fn level(&self, level: u8) -> Option<&[Hash]> {
        let level = usize::from(level);
        self.nodes.get(*self.starts.get(level)?..*self.starts.get(level + 1)?)
    }
}

/// A node that neither the batch nor the old frontier holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the batch does not hold that node")]
pub struct NodeElsewhere;

impl NodeReader for &BatchTree {
    type Error = NodeElsewhere;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, NodeElsewhere> {
        self.node_at(level, index).ok_or(NodeElsewhere)
    }
}
