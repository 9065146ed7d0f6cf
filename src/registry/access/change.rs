//! The entries of a change: whoever changes something on a person stands on that person's list, with or without a
//! lookup before.
//!
//! The entries are durable before the change begins. Where the rows then refuse it, a second entry beside each says so
//! and names the first; the list shows the two as one line. A crash between leaves an entry of a change that was not
//! made, never the reverse. So does a commit that failed in the middle: whether it is on the disk is not known, and
//! nobody is told that it is not.

use std::cell::Cell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Class, Error, Result};
use crate::policy::{Actor, Scope, decide};
use crate::record::access::{DecisionReason, Outcome};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched, answer_digest};
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::store::Writer;

/// A change that stands on the lists of the holders and is not made yet. [`Registry::log_noted`] makes it.
#[must_use = "a change that was noted is made, or noted as refused"]
pub(in crate::registry) struct NotedChange {
    decision: DecisionReason,
    type_code: Option<String>,
    /// Each holder with the place of its entry, `log/leaf`.
    lines: Vec<(Touched, String)>,
}

impl NotedChange {
    /// The same with the entries of another one, of the same decision.
    pub fn and(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }

    fn entry<'a>(&'a self, actor: &Actor) -> Entry<'a> {
        Entry::of(actor).types(self.type_code.as_deref().map(|code| [code]))
    }
}

impl Registry {
    /// Notes a change of what is kept of holders, an entry for each: it stands on each list as that holder's own.
    pub(in crate::registry) fn note_change(
        &self,
        actor: &Actor,
        (outcome, decision): (Outcome, DecisionReason),
        type_code: Option<&str>,
        touched: &[Touched],
    ) -> Result<NotedChange> {
        let mut noted = NotedChange { decision, type_code: type_code.map(str::to_owned), lines: Vec::new() };
        if touched.is_empty() {
            return Ok(noted);
        }
        let access = self.access()?;
        let came_to = CameTo::shown(outcome, decision, answer_digest(None, &[]));
        let entry = noted.entry(actor);
        let entries = touched.iter().map(|holder| entry.submission(access.name(), holder.clone(), came_to));
        let accepted = access.note_now(entries.collect::<Result<_>>()?)?;
        let places = accepted.iter().map(|entry| format!("{}/{}", entry.log, entry.index));
        noted.lines = touched.iter().cloned().zip(places).collect();
        Ok(noted)
    }

    /// The same for a change of a record of one type, after `scope` let the actor make it.
    pub(in crate::registry) fn note_record_change(
        &self,
        actor: &Actor,
        (outcome, scope): (Outcome, Scope),
        type_code: &str,
        touched: &[Touched],
    ) -> Result<NotedChange> {
        let decision = decide(actor, scope, type_code, None).reason();
        self.note_change(actor, (outcome, decision), Some(type_code), touched)
    }

    /// The same for a record or a directory entry that comes in. An operator brings in what departments hand over:
    /// a feed, like an import, and nobody's look at a person. The log of records names the operator.
    pub(in crate::registry) fn note_brought_in(
        &self,
        actor: &Actor,
        outcome: Outcome,
        type_code: &str,
        touched: &[Touched],
    ) -> Result<NotedChange> {
        let touched = if actor.agency().is_some() { touched } else { &[] };
        self.note_record_change(actor, (outcome, Scope::Issue), type_code, touched)
    }

    /// Charges for the holders from whom a directory entry is taken: another record or entry with its number comes in
    /// without them.
    pub(in crate::registry) fn permit_taken(&self, actor: &Actor, left_out: &[Touched]) -> Result<()> {
        if actor.agency().is_none() {
            return Ok(());
        }
        self.permit_each(actor, left_out)
    }

    /// [`Registry::log_once`] for a change that was noted: where the rows refuse it, that is noted too before the
    /// refusal goes out.
    pub(in crate::registry) fn log_noted<T: Serialize + DeserializeOwned>(
        &self,
        actor: &Actor,
        noted: &NotedChange,
        once: Option<&Once>,
        mut write: impl FnMut(&mut Writer<'_>, &Place) -> Result<(T, Vec<[u8; 32]>)>,
    ) -> Result<T> {
        // Until the rows were written nothing can be on the disk; from then on only the commit knows.
        let unwritten = Cell::new(true);
        let made = self.log_once(once, |writer, place| {
            let written = write(writer, place);
            unwritten.set(written.is_err());
            written
        });
        made.or_else(|error| {
            if unwritten.get() {
                self.note_unmade(actor, noted, &error)?;
            }
            Err(error)
        })
    }

    /// Notes beside each entry of a change that it was not made.
    fn note_unmade(&self, actor: &Actor, noted: &NotedChange, why: &Error) -> Result<()> {
        if noted.lines.is_empty() {
            return Ok(());
        }
        if why.code.class() == Class::Refused {
            self.tries().refused(actor, self.now());
        }
        let access = self.access()?;
        let decision = why.rule.map_or(noted.decision, DecisionReason::Refused);
        let came_to = CameTo::shown(Outcome::ChangeRefused, decision, answer_digest(None, &[]));
        let entries = noted.lines.iter().map(|(holder, earlier)| {
            noted.entry(actor).earlier(earlier).submission(access.name(), holder.clone(), came_to)
        });
        access.note_now(entries.collect::<Result<_>>()?).map(drop)
    }
}
