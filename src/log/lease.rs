//! Who owns an access log. The lease is for order between processes; safety is the compare-and-swap of each
//! append, which an owner that was paused past its lease fails.
//!
//! Each function is one transaction of its own: the caller opens it, calls, commits. A crash before the
//! commit leaves the log with its old owner; after it, with the new one until the lease ends.

use super::fault::LogFault;
use super::storage::{Head, LogStore};
use crate::clock::Moment;

/// A claimed log, as its owner remembers it. Valid while the head has the same epoch and owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// A name of this process that no other process uses (not merely of its node).
    pub owner: String,
    /// The epoch in which it was claimed.
    pub epoch: i64,
    /// Seconds a lease lasts from each renewal.
    pub lease_s: i64,
}

impl Claim {
    /// Whether the head is still this owner's.
    pub fn holds(&self, head: &Head) -> bool {
        head.epoch == self.epoch && head.owner == self.owner
    }
}

/// Takes the log for `owner`: raises the epoch, so that whoever owned it fails its next append. Refused
/// while another's lease is alive ([`LogFault::Held`]) and for a closed log.
pub fn claim<S: LogStore>(
    store: &mut S,
    log: &str,
    owner: &str,
    lease_s: i64,
    now: Moment,
) -> Result<Claim, LogFault<S::Error>> {
    let head = store.lock_head(log).map_err(LogFault::Store)?.ok_or(LogFault::Unknown)?;
    if head.closed {
        return Err(LogFault::Closed);
    }
    if head.owner != owner && head.lease_until > now {
        return Err(LogFault::Held { until: head.lease_until });
    }
    let epoch = head.epoch + 1;
    let next =
        Head { epoch, owner: owner.to_owned(), lease_until: now.plus_seconds(lease_s), ..head.clone() };
    swap(store, &head, &next)?;
    Ok(Claim { owner: owner.to_owned(), epoch, lease_s })
}

/// Prolongs the lease of an owner that has nothing to append.
pub fn renew<S: LogStore>(
    store: &mut S,
    log: &str,
    claim: &Claim,
    now: Moment,
) -> Result<(), LogFault<S::Error>> {
    end_lease_at(store, log, claim, now.plus_seconds(claim.lease_s))
}

/// Gives the log back at a graceful stop, so that a successor need not wait for the lease to end.
pub fn release<S: LogStore>(
    store: &mut S,
    log: &str,
    claim: &Claim,
    now: Moment,
) -> Result<(), LogFault<S::Error>> {
    end_lease_at(store, log, claim, now)
}

fn end_lease_at<S: LogStore>(
    store: &mut S,
    log: &str,
    claim: &Claim,
    lease_until: Moment,
) -> Result<(), LogFault<S::Error>> {
    let head = store.lock_head(log).map_err(LogFault::Store)?.ok_or(LogFault::Unknown)?;
    if !claim.holds(&head) {
        return Err(LogFault::Lost);
    }
    swap(store, &head, &Head { lease_until, ..head.clone() })
}

fn swap<S: LogStore>(store: &mut S, read: &Head, next: &Head) -> Result<(), LogFault<S::Error>> {
    if store.swap_head(read, next).map_err(LogFault::Store)? { Ok(()) } else { Err(LogFault::Lost) }
}
