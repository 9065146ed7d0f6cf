//! How the connections that fit below the limit of open files are shared among the sockets, and the watch over all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::rt;

use super::connections::{ConnectionCounts, Connections};
use super::listeners::Socket;
use super::open_files::{self, ADMIN_SHARE};
use crate::config::{Door, ServeConfig};
use crate::error::Result;
use crate::http::metrics::{Kind, Metrics, counted_value};

/// How often connections are looked at.
const SWEEP: Duration = Duration::from_millis(500);

/// The shares of all sockets.
pub struct Shares {
    each: usize,
    counts: Arc<ConnectionCounts>,
    given: Vec<Arc<Connections>>,
}

/// Watches connections until it is dropped.
pub struct Watch(rt::task::JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Worker threads of a socket: one if only the operator asks there.
pub fn workers(socket: &Socket, config: &ServeConfig) -> usize {
    if is_admin(socket) { 1 } else { config.workers.clamp(1, 512) }
}

impl Shares {
    /// Raises the limit of open files and divides the rest of it. The admin door has a share of its own if it
    /// has a socket of its own.
    pub fn new(config: &ServeConfig, sockets: &[Socket]) -> Self {
        let (limit, in_use) = (open_files::raise(), open_files::in_use());
        let threads = sockets.iter().map(|socket| workers(socket, config)).sum();
        let open = sockets.iter().filter(|socket| !is_admin(socket)).count();
        let each = open_files::share(limit, in_use, threads, open, config.connections);
        log::info!(
            "at most {limit} open files, {in_use} in use; each door may hold {each} connections, admin {ADMIN_SHARE}"
        );
        Self { each, counts: Arc::default(), given: Vec::new() }
    }

    /// The share of a socket.
    pub fn give(&mut self, socket: &Socket, config: &ServeConfig) -> Arc<Connections> {
        let most = if is_admin(socket) { ADMIN_SHARE } else { self.each };
        let connections = Connections::new(most, config, self.counts.clone());
        self.given.push(connections.clone());
        connections
    }

    /// Adds the counts of connection events to the metrics.
    ///
    /// # Errors
    /// `internal` if another server counts there already.
    pub fn count_in(&self, metrics: &Metrics) -> Result<()> {
        type Read = fn(&ConnectionCounts) -> &AtomicU64;
        let counted: [(Kind, &'static str, &'static str, Read); 4] = [
            (Kind::Gauge, "elicense_connections", "Open connections.", |counts| &counts.open),
            (
                Kind::Counter,
                "elicense_connections_displaced_total",
                "Connections ended to make room for others.",
                |counts| &counts.displaced,
            ),
            (
                Kind::Counter,
                "elicense_connections_overdue_total",
                "Connections ended that were idle, or sent or took nothing, for too long. Answers 408 are not counted here.",
                |counts| &counts.overdue,
            ),
            (
                Kind::Counter,
                "elicense_connections_refused_total",
                "Connections not taken: all others were at work.",
                |counts| &counts.refused,
            ),
        ];
        for (kind, name, help, read) in counted {
            let counts = self.counts.clone();
            metrics.watch(kind, name, help, move || counted_value(read(&counts).load(Ordering::Relaxed)))?;
        }
        Ok(())
    }

    /// Watches all of them from now on.
    pub fn watch(self) -> Watch {
        Watch(rt::spawn(async move {
            let mut told = 0;
            loop {
                rt::time::sleep(SWEEP).await;
                for connections in &self.given {
                    connections.sweep();
                }
                let refused = self.counts.refused.load(Ordering::Relaxed);
                if refused > told {
                    log::warn!("{} connections were not taken: all others are at work", refused - told);
                    told = refused;
                }
            }
        }))
    }
}

fn is_admin(socket: &Socket) -> bool {
    socket.doors == [Door::Admin]
}
