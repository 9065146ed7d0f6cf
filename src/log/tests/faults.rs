//! Every step failing in two ways: not stored, and stored but reported as failed. Then the log goes on, and
//! every stored tree is derived anew.

use proptest::prelude::*;

use super::{LOG, assert_one_tree, entries, moment, signer, stored_entries};
use crate::log::append::{Cached, append};
use crate::log::fault::LogFault;
use crate::log::testing::{MemoryFault, MemoryLogs, Mode};

/// A writer with a cache of its own, as a process has; remembers the leaves that were confirmed to it.
#[derive(Default)]
struct Writer {
    cache: Option<Cached>,
    durable: Vec<(u64, [u8; 32])>,
}

impl Writer {
    fn push(&mut self, logs: &MemoryLogs, batch: &[[u8; 32]]) -> Result<(), LogFault<MemoryFault>> {
        let signer = signer();
        let appended = logs.write(|store| append(store, LOG, &mut self.cache, &signer, batch, moment(1)))?;
        self.durable.extend((appended.first..).zip(batch.iter().copied()));
        self.cache = Some(appended.cached);
        Ok(())
    }

    fn assert_durable(&self, logs: &MemoryLogs) {
        let stored = stored_entries(logs);
        for (index, entry) in &self.durable {
            assert_eq!(
                stored.get(usize::try_from(*index).unwrap()),
                Some(entry),
                "I1: entry {index} is gone"
            );
        }
    }
}

#[test]
fn i14_i1_each_step_may_fail_before_or_after_it_is_stored() {
    for mode in [Mode::NotStored, Mode::StoredButReported] {
        for warm in [true, false] {
            let mut steps = 0;
            loop {
                let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
                let mut writer = Writer::default();
                writer.push(&logs, &entries("before", 0, 250)).unwrap();
                if !warm {
                    writer.cache = None;
                }
                logs.fail(steps, mode);
                let failed = writer.push(&logs, &entries("failing", 0, 300));
                if logs.heal() {
                    assert_eq!(failed, Ok(()), "the plan lay beyond the last step");
                    break;
                }
                assert!(matches!(failed, Err(LogFault::Store(_))), "{failed:?}");
                assert!(writer.cache.is_none(), "a cache outlived a failure");
                writer.push(&logs, &entries("after", 0, 299)).unwrap();
                writer.push(&logs, &entries("later", 0, 3)).unwrap();
                writer.assert_durable(&logs);
                assert_one_tree(&logs);
                steps += 1;
            }
            // Head, batch, two tiles, swap, commit; a cold start reads the entries of the edge besides.
            assert_eq!(steps, if warm { 6 } else { 7 }, "{mode:?}");
        }
    }
}

#[test]
fn i14_a_commit_that_was_stored_but_reported_as_failed_is_built_upon() {
    let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
    let mut writer = Writer::default();
    writer.push(&logs, &entries("a", 0, 3)).unwrap();
    logs.fail(3, Mode::StoredButReported);
    assert!(writer.push(&logs, &entries("doubt", 0, 2)).is_err());
    writer.push(&logs, &entries("b", 0, 1)).unwrap();
    assert_eq!(stored_entries(&logs).len(), 6, "three, the two in doubt, one");
    assert_one_tree(&logs);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Two processes take turns in any order, any step of any append fails in either way: one log, one tree.
    #[test]
    fn i14_i1_writers_and_faults_in_any_order(
        turns in prop::collection::vec((any::<bool>(), 1_u64..300, prop::option::of((0_usize..8, any::<bool>()))), 1..9)
    ) {
        let logs = MemoryLogs::with(&[(LOG, &signer())], moment(0));
        let mut writers = [Writer::default(), Writer::default()];
        for (turn, (who, count, fault)) in turns.into_iter().enumerate() {
            if let Some((step, stored)) = fault {
                logs.fail(step, if stored { Mode::StoredButReported } else { Mode::NotStored });
            }
            let outcome = writers[usize::from(who)].push(&logs, &entries(&format!("turn{turn}-"), 0, count));
            prop_assert!(logs.heal() || fault.is_none() || outcome.is_err());
        }
        writers.iter().for_each(|writer| writer.assert_durable(&logs));
        assert_one_tree(&logs);
    }
}
