//! The entries of a change: whoever changes something on a person stands on that person's list, with or without a
//! lookup before.
//!
//! The entries are durable before the change begins. A crash between, or a refusal by the rows, leaves entries of a
//! change that was not made, never the reverse.

use crate::error::Result;
use crate::policy::{Actor, Scope, decide};
use crate::record::access::{DecisionReason, Outcome};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched, answer_digest};

impl Registry {
    /// Notes a change of what is kept of holders, an entry for each: it stands on each list as that holder's own.
    pub(in crate::registry) fn note_change(
        &self,
        entry: &Entry<'_>,
        (outcome, decision): (Outcome, DecisionReason),
        touched: &[Touched],
    ) -> Result<()> {
        let access = self.access()?;
        let came_to = CameTo::shown(outcome, decision, answer_digest(None, &[]));
        let entries = touched.iter().map(|holder| entry.submission(access.name(), holder.clone(), came_to));
        access.note_now(entries.collect::<Result<_>>()?).map(drop)
    }

    /// The same for a change of a record of one type, after `scope` let the actor make it.
    pub(in crate::registry) fn note_record_change(
        &self,
        actor: &Actor,
        (outcome, scope): (Outcome, Scope),
        type_code: &str,
        touched: &[Touched],
    ) -> Result<()> {
        let decision = decide(actor, scope, type_code, None).reason();
        self.note_change(&Entry::of(actor).types(Some([type_code])), (outcome, decision), touched)
    }

    /// The same for a record or a directory entry that comes in. An operator brings in what departments hand over:
    /// a feed, like an import, and nobody's look at a person. The log of records names the operator.
    pub(in crate::registry) fn note_brought_in(
        &self,
        actor: &Actor,
        outcome: Outcome,
        type_code: &str,
        touched: &[Touched],
    ) -> Result<()> {
        match actor.agency() {
            Some(_) => self.note_record_change(actor, (outcome, Scope::Issue), type_code, touched),
            None => Ok(()),
        }
    }

    /// Charges for the holders from whom a directory entry is taken, and notes it on the list of each: another
    /// record or entry with its number comes in without them.
    pub(in crate::registry) fn note_taken(
        &self,
        actor: &Actor,
        type_code: &str,
        left_out: &[Touched],
    ) -> Result<()> {
        if actor.agency().is_none() || left_out.is_empty() {
            return Ok(());
        }
        for holder in left_out {
            self.permit_all(actor, Scope::Issue, holder)?;
        }
        self.note_brought_in(actor, Outcome::Acted, type_code, left_out)
    }
}
