//! The owner of an access log. The lease keeps order between processes. Safety comes from the
//! compare-and-swap of each append: an owner that was paused past its lease fails it.
//!
//! Each function is one transaction of its own: the caller opens it, calls, commits. A crash before the
//! commit leaves the log with its old owner. A crash after it leaves the log with the new one: until the
//! lease ends, or until a process that knows that this owner has ended takes the log ([`Claimant::ended`]).

use super::fault::LogFault;
use super::hold;
use super::storage::{Head, LogStore};
use crate::clock::Moment;

/// Seconds a lease lasts from each renewal. The owner renews it every third of that, and a transaction waits
/// five seconds for the database at most: a living owner's lease does not end.
pub const LEASE_S: i64 = 8;

/// A lease may end at most so many seconds after now: its length, and two for clocks of two machines that
/// differ. A lease that ends later is none. So nobody waits longer than this for the lease of a killed owner.
pub const LONGEST_S: i64 = 10;

/// Whether the head has an owner whose lease is alive.
///
/// A lease further ahead than that came from a clock that ran ahead. It would lock the log for as long as
/// that clock was wrong.
pub fn alive(head: &Head, now: Moment) -> bool {
    !head.owner.is_empty() && head.lease_until > now && head.lease_until <= now.plus_seconds(LONGEST_S)
}

/// A process that wants a log.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    /// A name of this process that no other process uses (not merely of its node).
    pub owner: &'a str,
    /// Owners whose name begins so have ended, even if their lease lives. The claimant holds a lock of the
    /// operating system that each of them held as long as it lived.
    pub ended: Option<&'a str>,
}

/// A claimed log, as its owner remembers it. Valid while the head has the same epoch and owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The owner's name, [`Claimant::owner`].
    pub owner: String,
    /// The epoch in which it was claimed.
    pub epoch: i64,
}

impl Claim {
    /// Whether the head is still this owner's.
    pub fn holds(&self, head: &Head) -> bool {
        head.epoch == self.epoch && head.owner == self.owner
    }
}

impl Claimant<'_> {
    /// Whether another process has the log, as far as this one can know.
    fn is_kept_out(&self, head: &Head, now: Moment) -> bool {
        let ended = self.ended.is_some_and(|ended| head.owner.starts_with(ended));
        head.owner != self.owner && !ended && alive(head, now)
    }
}

/// Takes the log for a claimant: raises the epoch, so that the former owner fails its next append. Refused
/// while another's lease is alive ([`LogFault::Held`]), for a closed log and for one that went back.
pub fn claim<S: LogStore>(
    store: &mut S,
    log: &str,
    claimant: Claimant<'_>,
    now: Moment,
) -> Result<Claim, LogFault<S::Error>> {
    let head = store.lock_head(log).map_err(LogFault::Store)?.ok_or(LogFault::Unknown)?;
    if head.closed {
        return Err(LogFault::Closed);
    }
    hold::to_anchor(store, &head)?;
    if claimant.is_kept_out(&head, now) {
        return Err(LogFault::Held { until: head.lease_until });
    }
    let (epoch, owner) = (head.epoch + 1, claimant.owner.to_owned());
    let lease_until = now.plus_seconds(LEASE_S);
    swap(store, &head, &Head { epoch, owner: owner.clone(), lease_until, ..head.clone() })?;
    Ok(Claim { owner, epoch })
}

/// Prolongs the lease of an owner that has nothing to append.
pub fn renew<S: LogStore>(
    store: &mut S,
    log: &str,
    claim: &Claim,
    now: Moment,
) -> Result<(), LogFault<S::Error>> {
    let head = held(store, log, claim)?;
    swap(store, &head, &Head { lease_until: now.plus_seconds(LEASE_S), ..head.clone() })
}

/// Gives the log back at a graceful stop, so that a successor need not wait. It then has no owner, even if
/// the clock of the leaving owner was ahead.
pub fn release<S: LogStore>(
    store: &mut S,
    log: &str,
    claim: &Claim,
    now: Moment,
) -> Result<(), LogFault<S::Error>> {
    let head = held(store, log, claim)?;
    swap(store, &head, &Head { owner: String::new(), lease_until: now, ..head.clone() })
}

/// Ends a log as it is, without a last leaf and under any owner; returns its head. For a log that was put
/// back: the lost part may hold a leaf where the last one would stand, under a checkpoint of that size (I14).
/// Ending an ended log changes nothing.
pub fn end<S: LogStore>(store: &mut S, log: &str) -> Result<Head, LogFault<S::Error>> {
    let head = store.lock_head(log).map_err(LogFault::Store)?.ok_or(LogFault::Unknown)?;
    if !head.closed {
        swap(store, &head, &Head { closed: true, owner: String::new(), ..head.clone() })?;
    }
    Ok(Head { closed: true, ..head })
}

fn held<S: LogStore>(store: &mut S, log: &str, claim: &Claim) -> Result<Head, LogFault<S::Error>> {
    let head = store.lock_head(log).map_err(LogFault::Store)?.ok_or(LogFault::Unknown)?;
    if claim.holds(&head) { Ok(head) } else { Err(LogFault::Lost) }
}

fn swap<S: LogStore>(store: &mut S, read: &Head, next: &Head) -> Result<(), LogFault<S::Error>> {
    if store.swap_head(read, next).map_err(LogFault::Store)? { Ok(()) } else { Err(LogFault::Lost) }
}
