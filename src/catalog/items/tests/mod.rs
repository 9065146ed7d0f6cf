//! Items through their branches, by tables written by hand; the language and the engine by properties.

mod branches;
mod checks;
mod engine;
mod language;
mod tables;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::StatusState;
use crate::clock::{Day, Moment};

pub(super) fn today() -> Day {
    "2026-11-29".parse().unwrap()
}

pub(super) fn item(name: &str) -> ItemDef {
    ItemDef::builtin().unwrap().into_iter().find(|item| item.name == name).unwrap()
}

pub(super) fn party(role: &str, name: &str) -> PartyFacts {
    PartyFacts { role: role.into(), name: name.into(), ..PartyFacts::default() }
}

/// A record that is enough: intact, in force, of that party's name.
pub(super) fn record(slug: &str, name: &str) -> RecordFact {
    RecordFact {
        slug: slug.into(),
        identifier: format!("id-of-{slug}"),
        on: today(),
        intact: Intact::Yes,
        state: StatusState::Active,
        issued_on: "2020-01-01".parse().unwrap(),
        valid_to: Some("2030-01-01".parse().unwrap()),
        working_days_left: None,
        names: PrintedNames(BTreeMap::from([("name".to_owned(), name.to_owned())])),
        members: fields_of_builtin(slug),
    }
}

/// Every field of that type that a slot of a built-in item reads.
fn fields_of_builtin(slug: &str) -> BTreeSet<String> {
    let items = ItemDef::builtin().unwrap();
    let fields = items.iter().flat_map(|item| &item.slots).flat_map(|slot| slot.fields_of(slug));
    fields.map(str::to_owned).collect()
}

pub(super) fn silence(source: &str) -> Silence {
    Silence { source: source.into(), at: Moment::from_micros(1_795_916_460_000_000) }
}

/// A question as an item has it: what asks that there is nothing asks it of each number.
pub(super) fn told(department: &str, question: &str) -> Predicate {
    let none = question.starts_with("是否没有") || question.ends_with("之外");
    let numbers = if none { AboutNumbers::Each } else { AboutNumbers::Any };
    Predicate::Told { department: department.into(), question: question.into(), numbers }
}

pub(super) fn yes() -> PredicateAnswer {
    PredicateAnswer::Yes { evidence: vec!["answer-1".into()] }
}

pub(super) fn request(answers: &[(&str, &str)], parties: Vec<PartyFacts>) -> ItemRequest {
    let answers = answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ItemRequest { answers, dates: BTreeMap::new(), parties, today: today() }
}

/// The slots with their outcomes, as a table of words; what is not required stays out.
pub(super) fn outcomes(answer: &ItemAnswer) -> Vec<String> {
    let needed = answer.slots.iter().filter(|slot| slot.outcome != SlotOutcome::NotRequired);
    needed.map(|slot| format!("{} {}", slot.slot, slot.outcome.wire())).collect()
}
