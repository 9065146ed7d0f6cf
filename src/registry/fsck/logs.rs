//! The logs of both sides: the tree against its checkpoint, batches against their claims, access entries
//! against their leaves.

use crate::error::{Code, Result};
use crate::log::check::{self, check_log};
use crate::log::hash::sha256;
use crate::log::{Head, TreeReader};
use crate::record::access::LoggedAccess;
use crate::record::event::Event;
use crate::registry::Registry;
use crate::registry::base::names::side_of;
use crate::registry::fsck::budgets::AlarmsOnFile;
use crate::registry::fsck::report::{CheckedLog, Finding, FindingKind, FsckReport};
use crate::store::{AccessItem, Side};

/// Batches read in one snapshot.
const PAGE: i64 = 256;

/// Checks every log and returns the heads of the logs of records.
pub(super) fn check_all(registry: &Registry, report: &mut FsckReport) -> Result<Vec<Head>> {
    let mut records = Vec::new();
    for side in [Side::Registry, Side::Access] {
        let heads = registry.store().read_side_now(side, |reader| reader.heads())?;
        for head in heads.into_iter().filter(|head| side_of(&head.log) == side) {
            check_tree(registry, side, &head, report)?;
            check_spans(registry, side, &head, report)?;
            match side {
                Side::Access => check_entries(registry, &head, report)?,
                Side::Registry => records.push(head),
            }
        }
    }
    Ok(records)
}

/// Every log goes on from its confirmed state. A log that contradicts itself was reported already.
pub(super) fn check_anchors(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    let gone = match registry.gone_back() {
        Err(error) if error.code == Code::RecordDamaged => {
            report.find(Finding::new(FindingKind::AnchorsDamaged, "anchors", error.detail));
            return Ok(());
        }
        other => other?,
    };
    if !registry.store().remembers(None)? {
        let detail = "the data directory has lost its memory of the logs; `elicense restore --in-place` goes on in \
                      successors";
        report.find(Finding::new(FindingKind::AnchorsMissing, "anchors", detail));
    }
    for (log, fork) in gone {
        if report.findings.iter().all(|finding| finding.log.as_deref() != Some(&log)) {
            let detail = format!(
                "{fork}; where the database was put back, `elicense restore --in-place` goes on in successors"
            );
            report.find(Finding::new(FindingKind::LogWentBack, "log_heads", detail).log(&log));
        }
    }
    Ok(())
}

fn check_tree(registry: &Registry, side: Side, head: &Head, report: &mut FsckReport) -> Result<()> {
    let signer = registry.log_signer(&head.log)?;
    let checked =
        registry.store().read_side_now(side, |reader| check_log(reader, &head.log, signer.verifier()))?;
    let Some(checked) = checked else { return Ok(()) };
    for finding in &checked.findings {
        let (kind, table, leaf) = place(finding);
        let found = Finding::new(kind, table, finding.to_string());
        report.find(match leaf {
            Some(leaf) => found.at(&head.log, leaf),
            None => found.log(&head.log),
        });
    }
    report.more += checked.more;
    report.logs.push(CheckedLog {
        log: head.log.clone(),
        size: checked.size,
        root: checked.root.to_string(),
        closed: head.closed,
    });
    Ok(())
}

fn place(finding: &check::Finding) -> (FindingKind, &'static str, Option<u64>) {
    use check::Finding as F;
    match finding {
        F::EntriesMissing(leaf) | F::EntriesBeyond(leaf) => {
            (FindingKind::EntriesMissing, "log_batches", Some(*leaf))
        }
        F::TileMissing(..) | F::TileDiffers(..) | F::TileRootDiffers(..) | F::TileBeyond(..) => {
            (FindingKind::TileWrong, "tiles", None)
        }
        F::FrontierDiffers | F::RootDiffers => (FindingKind::TreeWrong, "log_heads", None),
        F::CheckpointRefused(_) | F::CheckpointDiffers => (FindingKind::CheckpointWrong, "log_heads", None),
    }
}

/// Batches follow each other without a gap, and each holds as many entries as it claims.
fn check_spans(registry: &Registry, side: Side, head: &Head, report: &mut FsckReport) -> Result<()> {
    let size = i64::try_from(head.size).unwrap_or(i64::MAX);
    let mut next = 0;
    while next < size {
        let spans =
            registry.store().read_side_now(side, |reader| reader.batch_spans(&head.log, next, PAGE))?;
        if spans.is_empty() {
            break;
        }
        for (first, count, bytes) in spans {
            let broken = |detail: &str| {
                Finding::new(FindingKind::BatchBroken, "log_batches", detail)
                    .at(&head.log, u64::try_from(first).unwrap_or(0))
            };
            if first != next {
                report.find(broken("the batch does not begin where the one before it ends"));
            }
            if count < 1 || bytes != count.saturating_mul(32) {
                report.find(broken("the batch has another number of entries than it claims"));
            }
            next = next.max(first.saturating_add(count.max(1)));
        }
    }
    Ok(())
}

