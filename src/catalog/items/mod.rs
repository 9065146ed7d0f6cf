//! Items (事项): what a public service asks, of whom, and by which ways each material is met.
//!
//! * [`ItemDef`]: an item as it is written in `schema/items/*.json`, with its parties, questions and slots;
//! * [`Condition`]: the small language in which a slot says when it applies;
//! * [`ItemDef::findings`]: what is wrong with an item, and what deserves a second look;
//! * [`ItemDef::answer`]: the slots that apply to a case, each with the ways that were tried.
//!
//! Pure: the facts about the parties come in as plain values ([`PartyFacts`]), and nothing here fetches them.

mod answer;
mod bounded;
mod builtin;
mod check;
mod chinese;
mod code;
mod count;
mod definition;
mod engine;
mod facts;
mod fault;
mod finding;
mod folded;
mod numbers;
mod parse;
mod premise;
mod print;
mod questions;
mod reach;
mod slot;
mod terms;
mod tries;
mod unused;
mod when;

#[cfg(test)]
mod tests;

pub use answer::{SlotAnswer, SlotOutcome};
pub use code::{ItemId, is_item_code};
pub use count::ItemCount;
pub use definition::{ItemDate, ItemDef, ItemOption, ItemQuestion, ItemRole, Premise, SpecialStep};
pub use engine::ItemAnswer;
pub use facts::{Intact, ItemRequest, PartyFacts, PredicateAnswer, PrintedNames, RecordFact, Silence};
pub use fault::ItemFault;
pub use finding::{ItemFinding, ItemFindingKind};
pub use numbers::AboutNumbers;
pub use parse::ConditionFault;
pub use premise::PremiseAnswer;
pub use questions::{AnsweredBy, QuestionAnswer};
pub use slot::{
    Accept, DaysLeft, EqualName, Kinship, Necessity, Original, Predicate, Slot, SlotClass, Way, WayKind,
};
pub use terms::{
    ExerciseLevel, Fee, HandlingKind, ItemKind, ServedHolder, ServiceReach, TimeLimit, TimeUnit,
};
pub use tries::{TryOutcome, WayTried};
pub use when::{Attribute, CaseName, Condition, FactValue, Operator};
