//! The walk for rows of an older layout: a page in key order, each in a short snapshot.

use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::sealed::SealedRow;
use crate::store::{Reader, Side, Writer};
use crate::trust::Layout;

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

/// A table with a walk for its older rows.
pub(super) trait Walked: SealedRow + Sized {
    const TABLE: &'static str;
    const SIDE: Side;

    /// Rows in key order from after `after`.
    fn page(reader: &mut Reader<'_>, after: Option<&Self>, limit: i64) -> Result<Vec<Self>>;

    /// Replaces the sealed value `old` of a row: 0 if the row is not there as it was read.
    fn replace(&self, writer: &mut Writer<'_>, old: &[u8]) -> Result<usize>;

    /// The row's hidden part in the present layout.
    fn rewritten(_: Layout, plain: Vec<u8>) -> Option<Vec<u8>> {
        Some(plain)
    }
}

/// Whether a sealed value has another layout than the present one.
pub(super) fn is_older(sealed: &[u8]) -> bool {
    Layout::of(sealed) != Some(Layout::PRESENT)
}

/// Every row of a table, `page` at a time.
pub(super) fn pages<T: Walked>(
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
