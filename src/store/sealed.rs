//! Opening and sealing a row, the same for every table: the layout that the row claims, its clear columns, its key.

use super::vault::{Seal, Vault};
use crate::error::Result;
use crate::trust::{Aad, Layout};

/// A row of a table whose seal covers all its clear columns.
pub(super) trait SealedRow {
    /// Writes the clear columns in the order of `schema/bytes.md` §7.
    fn cover(&self, aad: &mut Aad);

    /// The column with the data key's id and the sealed column.
    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>);
}

/// Begins the additional data of a row: its layout, its table and the key's column. A negative id opens nothing.
pub fn start(aad: &mut Aad, layout: Layout, table: &str, key_id: i32) {
    aad.start(layout, table, u32::try_from(key_id).unwrap_or(u32::MAX));
}

/// Takes the sealed value out of a row and opens it: its layout and its hidden part. None if the layout is
/// unknown or closed, the key is unknown, or a byte of row or seal differs.
pub(super) fn open(
    table: &str,
    row: &mut impl SealedRow,
    vault: &Vault,
    aad: &mut Aad,
) -> Option<(Layout, Vec<u8>)> {
    let (key_id, sealed) = row.seal_columns();
    let (key_id, sealed) = (*key_id, std::mem::take(sealed));
    let layout = Layout::of(&sealed)?;
    start(aad, layout, table, key_id);
    row.cover(aad);
    Some((layout, vault.open(key_id, aad, sealed)?))
}

/// Seals `plain` into a row under a key that was handed out for it, in the present layout.
pub(super) fn seal(table: &str, row: &mut impl SealedRow, key: &Seal, plain: &[u8]) -> Result<()> {
    let mut aad = Aad::new();
    start(&mut aad, Layout::PRESENT, table, key.id());
    row.cover(&mut aad);
    let sealed = key.seal(&aad, plain)?;
    let columns = row.seal_columns();
    *columns.0 = key.id();
    *columns.1 = sealed;
    Ok(())
}
