//! The access entries of an application, one for each party: all are durable before anything goes out, and a refusal
//! is one of each party too. So is one of somebody whom the actor should not look at alone (practice R10).

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::log::{Accepted, Submission};
use crate::policy::Actor;
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::access::entry::{AppliedPart, CameTo, Entry, Touched};
use crate::registry::cases::agent::AGENT_PART;
use crate::registry::cases::ask::ApplicationAsk;
use crate::registry::reading::lookup::PartyPapers;
use crate::registry::records::near::{MetHolder, Near, alone, is_name_of};
use crate::rule::Rule;

/// A party with the place of its entry among the others.
pub(super) type PartyPart<'a> = (AppliedPart<'a>, Touched);

impl Registry {
    /// Submits all entries and waits until all are durable; they share commits with whatever else waits.
    pub(super) async fn note_all(&self, entries: Vec<Submission>) -> Result<Vec<Accepted>> {
        let access = self.access()?;
        let tickets = entries.into_iter().map(|entry| access.submit(entry)).collect::<Result<Vec<_>>>()?;
        let mut accepted = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            accepted.push(ticket.accepted().await?);
        }
        Ok(accepted)
    }

    /// Notes that an application was refused, for each of its parties. It counts as one refusal.
    pub(super) async fn refuse_application(
        &self,
        actor: &Actor,
        parties: &[PartyPart<'_>],
        rule: Rule,
    ) -> Result<()> {
        self.tries().refused(actor, self.now());
        let access = self.access()?;
        let mut entries = Vec::with_capacity(parties.len());
        for (part, touched) in parties {
            let entry = Entry::of(actor).applied(part.clone());
            // It may come before the other codes of a party were read.
            let others = self.numbers_beside(entry.words(), touched).await?;
            let entry = entry.beside(&others);
            entries.push(entry.submission(access.name(), touched.clone(), CameTo::refused(rule))?);
        }
        self.note_all(entries).await.map(drop)
    }

    /// Refuses an application in which the actor's own person stands, or kin of it, before anything else is decided of it.
    ///
    /// # Errors
    /// `forbidden` with `own_number` or `kin_of_staff` at the party, noted as an access of everybody in it.
    pub(super) async fn own_alone(&self, actor: &Actor, near: &Near, parts: &[PartyPart<'_>]) -> Result<()> {
        for (at, (part, touched)) in parts.iter().enumerate() {
            let Some(key) = touched.keys().first() else { continue };
            if let Some(rule) = self.own_or_kin(actor, near, *key).await? {
                self.refuse_application(actor, parts, rule).await?;
                let agent = part.role == AGENT_PART;
                let field = if agent { "agent.holder".to_owned() } else { format!("parties.{at}.holder") };
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
            let met = MetHolder { keys, presence, has_card: papers.has_card() };
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
