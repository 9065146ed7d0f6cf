//! Access entries: one sealed row for each commit of an access log, and the follower that lists them by holder.

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::row_body::{framed, take};
use super::schema::{access_batches, access_by_holder};
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, holder_key_of};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::trust::{Aad, HolderKey};

/// An access entry with the holders whose lists show it: the holders are beside it under the seal, never in
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessItem {
    /// The keys of those holders; a joint record has several.
    pub holders: Vec<HolderKey>,
    /// Canonical bytes of the entry.
    pub entry: Vec<u8>,
}

/// The access entries of one commit, opened.
#[derive(Debug, Clone)]
pub struct AccessBatch {
    /// Their log.
    pub log: String,
    /// Leaf of the first.
    pub first: u64,
    /// Time of all.
    pub at: Moment,
    /// Each entry; none if the seal did not hold.
    pub items: Option<Vec<AccessItem>>,
    /// How many the row claims.
    pub count: u32,
}

/// One line of a holder's list of accesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPlace {
    /// When.
    pub at: Moment,
    /// The log.
    pub log: String,
    /// The leaf.
    pub index: u64,
}

pub(super) const TABLE: &str = "access_batches";

#[derive(Queryable)]
pub(super) struct Row {
    pub log: String,
    pub first: i64,
    pub count: i32,
    pub at: i64,
    pub key_id: i32,
    pub entries: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.text(&self.log).integer(self.first).integer(i64::from(self.count)).integer(self.at);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.entries)
    }
}

fn take_item(rest: &mut &[u8]) -> Option<AccessItem> {
    let (&count, after) = rest.split_first()?;
    let (keys, after) = after.split_at_checked(usize::from(count) * 16)?;
    *rest = after;
    let holders = keys.chunks(16).map(holder_key_of).collect::<Option<_>>()?;
    Some(AccessItem { holders, entry: take(rest)?.to_vec() })
}

/// The entries that a batch holds; none unless they are `count` and end where it ends.
pub(super) fn items(mut rest: &[u8], count: u32) -> Option<Vec<AccessItem>> {
    let mut items = Vec::new();
    while !rest.is_empty() {
        items.push(take_item(&mut rest)?);
    }
    (u32::try_from(items.len()).ok()? == count).then_some(items)
}

impl Reader<'_> {
    /// The batches of a log that hold leaves `from .. to`, in order, `limit` at most.
    pub fn access_batches(&mut self, log: &str, from: u64, to: u64, limit: i64) -> Result<Vec<AccessBatch>> {
        let (from, to) =
            (i64::try_from(from).map_err(Error::internal)?, i64::try_from(to).map_err(Error::internal)?);
        let begin: Option<i64> = native!(&mut *self.conn, c => access_batches::table
            .filter(access_batches::log.eq(log).and(access_batches::first.le(from)))
            .select(access_batches::first)
            .order(access_batches::first.desc())
            .first(c)
            .optional())
        .map_err(dialect::fault)?;
        let rows: Vec<Row> = native!(&mut *self.conn, c => access_batches::table
            .filter(access_batches::log.eq(log).and(access_batches::first.ge(begin.unwrap_or(from))).and(access_batches::first.lt(to)))
            .order(access_batches::first)
            .limit(limit)
            .load(c))
        .map_err(dialect::fault)?;
        rows.into_iter().map(|row| self.open_batch(row)).collect()
    }

    /// The first leaf of a log with `size` leaves that is not older than a moment; `size` if all are. The times of a log
    /// never fall, so halving finds it without reading the log.
    pub fn access_leaf_since(&mut self, log: &str, size: u64, since: Moment) -> Result<u64> {
        let (mut low, mut high) = (0_i64, i64::try_from(size).map_err(Error::internal)?);
        while low < high {
            let middle = low + (high - low) / 2;
            let batch: Option<(i64, i32, i64)> = native!(&mut *self.conn, c => access_batches::table
                .filter(access_batches::log.eq(log).and(access_batches::first.le(middle)))
                .select((access_batches::first, access_batches::count, access_batches::at))
                .order(access_batches::first.desc())
                .first(c)
                .optional())
            .map_err(dialect::fault)?;
            match batch {
                Some((first, _, at)) if at >= since.micros() => high = first.max(low),
                Some((first, count, _)) => low = first.saturating_add(i64::from(count)).max(middle + 1),
                // What was before was destroyed with its month.
                None => low = middle + 1,
            }
        }
        u64::try_from(low).map_err(Error::internal)
    }

    fn open_batch(&self, mut row: Row) -> Result<AccessBatch> {
        let count = u32::try_from(row.count).map_err(Error::internal)?;
        let opened = sealed::open(TABLE, &mut row, self.vault, &mut Aad::new());
        let items = opened.and_then(|(_, plain)| items(&plain, count));
        Ok(AccessBatch {
            log: row.log,
            first: u64::try_from(row.first).map_err(Error::internal)?,
            at: Moment::from_micros(row.at),
            items,
            count,
        })
    }

    /// One access entry by log and leaf.
    pub fn access_entry(&mut self, log: &str, index: u64) -> Result<Option<Vec<u8>>> {
        let batch = self.access_batches(log, index, index.saturating_add(1), 1)?.pop();
        let Some(batch) = batch else { return Ok(None) };
        let mut items = batch
            .items
            .ok_or_else(|| Error::new(Code::RecordDamaged, "a batch of access entries does not open"))?;
        let at = usize::try_from(index.saturating_sub(batch.first)).map_err(Error::internal)?;
        Ok((at < items.len()).then(|| items.swap_remove(at).entry))
    }

    /// A holder's accesses as the follower has them, newest first, older than `before` if given.
    pub fn accesses_of(
        &mut self,
        hk: &HolderKey,
        before: Option<Moment>,
        limit: i64,
    ) -> Result<Vec<AccessPlace>> {
        let bound = before.map_or(i64::MAX, Moment::micros);
        let rows: Vec<(Vec<u8>, i64, String, i64)> = native!(&mut *self.conn, c => access_by_holder::table
            .filter(access_by_holder::hk.eq(hk.bytes().as_slice()).and(access_by_holder::at.lt(bound)))
            .order((access_by_holder::at.desc(), access_by_holder::log.desc(), access_by_holder::idx.desc()))
            .limit(limit)
            .load(c))
        .map_err(dialect::fault)?;
        rows.into_iter()
            .map(|(_, at, log, idx)| {
                Ok(AccessPlace {
                    at: Moment::from_micros(at),
                    log,
                    index: u64::try_from(idx).map_err(Error::internal)?,
                })
            })
            .collect()
    }
}

