//! Making and opening the keys of a registry: facts, index key, data keys and their reserved seals.

use std::sync::Arc;

use super::conn::Open;
use super::keys::DataKeyRow;
use super::tx::{Maker, Side, Writer};
use super::vault::{BLOCK, LOW, MAX_SEALS, Purpose, Vault};
use super::{Place, Store, dialect};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::trust::master::WrapName;
use crate::trust::{DataKey, IndexKey, MasterKey};

pub(super) const CHECK: &str = "master_key_check";
pub(super) const INDEX: &str = "index_key";
pub(super) const CHECK_TEXT: &[u8] = b"elicense master key check";

/// Writes the check value of the master key and a new index key under it.
pub(super) fn create_facts(place: &Place, master: &MasterKey) -> Result<IndexKey> {
    let secret = DataKey::generate().map_err(Error::internal)?;
    let index = IndexKey::new(&secret);
    let check = master.wrap(WrapName { kind: "check", name: CHECK }, CHECK_TEXT).map_err(Error::internal)?;
    let wrapped =
        master.wrap(WrapName { kind: "index", name: INDEX }, secret.as_slice()).map_err(Error::internal)?;
    outside(place, index, |writer| {
        writer.put_fact(CHECK, &check)?;
        writer.put_fact(INDEX, &wrapped)
    })
}

/// Runs one write before there is a store, on a connection of its own.
fn outside(
    place: &Place,
    index: IndexKey,
    mut f: impl FnMut(&mut Writer<'_>) -> Result<()>,
) -> Result<IndexKey> {
    let mut conn = Maker { url: place.url.clone(), side: Side::Registry, open: Open::Write }.make()?;
    let vault = Vault::new(index.clone());
    dialect::begin(&mut conn, dialect::Begin::Write)?;
    f(&mut Writer::new(&mut conn, &vault))?;
    dialect::commit(&mut conn)?;
    Ok(index)
}

/// Tells a wrong master key from a damaged database, then opens the index key.
pub(super) fn open_facts(place: &Place, master: &MasterKey) -> Result<IndexKey> {
    let mut found = (None, None);
    outside(place, IndexKey::new(&[0; 32]), |writer| {
        found = (writer.fact(CHECK)?, writer.fact(INDEX)?);
        Ok(())
    })?;
    let (Some(check), Some(wrapped)) = found else {
        return Err(Error::new(
            Code::NotInitialised,
            "the database has the schema but was never initialised",
        ));
    };
    check_master(master, Some(&check))?;
    let damaged = || Error::new(Code::RecordDamaged, "the wrapped index key does not open");
    let secret =
        master.unwrap32(WrapName { kind: "index", name: INDEX }, &wrapped).ok().ok_or_else(damaged)?;
    Ok(IndexKey::new(&secret))
}

/// Refuses a master key under which the registry's check value does not open.
pub(super) fn check_master(master: &MasterKey, check: Option<&[u8]>) -> Result<()> {
    let opened = check.and_then(|check| master.unwrap(WrapName { kind: "check", name: CHECK }, check).ok());
    if opened.as_ref().map(|plain| plain.as_slice()) == Some(CHECK_TEXT) {
        return Ok(());
    }
    Err(Error::new(Code::MasterKeyWrong, "the check value does not open under this key"))
}

impl Store {
    /// Opens every data key that this process does not know yet (another process may have made one).
    pub fn load_data_keys(&self) -> Result<()> {
        let (check, rows) = self.read_now(|reader| Ok((reader.fact(CHECK)?, reader.data_keys()?)))?;
        check_master(&self.inner.master, check.as_deref())?;
        for row in rows.iter().filter(|row| !self.inner.vault.knows(row.id)) {
            self.inner.vault.add(self.opened(row)?);
        }
        Ok(())
    }

    fn opened(&self, row: &DataKeyRow) -> Result<Arc<DataKey>> {
        let damaged = || Error::new(Code::RecordDamaged, "a wrapped data key does not open");
        let name = WrapName { kind: "data", name: &row.id.to_string() };
        let secret = self.inner.master.unwrap32(name, &row.wrapped).ok().ok_or_else(damaged)?;
        let id = u32::try_from(row.id).map_err(Error::internal)?;
        Ok(Arc::new(DataKey::new(id, &secret).map_err(Error::internal)?))
    }

    /// Sees to it that each purpose has seals in hand for what comes next: reserves a block, and makes a new
    /// key where the month has turned or the old one is spent. Called at start and before large writes.
    pub fn ensure_seals(&self, now: Moment) -> Result<()> {
        for purpose in [Purpose::Registry, Purpose::Access, Purpose::Spill] {
            if self.inner.vault.left(purpose, now.legal_month()) < LOW {
                self.reserve(purpose, now)?;
            }
        }
        Ok(())
    }

    fn reserve(&self, purpose: Purpose, now: Moment) -> Result<()> {
        let month = now.legal_month();
        let row = self.write_now(|writer| {
            // A process that still holds the master key of before a re-wrapping must make no key under it.
            check_master(&self.inner.master, writer.fact(CHECK)?.as_deref())?;
            let rows = writer.data_keys()?;
            let usable = rows.iter().rev().find(|row| {
                row.purpose == purpose.wire()
                    && row.month == month
                    && row.ended_at.is_none()
                    && row.reserved + BLOCK <= MAX_SEALS
            });
            if let Some(row) = usable {
                writer.reserve_seals(row.id, BLOCK)?;
                return Ok(row.clone());
            }
            for old in rows.iter().filter(|row| row.purpose == purpose.wire() && row.ended_at.is_none()) {
                writer.end_data_key(old.id, now.micros())?;
            }
            let id = rows.iter().map(|row| row.id).max().unwrap_or(0) + 1;
            let secret = DataKey::generate().map_err(Error::internal)?;
            let wrapped = self
                .inner
                .master
                .wrap(WrapName { kind: "data", name: &id.to_string() }, secret.as_slice())
                .map_err(Error::internal)?;
            let row = DataKeyRow {
                id,
                purpose: purpose.wire().to_owned(),
                month,
                wrapped,
                made_at: now.micros(),
                reserved: BLOCK,
                ended_at: None,
            };
            writer.insert_data_key(&row)?;
            Ok(row)
        })?;
        // Installed only now: seals of a block count after the transaction that reserved it.
        let key = self.opened(&row)?;
        self.inner.vault.install(purpose, key, month, BLOCK);
        Ok(())
    }
}
