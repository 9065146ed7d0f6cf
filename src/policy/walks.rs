//! Walking through numbers (批量试探): known by what an actor asks for in one legal day, and stopped.
//!
//! Each holder counts once. Four signs, of which each alone is enough; `registry/README.md` has them in words and says
//! why a clerk shows none of them. What is kept of a number are keyed hashes and the three digits of its sequence, in
//! memory and under a seal (`store::Tried`).

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{Day, Moment};
use crate::store::{Alarm, AlarmKind, Tried};
use crate::trust::HolderKey;

/// How long an actor is stopped unless an operator lifts it.
pub(super) const STOP_S: i64 = 3_600;

/// Numbers of one region and birthday: so many are a walk …
const BIRTHDAY: usize = 50;
/// … and so many where three of four are unknown here.
const BIRTHDAY_UNKNOWN: usize = 16;
/// Sequences of one birthday that follow each other, by one or by the two of one sex: so many are a walk …
const RUN: usize = 40;
/// … and so many where two of three of that birthday are unknown here.
const RUN_UNKNOWN: usize = 12;
/// Newest numbers of one region, of which nine of ten are unknown here.
const REGION: usize = 60;
/// Newest numbers and identifiers of any kind, of which nine of ten are unknown here.
const ANY: usize = 90;

/// What every actor asked for, and who is stopped.
#[derive(Default)]
pub(super) struct Walks {
    /// Held for a look into a few maps and never across an await or a database call.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_actor: HashMap<Box<str>, Walk>,
    stops: HashMap<Box<str>, Moment>,
    /// Asked here, and not told to the other processes.
    untold: Vec<Tried>,
    /// Raised here, and not written yet.
    unwritten: Vec<Alarm>,
    raised: u64,
}

/// What one actor asked for on one legal day.
struct Walk {
    day: Day,
    /// Whom it asked for: each counts once.
    seen: HashSet<HolderKey>,
    /// When its stop began last; what was asked before counts no more.
    since: Option<Moment>,
    /// An operator lifted a stop today: whom it asks for may be unknown here.
    lenient: bool,
    signs: Signs,
}

/// What an actor shows of a walk.
#[derive(Default)]
struct Signs {
    any: Recent,
    regions: HashMap<[u8; 16], Recent>,
    birthdays: HashMap<[u8; 16], Birthday>,
}

/// The newest of a kind: whether each was unknown.
#[derive(Default)]
struct Recent {
    newest: VecDeque<bool>,
    unknown: usize,
}

/// What was asked for of one region and birthday.
#[derive(Default)]
struct Birthday {
    sequences: BTreeSet<u16>,
    unknown: usize,
}

impl Walks {
    /// Until when the actor is stopped, if it is.
    pub fn stopped(&self, actor: &str, now: Moment) -> Option<Moment> {
        self.state().stops.get(actor).copied().filter(|until| *until > now)
    }

    /// Notes what an actor asked for; `tried` is made only where it counts. An alarm that this raises stops the actor.
    pub fn asked(
        &self,
        (actor, holder): (&str, HolderKey),
        now: Moment,
        tried: impl FnOnce(Day) -> Tried,
    ) -> Option<Alarm> {
        let mut state = self.state();
        let walk = state.walk(actor, now.day());
        if walk.seen.contains(&holder) {
            return None;
        }
        let tried = tried(walk.day);
        let sign = walk.note(&tried);
        let raised = sign.map(|(kind, tries)| Alarm {
            actor: actor.into(),
            at: now,
            kind,
            tries: u16::try_from(tries).unwrap_or(u16::MAX),
            until: now.plus_seconds(STOP_S),
            lifted: None,
        });
        if let Some(alarm) = &raised {
            walk.begin_anew(now);
            state.stops.insert(actor.into(), alarm.until);
            state.unwritten.push(alarm.clone());
            state.raised += 1;
        }
        state.untold.push(tried);
        raised
    }

    /// Notes what was asked of another process, or of this one before it started, and told at `at`.
    pub fn note(&self, tried: &Tried, at: Moment) {
        let mut state = self.state();
        let walk = state.walk(&tried.actor, tried.day);
        if walk.day == tried.day && !walk.seen.contains(&tried.holder) {
            if walk.since.is_some_and(|since| at <= since) {
                walk.seen.insert(tried.holder);
            } else {
                walk.note(tried);
            }
        }
    }

    /// Takes over the alarms of all processes as the database has them: who is stopped, and whose stop was lifted.
    pub fn take_alarms(&self, alarms: &[Alarm], now: Moment) {
        let mut state = self.state();
        let own: Vec<Alarm> = state.unwritten.clone();
        state.stops = alarms
            .iter()
            .chain(&own)
            .filter(|alarm| alarm.until > now && alarm.lifted.is_none())
            .map(|alarm| (alarm.actor.clone(), alarm.until))
            .collect();
        let stopping = |alarm: &&Alarm| alarm.kind.stops() && alarm.at.day() == now.day();
        for alarm in alarms.iter().filter(stopping) {
            let walk = state.walk(&alarm.actor, now.day());
            if walk.since.is_none_or(|since| since < alarm.at) {
                walk.begin_anew(alarm.at);
            }
            walk.lenient |= alarm.lifted.is_some();
        }
    }

