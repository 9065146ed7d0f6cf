//! Copies the WAL of the access file into it, so that no commit of access entries has to.

use super::Store;
use super::conn::{AnyConnection, Open};
use super::dialect;
use crate::error::Result;

/// Whoever serves owns one and steps it now and then. On PostgreSQL, which does this by itself, it does nothing.
pub struct Keeper {
    store: Store,
    conn: Option<AnyConnection>,
}

impl Keeper {
    /// For a store; nothing is opened yet.
    pub fn new(store: Store) -> Self {
        Self { store, conn: None }
    }

    /// Copies what the WAL holds; blocks. A crash in between leaves the WAL, which is whole. After an error the
    /// connection is made anew.
    pub fn step(&mut self) -> Result<()> {
        if self.store.url().is_postgres() {
            return Ok(());
        }
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.store.access_maker(Open::Write).make()?,
        };
        dialect::copy_wal(&mut conn)?;
        self.conn = Some(conn);
        Ok(())
    }
}
