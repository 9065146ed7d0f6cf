//! The case of each item, made from the case of the bundle.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::catalog::bundles::{BundleDef, BundleItem};
use crate::catalog::items::{
    CaseName, FactValue, ItemDef, ItemFault, ItemRequest, PartyFacts, Predicate, PredicateAnswer,
};
use crate::clock::Day;

/// A case of a bundle before anything is known of its parties.
#[derive(Debug, Clone, Copy)]
pub struct BundleCase<'a> {
    /// Answers by the name of the question, those of the bundle and of its items.
    pub answers: &'a BTreeMap<String, String>,
    /// Past days by their names.
    pub dates: &'a BTreeMap<String, Day>,
    /// The code of the role of each party, in their order.
    pub roles: &'a [&'a str],
    /// The legal day of the case.
    pub today: Day,
}

/// One item of a bundle in a case. A party of the bundle is a party of the item in each role that it is there.
#[derive(Debug, Clone)]
pub struct BundlePart<'a> {
    /// As the bundle names it.
    pub own: &'a BundleItem,
    /// The item.
    pub item: &'a ItemDef,
    /// Its answers, those with it that the bundle gives.
    pub answers: BTreeMap<String, String>,
    /// Its past days.
    pub dates: BTreeMap<String, Day>,
    /// For each party of the item the code of its role, and its place among the bundle's parties.
    pub parties: Vec<(String, usize)>,
}

/// The items of a bundle in a case.
#[derive(Debug, Clone)]
pub struct BundleParts<'a> {
    /// Those that are part of it here, in their order.
    pub items: Vec<BundlePart<'a>>,
    /// 实施编码 of those that wait for an answer to a question of the bundle.
    pub open: Vec<String>,
}

impl BundleDef {
    /// Refuses parties, answers and days that neither the bundle nor one of its items knows, and a day that has not come.
    ///
    /// # Errors
    /// The first of them.
    pub fn check_case<I: Borrow<ItemDef>>(&self, known: &[I], case: BundleCase<'_>) -> Result<(), ItemFault> {
        if case.roles.iter().any(|code| !self.parties.iter().any(|role| role.code == *code)) {
            let codes: Vec<&str> = self.parties.iter().map(|role| role.code.as_str()).collect();
            return Err(ItemFault::RoleUnknown(codes.join(" ")));
        }
        for role in &self.parties {
            let found = case.roles.iter().filter(|code| role.code == **code).count();
            let number = u32::try_from(found).unwrap_or(u32::MAX);
            if !(role.min..=role.max).contains(&number) {
                let (min, max) = (role.min, role.max);
                return Err(ItemFault::PartyCount { role: role.name.clone(), found, min, max });
            }
        }
        let items = self.known(known);
        for (name, answer) in case.answers {
            let of_items = items.iter().flat_map(|(own, item)| {
                item.questions.iter().filter(|question| !own.fixed.contains_key(&question.name))
            });
            let all = || self.questions.iter().chain(of_items.clone());
            let asked: Vec<_> = all().filter(|one| one.name == *name).collect();
            if asked.is_empty() {
                let mut names: Vec<&str> = all().map(|one| one.name.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                return Err(ItemFault::QuestionUnknown(names.join("、")));
            }
            let options = || asked.iter().flat_map(|question| &question.options);
            if !options().any(|option| option.value == *answer) {
                let mut values: Vec<&str> = options().map(|option| option.value.as_str()).collect();
                values.dedup();
                return Err(ItemFault::OptionUnknown(name.clone(), values.join("、")));
            }
        }
        for (name, day) in case.dates {
            if !items.iter().any(|(_, item)| has_date(item, name)) {
                let all = items.iter().flat_map(|(_, item)| &item.dates);
                return Err(ItemFault::DateUnknown(
                    all.map(|date| date.name.clone()).collect::<Vec<_>>().join("、"),
                ));
            }
            if *day > case.today {
                return Err(ItemFault::DateAhead(name.clone()));
            }
        }
        Ok(())
    }

    /// The items that are part of the bundle in a case, each with its parties. The bundle and its items must have passed
    /// their checks.
    pub fn parts<'a, I: Borrow<ItemDef>>(&'a self, known: &'a [I], case: BundleCase<'_>) -> BundleParts<'a> {
        let mut parts = BundleParts { items: Vec::new(), open: Vec::new() };
        for (own, item) in self.known(known) {
            match applies(own, case) {
                Some(true) => parts.items.push(self.part(own, item, case)),
                Some(false) => {}
                None => parts.open.push(item.code.clone()),
            }
        }
        parts
    }

    fn part<'a>(&self, own: &'a BundleItem, item: &'a ItemDef, case: BundleCase<'_>) -> BundlePart<'a> {
        let of_item = |name: &str| item.questions.iter().any(|question| question.name == name);
        let said = case.answers.iter().filter(|(name, _)| of_item(name));
        let mut answers: BTreeMap<String, String> =
            said.map(|(name, value)| (name.clone(), value.clone())).collect();
        answers.extend(own.fixed.iter().map(|(name, value)| (name.clone(), value.clone())));
        let dates = case.dates.iter().filter(|(name, _)| has_date(item, name));
        let dates = dates.map(|(name, day)| (name.clone(), *day)).collect();
        let mut parties = Vec::new();
        for role in &item.parties {
            let Some(as_role) = own.roles.get(&role.name).and_then(|name| self.role(name)) else { continue };
            let all = case.roles.iter().enumerate().filter(|(_, code)| **code == as_role.code);
            parties.extend(all.map(|(at, _)| (role.code.clone(), at)));
        }
        BundlePart { own, item, answers, dates, parties }
    }
}

impl BundlePart<'_> {
    /// The request of the item, with what is known of the bundle's parties.
    pub(super) fn request(&self, of_bundle: &ItemRequest) -> ItemRequest {
        let parties = self.parties.iter().filter_map(|(role, at)| {
            let party = of_bundle.parties.get(*at)?;
            let predicates = renamed(self.own, party);
            Some(PartyFacts { role: role.clone(), predicates, ..party.clone() })
        });
        ItemRequest {
            answers: self.answers.clone(),
            dates: self.dates.clone(),
            parties: parties.collect(),
            today: of_bundle.today,
        }
    }
}

/// Whether an item is part of the bundle; none while a question of the bundle is open.
fn applies(own: &BundleItem, case: BundleCase<'_>) -> Option<bool> {
    let Some(when) = &own.when else { return Some(true) };
    when.holds(&|named| match named {
        CaseName::Question(name) => case.answers.get(name).cloned().map(FactValue::Text),
        _ => None,
    })
}

fn has_date(item: &ItemDef, name: &str) -> bool {
    item.dates.iter().any(|date| date.name == name)
}

/// The answers about a party, with the roles named as the item names them.
fn renamed(own: &BundleItem, party: &PartyFacts) -> Vec<(Predicate, PredicateAnswer)> {
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
