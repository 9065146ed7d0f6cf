//! The past of a record: its history, and its verdict on a day as known at a moment.

pub(super) mod history;
pub(super) mod then;
