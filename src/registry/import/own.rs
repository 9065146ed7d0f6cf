//! The rows of one file against each other: the same number twice, and one person under several names.
//!
//! A real run finds both as it writes, in the order of the merge. A dry run writes nothing, so it spills a short note of each
//! row (129 bytes, sealed), and decides in the same order when the file is read: memory stays the same for a file of any
//! length.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::registry::Registry;
use crate::registry::import::item::{Item, SortKey};
use crate::registry::import::merge::{self, FAN_IN, Merge};
use crate::registry::import::spill::{Sorter, SpillDir, damaged};
use crate::registry::import::state::Run;
use crate::registry::import::step::Work;
use crate::table::{NamesDiffer, RowFault, refused};

/// Rows of one holder that come one after the other in the merge.
#[derive(Default)]
pub(super) struct Following {
    holder: [u8; 16],
    rows: Vec<(u64, u64)>,
}

/// Names of one number that are told apart; more are as good as these.
const MOST_ROWS: usize = 64;

impl Following {
    /// Takes the next row; those of the holder before are noted.
    pub fn take(&mut self, item: &Item, names: &mut NamesDiffer) {
        self.next((item.first_holder(), item.line, item.name), names);
    }

    fn next(&mut self, (holder, line, name): ([u8; 16], u64, u64), names: &mut NamesDiffer) {
        if holder != self.holder {
            self.end(names);
            self.holder = holder;
        }
        if self.rows.len() < MOST_ROWS && self.rows.iter().all(|(_, known)| *known != name) {
            self.rows.push((line, name));
        }
    }

    /// Notes the last holder.
    pub fn end(&mut self, names: &mut NamesDiffer) {
        names.note(&std::mem::take(&mut self.rows));
    }
}

/// The notes of one thread of a dry run.
#[derive(Default)]
pub(super) struct Notes {
    /// By key.
    rows: Sorter,
    /// By holder, for the names.
    names: Sorter,
}

/// Numbers of the spilled runs of notes.
#[derive(Default)]
pub(super) struct SpilledNotes {
    rows: Vec<u32>,
    names: Vec<u32>,
}

/// What stands against a row, or beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Something stored is in its way.
    InTheWay,
    /// Nothing is.
    Nothing,
    /// A directory entry gives way to it.
    Entry,
}

impl Notes {
    /// Takes an accepted row. Without a number the row is one with its `twins`, whatever version of the type it is of.
    pub fn take(&mut self, item: &Item, twins: &[[u8; 16]], stored: Obstacle) -> Result<()> {
        let key = twins.iter().chain(item.signed.keys.last()).min().ok_or_else(damaged)?;
        // Of two rows the one that comes first in the merge is bound: by holder, then line.
        let mut sort: SortKey = [0; 48];
        let holder = item.first_holder();
        let parts = key.iter().chain(&holder).chain(&[0; 8]).copied();
        let parts = parts.chain(item.line.to_be_bytes());
        sort.iter_mut().zip(parts).for_each(|(place, byte)| *place = byte);
        let content = item.signed.number.as_ref().map_or([0; 32], |_| item.signed.content.0);
        self.rows.push(sort, |out| {
            out.extend_from_slice(&sort);
            out.extend_from_slice(&content);
            out.push(stored as u8);
            Ok(())
        })?;
        let sort = item.sort_key();
        self.names.push(sort, |out| {
            out.extend_from_slice(&sort);
            out.extend_from_slice(&item.name.to_be_bytes());
            Ok(())
        })
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.rows.len() + self.names.len()
    }

    /// Writes what is held.
    pub fn spill(
        &mut self,
        registry: &Registry,
        (dir, block_bytes): (&SpillDir, usize),
        spilled: &Mutex<SpilledNotes>,
    ) -> Result<()> {
        let vault = registry.store().vault();
        let rows = self.rows.spill(dir, vault, block_bytes)?;
        let names = self.names.spill(dir, vault, block_bytes)?;
        let mut spilled = spilled.lock().unwrap_or_else(PoisonError::into_inner);
        spilled.rows.extend(rows);
        spilled.names.extend(names);
        Ok(())
    }
}

