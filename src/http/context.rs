//! What handlers share: the registry and the counters.

use super::auth::Client;
use super::idempotency::IdempotencyKey;
use super::metrics::Metrics;
use super::scope::Permission;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope};
use crate::registry::{Once, Registry};

/// Put into the application as `web::Data<Context>`.
pub struct Context {
    /// The use cases.
    pub registry: Registry,
    /// What is counted.
    pub metrics: actix_web::web::Data<Metrics>,
}

impl Context {
    /// The actor of a token: the client as the policy in memory has it now, with the token's scopes.
    ///
    /// # Errors
    /// `unauthenticated`; `policy_stale`; `too_many_tries` after too many refusals within a minute.
    pub fn actor<P: Permission>(&self, client: &Client<P>) -> Result<Actor> {
        let snapshot = self.registry.fresh_snapshot()?;
        let known = snapshot.clients.get(&*client.claims.client).cloned();
        let known = known.ok_or_else(|| Error::new(Code::Unauthenticated, "the client has been ended"))?;
        let scopes =
            Scope::ALL.iter().copied().filter(|scope| client.claims.scopes.contains(*scope)).collect();
        let actor = Actor::Client { client: known, scopes };
        self.registry.tries().may_ask(&actor, client.now)?;
        Ok(actor)
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
}
