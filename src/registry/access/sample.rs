//! The daily sample (每日抽查, practice R10): what staff looked up on one legal day, counted for each account, and the looks
//! that a supervisor holds against the case files. A look is one access entry of an account.
//!
//! In the sample is every look at an own person, at kin or at a protected holder, refused or not; of the looks at a number
//! that somebody typed a tenth and never fewer than three of an account; of those after a card was read a hundredth and
//! never fewer than one. A keyed hash of its place chooses a look: nobody knows before which it will be, and the sample of a
//! day is the same each time.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::Region;
use crate::clock::{Day, Moment};
use crate::closed::closed;
use crate::error::{Code, Error, Result};
use crate::policy::{Account, Actor, StaffRole};
use crate::record::access::{LoggedAccess, Outcome, Presence};
use crate::registry::Registry;
use crate::registry::access::line::{bundle_named, item_named};
use crate::registry::base::asked::unseen;
use crate::registry::base::snapshot::{Snapshot, account};
use crate::rule::Rule;
use crate::store::AccessBatch;
use crate::trust::mac::MacKey;

/// Seconds between an alarm and its entry, at most.
const ALARM_BEFORE_S: i64 = 10;
/// Batches that are read at once.
const STEP: i64 = 64;

closed! {
    /// Why a look is in the sample.
    SampledFor {
        Near, "near", "本人、亲属或受保护主体", "own person, kin or a protected holder";
        Typed, "typed", "手工录入号码", "a number that was typed";
        Seen, "seen", "到场凭据", "somebody whose presence was shown";
    }
}

impl SampledFor {
    /// One of how many is chosen, and how many of an account at least.
    const fn share(self) -> (u64, usize) {
        match self {
            Self::Near => (1, usize::MAX),
            Self::Typed => (10, 3),
            Self::Seen => (100, 1),
        }
    }
}

/// A look that a supervisor holds against the case file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampledLook {
    /// When.
    pub at: Moment,
    /// Sign-in name of whoever looked.
    pub account: String,
    /// The access log.
    pub log: String,
    /// The place of the entry in it.
    pub index: u64,
    /// Why it is here.
    pub why: SampledFor,
    /// What came of it.
    pub outcome: Outcome,
    /// The rule by which it was decided.
    pub decision: String,
    /// How the party was present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// 实施编码 of the item, or the word for work at none; the code of a bundle.
    pub item: String,
    /// Its name, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_name: Option<String>,
    /// The case (办件) number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The reason in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The day of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StaffDay {
    /// Shown name.
    pub display: String,
    /// Its agency.
    pub agency: String,
    /// All looks.
    pub looks: u64,
    /// Those at a number that was typed.
    pub typed: u64,
    /// Those that were refused.
    pub refused: u64,
}

/// The looks of staff on one legal day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DaySample {
    /// The day.
    pub day: Day,
    /// Each account that looked, by sign-in name.
    pub staff: BTreeMap<String, StaffDay>,
    /// The sample, oldest first.
    pub looks: Vec<SampledLook>,
    /// Batches of the log that do not open: what stood in them is in no number here.
    pub unread: u64,
}

/// When an alarm that stops nobody was raised on the day, by account.
type Alarmed = BTreeMap<String, Vec<Moment>>;

/// Whose looks somebody may see.
struct Sight {
    accounts: BTreeMap<String, Account>,
    alarms: Alarmed,
    sampled: BTreeMap<(String, SampledFor), Vec<(u64, SampledLook)>>,
    sample: DaySample,
}

impl Registry {
    /// The sample of a day: of all staff for an operator, of the staff of its agency in its region for a supervisor.
    ///
    /// # Errors
    /// `forbidden` with rule `supervisor_only`; `field_invalid` at `day` for a day that has not come.
    pub fn day_sample(&self, actor: &Actor, day: Day) -> Result<DaySample> {
        if day > self.now().day() {
            let detail = "the day has not come";
            return Err(Error::new(Code::FieldInvalid, detail).at("day").rule(Rule::DateInFuture));
        }
        let snapshot = self.fresh_snapshot()?;
        let key = MacKey::derive(self.store().master(), "daily sample");
        let mut sight = self.sight(actor, &snapshot, day)?;
        for head in self.access_heads()? {
            let (since, until) = (day.start(), day.plus_days(1).start());
            let mut next = self
                .store()
                .read_access_now(|reader| reader.access_leaf_since(&head.log, head.size, since))?;
            while next < head.size {
                let batches = self
                    .store()
                    .read_access_now(|reader| reader.access_batches(&head.log, next, head.size, STEP))?;
                let Some(last) = batches.last() else { break };
                next = last.first + u64::from(last.count);
                let over = last.at >= until;
                for batch in batches.into_iter().filter(|batch| batch.at >= since && batch.at < until) {
                    sight.read(&snapshot, &key, batch);
                }
                if over {
                    break;
                }
            }
        }
        Ok(sight.done())
    }

    fn alarms_of(&self, day: Day) -> Result<Alarmed> {
        let (since, until) = (day.start(), day.plus_days(1).start());
        let read = self.store().read_access_now(|reader| reader.alarms(since))?;
        let of_day = read.alarms.into_iter().filter(|alarm| !alarm.kind.stops() && alarm.at < until);
        let mut raised = Alarmed::new();
        for alarm in of_day {
            if let Some(name) = alarm.actor.strip_prefix("account:") {
                raised.entry(name.to_owned()).or_default().push(alarm.at);
            }
        }
        Ok(raised)
    }

