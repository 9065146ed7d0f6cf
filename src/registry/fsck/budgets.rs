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
use crate::store::{AccessItem, AlarmKind};

/// How far apart an entry and its alarm may be: a stop lasts an hour, and the clocks of two machines and the time of
/// a log may differ by more.
const APART_S: i64 = 86_400;

/// How far apart a look and its alarm may be: the alarm is written just before the entry, by the clock of the machine.
const LOOK_APART_S: i64 = 60;

/// The alarms on file, and what was reported of them.
pub(super) struct AlarmsOnFile {
    raised: HashMap<Box<str>, Vec<(AlarmKind, Moment)>>,
    reported: HashSet<(Day, String)>,
}

impl AlarmsOnFile {
    /// As the registry has them; one that does not open is reported. To be read after the head of the log and before its entries: what is newer than
    /// the head is judged the next time.
    pub fn read(registry: &Registry, report: &mut FsckReport) -> Result<Self> {
        let mut raised: HashMap<Box<str>, Vec<(AlarmKind, Moment)>> = HashMap::new();
        let always = Moment::from_micros(i64::MIN);
        let read = registry.store().read_access_now(|reader| reader.alarms(always))?;
        for alarm in read.alarms {
            raised.entry(alarm.actor).or_default().push((alarm.kind, alarm.at));
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
        let rule =
            entry.text("decision").and_then(Rule::from_wire).filter(|_| entry.outcome == Outcome::Refused);
        let Some((kind, apart)) = rule.and_then(due) else { return };
        let Some(actor) = entry.text("actor") else { return };
        let about = |(raised_by, raised): &(AlarmKind, Moment)| {
            let same = kind.map_or(raised_by.stops(), |kind| *raised_by == kind);
            same && (at.seconds() - raised.seconds()).abs() <= apart
        };
        if self.raised.get(actor).is_some_and(|raised| raised.iter().any(about)) {
            return;
        }
        if self.reported.insert((at.day(), actor.to_owned())) {
            let detail = "the entry says that its asker raised an alarm, and none of that time is on file";
            report.find(Finding::new(FindingKind::AlarmMissing, "alarms", detail).at(log, leaf));
        }
    }
}

/// The kind of alarm that a refusal by that rule has, none for any that stops its actor, and how far apart the two may be.
/// One that stops nobody is raised for each look, just before its entry.
fn due(rule: Rule) -> Option<(Option<AlarmKind>, i64)> {
    match rule {
        Rule::NumbersWalked => Some((None, APART_S)),
        Rule::OwnNumber => Some((Some(AlarmKind::OwnNumber), LOOK_APART_S)),
        Rule::KinOfStaff => Some((Some(AlarmKind::Kin), LOOK_APART_S)),
        Rule::HolderProtected => Some((Some(AlarmKind::Protected), LOOK_APART_S)),
        _ => None,
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
