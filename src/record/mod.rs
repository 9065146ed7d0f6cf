//! The record (证照/证明) and everything that can be said about it without a database or a key.
//!
//! * [`canonical`] writes and checks canonical JSON, the only form that is ever signed or hashed;
//! * [`payload`] is the record itself, [`identifier`] its GB/T 36904 name;
//! * [`action`] is the closed table of what may happen to it, [`history`] the state as of any day;
//! * [`mod@verdict`] turns facts into valid, invalid or undetermined, for every path alike;
//! * [`extract`] makes what goes out where the whole may not be seen;
//! * [`event`], [`access`] and [`answer`] are what the logs hold.
//!
//! Layouts stand in `schema/bytes.md`. This layer is pure: no clock, no file, no randomness of its own.

pub mod access;
pub mod action;
pub mod answer;
pub mod canonical;
pub mod deed;
pub mod digest;
pub mod event;
pub mod extract;
pub mod history;
pub mod identifier;
pub mod payload;
mod refusal;
pub mod secret;
pub mod state;
pub mod verdict;

pub use action::Action;
pub use canonical::CanonicalFault;
pub use digest::{Digest, Salt, ShortDigest};
pub use identifier::Identifier;
pub use payload::Record;
pub use state::State;
pub use verdict::{Facts, Judgement, Reason, Reasons, Verdict, verdict};
