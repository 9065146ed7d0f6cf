//! Records under their holders: drafts, issue, actions, directory entries, and the rows of all of them.

pub(super) mod begin;
pub(super) mod change;
pub(super) mod directory;
pub(super) mod draft;
pub(super) mod ends;
pub(super) mod hosted;
pub(super) mod issue;
pub(super) mod judge;
pub(super) mod kept;
pub(super) mod near;
pub(super) mod refusal;
pub(super) mod signed;
pub(super) mod submitted;
