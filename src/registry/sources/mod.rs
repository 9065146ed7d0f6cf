//! Sources: which agency's system answers for a department, and the questions that are put to it. Each change of a source
//! is a signed public event.

mod breaker;
pub(super) mod command;
pub(super) mod desk;
pub(super) mod exchange;
mod judge;
pub(super) mod kept;
mod wire;
