//! Sources: which agency's system answers for a department, and the questions that are put to it. Each change of a source
//! is a signed public event.

pub(super) mod command;
