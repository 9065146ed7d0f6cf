//! Making, opening and migrating a registry's databases. Nothing else makes one (I11).

use std::sync::Arc;

use super::anchor_file::KeptAnchors;
use super::conn::Open;
use super::doors::{Doors, Maker, Reader};
use super::handle::{Inner, Store};
use super::place::{Place, Side};
use super::reads::ReadCounters;
use super::url::DbUrl;
use super::vault::Vault;
use super::wals::Wals;
use super::{locks, migrate, private, seals};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;
use crate::trust::{IndexKey, MasterKey};

impl Store {
    /// Makes an empty registry: both databases, their schema, the check value, the index key, data keys.
    ///
    /// `already_initialised` if there is one. A crash on the way leaves files that `open` refuses and `create`
    /// refuses too: the operator removes them, since nothing was acknowledged.
    pub fn create(place: &Place, master: MasterKey, now: Moment) -> Result<Self> {
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

    /// Refuses a place if [`Store::create`] would find a registry there, or the beginning of one; makes
    /// nothing.
    ///
    /// # Errors
    /// `already_initialised`; `store_unavailable` if the database does not answer.
    pub fn vacant(place: &Place) -> Result<()> {
        let taken = |detail| Err(Error::new(Code::AlreadyInitialised, detail));
        if KeptAnchors::exists(&place.dir) {
            return taken(
                "the data directory remembers the logs of a registry (`anchors`): choose another one",
            );
        }
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
    pub fn open(place: &Place, master: MasterKey, now: Moment) -> Result<Self> {
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
    /// `not_initialised`; `master_key_wrong`, before anything is changed; `log_lost` if a step is missing and
    /// a process serves: it runs the earlier program, which would go on in the old layout.
    pub fn migrate(place: &Place, master: &MasterKey, now: Moment) -> Result<Vec<String>> {
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
            let leased = Reader::new(conn, &vault).leased(now)?;
            if leased.iter().any(|(log, owner)| locks::owner_lives(&place.dir, log, owner)) {
                return Err(held());
            }
        }
        for (side, conn) in &mut conns {
            ran.extend(migrate::run(conn, *side)?);
        }
        Ok(ran)
    }

    fn assemble(place: &Place, master: MasterKey, index: IndexKey, now: Moment) -> Result<Self> {
        let inner = Inner {
            url: place.url.clone(),
            dir: place.dir.clone(),
            point_hops: place.point_hops,
            doors: Doors::new(&place.url)?,
            vault: Vault::new(index).anchored(&place.dir),
            master,
            reads: ReadCounters::default(),
            wals: Wals::default(),
        };
        let store = Self { inner: Arc::new(inner) };
        let weak = Arc::downgrade(&store.inner);
        store.inner.vault.looks_in(move |id| {
            let found = Self { inner: weak.upgrade()? }.find_data_key(id);
            found.unwrap_or_else(|error| {
                ::log::error!("a data key cannot be looked for: {error}");
                None
            })
        });
        store.load_data_keys()?;
        store.ensure_seals(now)?;
        Ok(store)
    }
}

/// The refusal of an act on a whole registry while a process serves it.
pub fn held() -> Error {
    Error::new(Code::LogLost, "a process that serves holds an access log: stop it first").rule(Rule::LogHeld)
}

fn no_dir() -> Error {
    Error::new(Code::ConfigInvalid, "the data directory cannot be made")
}
