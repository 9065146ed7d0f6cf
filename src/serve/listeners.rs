//! Doors to sockets: doors of one address share one, and none is open without TLS by mistake.

use std::net::SocketAddr;

use crate::config::{Door, ServeConfig, TlsFiles};
use crate::error::{Code, Error};
use crate::rule::Rule;

/// Why the listeners cannot be opened as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenerFault {
    /// No door at all.
    #[error("no listener is configured")]
    None,
    /// A door twice.
    #[error("the listener `{}` is configured twice", .0.name())]
    Twice(Door),
    /// Plain HTTP, which others on the network could read.
    #[error("the listener `{}` on {} is not loopback and has no certificate", .0.name(), .1)]
    Open(Door, SocketAddr),
    /// Two doors of one address with different certificates.
    #[error("the listeners on {0} name different certificates")]
    TlsDiffers(SocketAddr),
}

impl ListenerFault {
    /// The stable name of the rule that failed.
    pub fn rule(&self) -> Rule {
        match self {
            Self::None => Rule::ListenerNone,
            Self::Twice(_) => Rule::ListenerTwice,
            Self::Open(..) => Rule::ListenerWithoutTls,
            Self::TlsDiffers(_) => Rule::ListenerTlsDiffers,
        }
    }
}

impl From<ListenerFault> for Error {
    fn from(fault: ListenerFault) -> Self {
        let hint = match &fault {
            ListenerFault::Open(..) => {
                "; give certificate and key files, or --behind-proxy where a proxy ends TLS in front of it"
            }
            _ => "",
        };
        Error::new(Code::ConfigInvalid, format!("{fault}{hint}")).rule(fault.rule())
    }
}

/// One socket and the doors it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// Where.
    pub address: SocketAddr,
    /// TLS, if any.
    pub tls: Option<TlsFiles>,
    /// The doors, each once.
    pub doors: Vec<Door>,
}

/// The sockets to open, in the order in which their addresses first appear. Port 0 is a port of its own only once:
/// doors that name the same address with port 0 share the port that the system gives.
///
/// # Errors
/// The first broken rule of [`ListenerFault`].
pub fn sockets(config: &ServeConfig) -> Result<Vec<Socket>, ListenerFault> {
    let mut sockets: Vec<Socket> = Vec::new();
    for listener in &config.listeners {
        if sockets.iter().any(|socket| socket.doors.contains(&listener.door)) {
            return Err(ListenerFault::Twice(listener.door));
        }
        if listener.tls.is_none() && !config.behind_proxy && !listener.address.ip().is_loopback() {
            return Err(ListenerFault::Open(listener.door, listener.address));
        }
        match sockets.iter_mut().find(|socket| socket.address == listener.address) {
            Some(socket) if socket.tls != listener.tls => {
                return Err(ListenerFault::TlsDiffers(listener.address));
            }
            Some(socket) => socket.doors.push(listener.door),
            None => sockets.push(Socket {
                address: listener.address,
                tls: listener.tls.clone(),
                doors: vec![listener.door],
            }),
        }
    }
    if sockets.is_empty() { Err(ListenerFault::None) } else { Ok(sockets) }
}
