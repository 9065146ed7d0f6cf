//! Wrong passwords, counted by a keyed hash of the name they were given for, whether or not there is such an account.
//! A row is forgotten when its window and its wait are over and its key is near one that is counted, so the table is
//! little longer than the guesses of that window.

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::sign_in_attempts as attempts;
use super::writes::NEIGHBOURS;
use crate::error::Result;

/// Whose wrong passwords: a keyed hash.
pub type AttemptKey = [u8; 32];

/// When wrong passwords make a name wait.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// So many wrong ones …
    pub failures: i32,
    /// … that began after this instant (microseconds) …
    pub since: i64,
    /// … make it wait until this one.
    pub until: i64,
}

impl Reader<'_> {
    /// The instant before which nobody signs in under that key; zero where there is none.
    pub fn locked_until(&mut self, key: &AttemptKey) -> Result<i64> {
        let found = attempts::table.find(key.as_slice()).select(attempts::locked_until).first(self.conn);
        Ok(found.optional().map_err(dialect::fault)?.unwrap_or(0))
    }
}

impl Writer<'_> {
    /// Counts a wrong password in place: attempts at the same time count each.
    pub fn count_attempt(&mut self, key: &AttemptKey, now: i64, patience: Patience) -> Result<()> {
        let old = attempts::begun_at.lt(patience.since).and(attempts::locked_until.le(now));
        let own = attempts::table.find(key.as_slice()).filter(old);
        diesel::delete(own).execute(self.conn).map_err(dialect::fault)?;
        native!(&mut *self.conn, c => diesel::insert_into(attempts::table)
            .values((
                attempts::key.eq(key.as_slice()), attempts::failures.eq(0),
                attempts::begun_at.eq(now), attempts::locked_until.eq(0_i64),
            ))
            .on_conflict_do_nothing()
            .execute(c))
        .map_err(dialect::fault)?;
        // The update holds the row until the commit, so that no other attempt stands between it and the next.
        diesel::update(attempts::table.find(key.as_slice()))
            .set(attempts::failures.eq(attempts::failures + 1))
            .execute(self.conn)
            .map_err(dialect::fault)?;
        let spent = attempts::table.find(key.as_slice()).filter(attempts::failures.ge(patience.failures));
        diesel::update(spent)
            .set((attempts::failures.eq(0), attempts::locked_until.eq(patience.until)))
            .execute(self.conn)
            .map_err(dialect::fault)?;
        self.forget_neighbours(key, now, patience)
    }

    /// Forgets those of the next rows that are over; see [`NEIGHBOURS`].
    fn forget_neighbours(&mut self, key: &AttemptKey, now: i64, patience: Patience) -> Result<()> {
        let near = attempts::table
            .filter(attempts::key.gt(key.as_slice()))
            .order(attempts::key)
            .limit(NEIGHBOURS)
            .select((attempts::key, attempts::begun_at, attempts::locked_until));
        let near: Vec<(Vec<u8>, i64, i64)> = near.load(self.conn).map_err(dialect::fault)?;
        for (key, ..) in near.iter().filter(|(_, begun, until)| *begun < patience.since && *until <= now) {
            diesel::delete(attempts::table.find(key)).execute(self.conn).map_err(dialect::fault)?;
        }
        Ok(())
    }

    /// Forgets them whatever they led to.
    pub fn forget_attempts(&mut self, key: &AttemptKey) -> Result<()> {
        let row = attempts::table.find(key.as_slice());
        diesel::delete(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }

    /// Forgets the wrong passwords before a right one; false where they have led to a wait meanwhile.
    pub fn end_attempts(&mut self, key: &AttemptKey, now: i64) -> Result<bool> {
        let row = || attempts::table.find(key.as_slice());
        let over = row().filter(attempts::locked_until.le(now));
        diesel::delete(over).execute(self.conn).map_err(dialect::fault)?;
        let left: i64 = row().count().get_result(self.conn).map_err(dialect::fault)?;
        Ok(left == 0)
    }
}
