//! Making a registry: databases, keys, logs, the built-in types. Once; a second time is refused (I11).

use crate::catalog::{CodeLists, Region, TypeEntry};
use crate::error::{Code, Error, Result};
use crate::identity::Regions;
use crate::log::append;
use crate::record::event::{EventKind, PublicAction};
use crate::registry::base::names::{CLI_LOG, RECORDS_LOG, REGISTRY, side_of};
use crate::registry::base::texts;
use crate::registry::published::keys::kept_row;
use crate::registry::published::notice::{Notice, Stated, key_body};
use crate::registry::published::regions;
use crate::registry::{Opening, Registry};
use crate::rule::Rule;
use crate::store::{Place, Store};
use crate::trust::SigningKey;

/// The fact that stands while a registry is made. `init` takes it away last, so a crash on the way leaves it.
const FOUNDING: &str = "founding";

/// The operator's decisions when a registry is made.
#[derive(Debug, Clone)]
pub struct FoundingOptions {
    /// The first part of each log's origin line, a name that no other registry has: `zhengzhao.example.gov.cn`.
    pub origin: String,
    /// The region it serves, 6 digits: an absence is judged for it if nobody names a region.
    pub home: Region,
    /// Names of the processes that will serve; each gets an access log of its own.
    pub nodes: Vec<String>,
    /// Put the built-in types in.
    pub types: bool,
}

/// The new registry.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Verifier keys of the logs, as C2SP signed notes name them.
    pub verifier_keys: Vec<String>,
    /// Thumbprint of the registry's own key.
    pub registry_kid: String,
    /// Slugs of the types that were put in.
    pub types: Vec<String>,
}

impl Registry {
    /// Makes a registry and opens it.
    pub fn found(opening: Opening, options: &FoundingOptions) -> Result<(Self, Founding)> {
        Self::check_founding(&opening.place, options, &opening.regions)?;
        let now = opening.clock.now();
        let store = Store::create(&opening.place, opening.master, now)?;
        let key = SigningKey::generate()?;
        let own = kept_row(&store, REGISTRY, REGISTRY, &key, now)?;
        let registry_kid = own.kid.clone();
        store.write_now(|writer| {
            writer.put_fact(FOUNDING, b"")?;
            writer.put_fact("origin", options.origin.as_bytes())?;
            writer.put_fact("home_region", options.home.to_string().as_bytes())?;
            writer.put_fact("records_log", RECORDS_LOG.as_bytes())?;
            writer.insert_signing_key(&own)
        })?;
        let mut logs = vec![RECORDS_LOG.to_owned(), CLI_LOG.to_owned()];
        logs.extend(options.nodes.iter().map(|node| format!("access-{node}")));
        let registry = Self::over(store, opening.clock, opening.regions)?;
        let mut verifier_keys = Vec::new();
        for log in &logs {
            verifier_keys.push(registry.first_log(log)?);
        }
        // These keys were needed before there was a log to state them in: now they are stated.
        let keys = registry.store().read_now(|reader| reader.signing_keys())?;
        let stated = keys.iter().map(|row| Stated::row(EventKind::Key, key_body(row))).collect();
        let (kind, action, actor) = (EventKind::Key, PublicAction::Generate, "init");
        registry.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, |_| Ok(()))?;
        let mut types = Vec::new();
        if options.types {
            let lists = CodeLists::builtin().map_err(Error::internal)?;
            let entries = TypeEntry::builtin(&lists).map_err(Error::internal)?;
            let texts = entries.iter().map(|entry| serde_json::to_string(entry.def()));
            registry.load_types(
                "init",
                &texts.collect::<std::result::Result<Vec<_>, _>>().map_err(Error::internal)?,
            )?;
            types.extend(entries.iter().map(|entry| entry.def().slug.clone()));
        }
        registry.refresh()?;
        registry.store().remember(None)?;
        registry.store().write_now(|writer| writer.remove_facts(FOUNDING))?;
        Ok((registry, Founding { verifier_keys, registry_kid, types }))
    }

    /// Refuses the cases that [`Registry::found`] would refuse, and makes nothing. It runs before there is a
    /// master key, which a failed founding would leave behind.
    ///
    /// # Errors
    /// `already_initialised`; `config_invalid` for an origin or node name;
    /// `field_invalid` with rule `region_unknown`.
    pub fn check_founding(place: &Place, options: &FoundingOptions, regions: &Regions) -> Result<()> {
        regions::known(regions, options.home, "region")?;
        check_origin(&options.origin)?;
        for node in &options.nodes {
            check_node(node)?;
        }
        Store::vacant(place)
    }

    /// Refuses what an `init` left that did not come to its end: logs or types are missing, and nothing tells which.
    ///
    /// # Errors
    /// `not_initialised` with rule `init_unfinished`.
    pub(in crate::registry) fn check_founded(store: &Store) -> Result<()> {
        let founded = store
            .read_now(|reader| Ok(reader.fact("origin")?.is_some() && reader.fact(FOUNDING)?.is_none()))?;
        if founded {
            return Ok(());
        }
        Err(Error::new(Code::NotInitialised, "`init` did not finish here").rule(Rule::InitUnfinished))
    }

    /// Makes a log with a key of its own, which an event states; `already_initialised` if there is one of
    /// that name.
    ///
    /// The key is stored before the head: a crash between the two leaves a key that signs nothing, and the
    /// command can be run again.
    pub(in crate::registry) fn add_log(&self, actor: &str, log: &str) -> Result<String> {
        check_node(log)?;
        let owner = format!("log:{log}");
        let known = self.store().read_now(|reader| reader.signing_keys())?;
        if !known.iter().any(|row| row.owner == owner) {
            let row = kept_row(self.store(), &owner, LOG, &SigningKey::generate()?, self.now())?;
            self.put_key(actor, PublicAction::Generate, row, None)?;
        }
        self.insert_log(log)
    }

    /// The same while a registry is made, before there is a log for the event.
    fn first_log(&self, log: &str) -> Result<String> {
        check_node(log)?;
        let owner = format!("log:{log}");
        let row = kept_row(self.store(), &owner, LOG, &SigningKey::generate()?, self.now())?;
        self.store().write_now(|writer| {
            writer.insert_signing_key(&row)?;
            writer.raise_config_version()
        })?;
        self.insert_log(log)
    }

    /// Stores the head of a log whose key is there.
    fn insert_log(&self, log: &str) -> Result<String> {
        let signer = self.log_signer(log)?;
        let head = append::new_head(log, &signer, self.now());
        let origin = signer.verifier().origin().to_owned();
        self.store().write_side_now(side_of(log), |writer| writer.insert_log(&head, &origin))?;
        Ok(signer.verifier().to_string())
    }
}

/// Purpose of a log's key.
pub(in crate::registry) const LOG: &str = "log";

fn check_origin(origin: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/' | b':');
    if (1..=100).contains(&origin.len()) && origin.bytes().all(plain) {
        return texts::no_number("origin", origin);
    }
    Err(Error::new(Code::ConfigInvalid, "an origin is 1 to 100 of a-z 0-9 . - / :")
        .at("origin")
        .rule(Rule::OriginForm))
}

fn check_node(node: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=40).contains(&node.len()) && node.bytes().all(plain) {
        return texts::no_number("node", node);
    }
    Err(Error::new(Code::ConfigInvalid, "a log or node name is 1 to 40 of a-z 0-9 -")
        .at("node")
        .rule(Rule::NodeForm))
}
