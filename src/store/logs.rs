//! The tables of a log, behind the log's own storage trait; heads, batches and tiles of either side.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Text};
use diesel::sqlite::Sqlite;

use super::anchors::Moved;
use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::{log_batches, log_heads, tiles};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::{Anchor, Fork, Hash, Head, LogMark, LogStore, TreeReader, lease};

#[derive(Queryable)]
struct Row {
    log: String,
    _origin: String,
    size: i64,
    root: Vec<u8>,
    frontier: Vec<u8>,
    note: String,
    at: i64,
    epoch: i64,
    owner: String,
    lease_until: i64,
    _indexed: i64,
    closed: bool,
    commit_us: i64,
}

fn head_of(row: Row) -> Result<Head> {
    let broken = || Error::new(Code::LogForked, "a head row has values no head has");
    Ok(Head {
        log: row.log,
        size: u64::try_from(row.size).ok().ok_or_else(broken)?,
        root: hash(&row.root).ok_or_else(broken)?,
        frontier: row.frontier,
        note: row.note,
        at: Moment::from_micros(row.at),
        epoch: row.epoch,
        owner: row.owner,
        lease_until: Moment::from_micros(row.lease_until),
        closed: row.closed,
        commit_us: row.commit_us,
    })
}

fn hash(bytes: &[u8]) -> Option<Hash> {
    Some(Hash(bytes.try_into().ok()?))
}

fn column(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(Error::internal)
}

impl TreeReader for Reader<'_> {
    type Error = Error;

    fn head(&mut self, log: &str) -> Result<Option<Head>> {
        // Not `first`: SQLite prepares a statement with a bound LIMIT anew each time it is run.
        let row: Option<Row> =
            native!(&mut *self.conn, c => log_heads::table.find(log).get_result(c).optional())
                .map_err(dialect::fault)?;
        row.map(head_of).transpose()
    }

    fn entries(&mut self, log: &str, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        let (from, to) = (column(from)?, column(to)?);
        // The batch that holds `from` begins at or before it: the newest such.
        let begin: Option<i64> = native!(&mut *self.conn, c => log_batches::table
            .filter(log_batches::log.eq(log).and(log_batches::first.le(from)))
            .select(log_batches::first)
            .order(log_batches::first.desc())
            .first(c)
            .optional())
        .map_err(dialect::fault)?;
        let rows: Vec<(i64, Vec<u8>)> = native!(&mut *self.conn, c => log_batches::table
            .filter(log_batches::log.eq(log).and(log_batches::first.ge(begin.unwrap_or(from))).and(log_batches::first.lt(to)))
            .select((log_batches::first, log_batches::entries))
            .order(log_batches::first)
            .load(c))
        .map_err(dialect::fault)?;
        let mut entries = Vec::new();
        for (first, bytes) in rows {
            let chunks = bytes.as_chunks::<32>().0;
            for (at, entry) in (first..).zip(chunks) {
                if at >= from && at < to {
                    entries.push(*entry);
                }
            }
        }
        Ok(entries)
    }

    fn tile(&mut self, log: &str, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
        let index = column(index)?;
        native!(&mut *self.conn, c => tiles::table.find((log, i16::from(level), index)).select(tiles::hashes).first(c).optional())
            .map_err(dialect::fault)
    }

    fn tile_roots(&mut self, log: &str, level: u8, from: u64, to: u64) -> Result<Vec<Hash>> {
        let (from, to) = (column(from)?, column(to)?);
        let rows: Vec<Vec<u8>> = native!(&mut *self.conn, c => tiles::table
            .filter(tiles::log.eq(log).and(tiles::level.eq(i16::from(level))).and(tiles::idx.ge(from)).and(tiles::idx.lt(to)))
            .select(tiles::root)
            .order(tiles::idx)
            .load(c))
        .map_err(dialect::fault)?;
        Ok(rows.iter().filter_map(|root| hash(root)).collect())
    }
}

