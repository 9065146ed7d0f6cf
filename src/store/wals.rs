//! What is known of the write-ahead logs of this process's registry, shared by who looks after them, who writes them
//! and who tells their size.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use super::place::Side;

/// How a writer is to deal with the log, for the connection of a sequencer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WalPace {
    /// Copy a log of a thousand pages; else somebody else does.
    pub copies: bool,
    /// Cut the file to so many bytes when the log begins anew; negative: never.
    pub limit: i64,
}

impl Default for WalPace {
    /// As a connection is opened.
    fn default() -> Self {
        Self { copies: true, limit: -1 }
    }
}

/// What is known of the two logs of this process's registry.
#[derive(Debug)]
pub struct Wals {
    registry: Wal,
    access: Wal,
}

/// What is known of one log, and what its writer is to do about it ([`WalPace`]).
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
    /// Bytes of a log that are in no database file yet, and bytes of its file, as they were last looked at.
    pub fn bytes(&self, side: Side) -> (u64, u64) {
        let wal = self.of(side);
        (wal.live.load(Ordering::Relaxed), wal.file.load(Ordering::Relaxed))
    }

    /// What the sequencer is to do.
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
