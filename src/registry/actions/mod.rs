//! Changes of a record after its issue: actions by the closed table, the versions that they make, objections,
//! the ends that other certificates propose.

pub(super) mod act;
pub(super) mod command;
pub(super) mod decline;
pub(super) mod dispute;
pub(super) mod face_edit;
mod printed;
pub(super) mod proposals;
mod version;
