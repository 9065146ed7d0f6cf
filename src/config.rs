//! Settings that the command line passes to the other layers. Pure data: nothing here reads an environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The doors of the server; each has its own routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Door {
    /// Citizens, verification, keys and checkpoints.
    Public,
    /// Pages of staff at the window.
    Window,
    /// The API for agency systems.
    Agency,
    /// Metrics and health.
    Admin,
}

impl Door {
    /// All doors.
    pub const ALL: [Door; 4] = [Door::Public, Door::Window, Door::Agency, Door::Admin];

    /// The name in options and logs.
    pub fn name(self) -> &'static str {
        match self {
            Door::Public => "public",
            Door::Window => "window",
            Door::Agency => "agency",
            Door::Admin => "admin",
        }
    }
}

/// A certificate chain and its key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key: PKCS#8, SEC1 or PKCS#1.
    pub key: PathBuf,
}

/// One door on one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The routes it serves.
    pub door: Door,
    /// The address. Several doors may name the same address; then one socket serves all their routes.
    pub address: SocketAddr,
    /// TLS; doors of one address must name the same files.
    pub tls: Option<TlsFiles>,
}

/// All settings of `serve` for its sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeConfig {
    /// One to four doors, each at most once.
    pub listeners: Vec<Listener>,
    /// A proxy in front ends TLS: plain sockets beyond loopback are allowed, and its `X-Forwarded-Proto` is
    /// trusted.
    pub behind_proxy: bool,
    /// Worker threads of each socket.
    pub workers: usize,
    /// Connections that all doors hold at most, where the limit of open files allows as many; admin has a few beside.
    pub connections: usize,
    /// An idle connection is closed after this time.
    pub keep_alive: Duration,
    /// The head of a request must be complete within this time.
    pub head_limit: Duration,
    /// A request must be answered within this time.
    pub request_limit: Duration,
    /// How long a stop waits for the requests that have begun.
    pub stop_limit: Duration,
}

impl ServeConfig {
    /// The given doors; everything else has the measured defaults: one worker a core, 30 s for a request.
    pub fn new(listeners: Vec<Listener>) -> Self {
        Self {
            listeners,
            behind_proxy: false,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            connections: 10_000,
            keep_alive: Duration::from_secs(75),
            head_limit: Duration::from_secs(5),
            request_limit: Duration::from_secs(30),
            stop_limit: Duration::from_secs(20),
        }
    }
}