impl Reader<'_> {
    /// Size and root of a log: all that an answer tells about it. `log_forked` if that is not the confirmed
    /// state.
    pub fn mark(&mut self, log: &str) -> Result<Option<LogMark>> {
        let place = log_heads::table.find(log).select((log_heads::size, log_heads::root));
        let row: Option<(i64, Vec<u8>)> =
            native!(&mut *self.conn, c => place.get_result(c).optional()).map_err(dialect::fault)?;
        let broken = || Error::new(Code::LogForked, "a head row has values no head has");
        let Some((size, root)) = row else { return Ok(None) };
        let mark = (u64::try_from(size).ok(), hash(&root));
        let (Some(size), Some(root)) = mark else { return Err(broken()) };
        self.vault.anchors().hold_read(log, &Anchor { size, root }, self.born)?;
        Ok(Some(LogMark { log: log.to_owned(), root, size }))
    }

    /// The heads of all logs of this side.
    pub fn heads(&mut self) -> Result<Vec<Head>> {
        let rows: Vec<Row> =
            log_heads::table.order(log_heads::log).load(self.conn).map_err(dialect::fault)?;
        rows.into_iter().map(head_of).collect()
    }

    /// Logs of this side whose owner's lease is alive (see [`lease::alive`]), each with its owner.
    pub fn leased(&mut self, now: Moment) -> Result<Vec<(String, String)>> {
        let (now, longest) = (now.micros(), now.plus_seconds(lease::LONGEST_S).micros());
        log_heads::table
            .filter(
                log_heads::owner
                    .ne("")
                    .and(log_heads::lease_until.gt(now))
                    .and(log_heads::lease_until.le(longest)),
            )
            .select((log_heads::log, log_heads::owner))
            .load(self.conn)
            .map_err(dialect::fault)
    }

    /// Name and origin of every log of this side.
    pub fn origins(&mut self) -> Result<Vec<(String, String)>> {
        log_heads::table.select((log_heads::log, log_heads::origin)).load(self.conn).map_err(dialect::fault)
    }

    /// The progress of a log's follower: entries before this index are in the holders' lists.
    pub fn indexed(&mut self, log: &str) -> Result<u64> {
        let indexed: Option<i64> = log_heads::table
            .find(log)
            .select(log_heads::indexed)
            .first(self.conn)
            .optional()
            .map_err(dialect::fault)?;
        // A hand at the database may have written anything; what is no place is the beginning.
        Ok(u64::try_from(indexed.unwrap_or(0)).unwrap_or(0))
    }

    /// Batches of a log from leaf `from` on, `limit` at most: (first leaf, entries claimed, bytes held), for `fsck`.
    pub fn batch_spans(&mut self, log: &str, from: i64, limit: i64) -> Result<Vec<(i64, i64, i64)>> {
        use diesel::dsl::sql;
        let bytes = sql::<BigInt>("CAST(length(entries) AS BIGINT)");
        log_batches::table
            .filter(log_batches::log.eq(log).and(log_batches::first.ge(from)))
            .select((log_batches::first, log_batches::count, bytes))
            .order(log_batches::first)
            .limit(limit)
            .load(self.conn)
            .map_err(dialect::fault)
    }
}

impl TreeReader for Writer<'_> {
    type Error = Error;

    fn head(&mut self, log: &str) -> Result<Option<Head>> {
        TreeReader::head(&mut **self, log)
    }
    fn entries(&mut self, log: &str, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        TreeReader::entries(&mut **self, log, from, to)
    }
    fn tile(&mut self, log: &str, level: u8, index: u64) -> Result<Option<Vec<u8>>> {
        TreeReader::tile(&mut **self, log, level, index)
    }
    fn tile_roots(&mut self, log: &str, level: u8, from: u64, to: u64) -> Result<Vec<Hash>> {
        TreeReader::tile_roots(&mut **self, log, level, from, to)
    }
}

/// Compare-and-swap of a head, with its numbers as columns have them. It is the one statement of every commit
/// that diesel would prepare anew each time, as it does with all updates.
struct SwapHead<'a> {
    read: &'a Head,
    next: &'a Head,
    old_size: i64,
    new_size: i64,
    at: i64,
    lease_until: i64,
}

/// Its text is always the same, so its type names it for any borrow.
struct SwapHeadText;

impl QueryId for SwapHead<'_> {
    type QueryId = SwapHeadText;
    const HAS_STATIC_QUERY_ID: bool = true;
}

