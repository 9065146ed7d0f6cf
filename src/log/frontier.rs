//! A tree of any size in at most 64 hashes: all that an append needs of the leaves before it.

use super::hash::{Hash, fold, node_hash};

/// Size and the roots of its perfect subtrees, left to right (highest first), one for each bit of the size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    roots: Vec<Hash>,
}

/// Bytes that are no frontier: not u64 size ‖ 32 bytes for each bit set in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the frontier is not a size and one hash for each of its bits")]
pub struct FrontierFault;

impl Tree {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// The tree of that size over those subtree roots; refused unless there is one for each bit of the size.
    pub fn new(size: u64, roots: Vec<Hash>) -> Result<Self, FrontierFault> {
        if roots.len() == bits(size) { Ok(Self { size, roots }) } else { Err(FrontierFault) }
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, left to right.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// The perfect subtree of 2^`level` leaves on the right edge; none where that bit of the size is clear.
    pub fn root_at(&self, level: u8) -> Option<Hash> {
        let above = self.size.checked_shr(u32::from(level))?;
        if above & 1 == 0 {
            return None;
        }
        self.roots.get(bits(above >> 1)).copied()
    }

    /// The root of the whole tree, RFC 6962 §2.1.
    pub fn root(&self) -> Hash {
        fold(&self.roots)
    }

    /// Adds one leaf. For many at once [`super::BatchTree`] hashes less and keeps the proofs.
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.roots.push(node);
        self.size += 1;
    }

    /// The stored form: u64 size, big-endian, then 32 bytes a root, left to right.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 32 * self.roots.len());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        self.roots.iter().for_each(|root| bytes.extend_from_slice(&root.0));
        bytes
    }

    /// Reads [`Tree::to_bytes`]; any other length is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierFault> {
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(FrontierFault)?;
        let (hashes, []) = hashes.as_chunks::<32>() else { return Err(FrontierFault) };
        Self::new(u64::from_be_bytes(*size), hashes.iter().map(|hash| Hash(*hash)).collect())
    }
}

fn bits(size: u64) -> usize {
    usize::try_from(size.count_ones()).unwrap_or(usize::MAX)
}
