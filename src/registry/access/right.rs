//! The right to an answer is looked at once more before its access is noted: what was read for long may have been asked
//! for under a policy that is none any more.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::policy::Actor;
use crate::registry::Registry;
use crate::registry::base::asked::{Purpose, purpose_refusal};
use crate::registry::base::snapshot::Snapshot;

impl Registry {
    /// Confirms that an answer that was decided by `snapshot` is allowed by the policy that is in force now: the same, or one
    /// that has the same of this actor and still knows the item. Anything else is asked again, and decided and noted anew.
    /// The policy in force is at most a second old, whatever the answer took.
    ///
    /// # Errors
    /// `policy_stale`; nothing was shown and nothing was noted.
    pub(in crate::registry) async fn still_allowed(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        purpose: Option<&Purpose>,
    ) -> Result<()> {
        let newest = self.newest_snapshot().await?;
        let same = match actor {
            Actor::Operator { .. } => true,
            Actor::Client { client, .. } => {
                newest.version == snapshot.version || newest.clients.get(&client.id) == Some(client)
            }
            // Accounts stand in no snapshot.
            Actor::Account(account) => {
                let (registry, name) = (self.clone(), account.name.clone());
                let now = self.store().blocking(move || registry.account(&name)).await?;
                now.as_ref() == Some(&**account)
            }
        };
        let today = self.now().day();
        let version = |snapshot: &Snapshot, purpose: &Purpose| {
            snapshot.catalog.item(&purpose.item, today).map(|item| item.version)
        };
        // Another version of the item may name fewer fields.
        let refused = |purpose: &Purpose| {
            purpose_refusal(&newest.catalog, purpose, today).is_some()
                || version(&newest, purpose) != version(snapshot, purpose)
        };
        let known = newest.version == snapshot.version || !purpose.is_some_and(refused);
        if same && known {
            return Ok(());
        }
        let detail = "the rights or the item changed while the answer was read: ask again";
        Err(Error::new(Code::PolicyStale, detail))
    }

    /// The policy as it was confirmed within the last second. Where nobody confirmed it, since the process is slow or is a
    /// command, it is read here.
    async fn newest_snapshot(&self) -> Result<Arc<Snapshot>> {
        if let Ok(fresh) = self.fresh_snapshot() {
            return Ok(fresh);
        }
        let registry = self.clone();
        self.store().blocking(move || registry.refresh()).await?;
        Ok(self.snapshot())
    }
}
