//! The records of a holder, a page at a time: what one request reads does not grow with what a holder has.

use diesel::connection::DefaultLoadingMode;
use diesel::dsl;
use diesel::prelude::*;

use super::any::AnyConnection;
use super::dialect::{self, native};
use super::doors::Reader;
use super::records::{Opened, Row, open};
use super::schema::records;
use crate::bounds;
use crate::error::Result;
use crate::trust::{Aad, HolderKey};

/// A row of a holder, by its place in the order of the table; the next page begins behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPlace {
    /// The type code.
    pub type_code: String,
    /// The record's id.
    pub record_id: Vec<u8>,
}

/// What a page has room for, over all codes of a holder.
#[derive(Debug)]
pub struct PageRoom {
    records: usize,
    bytes: usize,
    empty: bool,
    full: bool,
}

impl Default for PageRoom {
    fn default() -> Self {
        Self { records: bounds::RECORDS, bytes: bounds::RECORD_BYTES, empty: true, full: false }
    }
}

impl PageRoom {
    /// Whether a row was left out.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Whether the row goes on the page. The first does in any case, or no page would ever have it.
    fn takes(&mut self, row: &Row) -> bool {
        let size = row.sealed.len();
        if self.full || self.records == 0 || (size > self.bytes && !self.empty) {
            self.full = true;
            return false;
        }
        self.records -= 1;
        self.bytes = self.bytes.saturating_sub(size);
        self.empty = false;
        true
    }

    /// Rows to ask for: one more than fit, to know whether there are more.
    fn limit(&self) -> i64 {
        i64::try_from(self.records).unwrap_or(i64::MAX).saturating_add(1)
    }
}

/// Takes rows one by one, so that what does not fit is not read.
macro_rules! stepped {
    ($conn:expr, $room:expr, $query:expr) => {{
        let mut taken = Vec::with_capacity(8);
        for row in $query.load_iter::<Row, DefaultLoadingMode>($conn).map_err(dialect::fault)? {
            let row = row.map_err(dialect::fault)?;
            if !$room.takes(&row) {
                break;
            }
            taken.push(row);
        }
        taken
    }};
}

/// The rows of a query that there is room for. SQLite steps from row to row, and prepares a statement with a bound LIMIT
/// anew at each run; PostgreSQL sends all rows that it is not told to leave out.
macro_rules! taken {
    ($conn:expr, $room:expr, $query:expr) => {
        match $conn {
            AnyConnection::Sqlite(c) => stepped!(c, $room, $query),
            AnyConnection::Pg(c) => stepped!(c, $room, $query.limit($room.limit())),
        }
    };
}

impl Reader<'_> {
    /// The current records of a holder in type order, from behind a place, as many as there is room for: the one
    /// range scan of a lookup.
    pub fn records_page(
        &mut self,
        hk: &HolderKey,
        after: Option<&RecordPlace>,
        room: &mut PageRoom,
    ) -> Result<Vec<Opened>> {
        let own = records::hk.eq(hk.bytes().as_slice());
        let order = (records::type_code, records::record_id);
        let rows = match after {
            None => taken!(self.conn, room, records::table.filter(own).order(order)),
            Some(place) => {
                let same = records::type_code.eq(&place.type_code);
                let behind = records::type_code
                    .gt(&place.type_code)
                    .or(same.and(records::record_id.gt(place.record_id.as_slice())));
                let from = records::type_code.ge(&place.type_code);
                taken!(self.conn, room, records::table.filter(own.and(from).and(behind)).order(order))
            }
        };
        Ok(self.opened(rows))
    }

    /// The same of one type, from behind a record of it.
    pub fn records_page_of_type(
        &mut self,
        hk: &HolderKey,
        type_code: &str,
        after: &[u8],
        room: &mut PageRoom,
    ) -> Result<Vec<Opened>> {
        // Every id is greater than none.
        let own = records::hk.eq(hk.bytes().as_slice()).and(records::type_code.eq(type_code));
        let behind = records::record_id.gt(after);
        let rows = taken!(self.conn, room, records::table.filter(own.and(behind)).order(records::record_id));
        Ok(self.opened(rows))
    }

    /// Whether a holder has a record of a type.
    pub fn has_type(&mut self, hk: &HolderKey, type_code: &str) -> Result<bool> {
        let own = records::hk.eq(hk.bytes().as_slice()).and(records::type_code.eq(type_code));
        native!(self.conn, c => diesel::select(dsl::exists(records::table.filter(own))).get_result(c))
            .map_err(dialect::fault)
    }

    fn opened(&self, rows: Vec<Row>) -> Vec<Opened> {
        let mut aad = Aad::new();
        rows.into_iter().map(|row| open("records", row, self.vault, &mut aad)).collect()
    }
}

impl Opened {
    /// The type as the row says or claims.
    pub fn type_code(&self) -> &str {
        match self {
            Self::Record(record) => &record.type_code,
            Self::Damaged { type_code, .. } => type_code,
        }
    }

    /// The row's place in the order of the table.
    pub fn place(&self) -> RecordPlace {
        match self {
            Self::Record(record) => {
                RecordPlace { type_code: record.type_code.clone(), record_id: record.record_id.to_vec() }
            }
            Self::Damaged { type_code, record_id } => {
                RecordPlace { type_code: type_code.clone(), record_id: record_id.clone() }
            }
        }
    }
}
