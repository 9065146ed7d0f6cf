//! C2SP tlog-tiles: paths, entry bundles, and reading any tile or node of a stored log.
//!
//! Tiles of level 0 hold leaf hashes, those of level n the roots of tiles of level n − 1; entry bundles hold
//! the entries. Only complete tiles are stored. Partial tiles and bundles are made from entries and tile
//! roots when asked for.

use std::fmt;
use std::str::FromStr;

use super::hash::{Hash, leaf_hash, perfect_root};
use super::proof::NodeReader;
use super::storage::TreeReader;

/// Hashes in a complete tile, entries in a complete bundle.
pub const TILE_WIDTH: u64 = 256;
/// Bytes of a complete tile.
pub const TILE_BYTES: usize = 256 * 32;

/// The thing that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileKind {
    /// Hashes of that tile level, 0 for leaf hashes.
    Hashes(u8),
    /// An entry bundle.
    Entries,
}

/// `tile/<level>/<index>[.p/<width>]` or `tile/entries/<index>[.p/<width>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePath {
    /// Hashes or entries.
    pub kind: TileKind,
    /// Index of the tile in its level.
    pub index: u64,
    /// Number of hashes or entries, 1 to 256; 256 is the complete tile.
    pub width: u16,
}

/// The text is not a tile path in its one accepted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tile path of C2SP tlog-tiles")]
pub struct TilePathFault;

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            if place > 0 { write!(f, "x{group:03}/")? } else { write!(f, "{group:03}")? }
        }
        if u64::from(self.width) < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = TilePathFault;

    /// Accepts only the form of [`fmt::Display`]: no other leading zeros, level 0 to 63, width 1 to 255.
    fn from_str(text: &str) -> Result<Self, TilePathFault> {
        let rest = text.strip_prefix("tile/").ok_or(TilePathFault)?;
        let (kind, rest) = rest.split_once('/').ok_or(TilePathFault)?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => match level.parse() {
                Ok(level @ 0..=63) => TileKind::Hashes(level),
                _ => return Err(TilePathFault),
            },
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok().ok_or(TilePathFault)?),
            None => (rest, 256),
        };
        let mut number: u64 = 0;
        for group in index.split('/') {
            let group: u64 = group.trim_start_matches('x').parse().ok().ok_or(TilePathFault)?;
            number = number.checked_mul(1000).and_then(|n| n.checked_add(group)).ok_or(TilePathFault)?;
        }
        let path = Self { kind, index: number, width };
        if (1..=256).contains(&width) && path.to_string() == text { Ok(path) } else { Err(TilePathFault) }
    }
}

