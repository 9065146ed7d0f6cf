//! The list of steps as it grows. Everything after today is left out, and so is everything that depends on
//! it.

use serde_json::{Map, Value};

use super::steps::{Act, Coded, Dispute, Draft, Entry, Life, Step, Tie};
use crate::clock::Day;
use crate::record::action::Action;
use crate::record::payload::Validity;
use crate::store::{HolderState, LinkKind};

/// The place of an issue in the list; none where it was left out.
pub type Place = Option<usize>;

/// Steps up to a day.
#[derive(Debug)]
pub struct Script {
    /// The present.
    pub today: Day,
    steps: Vec<Step>,
}

/// A new version as an action makes it.
#[derive(Debug, Default)]
pub struct Version {
    /// Fields with another value.
    pub changes: Map<String, Value>,
    /// First valid day.
    pub valid_from: Option<Day>,
    /// End.
    pub valid_to: Option<Validity>,
}

impl Script {
    /// An empty list.
    pub fn new(today: Day) -> Self {
        Self { today, steps: Vec::new() }
    }

    /// The list.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Issues a record.
    pub fn issue(&mut self, draft: Draft) -> Place {
        (draft.issued_on <= self.today).then(|| {
            self.steps.push(Step::Issue(draft));
            self.steps.len() - 1
        })
    }

    /// Acts on a record without a new version; tells whether it did so.
    pub fn act(&mut self, of: Place, action: Action, by: &str, ground: &str, on: Day) -> bool {
        of.is_some_and(|of| self.put_act(Act::new(of, action, by, ground, on)))
    }

    /// Makes a new version of a record; tells whether it did so.
    pub fn version(
        &mut self,
        of: Place,
        action: Action,
        by: &str,
        ground: &str,
        on: Day,
        new: Version,
    ) -> bool {
        of.is_some_and(|of| {
            let act = Act::new(of, action, by, ground, on);
            let Version { changes, valid_from, valid_to } = new;
            self.put_act(Act { changes: Some(changes), valid_from, valid_to, ..act })
        })
    }

    /// Puts an action as it is; tells whether it did so.
    pub fn put_act(&mut self, act: Act) -> bool {
        let due = act.effective_on <= self.today;
        if due {
            self.steps.push(Step::Act(act));
        }
        due
    }

    /// Notes a state of a holder's life.
    pub fn life(&mut self, holder: Coded, state: HolderState, since: Day, source: &str) {
        if since <= self.today {
            self.steps.push(Step::HolderState(Life { holder, state, since, source: source.to_owned() }));
        }
    }

    /// Links an older code to a newer one.
    pub fn link(&mut self, kind: LinkKind, from: Coded, to: Coded, since: Day) {
        if since <= self.today {
            self.steps.push(Step::Link(Tie { kind, from, to, since }));
        }
    }

    /// Enters a certificate without a body.
    pub fn directory(&mut self, entry: Entry) {
        self.steps.push(Step::Directory(entry));
    }

    /// Marks fields of a record as disputed.
    pub fn dispute(&mut self, of: Place, fields: &[&str], raised_on: Day, reason: &str) {
        if let Some(of) = of.filter(|_| raised_on <= self.today) {
            let fields = fields.iter().map(|field| (*field).to_owned()).collect();
            self.steps.push(Step::Dispute(Dispute { of, fields, raised_on, reason: reason.to_owned() }));
        }
    }
}
