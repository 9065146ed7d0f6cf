//! `elicense demo`: fills a directory with the demo's data if it is empty, and serves it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::DemoData;
use super::departments::{self, Answering};
use super::fill::fill;
use crate::catalog::items::ItemDef;
use crate::cli::output::Output;
use crate::cli::place::{Globals, create_master, read_master};
use crate::cli::serve;
use crate::clock::Clock;
use crate::config::{Door, Listener, ServeConfig};
use crate::error::{Code, Error, Result};
use crate::identity::Regions;
use crate::registry::{FoundingOptions, Opening, Registry};
use crate::rule::Rule;
use crate::serve::running::{Running, Settings};
use crate::store::{Place, private};
use crate::trust::MasterKey;

/// Arguments of `demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Where it listens, all doors on one address.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Fill only, serve nothing.
    #[arg(long)]
    fill_only: bool,
}

/// Regions that exist in the demo only.
const REGIONS: &str = include_str!("../../../fixtures/regions.demo.tsv");

/// Fills and serves.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    if !args.listen.ip().is_loopback() {
        return Err(Error::new(
            Code::ConfigInvalid,
            "the demo's passwords are public: it listens on loopback only",
        )
        .at("listen"));
    }
    free(args.listen)?;
    let dir = globals.data.clone().unwrap_or_else(|| PathBuf::from("./elicense-demo"));
    let dir = std::path::absolute(dir).map_err(Error::internal)?;
    let place = Place::in_dir(&dir.join("data"));
    let key_file = dir.join("master.key");
    let clock = Clock::System;
    let data = DemoData::generate(super::SEED, clock.now().day()).restate(clock.now());
    let ready = dir.join("filled");
    let registry = if ready.exists() {
        let master = read_master(&key_file, Some(&place.dir))?;
        let registry = Registry::open(Opening { place, master, clock, regions: regions()? })?;
        let held = |error: Error| {
            if error.rule == Some(Rule::LogHeld) { running_already(&dir) } else { error }
        };
        registry.refuse_held().map_err(held)?;
        // The feeds of a demo live while it runs: feeds of last week would all count as late.
        for coverage in &data.coverages {
            registry.state_coverage("demo", coverage)?;
        }
        registry
    } else {
        refuse_half_filled(&dir)?;
        private::create_dir_all(&dir).map_err(|error| unwritable(&dir).caused_by(error))?;
        let master = create_master(&key_file, Some(&place.dir))?;
        let registry = found(place, master, clock)?;
        filled(&registry, &data, output)?;
        // Written last, so a fill that was cut short is not taken for a demo.
        std::fs::write(&ready, b"synthetic data, demo only\n")
            .map_err(|error| unwritable(&dir).caused_by(error))?;
        registry
    };
    std::fs::write(dir.join("regions.tsv"), REGIONS).map_err(|error| unwritable(&dir).caused_by(error))?;
    if args.fill_only {
        return Ok(0);
    }
    registry.refresh()?;
    let departments = departments::start(&registry, &dir)?;
    let listeners = Door::ALL.map(|door| Listener { door, address: args.listen, tls: None }).to_vec();
    let settings = Settings { node: "main".to_owned(), demo: true };
    serve::serve(registry, ServeConfig::new(listeners), settings, |running| {
        // To standard output: the only place where the demo prints numbers.
        for (address, _, _) in running.addresses() {
            let shown = Shown { data: &data, dir: &dir, departments: &departments };
            output.say(&shown.welcome(*address), &shown.introduction(running));
        }
    })
}

fn found(place: Place, master: MasterKey, clock: Clock) -> Result<Registry> {
    let options = FoundingOptions {
        origin: "demo.invalid".to_owned(),
        home: "190101".parse().map_err(Error::internal)?,
        nodes: vec!["main".to_owned()],
        types: true,
    };
    Ok(Registry::found(Opening { place, master, clock, regions: regions()? }, &options)?.0)
}

