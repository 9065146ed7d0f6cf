//! The access entries of an application, one for each party: all are durable before anything goes out, and a refusal
//! is one of each party too.

use crate::error::Result;
use crate::log::{Accepted, Submission};
use crate::policy::Actor;
use crate::registry::Registry;
use crate::registry::access::entry::{AppliedPart, CameTo, Entry, Touched};
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
        let entry = |(part, touched): &PartyPart<'_>| {
            let entry = Entry::of(actor).applied(part.clone());
            entry.submission(access.name(), touched.clone(), CameTo::refused(rule))
        };
        let entries = parties.iter().map(entry).collect::<Result<_>>()?;
        self.note_all(entries).await.map(drop)
    }
}
