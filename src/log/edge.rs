//! The right edge of the tiles: at each tile level the hashes that no complete tile holds yet.

use super::batch::BatchTree;
use super::frontier::Tree;
use super::hash::{Hash, perfect_root};
use super::storage::{LogStore, TreeReader};
use super::tile::{TILE_BYTES, TILE_WIDTH, level_width, row};

/// At most 255 hashes a level, as many levels as the tree has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// Reads the edge of a log of `size` from its entries and tile roots.
    pub(super) fn load<R: TreeReader>(reader: &mut R, log: &str, size: u64) -> Result<Self, R::Error> {
        let mut levels = Vec::new();
        for level in (0..8).take_while(|level| level_width(size, *level) > 0) {
            let to = level_width(size, level);
            levels.push(row(reader, log, level, to & !(TILE_WIDTH - 1), to)?);
        }
        Ok(Self { levels })
    }

    /// Whether the edge gives the very subtrees that the frontier holds.
    pub(super) fn agrees(&self, tree: &Tree) -> bool {
        (0..8).all(|level| self.agrees_at(tree, level))
    }

    fn agrees_at(&self, tree: &Tree, level: u8) -> bool {
        let mut rest = self.levels.get(usize::from(level)).map(Vec::as_slice).unwrap_or_default();
        for bit in (0..8).rev() {
            let Some(root) = tree.root_at(8 * level + bit) else { continue };
            let Some((subtree, right)) = rest.split_at_checked(1 << bit) else { return false };
            if perfect_root(subtree) != Some(root) {
                return false;
            }
            rest = right;
        }
        rest.is_empty()
    }

    /// Adds a batch, storing each tile that it completes.
    pub(super) fn extend<S: LogStore>(
        &mut self,
        store: &mut S,
        log: &str,
        batch: &BatchTree,
    ) -> Result<(), S::Error> {
        for level in (0..8).take_while(|level| level_width(batch.size(), *level) > 0) {
            let place = usize::from(level);
            if self.levels.len() <= place {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(place) else { continue };
            let mut tile = level_width(batch.first(), level) / TILE_WIDTH;
            let mut new = batch.new_nodes(8 * level);
            while hashes.len() + new.len() >= 256 {
                let (complete, rest) = new.split_at_checked(256 - hashes.len()).unwrap_or((new, &[]));
                let mut bytes = Vec::with_capacity(TILE_BYTES);
                hashes.iter().chain(complete).for_each(|hash| bytes.extend_from_slice(&hash.0));
                if let Some(root) = batch.node_at(8 * (level + 1), tile) {
                    store.put_tile(log, level, tile, &bytes, &root)?;
                }
                hashes.clear();
                new = rest;
                tile += 1;
            }
            hashes.extend_from_slice(new);
        }
        Ok(())
    }
}
