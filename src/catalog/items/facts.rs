//! The facts on which an item is answered: plain values that a use case gathers. Nothing here fetches them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::catalog::items::{Attribute, FactValue, Predicate};
use crate::catalog::{AbsenceKind, StatusState};
use crate::clock::{Day, Moment};

/// A case as it is asked about.
#[derive(Debug, Clone)]
pub struct ItemRequest {
    /// Answers by the name of the question.
    pub answers: BTreeMap<String, String>,
    /// Past days by their names.
    pub dates: BTreeMap<String, Day>,
    /// Everybody in the case.
    pub parties: Vec<PartyFacts>,
    /// The legal day of the case.
    pub today: Day,
}

/// What is known of one party.
#[derive(Debug, Clone, Default)]
pub struct PartyFacts {
    /// The code of its role: `applicant`.
    pub role: String,
    /// Its name as the case gives it.
    pub name: String,
    /// Attributes that are known; one that is not here is unknown.
    pub attributes: BTreeMap<Attribute, FactValue>,
    /// Its records, of any type.
    pub records: Vec<RecordFact>,
    /// What "nothing found" is worth, by slug of the type.
    pub absences: BTreeMap<String, AbsenceKind>,
    /// Types whose source did not answer, by slug.
    pub silent: BTreeMap<String, Silence>,
    /// Questions that were asked, with their answers.
    pub predicates: Vec<(Predicate, PredicateAnswer)>,
    /// A promise of this party was false, and the mark is open: no promise is offered.
    pub broken_promise: bool,
}

/// One record, as it was on a day.
#[derive(Debug, Clone)]
pub struct RecordFact {
    /// Slug of its type.
    pub slug: String,
    /// Its public identifier.
    pub identifier: String,
    /// The day for which the rest is said: today, or a past day that a slot asks for.
    pub on: Day,
    /// Whether it is what its issuer signed, apart from state and dates.
    pub intact: Intact,
    /// Its state.
    pub state: StatusState,
    /// Day of issue.
    pub issued_on: Day,
    /// Last valid day; none for 长期.
    pub valid_to: Option<Day>,
    /// Working days from that day to the last valid one, below 0 once it has passed; none for 长期, and where no calendar
    /// reaches so far.
    pub working_days_left: Option<i64>,
    /// The names printed on its face that a slot compares.
    pub names: PrintedNames,
    /// The fields that its face has, whatever they say.
    pub members: BTreeSet<String>,
}

/// Whether a record is what its issuer signed: everything in its verdict but state and dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intact {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That could not be told.
    Unknown(Silence),
}

/// A source that did not answer, or could not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Its name as people know it.
    pub source: String,
    /// When it was asked.
    pub at: Moment,
}

/// The answer to a predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredicateAnswer {
    /// Yes, by these records or answers.
    Yes {
        /// Their identifiers; at least one.
        evidence: Vec<String>,
    },
    /// No, by these.
    No {
        /// Their identifiers.
        evidence: Vec<String>,
    },
    /// The source did not answer.
    Unanswered(Silence),
    /// No source covers the question.
    NotCovered,
}

/// Names on a face by field. They stay out of debug prints.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PrintedNames(pub BTreeMap<String, String>);

impl fmt::Debug for PrintedNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrintedNames({})", self.0.len())
    }
}
