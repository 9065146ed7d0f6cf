//! Appending, serving and checking without faults.

use std::sync::Arc;

use super::{LOG, assert_one_tree, entries, leaves, look, moment, reference_root, signer};
use crate::log::append::{Cached, append, begin};
use crate::log::check::{Finding, check_log};
use crate::log::fault::{LogFault, Part};
use crate::log::hash::{Hash, perfect_root};
use crate::log::proof::{consistency, extends, includes, inclusion};
use crate::log::testing::{MemoryFault, MemoryLogs, Mode, Rows};
use crate::log::tile::{StoredNodes, TileKind, TilePath, bundle, read, tile_of_hashes};

fn log() -> Arc<MemoryLogs> {
    MemoryLogs::with(&[(LOG, &signer())], moment(0))
}

/// Appends and commits; the cache is refilled as a caller does.
fn push(
    logs: &MemoryLogs,
    cache: &mut Option<Cached>,
    batch: &[[u8; 32]],
) -> Result<u64, LogFault<MemoryFault>> {
    let appended = logs.write(|store| append(store, LOG, cache, &signer(), batch, moment(1)))?;
    *cache = Some(appended.cached);
    Ok(appended.size)
}

#[test]
fn tiles_of_many_batches_are_those_of_the_whole_tree() {
    let (logs, mut cache) = (log(), None);
    let size = 65_536 + 256 * 3 + 77;
    let all = entries("t", 0, size);
    let cuts = [0, 1, 255, 256, 300, 1_000, 65_535, 65_537, usize::try_from(size).unwrap()];
    for pair in cuts.windows(2) {
        push(&logs, &mut cache, &all[pair[0]..pair[1]]).unwrap();
    }
    let leaves = leaves(&all);
    let roots: Vec<Hash> = leaves.chunks_exact(256).map(|tile| perfect_root(tile).unwrap()).collect();
    let rows = logs.rows().clone();
    assert_eq!(rows.tiles.len(), roots.len() + 1);
    let tile = |level, index| rows.tiles.get(&(LOG.to_owned(), level, index)).unwrap();
    for (index, hashes) in (0..).zip(leaves.chunks_exact(256)) {
        assert_eq!(*tile(0, index), (tile_of_hashes(hashes), perfect_root(hashes).unwrap()));
    }
    assert_eq!(*tile(1, 0), (tile_of_hashes(&roots[..256]), perfect_root(&roots[..256]).unwrap()));
    assert_eq!(rows.heads[LOG].root, reference_root(&leaves));

    let serve = |path: &str| {
        let path: TilePath = path.parse().unwrap();
        look(&logs, |log| read(log, LOG, size, path)).unwrap()
    };
    assert_eq!(serve("tile/0/001").unwrap(), tile_of_hashes(&leaves[256..512]));
    assert_eq!(serve("tile/0/259.p/77").unwrap(), tile_of_hashes(&leaves[leaves.len() - 77..]));
    assert_eq!(serve("tile/1/001.p/3").unwrap(), tile_of_hashes(&roots[256..]));
    assert_eq!(serve("tile/2/000.p/1").unwrap(), tile_of_hashes(&[perfect_root(&roots[..256]).unwrap()]));
    assert_eq!(serve("tile/entries/259.p/77").unwrap(), bundle(&all[all.len() - 77..]));
    assert_eq!(serve("tile/entries/000").unwrap(), bundle(&all[..256]));
    for absent in
        ["tile/0/259", "tile/0/259.p/78", "tile/1/001.p/4", "tile/2/000", "tile/3/000.p/1", "tile/9/000"]
    {
        assert_eq!(serve(absent), None, "{absent}");
    }
    let path: TilePath = "tile/0/001".parse().unwrap();
    assert_eq!(look(&logs, |log| read(log, LOG, 511, path)).unwrap(), None, "not of a tree of that size");
    assert_one_tree(&logs);

    // Proofs from storage, for this size and for older ones whose right edge is now inside complete tiles.
    for (index, at) in
        [(0, size), (65_535, size), (size - 1, size), (66_000, 66_100), (254, 255), (7, 65_537)]
    {
        let end = usize::try_from(at).unwrap();
        let proof = look(&logs, |log| inclusion(&mut StoredNodes::new(log, LOG), index, at)).unwrap();
        let leaf = leaves[usize::try_from(index).unwrap()];
        assert!(includes(&reference_root(&leaves[..end]), at, index, &leaf, &proof), "{index} in {at}");
        let proof = look(&logs, |log| consistency(&mut StoredNodes::new(log, LOG), at, size)).unwrap();
        let (before, after) = (reference_root(&leaves[..end]), reference_root(&leaves));
        assert!(extends(&before, at, &after, size, &proof), "{at} to {size}");
    }
}

