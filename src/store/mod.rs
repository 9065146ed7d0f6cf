//! Everything that speaks SQL: connections, the two doors, one file per group of tables, sealing of rows.
//!
//! Use [`Store::read`] and [`Store::write`]; the methods of [`Reader`] and [`Writer`] are spread over the
//! files of this folder. `dialect` holds every line that depends on which database it is. A [`Store`] is
//! made by [`Store::create`] (once, by `init`) or [`Store::open`]; nothing else makes a database (I11).

mod access;
mod attempts;
mod backup;
mod bulk;
mod catalog;
mod conn;
mod dialect;
mod events;
mod files;
mod holders;
mod keys;
mod logs;
mod migrate;
mod people;
pub mod private;
mod reads;
mod record_keys;
mod records;
mod reseal;
mod rewrap;
mod row_body;
mod schema;
mod sealed;
mod seals;
mod sequencer;
mod sizes;
mod tx;
mod url;
mod vault;
mod writes;

#[cfg(test)]
mod bytes_page;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use access::{AccessBatch, AccessItem, AccessPlace};
pub use attempts::{AttemptKey, Patience};
pub use bulk::{SealedEvent, SealedKey, SealedRecord};
pub use catalog::{AgencyRow, AuthorityRow, CoverageRow, EmpowermentRow};
pub use dialect::bulk::Load;
pub use events::{EventKey, StoredEvent};
pub use holders::{HolderBody, HolderState, Link, LinkKind, StoredHolder};
pub use keys::{DataKeyRow, PublicEvent, SigningKeyRow};
pub use people::{AccountRow, ClientRow, SessionRow};
pub use reads::{READ_BOUNDS_US, ReadCounters};
pub use record_keys::RecordKey;
pub use records::{Opened, StoredRecord, WalkKey};
pub use reseal::{OlderRows, PAGE as RESEAL_PAGE};
pub use rewrap::Rewrapped;
pub use row_body::{NO_ENVELOPE, RowBody, envelope_digest};
pub use sealed::start;
pub use sequencer::{AccessCommitter, LEASE_S};
pub use sizes::TableSize;
pub use tx::{Cost, Reader, Side, Writer};
pub use url::DbUrl;
pub use vault::{Purpose, Vault};
pub use writes::{ImportRunRow, StoredAnswer};

use conn::Open;
use tx::{Doors, Maker};

use crate::error::{Code, Error, Result};
use crate::trust::{IndexKey, MasterKey};

/// Where a registry lives and how it is read.
#[derive(Debug, Clone)]
pub struct Place {
    /// The database.
    pub url: DbUrl,
    /// The data directory: attachments and spill runs, and on SQLite the database files.
    pub dir: PathBuf,
    /// Point reads change thread too: for SQLite files that outgrow memory.
    pub point_hops: bool,
}

impl Place {
    /// The SQLite registry in a data directory.
    pub fn in_dir(dir: &Path) -> Self {
        Self { url: DbUrl::in_data_dir(dir), dir: dir.to_owned(), point_hops: false }
    }
}

/// An open registry database. Cheap to clone; all clones share pools and keys.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    url: DbUrl,
    dir: PathBuf,
    point_hops: bool,
    doors: Doors,
    vault: Vault,
    master: MasterKey,
    reads: ReadCounters,
}

impl Store {
    /// Makes an empty registry: both databases, their schema, the check value, the index key, data keys.
    ///
    /// `already_initialised` if there is one. A crash on the way leaves files that `open` refuses and `create`
    /// refuses too: the operator removes them, since nothing was acknowledged.
    pub fn create(place: &Place, master: MasterKey, now: crate::clock::Moment) -> Result<Self> {
        Self::vacant(place)?;
        private::create_dir_all(&place.dir).map_err(|error| no_dir().caused_by(error))?;
        for side in [Side::Registry, Side::Access] {
            let open = if place.url.is_postgres() { Open::Write } else { Open::Create };
            let mut conn = Maker { url: place.url.clone(), side, open }.make()?;
            migrate::run(&mut conn, side)?;
        }
        let index = seals::create_facts(place, &master)?;
        Self::assemble(place, master, index, now)
    }