macro_rules! swap_head_on {
    ($backend:ty, $conn:ty) => {
        impl QueryFragment<$backend> for SwapHead<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                let Self { read, next, old_size, new_size, at, lease_until } = self;
                out.push_sql("UPDATE log_heads SET size = ");
                out.push_bind_param::<BigInt, _>(new_size)?;
                out.push_sql(", root = ");
                out.push_bind_param::<Binary, _>(&next.root.0)?;
                out.push_sql(", frontier = ");
                out.push_bind_param::<Binary, _>(&next.frontier)?;
                out.push_sql(", note = ");
                out.push_bind_param::<Text, _>(&next.note)?;
                out.push_sql(", at = ");
                out.push_bind_param::<BigInt, _>(at)?;
                out.push_sql(", epoch = ");
                out.push_bind_param::<BigInt, _>(&next.epoch)?;
                out.push_sql(", owner = ");
                out.push_bind_param::<Text, _>(&next.owner)?;
                out.push_sql(", lease_until = ");
                out.push_bind_param::<BigInt, _>(lease_until)?;
                out.push_sql(", closed = ");
                out.push_bind_param::<Bool, _>(&next.closed)?;
                out.push_sql(", commit_us = ");
                out.push_bind_param::<BigInt, _>(&next.commit_us)?;
                out.push_sql(" WHERE log = ");
                out.push_bind_param::<Text, _>(&read.log)?;
                out.push_sql(" AND epoch = ");
                out.push_bind_param::<BigInt, _>(&read.epoch)?;
                out.push_sql(" AND size = ");
                out.push_bind_param::<BigInt, _>(old_size)
            }
        }
        impl RunQueryDsl<$conn> for SwapHead<'_> {}
    };
}
swap_head_on!(Sqlite, SqliteConnection);
swap_head_on!(Pg, PgConnection);

impl LogStore for Writer<'_> {
    fn lock_head(&mut self, log: &str) -> Result<Option<Head>> {
        dialect::lock_head(&mut *self.conn, log)?;
        TreeReader::head(self, log)
    }

    fn anchor(&mut self, log: &str) -> Result<Option<Anchor>> {
        self.vault.anchors().of(log)
    }

    fn went_back(&mut self, log: &str, fork: Fork) {
        self.vault.anchors().went_back(log, fork);
    }

    fn swap_head(&mut self, read: &Head, next: &Head) -> Result<bool> {
        let swap = SwapHead {
            read,
            next,
            old_size: column(read.size)?,
            new_size: column(next.size)?,
            at: next.at.micros(),
            lease_until: next.lease_until.micros(),
        };
        let changed = native!(&mut *self.conn, c => swap.execute(c)).map_err(dialect::fault)? == 1;
        if changed && read.size != next.size {
            self.moved.push(Moved::to(next));
        }
        Ok(changed)
    }

    fn put_batch(&mut self, log: &str, first: u64, entries: &[[u8; 32]]) -> Result<()> {
        let (first, count) = (column(first)?, column(entries.len() as u64)?);
        native!(&mut *self.conn, c => diesel::insert_into(log_batches::table)
            .values((
                log_batches::log.eq(log), log_batches::first.eq(first), log_batches::count.eq(count),
                log_batches::entries.eq(entries.as_flattened()),
            ))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }

    fn put_tile(&mut self, log: &str, level: u8, index: u64, hashes: &[u8], root: &Hash) -> Result<()> {
        let index = column(index)?;
        native!(&mut *self.conn, c => diesel::insert_into(tiles::table)
            .values((
                tiles::log.eq(log), tiles::level.eq(i16::from(level)), tiles::idx.eq(index),
                tiles::hashes.eq(hashes), tiles::root.eq(root.0.as_slice()),
            ))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }
}

impl Writer<'_> {
    /// Makes a log: its head row with the checkpoint of the empty tree. A log that exists is refused.
    pub fn insert_log(&mut self, head: &Head, origin: &str) -> Result<()> {
        let taken = TreeReader::head(self, &head.log)?.is_some();
        if taken {
            return Err(Error::new(Code::AlreadyInitialised, format!("there is a log {}", head.log)));
        }
        diesel::insert_into(log_heads::table)
            .values((
                log_heads::log.eq(&head.log),
                log_heads::origin.eq(origin),
                log_heads::size.eq(column(head.size)?),
                log_heads::root.eq(head.root.0.as_slice()),
                log_heads::frontier.eq(&head.frontier),
                log_heads::note.eq(&head.note),
                log_heads::at.eq(head.at.micros()),
                log_heads::epoch.eq(head.epoch),
                log_heads::owner.eq(&head.owner),
                log_heads::lease_until.eq(head.lease_until.micros()),
                log_heads::indexed.eq(0),
                log_heads::closed.eq(head.closed),
                log_heads::commit_us.eq(head.commit_us),
            ))
            .execute(self.conn)
            .map_err(dialect::fault)?;
        self.moved.push(Moved::to(head));
        Ok(())
    }

    /// Notes the progress of a log's follower.
    pub fn set_indexed(&mut self, log: &str, indexed: u64) -> Result<()> {
        diesel::update(log_heads::table.find(log))
            .set(log_heads::indexed.eq(column(indexed)?))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }
}
