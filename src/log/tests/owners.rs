//! Leases, takeover, and the compare-and-swap that holds when a lease does not.

use super::{LOG, assert_one_tree, entries, moment, signer};
use crate::log::append::{Appended, begin};
use crate::log::fault::LogFault;
use crate::log::lease::{Claim, claim, release, renew};
use crate::log::testing::{MemoryFault, MemoryLogs};

type Fault = LogFault<MemoryFault>;

fn take(logs: &MemoryLogs, owner: &str, now: i64) -> Result<Claim, Fault> {
    logs.write(|store| claim(store, LOG, owner, 15, moment(now)))
}

fn push(logs: &MemoryLogs, claim: &Claim, salt: &str, now: i64) -> Result<Appended, Fault> {
    let signer = signer();
    logs.write(|store| {
        begin(store, LOG, &mut None, &signer, Some(claim), moment(now))?.finish(store, &entries(salt, 0, 3))
    })
}

#[test]
fn i14_an_owner_paused_past_its_lease_signs_no_more() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let first = take(&logs, "first", 0).unwrap();
    push(&logs, &first, "a", 1).unwrap();
    assert_eq!(take(&logs, "second", 15), Err(LogFault::Held { until: moment(16) }), "the append renewed it");
    let second = take(&logs, "second", 17).unwrap();
    assert_eq!(push(&logs, &first, "b", 17).err(), Some(LogFault::Lost));
    assert_eq!(logs.write(|store| renew(store, LOG, &first, moment(17))), Err(Fault::Lost));
    assert_eq!(logs.write(|store| release(store, LOG, &first, moment(17))), Err(Fault::Lost));
    push(&logs, &second, "c", 18).unwrap();
    assert_eq!(logs.rows().heads[LOG].size, 6);
    assert_one_tree(&logs);
}

#[test]
fn a_released_log_is_free_at_once_and_a_renewed_one_is_not() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let first = take(&logs, "first", 0).unwrap();
    logs.write(|store| renew(store, LOG, &first, moment(10))).map_err(|fault: Fault| fault).unwrap();
    assert_eq!(take(&logs, "second", 24), Err(LogFault::Held { until: moment(25) }));
    logs.write(|store| release(store, LOG, &first, moment(24))).map_err(|fault: Fault| fault).unwrap();
    assert_eq!(take(&logs, "second", 24).unwrap().epoch, first.epoch + 1);
}

#[test]
fn i14_the_swap_fails_when_another_came_between() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let (mine, signer) = (take(&logs, "first", 0).unwrap(), signer());
    let outcome: Result<Appended, Fault> = logs.write(|store| {
        let opened = begin(store, LOG, &mut None, &signer, Some(&mine), moment(1))?;
        // As if the lock had not held: the log is taken while the batch is being made.
        claim(store, LOG, "second", 15, moment(100))?;
        opened.finish(store, &entries("x", 0, 1))
    });
    assert_eq!(outcome.err(), Some(LogFault::Lost));
    assert_eq!(logs.rows().heads[LOG].size, 0);
    let outcome: Result<Appended, Fault> = logs.write(|store| {
        let opened = begin(store, LOG, &mut None, &signer, None, moment(1))?;
        let between = begin(store, LOG, &mut None, &signer, None, moment(1))?;
        between.finish(store, &entries("between", 0, 1))?;
        store.rows.batches.clear();
        opened.finish(store, &entries("x", 0, 2))
    });
    assert_eq!(outcome.err(), Some(LogFault::Lost));
}
