//! What handlers share: the registry, the day's budgets, the counters.

use std::sync::Arc;

use super::auth::Client;
use super::budget::Budgets;
use super::metrics::Metrics;
use super::scope::Permission;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope};
use crate::registry::Registry;
use crate::trust::HolderKey;

/// Put into the application as `web::Data<Context>`.
pub struct Context {
    /// The use cases.
    pub registry: Registry,
    /// Distinct holders of the day, by actor.
    pub budgets: Budgets,
    /// What is counted.
    pub metrics: actix_web::web::Data<Metrics>,
}

impl Context {
    /// The actor of a token: the client as the policy in memory has it now, with the token's scopes.
    pub fn actor<P: Permission>(&self, client: &Client<P>) -> Result<Actor> {
        let snapshot = self.registry.fresh_snapshot()?;
        let known = snapshot.clients.get(&*client.claims.client).cloned();
        let known = known.ok_or_else(|| Error::new(Code::Unauthenticated, "the client has been ended"))?;
        let scopes = Scope::ALL.into_iter().filter(|scope| client.claims.scopes.contains(*scope)).collect();
        Ok(Actor::Client { client: known, scopes })
    }

    /// Counts a holder against the actor's budget of the day, before anything is read.
    pub fn charge(&self, actor: &Actor, holder: HolderKey, now: Moment) -> Result<()> {
        match actor.budget() {
            Some(budget) => {
                let budget = usize::try_from(budget).unwrap_or(usize::MAX);
                self.budgets.charge(&actor.label(), *holder.bytes(), budget, now)
            }
            None => Ok(()),
        }
    }
}

/// The same for callers that hold it by `Arc`.
pub type SharedContext = Arc<Context>;
