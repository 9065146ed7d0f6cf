//! The access log: started once for each process, written before every answer, told to the holder; permits, what was
//! charged for them, and alarms.

pub(super) mod alarms;
pub(super) mod change;
pub(super) mod entry;
pub(super) mod follower;
pub(super) mod held;
pub(super) mod line;
pub(super) mod list;
pub(super) mod named;
pub(super) mod permit;
mod right;
pub(super) mod sample;
pub(super) mod sharing;
pub(super) mod start;
pub(super) mod withheld;
