//! Start and stop: sockets, TLS, signals, and the routes of each door.
//!
//! | to | use |
//! |---|---|
//! | check what the command line said | [`sockets`], [`check`] |
//! | serve until a signal | [`Server::start`], then [`Server::run_until_signal`] |
//! | serve in a test | [`Server::start`] on port 0, [`Server::addresses`], [`Server::stop`] |
//! | add a resource to a door | the functions of [`routes`] |

pub mod check;
pub mod health;
pub mod routes;
pub mod running;
pub mod tls;
mod watched;

mod beside;
mod connections;
mod listeners;
mod open_files;
mod server;
mod shares;
mod sizes;
mod socket;
mod wire;

pub use listeners::{ListenerFault, Socket, sockets};
pub use server::{Server, Signals};
pub use socket::Parts;

#[cfg(test)]
mod tests;
