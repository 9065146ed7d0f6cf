//! Answers as they have always been: whole bodies of a made-up world, compared byte for byte with stored ones.
//!
//! Keys, salts and serials are random, so each is written as its kind and a number in the order of first appearance;
//! everything else must stay as it is. After a wanted change, `ELICENSE_TEST_ANSWERS=write` stores the new bytes: read
//! the difference before it is committed.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod command;
mod lookups;
mod others;
mod page;
mod people;
mod stable;

pub use common::described::Described;
pub use stable::Stable;
