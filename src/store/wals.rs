//! The state of the write-ahead logs of this process's registry. Three parts share it: the thread that
//! maintains them, their writers, and the metrics.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use super::place::Side;

/// A writer's way with the log, for the connection of a sequencer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WalPace {
    /// Copy a log of a thousand pages; else somebody else does.
    pub copies: bool,
    /// Cut the file to so many bytes when the log begins anew; negative: never.
    pub limit: i64,
}

impl Default for WalPace {
    /// The setting of a new connection.
    fn default() -> Self {
        Self { copies: true, limit: -1 }
    }
}

/// The state of the two logs of this process's registry.
#[derive(Debug)]
pub struct Wals {
    registry: Wal,
    access: Wal,
}

/// The state of one log, and its writer's next setting ([`WalPace`]).
#[derive(Debug)]
pub(super) struct Wal {
    /// Bytes that are in no database file yet.
    pub live: AtomicU64,
    /// Bytes of the file.
    pub file: AtomicU64,
    pub copies: AtomicBool,
    pub limit: AtomicI64,
}

impl Default for Wals {
    fn default() -> Self {
        let wal = || Wal {
            live: AtomicU64::new(0),
            file: AtomicU64::new(0),
            copies: AtomicBool::new(true),
            limit: AtomicI64::new(-1),
        };
        Self { registry: wal(), access: wal() }
    }
}

impl Wals {
    /// Bytes of a log that are in no database file yet, and bytes of its file, at the last look.
    pub fn bytes(&self, side: Side) -> (u64, u64) {
        let wal = self.of(side);
        (wal.live.load(Ordering::Relaxed), wal.file.load(Ordering::Relaxed))
    }

    /// The setting for the sequencer.
    pub(super) fn pace(&self) -> WalPace {
        let wal = &self.access;
        WalPace { copies: wal.copies.load(Ordering::Relaxed), limit: wal.limit.load(Ordering::Relaxed) }
    }

    pub(super) fn of(&self, side: Side) -> &Wal {
        match side {
            Side::Registry => &self.registry,
            Side::Access => &self.access,
        }
    }
}
