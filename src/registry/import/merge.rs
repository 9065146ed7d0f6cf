//! Runs merged into one sequence in the order of holder keys; the same one every time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::Result;
use crate::registry::import::item::{Item, SortKey};
use crate::registry::import::spill::{RunReader, RunWriter, SpillDir, damaged};
use crate::store::Vault;

/// The most runs merged at a time: each keeps one block in memory.
pub(super) const FAN_IN: usize = 64;

/// A merge of runs.
pub(super) struct Merge<'a> {
    runs: Vec<RunReader<'a>>,
    /// The next item of each run, by sort key.
    heads: BinaryHeap<Reverse<(SortKey, usize)>>,
    waiting: Vec<Vec<u8>>,
}

impl<'a> Merge<'a> {
    /// Opens the runs.
    pub fn open(dir: &'a SpillDir, vault: &'a Vault, runs: &[u32]) -> Result<Self> {
        let runs = runs.iter().map(|run| RunReader::open(dir, vault, *run)).collect::<Result<Vec<_>>>()?;
        let mut merge = Self { waiting: vec![Vec::new(); runs.len()], heads: BinaryHeap::new(), runs };
        for run in 0..merge.runs.len() {
            merge.fetch(run)?;
        }
        Ok(merge)
    }

    /// Hands the bytes of the next item to `f`; false at the end.
    pub fn next(&mut self, f: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<bool> {
        let Some(Reverse((_, run))) = self.heads.pop() else { return Ok(false) };
        f(self.waiting.get(run).ok_or_else(damaged)?)?;
        self.fetch(run)?;
        Ok(true)
    }

    /// The next item.
    pub fn item(&mut self) -> Result<Option<Item>> {
        let mut item = None;
        self.next(&mut |bytes| {
            item = Some(Item::read(bytes).ok_or_else(damaged)?);
            Ok(())
        })?;
        Ok(item)
    }

    /// Passes over items that an earlier process has committed.
    pub fn skip(&mut self, items: u64) -> Result<()> {
        for _ in 0..items {
            if !self.next(&mut |_| Ok(()))? {
                return Err(damaged());
            }
        }
        Ok(())
    }

    fn fetch(&mut self, run: usize) -> Result<()> {
        let (Some(reader), Some(waiting)) = (self.runs.get_mut(run), self.waiting.get_mut(run)) else {
            return Ok(());
        };
        if let Some(bytes) = reader.next()? {
            waiting.clear();
            waiting.extend_from_slice(bytes);
            let key = bytes.first_chunk().ok_or_else(damaged)?;
            self.heads.push(Reverse((*key, run)));
        }
        Ok(())
    }
}

/// Merges runs into larger ones until they are few enough for one merge: memory stays the same for a file of
/// any length.
pub(super) fn compact(
    dir: &SpillDir,
    vault: &Vault,
    mut runs: Vec<u32>,
    fan_in: usize,
    block_bytes: usize,
) -> Result<Vec<u32>> {
    while runs.len() > fan_in {
        let rest = runs.split_off(fan_in.min(runs.len()));
        let mut merge = Merge::open(dir, vault, &runs)?;
        let mut merged = RunWriter::create(dir, vault, block_bytes)?;
        while merge.next(&mut |bytes| merged.push(bytes))? {}
        let number = merged.finish()?;
        for run in runs {
            dir.remove_run(run)?;
        }
        runs = rest;
        runs.push(number);
    }
    Ok(runs)
}
