//! All sealed data, table by table.

use super::again::Run;
use super::walk::{OlderRows, Walked, is_older, pages};
use super::{attachments, tables};
use crate::error::Result;
use crate::store::{Store, access, events, holders, record_keys, records, sealed, writes};
use crate::trust::{Aad, Layout};

/// Rows read in one snapshot and written in one transaction.
pub const PAGE: usize = 500;
/// Bytes of new seals after which a transaction ends before its page does: a batch of accesses may have 45 KB.
const BYTES: usize = 4 << 20;

/// Passes a generic function's result for each table to `$each`, access side first: a backup copies that side
/// first too.
macro_rules! each_table {
    ($call:ident ( $argument:expr ), $each:expr) => {
        $each($call::<access::Row>($argument)?);
        $each($call::<records::Row>($argument)?);
        $each($call::<tables::Past>($argument)?);
        $each($call::<events::Row>($argument)?);
        $each($call::<holders::Row>($argument)?);
        $each($call::<record_keys::Row>($argument)?);
        $each($call::<writes::Row>($argument)?);
    };
}

impl Store {
    /// Seals every row of an older layout anew, `page` rows at most in a transaction; calls `each` with each
    /// table at its end. Blocks; may be killed, run beside a server of this program, and run again.
    pub fn reseal(&self, page: usize, mut each: impl FnMut(OlderRows)) -> Result<()> {
        self.load_data_keys()?;
        let mut run = Run::new(self, page);
        each_table!(table(&mut run), each);
        each(attachments::reseal(&mut run)?);
        Ok(())
    }

    /// How many rows of each table have an older layout; reads every row in short snapshots.
    pub fn older_rows(&self) -> Result<Vec<OlderRows>> {
        let mut found = Vec::new();
        each_table!(count(self), |table| found.push(table));
        found.push(attachments::count(self)?);
        Ok(found)
    }

    /// How many kept answers of repeated requests do not open; reads every row in short snapshots.
    pub fn damaged_answers(&self) -> Result<u64> {
        let mut damaged = 0;
        pages::<writes::Row>(self, PAGE, |rows| {
            let opens = |row: &mut writes::Row| {
                sealed::open(writes::TABLE, row, self.vault(), &mut Aad::new()).is_some()
            };
            damaged += rows.iter_mut().map(|row| u64::from(!opens(row))).sum::<u64>();
            Ok(())
        })?;
        Ok(damaged)
    }

    /// Whether older layouts are closed: no row of one opens any more.
    pub fn older_layouts_are_closed(&self) -> bool {
        self.inner.vault.oldest() == Layout::PRESENT
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