impl Writer<'_> {
    /// Seals the entries of one commit into one row; each comes with its holders' keys.
    pub fn insert_access_batch<'e>(
        &mut self,
        log: &str,
        first: u64,
        at: Moment,
        entries: impl ExactSizeIterator<Item = (&'e [HolderKey], &'e [u8])>,
    ) -> Result<()> {
        let key = self.vault.current(Purpose::Access)?;
        let first = i64::try_from(first).map_err(Error::internal)?;
        let count = i32::try_from(entries.len()).map_err(Error::internal)?;
        let mut plain = Vec::with_capacity(entries.len() * 700);
        for (holders, entry) in entries {
            plain.push(u8::try_from(holders.len()).map_err(Error::internal)?);
            for holder in holders {
                plain.extend_from_slice(holder.bytes());
            }
            framed(&mut plain, entry);
        }
        let mut row =
            Row { log: log.to_owned(), first, count, at: at.micros(), key_id: 0, entries: Vec::new() };
        sealed::seal(TABLE, &mut row, &key, &plain)?;
        native!(&mut *self.conn, c => diesel::insert_into(access_batches::table)
            .values((
                access_batches::log.eq(&row.log), access_batches::first.eq(row.first),
                access_batches::count.eq(row.count), access_batches::at.eq(row.at),
                access_batches::key_id.eq(row.key_id), access_batches::entries.eq(&row.entries),
            ))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }

    /// Empties the holders' lists of one log, so that the follower fills them anew.
    pub fn clear_accesses(&mut self, log: &str) -> Result<()> {
        native!(&mut *self.conn, c => diesel::delete(access_by_holder::table.filter(access_by_holder::log.eq(log))).execute(c))
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Adds lines to the holders' lists; a line that is there already stays.
    pub fn insert_accesses(&mut self, places: &[(HolderKey, AccessPlace)]) -> Result<()> {
        for (hk, place) in places {
            let idx = i64::try_from(place.index).map_err(Error::internal)?;
            native!(&mut *self.conn, c => diesel::insert_into(access_by_holder::table)
                .values((
                    access_by_holder::hk.eq(hk.bytes().as_slice()), access_by_holder::at.eq(place.at.micros()),
                    access_by_holder::log.eq(&place.log), access_by_holder::idx.eq(idx),
                ))
                .on_conflict_do_nothing()
                .execute(c))
            .map_err(dialect::fault)?;
        }
        Ok(())
    }
}
