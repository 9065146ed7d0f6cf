//! The access log: started once for each process, written before every answer, told to the holder.

pub(super) mod charges;
pub(super) mod entry;
pub(super) mod follower;
pub(super) mod line;
pub(super) mod list;
pub(super) mod start;
