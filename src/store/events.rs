//! Events of records, one copy for each holder: the event, its legal day, and when we knew (I7).

use diesel::prelude::*;

use super::any::AnyConnection;
use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::row_body::{framed, take};
use super::schema::events;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, Vault, holder_key_of};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::trust::{Aad, HolderKey};

pub(super) const TABLE: &str = "events";

/// An event as one holder's row has it.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// The holder of the copy.
    pub hk: HolderKey,
    /// The record it is about; for events of the holder itself 16 zero bytes.
    pub record_id: [u8; 16],
    /// From 1, in order.
    pub seq: i32,
    /// Wire name of the action.
    pub action: String,
    /// The legal day.
    pub effective_on: Day,
    /// The log's time.
    pub logged_at: Moment,
    /// The log that holds the leaf.
    pub log: String,
    /// Its leaf.
    pub leaf: u64,
    /// Canonical bytes of the event; empty if the seal did not hold.
    pub event: Vec<u8>,
    /// The stored envelope of the order, if an authority gave one.
    pub order: Vec<u8>,
    /// The text of the ground.
    pub ground: String,
    /// False if the seal did not hold: the clear columns are then only claims.
    pub intact: bool,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(super) struct Row {
    pub(super) hk: Vec<u8>,
    pub(super) record_id: Vec<u8>,
    pub(super) seq: i32,
    action: String,
    effective_on: i32,
    logged_at: i64,
    log: String,
    leaf: i64,
    key_id: i32,
    pub(super) sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.hk).raw(&self.record_id).integer(i64::from(self.seq)).text(&self.action);
        aad.integer(i64::from(self.effective_on)).integer(self.logged_at).text(&self.log).integer(self.leaf);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

fn open(mut row: Row, vault: &Vault, aad: &mut Aad) -> Option<StoredEvent> {
    let plain = sealed::open(TABLE, &mut row, vault, aad);
    let parts = plain.as_ref().map(|(_, plain)| plain.as_slice()).and_then(|mut rest| {
        let (event, order) = (take(&mut rest)?.to_vec(), take(&mut rest)?.to_vec());
        let ground = String::from_utf8(take(&mut rest)?.to_vec()).ok()?;
        rest.is_empty().then_some((event, order, ground))
    });
    let intact = parts.is_some();
    let (event, order, ground) = parts.unwrap_or_default();
    Some(StoredEvent {
        hk: holder_key_of(&row.hk)?,
        record_id: row.record_id.as_slice().try_into().ok()?,
        seq: row.seq,
        action: row.action,
        effective_on: Day::from_number(row.effective_on)?,
        logged_at: Moment::from_micros(row.logged_at),
        log: row.log,
        leaf: u64::try_from(row.leaf).ok()?,
        event,
        order,
        ground,
        intact,
    })
}

impl Reader<'_> {
    /// The events of one record (or of the holder itself) in one holder's rows, oldest first.
    pub fn events_of(&mut self, hk: &HolderKey, record_id: &[u8; 16]) -> Result<Vec<StoredEvent>> {
        let vault = self.vault;
        let rows: Vec<Row> = native!(self.conn, c => events::table
            .filter(events::hk.eq(hk.bytes().as_slice()).and(events::record_id.eq(record_id.as_slice())))
            .order(events::seq)
            .load(c))
        .map_err(dialect::fault)?;
        let mut aad = Aad::new();
        Ok(rows.into_iter().filter_map(|row| open(row, vault, &mut aad)).collect())
    }

    /// Walks all events in key order, `limit` at a time, from after `after` (hk, record id, seq).
    pub fn walk_events(
        &mut self,
        after: Option<&EventKey>,
        limit: i64,
    ) -> Result<(Vec<StoredEvent>, Option<EventKey>)> {
        let vault = self.vault;
        let rows: Vec<Row> = native!(self.conn, c => {
            let mut query = events::table.into_boxed();
            if let Some((hk, record_id, seq)) = after {
                let deeper = events::record_id.gt(record_id).or(events::record_id.eq(record_id).and(events::seq.gt(*seq)));
                // The bound makes SQLite begin there: without it each page reads the table from its beginning.
                query = query.filter(events::hk.ge(hk).and(events::hk.gt(hk).or(deeper)));
            }
            query.order((events::hk, events::record_id, events::seq)).limit(limit).load(c)
        })
        .map_err(dialect::fault)?;
        let next = rows.last().map(|row| (row.hk.clone(), row.record_id.clone(), row.seq));
        let mut aad = Aad::new();
        Ok((rows.into_iter().filter_map(|row| open(row, vault, &mut aad)).collect(), next))
    }
}

