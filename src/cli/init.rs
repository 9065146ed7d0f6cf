//! `elicense init`: makes a registry, once.

use serde_json::json;

use super::output::Output;
use super::place::{Globals, create_master};
use crate::catalog::Region;
use crate::clock::Clock;
use crate::error::Result;
use crate::registry::{FoundingOptions, Opening, Registry};

/// Arguments of `init`.
#[derive(clap::Args)]
pub struct Args {
    /// A name no other registry has; each log's origin line begins with it.
    #[arg(long)]
    origin: String,
    /// The region the registry serves, 6 digits.
    #[arg(long)]
    region: Region,
    /// A process that will serve; give it several times for several nodes.
    #[arg(long = "node", default_value = "main")]
    nodes: Vec<String>,
    /// Leave the built-in types out.
    #[arg(long)]
    no_types: bool,
}

/// Makes the master key file, which must not exist, then the registry.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let place = globals.place()?;
    let options = FoundingOptions {
        origin: args.origin.clone(),
        home: args.region,
        nodes: args.nodes.clone(),
        types: !args.no_types,
    };
    let regions = globals.regions()?;
    Registry::check_founding(&place, &options, &regions)?;
    let file = globals.master_key_file();
    let master = create_master(&file, Some(&place.dir))?;
    let opening = Opening { place: place.clone(), master, clock: Clock::System, regions };
    let (_, founding) = Registry::found(opening, &options)?;
    let text = format!(
        "A registry was made in {}.\nMaster key: {} — keep a copy elsewhere; without it nothing here opens.\nTypes: {}\nVerifier keys of its logs:\n  {}",
        place.dir.display(),
        file.display(),
        founding.types.join(" "),
        founding.verifier_keys.join("\n  "),
    );
    let value = json!({
        "data": place.dir, "master_key": file, "types": founding.types, "verifier_keys": founding.verifier_keys,
        "registry_kid": founding.registry_kid,
    });
    output.say(&text, &value);
    Ok(0)
}
