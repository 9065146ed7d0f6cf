//! The request of each item, made from the request of the bundle.

use std::collections::BTreeMap;

use crate::catalog::bundles::{BundleDef, BundleItem};
use crate::catalog::items::{CaseName, FactValue, ItemDef, ItemFault, ItemRequest, PartyFacts, Predicate};

/// The request of one item. A party of the bundle is a party of the item in each role that it is there.
pub(super) struct ItemCase {
    /// The request.
    pub request: ItemRequest,
    /// For each party of the request its place in the bundle's request.
    pub parties: Vec<usize>,
}

impl BundleDef {
    /// Refuses parties and answers that neither the bundle nor one of its items knows.
    pub(super) fn check_request(
        &self,
        items: &[(&BundleItem, &ItemDef)],
        request: &ItemRequest,
    ) -> Result<(), ItemFault> {
        if request.parties.iter().any(|party| !self.parties.iter().any(|role| role.code == party.role)) {
            return Err(ItemFault::RoleUnknown(String::new()));
        }
        for role in &self.parties {
            let found = request.parties.iter().filter(|party| party.role == role.code).count();
            let number = u32::try_from(found).unwrap_or(u32::MAX);
            if !(role.min..=role.max).contains(&number) {
                let (min, max) = (role.min, role.max);
                return Err(ItemFault::PartyCount { role: role.name.clone(), found, min, max });
            }
        }
        for (name, answer) in &request.answers {
            let of_items = items.iter().flat_map(|(_, item)| &item.questions);
            let mut asked = self.questions.iter().chain(of_items).filter(|one| one.name == *name).peekable();
            if asked.peek().is_none() {
                return Err(ItemFault::QuestionUnknown(name.clone()));
            }
            if !asked.any(|question| question.options.iter().any(|option| option.value == *answer)) {
                return Err(ItemFault::OptionUnknown(name.clone(), answer.clone()));
            }
        }
        match request.dates.keys().all(|name| items.iter().any(|(_, item)| has_date(item, name))) {
            true => Ok(()),
            false => Err(ItemFault::DateUnknown(String::new())),
        }
    }

    /// Whether an item is part of the bundle; none while a question of the bundle is open.
    pub(super) fn applies(&self, own: &BundleItem, request: &ItemRequest) -> Option<bool> {
        let Some(when) = &own.when else { return Some(true) };
        when.holds(&|named| match named {
            CaseName::Question(name) => request.answers.get(name).cloned().map(FactValue::Text),
            _ => None,
        })
    }

    /// The request of an item.
    pub(super) fn case_of(&self, own: &BundleItem, item: &ItemDef, request: &ItemRequest) -> ItemCase {
        let of_item = |name: &str| item.questions.iter().any(|question| question.name == name);
        let said = request.answers.iter().filter(|(name, _)| of_item(name));
        let mut answers: BTreeMap<String, String> =
            said.map(|(name, value)| (name.clone(), value.clone())).collect();
        answers.extend(own.fixed.iter().map(|(name, value)| (name.clone(), value.clone())));
        let dates = request.dates.iter().filter(|(name, _)| has_date(item, name));
        let dates = dates.map(|(name, day)| (name.clone(), *day)).collect();
        let (mut parties, mut places) = (Vec::new(), Vec::new());
        for role in &item.parties {
            let Some(as_role) = own.roles.get(&role.name).and_then(|name| self.role(name)) else { continue };
            let all = request.parties.iter().enumerate().filter(|(_, party)| party.role == as_role.code);
            for (at, party) in all {
                parties.push(PartyFacts {
                    role: role.code.clone(),
                    predicates: renamed(own, party),
                    ..party.clone()
                });
                places.push(at);
            }
        }
        ItemCase { request: ItemRequest { answers, dates, parties, today: request.today }, parties: places }
    }
}

fn has_date(item: &ItemDef, name: &str) -> bool {
    item.dates.iter().any(|date| date.name == name)
}

/// The answers about a party, with the roles named as the item names them.
fn renamed(own: &BundleItem, party: &PartyFacts) -> Vec<(Predicate, crate::catalog::items::PredicateAnswer)> {
    let mut all = Vec::new();
    for (predicate, answer) in &party.predicates {
        let Predicate::Related { kinship, role } = predicate else {
            all.push((predicate.clone(), answer.clone()));
            continue;
        };
        for (name, _) in own.roles.iter().filter(|(_, of_bundle)| *of_bundle == role) {
            let asked = Predicate::Related { kinship: *kinship, role: name.clone() };
            all.push((asked, answer.clone()));
        }
    }
    all
}
