//! Sealing rows of an older layout anew in the one that is written: page by page in key order, both sides.
//!
//! A row keeps its data key, its clear columns and what it hides; only its layout changes. A transaction changes
//! only rows that are still as they were read, so whoever writes beside it loses nothing. A crash at any moment
//! leaves rows of both layouts, all of which open, and the next run goes on with those that are left.

mod attachments;
mod tables;

use std::collections::HashMap;

use super::sealed::{self, SealedRow};
use super::tx::{Reader, Side, Writer};
use super::vault::Seal;
use super::{Store, access, events, holders, record_keys, records, writes};
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::trust::{Aad, Layout};

/// Rows read in one snapshot and written in one transaction.
pub const PAGE: usize = 500;
/// Bytes of new seals after which a transaction ends before its page does: a batch of accesses may have 45 KB.
const BYTES: usize = 4 << 20;
/// Seals reserved at a time for the rows of one data key.
const BLOCK: i64 = 1 << 16;

/// Rows of one table that have an older layout, or had one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct OlderRows {
    /// The table; attachments are counted as wholes, not by chunks.
    pub table: &'static str,
    /// Sealed anew, or found.
    pub rows: u64,
    /// Of an older layout still, because they do not open.
    pub damaged: u64,
}

/// A table that is walked for its older rows.
trait Walked: SealedRow + Sized {
    const TABLE: &'static str;
    const SIDE: Side;

    /// Rows in key order from after `after`.
    fn page(reader: &mut Reader<'_>, after: Option<&Self>, limit: i64) -> Result<Vec<Self>>;

    /// Puts the row's sealed value in the place of `old`: 0 if the row is not there as it was read.
    fn replace(&self, writer: &mut Writer<'_>, old: &[u8]) -> Result<usize>;

    /// What the row hides, as the layout that is written has it.
    fn rewritten(_: Layout, plain: Vec<u8>) -> Option<Vec<u8>> {
        Some(plain)
    }
}

/// Calls a generic function for each table, access side first: a backup copies that side first too.
macro_rules! each_table {
    ($call:ident ( $($argument:expr),* )) => {
        [
            $call::<access::Row>($($argument),*)?,
            $call::<records::Row>($($argument),*)?,
            $call::<tables::Past>($($argument),*)?,
            $call::<events::Row>($($argument),*)?,
            $call::<holders::Row>($($argument),*)?,
            $call::<record_keys::Row>($($argument),*)?,
            $call::<writes::Row>($($argument),*)?,
        ]
    };
}

impl Store {
    /// Seals every row of an older layout anew, `page` rows at most in a transaction. Blocks; may be killed, run
    /// beside a server of this program, and run again.
    pub fn reseal(&self, now: Moment, page: usize) -> Result<Vec<OlderRows>> {
        self.load_data_keys()?;
        self.ensure_seals(now)?;
        let mut run = Run { store: self, page, left: HashMap::new() };
        let mut done = Vec::from(each_table!(table(&mut run)));
        done.push(attachments::reseal(&mut run)?);
        Ok(done)
    }

    /// How many rows of each table have an older layout; reads every row in short snapshots.
    pub fn older_rows(&self) -> Result<Vec<OlderRows>> {
        let mut found = Vec::from(each_table!(count(self)));
        found.push(attachments::count(self)?);
        Ok(found)
    }

    /// Whether older layouts are closed: no row of one opens any more.
    pub fn older_layouts_are_closed(&self) -> bool {
        self.inner.vault.oldest() == Layout::PRESENT
    }
}

/// One run over everything.
struct Run<'s> {
    store: &'s Store,
    page: usize,
    /// Seals in hand by data key. Lost with the run, which costs nothing: they count as used.
    left: HashMap<i32, i64>,
}

impl Run<'_> {
    /// The key of a row that opened, for one more seal. Not to be called inside a door.
    fn again(&mut self, id: i32) -> Result<Seal> {
        let left = self.left.entry(id).or_insert(0);
        if *left == 0 {
            self.store.reserve_again(id, BLOCK)?;
            *left = BLOCK;
        }
        *left -= 1;
        self.store.vault().again(id).ok_or_else(|| Error::internal("a data key that opened a row is gone"))
    }

    /// Seals a row of an older layout anew; its old sealed value. None if it does not open.
    fn seal<T: SealedRow>(
        &mut self,
        name: &str,
        row: &mut T,
        rewritten: impl FnOnce(Layout, Vec<u8>) -> Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>> {
        let old = row.seal_columns().1.clone();
        let opened = sealed::open(name, row, self.store.vault(), &mut Aad::new());
        let Some(plain) = opened.and_then(|(layout, plain)| rewritten(layout, plain)) else {
            return Ok(None);
        };
        let key = self.again(*row.seal_columns().0)?;
        sealed::seal(name, row, &key, &plain)?;
        Ok(Some(old))
    }
}

fn is_older(sealed: &[u8]) -> bool {
    Layout::of(sealed) != Some(Layout::PRESENT)
}

fn pages<T: Walked>(
    store: &Store,
    page: usize,
    mut each: impl FnMut(&mut Vec<T>) -> Result<()>,
) -> Result<()> {
    let limit = i64::try_from(page).map_err(Error::internal)?;
    let mut last: Option<T> = None;
    loop {
        let mut rows = store.read_side_now(T::SIDE, |reader| T::page(reader, last.as_ref(), limit))?;
        let whole = rows.len() == page;
        each(&mut rows)?;
        match rows.pop() {
            Some(row) if whole => last = Some(row),
            _ => return Ok(()),
        }
    }
}

fn count<T: Walked>(store: &Store) -> Result<OlderRows> {
    let mut found = OlderRows { table: T::TABLE, rows: 0, damaged: 0 };
    pages::<T>(store, PAGE, |rows| {
        found.rows += rows.iter_mut().map(|row| u64::from(is_older(row.seal_columns().1))).sum::<u64>();
        Ok(())
    })?;
    Ok(found)
}

fn table<T: Walked>(run: &mut Run<'_>) -> Result<OlderRows> {
    let mut done = OlderRows { table: T::TABLE, rows: 0, damaged: 0 };
    let (store, page) = (run.store, run.page);
    pages::<T>(store, page, |rows| {
        let (mut pending, mut bytes) = (Vec::new(), 0);
        for row in rows.iter_mut().filter_map(|row| is_older(row.seal_columns().1).then_some(row)) {
            match run.seal(T::TABLE, row, T::rewritten)? {
                Some(old) => {
                    bytes += old.len();
                    pending.push((old, &*row));
                }
                None => done.damaged += 1,
            }
            if bytes >= BYTES {
                done.rows += replace(store, &pending)?;
                pending.clear();
                bytes = 0;
            }
        }
        done.rows += replace(store, &pending)?;
        Ok(())
    })?;
    Ok(done)
}

/// One transaction. A row that somebody changed meanwhile was sealed by that change.
fn replace<T: Walked>(store: &Store, pending: &[(Vec<u8>, &T)]) -> Result<u64> {
    if pending.is_empty() {
        return Ok(0);
    }
    let changed = store.write_side_now(T::SIDE, |writer| {
        pending.iter().map(|(old, row)| row.replace(writer, old)).sum::<Result<usize>>()
    })?;
    Ok(changed as u64)
}
