//! Leases, takeover, and the compare-and-swap that holds when a lease does not.

use super::{LOG, assert_one_tree, entries, moment, signer};
use crate::log::append::{Appended, begin};
use crate::log::fault::LogFault;
use crate::log::lease::{Claim, Claimant, LEASE_S, LONGEST_S, claim, release, renew};
use crate::log::testing::{MemoryFault, MemoryLogs};

type Fault = LogFault<MemoryFault>;

fn take(logs: &MemoryLogs, owner: &str, now: i64) -> Result<Claim, Fault> {
    logs.write(|store| claim(store, LOG, Claimant { owner, ended: None }, moment(now)))
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
    let until = moment(1 + LEASE_S);
    assert_eq!(take(&logs, "second", LEASE_S), Err(LogFault::Held { until }), "the append renewed it");
    let end = LEASE_S + 2;
    let second = take(&logs, "second", end).unwrap();
    assert_eq!(push(&logs, &first, "b", end).err(), Some(LogFault::Lost));
    assert_eq!(logs.write(|store| renew(store, LOG, &first, moment(end))), Err(Fault::Lost));
    assert_eq!(logs.write(|store| release(store, LOG, &first, moment(end))), Err(Fault::Lost));
    push(&logs, &second, "c", end + 1).unwrap();
    assert_eq!(logs.rows().heads[LOG].size, 6);
    assert_one_tree(&logs);
}

#[test]
fn a_released_log_is_free_at_once_and_a_renewed_one_is_not() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let first = take(&logs, "first", 0).unwrap();
    logs.write(|store| renew(store, LOG, &first, moment(5))).map_err(|fault: Fault| fault).unwrap();
    let now = 4 + LEASE_S;
    assert_eq!(take(&logs, "second", now), Err(LogFault::Held { until: moment(now + 1) }));
    logs.write(|store| release(store, LOG, &first, moment(now))).map_err(|fault: Fault| fault).unwrap();
    assert_eq!(take(&logs, "second", now).unwrap().epoch, first.epoch + 1);
}

#[test]
fn an_owner_that_is_known_to_have_ended_is_not_waited_for() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let take = |owner, ended| -> Result<Claim, Fault> {
        logs.write(|store| claim(store, LOG, Claimant { owner, ended }, moment(1)))
    };
    let first = take("log/a/1", Some("log/a/")).unwrap();
    let held = Err(LogFault::Held { until: moment(1 + LEASE_S) });
    assert_eq!(take("log/2", None), held, "who has no lock waits");
    assert_eq!(take("log/b/3", Some("log/b/")), held, "and who has another one");
    let second = take("log/a/4", Some("log/a/")).unwrap();
    assert_eq!(second.epoch, first.epoch + 1);
    assert_eq!(push(&logs, &first, "late", 1).err(), Some(LogFault::Lost), "were it alive all the same");
    assert_one_tree(&logs);
}

#[test]
fn a_clock_that_ran_ahead_locks_no_log() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let hour = 3_600;
    // It ended without giving the log back.
    take(&logs, "killed", hour).unwrap();
    let ended = take(&logs, "right", 1).unwrap();
    assert_eq!(logs.rows().heads[LOG].lease_until, moment(1 + LEASE_S));
    logs.write(|store| release(store, LOG, &ended, moment(1))).map_err(|fault: Fault| fault).unwrap();
    // It gave the log back: nobody has it, at any time.
    let ahead = take(&logs, "ahead", 1 + LONGEST_S - LEASE_S).unwrap();
    logs.write(|store| release(store, LOG, &ahead, moment(5))).map_err(|fault: Fault| fault).unwrap();
    take(&logs, "right", 1).unwrap();
    // Two clocks that differ by a second or two are no reason to take a log from the living.
    take(&logs, "little ahead", 1 + LEASE_S).unwrap();
    let skewed = moment(1 + 2 * LEASE_S);
    assert_eq!(take(&logs, "other", 2 * LEASE_S - 1), Err(LogFault::Held { until: skewed }));
}

#[test]
fn i14_the_swap_fails_when_another_came_between() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let (mine, signer) = (take(&logs, "first", 0).unwrap(), signer());
    let outcome: Result<Appended, Fault> = logs.write(|store| {
        let opened = begin(store, LOG, &mut None, &signer, Some(&mine), moment(1))?;
        // As if the lock had not held: the log is taken while the batch is being made.
        claim(store, LOG, Claimant { owner: "second", ended: None }, moment(100))?;
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
