//! Bringing a registry to this program: the steps of its schema, then its sealed rows to the layout of today.

use crate::error::Result;
use crate::registry::Opening;
use crate::registry::Registry;
use crate::registry::people::staff::{MovedAccount, accounts_to_move};
use crate::store::{OlderRows, RESEAL_PAGE, Side, Store};

/// The step behind which the alarms of before are sealed, once.
const ALARM_SEALS: &str = "20261130000141";

/// The result of `migrate`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Migrated {
    /// Schema steps that ran.
    pub ran: Vec<String>,
    /// Rows that were sealed anew, by table; empty if older layouts were closed before.
    pub resealed: Vec<OlderRows>,
    /// Accounts from before roles, with the grants that each keeps and has lost.
    pub accounts: Vec<MovedAccount>,
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
    /// Runs the missing schema steps, seals every row of an older layout anew, and closes those layouts when
    /// none is left. Blocks; the next run finishes a run that was killed. `told` gets the progress after the
    /// steps and after each table. After the steps, a server of this program may run beside it.
    ///
    /// Rows that do not open stay as they are, and their layout stays open: an operator who mends them from a
    /// backup brings rows of that layout.
    ///
    /// # Errors
    /// `not_initialised`, `master_key_wrong`, `schema_outdated` for a registry of a later program, `log_lost`
    /// while a process of the earlier program serves.
    pub fn migrate(opening: Opening, told: &dyn Fn(&Migrated)) -> Result<Migrated> {
        let Opening { place, master, clock, regions } = opening;
        let ran = Store::migrate(&place, &master, clock.now())?;
        let store = Store::open(&place, master, clock.now())?;
        if ran.iter().any(|step| step == ALARM_SEALS) {
            store.ensure_seals(clock.now())?;
            store.write_side_now(Side::Access, |writer| writer.seal_alarms())?;
        }
        store.measure_attachments(clock.now())?;
        let closed = store.older_layouts_are_closed();
        // A run that was killed before this leaves no event of an account: the next one does it.
        let accounts = match store.read_now(accounts_to_move)? {
            true => Registry::of_store(store.clone(), clock, regions)?.move_accounts()?,
            false => Vec::new(),
        };
        let mut done = Migrated { ran, resealed: Vec::new(), accounts, closed };
        if done.closed {
            return Ok(done);
        }
        told(&done);
        store.reseal(RESEAL_PAGE, |table| {
            done.resealed.push(table);
            told(&done);
        })?;
        // Every row is asked once more: after a mistaken closing a row would open no more.
        if store.older_rows()?.iter().all(|table| table.rows == 0) {
            store.close_older_layouts()?;
            done.closed = true;
        }
        Ok(done)
    }
}
