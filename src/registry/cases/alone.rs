//! Somebody in an application whom the actor should not look at alone (practice R10).

use std::sync::Arc;

use crate::error::Result;
use crate::policy::Actor;
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::access::near::alone;
use crate::registry::base::asked::AskedCode;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::noted::PartyPart;
use crate::registry::reading::lookup::PartyPapers;

impl Registry {
    /// Refuses an application in which the actor's own person stands, kin of it, or a protected holder whom nobody has
    /// seen, as an access of everybody in it.
    ///
    /// # Errors
    /// `forbidden` with `own_number`, `kin_of_staff` or `holder_protected`, at the party.
    pub(super) async fn met_alone(
        &self,
        actor: &Actor,
        (snapshot, agent): (&Arc<Snapshot>, Option<&AskedCode>),
        (papers, parts): (&[Arc<PartyPapers<'_>>], &[PartyPart<'_>]),
    ) -> Result<()> {
        let parties = papers.iter().zip(parts).enumerate().map(|(at, (papers, (part, _)))| {
            (format!("parties.{at}.holder"), papers.whom(), part.presence.unwrap_or(Presence::Typed))
        });
        // Whoever acts for somebody stands at the counter.
        let agent = agent.map(|agent| ("agent.holder".to_owned(), vec![agent.to_charge()], Presence::Agent));
        for (field, whom, presence) in parties.chain(agent) {
            if let Some(rule) = self.too_near(actor, snapshot, (&whom, presence)).await? {
                self.refuse_application(actor, parts, rule).await?;
                return Err(alone(rule).at(field));
            }
        }
        Ok(())
    }
}
