//! Permits: leave to read or change what is kept of a holder. Whoever has one was charged for that holder; there is
//! no other way to come by one, so that no use case can forget the budget.

use super::actor::Actor;
use super::budget::Budgets;
use super::grant::Decision;
use super::right::{Right, decide_by};
use super::scope::Scope;
use super::walks::Walks;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::rule::Rule;
use crate::store::{Alarm, Charge, Told, Tried};
use crate::trust::HolderKey;

/// What gives out permits: whom every actor was charged for and what it asked for, as this process knows it.
#[derive(Default)]
pub struct Guard {
    budgets: Budgets,
    walks: Walks,
}

/// Leave of an actor to do one kind of work on what is kept of one holder, who was charged. What of it may be seen
/// is decided through it.
#[derive(Clone, Copy)]
#[must_use]
pub struct Permit<'a> {
    actor: &'a Actor,
    scope: Scope,
    holder: HolderKey,
}

impl Guard {
    /// Charges the holder, before anything is read. An operator has no budget and is never stopped; its accesses are
    /// logged all the same.
    ///
    /// # Errors
    /// `budget_spent` with rule `holders_a_day` and the seconds to the next legal day; `enumeration_stopped` with rule
    /// `numbers_walked` and the seconds to the end of the stop.
    pub fn permit<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        holder: HolderKey,
        now: Moment,
    ) -> Result<Permit<'a>> {
        self.charge(actor, &[holder], now)?;
        Ok(Permit { actor, scope, holder })
    }

    /// Charges all these holders, or none of them.
    ///
    /// # Errors
    /// As [`Guard::permit`].
    pub fn charge(&self, actor: &Actor, holders: &[HolderKey], now: Moment) -> Result<()> {
        if let Some(budget) = actor.budget() {
            let label = actor.label();
            if let Some(until) = self.walks.stopped(&label, now) {
                return Err(stopped(until, now));
            }
            let budget = usize::try_from(budget).unwrap_or(usize::MAX);
            self.budgets.charge(&label, holders, budget, now)?;
        }
        Ok(())
    }

    /// Charges a further holder who would be shown: one of a linked number, a co-holder. False where it must not be
    /// shown, since the budget is spent.
    pub fn may_show(&self, permit: &Permit<'_>, holder: HolderKey, now: Moment) -> bool {
        self.may_show_all(permit, &[holder], now)
    }

    /// The same for all whom one thing tells of. It is shown with all of them or not at all, and where the budget has no
    /// room for all, nobody is charged.
    pub fn may_show_all(&self, permit: &Permit<'_>, holders: &[HolderKey], now: Moment) -> bool {
        holders.iter().all(|holder| *holder == permit.holder)
            || self.charge(permit.actor, holders, now).is_ok()
    }

    /// Notes what the holder of a permit asked for: whether anything of it is here, and what its number tells of a
    /// walk through numbers, which `place` makes where it counts. The alarm that this raises, if any.
    pub fn asked(
        &self,
        permit: &Permit<'_>,
        now: Moment,
        tried: impl FnOnce(Day, Box<str>) -> Tried,
    ) -> Option<Alarm> {
        permit.actor.budget()?;
        let label = permit.actor.label();
        self.walks.asked((&label, permit.holder), now, |day| tried(day, label.as_str().into()))
    }

    /// Notes what another process told at `at`, or this one before it started.
    pub fn note(&self, told: &Told, at: Moment) {
        told.charges.iter().for_each(|charge| self.budgets.note(charge));
        told.tried.iter().for_each(|tried| self.walks.note(tried, at));
    }

    /// Notes what the access log shows and nobody told.
    pub fn note_untold(&self, charge: Charge) {
        self.budgets.note_untold(charge);
    }

    /// The same for a holder beside the one asked for, who was charged if the budget had room, and withheld if not.
    pub fn note_if_room(&self, charge: Charge, budget: usize) {
        self.budgets.note_if_room(charge, budget);
    }

    /// Alarms of an actor that this process raised and that are not written yet.
    pub fn unwritten(&self, actor: &str) -> Vec<Alarm> {
        self.walks.unwritten(actor)
    }

    /// Takes over the alarms as the database has them.
    pub fn take_alarms(&self, alarms: &[Alarm], now: Moment) {
        self.walks.take_alarms(alarms, now);
    }

    /// What came since the last time, to be told to the others, and the alarms that are to be written.
    pub fn drain(&self) -> (Told, Vec<Alarm>) {
        let (tried, alarms) = self.walks.drain();
        (Told { charges: self.budgets.drain(), tried }, alarms)
    }

    /// Puts back what could not be told.
    pub fn put_back(&self, told: Told) {
        self.budgets.put_back(told.charges);
        self.walks.put_back(told.tried);
    }

    /// Forgets alarms that were written.
    pub fn written(&self, alarms: &[Alarm]) {
        self.walks.written(alarms);
    }

    /// Alarms that this process raised.
    pub fn raised(&self) -> u64 {
        self.walks.raised()
    }

    /// Distinct holders the actor of that label was charged for on the day of `now`.
    pub fn spent(&self, actor: &str, now: Moment) -> usize {
        self.budgets.spent(actor, now)
    }
}

fn stopped(until: Moment, now: Moment) -> Error {
    let wait = u64::try_from(until.seconds() - now.seconds()).unwrap_or(1).max(1);
    let detail = "the numbers asked for follow each other or are unknown here; the operator of this registry can lift \
                  the stop";
    Error::new(Code::EnumerationStopped, detail).rule(Rule::NumbersWalked).retry_after(wait)
}

impl<'a> Permit<'a> {
    /// Who was charged: the key under which the rows are.
    pub fn holder(&self) -> HolderKey {
        self.holder
    }

    /// What of one type may be seen by a right.
    pub fn decide_by(&self, right: &Right<'_>, of: (&str, &str)) -> Decision {
        decide_by(self.actor, self.scope, right, of)
    }

    /// Who asks.
    pub fn actor(&self) -> &'a Actor {
        self.actor
    }
}
