//! One run: rows that are opened and sealed anew under the keys they have, with seals reserved for it.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::store::Store;
use crate::store::sealed::{self, SealedRow};
use crate::store::vault::Seal;
use crate::trust::{Aad, Layout};

/// Seals reserved at a time for the rows of one data key.
const BLOCK: i64 = 1 << 16;

/// One run over everything.
pub(super) struct Run<'s> {
    pub store: &'s Store,
    /// Rows in one transaction, at most.
    pub page: usize,
    /// Seals in hand by data key. Lost with the run, which costs nothing: they count as used.
    left: HashMap<i32, i64>,
}

impl<'s> Run<'s> {
    pub fn new(store: &'s Store, page: usize) -> Self {
        Self { store, page, left: HashMap::new() }
    }

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
    pub fn seal<T: SealedRow>(
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
