//! Policy, keys and catalog as of one config version: immutable, replaced as a whole.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::{
    Catalog, CatalogFault, CatalogParts, CodeLists, Coverage, Region, SourceSystem, TypeEntry, Workdays,
};
use crate::clock::{Day, Moment};
use crate::closed::closed;
use crate::error::{Code, Error, Result};
use crate::log::LogMark;
use crate::policy::{Account, Client, Grant, Scope, StaffRole};
use crate::record::Digest;
use crate::record::event::{EventKind, Order};
use crate::rule::Rule;
use crate::store::{AccountRow, ClientRow, CoverageRow, Reader, SigningKeyRow, Store};
use crate::trust::keyring::{KeyPurpose, Revocation};
use crate::trust::{Envelope, HolderKey, KeyRecord, KeyRing, Kid, Typ, VerifyKey, jwks};

closed! {
    /// The owner of a key that signed a record.
    SignedWith {
        KeyHeldByRegistry, "key_held_by_registry", "本库代管密钥", "the key that the registry holds for the issuer";
        IssuersOwnKey, "issuers_own_key", "发证机构自有密钥", "the issuer's own key";
    }
}

/// Everything that decides a request.
#[derive(Debug)]
pub struct Snapshot {
    /// The config version it was read at.
    pub version: i64,
    /// Types, agencies, authorities, coverage.
    pub catalog: Catalog,
    /// Every public key that ever signed here.
    pub keys: KeyRing,
    /// Systems that answer for departments, ended ones too.
    pub sources: Vec<Arc<SourceSystem>>,
    /// Clients by id.
    pub clients: HashMap<String, Arc<Client>>,
    /// The log that new records go into.
    pub records_log: String,
    /// The registry's origin: the first part of each log's origin line.
    pub origin: String,
    /// The region the registry serves; an absence is judged for it if the asker names no region.
    pub home: Region,
    /// Thumbprints of the keys whose private half is kept here.
    held: HashSet<Kid>,
    /// Types by agency with a grant on some day: the verdict asks an issuer for this.
    granted: HashMap<String, HashSet<String>>,
    /// Holders whom staff do not look up unseen, each with the last day of it. One whose row does not open is protected.
    protected: HashMap<HolderKey, Option<Day>>,
    /// Stored coverage envelopes by type, as signed.
    pub coverage_signed: HashMap<String, Vec<Arc<[u8]>>>,
    /// The published list of keys, made when it is first asked for.
    published: OnceLock<String>,
}

/// The JSON in `clients.body`.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
pub struct ClientBody {
    /// Shown name.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
}

/// The JSON in `accounts.body`.
#[derive(Debug, Clone, serde::Serialize, Deserialize)]
pub struct AccountBody {
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
    /// Its end, of an account that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<AccountEnd>,
}

/// When an account ended, and who ended it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct AccountEnd {
    /// When.
    pub at: Moment,
    /// The operator.
    pub by: String,
}

impl Snapshot {
    /// Reads everything in one snapshot of the database.
    pub fn read(store: &Store) -> Result<Self> {
        store.read_now(Self::from_reader)
    }

    /// The same inside an open transaction: the snapshot as it would be after a commit.
    pub(in crate::registry) fn from_reader(reader: &mut Reader<'_>) -> Result<Self> {
        let version = reader.config_version()?;
        let fact = |reader: &mut Reader<'_>, name: &str| -> Result<String> {
            let bytes = reader
                .fact(name)?
                .ok_or_else(|| Error::new(Code::NotInitialised, "a fact of the registry is missing"))?;
            String::from_utf8(bytes).map_err(broken)
        };
        let records_log = fact(reader, "records_log")?;
        let origin = fact(reader, "origin")?;
        let home = fact(reader, "home_region")?.parse().map_err(broken)?;

        let signing = reader.signing_keys()?;
        let mut records = signing.iter().map(key_record).collect::<Result<Vec<_>>>()?;
        let stated = KeyRing::new(records.iter().cloned());
        for record in records.iter_mut().filter(|record| record.revoked.is_some()) {
            record.earlier = earlier_revocations(reader, &stated, record)?;
        }
        let keys = KeyRing::new(records);
        let kept = signing.iter().filter(|row| row.wrapped.is_some());
        let held = kept.filter_map(|row| Kid::from_text(&row.kid)).collect();

