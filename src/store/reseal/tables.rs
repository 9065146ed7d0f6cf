//! The tables of the walk: their rows in key order, and the replacement of a row's seal by its new one.

use diesel::prelude::*;

use super::walk::Walked;
use crate::error::Result;
use crate::store::dialect::{self, native};
use crate::store::row_body::RowBody;
use crate::store::schema;
use crate::store::sealed::SealedRow;
use crate::store::{Reader, Side, Writer};
use crate::store::{access, events, holders, record_keys, records, writes};
use crate::trust::{Aad, Layout};

/// A row of `past_records`.
pub(in crate::store) struct Past(records::Row);

impl std::ops::Deref for Past {
    type Target = records::Row;
    fn deref(&self) -> &records::Row {
        &self.0
    }
}

impl SealedRow for Past {
    fn cover(&self, aad: &mut Aad) {
        self.0.cover(aad);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        self.0.seal_columns()
    }
}

/// A table's key columns, its sealed column, and the condition for rows after a given one in key order. That
/// condition begins with `>=` on the first column; without it SQLite reads the table from its beginning for
/// each page.
macro_rules! walked {
    (
        $row:ty, $name:expr, $side:expr, $load:ty, $of:expr, $table:ident ($($key:ident),+) $sealed:ident,
        |$after:ident| $beyond:expr $(, $rewritten:item)?
    ) => {
        impl Walked for $row {
            const TABLE: &'static str = $name;
            const SIDE: Side = $side;

            fn page(reader: &mut Reader<'_>, after: Option<&Self>, limit: i64) -> Result<Vec<Self>> {
                use schema::$table as t;
                let rows: Vec<$load> = native!(&mut *reader.conn, c => {
                    let mut query = t::table.into_boxed();
                    if let Some($after) = after {
                        query = query.filter($beyond);
                    }
                    query.order(($(t::$key,)+)).limit(limit).load(c)
                })
                .map_err(dialect::fault)?;
                Ok(rows.into_iter().map($of).collect())
            }

            fn replace(&self, writer: &mut Writer<'_>, old: &[u8]) -> Result<usize> {
                use schema::$table as t;
                native!(&mut *writer.conn, c => {
                    let row = t::table.find(($(&self.$key),+)).filter(t::$sealed.eq(old));
                    diesel::update(row).set(t::$sealed.eq(&self.$sealed)).execute(c)
                })
                .map_err(dialect::fault)
            }

            $($rewritten)?
        }
    };
}

fn same<T>(row: T) -> T {
    row
}

walked!(
    records::Row, "records", Side::Registry, records::Row, same, records (hk, type_code, record_id) sealed,
    |a| schema::records::hk.ge(&a.hk).and(schema::records::hk.gt(&a.hk).or(
        schema::records::type_code.gt(&a.type_code).or(
            schema::records::type_code.eq(&a.type_code).and(schema::records::record_id.gt(&a.record_id))))),
    fn rewritten(layout: Layout, plain: Vec<u8>) -> Option<Vec<u8>> {
        Some(RowBody::from_bytes(layout, plain)?.to_bytes())
    }
);
walked!(
    Past, "past_records", Side::Registry, records::Row, Past, past_records (hk, record_id, version) sealed,
    |a| schema::past_records::hk.ge(&a.hk).and(schema::past_records::hk.gt(&a.hk).or(
        schema::past_records::record_id.gt(&a.record_id).or(
            schema::past_records::record_id.eq(&a.record_id).and(schema::past_records::version.gt(a.version))))),
    fn rewritten(layout: Layout, plain: Vec<u8>) -> Option<Vec<u8>> {
        records::Row::rewritten(layout, plain)
    }
);
walked!(
    events::Row, events::TABLE, Side::Registry, events::Row, same, events (hk, record_id, seq) sealed,
    |a| schema::events::hk.ge(&a.hk).and(schema::events::hk.gt(&a.hk).or(
        schema::events::record_id.gt(&a.record_id).or(
            schema::events::record_id.eq(&a.record_id).and(schema::events::seq.gt(a.seq)))))
);
walked!(
    holders::Row, holders::TABLE, Side::Registry, holders::Row, same, holders (hk) sealed,
    |a| schema::holders::hk.gt(&a.hk)
);
walked!(
    record_keys::Row, record_keys::TABLE, Side::Registry, record_keys::Row, same, record_keys (key) sealed,
    |a| schema::record_keys::key.gt(&a.key)
);
walked!(
    writes::Row, writes::TABLE, Side::Registry, writes::Row, same, idempotency (key) sealed,
    |a| schema::idempotency::key.gt(&a.key)
);
walked!(
    access::Row, access::TABLE, Side::Access, access::Row, same, access_batches (log, first) entries,
    |a| schema::access_batches::log.ge(&a.log).and(
        schema::access_batches::log.gt(&a.log).or(schema::access_batches::first.gt(a.first)))
);
