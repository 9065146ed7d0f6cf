//! The HTTP API for agency systems: one file per resource under [`v1`], and the token address. Beside it, the
//! addresses open to anybody: keys, logs, verifications.

#[cfg(feature = "bench-routes")]
pub mod bench;
pub mod document;
mod examples;
pub mod keys;
pub mod logs;
pub mod oauth2;
pub mod v1;
pub mod verifications;
