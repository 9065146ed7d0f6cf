//! The steps that fill a registry with the demo: plain data, in order.
//!
//! A step refers to an earlier [`Step::Issue`] by its place in the list. [`Act::successor`] gives the draft of a
//! new version. Types that hold numbers show none in `Debug` (I3).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::Custody;
use crate::clock::Day;
use crate::record::action::Action;
use crate::record::payload::Validity;
pub use crate::registry::{Draft, DraftHolder};
use crate::store::{HolderState, LinkKind};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Issue a record.
    Issue(Draft),
    /// Act on a record issued before.
    Act(Act),
    /// Note a state of a holder's life.
    HolderState(Life),
    /// Link two codes.
    Link(Tie),
    /// Enter a certificate whose body is not here.
    Directory(Entry),
    /// Mark fields of a record as disputed.
    Dispute(Dispute),
}

/// An action on the record of an earlier step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Place of the [`Step::Issue`] in the list.
    pub of: usize,
    /// The action.
    pub action: Action,
    /// Credit code of the agency that does it: the issuer or its successor.
    pub by: String,
    /// The legal ground, as shown.
    pub ground: String,
    /// The legal day.
    pub effective_on: Day,
    /// Fields of the face that get another value in the new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Map<String, Value>>,
    /// Fields of the face that are left out in the new version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// The holders of the new version, where a name or a holder changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holders: Option<Vec<DraftHolder>>,
    /// First valid day of the new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// End of the new version, where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Validity>,
    /// When the next review is due, after an endorsement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_due: Option<Day>,
    /// True if a rule of the catalog causes it (a divorce ends the marriage certificate). A registry that has
    /// already done so by itself leaves the step out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_rule: bool,
}

impl Act {
    /// An action without a new version.
    pub fn new(of: usize, action: Action, by: &str, ground: &str, effective_on: Day) -> Self {
        Self {
            of,
            action,
            by: by.to_owned(),
            ground: ground.to_owned(),
            effective_on,
            changes: None,
            dropped: Vec::new(),
            holders: None,
            valid_from: None,
            valid_to: None,
            review_due: None,
            by_rule: false,
        }
    }

    /// The new version that follows on `before`: its face with the changes, issued on the day of the action by
    /// the agency that acts.
    pub fn successor(&self, before: &Draft) -> Draft {
        let mut face = before.face.clone();
        face.extend(self.changes.clone().unwrap_or_default());
        face.retain(|name, _| !self.dropped.contains(name));
        Draft {
            issuer: self.by.clone(),
            holders: self.holders.clone().unwrap_or_else(|| before.holders.clone()),
            face,
            issued_on: self.effective_on,
            valid_from: self.valid_from.or(before.valid_from),
            valid_to: self.valid_to.or(before.valid_to),
            ..before.clone()
        }
    }
}

/// A holder's code, masked wherever it is shown.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Coded {
    /// Code type, 3 digits.
    pub code_type: String,
    /// The number.
    pub code: String,
}

/// A state of a holder's life, and who said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// The holder.
    pub holder: Coded,
    /// The state.
    pub state: HolderState,
    /// Since when.
    pub since: Day,
    /// Who said so, as shown.
    pub source: String,
}

/// A link between two codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// How they belong together.
    pub kind: LinkKind,
    /// The older code.
    pub from: Coded,
    /// The newer code.
    pub to: Coded,
    /// Since when.
    pub since: Day,
}

/// A certificate that is known to exist and whose body is not here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Slug of the type.
    #[serde(rename = "type")]
    pub type_code: String,
    /// Its holders.
    pub holders: Vec<DraftHolder>,
    /// Where the body is: `paper`, `at_issuer` or `elsewhere`.
    pub custody: Custody,
    /// Its name, as shown.
    pub name: String,
    /// Its number, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The office that keeps it, as shown.
    pub office: String,
    /// Credit code of the agency that issued it.
    pub issuer: String,
}

/// Fields of a record that its holder says are wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Place of the [`Step::Issue`] in the list.
    pub of: usize,
    /// The fields of the face.
    pub fields: Vec<String>,
    /// The day it was raised.
    pub raised_on: Day,
    /// The objection, as shown.
    pub reason: String,
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Act({} of step {} on {})", self.action.wire(), self.of, self.effective_on)
    }
}

impl fmt::Debug for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Coded({} ***)", self.code_type)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {})", self.type_code, self.custody.wire())
    }
}