fn filled(registry: &Registry, data: &DemoData, output: &Output) -> Result<()> {
    output.note(
        "Filling the demo: synthetic people and companies, issued by the same use cases a department uses …",
    );
    let bar = ProgressBar::new(u64::try_from(data.steps.len()).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    // Marks and links are accesses too.
    registry.start_cli_access()?;
    let done = fill(registry, data, &|done, _| bar.set_position(u64::try_from(done).unwrap_or(0)))?;
    registry.stop_access();
    bar.finish_and_clear();
    output.note(&format!(
        "{} records issued, {} actions, {} directory entries, {} marks, links and disputes.",
        done.issued, done.acted, done.listed, done.told
    ));
    Ok(())
}

/// Looks at the address before anything is filled.
fn free(address: SocketAddr) -> Result<()> {
    let bound = TcpListener::bind(address).map(drop);
    bound.map_err(|fault| {
        let detail = format!(
            "{address} cannot be opened ({fault}): name another address with --listen, as 127.0.0.1:8090"
        );
        Error::new(Code::ConfigInvalid, detail).at("listen").rule(Rule::ListenerAddress)
    })
}

fn running_already(dir: &Path) -> Error {
    let detail = format!(
        "a demo runs on {} already: use that one, stop it, or name another directory with --data",
        dir.display()
    );
    Error::new(Code::AlreadyInitialised, detail).at("data").rule(Rule::LogHeld)
}

fn regions() -> Result<Regions> {
    Regions::with(REGIONS).map_err(Error::internal)
}

fn refuse_half_filled(dir: &Path) -> Result<()> {
    let something = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if something {
        let detail = format!(
            "{} holds something else than a finished demo: name another directory with --data. Remove this one only if it is a \
             demo that was broken off",
            dir.display()
        );
        return Err(Error::new(Code::AlreadyInitialised, detail));
    }
    Ok(())
}

fn unwritable(dir: &Path) -> Error {
    Error::new(Code::ConfigInvalid, format!("{} cannot be written", dir.display())).at("data")
}

/// What the other commands need to work on the demo: data directory, master key, regions.
fn environment(dir: &Path) -> [(&'static str, PathBuf); 3] {
    [
        ("ELICENSE_DATA", dir.join("data")),
        ("ELICENSE_MASTER_KEY_FILE", dir.join("master.key")),
        ("ELICENSE_REGIONS", dir.join("regions.tsv")),
    ]
}

/// The same to copy into another terminal, with commands to begin with.
fn beside(dir: &Path) -> Vec<String> {
    let mut lines = vec![
        "  in another terminal, beside it (no file holds the agencies' keys: they lie in the data directory, under the"
            .to_owned(),
        "  master key; `elicense keys list` has the public halves):".to_owned(),
    ];
    if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        lines.push(format!("    export PATH=\"{}:$PATH\"", folder.display()));
    }
    let set = environment(dir).map(|(name, path)| format!("    export {name}=\"{}\"", path.display()));
    lines.extend(set);
    let asked =
        DemoData::worth_looking_up().into_iter().next().map(|(number, ..)| number).unwrap_or_default();
    let item = ItemDef::builtin().unwrap_or_default().into_iter().next().map(|item| item.code);
    let item = item.unwrap_or_default();
    lines.extend([
        format!("    elicense lookup --item {item} --reason 失业登记 <<< {asked}"),
        format!("    elicense apply --item {item} --reason 失业登记 --answer 失业情形=单位失业 <<< \"applicant 111 {asked}\""),
        format!("    elicense accesses --reason 持证人询问 <<< {asked}"),
        "    elicense proposals".to_owned(),
        "    elicense coverage list".to_owned(),
        "    elicense agencies authorities".to_owned(),
        "    elicense fsck".to_owned(),
    ]);
    lines
}

/// What a start shows.
struct Shown<'a> {
    data: &'a DemoData,
    dir: &'a Path,
    departments: &'a [Answering],
}

impl Shown<'_> {
    /// The text of [`Shown::welcome`], for programs.
    fn introduction(&self, running: &Running) -> Value {
        let (data, dir) = (self.data, self.dir);
        let departments = self
            .departments
            .iter()
            .map(|one| json!({"department": one.department, "name": one.name, "url": one.url}));
        let staff = data.accounts.staff.iter().map(
            |account| json!({"name": account.name, "password": account.password, "display": account.display}),
        );
        let clients = data.accounts.clients.iter();
        let clients =
            clients.map(|client| json!({"id": client.id, "secret": client.secret, "name": client.name}));
        let worth = DemoData::worth_looking_up().into_iter();
        let worth = worth.map(|(number, kind, why)| json!({"number": number, "type": kind, "why": why}));
        json!({
            "demo": true,
            "listening": serve::listening(running),
            "environment": environment(dir).into_iter().collect::<BTreeMap<_, _>>(),
            "accounts": staff.collect::<Vec<_>>(),
            "clients": clients.collect::<Vec<_>>(),
            "departments": departments.collect::<Vec<_>>(),
            "worth_looking_up": worth.collect::<Vec<_>>(),
        })
    }

    fn welcome(&self, address: SocketAddr) -> String {
        let (data, dir) = (self.data, self.dir);
        let mut lines = vec![
        String::new(),
        "演示系统 · 所有数据均为虚构 — a demo: every person, number and certificate is synthetic,".to_owned(),
        "its master key lies in its own directory and its passwords are printed here. Never put real data in it.".to_owned(),
        String::new(),
        format!("  window page   http://{address}/"),
        format!("  API           http://{address}/api/docs"),
        format!("  logs          http://{address}/logs   keys http://{address}/.well-known/jwks.json"),
        String::new(),
    ];
        for account in &data.accounts.staff {
            lines.push(format!(
                "  clerk account    {} / {}   {}",
                account.name, account.password, account.display
            ));
        }
        for client in &data.accounts.clients {
            lines.push(format!("  API client       {} / {}   {}", client.id, client.secret, client.name));
        }
        lines.push(String::new());
        lines.push("  simulated departments (curl -d down URLcontrol makes one fail, curl -d off URLcontrol mends it):".to_owned());
        for one in self.departments {
            lines.push(format!("    {}  {}  {}", one.url, one.department, one.name));
        }
        lines.push(String::new());
        lines.push("  worth looking up:".to_owned());
        for (number, code_type, why) in DemoData::worth_looking_up() {
            lines.push(format!("    {number}  ({code_type})  {why}"));
        }
        lines.push(String::new());
        lines.extend(beside(dir));
        lines.push(String::new());
        lines.push("  Ctrl-C stops it; what was acknowledged is kept.".to_owned());
        lines.join("\n")
    }
}
