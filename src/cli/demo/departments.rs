//! The departments that the demo simulates beside itself: each answers on a port of its own, under a key of its own, and
//! can be made to fail while the demo runs (`elicense simulate-department`). All other departments stay unconnected.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use serde::Deserialize;

use super::agencies::Offices;
use crate::catalog::SourceSystem;
use crate::cli::simulate_department::{self, SimulatedAnswers};
use crate::error::{Error, Result};
use crate::record::question::SourceWord;
use crate::registry::Registry;
use crate::store::private;

const DEPARTMENTS: &str = include_str!("../../../fixtures/demo/departments.json");
/// Milliseconds within which a simulated department answers.
const TIMEOUT_MS: u32 = 1_000;

#[derive(Deserialize)]
struct Listed {
    departments: Vec<DemoDepartment>,
}

/// One of them, as its file has it.
#[derive(Deserialize)]
struct DemoDepartment {
    department: String,
    office: String,
    name: String,
    case_only: Vec<String>,
    answers: BTreeMap<String, BTreeMap<String, SourceWord>>,
}

/// A department that answers now.
pub struct Answering {
    /// As items name it.
    pub department: String,
    /// Its name as windows read it.
    pub name: String,
    /// Where it answers.
    pub url: String,
}

/// Starts all of them on this machine, and tells the registry where they are, by signed events where something is new.
/// After a crash in between the next start does what was left undone.
pub fn start(registry: &Registry, dir: &Path) -> Result<Vec<Answering>> {
    let listed: Listed = serde_json::from_str(DEPARTMENTS).map_err(Error::internal)?;
    let folder = dir.join("departments");
    private::create_dir_all(&folder).map_err(Error::internal)?;
    let offices = Offices::read();
    listed.departments.into_iter().map(|one| one.start(registry, &offices, &folder)).collect()
}

impl DemoDepartment {
    fn start(self, registry: &Registry, offices: &Offices, folder: &Path) -> Result<Answering> {
        let agency = offices.code(&self.office).to_owned();
        // Two departments of one agency are two systems under one key.
        let key = simulate_department::signing_key(&folder.join(format!("{}.key", self.office)))?;
        if registry.snapshot().keys.find(&key.verify_key().kid()).is_none() {
            registry.register_key("demo", &agency, key.verify_key().bytes())?;
            registry.refresh()?;
        }
        let standing = registry.snapshot().sources.iter().find(|source| self.is(source, &agency)).cloned();
        // The port of the last time; never that of a system which somebody else connected in its place.
        let own = standing.as_deref().filter(|source| source.name == self.name);
        let socket = socket(own.map(|source| source.url.as_str()))?;
        let url = format!("http://{}/", socket.local_addr().map_err(Error::internal)?);
        if standing.is_none_or(|source| source.url != url || source.ended.is_some()) {
            registry.put_source("demo", &self.source(&agency, &url, registry))?;
            registry.refresh()?;
        }
        let known = SimulatedAnswers { answers: self.answers };
        simulate_department::start(socket, (agency, key), known)?;
        Ok(Answering { department: self.department, name: self.name, url })
    }

    fn is(&self, source: &SourceSystem, agency: &str) -> bool {
        source.department == self.department && source.agency == agency
    }

    fn source(&self, agency: &str, url: &str, registry: &Registry) -> SourceSystem {
        SourceSystem {
            agency: agency.to_owned(),
            case_only: self.case_only.clone(),
            department: self.department.clone(),
            ended: None,
            name: self.name.clone(),
            plain_network: None,
            roots: Vec::new(),
            since: registry.now(),
            timeout_ms: TIMEOUT_MS,
            url: url.to_owned(),
        }
    }
}

/// The port of the last time, if it is free; else any.
fn socket(url: Option<&str>) -> Result<TcpListener> {
    let last = url.and_then(|url| url.strip_prefix("http://")?.strip_suffix('/')?.parse::<SocketAddr>().ok());
    let again = last.and_then(|address| TcpListener::bind(address).ok());
    again.map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::internal), Ok)
}