#[test]
fn a_cache_counts_only_while_it_is_the_head() {
    let logs = log();
    let (mut mine, mut theirs) = (None, None);
    push(&logs, &mut mine, &entries("a", 0, 200)).unwrap();
    push(&logs, &mut theirs, &entries("b", 0, 100)).unwrap();
    assert_eq!(push(&logs, &mut mine, &entries("c", 0, 300)).unwrap(), 600);
    assert_eq!(push(&logs, &mut None, &entries("d", 0, 1)).unwrap(), 601);
    assert_eq!(push(&logs, &mut theirs, &entries("e", 0, 1)).unwrap(), 602);
    assert_one_tree(&logs);
}

#[test]
fn i14_a_cache_kept_by_mistake_over_a_failed_commit_is_not_believed() {
    let (logs, signer) = (log(), signer());
    push(&logs, &mut None, &entries("a", 0, 10)).unwrap();
    let mut kept = None;
    logs.fail(4, Mode::NotStored);
    let failed: Result<(), LogFault<MemoryFault>> = logs.write(|store| {
        kept = Some(append(store, LOG, &mut None, &signer, &entries("lost", 0, 5), moment(1))?.cached);
        Ok(())
    });
    assert!(failed.is_err() && kept.is_some(), "the commit was to fail: {failed:?}");
    push(&logs, &mut None, &entries("b", 0, 5)).unwrap();
    push(&logs, &mut kept, &entries("c", 0, 5)).unwrap();
    assert_one_tree(&logs);
}

#[test]
fn i9_the_time_of_a_log_never_goes_back() {
    let logs = log();
    let at = |seconds| {
        let signer = signer();
        logs.write(|store| {
            let opened = begin(store, LOG, &mut None, &signer, None, moment(seconds))?;
            let at = opened.at();
            opened.finish(store, &entries("t", 0, 1)).map(|appended| (at, appended.at))
        })
        .map_err(|fault: LogFault<MemoryFault>| fault)
        .unwrap()
    };
    assert_eq!(at(50), (moment(50), moment(50)));
    assert_eq!(at(20), (moment(50), moment(50)));
    assert_eq!(at(51), (moment(51), moment(51)));
}

#[test]
fn a_closed_or_unknown_log_and_an_empty_batch_are_refused() {
    let logs = log();
    let signer = signer();
    assert_eq!(push(&logs, &mut None, &[]), Err(LogFault::Empty));
    let elsewhere =
        logs.write(|store| append(store, "none", &mut None, &signer, &entries("n", 0, 1), moment(1)));
    assert_eq!(elsewhere.err(), Some(LogFault::<MemoryFault>::Unknown));
    let closed = logs.write(|store| {
        begin(store, LOG, &mut None, &signer, None, moment(1))?
            .closing()
            .finish(store, &entries("closed", 0, 1))
    });
    let mut cache = Some(closed.map_err(|fault: LogFault<MemoryFault>| fault).unwrap().cached);
    assert_eq!(push(&logs, &mut cache, &entries("more", 0, 1)), Err(LogFault::Closed));
    assert_eq!(logs.rows().heads[LOG].size, 1);
    assert_one_tree(&logs);
}

