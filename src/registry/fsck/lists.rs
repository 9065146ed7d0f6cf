//! The holders' lists of accesses against the logs from which they come.

use crate::error::Result;
use crate::registry::Registry;
use crate::registry::access::held::ListFault;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};

const TABLE: &str = "access_by_holder";

/// What to do about it: the lists are derived, and nothing is lost with them.
const WAY_OUT: &str = "`elicense log relist` puts the lists right";

/// Holds the lists against the logs. A lag of the follower is no damage.
pub(super) fn check(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    registry.hold_lists(&mut |fault| {
        match fault {
            ListFault::Ahead { log, .. } => {
                let detail =
                    format!("the follower is said to have come further than the log goes; {WAY_OUT}");
                report.find(Finding::new(FindingKind::AccessListWrong, "log_heads", detail).log(&log));
            }
            ListFault::Missing(places) => {
                let detail = format!("the access does not stand on the list of its holder; {WAY_OUT}");
                for (_, place) in places {
                    let found = Finding::new(FindingKind::AccessUnlisted, TABLE, detail.clone());
                    report.find(found.at(&place.log, place.index));
                }
            }
            ListFault::Stray(rows) => {
                let detail = format!("a line of a list has no access; {WAY_OUT}");
                for row in rows {
                    let found = Finding::new(FindingKind::AccessListWrong, TABLE, detail.clone());
                    // The name of a log that is not there is a word of whoever wrote the row.
                    report.find(match (report.logs.iter().any(|one| one.log == row.log()), row.leaf()) {
                        (true, Some(leaf)) => found.at(row.log(), leaf),
                        _ => found,
                    });
                }
            }
        }
        Ok(())
    })
}
