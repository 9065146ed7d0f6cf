//! A clock that is behind the logs. Their time never goes back. So after a process whose clock ran ahead, the
//! entries of all others get its last time, until their own is later.

use crate::journal;
use crate::registry::Registry;

/// Behind by less than this is nothing: machines on one database differ by as much.
const TOLD_S: i64 = 1;

impl Registry {
    /// Whole seconds by which the clock is behind the newest leaf of any log, if one or more.
    pub fn clock_behind(&self) -> Option<i64> {
        let newest = self.store().newest_leaf()?;
        let behind = (newest.micros() - self.now().micros()) / 1_000_000;
        (behind >= TOLD_S).then_some(behind)
    }

    /// Writes into the operator's log that the clock is behind.
    pub fn tell_clock(&self) {
        if let Some(behind) = self.clock_behind() {
            journal::clock_behind(behind);
        }
    }
}
