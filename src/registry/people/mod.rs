//! The users of the registry: staff accounts and client systems.

pub(super) mod accounts;
pub(super) mod clients;
pub(super) mod grants;
pub(super) mod protected;
pub(super) mod staff;
