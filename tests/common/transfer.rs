//! Another registry, and exports on their way to it.

use elicense::error::Result;
use elicense::log::LogVerifier;
use elicense::record::{Digest, canonical};
use elicense::registry::{ReadBack, ReadOptions};
use elicense::trust::master::WrapName;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

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

/// Signs a file anew with the registry's own key: a registry that lies, or errs, would send such a file.
pub fn signed_anew(world: &World, text: &str) -> String {
    let rows = world.registry.store().read_now(|reader| reader.signing_keys()).unwrap();
    let row = rows.into_iter().find(|row| row.owner == "registry").unwrap();
    let name = WrapName { kind: "signing", name: &row.kid };
    let seed = world.registry.store().master().unwrap32(name, &row.wrapped.unwrap()).unwrap();
    let key = SigningKey::from_seed(&seed).unwrap();
    let digest = |line: &Value| {
        let mut line = line.clone();
        line.as_object_mut().unwrap().remove("attested");
        Digest::of(&[&canonical::to_vec(&line).unwrap()])
    };
    let (mut export, mut chain, mut out) = (String::new(), Digest([0; 32]), String::new());
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let payload = match line["line"].as_str().unwrap() {
            "export" => {
                export = digest(&line).text();
                None
            }
            kind @ ("file" | "record" | "holder" | "coverage") => {
                let own = digest(&line);
                chain = Digest::of(&[&chain.0, &own.0]);
                Some(json!({"digest": own.text(), "export": export, "line": kind, "v": 1}))
            }
            "end" => Some(json!({
                "digest": chain.text(), "events": line["events"], "export": export, "line": "end",
                "records": line["records"], "v": 1,
            })),
            _ => None,
        };
        if let Some(payload) = payload {
            let signed = EnvelopeBuf::sign(Typ::Export, &canonical::to_vec(&payload).unwrap(), &key).unwrap();
            line["attested"] = signed.compact().into();
        }
        out += &(line.to_string() + "\n");
    }
    out
}

/// A file of layout 1, as the programs before layout 2 wrote it: nothing was proposed, nothing gave way, and of a revocation
/// that was moved only the last word stands.
pub fn of_layout_1(world: &World, text: &str) -> String {
    let (mut events, mut out) = (0, String::new());
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        match line["line"].as_str().unwrap() {
            "export" => line["v"] = json!(1),
            "end" => line["events"] = json!(line["events"].as_u64().unwrap() - events),
            _ => {}
        }
        let members = line.as_object_mut().unwrap();
        for part in members.remove("earlier").iter().flat_map(|parts| parts.as_array().unwrap()) {
            events += part["events"].as_array().unwrap().len() as u64;
        }
        members.remove("proposals");
        members.remove("before");
        out += &(line.to_string() + "\n");
    }
    signed_anew(world, &out)
}