    /// What was asked since the last time, to be told to the other processes, and the alarms to be written.
    pub fn drain(&self) -> (Vec<Tried>, Vec<Alarm>) {
        let mut state = self.state();
        (std::mem::take(&mut state.untold), state.unwritten.clone())
    }

    /// Alarms of an actor that are not written yet.
    pub fn unwritten(&self, actor: &str) -> Vec<Alarm> {
        let state = self.state();
        state.unwritten.iter().filter(|alarm| &*alarm.actor == actor).cloned().collect()
    }

    /// Puts back what could not be told.
    pub fn put_back(&self, tried: Vec<Tried>) {
        self.state().untold.extend(tried);
    }

    /// Forgets alarms that were written.
    pub fn written(&self, alarms: &[Alarm]) {
        self.state().unwritten.retain(|alarm| !alarms.contains(alarm));
    }

    /// Alarms that this process raised.
    pub fn raised(&self) -> u64 {
        self.state().raised
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked while holding it had at most not yet noted: the maps are whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The walk of the actor on `day`; as for budgets, a clock that steps back keeps the later day's.
    fn walk(&mut self, actor: &str, day: Day) -> &mut Walk {
        if !self.by_actor.contains_key(actor) {
            self.by_actor.retain(|_, walk| walk.day >= day);
        }
        let walk = self.by_actor.entry(actor.into()).or_insert_with(|| Walk::on(day));
        if walk.day < day {
            *walk = Walk::on(day);
        }
        walk
    }
}

impl Walk {
    fn on(day: Day) -> Self {
        Self { day, seen: HashSet::new(), since: None, lenient: false, signs: Signs::default() }
    }

    /// The sign that this holder completes, if any, and how many numbers make it.
    fn note(&mut self, tried: &Tried) -> Option<(AlarmKind, usize)> {
        self.seen.insert(tried.holder);
        self.signs.note(tried, self.lenient)
    }

    fn begin_anew(&mut self, at: Moment) {
        self.since = Some(at);
        self.signs = Signs::default();
    }
}

impl Signs {
    fn note(&mut self, tried: &Tried, lenient: bool) -> Option<(AlarmKind, usize)> {
        self.any.push(tried.unknown, ANY);
        let mut region_walked = false;
        if let Some(region) = tried.region {
            let recent = self.regions.entry(region).or_default();
            recent.push(tried.unknown, REGION);
            region_walked = recent.mostly_unknown(REGION);
        }
        let birthday = tried.birthday.and_then(|(birthday, sequence)| {
            self.birthdays.entry(birthday).or_default().note(sequence, tried.unknown)
        });
        if birthday.is_some() {
            return birthday;
        }
        match lenient {
            true => None,
            false if region_walked => Some((AlarmKind::Region, REGION)),
            false => self.any.mostly_unknown(ANY).then_some((AlarmKind::Unknown, ANY)),
        }
    }
}

impl Recent {
    fn push(&mut self, unknown: bool, most: usize) {
        self.newest.push_back(unknown);
        self.unknown += usize::from(unknown);
        if self.newest.len() > most {
            self.unknown -= usize::from(self.newest.pop_front() == Some(true));
        }
    }

    /// Nine of ten.
    fn mostly_unknown(&self, of: usize) -> bool {
        self.newest.len() >= of && self.unknown * 10 >= of * 9
    }
}

impl Birthday {
    fn note(&mut self, sequence: u16, unknown: bool) -> Option<(AlarmKind, usize)> {
        self.sequences.insert(sequence);
        self.unknown += usize::from(unknown);
        let (all, run) = (self.sequences.len(), self.run(sequence));
        if run >= RUN || run >= RUN_UNKNOWN && self.unknown * 3 >= all * 2 {
            return Some((AlarmKind::Sequence, run));
        }
        let many = all >= BIRTHDAY || all >= BIRTHDAY_UNKNOWN && self.unknown * 4 >= all * 3;
        many.then_some((AlarmKind::Birthday, all))
    }

    /// The longer of the two runs in which a sequence stands: of all that follow each other, and of those of its sex.
    fn run(&self, sequence: u16) -> usize {
        let along = |step: u16| {
            let there = |at: Option<u16>| at.filter(|at| self.sequences.contains(at));
            let up = std::iter::successors(Some(sequence), |at| there(at.checked_add(step))).count();
            let down = std::iter::successors(Some(sequence), |at| there(at.checked_sub(step))).count();
            up + down - 1
        };
        along(1).max(along(2))
    }
}

#[cfg(test)]
mod tests;
