//! Inclusion and consistency proofs: made over any reader of complete nodes, checked with nothing but hashes.
//!
//! Making: RFC 9162 §2.1.3.1 and §2.1.4.1. Checking: §2.1.3.2 and §2.1.4.2. The paths are those of RFC 6962.

use super::hash::{Hash, fold, node_hash};

/// The source of complete nodes.
pub trait NodeReader {
    /// The error of reading.
    type Error;

    /// The root of leaves `index << level .. (index + 1) << level`. Asked only for complete nodes of the
    /// tree a proof is made for.
    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Why no proof could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault<E> {
    /// There is no such leaf or tree within the tree asked about.
    #[error("{asked} is not within a tree of {size}")]
    OutOfRange {
        /// The leaf index or older size.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A node could not be read.
    #[error("a node of the tree could not be read")]
    Node(#[source] E),
}

/// The proof that leaf `index` is in the tree of `size`, leaf to root.
pub fn inclusion<R: NodeReader>(
    nodes: &mut R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofFault<R::Error>> {
    if index >= size {
        return Err(ProofFault::OutOfRange { asked: index, size });
    }
    let (mut from, mut to) = (0, size);
    let mut proof = Vec::with_capacity(64);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `older` leaves is the beginning of the tree of `size`. Empty if there is
/// nothing to prove: `older` is 0 or `size`.
pub fn consistency<R: NodeReader>(
    nodes: &mut R,
    older: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofFault<R::Error>> {
    if older > size {
        return Err(ProofFault::OutOfRange { asked: older, size });
    }
    let mut proof = Vec::with_capacity(64);
    if older == 0 {
        return Ok(proof);
    }
    let (mut from, mut to) = (0, size);
    // The verifier knows the older root: a subtree that begins at leaf 0 and ends at `older` is not sent.
    while to != older {
        let middle = from + split(to - from);
        if older <= middle {
            proof.push(range_root(nodes, middle, to)?);
            to = middle;
        } else {
            proof.push(range_root(nodes, from, middle)?);
            from = middle;
        }
    }
    if from != 0 {
        proof.push(range_root(nodes, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether `proof` shows `leaf` (a leaf hash) at `index` of the tree of `size` with that root.
#[must_use]
pub fn includes(root: &Hash, size: u64, index: u64, leaf: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            skip_levels_without_sibling(&mut at, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `older` leaves with `older_root` is the beginning of the tree of
/// `size` with `root`. The empty tree is the beginning of every tree.
#[must_use]
pub fn extends(older_root: &Hash, older: u64, root: &Hash, size: u64, proof: &[Hash]) -> bool {
    if older >= size {
        return older == size && proof.is_empty() && older_root == root;
    }
    if older == 0 {
        return proof.is_empty() && *older_root == Hash::empty_root();
    }
    let known = older.is_power_of_two().then_some(older_root);
    let mut path = known.into_iter().chain(proof);
    let Some(start) = path.next() else { return false };
    let (mut at, mut last) = (older - 1, size - 1);
    let shared = at.trailing_ones();
    at >>= shared;
    last >>= shared;
    let (mut before, mut after) = (*start, *start);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node_hash(sibling, &before);
            after = node_hash(sibling, &after);
            skip_levels_without_sibling(&mut at, &mut last);
        } else {
            after = node_hash(&after, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && before == *older_root && after == *root
}

/// The last node of a level has no right sibling until the path turns left.
fn skip_levels_without_sibling(at: &mut u64, last: &mut u64) {
    while *at & 1 == 0 && *at != 0 {
        *at >>= 1;
        *last >>= 1;
    }
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The root over leaves `from .. to` where `from` is a multiple of the next power of two of their number.
fn range_root<R: NodeReader>(nodes: &mut R, from: u64, to: u64) -> Result<Hash, ProofFault<R::Error>> {
    let count = to - from;
    if count.is_power_of_two() {
        let level = level_of(count.ilog2());
        return nodes.node(level, from >> level).map_err(ProofFault::Node);
    }
    let mut roots = Vec::with_capacity(64);
    let mut at = from;
    for level in (0..64).rev().filter(|level| count >> level & 1 == 1) {
        roots.push(nodes.node(level, at >> level).map_err(ProofFault::Node)?);
        at += 1 << level;
    }
    Ok(fold(&roots))
}

fn level_of(log2: u32) -> u8 {
    u8::try_from(log2).unwrap_or(63)
}
