//! What every use case speaks: the asked holder and its purpose, the catalog and policy as read, names and keys of
//! logs, places in the log of records, orders, idempotency, strict reading, texts that are
//! logged.

pub(super) mod anchors;
pub(super) mod asked;
pub(super) mod clock;
pub(super) mod happened;
pub(super) mod idempotent;
pub(super) mod ledger;
pub(super) mod linked;
pub(super) mod log;
pub(super) mod names;
pub(super) mod order;
pub(super) mod receipt;
pub(super) mod secrets;
pub(super) mod snapshot;
pub(super) mod strict;
pub(super) mod texts;
