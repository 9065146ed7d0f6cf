//! Alarms and charges against the access log: what stopped an asker, and what the processes told each other.
//!
//! An alarm is written before the entry that says somebody was stopped by it. Rows of charges are kept for two days.
//! A row that is gone is no damage: a standby that was promoted may lack it, and a process that starts reads from
//! the access log what was not told.

use std::collections::{HashMap, HashSet};

use crate::clock::{Day, Moment};
use crate::error::Result;
use crate::record::access::{LoggedAccess, Outcome};
use crate::registry::Registry;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::rule::Rule;
use crate::store::AccessItem;

/// How far apart an entry and its alarm may be: a stop lasts an hour, and the clocks of two machines and the time of
/// a log may differ by more.
const APART_S: i64 = 86_400;

/// The alarms on file, and what was reported of them.
pub(super) struct AlarmsOnFile {
    raised: HashMap<Box<str>, Vec<Moment>>,
    reported: HashSet<(Day, String)>,
}

impl AlarmsOnFile {
    /// As the registry has them; one that does not open is reported. To be read after the head of the log and before its entries: what is newer than
    /// the head is judged the next time.
    pub fn read(registry: &Registry, report: &mut FsckReport) -> Result<Self> {
        let mut raised: HashMap<Box<str>, Vec<Moment>> = HashMap::new();
        let always = Moment::from_micros(i64::MIN);
        let read = registry.store().read_access_now(|reader| reader.alarms(always))?;
        for alarm in read.alarms {
            raised.entry(alarm.actor).or_default().push(alarm.at);
        }
        // A stop is lifted by a command, which seals it.
        if read.damaged > 0 {
            let detail = "an alarm does not open: a hand at the database changed it, or its stop";
            report.find(Finding::new(FindingKind::SealBroken, "alarms", detail));
        }
        Ok(Self { raised, reported: HashSet::new() })
    }

    /// Holds an entry against them; one finding for an actor and a day.
    pub fn check(
        &mut self,
        (log, leaf): (&str, u64),
        at: Moment,
        item: &AccessItem,
        report: &mut FsckReport,
    ) {
        let Ok(entry) = LoggedAccess::parse(&item.entry) else { return };
        let stopped =
            entry.outcome == Outcome::Refused && entry.text("decision") == Some(Rule::NumbersWalked.wire());
        let Some(actor) = entry.text("actor").filter(|_| stopped) else { return };
        let about = |raised: &Moment| (at.seconds() - raised.seconds()).abs() <= APART_S;
        if self.raised.get(actor).is_some_and(|raised| raised.iter().any(about)) {
            return;
        }
        if self.reported.insert((at.day(), actor.to_owned())) {
            let detail = "the entry says that its asker was stopped, and no alarm of that time is on file";
            report.find(Finding::new(FindingKind::AlarmMissing, "alarms", detail).at(log, leaf));
        }
    }
}

/// Rows of charges that do not open, of whatever day: one that was moved to another day does not.
pub(super) fn check_charges(registry: &Registry, report: &mut FsckReport) -> Result<()> {
    for day in registry.store().read_access_now(|reader| reader.told_days())? {
        let rows = registry.store().read_access_now(|reader| reader.told(day, |_| i64::MIN))?;
        for _ in rows.iter().filter(|row| row.told.is_none()) {
            let detail = "a row of charges does not open";
            report.find(Finding::new(FindingKind::SealBroken, "charges", detail));
        }
    }
    Ok(())
}
