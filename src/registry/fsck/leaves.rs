//! The leaves of the logs of records that an event explains, and the entries for the comparison with events.

use std::collections::HashMap;

use crate::error::Result;
use crate::log::{Head, TreeReader};
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::store::Reader;

/// Entries read and kept together.
const CHUNK: u64 = 4_096;
/// Chunks kept: 32 MiB.
const CHUNKS: usize = 256;

/// One bit a leaf, and a cache of entries.
pub(super) struct Leaves {
    logs: HashMap<String, Log>,
    cached: HashMap<(String, u64), Vec<[u8; 32]>>,
}

struct Log {
    size: u64,
    seen: Vec<u64>,
}

impl Leaves {
    /// All leaves of these heads, none explained yet. Leaves that are appended later are not asked about.
    pub(super) fn new(heads: &[Head]) -> Self {
        let words = |size: u64| usize::try_from(size.div_ceil(64)).unwrap_or(0);
        let logs = heads
            .iter()
            .map(|head| (head.log.clone(), Log { size: head.size, seen: vec![0; words(head.size)] }));
        Self { logs: logs.collect(), cached: HashMap::new() }
    }

    /// Whether there is a log of records of that name.
    pub(super) fn knows(&self, log: &str) -> bool {
        self.logs.contains_key(log)
    }

    /// The entry at a leaf, in the reader's snapshot.
    pub(super) fn entry(
        &mut self,
        reader: &mut Reader<'_>,
        log: &str,
        leaf: u64,
    ) -> Result<Option<[u8; 32]>> {
        let chunk = leaf / CHUNK;
        let at = usize::try_from(leaf % CHUNK).unwrap_or(usize::MAX);
        let key = (log.to_owned(), chunk);
        if let Some(entry) = self.cached.get(&key).and_then(|entries| entries.get(at)) {
            return Ok(Some(*entry));
        }
        let entries = reader.entries(log, chunk * CHUNK, (chunk + 1) * CHUNK)?;
        let known = self.logs.get(log).map_or(0, |log| log.size).min((chunk + 1) * CHUNK);
        if (entries.len() as u64) < known.saturating_sub(chunk * CHUNK) {
            // Entries are missing, so places in the list are not places in the log.
            return Ok(reader.entries(log, leaf, leaf.saturating_add(1))?.pop());
        }
        let entry = entries.get(at).copied();
        if self.cached.len() >= CHUNKS {
            self.cached.clear();
        }
        self.cached.insert(key, entries);
        Ok(entry)
    }

    /// Notes that an event hashes to the entry at this leaf.
    pub(super) fn explained(&mut self, log: &str, leaf: u64) {
        let Some(log) = self.logs.get_mut(log) else { return };
        let word = usize::try_from(leaf / 64).ok().and_then(|word| log.seen.get_mut(word));
        if let Some(word) = word {
            *word |= 1 << (leaf % 64);
        }
    }

    /// Reports every leaf that no event explained.
    pub(super) fn unexplained(&self, report: &mut FsckReport) {
        for (name, log) in &self.logs {
            for (word, bits) in (0_u64..).zip(&log.seen) {
                if *bits == u64::MAX {
                    continue;
                }
                for leaf in (word * 64..(word + 1) * 64).take_while(|leaf| *leaf < log.size) {
                    if bits >> (leaf % 64) & 1 == 0 {
                        let detail = "no event hashes to the entry at this leaf";
                        report.find(Finding::new(FindingKind::EventMissing, "events", detail).at(name, leaf));
                    }
                }
            }
        }
    }
}
