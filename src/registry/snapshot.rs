//! Policy, keys and catalog as of one config version: immutable, swapped whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::{Authority, Catalog, CatalogParts, CodeLists, Coverage, Region, Workdays};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Account, Client, Grant, Scope};
use crate::store::{AccountRow, ClientRow, Reader, SigningKeyRow, Store};
use crate::trust::{Envelope, KeyRecord, KeyRing, Typ, VerifyKey};

/// Everything a request is decided with.
#[derive(Debug)]
pub struct Snapshot {
    /// The config version it was read at.
    pub version: i64,
    /// Types, agencies, authorities, coverage.
    pub catalog: Catalog,
    /// Every public key that ever signed here.
    pub keys: KeyRing,
    /// Clients by id.
    pub clients: HashMap<String, Arc<Client>>,
    /// The log that new records go into.
    pub records_log: String,
    /// The registry's origin: the first part of each log's origin line.
    pub origin: String,
    /// The region the registry serves; what "nothing found" is asked about where the asker names none.
    pub home: Region,
    /// Thumbprints of the keys whose private half is kept here.
    held: HashSet<Kid>,
    /// (agency, type) pairs for which some grant stood on some day: what the verdict asks of an issuer.
    granted: HashSet<(String, String)>,
    /// Stored coverage envelopes by type, as signed.
    pub coverage_signed: HashMap<String, Vec<Arc<[u8]>>>,
}

/// The JSON in `clients.body`.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
pub struct ClientBody {
    /// Shown name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// On what.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
}

/// The JSON in `accounts.body`.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
pub struct AccountBody {
    /// On what.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
}

impl Snapshot {
    /// Reads everything in one snapshot of the database.
    pub fn read(store: &Store) -> Result<Self> {
        store.read_now(Self::from_reader)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Result<Self> {
        let version = reader.config_version()?;
        let fact = |reader: &mut Reader<'_>, name: &str| -> Result<String> {
            let bytes = reader.fact(name)?.ok_or_else(|| Error::new(Code::NotInitialised, "a fact of the registry is missing"))?;
            String::from_utf8(bytes).map_err(broken)
        };
        let records_log = fact(reader, "records_log")?;
        let origin = fact(reader, "origin")?;
        let home = fact(reader, "home_region")?.parse().map_err(broken)?;

        let signing = reader.signing_keys()?;
        let keys = signing.iter().map(key_record).collect::<Result<Vec<_>>>()?;
        let keys = KeyRing::new(keys);

        let mut coverages: Vec<Coverage> = Vec::new();
        let mut coverage_signed: HashMap<String, Vec<Arc<[u8]>>> = HashMap::new();
        for row in reader.coverage()? {
            let envelope = Envelope::parse_stored(&row.signed, Typ::Coverage).map_err(broken)?;
            coverages.push(serde_json::from_slice(envelope.payload()).map_err(broken)?);
            coverage_signed.entry(row.type_code).or_default().push(row.signed.into());
        }
        let mut types = Vec::new();
        for (_, _, body) in reader.types()? {
            types.push(serde_json::from_str(&body).map_err(broken)?);
        }
        let mut agencies = Vec::new();
        for (_, body) in reader.agencies()? {
            agencies.push(serde_json::from_str(&body).map_err(broken)?);
        }
        let mut authorities: Vec<Authority> = Vec::new();
        for row in reader.authorities()? {
            authorities.push(serde_json::from_str(&row.body).map_err(broken)?);
        }
        let parts = CatalogParts {
            types,
            code_lists: CodeLists::builtin().map_err(broken)?,
            agencies,
            authorities,
            coverages,
            workdays: Workdays::builtin().map_err(broken)?,
        };
        let clients = reader.clients()?;
        let clients = clients.iter().map(client).collect::<Result<HashMap<_, _>>>()?;
        let catalog = Catalog::build(parts).map_err(broken)?;
        Ok(Self { version, catalog, keys, clients, records_log, origin, home, coverage_signed })
    }
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Code::RecordDamaged, "a row of catalog or policy cannot be read").caused_by(error)
}

fn key_record(row: &SigningKeyRow) -> Result<KeyRecord> {
    let public: &[u8; 32] = row.public.as_slice().try_into().map_err(broken)?;
    Ok(KeyRecord {
        key: VerifyKey::from_bytes(public).map_err(broken)?,
        owner: row.owner.clone(),
        purpose: row.purpose.clone(),
        valid_from: Moment::from_micros(row.valid_from),
        revoked: row.revoked_since.map(Moment::from_micros),
    })
}

fn client(row: &ClientRow) -> Result<(String, Arc<Client>)> {
    let body: ClientBody = serde_json::from_str(&row.body).map_err(broken)?;
    let client = Client {
        id: row.id.clone(),
        agency: row.agency.clone(),
        name: body.name,
        scopes: body.scopes,
        grants: body.grants,
        budget: body.budget,
        enabled: row.enabled,
    };
    Ok((row.id.clone(), Arc::new(client)))
}

/// An account as policy sees it.
pub(super) fn account(row: &AccountRow) -> Result<Account> {
    let body: AccountBody = serde_json::from_str(&row.body).map_err(broken)?;
    Ok(Account {
        name: row.name.clone(),
        display: row.display.clone(),
        agency: row.agency.clone(),
        grants: body.grants,
        budget: body.budget,
        enabled: row.enabled,
    })
}
