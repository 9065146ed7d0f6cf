//! The running server: one actix server per socket, one watch over all their connections, one place that
//! stops them.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::listeners::{Socket, sockets};
use super::shares::{Shares, Watch};
use super::socket::{Bound, Parts, serve};
use super::tls::Certificate;
use crate::config::{Door, ServeConfig};
use crate::error::{Code, Error, Result};
use crate::journal;
use crate::rule::Rule;

/// A server that is serving.
pub struct Server {
    handles: Vec<ServerHandle>,
    joins: Vec<rt::task::JoinHandle<std::io::Result<()>>>,
    addresses: Vec<(SocketAddr, Vec<Door>, bool)>,
    certificates: Vec<Arc<Certificate>>,
    _watch: Watch,
}

impl Server {
    /// Opens every socket, then serves. Nothing is served if one of them cannot be opened. Must run inside an
    /// actix system.
    ///
    /// # Errors
    /// `config_invalid`: a rule of the listeners, a certificate, or an address that is not available.
    pub fn start(config: &ServeConfig, parts: &Parts) -> Result<Self> {
        let sockets = sockets(config)?;
        let mut shares = Shares::new(config, &sockets);
        shares.count_in(&parts.metrics)?;
        let mut bound = Vec::with_capacity(sockets.len());
        for socket in sockets {
            let certificate = socket.tls.clone().map(Certificate::load).transpose()?;
            let listener = TcpListener::bind(socket.address).map_err(|fault| cannot_bind(&socket, fault))?;
            let connections = shares.give(&socket, config);
            bound.push(Bound { socket, listener, certificate, connections });
        }
        let mut server = Self {
            handles: Vec::new(),
            joins: Vec::new(),
            addresses: Vec::new(),
            certificates: Vec::new(),
            _watch: shares.watch(),
        };
        for bound in bound {
            server.add(bound, config, parts)?;
        }
        Ok(server)
    }

    /// The addresses in use, with their doors and whether TLS is spoken. A port 0 of the configuration
    /// appears as the port that the system gave.
    pub fn addresses(&self) -> &[(SocketAddr, Vec<Door>, bool)] {
        &self.addresses
    }

    /// Reads the certificates of all sockets again; one that fails keeps its present certificate.
    ///
    /// # Errors
    /// The last fault, after all were tried.
    pub fn reload_certificates(&self) -> Result<()> {
        let mut last = Ok(());
        for certificate in &self.certificates {
            if let Err(fault) = certificate.reload() {
                last = Err(fault.into());
            }
        }
        last
    }

    /// Serves until SIGTERM or SIGINT, then stops as [`Server::stop`] does. SIGHUP reads the certificates again.
    ///
    /// # Errors
    /// `internal` when a server ended by itself.
    pub async fn run_until_signal(mut self, mut signals: Signals) -> Result<()> {
        loop {
            match signals.next(&mut self.joins).await {
                Woken::Reload => match self.reload_certificates() {
                    Ok(()) => log::info!("certificates read again"),
                    Err(fault) => log::error!("the present certificate stays in use: {fault}"),
                },
                Woken::Stop => {
                    journal::stopping();
                    return self.stop().await;
                }
                Woken::Ended => {
                    self.stop().await?;
                    return Err(Error::internal("a listener ended by itself"));
                }
            }
        }
    }

    /// Takes no new connections, finishes the requests that have begun (at most `stop_limit`), and returns.
    ///
    /// # Errors
    /// `internal` when a socket ended with an error.
    pub async fn stop(self) -> Result<()> {
        // All are told first, so that they wait side by side and not one after another.
        let stops: Vec<_> = self.handles.iter().map(|handle| rt::spawn(handle.stop(true))).collect();
        for stop in stops {
            stop.await.map_err(Error::internal)?;
        }
        for join in self.joins {
            if !join.is_finished() {
                join.await.map_err(Error::internal)?.map_err(Error::internal)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, bound: Bound, config: &ServeConfig, parts: &Parts) -> Result<()> {
        let address = bound.listener.local_addr().map_err(Error::internal)?;
        let (doors, certificate) = (bound.socket.doors.clone(), bound.certificate.clone());
        let server = serve(bound, config, parts)?;
        self.handles.push(server.handle());
        self.joins.push(rt::spawn(server));
        self.addresses.push((address, doors, certificate.is_some()));
        self.certificates.extend(certificate);
        Ok(())
    }
}

/// An address that is in use, or is none of this machine.
pub(super) fn cannot_bind(socket: &Socket, fault: std::io::Error) -> Error {
    let detail = format!("The address {} cannot be opened: {fault}.", socket.address);
    Error::new(Code::ConfigInvalid, detail).rule(Rule::ListenerAddress)
}

enum Woken {
    Reload,
    Stop,
    Ended,
}

/// The signals that are waited for. From the moment this is made they end nothing by themselves.
pub struct Signals {
    reload: Signal,
    stops: [Signal; 2],
}

impl Signals {
    /// Waits for them from now on: before it is told that the server listens, since whoever hears that may stop it.
    ///
    /// # Errors
    /// `internal` when signals cannot be waited for.
    pub fn caught() -> Result<Self> {
        let on = |kind| signal(kind).map_err(Error::internal);
        let stops = [on(SignalKind::terminate())?, on(SignalKind::interrupt())?];
        Ok(Self { reload: on(SignalKind::hangup())?, stops })
    }

    async fn next(&mut self, joins: &mut [rt::task::JoinHandle<std::io::Result<()>>]) -> Woken {
        std::future::poll_fn(|context| {
            if self.stops.iter_mut().any(|stop| stop.poll_recv(context).is_ready()) {
                return Poll::Ready(Woken::Stop);
            }
            if self.reload.poll_recv(context).is_ready() {
                return Poll::Ready(Woken::Reload);
            }
            if joins.iter_mut().any(|join| Pin::new(join).poll(context).is_ready()) {
                return Poll::Ready(Woken::Ended);
            }
            Poll::Pending
        })
        .await
    }
}
