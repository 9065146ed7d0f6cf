//! Making and opening the keys of a registry: facts, index key, data keys and their reserved seals.
//!
//! The check value tells a wrong master key from a damaged database, and says which layouts of sealed rows
//! are closed. Somebody who can only write to the database cannot make one, and a registry without one does
//! not open.

use std::sync::Arc;

use super::conn::Open;
use super::doors::{Maker, Reader, Writer};
use super::keys::DataKeyRow;
use super::place::{Place, Side};
use super::vault::{BLOCK, LOW, MAX_SEALS, Purpose, Vault};
use super::{Store, dialect};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::trust::master::WrapName;
use crate::trust::{DataKey, IndexKey, Layout, MasterKey};

pub(super) const CHECK: &str = "master_key_check";
pub(super) const INDEX: &str = "index_key";
const CHECK_TEXT: &[u8] = b"elicense master key check";

/// Writes the check value of the master key and a new index key under it.
pub(super) fn create_facts(place: &Place, master: &MasterKey) -> Result<IndexKey> {
    let secret = DataKey::generate().map_err(Error::internal)?;
    let index = IndexKey::new(&secret);
    let check = check_value(master, Layout::PRESENT)?;
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

/// A check value under a master key, with the oldest layout that opens; a registry that may have rows of
/// layout 1 names none.
pub(super) fn check_value(master: &MasterKey, oldest: Layout) -> Result<Vec<u8>> {
    let mut text = CHECK_TEXT.to_vec();
    if oldest != Layout::First {
        text.push(oldest.byte());
    }
    master.wrap(WrapName { kind: "check", name: CHECK }, &text).map_err(Error::internal)
}

/// Refuses a master key that does not open the registry's check value; returns the oldest layout that the
/// value names.
pub(super) fn check_master(master: &MasterKey, check: Option<&[u8]>) -> Result<Layout> {
    let wrong = || Error::new(Code::MasterKeyWrong, "the check value does not open under this key");
    let opened = check.and_then(|check| master.unwrap(WrapName { kind: "check", name: CHECK }, check).ok());
    let opened = opened.ok_or_else(wrong)?;
    let later =
        || Error::new(Code::SchemaOutdated, "the rows were sealed by a later version of this program");
    match opened.strip_prefix(CHECK_TEXT) {
        Some([]) => Ok(Layout::First),
        Some([oldest]) => Layout::from_byte(*oldest).ok_or_else(later),
        _ => Err(wrong()),
    }
}

impl Store {
    /// Opens every data key that this process does not know yet (another process may have made one).
    pub fn load_data_keys(&self) -> Result<()> {
        let (check, rows) = self.read_now(|reader| Ok((reader.fact(CHECK)?, reader.data_keys()?)))?;
        self.inner.vault.close_before(check_master(&self.inner.master, check.as_deref())?);
        for row in rows.iter().filter(|row| !self.inner.vault.knows(row.id)) {
            self.inner.vault.add(self.opened(row)?);
        }
        Ok(())
    }

    /// A data key that another process has made since: rows under it may be read before this process hears of it. On a
    /// connection of its own, since the reader that meets such a row is in the middle of its own.
    pub(super) fn find_data_key(&self, id: i32) -> Result<Option<Arc<DataKey>>> {
        let url = self.inner.url.clone();
        let mut conn = Maker { url, side: Side::Registry, open: Open::Read }.make()?;
        let rows = Reader::new(&mut conn, &self.inner.vault).data_keys()?;
        rows.iter().find(|row| row.id == id).map(|row| self.opened(row)).transpose()
    }

    fn opened(&self, row: &DataKeyRow) -> Result<Arc<DataKey>> {
        let damaged = || Error::new(Code::RecordDamaged, "a wrapped data key does not open");
        let name = WrapName { kind: "data", name: &row.id.to_string() };
        let secret = self.inner.master.unwrap32(name, &row.wrapped).ok().ok_or_else(damaged)?;
        let id = u32::try_from(row.id).map_err(Error::internal)?;
        Ok(Arc::new(DataKey::new(id, &secret).map_err(Error::internal)?))
    }

    /// Makes sure that each purpose has seals in hand for the next rows: reserves a block, and makes a new
    /// key if the month has turned or the old one is spent. Called at start and before large writes.
    pub fn ensure_seals(&self, now: Moment) -> Result<()> {
        for purpose in [Purpose::Registry, Purpose::Access, Purpose::Spill] {
            if self.inner.vault.left(purpose, now.legal_month()) < LOW {
                self.reserve(purpose, now)?;
            }
        }
        Ok(())
    }

    /// Closes every layout before the present one, in this and every other process; false if that was done
    /// before. Call it only after nothing of an older layout is left: it would open no more.
    pub fn close_older_layouts(&self) -> Result<bool> {
        let closed = self.write_now(|writer| {
            if check_master(&self.inner.master, writer.fact(CHECK)?.as_deref())? == Layout::PRESENT {
                return Ok(false);
            }
            writer.put_fact(CHECK, &check_value(&self.inner.master, Layout::PRESENT)?)?;
            // Other processes read the check value with the next change of version.
            writer.raise_config_version()?;
            Ok(true)
        })?;
        self.inner.vault.close_before(Layout::PRESENT);
        Ok(closed)
    }

    /// Reserves `count` more seals of a key for rows that it has sealed before, in any month. A row that is
    /// sealed anew in another layout keeps its key; the rows of its month are destroyed with that key one
    /// day.
    ///
    /// # Errors
    /// `internal` if the key would pass twice the seals that a key makes by itself, far below the limit of
    /// random nonces.
    pub(super) fn reserve_again(&self, id: i32, count: i64) -> Result<()> {
        self.write_now(|writer| {
            let reserved = writer.data_keys()?.iter().find(|row| row.id == id).map(|row| row.reserved);
            if reserved.is_none_or(|reserved| reserved + count > 2 * MAX_SEALS) {
                return Err(Error::new(Code::Internal, "a data key has no seals left for its own rows"));
            }
            writer.reserve_seals(id, count)
        })
    }

    fn reserve(&self, purpose: Purpose, now: Moment) -> Result<()> {
        let month = now.legal_month();
        let row = self.write_now(|writer| {
            // A process that still holds the old master key after a re-wrapping must make no key under it.
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
