//! Whether a condition can become true: it is tried with every value that makes a difference.

use std::collections::BTreeMap;

use crate::catalog::items::questions::{NOT_ASKED, needed};
use crate::catalog::items::{CaseName, Condition, FactValue, ItemDef, Operator};

/// Most combinations of values that are tried; a condition with more is too wide to read, too.
const MOST: usize = 20_000;

/// What trying it showed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Some values make it true.
    Sometimes,
    /// No values do.
    Never,
    /// There are too many values.
    TooWide,
}

/// Tries a condition of an item without circles.
pub(super) fn reach(def: &ItemDef, condition: &Condition) -> Reached {
    let mut conditions = vec![condition];
    let mut questions: Vec<&str> = Vec::new();
    let mut at = 0;
    // The conditions of the questions it speaks of bound its values, and so on.
    while let Some(one) = conditions.get(at).copied() {
        at += 1;
        for named in one.names() {
            let CaseName::Question(name) = named else { continue };
            if questions.contains(&name.as_str()) {
                continue;
            }
            questions.push(name);
            conditions
                .extend(def.questions.iter().filter(|q| q.name == *name).filter_map(|q| q.when.as_ref()));
        }
    }
    let domains = domains(def, &conditions);
    let total = domains.iter().try_fold(1_usize, |total, (_, values)| total.checked_mul(values.len()));
    let Some(total) = total.filter(|total| *total <= MOST) else { return Reached::TooWide };
    let possible = |number: usize| {
        let values = assignment(&domains, number);
        let known = |named: &CaseName| values.get(named).map(|value| (*value).clone());
        let consistent = questions.iter().all(|name| asked_as_it_applies(def, name, &values, &known));
        consistent && condition.holds(&known) == Some(true)
    };
    if (0..total).any(possible) { Reached::Sometimes } else { Reached::Never }
}

/// A question has no answer exactly when it does not apply.
fn asked_as_it_applies(
    def: &ItemDef,
    name: &str,
    values: &BTreeMap<&CaseName, &FactValue>,
    known: &dyn Fn(&CaseName) -> Option<FactValue>,
) -> bool {
    let Some(question) = def.questions.iter().find(|question| question.name == name) else { return true };
    let applies = question.when.as_ref().is_none_or(|when| when.holds(known) == Some(true));
    let open = values.get(&CaseName::Question(name.to_owned())).is_some_and(|value| **value == not_asked());
    applies != open
}

fn not_asked() -> FactValue {
    FactValue::Text(NOT_ASKED.to_owned())
}

/// The values of each name that make a difference.
fn domains<'a>(def: &ItemDef, conditions: &[&'a Condition]) -> Vec<(&'a CaseName, Vec<FactValue>)> {
    let mut all: BTreeMap<&CaseName, Vec<FactValue>> = BTreeMap::new();
    for (named, _, to) in conditions.iter().flat_map(|condition| condition.tests()) {
        let values = all.entry(named).or_default();
        match named {
            CaseName::Question(name) => {
                let question = def.questions.iter().find(|question| question.name == *name);
                let options = question.into_iter().flat_map(|question| &question.options);
                values.extend(options.map(|option| FactValue::Text(option.value.clone())));
                values.push(not_asked());
            }
            CaseName::Holds { .. } => values.extend([FactValue::Truth(true), FactValue::Truth(false)]),
            CaseName::Attribute { .. } => {
                if to.is_empty() {
                    values.extend([FactValue::Truth(true), FactValue::Truth(false)]);
                }
                for one in to {
                    values.extend(around(one));
                }
            }
        }
        values.sort();
        values.dedup();
    }
    all.into_iter().collect()
}

/// A value and its neighbours.
fn around(value: &FactValue) -> Vec<FactValue> {
    match value {
        FactValue::Number(number) => {
            // Ages below 0 are none.
            let near = [number.saturating_sub(1), *number, number.saturating_add(1)];
            near.into_iter().filter(|one| *one >= 0).map(FactValue::Number).collect()
        }
        FactValue::Text(text) => vec![FactValue::Text(text.clone()), FactValue::Text(format!("非{text}"))],
        FactValue::Truth(_) => vec![FactValue::Truth(true), FactValue::Truth(false)],
    }
}

fn assignment<'a>(
    domains: &'a [(&'a CaseName, Vec<FactValue>)],
    mut number: usize,
) -> BTreeMap<&'a CaseName, &'a FactValue> {
    let mut values = BTreeMap::new();
    for (named, domain) in domains {
        if let Some(value) = domain.get(number % domain.len().max(1)) {
            values.insert(*named, value);
        }
        number /= domain.len().max(1);
    }
    values
}

/// The name of a question in a circle of questions, if there is one.
pub(super) fn circle(def: &ItemDef) -> Option<&str> {
    let mut settled: Vec<&str> = Vec::new();
    loop {
        let known = |name: &str| settled.contains(&name) || !def.questions.iter().any(|q| q.name == name);
        let ready = def
            .questions
            .iter()
            .find(|question| !settled.contains(&question.name.as_str()) && needed(question).all(known));
        match ready {
            Some(question) => settled.push(&question.name),
            None => break,
        }
    }
    let open = def.questions.iter().find(|question| !settled.contains(&question.name.as_str()));
    open.map(|question| question.name.as_str())
}

/// Whether an operator and a value fit the kind of values that a name has.
pub(super) fn fits(named: &CaseName, by: Option<Operator>, to: &[FactValue]) -> bool {
    use crate::catalog::items::Attribute;
    let kind = match named {
        CaseName::Question(_) => FactValue::Text(String::new()),
        CaseName::Holds { .. } => FactValue::Truth(true),
        CaseName::Attribute { attribute, .. } => match attribute {
            Attribute::Age => FactValue::Number(0),
            Attribute::Local => FactValue::Truth(true),
            Attribute::Sex | Attribute::CodeType => FactValue::Text(String::new()),
        },
    };
    let same = |value: &FactValue| std::mem::discriminant(value) == std::mem::discriminant(&kind);
    match by {
        None => same(&FactValue::Truth(true)),
        Some(by) if by.is_order() => same(&FactValue::Number(0)) && to.iter().all(same),
        Some(_) => to.iter().all(same),
    }
}
