//! Listeners, TLS, reloading, readiness and stopping, each over a real socket.

mod listeners;
mod running;