/// The position of a walk over all events.
pub type EventKey = (Vec<u8>, Vec<u8>, i32);

/// Seals one event as its row.
pub(super) fn seal(event: &StoredEvent, vault: &Vault) -> Result<Row> {
    let key = vault.current(Purpose::Registry)?;
    let mut row = Row {
        hk: event.hk.bytes().to_vec(),
        record_id: event.record_id.to_vec(),
        seq: event.seq,
        action: event.action.clone(),
        effective_on: event.effective_on.number(),
        logged_at: event.logged_at.micros(),
        log: event.log.clone(),
        leaf: i64::try_from(event.leaf).map_err(Error::internal)?,
        key_id: 0,
        sealed: Vec::new(),
    };
    let mut plain = Vec::with_capacity(event.event.len() + event.order.len() + event.ground.len() + 12);
    framed(&mut plain, &event.event);
    framed(&mut plain, &event.order);
    framed(&mut plain, event.ground.as_bytes());
    sealed::seal(TABLE, &mut row, &key, &plain)?;
    Ok(row)
}

/// Adds one row that was sealed before.
pub(super) fn insert(conn: &mut AnyConnection, row: &Row) -> Result<()> {
    native!(conn, c => diesel::insert_into(events::table)
        .values((
            events::hk.eq(&row.hk), events::record_id.eq(&row.record_id), events::seq.eq(row.seq),
            events::action.eq(&row.action), events::effective_on.eq(row.effective_on), events::logged_at.eq(row.logged_at),
            events::log.eq(&row.log), events::leaf.eq(row.leaf), events::key_id.eq(row.key_id), events::sealed.eq(&row.sealed),
        ))
        .execute(c))
    .map(drop)
    .map_err(dialect::fault)
}

impl Writer<'_> {
    /// Adds an event row.
    pub fn insert_event(&mut self, event: &StoredEvent) -> Result<()> {
        let row = seal(event, self.vault)?;
        insert(self.conn, &row)
    }

    /// Moves the events of a record from one key of a holder to another, sealed anew.
    ///
    /// # Errors
    /// `record_damaged` if one does not open.
    pub(super) fn move_events(
        &mut self,
        from: &HolderKey,
        record_id: &[u8; 16],
        to: HolderKey,
    ) -> Result<()> {
        let moved = self.events_of(from, record_id)?;
        if moved.iter().any(|event| !event.intact) {
            return Err(Error::new(Code::RecordDamaged, "an event of this record does not open"));
        }
        let of_record =
            || events::hk.eq(from.bytes().as_slice()).and(events::record_id.eq(record_id.as_slice()));
        native!(&mut *self.conn, c => diesel::delete(events::table.filter(of_record())).execute(c))
            .map_err(dialect::fault)?;
        moved.into_iter().try_for_each(|event| self.insert_event(&StoredEvent { hk: to, ..event }))
    }

    /// The number of the next event of a record in one holder's rows.
    pub fn next_event_seq(&mut self, hk: &HolderKey, record_id: &[u8; 16]) -> Result<i32> {
        let newest: Option<i32> = native!(&mut *self.conn, c => events::table
            .filter(events::hk.eq(hk.bytes().as_slice()).and(events::record_id.eq(record_id.as_slice())))
            .select(events::seq)
            .order(events::seq.desc())
            .first(c)
            .optional())
        .map_err(dialect::fault)?;
        Ok(newest.unwrap_or(0) + 1)
    }
}
