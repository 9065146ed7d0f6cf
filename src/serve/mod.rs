//! Start and stop: sockets, TLS, signals, and the routes of each door.
//!
//! | to | use |
//! |---|---|
//! | check the command line's settings | [`sockets`] |
//! | serve until a signal | [`Server::start`], then [`Server::run_until_signal`] |
//! | serve in a test | [`Server::start`] on port 0, [`Server::addresses`], [`Server::stop`] |
//! | add a resource to a door | the functions of [`routes`] |

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
mod socket;
mod wire;

pub use listeners::{ListenerFault, Socket, sockets};
pub use server::Server;
pub use socket::Parts;

#[cfg(test)]
mod tests;
