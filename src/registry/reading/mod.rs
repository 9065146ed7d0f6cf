//! Reading use cases about a holder: lookups, directories, attachments, verifications.

pub(super) mod attachments;
pub(super) mod directory;
pub(super) mod here;
pub(super) mod lookup;
pub(super) mod verify;
