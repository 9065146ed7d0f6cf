//! Clients of the API, staff accounts, sessions.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::{accounts, clients, sessions};
use crate::error::Result;

/// A row of `clients`: an agency system with its grants.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = clients)]
pub struct ClientRow {
    /// Chosen by the operator.
    pub id: String,
    /// The agency it acts for.
    pub agency: String,
    /// argon2id hash of its secret.
    pub secret: String,
    /// JSON: name, scopes, grants, budget.
    pub body: String,
    /// False ends every token at the next reading of the config version.
    pub enabled: bool,
    /// When.
    pub made_at: i64,
}

/// A row of `accounts`: a person of staff.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    /// Sign-in name.
    pub name: String,
    /// Shown name.
    pub display: String,
    /// The agency it works for.
    pub agency: String,
    /// Wire names of its roles, with a blank between two.
    pub roles: String,
    /// argon2id hash.
    pub password: String,
    /// May sign in.
    pub enabled: bool,
    /// JSON: grants, budget.
    pub body: String,
    /// Zero: wrong passwords are counted in `sign_in_attempts`. The column goes in a later release.
    pub failures: i32,
    /// Zero, likewise.
    pub locked_until: i64,
    /// When.
    pub made_at: i64,
    /// The region it works in; that of its agency if none.
    pub region: Option<String>,
    /// The holder key of the person's own number.
    pub own_number: Option<Vec<u8>>,
}

/// A row of `sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = sessions)]
pub struct SessionRow {
    /// SHA-256 of the cookie's value.
    pub key: Vec<u8>,
    /// The account.
    pub account: String,
    /// The token of its forms.
    pub csrf: String,
    /// When it began.
    pub made_at: i64,
    /// Last use.
    pub seen_at: i64,
    /// Its end in any case.
    pub ends_at: i64,
}

impl Reader<'_> {
    /// All clients.
    pub fn clients(&mut self) -> Result<Vec<ClientRow>> {
        clients::table.order(clients::id).load(self.conn).map_err(dialect::fault)
    }

    /// A client by its id.
    pub fn client(&mut self, id: &str) -> Result<Option<ClientRow>> {
        if !storable(id) {
            return Ok(None);
        }
        clients::table.find(id).first(self.conn).optional().map_err(dialect::fault)
    }

    /// An account by sign-in name.
    pub fn account(&mut self, name: &str) -> Result<Option<AccountRow>> {
        if !storable(name) {
            return Ok(None);
        }
        accounts::table.find(name).first(self.conn).optional().map_err(dialect::fault)
    }

    /// All accounts.
    pub fn accounts(&mut self) -> Result<Vec<AccountRow>> {
        accounts::table.order(accounts::name).load(self.conn).map_err(dialect::fault)
    }

    /// A session by the hash of its cookie.
    pub fn session(&mut self, key: &[u8]) -> Result<Option<SessionRow>> {
        sessions::table.find(key).first(self.conn).optional().map_err(dialect::fault)
    }
}

impl Writer<'_> {
    /// Writes a client, new or changed.
    pub fn put_client(&mut self, row: &ClientRow) -> Result<()> {
        diesel::delete(clients::table.find(&row.id)).execute(self.conn).map_err(dialect::fault)?;
        diesel::insert_into(clients::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }

    /// Writes an account, new or changed. False, and nothing is written, if the account of that name has ended.
    pub fn put_account(&mut self, row: &AccountRow) -> Result<bool> {
        // An end that commits meanwhile is seen by the filter: the deletion waits for it.
        let live = accounts::table.find(&row.name).filter(accounts::enabled.eq(true));
        diesel::delete(live).execute(self.conn).map_err(dialect::fault)?;
        if self.account(&row.name)?.is_some() {
            return Ok(false);
        }
        diesel::insert_into(accounts::table)
            .values(row)
            .execute(self.conn)
            .map(|_| true)
            .map_err(dialect::fault)
    }

    /// Writes an account that is there as `row` has it. False, and nothing is written, if it is no longer `before`.
    pub fn change_account(&mut self, before: &AccountRow, row: &AccountRow) -> Result<bool> {
        // The update changes nothing and takes the row: whoever comes meanwhile waits.
        let held = diesel::update(accounts::table.find(&before.name)).set(accounts::name.eq(&before.name));
        held.execute(self.conn).map_err(dialect::fault)?;
        if self.account(&before.name)?.as_ref() != Some(before) {
            return Ok(false);
        }
        diesel::delete(accounts::table.find(&before.name)).execute(self.conn).map_err(dialect::fault)?;
        let put = diesel::insert_into(accounts::table).values(row);
        put.execute(self.conn).map(|_| true).map_err(dialect::fault)
    }

    /// Holds an account for the rest of the transaction. False if it is no longer the account whose password
    /// was checked: it has another password, or was ended.
    pub fn is_account(&mut self, name: &str, password: &str) -> Result<bool> {
        let same = accounts::table
            .find(name)
            .filter(accounts::password.eq(password))
            .filter(accounts::enabled.eq(true));
        // The update changes nothing and takes the row, so that no other password is given in between.
        let held = diesel::update(same).set(accounts::enabled.eq(true)).execute(self.conn);
        Ok(held.map_err(dialect::fault)? > 0)
    }

    /// Ends all sessions of an account.
    pub fn delete_sessions_of(&mut self, account: &str) -> Result<()> {
        diesel::delete(sessions::table.filter(sessions::account.eq(account)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Opens a session and removes those that have ended.
    pub fn insert_session(&mut self, row: &SessionRow, now: i64) -> Result<()> {
        diesel::delete(sessions::table.filter(sessions::ends_at.lt(now)))
            .execute(self.conn)
            .map_err(dialect::fault)?;
        diesel::insert_into(sessions::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }

    /// Notes that a session was used.
    pub fn touch_session(&mut self, key: &[u8], now: i64) -> Result<()> {
        diesel::update(sessions::table.find(key))
            .set(sessions::seen_at.eq(now))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Ends a session.
    pub fn delete_session(&mut self, key: &[u8]) -> Result<()> {
        diesel::delete(sessions::table.find(key)).execute(self.conn).map(drop).map_err(dialect::fault)
    }
}

/// Whether both databases could hold that text: PostgreSQL refuses to be asked for a NUL, and nobody has such a name.
fn storable(name: &str) -> bool {
    !name.contains('\0')
}