        let (parts, coverage_signed) = catalog_parts(reader)?;
        let sources: Vec<SourceSystem> = stored_json(reader.sources()?.iter())?;
        let clients = reader.clients()?;
        let clients = clients.iter().map(client).collect::<Result<HashMap<_, _>>>()?;
        let catalog = Catalog::build(parts).map_err(broken)?;
        Ok(Self {
            version,
            granted: granted(&catalog),
            catalog,
            keys,
            sources: sources.into_iter().map(Arc::new).collect(),
            clients,
            records_log,
            origin,
            home,
            held,
            protected: protected(reader)?,
            coverage_signed,
            published: OnceLock::new(),
        })
    }

    /// Refuses, inside an open transaction, a change after which policy and catalog could no longer be read:
    /// if it committed, no process could open the registry any more.
    pub(in crate::registry) fn guard(reader: &mut Reader<'_>) -> Result<()> {
        Self::from_reader(reader).map(drop).map_err(|error| {
            let refused = Error::new(Code::FieldInvalid, "the change contradicts what the catalog has");
            match error.source {
                Some(source) => {
                    let rule =
                        source.downcast_ref::<CatalogFault>().map_or(Rule::Catalog, CatalogFault::rule);
                    Error { detail: source.to_string().into(), ..refused }.rule(rule)
                }
                None => refused.rule(Rule::Catalog),
            }
        })
    }

    /// The published list of keys, a JWK Set. Made once: anybody may ask for it, as often as they like.
    pub fn published_keys(&self) -> &str {
        self.published.get_or_init(|| jwks::jwks(&self.keys).to_string())
    }

    /// Whether the private half of a key is kept here.
    pub fn held_here(&self, kid: &Kid) -> bool {
        self.held.contains(kid)
    }

    /// Whether a holder is protected on a day.
    pub fn protects(&self, holder: &HolderKey, day: Day) -> bool {
        self.protected.get(holder).is_some_and(|until| until.is_none_or(|until| day <= until))
    }

    /// Whether anybody is on the protected list.
    pub fn protects_anybody(&self) -> bool {
        !self.protected.is_empty()
    }

    /// The log of records as it stands.
    ///
    /// # Errors
    /// `not_initialised` if there is none.
    pub fn records_mark(&self, reader: &mut Reader<'_>) -> Result<LogMark> {
        let missing = || Error::new(Code::NotInitialised, "the log of records is missing");
        reader.mark(&self.records_log)?.ok_or_else(missing)
    }

    /// The owner of the key that signed an envelope.
    pub fn signed_with(&self, envelope: &Envelope<'_>) -> SignedWith {
        match envelope.kid() {
            Ok(kid) if self.held_here(&kid) => SignedWith::KeyHeldByRegistry,
            _ => SignedWith::IssuersOwnKey,
        }
    }

    /// The type of that code or short name.
    ///
    /// # Errors
    /// `type_unknown` at `type`.
    pub fn type_named(&self, name: &str) -> Result<&Arc<TypeEntry>> {
        let found = self.catalog.type_of(name).or_else(|| self.catalog.type_by_slug(name));
        found.ok_or_else(|| Error::new(Code::TypeUnknown, "no type of that code or name").at("type"))
    }

    /// The statement of a row.
    ///
    /// # Errors
    /// `internal` if its envelope or payload cannot be read.
    pub(in crate::registry) fn coverage(row: &CoverageRow) -> Result<Coverage> {
        let envelope = Envelope::parse_stored(&row.signed).map_err(broken)?;
        serde_json::from_slice(envelope.payload()).map_err(broken)
    }

    /// Whether an issuer was ever given a type. Region and day were checked when the record entered, and
    /// stand in the log. Each read only asks whether the grant is still on the books.
    pub fn issuer_stands(&self, agency: &str, type_code: &str) -> bool {
        self.granted.get(agency).is_some_and(|types| types.contains(type_code))
    }
}

/// The parts of the catalog, and the signed coverage statements of each type.
type StoredCatalog = (CatalogParts, HashMap<String, Vec<Arc<[u8]>>>);

fn catalog_parts(reader: &mut Reader<'_>) -> Result<StoredCatalog> {
    let mut coverages: Vec<Coverage> = Vec::new();
    let mut coverage_signed: HashMap<String, Vec<Arc<[u8]>>> = HashMap::new();
    for row in reader.coverage()? {
        coverages.push(Snapshot::coverage(&row)?);
        coverage_signed.entry(row.type_code).or_default().push(row.signed.into());
    }
    let (types, items, bundles) = (reader.types()?, reader.items()?, reader.bundles()?);
    let (agencies, authorities) = (reader.agencies()?, reader.authorities()?);
    let empowerments = reader.empowerments()?;
    let parts = CatalogParts {
        types: stored_json(types.iter().map(|(_, _, body)| body))?,
        items: stored_json(items.iter().map(|(_, _, body)| body))?,
        bundles: stored_json(bundles.iter().map(|(_, _, body)| body))?,
        code_lists: CodeLists::builtin().map_err(broken)?,
        agencies: stored_json(agencies.iter().map(|row| &row.body))?,
        authorities: stored_json(authorities.iter().map(|row| &row.body))?,
        empowerments: stored_json(empowerments.iter().map(|row| &row.body))?,
        coverages,
        workdays: Workdays::builtin().map_err(broken)?,
    };
    Ok((parts, coverage_signed))
}

fn stored_json<'a, T: serde::de::DeserializeOwned>(
    bodies: impl Iterator<Item = &'a String>,
) -> Result<Vec<T>> {
    bodies.map(|body| serde_json::from_str(body).map_err(broken)).collect()
}

fn protected(reader: &mut Reader<'_>) -> Result<HashMap<HolderKey, Option<Day>>> {
    let rows = reader.protections()?.into_iter();
    let standing = rows.filter_map(|(key, row)| match row {
        Some(row) if row.ended.is_some() => None,
        Some(row) => Some((key, row.until)),
        None => Some((key, None)),
    });
    Ok(standing.collect())
}

