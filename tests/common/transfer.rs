//! Another registry, and exports on their way to it.

use elicense::error::Result;
use elicense::log::LogVerifier;
use elicense::registry::{ReadBack, ReadOptions};

use super::people::{CREMATORIUM, MARKET, POLICE};
use super::{World, operator};

/// Another registry on the same kind of database, settled by `settle`, with the agencies' public keys of the first.
pub fn receiver(world: &World, settle: fn(&World)) -> World {
    let other = super::world(world.backend()).unwrap();
    settle(&other);
    other.clock.set(world.clock.now().plus_seconds(86_400));
    other.registry.refresh().unwrap();
    for key in world.registry.snapshot().keys.all() {
        if [POLICE, MARKET, CREMATORIUM].contains(&key.owner.as_str()) {
            other.registry.register_key("test", &key.owner, key.public.bytes()).unwrap();
        }
    }
    other.registry.refresh().unwrap();
    other
}

/// Everything that a registry holds.
pub fn export(world: &World) -> String {
    world.registry.refresh().unwrap();
    let mut out = Vec::new();
    world.registry.export(&operator(), None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Reads an export of one registry into another.
pub fn read(from: &World, to: &World, text: &str, dry_run: bool) -> ReadBack {
    try_read(from, to, text, dry_run).unwrap()
}

/// The same where it may be refused as a whole.
pub fn try_read(from: &World, to: &World, text: &str, dry_run: bool) -> Result<ReadBack> {
    let heads = from.registry.store().read_now(|reader| reader.heads()).unwrap();
    let of_records = heads.iter().filter(|head| !head.log.starts_with("access"));
    let verifiers: Vec<LogVerifier> =
        of_records.map(|head| from.registry.log_verifier(&head.log).unwrap()).collect();
    to.registry.refresh().unwrap();
    let options = ReadOptions { verifiers: &verifiers, dry_run, ..ReadOptions::default() };
    to.registry.read_export(&operator(), options, text.as_bytes())
}