/// The bundle of these entries: for each u16 32 ‖ entry (the `bundle` form of tlog-tiles).
pub fn bundle(entries: &[[u8; 32]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(34 * entries.len());
    for entry in entries {
        bytes.extend_from_slice(&32_u16.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    bytes
}

/// The entries of a [`bundle`]; none for any other bytes.
pub fn entries_of_bundle(bytes: &[u8]) -> Option<Vec<[u8; 32]>> {
    let (framed, []) = bytes.as_chunks::<34>() else { return None };
    framed
        .iter()
        .map(|frame| frame.split_first_chunk::<2>().filter(|(len, _)| **len == [0, 32])?.1.try_into().ok())
        .collect()
}

/// The hashes in the bytes of a tile; none if they are not whole hashes.
pub fn hashes_of_tile(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, []) = bytes.as_chunks::<32>() else { return None };
    Some(hashes.iter().map(|hash| Hash(*hash)).collect())
}

/// The bytes of a tile with these hashes.
pub fn tile_of_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// How many hashes level `level` of tiles has in a tree of `size`.
pub fn level_width(size: u64, level: u8) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// The file at `path` of a log of `size` leaves. None if the log does not reach that far, or if storage lacks
/// a part of it (a damaged log; `fsck` says more).
pub fn read<R: TreeReader>(
    reader: &mut R,
    log: &str,
    size: u64,
    path: TilePath,
) -> Result<Option<Vec<u8>>, R::Error> {
    let level = match path.kind {
        TileKind::Entries => 0,
        TileKind::Hashes(level) => level,
    };
    let Some(from) = path.index.checked_mul(TILE_WIDTH) else { return Ok(None) };
    let Some(to) = from.checked_add(u64::from(path.width)) else { return Ok(None) };
    if to > level_width(size, level) {
        return Ok(None);
    }
    let bytes = match path.kind {
        TileKind::Entries => bundle(&reader.entries(log, from, to)?),
        TileKind::Hashes(_) if u64::from(path.width) == TILE_WIDTH => {
            return reader.tile(log, level, path.index);
        }
        TileKind::Hashes(_) => tile_of_hashes(&row(reader, log, level, from, to)?),
    };
    let unit = if path.kind == TileKind::Entries { 34 } else { 32 };
    Ok((bytes.len() == unit * usize::from(path.width)).then_some(bytes))
}

/// Hashes `from .. to` of a tile level, from entries or from the roots of the tiles below.
pub(super) fn row<R: TreeReader>(
    reader: &mut R,
    log: &str,
    level: u8,
    from: u64,
    to: u64,
) -> Result<Vec<Hash>, R::Error> {
    match level.checked_sub(1) {
        _ if from == to => Ok(Vec::new()),
        None => Ok(reader.entries(log, from, to)?.iter().map(leaf_hash).collect()),
        Some(below) => reader.tile_roots(log, below, from, to),
    }
}

/// Complete nodes of a stored log, for [`super::proof::inclusion`] and [`super::proof::consistency`].
///
/// Keeps the tile it read last: a proof asks for several nodes of one tile.
pub struct StoredNodes<'r, R> {
    reader: &'r mut R,
    log: &'r str,
    last: Option<(u8, u64, Vec<Hash>)>,
}

impl<'r, R: TreeReader> StoredNodes<'r, R> {
    /// The nodes of that log as `reader` sees it.
    pub fn new(reader: &'r mut R, log: &'r str) -> Self {
        Self { reader, log, last: None }
    }
}

/// Why a node of a stored log could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeFault<E> {
    /// Reading failed.
    #[error("the log could not be read")]
    Store(#[source] E),
    /// Storage lacks a part that a log of this size must have.
    #[error("the log lacks hashes of tile level {level}, tile {index}")]
    Missing {
        /// Tile level.
        level: u8,
        /// Tile index.
        index: u64,
    },
}

impl<R: TreeReader> NodeReader for StoredNodes<'_, R> {
    type Error = NodeFault<R::Error>;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let (tile_level, within) = (level / 8, level % 8);
        let (from, count) = (index << within, 1_u64 << within);
        let (tile, offset) = (from / TILE_WIDTH, from % TILE_WIDTH);
        let missing = || NodeFault::Missing { level: tile_level, index: tile };
        if self.last.as_ref().is_none_or(|(level, index, _)| (*level, *index) != (tile_level, tile)) {
            let stored = self.reader.tile(self.log, tile_level, tile).map_err(NodeFault::Store)?;
            let hashes = match stored {
                Some(bytes) => hashes_of_tile(&bytes).ok_or_else(missing)?,
                None => {
                    // Not complete: only the hashes of this node are surely there.
                    let hashes = row(self.reader, self.log, tile_level, from, from + count);
                    let hashes = hashes.map_err(NodeFault::Store)?;
                    return perfect_root(&hashes)
                        .filter(|_| hashes.len() as u64 == count)
                        .ok_or_else(missing);
                }
            };
            self.last = Some((tile_level, tile, hashes));
        }
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let hashes =
            self.last.as_ref().and_then(|(_, _, hashes)| hashes.get(from..from.saturating_add(count)));
        hashes.and_then(perfect_root).ok_or_else(missing)
    }
}
