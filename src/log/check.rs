//! Deriving a whole log anew from its entries, for `fsck`: trusts nothing but the verifier key.

use std::fmt;

use super::frontier::Tree;
use super::hash::{Hash, leaf_hash, perfect_root};
use super::note::{LogVerifier, NoteFault};
use super::storage::{Head, TreeReader};
use super::tile::tile_of_hashes;

/// Entries read at a time; whole tiles.
const STRIDE: u64 = 16 * 256;
/// The most findings that are kept; more are only counted.
const KEPT: usize = 100;

/// A difference between a stored log and the log that its entries give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Entries from this index on are not there; nothing after them can be derived.
    EntriesMissing(u64),
    /// There are entries at or after the head's size.
    EntriesBeyond(u64),
    /// A complete tile (level, index) is not there.
    TileMissing(u8, u64),
    /// The hashes of a tile are not those derived.
    TileDiffers(u8, u64),
    /// The root stored beside a tile is not the one derived.
    TileRootDiffers(u8, u64),
    /// There is a tile that the head's size does not complete.
    TileBeyond(u8, u64),
    /// The head's frontier is not the one derived.
    FrontierDiffers,
    /// The head's root is not the one derived.
    RootDiffers,
    /// The checkpoint does not verify.
    CheckpointRefused(NoteFault),
    /// The checkpoint verifies but signs another size or root than derived.
    CheckpointDiffers,
}

/// The result of the check of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The head's size.
    pub size: u64,
    /// The root derived from the entries (as far as they are there).
    pub root: Hash,
    /// Where the log differs, at most 100.
    pub findings: Vec<Finding>,
    /// How many findings more there were.
    pub more: u64,
}

impl Report {
    /// Whether the log agrees with its checkpoint, in every part.
    pub fn sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks a log as one snapshot shows it: entries → leaves → tiles → root → checkpoint signature. None if
/// there is no such log. Reads every entry once and every tile once.
pub fn check_log<R: TreeReader>(
    reader: &mut R,
    log: &str,
    verifier: &LogVerifier,
) -> Result<Option<Report>, R::Error> {
    let Some(head) = reader.head(log)? else { return Ok(None) };
    let mut check =
        Check { reader, log, levels: Vec::new(), tree: Tree::empty(), findings: Vec::new(), more: 0 };
    check.entries(&head)?;
    check.beyond(&head)?;
    check.head(&head, verifier);
    let Check { tree, findings, more, .. } = check;
    Ok(Some(Report { size: head.size, root: tree.root(), findings, more }))
}

struct Check<'r, R> {
    reader: &'r mut R,
    log: &'r str,
    /// By tile level: index of the tile being filled, its hashes so far.
    levels: Vec<(u64, Vec<Hash>)>,
    tree: Tree,
    findings: Vec<Finding>,
    more: u64,
}

impl<R: TreeReader> Check<'_, R> {
    fn entries(&mut self, head: &Head) -> Result<(), R::Error> {
        while self.tree.size() < head.size {
            let from = self.tree.size();
            let to = head.size.min(from + STRIDE);
            let entries = self.reader.entries(self.log, from, to)?;
            for leaf in entries.iter().map(leaf_hash) {
                self.tree.append(leaf);
                self.hash(leaf)?;
            }
            if self.tree.size() != to {
                self.find(Finding::EntriesMissing(self.tree.size()));
                break;
            }
        }
        Ok(())
    }

    /// Takes a leaf hash into level 0; a tile it completes is compared and its root goes one level up.
    fn hash(&mut self, leaf: Hash) -> Result<(), R::Error> {
        let mut hash = leaf;
        for level in 0..8 {
            let place = usize::from(level);
            if self.levels.len() <= place {
                self.levels.push((0, Vec::with_capacity(256)));
            }
            let Some((index, hashes)) = self.levels.get_mut(place) else { break };
            hashes.push(hash);
            let Some(root) = (hashes.len() == 256).then(|| perfect_root(hashes)).flatten() else { break };
            let (derived, at) = (tile_of_hashes(hashes), *index);
            hashes.clear();
            *index += 1;
            self.tile(level, at, &derived, root)?;
            hash = root;
        }
        Ok(())
    }

    fn tile(&mut self, level: u8, index: u64, derived: &[u8], root: Hash) -> Result<(), R::Error> {
        match self.reader.tile(self.log, level, index)? {
            None => {
                self.find(Finding::TileMissing(level, index));
                return Ok(());
            }
            Some(stored) if stored != derived => self.find(Finding::TileDiffers(level, index)),
            Some(_) => {}
        }
        if self.reader.tile_roots(self.log, level, index, index + 1)? != [root] {
            self.find(Finding::TileRootDiffers(level, index));
        }
        Ok(())
    }

    fn beyond(&mut self, head: &Head) -> Result<(), R::Error> {
        if !self.reader.entries(self.log, head.size, head.size.saturating_add(1))?.is_empty() {
            self.find(Finding::EntriesBeyond(head.size));
        }
        for level in 0..8 {
            let index = head.size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
            if self.reader.tile(self.log, level, index)?.is_some() {
                self.find(Finding::TileBeyond(level, index));
            }
        }
        Ok(())
    }

    fn head(&mut self, head: &Head, verifier: &LogVerifier) {
        if self.tree.to_bytes() != head.frontier {
            self.find(Finding::FrontierDiffers);
        }
        if self.tree.root() != head.root {
            self.find(Finding::RootDiffers);
        }
        match verifier.checkpoint(&head.note) {
            Err(fault) => self.find(Finding::CheckpointRefused(fault)),
            Ok(signed) if (signed.size, signed.root) != (head.size, self.tree.root()) => {
                self.find(Finding::CheckpointDiffers);
            }
            Ok(_) => {}
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < KEPT { self.findings.push(finding) } else { self.more += 1 }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntriesMissing(index) => write!(f, "entries are missing from leaf {index} on"),
            Self::EntriesBeyond(index) => write!(f, "there are entries beyond the head, at leaf {index}"),
            Self::TileMissing(level, index) => write!(f, "tile {level}/{index} is missing"),
            Self::TileDiffers(level, index) => write!(f, "tile {level}/{index} is not what its entries give"),
            Self::TileRootDiffers(level, index) => write!(f, "the root beside tile {level}/{index} is wrong"),
            Self::TileBeyond(level, index) => write!(f, "tile {level}/{index} lies beyond the head"),
            Self::FrontierDiffers => f.write_str("the frontier is not what the entries give"),
            Self::RootDiffers => f.write_str("the root is not what the entries give"),
            Self::CheckpointRefused(fault) => write!(f, "the checkpoint is refused: {fault}"),
            Self::CheckpointDiffers => f.write_str("the checkpoint signs another tree than the entries give"),
        }
    }
}