/// One way to damage the stored parts, the error of an append then, and the findings of a check.
type Damage = (fn(&mut Rows), Option<Part>, Finding);

#[test]
fn i14_nothing_is_signed_on_a_log_that_contradicts_itself() {
    fn head(rows: &mut Rows) -> &mut crate::log::Head {
        rows.heads.get_mut(LOG).unwrap()
    }
    fn tile(rows: &mut Rows) -> &mut (Vec<u8>, Hash) {
        rows.tiles.get_mut(&(LOG.to_owned(), 0, 0)).unwrap()
    }
    let other = signer().checkpoint(300, &Hash([9; 32]));
    assert!(signer().verifier().checkpoint(&other).is_ok());
    let damages: [Damage; 10] = [
        (|rows| head(rows).frontier[9] ^= 1, Some(Part::Frontier), Finding::FrontierDiffers),
        (|rows| head(rows).frontier.truncate(40), Some(Part::Frontier), Finding::FrontierDiffers),
        (|rows| head(rows).root.0[0] ^= 1, Some(Part::Frontier), Finding::RootDiffers),
        (
            |rows| head(rows).note = head(rows).note.replace("300", "301"),
            Some(Part::Checkpoint),
            Finding::CheckpointRefused(crate::log::note::NoteFault::Signature),
        ),
        (
            |rows| head(rows).note = signer().checkpoint(300, &Hash([9; 32])),
            Some(Part::Checkpoint),
            Finding::CheckpointDiffers,
        ),
        (
            |rows| rows.batches.get_mut(&(LOG.to_owned(), 200)).unwrap()[60][0] ^= 1,
            Some(Part::Entries),
            Finding::RootDiffers,
        ),
        (|rows| tile(rows).1.0[0] ^= 1, Some(Part::Entries), Finding::TileRootDiffers(0, 0)),
        (|rows| tile(rows).0[77] ^= 1, None, Finding::TileDiffers(0, 0)),
        (|rows| rows.tiles.clear(), Some(Part::Entries), Finding::TileMissing(0, 0)),
        (
            |rows| drop(rows.batches.remove(&(LOG.to_owned(), 200))),
            Some(Part::Entries),
            Finding::EntriesMissing(200),
        ),
    ];
    for (damage, part, finding) in damages {
        let logs = log();
        push(&logs, &mut None, &entries("d", 0, 200)).unwrap();
        push(&logs, &mut None, &entries("d", 200, 300)).unwrap();
        damage(&mut logs.rows());
        let report = look(&logs, |log| check_log(log, LOG, signer().verifier())).unwrap().unwrap();
        assert!(report.findings.contains(&finding), "{:?} lacks {finding:?}", report.findings);
        if let Some(part) = part {
            assert_eq!(
                push(&logs, &mut None, &entries("x", 0, 1)),
                Err(LogFault::Forked(part)),
                "{finding:?}"
            );
        }
    }
}

#[test]
fn a_check_finds_what_lies_beyond_the_head() {
    let logs = log();
    push(&logs, &mut None, &entries("d", 0, 300)).unwrap();
    logs.rows().batches.insert((LOG.to_owned(), 300), entries("beyond", 0, 1));
    logs.rows().tiles.insert((LOG.to_owned(), 0, 1), (vec![0; 8192], Hash([0; 32])));
    let report = look(&logs, |log| check_log(log, LOG, signer().verifier())).unwrap().unwrap();
    assert_eq!(report.findings, [Finding::EntriesBeyond(300), Finding::TileBeyond(0, 1)]);
    assert_eq!(look(&logs, |log| check_log(log, "none", signer().verifier())).unwrap(), None);
    assert_eq!(TileKind::Entries, "tile/entries/000".parse::<TilePath>().unwrap().kind);
}
