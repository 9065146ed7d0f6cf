//! elicense: an e-license registry (电子证照库).
//!
//! Every certificate is bound to a citizen ID number or an organisation code, signed, sealed, logged, and
//! answered by verified lookups. `src/README.md` has the words, the invariants I1–I14 and the layers.

pub mod bounds;
pub mod cli;
pub mod clock;
mod closed;
pub mod config;
pub mod error;
pub mod journal;
pub mod rule;
pub mod text;

pub mod catalog;
pub mod identity;
pub mod log;
pub mod policy;
pub mod record;
pub mod registry;
pub mod store;
pub mod table;
pub mod trust;

pub mod api;
pub mod http;
pub mod serve;
pub mod web;
