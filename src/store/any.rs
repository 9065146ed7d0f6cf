//! A connection to either database. Visible inside `store` only.

#![expect(
    clippy::disallowed_methods,
    reason = "the derive of the enum opens connections; nothing here calls it"
)]

use diesel::prelude::*;

/// One connection, to the database that the URL named.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL through the built-in libpq.
    Pg(PgConnection),
    /// The bundled SQLite.
    Sqlite(SqliteConnection),
}
