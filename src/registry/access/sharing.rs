//! The processes of a registry tell each other whom they charged and what was asked of them, about once a second and
//! beside the lookups, which pay no query for it. A process that starts reads what was told on the day, and of what
//! was not told, since the process before it was killed, whom the access entries show.
//!
//! Two processes may together exceed a budget by what they charge within about a second (SECURITY.md).

use std::collections::{BTreeMap, HashMap};

use crate::clock::{Day, Moment};
use crate::error::Result;
use crate::policy::Actor;
use crate::record::access::{AllowedBy, LoggedAccess, Outcome};
use crate::registry::Registry;
use crate::registry::base::snapshot;
use crate::rule::Rule;
use crate::store::{AccessItem, Alarm, Charge, Side, Told, ToldRow};

/// How far the clocks of two processes may be apart when a start looks for what was not told.
const CLOCKS_S: i64 = 10;

/// The place of this process among those that tell each other.
pub struct ToldCharges {
    registry: Registry,
    /// This process: the name of its access log.
    node: String,
    /// How far the rows of each process, its own among them, were read on each day.
    read: HashMap<(Day, String), i64>,
}

impl Registry {
    /// Begins to share, with what is known of the day: to be called when the access log is running and before
    /// anything is asked. Blocks.
    pub fn share(&self) -> Result<ToldCharges> {
        let node = self.access()?.name().to_owned();
        let mut sharing = ToldCharges { registry: self.clone(), node, read: HashMap::new() };
        let now = self.now();
        self.guard().take_alarms(&self.alarms_since(now.day().start())?, now);
        let mut told: HashMap<String, Moment> = HashMap::new();
        for row in sharing.take(now.day())? {
            told.insert(row.node, row.at);
        }
        self.recall(now.day(), &told)?;
        sharing.step()?;
        Ok(sharing)
    }

    /// Notes whom the access entries of the day show that no process told of: first who was asked for, then, oldest
    /// first, who stands beside them, as far as the budget had room. The others were withheld.
    fn recall(&self, today: Day, told: &HashMap<String, Moment>) -> Result<()> {
        let mut beside: Vec<(Moment, Charge)> = Vec::new();
        for head in self.access_heads()? {
            let since = told.get(&head.log).map_or(today.start(), |at| at.plus_seconds(-CLOCKS_S));
            // Newest first, in steps of 1,000 leaves, until a batch from before.
            let mut end = head.size;
            while end > 0 {
                let from = end.saturating_sub(1_000);
                let batches = self
                    .store()
                    .read_access_now(|reader| reader.access_batches(&head.log, from, end, 1_000))?;
                for batch in batches.iter().filter(|batch| batch.at >= since && batch.at.day() == today) {
                    for item in batch.items.iter().flatten() {
                        let further = self.recall_one(today, item);
                        beside.extend(further.into_iter().map(|charge| (batch.at, charge)));
                    }
                }
                if batches.first().is_none_or(|batch| batch.at < since) {
                    break;
                }
                end = from;
            }
        }
        beside.sort_by_key(|(at, _)| *at);
        let mut budgets: HashMap<Box<str>, usize> = HashMap::new();
        for (_, charge) in beside {
            let budget = match budgets.get(&charge.actor) {
                Some(budget) => *budget,
                None => {
                    let budget = self.budget_of(&charge.actor)?;
                    budgets.insert(charge.actor.clone(), budget);
                    budget
                }
            };
            self.guard().note_if_room(charge, budget);
        }
        Ok(())
    }

    /// Notes the holder who was asked for; gives those beside, in the order in which they were charged.
    fn recall_one(&self, day: Day, item: &AccessItem) -> Vec<Charge> {
        let Ok(entry) = LoggedAccess::parse(&item.entry) else { return Vec::new() };
        let actor = entry.text("actor").filter(|actor| Actor::has_budget(actor) && was_charged(&entry));
        let Some(actor) = actor else { return Vec::new() };
        let mut charges =
            item.holders.iter().map(|holder| Charge { day, actor: actor.into(), holder: *holder });
        if let Some(asked) = charges.next() {
            self.guard().note_untold(asked);
        }
        charges.take(beside(&entry)).collect()
    }

    /// The alarms of all processes.
    fn alarms_since(&self, since: Moment) -> Result<Vec<Alarm>> {
        let read = self.store().read_access_now(|reader| reader.alarms(since))?;
        if read.damaged > 0 {
            ::log::error!("{} alarms do not open: run `elicense fsck`", read.damaged);
        }
        Ok(read.alarms)
    }

