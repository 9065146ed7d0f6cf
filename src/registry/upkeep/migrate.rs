//! Bringing a registry to this program: the steps of its schema, then its sealed rows to the layout of today.

use crate::error::Result;
use crate::registry::Opening;
use crate::registry::Registry;
use crate::store::{OlderRows, RESEAL_PAGE, Store};

/// What `migrate` did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Migrated {
    /// Schema steps that ran.
    pub ran: Vec<String>,
    /// Rows that were sealed anew, by table; none of any table where older layouts were closed before.
    pub resealed: Vec<OlderRows>,
    /// Whether older layouts are closed: false while rows of one are left that do not open.
    pub closed: bool,
}

impl Migrated {
    /// Rows of an older layout that do not open.
    pub fn damaged(&self) -> u64 {
        self.resealed.iter().map(|table| table.damaged).sum()
    }
}

impl Registry {
    /// Runs the missing schema steps, seals every row of an older layout anew, and closes those layouts when none is
    /// left. Blocks; a run that was killed is finished by the next. A server of this program may run meanwhile.
    ///
    /// Rows that do not open stay as they are, and so does the door for their layout: whoever mends them from a
    /// backup brings rows of that layout.
    ///
    /// # Errors
    /// `not_initialised`, `master_key_wrong`, `schema_outdated` for a registry of a later program, `log_lost` while a
    /// process of the program before serves.
    pub fn migrate(opening: Opening) -> Result<Migrated> {
        let Opening { place, master, clock, .. } = opening;
        let ran = Store::migrate(&place, &master, clock.now())?;
        let store = Store::open(&place, master, clock.now())?;
        let mut done = Migrated { ran, resealed: Vec::new(), closed: store.older_layouts_are_closed() };
        if done.closed {
            return Ok(done);
        }
        done.resealed = store.reseal(clock.now(), RESEAL_PAGE)?;
        // Asked of every row once more: what is closed by mistake opens no more.
        if store.older_rows()?.iter().all(|table| table.rows == 0) {
            store.close_older_layouts()?;
            done.closed = true;
        }
        Ok(done)
    }
}