    /// Refuses a place where [`Store::create`] would find a registry, or the beginning of one; makes nothing.
    ///
    /// # Errors
    /// `already_initialised`; `store_unavailable` where the database does not answer.
    pub fn vacant(place: &Place) -> Result<()> {
        let taken = |detail| Err(Error::new(Code::AlreadyInitialised, detail));
        if let DbUrl::Sqlite(path) = &place.url {
            let access = place.url.access_path();
            return match path.exists() || access.is_some_and(|path| path.exists()) {
                true => taken("the database file exists"),
                false => Ok(()),
            };
        }
        let mut conn = Maker { url: place.url.clone(), side: Side::Registry, open: Open::Write }.make()?;
        match migrate::versions(&mut conn)?.is_empty() {
            true => Ok(()),
            false => taken("the database has a registry"),
        }
    }

    /// Opens an existing registry of exactly this program's schema with the master key it was made with.
    pub fn open(place: &Place, master: MasterKey, now: crate::clock::Moment) -> Result<Self> {
        for side in [Side::Registry, Side::Access] {
            let mut conn = Maker { url: place.url.clone(), side, open: Open::Write }.make()?;
            migrate::check(&mut conn, side)?;
        }
        let index = seals::open_facts(place, &master)?;
        Self::assemble(place, master, index, now)
    }

    /// Brings an existing registry to this program's schema; returns the steps that ran.
    ///
    /// # Errors
    /// `not_initialised`; `master_key_wrong`, before anything is changed; `log_lost` where a step is missing and a
    /// process serves: it is one of the program before, which would go on in the old layout.
    pub fn migrate(place: &Place, master: &MasterKey, now: crate::clock::Moment) -> Result<Vec<String>> {
        let sides = [Side::Registry, Side::Access];
        let mut conns = Vec::new();
        let mut missing = false;
        for side in sides {
            let mut conn = Maker { url: place.url.clone(), side, open: Open::Write }.make()?;
            match migrate::check(&mut conn, side) {
                Err(error) if error.code != Code::SchemaOutdated => return Err(error),
                outcome => missing |= outcome.is_err(),
            }
            conns.push((side, conn));
        }
        let index = seals::open_facts(place, master)?;
        let mut ran = Vec::new();
        if !missing {
            return Ok(ran);
        }
        let vault = Vault::new(index);
        for (_, conn) in &mut conns {
            if (Reader { conn, vault: &vault }).is_held(now)? {
                return Err(held());
            }
        }
        for (side, conn) in &mut conns {
            ran.extend(migrate::run(conn, *side)?);
        }
        Ok(ran)
    }

    fn assemble(
        place: &Place,
        master: MasterKey,
        index: IndexKey,
        now: crate::clock::Moment,
    ) -> Result<Self> {
        let inner = Inner {
            url: place.url.clone(),
            dir: place.dir.clone(),
            point_hops: place.point_hops,
            doors: Doors::new(&place.url)?,
            vault: Vault::new(index),
            master,
            reads: ReadCounters::default(),
        };
        let store = Self { inner: Arc::new(inner) };
        store.load_data_keys()?;
        store.ensure_seals(now)?;
        Ok(store)
    }

    /// Keyed hashes and opened keys.
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// The master key, for wrapping signing keys.
    pub fn master(&self) -> &MasterKey {
        &self.inner.master
    }

    /// What is counted of point reads.
    pub fn reads(&self) -> &ReadCounters {
        &self.inner.reads
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Which database.
    pub fn url(&self) -> &DbUrl {
        &self.inner.url
    }
}

/// The refusal of what is done to a whole registry while a process serves it.
pub fn held() -> Error {
    Error::new(Code::LogLost, "a process that serves holds an access log: stop it first")
        .rule(crate::rule::Rule::LogHeld)
}

fn no_dir() -> Error {
    Error::new(Code::ConfigInvalid, "the data directory cannot be made")
}