/// Types by agency, including those taken over by successors.
fn granted(catalog: &Catalog) -> HashMap<String, HashSet<String>> {
    let mut granted: HashMap<String, HashSet<String>> = HashMap::new();
    let agencies = catalog.issuers().agencies();
    for entry in catalog.types() {
        let code = &entry.def().code;
        for grant in catalog.issuers().grants(code) {
            granted.entry(grant.agency.clone()).or_default().insert(code.clone());
            let successor = grant.to.or(agencies.latest(&grant.agency).and_then(|agency| agency.valid_to));
            let today = successor.and_then(|last| agencies.successor(&grant.agency, last.plus_days(1)));
            if let Some(today) = today {
                granted.entry(today.code.clone()).or_default().insert(code.clone());
            }
        }
    }
    granted
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Code::RecordDamaged, "a row of catalog or policy cannot be read").caused_by(error)
}

fn key_record(row: &SigningKeyRow) -> Result<KeyRecord> {
    let public: &[u8; 32] = row.public.as_slice().try_into().map_err(broken)?;
    let since = row.revoked_since.map(Moment::from_micros);
    Ok(KeyRecord {
        owner: row.owner.clone(),
        public: VerifyKey::from_bytes(public).map_err(broken)?,
        purpose: KeyPurpose::from_wire(&row.purpose).ok_or_else(|| broken("a key's purpose"))?,
        valid_from: Moment::from_micros(row.valid_from),
        valid_to: None,
        revoked: since.map(|since| Revocation {
            at: row.revoked_at.map_or(since, Moment::from_micros),
            since,
            reason: row.revoked_why.clone().unwrap_or_default(),
        }),
        earlier: Vec::new(),
    })
}

/// What was said of the revocation of a key before it was moved, as its signed orders state it. An order that does not
/// verify says nothing; `fsck` names it.
fn earlier_revocations(
    reader: &mut Reader<'_>,
    keys: &KeyRing,
    record: &KeyRecord,
) -> Result<Vec<Revocation>> {
    let mut said: Vec<Revocation> = Vec::new();
    for event in reader.public_events_of(EventKind::Key.wire(), &record.kid().to_string())? {
        let order = event.signed.as_deref().and_then(|signed| Envelope::parse_stored(signed).ok());
        let order = order.filter(|order| order.verify(Typ::Event, |kid| keys.key(kid)).is_ok());
        let order = order.and_then(|order| Order::from_payload(order.payload()).ok());
        said.extend(order.and_then(|order| revocation(order.detail?.get("body")?.get("revoked")?)));
    }
    // What came along with an export may have been said in one instant: it is never moved to a later moment.
    let before = |one: &Revocation, newest: &Revocation| {
        one.at < newest.at || one.at == newest.at && one.since > newest.since
    };
    said.retain(|one| record.revoked.as_ref().is_some_and(|newest| before(one, newest)));
    said.sort_by_key(|one| one.at);
    Ok(said)
}

/// The revocation in the body of a key, as an order states it.
fn revocation(said: &Value) -> Option<Revocation> {
    let moment = |name: &str| said.get(name)?.as_str()?.parse::<Moment>().ok();
    let reason = said.get("why")?.as_str()?.to_owned();
    Some(Revocation { at: moment("at")?, since: moment("since")?, reason })
}

fn client(row: &ClientRow) -> Result<(String, Arc<Client>)> {
    let body: ClientBody = serde_json::from_str(&row.body).map_err(broken)?;
    let client = Client {
        id: row.id.clone(),
        agency: row.agency.clone(),
        name: body.name,
        scopes: body.scopes,
        grants: body.grants.into(),
        budget: body.budget,
        enabled: row.enabled,
        epoch: secret_epoch(row),
    };
    Ok((row.id.clone(), Arc::new(client)))
}

/// The epoch of a client's secret. The hash has a salt of its own, so the same words given again are another
/// secret.
pub(in crate::registry) fn secret_epoch(row: &ClientRow) -> u64 {
    let digest = Digest::of(&[b"elicense client epoch\0", row.secret.as_bytes(), &row.made_at.to_be_bytes()]);
    digest.0.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// An account as policy sees it.
pub(in crate::registry) fn account(row: &AccountRow) -> Result<Account> {
    let body: AccountBody = serde_json::from_str(&row.body).map_err(broken)?;
    let role = |word| StaffRole::from_wire(word).ok_or_else(|| broken("a role of an account"));
    let own = row.own_number.as_deref().map(|key| <[u8; 16]>::try_from(key).map(HolderKey::from_bytes));
    Ok(Account {
        name: row.name.clone(),
        display: row.display.clone(),
        agency: row.agency.clone(),
        region: row.region.as_deref().map(str::parse).transpose().map_err(broken)?,
        roles: row.roles.split_whitespace().map(role).collect::<Result<_>>()?,
        grants: body.grants.into(),
        budget: body.budget,
        enabled: row.enabled,
        own_number: own.transpose().map_err(broken)?,
    })
}
