//! Permits: leave to read or change what is kept of a holder. Whoever has one was charged for that holder; there is
//! no other way to come by one, so that no use case can forget the budget.

use super::actor::{Actor, Scope};
use super::budget::{Budgets, Charge};
use super::grant::Decision;
use super::{decide, decide_scope};
use crate::clock::Moment;
use crate::error::Result;
use crate::trust::HolderKey;

/// What gives out permits: the budgets of all actors, as this process knows them.
#[derive(Default)]
pub struct Guard {
    budgets: Budgets,
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
    /// Charges the holder, before anything is read. An operator has no budget; its accesses are logged all the same.
    ///
    /// # Errors
    /// `budget_spent` with the seconds to the next legal day.
    pub fn permit<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        holder: HolderKey,
        now: Moment,
    ) -> Result<Permit<'a>> {
        if let Some(budget) = actor.budget() {
            let budget = usize::try_from(budget).unwrap_or(usize::MAX);
            self.budgets.charge(&actor.label(), holder, budget, now)?;
        }
        Ok(Permit { actor, scope, holder })
    }

    /// Notes what another process charged, or this one before it started and told.
    pub fn note(&self, charge: &Charge) {
        self.budgets.note(charge);
    }

    /// Notes what the access log shows and nobody told.
    pub fn note_untold(&self, charge: Charge) {
        self.budgets.note_untold(charge);
    }

    /// What this process charged since the last time, to be told to the others.
    pub fn drain(&self) -> Vec<Charge> {
        self.budgets.drain()
    }

    /// Puts back what could not be told.
    pub fn put_back(&self, charges: Vec<Charge>) {
        self.budgets.put_back(charges);
    }

    /// Distinct holders the actor of that label was charged for on the day of `now`.
    pub fn spent(&self, actor: &str, now: Moment) -> usize {
        self.budgets.spent(actor, now)
    }
}

impl<'a> Permit<'a> {
    /// Who has it.
    pub fn actor(&self) -> &'a Actor {
        self.actor
    }

    /// Who was charged: the key under which the rows are.
    pub fn holder(&self) -> HolderKey {
        self.holder
    }

    /// What of one type may be seen or done for an item.
    pub fn decide(&self, type_code: &str, item: Option<&str>) -> Decision {
        decide(self.actor, self.scope, type_code, item)
    }

    /// Whether that kind of work may be done at all.
    pub fn decide_scope(&self) -> Decision {
        decide_scope(self.actor, self.scope)
    }
}
