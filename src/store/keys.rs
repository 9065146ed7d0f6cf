//! Signing keys, data keys, facts of the registry, and the version that is raised with every change of policy.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::{config_version, data_keys, public_events, registry_facts, signing_keys};
use crate::error::Result;

/// A row of `signing_keys`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = signing_keys)]
pub struct SigningKeyRow {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// Agency code, `registry`, or `log:<name>`.
    pub owner: String,
    /// `issue`, `registry`, `log`.
    pub purpose: String,
    /// 32 bytes.
    pub public: Vec<u8>,
    /// The private key under the master key; none if the issuer keeps it.
    pub wrapped: Option<Vec<u8>>,
    /// Signatures logged before this are not its own.
    pub valid_from: i64,
    /// When the revocation was entered.
    pub revoked_at: Option<i64>,
    /// From when on its signatures count no more.
    pub revoked_since: Option<i64>,
    /// Why.
    pub revoked_why: Option<String>,
}

/// A row of `data_keys`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = data_keys)]
pub struct DataKeyRow {
    /// From 1.
    pub id: i32,
    /// The kind of rows that it seals.
    pub purpose: String,
    /// Legal month it was made in, `YYYYMM`.
    pub month: i32,
    /// Under the master key.
    pub wrapped: Vec<u8>,
    /// When.
    pub made_at: i64,
    /// Seals handed out in blocks so far: never fewer than were used.
    pub reserved: i64,
    /// No new seals since.
    pub ended_at: Option<i64>,
}

/// A signed event that concerns no holder.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = public_events)]
pub struct PublicEvent {
    /// Its log.
    pub log: String,
    /// Its leaf.
    pub leaf: i64,
    /// `key`, `agency`, `authority`, `type`, `coverage`, `client`, `log`.
    pub kind: String,
    /// The kid, code or name it is about.
    pub subject: String,
    /// Canonical bytes of the event.
    pub event: Vec<u8>,
    /// The stored envelope of the order, if an authority gave one.
    pub signed: Option<Vec<u8>>,
}

impl Reader<'_> {
    /// A fact of the registry by name.
    pub fn fact(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        registry_facts::table
            .find(name)
            .select(registry_facts::value)
            .first(self.conn)
            .optional()
            .map_err(dialect::fault)
    }

    /// The version of clients, keys, catalog and policy.
    pub fn config_version(&mut self) -> Result<i64> {
        config_version::table.find(1).select(config_version::version).first(self.conn).map_err(dialect::fault)
    }

    /// All signing keys, oldest first.
    pub fn signing_keys(&mut self) -> Result<Vec<SigningKeyRow>> {
        signing_keys::table
            .order((signing_keys::valid_from, signing_keys::kid))
            .load(self.conn)
            .map_err(dialect::fault)
    }

    /// All data keys.
    pub fn data_keys(&mut self) -> Result<Vec<DataKeyRow>> {
        data_keys::table.order(data_keys::id).load(self.conn).map_err(dialect::fault)
    }

    /// Public events of a log from a leaf on, `limit` at most.
    pub fn public_events(&mut self, log: &str, from: i64, limit: i64) -> Result<Vec<PublicEvent>> {
        public_events::table
            .filter(public_events::log.eq(log).and(public_events::leaf.ge(from)))
            .order(public_events::leaf)
            .limit(limit)
            .load(self.conn)
            .map_err(dialect::fault)
    }
}

impl Reader<'_> {
    /// Public events about one thing.
    pub fn public_events_of(&mut self, kind: &str, subject: &str) -> Result<Vec<PublicEvent>> {
        public_events::table
            .filter(public_events::kind.eq(kind).and(public_events::subject.eq(subject)))
            .order((public_events::log, public_events::leaf))
            .load(self.conn)
            .map_err(dialect::fault)
    }

    /// Whether there is a public event of that kind.
    pub fn has_public_events(&mut self, kind: &str) -> Result<bool> {
        let found = public_events::table.filter(public_events::kind.eq(kind)).select(public_events::leaf);
        let found: Option<i64> = found.first(self.conn).optional().map_err(dialect::fault)?;
        Ok(found.is_some())
    }
}

impl Writer<'_> {
    /// Writes a fact, replacing an older value.
    pub fn put_fact(&mut self, name: &str, value: &[u8]) -> Result<()> {
        diesel::delete(registry_facts::table.find(name)).execute(self.conn).map_err(dialect::fault)?;
        diesel::insert_into(registry_facts::table)
            .values((registry_facts::name.eq(name), registry_facts::value.eq(value)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Removes a fact, and the facts named after it (`name:…`).
    pub fn remove_facts(&mut self, name: &str) -> Result<()> {
        let named_after = registry_facts::name.like(format!("{name}:%"));
        diesel::delete(registry_facts::table.filter(registry_facts::name.eq(name).or(named_after)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Tells every process that clients, keys, catalog or policy have changed.
    pub fn raise_config_version(&mut self) -> Result<()> {
        diesel::update(config_version::table.find(1))
            .set(config_version::version.eq(config_version::version + 1))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Adds a signing key.
    pub fn insert_signing_key(&mut self, row: &SigningKeyRow) -> Result<()> {
        diesel::insert_into(signing_keys::table)
            .values(row)
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Writes the revocation of a signing key. False if there is none under that kid, or if it is already
    /// revoked since an earlier moment: that revocation stays.
    pub fn revoke_signing_key(&mut self, row: &SigningKeyRow) -> Result<bool> {
        let since = row.revoked_since;
        let place = signing_keys::table
            .find(&row.kid)
            .filter(signing_keys::revoked_since.is_null().or(signing_keys::revoked_since.ge(since)));
        diesel::update(place)
            .set((
                signing_keys::valid_from.eq(row.valid_from),
                signing_keys::revoked_at.eq(row.revoked_at),
                signing_keys::revoked_since.eq(since),
                signing_keys::revoked_why.eq(row.revoked_why.as_deref()),
            ))
            .execute(self.conn)
            .map(|count| count == 1)
            .map_err(dialect::fault)
    }

    /// Puts the private keys and data keys under another master key: the row's new wrapping.
    pub fn rewrap_signing_key(&mut self, kid: &str, wrapped: &[u8]) -> Result<()> {
        diesel::update(signing_keys::table.find(kid))
            .set(signing_keys::wrapped.eq(Some(wrapped)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Puts a data key under another master key: the row's new wrapping.
    pub fn rewrap_data_key(&mut self, id: i32, wrapped: &[u8]) -> Result<()> {
        diesel::update(data_keys::table.find(id))
            .set(data_keys::wrapped.eq(wrapped))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Adds a data key.
    pub fn insert_data_key(&mut self, row: &DataKeyRow) -> Result<()> {
        diesel::insert_into(data_keys::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }

    /// Reserves seals of a data key: after this commit they count as used, even if the process dies.
    pub fn reserve_seals(&mut self, id: i32, count: i64) -> Result<()> {
        diesel::update(data_keys::table.find(id))
            .set(data_keys::reserved.eq(data_keys::reserved + count))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Ends a data key: nothing new is sealed under it.
    pub fn end_data_key(&mut self, id: i32, at: i64) -> Result<()> {
        diesel::update(data_keys::table.find(id))
            .set(data_keys::ended_at.eq(Some(at)))
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }

    /// Adds a public event.
    pub fn insert_public_event(&mut self, event: &PublicEvent) -> Result<()> {
        diesel::insert_into(public_events::table)
            .values(event)
            .execute(self.conn)
            .map(drop)
            .map_err(dialect::fault)
    }
}