    /// The accounts whose looks the actor may see.
    fn sight(&self, actor: &Actor, snapshot: &Snapshot, day: Day) -> Result<Sight> {
        let within = match actor {
            Actor::Operator { .. } => None,
            Actor::Account(account) if account.roles.contains(&StaffRole::Supervisor) => Some(account),
            Actor::Account(_) | Actor::Client { .. } => {
                let detail = "the daily sample is for supervisors";
                return Err(Error::new(Code::Forbidden, detail).rule(Rule::SupervisorOnly));
            }
        };
        let agencies = snapshot.catalog.issuers().agencies();
        let region = |account: &Account| -> Option<Region> {
            account.region.or_else(|| agencies.latest(&account.agency).map(|agency| agency.region))
        };
        let seen = |account: &Account| {
            within.is_none_or(|own| {
                let covers = region(own).zip(region(account)).is_some_and(|(own, one)| own.covers(one));
                own.agency == account.agency && covers
            })
        };
        // A row that a hand broke stands for nobody; `fsck` names it.
        let rows = self.store().read_now(|reader| reader.accounts())?;
        let accounts = rows.into_iter().filter_map(|row| Some((row.name.clone(), account(&row).ok()?)));
        let accounts = accounts.filter(|(_, account)| seen(account)).collect();
        let (staff, looks) = (BTreeMap::new(), Vec::new());
        let sample = DaySample { day, staff, looks, unread: 0 };
        Ok(Sight { accounts, alarms: self.alarms_of(day)?, sampled: BTreeMap::new(), sample })
    }
}

impl Sight {
    fn read(&mut self, snapshot: &Snapshot, key: &MacKey, batch: AccessBatch) {
        let AccessBatch { log, first, at, items, .. } = batch;
        let Some(items) = items else {
            self.sample.unread += 1;
            return;
        };
        for (index, item) in (first..).zip(items) {
            let Ok(entry) = LoggedAccess::parse(&item.entry) else {
                self.sample.unread += 1;
                continue;
            };
            let Some(name) = entry.text("actor").and_then(|actor| actor.strip_prefix("account:")) else {
                continue;
            };
            let Some(account) = self.accounts.get(name) else { continue };
            // Whoever lies about a card has seen nobody.
            let lied = entry.text("decision").and_then(Rule::from_wire) == Some(Rule::PresenceUnproven);
            let typed = lied || entry.presence.is_none_or(unseen);
            let day = self.sample.staff.entry(name.to_owned()).or_default();
            day.display.clone_from(&account.display);
            day.agency.clone_from(&account.agency);
            day.looks += 1;
            day.typed += u64::from(typed);
            day.refused += u64::from(entry.outcome == Outcome::Refused);
            let alarmed = self.alarms.get(name).is_some_and(|raised| has_alarm(raised, at));
            let why = match entry.text("decision").and_then(Rule::from_wire) {
                Some(Rule::OwnNumber | Rule::KinOfStaff | Rule::HolderProtected) => SampledFor::Near,
                _ if alarmed => SampledFor::Near,
                _ if typed => SampledFor::Typed,
                _ => SampledFor::Seen,
            };
            let mac = key.mac(&[log.as_bytes(), &index.to_be_bytes()]);
            let chance = mac.first_chunk().copied().map_or(0, u64::from_be_bytes);
            let look = look(snapshot, (name, at), (&log, index), (&entry, why));
            self.keep(chance, look);
        }
    }

    /// Keeps a look that is chosen, or is among the fewest of its account so far.
    fn keep(&mut self, chance: u64, look: SampledLook) {
        let (one_of, least) = look.why.share();
        let kept = self.sampled.entry((look.account.clone(), look.why)).or_default();
        kept.push((chance, look));
        if kept.len() > least {
            kept.sort_by_key(|(chance, _)| *chance);
            let mut at = 0;
            kept.retain(|(chance, _)| {
                at += 1;
                at <= least || *chance < u64::MAX / one_of
            });
        }
    }

    fn done(self) -> DaySample {
        let mut looks: Vec<SampledLook> =
            self.sampled.into_values().flatten().map(|(_, look)| look).collect();
        looks.sort_by(|one, other| (one.at, &one.log, one.index).cmp(&(other.at, &other.log, other.index)));
        DaySample { looks, ..self.sample }
    }
}

/// Whether an alarm stands just before an entry. Which of several entries it is of is not told, so each of them is looked
/// at: none is hidden behind others.
fn has_alarm(raised: &[Moment], at: Moment) -> bool {
    raised.iter().any(|alarm| *alarm <= at && at.seconds() - alarm.seconds() <= ALARM_BEFORE_S)
}

fn look(
    snapshot: &Snapshot,
    (account, at): (&str, Moment),
    (log, index): (&str, u64),
    (entry, why): (&LoggedAccess, SampledFor),
) -> SampledLook {
    let text = |name: &str| entry.text(name).map(str::to_owned);
    let catalog = &snapshot.catalog;
    let item = entry.text("item").map(|item| item_named(catalog, item, entry.item_version()));
    let bundle = || entry.text("bundle").map(|bundle| bundle_named(catalog, bundle));
    SampledLook {
        at,
        account: account.to_owned(),
        log: log.to_owned(),
        index,
        why,
        outcome: entry.outcome,
        decision: text("decision").unwrap_or_default(),
        presence: entry.presence,
        item_name: item.or_else(bundle).flatten(),
        item: text("item").or_else(|| text("bundle")).unwrap_or_default(),
        case: text("case"),
        reason: text("reason"),
    }
}
