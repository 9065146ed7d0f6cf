//! The lists of who looked at whom, row by row: for the check that holds them against the logs, and for mending them.

use diesel::prelude::*;

use super::access::AccessPlace;
use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::access_by_holder;
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::trust::HolderKey;

/// A row as it lies in the table, whatever stands in it: a hand at the database may have written it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ListedRow {
    hk: Vec<u8>,
    at: i64,
    log: String,
    idx: i64,
}

impl ListedRow {
    /// The log that it names, known or not.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The leaf that it names; none where it cannot be one.
    pub fn leaf(&self) -> Option<u64> {
        u64::try_from(self.idx).ok()
    }

    /// When the access was, as the row says.
    pub fn at(&self) -> Moment {
        Moment::from_micros(self.at)
    }

    /// Whether it stands on the list of one of these holders.
    pub fn is_of(&self, holders: &[HolderKey]) -> bool {
        holders.iter().any(|holder| holder.bytes().as_slice() == self.hk)
    }
}

impl Reader<'_> {
    /// Whether the access at that place stands on the holder's list.
    pub fn is_listed(&mut self, hk: &HolderKey, place: &AccessPlace) -> Result<bool> {
        let idx = i64::try_from(place.index).map_err(Error::internal)?;
        let key = (hk.bytes().as_slice(), place.at.micros(), place.log.as_str(), idx);
        native!(&mut *self.conn, c => diesel::select(diesel::dsl::exists(access_by_holder::table.find(key)))
            .get_result(c))
        .map_err(dialect::fault)
    }

    /// Rows of the lists in the order of their key, behind `after`, `limit` at most.
    pub fn walk_lists(&mut self, after: Option<&ListedRow>, limit: i64) -> Result<Vec<ListedRow>> {
        use access_by_holder::{at, hk, idx, log};
        let order = (hk, at, log, idx);
        let Some(last) = after else {
            return native!(&mut *self.conn, c => access_by_holder::table.order(order).limit(limit).load(c))
                .map_err(dialect::fault);
        };
        // The rest of one list, then those behind it: each is one range of the key.
        let behind = at.gt(last.at).or(log.gt(&last.log).or(log.eq(&last.log).and(idx.gt(last.idx))));
        let mut rows: Vec<ListedRow> = native!(&mut *self.conn, c => access_by_holder::table
            .filter(hk.eq(&last.hk).and(at.ge(last.at)).and(behind))
            .order(order)
            .limit(limit)
            .load(c))
        .map_err(dialect::fault)?;
        let left = limit.saturating_sub(i64::try_from(rows.len()).map_err(Error::internal)?);
        if left > 0 {
            let more: Vec<ListedRow> = native!(&mut *self.conn, c => access_by_holder::table
                .filter(hk.gt(&last.hk))
                .order(order)
                .limit(left)
                .load(c))
            .map_err(dialect::fault)?;
            rows.extend(more);
        }
        Ok(rows)
    }
}

impl Writer<'_> {
    /// Takes a row off the lists.
    pub fn delete_listed(&mut self, row: &ListedRow) -> Result<()> {
        let key = (&row.hk, row.at, &row.log, row.idx);
        native!(&mut *self.conn, c => diesel::delete(access_by_holder::table.find(key)).execute(c))
            .map(drop)
            .map_err(dialect::fault)
    }
}
