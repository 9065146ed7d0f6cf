//! Which registry a command works on, and as whom.

use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::error::{Code, Error, Result};
use crate::identity::Regions;
use crate::policy::Actor;
use crate::registry::{Opening, Registry};
use crate::rule::Rule;
use crate::store::{DbUrl, Place};
use crate::trust::MasterKey;

/// Arguments of every command.
#[derive(clap::Args)]
pub struct Globals {
    /// The data directory; ./elicense-data where nothing is said (./elicense-demo for the demo).
    #[arg(long, global = true, env = "ELICENSE_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The database, `sqlite:///path` or `postgres://…`; a SQLite file in the data directory by default.
    #[arg(long, global = true, env = "ELICENSE_DATABASE")]
    pub database: Option<String>,
    /// The file with the master key; mode 0400, outside the data directory.
    #[arg(long, global = true, env = "ELICENSE_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key: Option<PathBuf>,
    /// The name recorded for the acts of a command.
    // An id of its own: commands have a `name` too, and two arguments with one id hide each other.
    #[arg(
        id = "as",
        long = "as",
        global = true,
        value_name = "NAME",
        env = "ELICENSE_AS",
        default_value = "operator",
        value_parser = recorded_name
    )]
    pub name: String,
    /// A file with more regions, in the form of schema/regions.tsv.
    #[arg(long, global = true, env = "ELICENSE_REGIONS", value_name = "FILE")]
    pub regions: Option<PathBuf>,
    /// Print one JSON value instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Globals {
    /// The data directory of a registry.
    fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| PathBuf::from("./elicense-data"))
    }

    /// Where the registry lives.
    pub fn place(&self) -> Result<Place> {
        let dir = std::path::absolute(self.data()).map_err(Error::internal)?;
        let url = match &self.database {
            Some(url) => DbUrl::parse(url)?,
            None => DbUrl::in_data_dir(&dir),
        };
        Ok(Place { url, dir, point_hops: false })
    }

    /// The master key's file: named, or `<data>.master-key` beside the data directory.
    pub fn master_key_file(&self) -> PathBuf {
        self.master_key.clone().unwrap_or_else(|| {
            let mut name = self.data().into_os_string();
            name.push(".master-key");
            PathBuf::from(name)
        })
    }

    /// The opening of a registry.
    pub fn opening(&self) -> Result<Opening> {
        let place = self.place()?;
        let master = read_master(&self.master_key_file(), Some(&place.dir))?;
        Ok(Opening { place, master, clock: Clock::System, regions: self.regions()? })
    }

    /// The same for a registry that must be there.
    pub fn existing(&self) -> Result<Opening> {
        let place = self.place()?;
        // Told before the master key is looked for, which lies beside the directory where nothing else is said.
        if !place.url.is_postgres() && !place.dir.is_dir() {
            let detail = "the data directory does not exist";
            let missing = Error::new(Code::NotInitialised, detail).at("data").rule(Rule::DataMissing);
            return Err(missing.caused_by(place.dir.display().to_string()));
        }
        self.opening()
    }

    /// Region names: the built-in ones, and those of `--regions`.
    pub fn regions(&self) -> Result<Regions> {
        match &self.regions {
            Some(path) => Regions::with(&super::input::text(path)?)
                .map_err(|fault| super::input::usage("regions", fault.to_string())),
            None => Regions::with("").map_err(Error::internal),
        }
    }

    /// Opens the registry.
    pub fn open(&self) -> Result<Registry> {
        Registry::open(self.existing()?)
    }

    /// Opens the registry even if its logs are bad: to report the fault, or to go on in successors.
    pub fn open_as_found(&self) -> Result<Registry> {
        Registry::open_as_found(self.existing()?)
    }

    /// Opens the registry for work that shows or changes holders: with the commands' access log running.
    pub fn open_with_access(&self) -> Result<Registry> {
        let registry = self.open()?;
        registry.start_cli_access()?;
        Ok(registry)
    }

    /// The actor.
    pub fn actor(&self) -> Actor {
        Actor::Operator { name: self.name.clone() }
    }
}

/// Reads a master key; a refusal names the file that was tried.
pub fn read_master(file: &Path, data: Option<&Path>) -> Result<MasterKey> {
    MasterKey::read(file, data).map_err(|fault| naming(fault.into(), file))
}

/// Makes a master key; a refusal names its file.
pub fn create_master(file: &Path, data: Option<&Path>) -> Result<MasterKey> {
    MasterKey::create(file, data).map_err(|fault| naming(fault.into(), file))
}

fn naming(error: Error, file: &Path) -> Error {
    let detail = format!("{}: {}", error.detail, file.display());
    Error { detail: detail.into(), ..error }
}

/// A name that is recorded in the log for ever.
fn recorded_name(text: &str) -> std::result::Result<String, String> {
    let checked = crate::registry::recorded_name("as", text);
    checked.map(|()| text.to_owned()).map_err(|error| error.detail.into_owned())
}
