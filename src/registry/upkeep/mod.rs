//! Maintaining a registry: founding, logs and their successors, new keys and layouts, backup and restore.

pub(super) mod accept;
pub(super) mod backup;
#[cfg(feature = "bench-routes")]
pub(super) mod bench_fill;
pub(super) mod init;
pub(super) mod logs;
pub(super) mod migrate;
pub(super) mod put_back;
pub(super) mod rekey;
pub(super) mod restore;
pub(super) mod succession;