/// A note, as it is read again.
struct Own {
    key: [u8; 16],
    holder: [u8; 16],
    line: u64,
    content: [u8; 32],
    bound: bool,
    takes_over: bool,
}

impl Own {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (holder, rest) = rest.split_first_chunk()?;
        let (_, rest) = rest.split_first_chunk::<8>()?;
        let (line, rest) = rest.split_first_chunk()?;
        let (content, rest) = rest.split_first_chunk()?;
        let stored = *rest.first()?;
        Some(Self {
            key: *key,
            holder: *holder,
            line: u64::from_be_bytes(*line),
            content: *content,
            bound: stored != Obstacle::InTheWay as u8,
            takes_over: stored == Obstacle::Entry as u8,
        })
    }
}

/// The rows held against each other.
#[derive(Default)]
pub(super) struct Forestalled {
    /// Faults of rows whose number another row has, in the order of the merge.
    pub faults: Vec<RowFault>,
    /// The lines of rows that are not bound.
    pub unbound: HashSet<u64>,
}

impl Registry {
    /// Moves the rows that others of the file forestall from the bound to the others.
    pub(super) fn hold(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        dir: &SpillDir,
        spilled: SpilledNotes,
    ) -> Result<Forestalled> {
        let SpilledNotes { mut rows, mut names } = spilled;
        rows.sort_unstable();
        names.sort_unstable();
        let (vault, block_bytes) = (self.store().vault(), work.options.limits.block_bytes);
        let rows = merge::compact(dir, vault, rows, FAN_IN, block_bytes)?;
        let mut faults: Vec<([u8; 16], RowFault)> = Vec::new();
        let (mut held, mut first) = (Forestalled::default(), None::<Own>);
        let mut rows = Merge::open(dir, vault, &rows)?;
        while rows.next(&mut |bytes| {
            let own = Own::read(bytes).ok_or_else(damaged)?;
            let before = first.as_ref().filter(|first| first.key == own.key);
            match before {
                _ if !own.bound => drop(held.unbound.insert(own.line)),
                None => {
                    run.body.counts.taken_over += u64::from(own.takes_over);
                    first = Some(own);
                }
                Some(before) => {
                    held.unbound.insert(own.line);
                    run.body.counts.bound -= 1;
                    if before.content == own.content {
                        run.body.counts.already_there += 1;
                    } else {
                        let fault = RowFault::clash(own.line).called(&run.body.called);
                        faults.push((own.holder, fault));
                    }
                }
            }
            Ok(())
        })? {}
        let names = merge::compact(dir, vault, names, FAN_IN, block_bytes)?;
        let (mut names, mut following) = (Merge::open(dir, vault, &names)?, Following::default());
        while names.next(&mut |bytes| {
            let row = named(bytes).ok_or_else(damaged)?;
            following.next(row, &mut run.body.names);
            Ok(())
        })? {}
        following.end(&mut run.body.names);
        // As a run that writes would tell them.
        faults.sort_by_key(|(holder, fault)| (*holder, fault.line));
        held.faults = faults.into_iter().map(|(_, fault)| fault).collect();
        held.faults.iter().for_each(|fault| refused::count(&mut run.body.faults, fault));
        let clashes = held.faults.len() as u64;
        run.body.counts.refused += clashes;
        run.body.counts.clashes += clashes;
        Ok(held)
    }
}

/// Holder, line and name.
fn named(bytes: &[u8]) -> Option<([u8; 16], u64, u64)> {
    let (sort, name) = bytes.split_first_chunk::<{ size_of::<SortKey>() }>()?;
    let name = u64::from_be_bytes(*name.first_chunk()?);
    Some((*sort.first_chunk()?, u64::from_be_bytes(*sort.last_chunk()?), name))
}
