//! Many submitters, one log: every acknowledged entry is durable.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::queue::Pace;
use super::*;
use crate::clock::Clock;
use crate::error::Code;
use crate::log::hash::sha256;
use crate::log::lease::LEASE_S;
use crate::log::receipt::Receipt;
use crate::log::testing::{MemoryCommitter, MemoryLogs, Mode};
use crate::log::tests::{LOG, assert_one_tree, moment, signer};

fn submission(name: &str) -> Submission {
    let entry = format!(r#"{{"actor":"{name}","at":"{AT_PLACEHOLDER}","log":"{LOG}","v":1}}"#);
    let at = entry.find(AT_PLACEHOLDER).unwrap();
    Submission::new(entry.into_bytes(), at).unwrap()
}

fn committer(owner: &str) -> (MemoryCommitter, Arc<MemoryLogs>, Clock) {
    let (signer, clock) = (signer(), Clock::fixed(moment(0)));
    let logs = MemoryLogs::with(&[(LOG, &signer)], moment(0));
    (MemoryCommitter::new(&logs, LOG, &signer, &clock, owner), logs, clock)
}

/// Waits until `reached` holds; fails rather than hangs.
fn until(mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !reached() {
        assert!(Instant::now() < deadline, "never happened");
        std::thread::yield_now();
    }
}

/// A committer that waits for a word before each commit, and says when it has begun.
struct Gated {
    inner: MemoryCommitter,
    begun: mpsc::Sender<usize>,
    go: mpsc::Receiver<()>,
}

impl Committer for Gated {
    fn commit(&mut self, batch: &mut [Submission]) -> Result<Committed, Error> {
        self.begun.send(batch.len()).unwrap();
        self.go.recv().expect("the test ended: panics in the sequencer's thread");
        self.inner.commit(batch)
    }
    fn log(&self) -> &str {
        self.inner.log()
    }
    fn claim(&mut self) -> Result<(), Error> {
        self.inner.claim()
    }
    fn renew(&mut self) -> Result<(), Error> {
        self.inner.renew()
    }
    fn release(&mut self) -> Result<(), Error> {
        self.inner.release()
    }
}

fn gated() -> (Gated, mpsc::Receiver<usize>, mpsc::Sender<()>, Arc<MemoryLogs>) {
    let (inner, logs, _) = committer("me");
    let ((begun, begins), (go, gate)) = (mpsc::channel(), mpsc::channel());
    (Gated { inner, begun, go: gate }, begins, go, logs)
}

#[test]
fn i2_concurrent_submitters_each_get_a_receipt_that_holds() {
    let (mut committer, logs, clock) = committer("me");
    committer.delay = Duration::from_micros(200);
    clock.set(moment(5));
    let sequencer = Sequencer::start(committer, Settings { batch: 7, ..Settings::default() }).unwrap();
    let accepted: Vec<Accepted> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let handle = sequencer.handle();
                let submit = move |n| handle.submit(submission(&format!("{thread}-{n}"))).unwrap();
                scope.spawn(move || {
                    let (some, rest): (Vec<_>, Vec<_>) = ((0..20).map(&submit).collect(), (20..40).collect());
                    let some = some.into_iter().map(|ticket: Ticket| ticket.wait().unwrap());
                    some.chain(rest.into_iter().map(|n| submit(n).wait().unwrap())).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let handle = sequencer.handle();
    assert!(handle.healthy());
    let counters = handle.counters();
    assert_eq!(Counters::value(&counters.entries), 320);
    let batches = Counters::value(&counters.batches);
    assert!((320 / 7..320).contains(&batches), "{batches} batches");
    assert_eq!(counters.commit_us.iter().map(Counters::value).sum::<u64>(), batches);
    assert_eq!(counters.batch_sizes.iter().map(Counters::value).sum::<u64>(), batches);
    sequencer.stop();

    let indexes: HashSet<u64> = accepted.iter().map(|accepted| accepted.index).collect();
    assert_eq!(indexes, (0..320).collect());
    for accepted in accepted {
        let receipt = Receipt::parse(&accepted.receipt()).unwrap();
        let (entry, _) = receipt.verify(signer().verifier()).unwrap();
        assert_eq!(entry, accepted.entry);
        assert!(String::from_utf8(entry).unwrap().contains(&format!(r#""at":"{}""#, moment(5))));
        assert_eq!(logs.rows().kept[&(LOG.to_owned(), accepted.index)], accepted.entry);
    }
    assert_one_tree(&logs);
}

#[test]
fn i2_nobody_is_answered_before_the_commit() {
    let (committer, begins, go, _) = gated();
    let sequencer = Sequencer::start(committer, Settings::default()).unwrap();
    let mut ticket = sequencer.handle().submit(submission("early")).unwrap();
    begins.recv().unwrap();
    assert!(ticket.0.try_recv().is_err(), "answered while the commit was still to come");
    go.send(()).unwrap();
    assert_eq!(ticket.wait().unwrap().index, 0);
}

#[test]
fn a_caller_that_has_gone_away_is_logged_all_the_same() {
    let (committer, begins, go, logs) = gated();
    let sequencer = Sequencer::start(committer, Settings { batch: 0, ..Settings::default() }).unwrap();
    drop(sequencer.handle().submit(submission("gone")).unwrap());
    begins.recv().unwrap();
    let other = sequencer.handle().submit(submission("there")).unwrap();
    (0..2).for_each(|_| go.send(()).unwrap());
    assert_eq!(other.wait().unwrap().index, 1);
    assert_eq!(logs.rows().kept.len(), 2);
}

#[test]
fn a_full_queue_refuses_and_a_stop_commits_what_waits() {
    let (committer, begins, go, logs) = gated();
    let sequencer = Sequencer::start(committer, Settings { queue: 2, ..Settings::default() }).unwrap();
    let handle = sequencer.handle();
    let first = handle.submit(submission("first")).unwrap();
    assert_eq!(begins.recv().unwrap(), 1);
    let waiting = [handle.submit(submission("second")).unwrap(), handle.submit(submission("third")).unwrap()];
    assert_eq!(handle.submit(submission("fourth")).unwrap_err(), Refusal::QueueFull);
    assert_eq!(Counters::value(&handle.counters().queued), 2);
    (0..2).for_each(|_| go.send(()).unwrap());
    sequencer.stop();
    assert_eq!(first.wait().unwrap().index, 0);
    assert_eq!(waiting.map(|ticket| ticket.wait().unwrap().index), [1, 2]);
    assert!(handle.submit(submission("late")).is_err());
    assert!(!handle.healthy());
    assert_eq!(logs.rows().heads[LOG].lease_until, moment(0), "the lease was given back");
}

#[test]
fn i14_i2_a_batch_that_fails_at_any_step_is_refused_and_the_next_goes_on() {
    for mode in [Mode::NotStored, Mode::StoredButReported] {
        for step in 0..4 {
            let (committer, logs, _) = committer("me");
            let sequencer = Sequencer::start(committer, Settings::default()).unwrap();
            let handle = sequencer.handle();
            let send = |name: &str| handle.submit(submission(name)).unwrap().wait();
            send("before").unwrap();
            logs.fail(step, mode);
            assert_eq!(send("failing").unwrap_err(), Refusal::Unavailable, "{mode:?} {step}");
            assert!(!handle.healthy(), "readiness shows a log that cannot be written");
            let in_doubt = u64::from(mode == Mode::StoredButReported && step == 3);
            assert_eq!(send("after").unwrap().index, 1 + in_doubt, "{mode:?} {step}");
            assert!(handle.healthy());
            assert_eq!(Counters::value(&handle.counters().faults), 1);
            assert_one_tree(&logs);
        }
    }
}

#[test]
fn a_sequencer_that_dies_refuses_all_who_wait_and_all_who_come() {
    let (committer, begins, go, _) = gated();
    let sequencer = Sequencer::start(committer, Settings::default()).unwrap();
    let handle = sequencer.handle();
    let first = handle.submit(submission("first")).unwrap();
    begins.recv().unwrap();
    let second = handle.submit(submission("second")).unwrap();
    drop(go);
    assert_eq!(first.wait().unwrap_err(), Refusal::Unavailable);
    assert_eq!(second.wait().unwrap_err(), Refusal::Unavailable);
    until(|| !handle.healthy());
    assert_eq!(handle.submit(submission("third")).unwrap_err(), Refusal::Unavailable);
}

#[test]
fn i14_a_lost_log_is_refused_until_it_is_claimed_again() {
    let (first, logs, clock) = committer("first");
    let mut second = MemoryCommitter::new(&logs, LOG, &signer(), &clock, "second");
    let settings = Settings { lease: Duration::from_millis(30), ..Settings::default() };
    second.claim().unwrap();
    assert_eq!(Sequencer::start(first, settings).err().map(|error| error.code), Some(Code::LogLost));

    clock.set(moment(100));
    let first = MemoryCommitter::new(&logs, LOG, &signer(), &clock, "first");
    let sequencer = Sequencer::start(first, settings).unwrap();
    let handle = sequencer.handle();
    assert_eq!(handle.submit(submission("mine")).unwrap().wait().unwrap().index, 0);

    // As if it was paused past its lease: the other finds it over, and takes the log.
    second.clock = Clock::fixed(moment(101));
    until(|| {
        logs.rows().heads.get_mut(LOG).unwrap().lease_until = moment(50);
        second.claim().is_ok()
    });
    second.commit(&mut [submission("theirs")]).unwrap();
    let refused = handle.submit(submission("mine")).and_then(Ticket::wait);
    assert_eq!(refused.unwrap_err(), Refusal::Lost);
    assert!(!handle.healthy());
    assert_eq!(handle.submit(submission("mine")).unwrap_err(), Refusal::Lost);

    second.release().unwrap();
    clock.set(moment(1000));
    until(|| handle.healthy());
    assert_eq!(handle.submit(submission("mine again")).unwrap().wait().unwrap().index, 2);
    drop(sequencer);
    assert_eq!(second.commit(&mut [submission("late")]).unwrap_err().code, Code::LogLost);
    assert_one_tree(&logs);
}

#[test]
fn an_idle_sequencer_keeps_its_lease_and_a_closed_log_stays_refused() {
    let (committer, logs, clock) = committer("me");
    let settings = Settings { lease: Duration::from_millis(30), ..Settings::default() };
    let sequencer = Sequencer::start(committer, settings).unwrap();
    let handle = sequencer.handle();
    clock.set(moment(7));
    until(|| logs.rows().heads[LOG].lease_until == moment(7 + LEASE_S));
    logs.rows().heads.get_mut(LOG).unwrap().closed = true;
    assert_eq!(handle.submit(submission("x")).unwrap().wait().unwrap_err(), Refusal::Closed);
    assert_eq!(handle.submit(submission("x")).unwrap_err(), Refusal::Closed);
}

#[test]
fn only_load_lingers() {
    let (longest, now) = (Duration::from_millis(1), Instant::now());
    let pace = |entries, took| Pace { entries, took: Duration::from_micros(took), ended: Some(now) };
    assert_eq!(Pace::default().linger(longest, now), Duration::ZERO);
    assert_eq!(pace(3, 300).linger(longest, now), Duration::ZERO);
    assert_eq!(pace(4, 300).linger(longest, now), Duration::from_micros(600));
    assert_eq!(pace(4, 9_000).linger(longest, now), longest);
    assert_eq!(pace(64, 300).linger(longest, now + longest * 2), Duration::ZERO, "it comes alone");
}

#[test]
fn a_submission_has_a_place_for_its_time() {
    let entry = submission("a").entry().to_vec();
    assert!(Submission::new(entry.clone(), 0).is_err());
    assert!(Submission::new(entry.clone(), entry.len() + 1).is_err());
    assert!(Submission::new(b"short".to_vec(), 1).is_err());
    assert_eq!(AT_PLACEHOLDER.len(), moment(0).to_string().len());
    let mut batch = [submission("a")];
    let entries = stamp(&mut batch, moment(3));
    assert_eq!(entries, [sha256(batch[0].entry())]);
}
