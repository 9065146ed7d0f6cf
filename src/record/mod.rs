//! The record (证照/证明), and everything about it that needs no database and no key.
//!
//! * [`canonical`] writes and checks canonical JSON, the only form that is ever signed or hashed;
//! * [`payload`] is the record itself, [`identifier`] its GB/T 36904 name;
//! * [`action`] is the closed table of its actions, [`history`] the state as of any day;
//! * [`mod@verdict`] turns facts into valid, invalid or undetermined, for every path alike;
//! * [`extract`] makes the answer for a caller who may not see the whole;
//! * [`checked`] is the registry's own answer to a predicate, [`question`] what is asked of a department's system, and what it answers;
//! * [`course`] is what happens to a case, and its clocks;
//! * [`event`], [`access`] and [`answer`] are the contents of the logs;
//! * [`json`] writes answers without a tree.
//!
//! Layouts stand in `schema/bytes.md`. This layer is pure: no clock, no file, no randomness of its own.

pub mod access;
pub mod action;
pub mod answer;
pub mod canonical;
pub mod checked;
pub mod course;
pub mod deed;
pub mod digest;
pub mod event;
pub mod extract;
pub mod history;
pub mod identifier;
pub mod json;
pub mod media;
pub mod payload;
pub mod question;
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
