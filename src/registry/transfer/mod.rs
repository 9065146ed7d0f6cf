//! Records out of one registry and into another.

pub(super) mod attest;
pub(super) mod export;
pub(super) mod line;
mod outgoing;
pub(super) mod read_back;
mod replay;
pub(super) mod source;
