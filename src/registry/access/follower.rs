//! The follower of the access logs: fills the holders' lists in the background, and rebuilds them on request.
//!
//! The lists are a convenience, never the truth. They are derived from the sealed batches, a crash loses at
//! most work, and inserting a line twice leaves one. An append never waits for them.

use crate::clock::Moment;
use crate::error::Result;
use crate::log::Head;
use crate::registry::Registry;
use crate::store::{AccessPlace, Side};
use crate::trust::HolderKey;

/// Batches read at a time: short transactions, since the follower and the sequencer share one writer.
const BATCHES: i64 = 64;

/// How far the holders' lists are behind the logs. Above 5 s it is shown and watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Lag {
    /// Entries that stand in no list yet.
    pub entries: u64,
    /// Age in seconds of the oldest of them.
    pub seconds: i64,
}

impl Registry {
    /// Brings the lists up to the logs' present state, and returns the remaining lag: none, unless entries
    /// were added meanwhile. Blocks for as long as that takes; a process that serves takes steps instead.
    pub fn follow_accesses(&self) -> Result<Lag> {
        for head in self.access_heads()? {
            while self.follow_once(&head)? {}
        }
        self.access_lag()
    }

    /// One short transaction for each log with entries that are in no list yet; true while there are more. A
    /// step holds the access file's writer, so a serving process takes steps when few entries come in.
    pub fn follow_step(&self) -> Result<bool> {
        let mut more = false;
        for head in self.access_heads()? {
            more |= self.follow_once(&head)?;
        }
        Ok(more)
    }

    /// Empties the lists; the next [`Registry::follow_accesses`] fills them from the first entry on.
    pub fn rebuild_accesses(&self) -> Result<()> {
        for head in self.access_heads()? {
            self.store().write_side_now(Side::Access, |writer| {
                writer.clear_accesses(&head.log)?;
                writer.set_indexed(&head.log, 0)
            })?;
        }
        Ok(())
    }

    /// How far the lists are behind; two point reads a log.
    pub fn access_lag(&self) -> Result<Lag> {
        let (now, mut lag) = (self.now(), Lag::default());
        for head in self.access_heads()? {
            let oldest = self.store().read_access_now(|reader| {
                let indexed = reader.indexed(&head.log)?;
                let batches = reader.access_batches(&head.log, indexed, head.size.max(indexed), 1)?;
                let oldest: Option<Moment> = batches.first().map(|batch| batch.at);
                Ok((head.size.saturating_sub(indexed), oldest))
            })?;
            if let (entries @ 1.., Some(at)) = oldest {
                lag.entries += entries;
                lag.seconds = lag.seconds.max(now.seconds() - at.seconds());
            }
        }
        Ok(lag)
    }

    /// One step; false when there is nothing left up to the head that was read.
    fn follow_once(&self, head: &Head) -> Result<bool> {
        let log = head.log.as_str();
        let (batches, indexed) = self.store().read_access_now(|reader| {
            let indexed = reader.indexed(log)?;
            if indexed >= head.size {
                return Ok((Vec::new(), indexed));
            }
            Ok((reader.access_batches(log, indexed, head.size, BATCHES)?, indexed))
        })?;
        let Some(last) = batches.last() else { return Ok(false) };
        let reached = last.first.saturating_add(last.count.into());
        let mut places: Vec<(HolderKey, AccessPlace)> = Vec::new();
        for batch in &batches {
            // `fsck` names a batch that does not open; it must not hold up the batches after it.
            for (index, item) in (batch.first..).zip(batch.items.iter().flatten()) {
                if index < indexed {
                    continue;
                }
                let place = AccessPlace { at: batch.at, log: log.to_owned(), index };
                places.extend(item.holders.iter().map(|holder| (*holder, place.clone())));
            }
        }
        // In key order, as the table is clustered.
        places.sort_by(|(left, a), (right, b)| {
            left.bytes().cmp(right.bytes()).then(a.at.cmp(&b.at)).then(a.index.cmp(&b.index))
        });
        self.store().write_side_now(Side::Access, |writer| {
            // Another follower, or a rebuild, came between: the state that was read no longer counts.
            if writer.indexed(log)? != indexed {
                return Ok(());
            }
            writer.insert_accesses(&places)?;
            writer.set_indexed(log, reached)
        })?;
        Ok(reached < head.size)
    }

    pub(in crate::registry) fn access_heads(&self) -> Result<Vec<Head>> {
        let heads = self.store().read_access_now(|reader| reader.heads())?;
        Ok(heads
            .into_iter()
            .filter(|head| crate::registry::base::names::side_of(&head.log) == Side::Access)
            .collect())
    }
}
