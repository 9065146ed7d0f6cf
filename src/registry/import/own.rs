//! The rows of one file against each other: the same number twice, and one person under several names.
//!
//! A real run finds both as it writes, in the order of the merge. A dry run writes nothing, so it keeps a short note of
//! each row (88 bytes), and decides in the same order when the file is read.

use std::collections::BTreeMap;

use crate::registry::import::item::Item;
use crate::registry::import::state::Run;
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
        let holder = item.first_holder();
        if holder != self.holder {
            self.end(names);
            self.holder = holder;
        }
        if self.rows.len() < MOST_ROWS && self.rows.iter().all(|(_, name)| *name != item.name) {
            self.rows.push((item.line, item.name));
        }
    }

    /// Notes the last holder.
    pub fn end(&mut self, names: &mut NamesDiffer) {
        names.note(&std::mem::take(&mut self.rows));
    }
}

/// A row that a dry run has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Own {
    /// The keyed hash of its number or content.
    key: [u8; 16],
    /// Of two rows the one that comes first in the merge is bound: by holder, then line.
    holder: [u8; 16],
    line: u64,
    content: [u8; 32],
    name: u64,
    /// Nothing stored is in its way.
    bound: bool,
}

impl Own {
    /// None for a row without a key; `bound` unless something stored is in its way. Without a number the row is one with
    /// its `twins`, whatever version of the type it is of.
    pub fn of(item: &Item, twins: &[[u8; 16]], bound: bool) -> Option<Self> {
        let key = *twins.iter().chain(item.signed.keys.last()).min()?;
        let content = item.signed.number.as_ref().map_or([0; 32], |_| item.signed.content.0);
        let holder = item.first_holder();
        Some(Self { key, holder, line: item.line, content, name: item.name, bound })
    }
}

/// Moves the rows that others of the file forestall from the bound to the others; returns the faults, in the order of the merge.
pub(super) fn settle(mut rows: Vec<Own>, run: &mut Run) -> Vec<RowFault> {
    rows.sort_unstable();
    let mut faults = Vec::new();
    for same in rows.chunk_by(|one, other| one.key == other.key) {
        let mut same = same.iter().filter(|row| row.bound);
        let Some(first) = same.next() else { continue };
        for other in same {
            run.body.counts.bound -= 1;
            if other.content == first.content {
                run.body.counts.already_there += 1;
            } else {
                faults.push((other.holder, RowFault::clash(other.line).called(&run.body.called)));
            }
        }
    }
    let mut by_holder: BTreeMap<[u8; 16], Vec<(u64, u64)>> = BTreeMap::new();
    for row in &rows {
        by_holder.entry(row.holder).or_default().push((row.line, row.name));
    }
    by_holder.values().for_each(|rows| run.body.names.note(rows));
    // As a run that writes would tell them.
    faults.sort_by_key(|(holder, fault)| (*holder, fault.line));
    let faults: Vec<RowFault> = faults.into_iter().map(|(_, fault)| fault).collect();
    faults.iter().for_each(|fault| refused::count(&mut run.body.faults, fault));
    let clashes = faults.len() as u64;
    run.body.counts.refused += clashes;
    run.body.counts.clashes += clashes;
    faults
}
