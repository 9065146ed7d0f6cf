//! The holders' lists held against the logs from which they come: each holder of each sealed entry has its row, and no
//! row stands without its entry. What the follower has not reached yet is not missing.
//!
//! One walk for the check and for the mending. Pages are read in short snapshots beside a process that serves: rows
//! before the place that the follower had reached when the walk began do not change any more, and a row and the place
//! of the follower are written in one transaction.

use std::collections::HashMap;

use crate::error::Result;
use crate::log::{Head, TreeReader as _};
use crate::registry::Registry;
use crate::store::{AccessBatch, AccessPlace, ListedRow, Reader, Side};
use crate::trust::HolderKey;

/// Batches of a log, and rows of the lists, in one snapshot.
const BATCHES: i64 = 64;
const ROWS: i64 = 2_000;

/// What is wrong with the lists.
pub(in crate::registry) enum ListFault {
    /// The follower is said to have come further than the log goes: the next entries would be passed over.
    Ahead { log: String, size: u64 },
    /// Accesses that stand on no list of their holder.
    Missing(Vec<(HolderKey, AccessPlace)>),
    /// Rows that no entry explains. One that names a log which is not there has none.
    Stray(Vec<ListedRow>),
}

/// What was put right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Mended {
    /// Accesses that were put on a list of their holder.
    pub listed: u64,
    /// Rows without an entry that were taken off.
    pub taken_off: u64,
}

/// How far a log is in the lists, and which of its leaves cannot be told.
struct Followed {
    /// The follower's place when the walk began; never behind the log's end.
    reached: u64,
    /// Rows that the readable entries before that place have.
    rows: u64,
    /// Leaves of batches that are gone or do not open: from, to. They are named by the check of the log.
    unreadable: Vec<(u64, u64)>,
}

impl Followed {
    fn tells(&self, leaf: u64) -> bool {
        leaf < self.reached && !self.unreadable.iter().any(|(from, to)| (*from..*to).contains(&leaf))
    }
}

impl Registry {
    /// Tells what is wrong with the lists, page by page. Blocks.
    pub(in crate::registry) fn hold_lists(
        &self,
        found: &mut dyn FnMut(ListFault) -> Result<()>,
    ) -> Result<()> {
        let mut logs = HashMap::new();
        for head in self.access_heads()? {
            let followed = self.entries_listed(&head, found)?;
            logs.insert(head.log, followed);
        }
        self.rows_explained(&logs, found)
    }

    /// Puts the lists right: what is missing is listed, what no entry explains is taken off. Short transactions, safe
    /// beside a process that serves; may be killed at any moment and run again. Blocks.
    pub fn mend_lists(&self) -> Result<Mended> {
        let mut mended = Mended::default();
        self.hold_lists(&mut |fault| {
            self.store().write_side_now(Side::Access, |writer| match &fault {
                ListFault::Ahead { log, size } if writer.indexed(log)? > *size => {
                    writer.set_indexed(log, *size)
                }
                ListFault::Ahead { .. } => Ok(()),
                ListFault::Missing(places) => writer.insert_accesses(places),
                ListFault::Stray(rows) => {
                    for row in rows {
                        // The follower may have come there since the row was read.
                        if is_stray(writer, row)? {
                            writer.delete_listed(row)?;
                        }
                    }
                    Ok(())
                }
            })?;
            match &fault {
                ListFault::Ahead { .. } => {}
                ListFault::Missing(places) => mended.listed += places.len() as u64,
                ListFault::Stray(rows) => mended.taken_off += rows.len() as u64,
            }
            Ok(())
        })?;
        Ok(mended)
    }

    /// Each holder of each entry that the follower has reached has its row.
    fn entries_listed(
        &self,
        head: &Head,
        found: &mut dyn FnMut(ListFault) -> Result<()>,
    ) -> Result<Followed> {
        let log = head.log.as_str();
        let (said, size) = self.store().read_access_now(|reader| {
            // In one snapshot: the log may have grown, and been followed, since its head was read.
            let size = reader.head(log)?.map_or(head.size, |head| head.size);
            Ok((reader.indexed(log)?, size))
        })?;
        if said > size {
            found(ListFault::Ahead { log: log.to_owned(), size })?;
        }
        let mut followed = Followed { reached: said.min(size), rows: 0, unreadable: Vec::new() };
        let mut next = 0;
        while next < followed.reached {
            let from = next;
            let missing = self.store().read_access_now(|reader| {
                let mut missing = Vec::new();
                let mut batches = reader.access_batches(log, from, followed.reached, BATCHES)?;
                batches.retain(|batch| batch.first >= from);
                if batches.is_empty() {
                    followed.unreadable.push((from, followed.reached));
                    next = followed.reached;
                }
                for batch in &batches {
                    let end = batch.first.saturating_add(u64::from(batch.count.max(1)));
                    if batch.first > next {
                        followed.unreadable.push((next, batch.first));
                    }
                    next = next.max(end);
                    if batch.items.is_none() {
                        followed.unreadable.push((batch.first, end));
                    }
                    for (holder, place) in lines(batch, followed.reached) {
                        followed.rows += 1;
                        if !reader.is_listed(&holder, &place)? {
                            missing.push((holder, place));
                        }
                    }
                }
                Ok(missing)
            })?;
            if !missing.is_empty() {
                followed.rows -= missing.len() as u64;
                found(ListFault::Missing(missing))?;
            }
        }
        Ok(followed)
    }

