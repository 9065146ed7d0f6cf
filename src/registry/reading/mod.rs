//! Reading use cases about a holder: lookups, directories, histories, attachments, verifications.

pub(super) mod attachments;
pub(super) mod directory;
pub(super) mod here;
pub(super) mod history;
pub(super) mod lookup;
pub(super) mod verify;
