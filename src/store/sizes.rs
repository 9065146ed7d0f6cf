//! How many rows a table has and how many of them are wide, for `fsck --stats`.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::dialect::{self, native};
use super::doors::Reader;
use crate::error::Result;

/// Longest row in bytes that stays in its page of 16 KiB; a longer one spills into overflow pages.
const IN_PAGE: usize = 4_086;

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableSize {
    /// The table.
    pub table: &'static str,
    /// All rows.
    pub rows: i64,
    /// Rows above 4,086 bytes.
    pub wide: i64,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = BigInt)]
    wide: i64,
}

/// Tables of holders' rows, each with the approximate bytes of its clear columns beside the seal.
const TABLES: [(&str, usize); 5] =
    [("records", 200), ("past_records", 200), ("events", 90), ("holders", 24), ("record_keys", 40)];

impl Reader<'_> {
    /// Rows and wide rows of each table that is clustered by holder. Reads every row's length.
    pub fn table_sizes(&mut self) -> Result<Vec<TableSize>> {
        let mut sizes = Vec::new();
        for (table, clear) in TABLES {
            let bound = IN_PAGE.saturating_sub(clear);
            let sql = format!(
                "SELECT COUNT(*) AS total, CAST(COALESCE(SUM(CASE WHEN length(sealed) > {bound} THEN 1 ELSE 0 END), 0) \
                 AS BIGINT) AS wide FROM {table}"
            );
            let Counted { total, wide } = native!(&mut *self.conn, c => diesel::sql_query(sql).get_result(c))
                .map_err(dialect::fault)?;
            sizes.push(TableSize { table, rows: total, wide });
        }
        Ok(sizes)
    }
}
