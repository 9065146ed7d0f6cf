//! Tests of the log as a whole, with their shared parts.

mod anchors;
mod appending;
mod faults;
mod notes;
mod owners;
mod tree;

use std::sync::Arc;

use super::hash::{Hash, leaf_hash, node_hash, sha256};
use super::note::LogSigner;
use super::testing::{MemoryLogs, Transaction};
use crate::clock::Moment;

pub(super) const LOG: &str = "access-test";

/// A key for tests only: its seed is public.
pub(super) fn signer() -> Arc<LogSigner> {
    Arc::new(LogSigner::new("elicense.test/logs/access-test", &[7; 32]).unwrap())
}

pub(super) fn moment(seconds: i64) -> Moment {
    "2026-11-22T01:02:03.000000Z".parse::<Moment>().unwrap().plus_seconds(seconds)
}

/// Entries `from .. to` of a made-up log; `salt` tells one history from another.
pub(super) fn entries(salt: &str, from: u64, to: u64) -> Vec<[u8; 32]> {
    (from..to).map(|index| sha256(format!("{salt}{index}").as_bytes())).collect()
}

/// The root as RFC 6962 §2.1 defines it, by recursion; a reference that shares no code with the tested parts.
pub(super) fn reference_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash(sha256(b"")),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&reference_root(left), &reference_root(right))
        }
    }
}

pub(super) fn leaves(entries: &[[u8; 32]]) -> Vec<Hash> {
    entries.iter().map(leaf_hash).collect()
}

/// Looks at a log through a transaction that changes nothing.
pub(super) fn look<T>(logs: &MemoryLogs, body: impl FnOnce(&mut Transaction<'_>) -> T) -> T {
    logs.write::<T, super::testing::MemoryFault>(|transaction| Ok(body(transaction))).unwrap()
}

/// Every entry now in the log, in order.
pub(super) fn stored_entries(logs: &MemoryLogs) -> Vec<[u8; 32]> {
    logs.rows().batches.range((LOG.to_owned(), 0)..).flat_map(|(_, entries)| entries.clone()).collect()
}

/// I14 over every stored tree: one root for each size, each the beginning of the log as it is now, each under
/// a checkpoint that verifies; and the log as it is now derives from its entries.
pub(super) fn assert_one_tree(logs: &MemoryLogs) {
    let verifier = signer().verifier().clone();
    let leaves = leaves(&stored_entries(logs));
    for head in logs.stored() {
        let size = usize::try_from(head.size).unwrap();
        assert_eq!(reference_root(&leaves[..size]), head.root, "size {size}");
        let signed = verifier.checkpoint(&head.note).unwrap();
        assert_eq!((signed.size, signed.root), (head.size, head.root));
    }
    let report = look(logs, |log| super::check::check_log(log, LOG, &verifier)).unwrap().unwrap();
    assert!(report.sound(), "{:?}", report.findings);
}
