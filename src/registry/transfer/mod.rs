//! Records out of one registry and into another.

pub(super) mod attest;
mod books;
mod entries;
pub(super) mod export;
mod history;
pub(super) mod line;
mod lives;
mod outgoing;
pub(super) mod parts;
mod proposed;
pub(super) mod read_back;
mod replay;
pub(super) mod source;
