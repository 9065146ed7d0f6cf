//! Somebody in an application whom the actor should not look at alone (practice R10), and a card of somebody else.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::policy::Actor;
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::base::asked::AskedCode;
use crate::registry::cases::ask::ApplicationAsk;
use crate::registry::cases::noted::PartyPart;
use crate::registry::reading::lookup::PartyPapers;
use crate::registry::reading::near::{Met, Near, alone, is_name_of};
use crate::rule::Rule;

impl Registry {
    /// Refuses an application in which the actor's own person stands, or kin of it, before anything else is decided of it.
    ///
    /// # Errors
    /// `forbidden` with `own_number` or `kin_of_staff` at the party, noted as an access of everybody in it.
    pub(super) async fn own_alone(
        &self,
        actor: &Actor,
        near: &Near,
        (codes, agent, parts): (&[AskedCode], Option<&AskedCode>, &[PartyPart<'_>]),
    ) -> Result<()> {
        let parties = codes.iter().enumerate().map(|(at, code)| (format!("parties.{at}.holder"), code));
        for (field, code) in parties.chain(agent.map(|agent| ("agent.holder".to_owned(), agent))) {
            if let Some(rule) = self.own_or_kin(actor, near, code.to_charge()).await? {
                self.refuse_application(actor, parts, rule).await?;
                return Err(alone(rule).at(field));
            }
        }
        Ok(())
    }

    /// The same under linked numbers, of a protected holder whom nobody has seen, and of a card with another name than the
    /// party's papers.
    ///
    /// # Errors
    /// Besides, `forbidden` with `holder_protected` and `field_invalid` with `presence_unproven`.
    pub(super) async fn met_alone(
        &self,
        actor: &Actor,
        near: &Near,
        (ask, papers): (&ApplicationAsk, &[Arc<PartyPapers<'_>>]),
        parts: &[PartyPart<'_>],
    ) -> Result<()> {
        for (at, (papers, (part, _))) in papers.iter().zip(parts).enumerate() {
            let (keys, presence) = (papers.whom(), part.presence.unwrap_or(Presence::Typed));
            let met = Met { keys, presence, has_card: papers.has_card() };
            if let Some(rule) = self.too_near(actor, near, met).await? {
                self.refuse_application(actor, parts, rule).await?;
                return Err(alone(rule).at(format!("parties.{at}.holder")));
            }
            let card = ask.parties.get(at).and_then(|party| party.name.as_deref());
            let card = card.filter(|_| presence == Presence::CardRead);
            if card.is_some_and(|card| !is_name_of(card, papers.names())) {
                self.refuse_application(actor, parts, Rule::PresenceUnproven).await?;
                let detail = "the card has another name than the records of this number";
                let error = Error::new(Code::FieldInvalid, detail).rule(Rule::PresenceUnproven);
                return Err(error.at(format!("parties.{at}.presence")));
            }
        }
        Ok(())
    }
}
