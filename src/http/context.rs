//! The parts that handlers share: the registry, the day's budgets, the counters.

use super::auth::Client;
use super::budget::Budgets;
use super::idempotency::IdempotencyKey;
use super::metrics::Metrics;
use super::scope::Permission;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope};
use crate::registry::{AskedHolder, Once, Registry};
use crate::trust::HolderKey;

/// Put into the application as `web::Data<Context>`.
pub struct Context {
    /// The use cases.
    pub registry: Registry,
    /// Distinct holders of the day, by actor.
    pub budgets: Budgets,
    /// The counters.
    pub metrics: actix_web::web::Data<Metrics>,
}

impl Context {
    /// The actor of a token: the client as the policy in memory has it now, with the token's scopes.
    pub fn actor<P: Permission>(&self, client: &Client<P>) -> Result<Actor> {
        let snapshot = self.registry.fresh_snapshot()?;
        let known = snapshot.clients.get(&*client.claims.client).cloned();
        let known = known.ok_or_else(|| Error::new(Code::Unauthenticated, "the client has been ended"))?;
        let scopes =
            Scope::ALL.iter().copied().filter(|scope| client.claims.scopes.contains(*scope)).collect();
        Ok(Actor::Client { client: known, scopes })
    }

    /// Runs a write away from the worker threads. Under an `Idempotency-Key` the same request again gets the
    /// first one's answer. A caller that hangs up does not undo it.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: Actor,
        key: IdempotencyKey,
        body: actix_web::web::Bytes,
        f: impl FnOnce(&Registry, &Actor, Option<&Once>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let registry = self.registry.clone();
        self.registry
            .store()
            .blocking(move || {
                let once = match &key.key {
                    Some(name) => Some(registry.once(&actor.label(), name, &key.request(&body))?),
                    None => None,
                };
                f(&registry, &actor, once.as_ref())
            })
            .await
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

    /// Counts the holder that is asked for by number, as a lookup would.
    pub fn charge_asked(&self, actor: &Actor, holder: &AskedHolder) -> Result<()> {
        self.charge(actor, self.registry.key_of(holder)?, self.registry.now())
    }

    /// Counts the first holder of the record that is asked for by identifier: with identifiers a caller reads
    /// no more holders a day than with numbers. No record, no charge.
    pub async fn charge_record(&self, actor: &Actor, identifier: &str) -> Result<()> {
        match self.registry.first_holder(identifier).await? {
            Some(holder) => self.charge(actor, holder, self.registry.now()),
            None => Ok(()),
        }
    }
}
