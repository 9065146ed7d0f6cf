//! Listeners, TLS, reloading, readiness and stopping, each over a real socket.

mod docs;
mod listeners;
mod running;