/// Every access entry is sealed, and hashes to the entry at its leaf.
fn check_entries(registry: &Registry, head: &Head, report: &mut FsckReport) -> Result<()> {
    let log = head.log.as_str();
    let mut alarms = AlarmsOnFile::read(registry, report)?;
    let mut next = 0;
    while next < head.size {
        let from = next;
        let (batches, entries) = registry.store().read_access_now(|reader| {
            // The reader begins at the batch that should hold `from`; if that batch is gone, at the one
            // before.
            let mut batches = reader.access_batches(log, from, head.size, 64)?;
            batches.retain(|batch| batch.first >= from);
            let to = batches.last().map_or(from, |batch| batch.first.saturating_add(batch.count.into()));
            let entries = reader.entries(log, from, to)?;
            Ok((batches, entries))
        })?;
        let missing = |leaf| {
            Finding::new(FindingKind::AccessMissing, "access_batches", "no batch holds the entry")
                .at(log, leaf)
        };
        if batches.is_empty() {
            report.find(missing(next));
            break;
        }
        let mut entries = entries.into_iter();
        for batch in batches {
            if batch.first > next {
                report.find(missing(next));
                let gap = usize::try_from(batch.first - next).unwrap_or(usize::MAX);
                entries.by_ref().take(gap).for_each(drop);
            }
            let count = u64::from(batch.count.max(1));
            match &batch.items {
                None => {
                    let detail = "the batch of access entries does not open";
                    report.find(
                        Finding::new(FindingKind::SealBroken, "access_batches", detail).at(log, batch.first),
                    );
                    entries.by_ref().take(usize::try_from(count).unwrap_or(usize::MAX)).for_each(drop);
                }
                Some(items) => {
                    for (leaf, item) in (batch.first..).zip(items) {
                        report.counts.access_entries += 1;
                        if entries.next() != Some(sha256(&item.entry)) {
                            let detail = "the access entry is not the one at this leaf";
                            let found = Finding::new(FindingKind::AccessDiffers, "access_batches", detail);
                            report.find(found.at(log, leaf));
                        } else if let Some(detail) = misread(item) {
                            let found = Finding::new(FindingKind::AccessDiffers, "access_batches", detail);
                            report.find(found.at(log, leaf));
                        } else {
                            alarms.check((log, leaf), batch.at, item, report);
                        }
                    }
                }
            }
            next = batch.first.saturating_add(count).max(next + 1);
        }
    }
    Ok(())
}

/// The fault of an entry that has the hash of its leaf: it cannot be read, or stands on a number of lists
/// other than its own figure. The last entry of a closed log is an event.
fn misread(item: &AccessItem) -> Option<&'static str> {
    match LoggedAccess::parse(&item.entry) {
        Ok(entry) => {
            let lists = u64::try_from(item.holders.len()).ok();
            let said = entry.holders();
            (said.is_some() && said != lists)
                .then_some("the access stands on another number of lists than it says")
        }
        Err(_) if Event::from_canonical(&item.entry).is_ok() => None,
        Err(_) => Some("the access entry is of no known layout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::IndexKey;

    #[test]
    fn an_entry_says_on_how_many_lists_it_stands() {
        let lines = include_str!("../../../fixtures/vectors/bytes.txt").lines();
        let given = |name: &str| {
            let line = lines.clone().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            line.unwrap().as_bytes().to_vec()
        };
        let index = IndexKey::new(&[1; 32]);
        let keys: Vec<_> = (0..5).map(|number| index.holder_key("111", &number.to_string())).collect();
        let told = |name: &str, lists: usize| {
            misread(&AccessItem { holders: keys[..lists].to_vec(), entry: given(name) })
        };
        assert_eq!((told("access.json", 1), told("access.shown.json", 4)), (None, None));
        assert!(told("access.json", 2).is_some() && told("access.shown.json", 3).is_some());
        // Layout 1 does not say, and a log may end with an event.
        assert_eq!((told("access_1.json", 2), told("event.json", 0)), (None, None));
        assert!(told("order.json", 0).is_some());
    }
}
