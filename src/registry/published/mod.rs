//! The public part: agencies, types, items, bundles, keys, coverage. Each change is a signed event whose order holds the
//! whole row.

pub(super) mod agencies;
pub(super) mod bundles;
pub(super) mod coverage;
pub(super) mod empowerments;
pub(super) mod heartbeat;
pub(super) mod items;
pub(super) mod keys;
pub(super) mod notice;
pub(super) mod regions;
mod standing;
pub(super) mod types;
pub(super) mod withdraw;
