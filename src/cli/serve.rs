//! `elicense serve`: opens the registry, claims its access log, answers until a signal.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::input::usage;
use super::output::Output;
use super::place::Globals;
use crate::config::{Door, Listener, ServeConfig, TlsFiles};
use crate::error::{Error, Result};
use crate::serve::Signals;
use crate::serve::running::{Running, Settings};

/// Arguments of `serve`.
#[derive(clap::Args)]
pub struct Args {
    /// Address of the public door: verification, keys, checkpoints.
    #[arg(long, env = "ELICENSE_PUBLIC")]
    public: Option<SocketAddr>,
    /// Address of the window door: pages of staff.
    #[arg(long, env = "ELICENSE_WINDOW")]
    window: Option<SocketAddr>,
    /// Address of the agency door: the API.
    #[arg(long, env = "ELICENSE_AGENCY")]
    agency: Option<SocketAddr>,
    /// Address of the admin door: metrics and health.
    #[arg(long, env = "ELICENSE_ADMIN")]
    admin: Option<SocketAddr>,
    /// Certificate and key of a door, as `door=certificate.pem,key.pem`.
    #[arg(long = "tls", value_name = "DOOR=CERT,KEY")]
    tls: Vec<String>,
    /// A proxy in front ends TLS: plain sockets beyond loopback are allowed.
    #[arg(long)]
    behind_proxy: bool,
    /// The name of this process: its access log is `access-<node>`.
    #[arg(long, default_value = "main")]
    pub(super) node: String,
    /// Worker threads of each socket; the cores of the machine by default.
    #[arg(long)]
    workers: Option<usize>,
    /// Point reads change thread too: for SQLite files that outgrow memory.
    #[arg(long)]
    point_hops: bool,
    /// Milliseconds within which all questions of an application to departments are answered, or 暂无法核验.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..=10_000))]
    ask_within: u64,
}

/// What the arguments say about the sockets.
pub fn config(args: &Args) -> Result<ServeConfig> {
    let mut listeners = Vec::new();
    for (door, address) in [
        (Door::Public, args.public),
        (Door::Window, args.window),
        (Door::Agency, args.agency),
        (Door::Admin, args.admin),
    ] {
        if let Some(address) = address {
            listeners.push(Listener { door, address, tls: tls_of(&args.tls, door)? });
        }
    }
    if listeners.is_empty() {
        return Err(usage(
            "public",
            "name at least one door: --public, --window, --agency or --admin with an address",
        ));
    }
    let mut config = ServeConfig::new(listeners);
    config.behind_proxy = args.behind_proxy;
    if let Some(workers) = args.workers {
        config.workers = workers;
    }
    Ok(config)
}

/// Serves until a signal; what was acknowledged before it is finished.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let config = config(args)?;
    let mut opening = globals.existing()?;
    opening.place.point_hops = args.point_hops;
    let registry = crate::registry::Registry::open(opening)?;
    registry.ask_within(Duration::from_millis(args.ask_within));
    let settings = Settings { node: args.node.clone(), demo: false };
    serve(registry, config, settings, |running| {
        if globals.json {
            output.say("", &json!({ "listening": listening(running) }));
        }
    })
}

/// Runs a server over a registry; calls `told` with it when it is up.
pub fn serve(
    registry: crate::registry::Registry,
    config: ServeConfig,
    settings: Settings,
    told: impl FnOnce(&Running),
) -> Result<u8> {
    actix_web::rt::System::new().block_on(async move {
        let running = Running::start(registry, &config, settings)?;
        let signals = Signals::caught()?;
        let output = Output::new(false);
        for (address, doors, tls) in running.addresses() {
            let doors: Vec<&str> = doors.iter().map(|door| door.name()).collect();
            let scheme = if *tls { "https" } else { "http" };
            output.note(&format!("listening on {scheme}://{address} for {}", doors.join(", ")));
        }
        told(&running);
        running.run_until_signal(signals).await?;
        Ok(0)
    })
}

/// Where it listens, for programs.
pub fn listening(running: &Running) -> Vec<Value> {
    let each = running.addresses().iter().map(|(address, doors, tls)| {
        let doors: Vec<&str> = doors.iter().map(|door| door.name()).collect();
        json!({"address": address, "doors": doors, "tls": tls})
    });
    each.collect()
}

fn tls_of(given: &[String], door: Door) -> Result<Option<TlsFiles>> {
    let form = "door=certificate.pem,key.pem with a door of public, window, agency, admin";
    for one in given {
        let (name, files) = one.split_once('=').ok_or_else(|| usage("tls", form))?;
        if Door::ALL.iter().all(|door| door.name() != name) {
            return Err(usage("tls", form));
        }
        if name == door.name() {
            let (certificate, key) = files.split_once(',').ok_or_else(|| usage("tls", form))?;
            return Ok(Some(TlsFiles { certificate: PathBuf::from(certificate), key: PathBuf::from(key) }));
        }
    }
    Ok(None)
}

/// A runtime for a command that waits for one asynchronous use case.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)
}
