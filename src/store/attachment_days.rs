//! Bytes of files that a client brought on a legal day.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::attachment_days;
use crate::clock::Day;
use crate::error::Result;

impl Reader<'_> {
    /// How many bytes a client brought on that day.
    pub fn attachment_bytes(&mut self, client: &str, day: Day) -> Result<u64> {
        let found: Option<i64> = attachment_days::table
            .find((client, day.number()))
            .select(attachment_days::bytes)
            .first(self.conn)
            .optional()
            .map_err(dialect::fault)?;
        Ok(found.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
    }
}

impl Writer<'_> {
    /// Notes how many it brought; earlier days are forgotten.
    pub fn put_attachment_bytes(&mut self, client: &str, day: Day, bytes: u64) -> Result<()> {
        let own = attachment_days::table.filter(attachment_days::client.eq(client));
        diesel::delete(own).execute(self.conn).map_err(dialect::fault)?;
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let row = (
            attachment_days::client.eq(client),
            attachment_days::day.eq(day.number()),
            attachment_days::bytes.eq(bytes),
        );
        diesel::insert_into(attachment_days::table)
            .values(row)
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }
}
