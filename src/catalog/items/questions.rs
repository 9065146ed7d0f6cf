//! The questions of an item (情形): answered by the facts where they decide, else by the applicant.

use std::collections::BTreeMap;

use crate::catalog::items::{
    Accept, CaseName, Condition, FactValue, ItemDef, ItemFault, ItemOption, ItemQuestion, ItemRequest,
    PartyFacts, TryOutcome, tries,
};
use crate::clock::Day;

/// The value of a question that does not apply: it equals no option.
pub(super) const NOT_ASKED: &str = "不适用";

/// One question in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionAnswer {
    /// Its name.
    pub question: String,
    /// Its answer.
    pub answered: AnsweredBy,
}

/// Who answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The facts: nobody is asked.
    ByFacts {
        /// The answer.
        option: String,
        /// What the applicant said, where it is something else. It changes nothing, and it is shown.
        said: Option<String>,
    },
    /// The applicant.
    ByApplicant(String),
    /// It does not apply.
    NotAsked,
    /// It is still to be answered.
    Open,
}

/// Values of names in one case.
pub(super) struct CaseValues<'a> {
    def: &'a ItemDef,
    request: &'a ItemRequest,
    values: BTreeMap<&'a str, Option<FactValue>>,
}

impl<'a> CaseValues<'a> {
    /// Refuses answers to questions that the item does not ask, and those that are none of the options.
    pub(super) fn check(def: &ItemDef, request: &ItemRequest) -> Result<(), ItemFault> {
        for (name, answer) in &request.answers {
            let question = def.questions.iter().find(|question| question.name == *name);
            let all = || def.questions.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join("、");
            let question = question.ok_or_else(|| ItemFault::QuestionUnknown(all()))?;
            if !question.options.iter().any(|option| option.value == *answer) {
                let options: Vec<&str> =
                    question.options.iter().map(|option| option.value.as_str()).collect();
                return Err(ItemFault::OptionUnknown(name.clone(), options.join("、")));
            }
        }
        Ok(())
    }

    /// Answers the questions, each after those it depends on.
    pub(super) fn of(
        def: &'a ItemDef,
        request: &'a ItemRequest,
    ) -> Result<(Self, Vec<QuestionAnswer>), ItemFault> {
        Self::check(def, request)?;
        let mut known = Self { def, request, values: BTreeMap::new() };
        let mut answers: BTreeMap<&str, AnsweredBy> = BTreeMap::new();
        // One round answers at least one question, since a checked item has no circle.
        for _ in &def.questions {
            for question in &def.questions {
                let waits = needed(question).any(|name| !known.values.contains_key(name));
                if waits || known.values.contains_key(question.name.as_str()) {
                    continue;
                }
                let answered = known.answer(question);
                known.values.insert(&question.name, value(&answered));
                answers.insert(&question.name, answered);
            }
        }
        let all = def.questions.iter().map(|question| QuestionAnswer {
            question: question.name.clone(),
            answered: answers.remove(question.name.as_str()).unwrap_or(AnsweredBy::Open),
        });
        Ok((known, all.collect()))
    }

    fn answer(&self, question: &ItemQuestion) -> AnsweredBy {
        let said = self.request.answers.get(&question.name);
        let holds = |when: &Condition| when.holds(&|named| self.value(named, None));
        match question.when.as_ref().map(&holds) {
            Some(Some(false)) => return AnsweredBy::NotAsked,
            Some(None) => return AnsweredBy::Open,
            Some(Some(true)) | None => {}
        }
        let by_facts = |option: &&ItemOption| option.answered_by.as_ref().and_then(&holds) == Some(true);
        let mut decided = question.options.iter().filter(by_facts);
        // Two options at once decide nothing.
        if let (Some(option), None) = (decided.next(), decided.next()) {
            let said = said.filter(|said| **said != option.value).cloned();
            return AnsweredBy::ByFacts { option: option.value.clone(), said };
        }
        said.map_or(AnsweredBy::Open, |said| AnsweredBy::ByApplicant(said.clone()))
    }

    /// The value of a name; `own` is the party whose slot is asked about, for the names of its role.
    pub(super) fn value(&self, named: &CaseName, own: Option<&PartyFacts>) -> Option<FactValue> {
        match named {
            CaseName::Question(name) => self.values.get(name.as_str()).cloned().flatten(),
            CaseName::Attribute { role, attribute } => {
                self.party(role, own)?.attributes.get(attribute).cloned()
            }
            CaseName::Holds { role, slug } => {
                let has = has_valid(self.party(role, own)?, slug, self.request.today);
                has.map(FactValue::Truth)
            }
        }
    }

    fn party(&self, role: &str, own: Option<&'a PartyFacts>) -> Option<&'a PartyFacts> {
        let role = self.def.role(role)?;
        if let Some(own) = own.filter(|own| own.role == role.code) {
            return Some(own);
        }
        let mut all = self.request.parties.iter().filter(|party| party.role == role.code);
        match (all.next(), all.next()) {
            (only, None) => only,
            _ => None,
        }
    }
}

/// Whether a party has a valid record of a type today: unknown where a source is silent, or where nothing found means
/// nothing.
fn has_valid(party: &PartyFacts, slug: &str, today: Day) -> Option<bool> {
    match tries::pull(slug, &Accept::default(), today, party, (&[], &[])).outcome {
        TryOutcome::Met => Some(true),
        outcome if outcome.is_no() => Some(false),
        _ => None,
    }
}

fn value(answered: &AnsweredBy) -> Option<FactValue> {
    match answered {
        AnsweredBy::ByFacts { option, .. } | AnsweredBy::ByApplicant(option) => {
            Some(FactValue::Text(option.clone()))
        }
        AnsweredBy::NotAsked => Some(FactValue::Text(NOT_ASKED.to_owned())),
        AnsweredBy::Open => None,
    }
}

/// The questions on which this one depends.
pub(super) fn needed(question: &ItemQuestion) -> impl Iterator<Item = &str> {
    let by = question.options.iter().filter_map(|option| option.answered_by.as_ref());
    let names = question.when.iter().chain(by).flat_map(Condition::names);
    names.filter_map(|named| match named {
        CaseName::Question(name) => Some(name.as_str()),
        _ => None,
    })
}
