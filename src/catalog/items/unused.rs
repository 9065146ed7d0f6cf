//! Names that an item gives and nothing in it uses: a role without a material, a question or a day that decides nothing.
//! Nothing goes wrong by them; somebody forgot something, or asks for more than it needs.

use std::collections::BTreeSet;

use crate::catalog::items::{CaseName, Condition, ItemDef, ItemFinding, ItemFindingKind, Predicate, Way};

/// Each such name, in the order of the item.
pub(super) fn unused(def: &ItemDef) -> Vec<ItemFinding> {
    let used = Used::of(def);
    let find = |at: &str, name: &str| ItemFinding {
        at: at.to_owned(),
        kind: ItemFindingKind::Unused,
        about: name.to_owned(),
    };
    let roles = def.parties.iter().filter(|role| !used.roles.contains(role.name.as_str()));
    let roles = roles.map(|role| find("当事人", &role.name));
    // An option that leads to another item is an answer of its own.
    let leads = |name: &str| {
        let question = def.questions.iter().find(|question| question.name == name);
        question.is_some_and(|question| question.options.iter().any(|option| option.referred_to.is_some()))
    };
    let questions = def.questions.iter().map(|question| question.name.as_str());
    let questions = questions.filter(|name| !used.questions.contains(name) && !leads(name));
    let days = def.dates.iter().filter(|day| !used.days.contains(day.name.as_str()));
    roles
        .chain(questions.map(|name| find("情形", name)))
        .chain(days.map(|day| find("基准日", &day.name)))
        .collect()
}

/// The names that are used.
#[derive(Default)]
struct Used<'d> {
    roles: BTreeSet<&'d str>,
    questions: BTreeSet<&'d str>,
    days: BTreeSet<&'d str>,
}

impl<'d> Used<'d> {
    fn of(def: &'d ItemDef) -> Self {
        let mut used = Self::default();
        for premise in &def.premises {
            used.roles.insert(&premise.role);
            used.condition(&premise.holds);
        }
        for question in &def.questions {
            let by = question.options.iter().filter_map(|option| option.answered_by.as_ref());
            question.when.iter().chain(by).for_each(|condition| used.condition(condition));
        }
        for slot in &def.slots {
            used.roles.insert(&slot.role);
            slot.when.iter().for_each(|condition| used.condition(condition));
            for way in &slot.ways {
                match way {
                    Way::Pulled { accept, .. } => {
                        used.roles.extend(accept.equal.iter().map(|equal| equal.role.as_str()));
                        used.days.extend(accept.as_of.as_deref());
                    }
                    Way::Checked { predicate: Predicate::Related { role, .. }, .. } => {
                        used.roles.insert(role);
                    }
                    _ => {}
                }
            }
        }
        used
    }

    fn condition(&mut self, condition: &'d Condition) {
        for name in condition.names() {
            match name {
                CaseName::Question(name) => drop(self.questions.insert(name)),
                CaseName::Attribute { role, .. } | CaseName::Holds { role, .. } => {
                    self.roles.insert(role);
                }
            }
        }
    }
}