    /// No row stands without its entry. All rows that the entries have are there, or were told as missing: so as many
    /// rows as entries have is proof, and rows are looked at one by one only where there are more.
    fn rows_explained(
        &self,
        logs: &HashMap<String, Followed>,
        found: &mut dyn FnMut(ListFault) -> Result<()>,
    ) -> Result<()> {
        let mut counted: HashMap<&str, u64> = HashMap::new();
        self.each_page(&mut |registry, rows| {
            let mut beyond = Vec::new();
            for row in rows {
                match (logs.get_key_value(row.log()), row.leaf()) {
                    (Some((log, followed)), Some(leaf)) if leaf < followed.reached => {
                        *counted.entry(log).or_default() += u64::from(followed.tells(leaf));
                    }
                    _ => beyond.push(row.clone()),
                }
            }
            registry.strays(beyond, found)
        })?;
        let more = |(log, followed): (&String, &Followed)| {
            counted.get(log.as_str()).copied().unwrap_or(0) > followed.rows
        };
        if !logs.iter().any(more) {
            return Ok(());
        }
        self.each_page(&mut |registry, rows| {
            let told = |row: &&ListedRow| {
                let followed = logs.get(row.log()).filter(|_| row.leaf().is_some());
                followed.is_some_and(|followed| row.leaf().is_some_and(|leaf| followed.tells(leaf)))
            };
            registry.strays(rows.iter().filter(told).cloned().collect(), found)
        })
    }

    /// Those of the rows that no entry explains.
    fn strays(&self, mut rows: Vec<ListedRow>, found: &mut dyn FnMut(ListFault) -> Result<()>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let strays = self.store().read_access_now(|reader| {
            let mut strays = Vec::new();
            for row in std::mem::take(&mut rows) {
                if is_stray(reader, &row)? {
                    strays.push(row);
                }
            }
            Ok(strays)
        })?;
        if strays.is_empty() { Ok(()) } else { found(ListFault::Stray(strays)) }
    }

    fn each_page(&self, page: &mut dyn FnMut(&Self, &[ListedRow]) -> Result<()>) -> Result<()> {
        let mut after = None;
        loop {
            let rows = self.store().read_access_now(|reader| reader.walk_lists(after.as_ref(), ROWS))?;
            page(self, &rows)?;
            match rows.last() {
                Some(last) => after = Some(last.clone()),
                None => return Ok(()),
            }
        }
    }
}

/// The rows of the lists that the entries of a batch have, up to a leaf.
fn lines(batch: &AccessBatch, to: u64) -> Vec<(HolderKey, AccessPlace)> {
    let mut lines = Vec::new();
    for (index, item) in (batch.first..to).zip(batch.items.iter().flatten()) {
        for (at, holder) in item.holders.iter().enumerate() {
            if !item.holders.iter().take(at).any(|before| before == holder) {
                lines.push((*holder, AccessPlace { at: batch.at, log: batch.log.clone(), index }));
            }
        }
    }
    lines
}

/// Whether no entry explains the row. Of a leaf whose batch does not open that cannot be told.
fn is_stray(reader: &mut Reader<'_>, row: &ListedRow) -> Result<bool> {
    let Some(leaf) = row.leaf() else { return Ok(true) };
    if leaf >= reader.indexed(row.log())? {
        return Ok(true);
    }
    let batch = reader.access_batches(row.log(), leaf, leaf.saturating_add(1), 1)?.pop();
    let Some(AccessBatch { first, at, items: Some(items), .. }) = batch else { return Ok(false) };
    let place = usize::try_from(leaf.saturating_sub(first)).unwrap_or(usize::MAX);
    let item = items.get(place);
    Ok(item.is_some_and(|item| at != row.at() || !row.is_of(&item.holders)))
}