    /// Holders a day of the actor with that label; no bound for one that is no longer there.
    fn budget_of(&self, actor: &str) -> Result<usize> {
        let budget = match actor.split_once(':') {
            Some(("client", id)) => self.snapshot().clients.get(id).map(|client| client.budget),
            Some(("account", name)) => {
                let row = self.store().read_now(|reader| reader.account(name))?;
                row.as_ref().map(snapshot::account).transpose()?.map(|account| account.budget)
            }
            _ => None,
        };
        Ok(budget.map_or(usize::MAX, |budget| usize::try_from(budget).unwrap_or(usize::MAX)))
    }
}

/// Whether the asker was charged at all: not if it was stopped, its budget was spent, or its token lacked the scope.
fn was_charged(entry: &LoggedAccess) -> bool {
    let uncharged = [Rule::NumbersWalked.wire(), Rule::HoldersADay.wire(), Rule::Scope.wire()];
    entry.outcome != Outcome::Refused || entry.text("decision").is_none_or(|rule| !uncharged.contains(&rule))
}

/// How many of the holders beside the one asked about may have been charged: whom a linked number led to, and all
/// where envelopes went out.
fn beside(entry: &LoggedAccess) -> usize {
    let envelopes = matches!(entry.outcome, Outcome::Answered | Outcome::History | Outcome::Attachment);
    match envelopes && entry.text("decision") == Some(AllowedBy::GrantWhole.wire()) {
        true => usize::MAX,
        false => entry.linked(),
    }
}

impl ToldCharges {
    /// Tells the others what came since the last time, and takes in what they told. Blocks.
    pub fn step(&mut self) -> Result<()> {
        let now = self.registry.now();
        self.tell(now)?;
        self.take(now.day())?;
        let alarms = self.registry.alarms_since(now.day().start())?;
        self.registry.guard().take_alarms(&alarms, now);
        Ok(())
    }

    /// Nothing is lost where the database fails: what could not be told is told the next time.
    fn tell(&mut self, now: Moment) -> Result<()> {
        let guard = self.registry.guard();
        let (told, alarms) = guard.drain();
        if told.is_empty() && alarms.is_empty() {
            return Ok(());
        }
        let days = by_day(&told);
        let mut first = false;
        let written = self.registry.store().write_side_now(Side::Access, |writer| {
            for (day, part) in &days {
                let seq = self.known(&self.node, *day) + 1;
                first |= seq == 1;
                writer.insert_told((*day, &self.node, seq), now, part)?;
            }
            for alarm in &alarms {
                writer.insert_alarm(&self.node, alarm)?;
            }
            // The first of a day clears up behind itself; yesterday stays, for clocks that step back over midnight.
            if first { writer.forget_told(now.day().plus_days(-1)) } else { Ok(()) }
        });
        if let Err(error) = written {
            guard.put_back(told);
            return Err(error);
        }
        guard.written(&alarms);
        for day in days.into_keys() {
            let seq = self.known(&self.node, day) + 1;
            self.read.insert((day, self.node.clone()), seq);
        }
        self.read.retain(|(day, _), _| *day >= now.day().plus_days(-1));
        Ok(())
    }

    fn known(&self, node: &str, day: Day) -> i64 {
        self.read.get(&(day, node.to_owned())).copied().unwrap_or(0)
    }

    /// Reads what was told on a day and is not known yet.
    fn take(&mut self, day: Day) -> Result<Vec<ToldRow>> {
        let rows = {
            let known = |node: &str| self.known(node, day);
            self.registry.store().read_access_now(|reader| reader.told(day, known))?
        };
        for row in &rows {
            match &row.told {
                Some(told) => self.registry.guard().note(told, row.at),
                None => ::log::error!("a row of charges does not open ({} of {})", row.seq, row.node),
            }
            self.read.insert((day, row.node.clone()), row.seq);
        }
        Ok(rows)
    }
}

/// What was told, by legal day; one nearly always.
fn by_day(told: &Told) -> BTreeMap<Day, Told> {
    let mut days: BTreeMap<Day, Told> = BTreeMap::new();
    for charge in &told.charges {
        days.entry(charge.day).or_default().charges.push(charge.clone());
    }
    for tried in &told.tried {
        days.entry(tried.day).or_default().tried.push(tried.clone());
    }
    days
}
