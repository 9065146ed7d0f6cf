//! What is wrong with a bundle, beside the items it names.

use std::borrow::Borrow;

use crate::catalog::bundles::finding::{BundleFinding, BundleFindingKind, MOST_ITEMS};
use crate::catalog::bundles::{BundleDef, is_bundle_code};
use crate::catalog::items::{CaseName, ItemDef, ItemQuestion, Way};

struct Check<'a> {
    def: &'a BundleDef,
    items: &'a [&'a ItemDef],
    found: Vec<BundleFinding>,
}

impl BundleDef {
    /// Everything that a check of the bundle finds.
    pub fn findings<I: Borrow<ItemDef>>(&self, items: &[I]) -> Vec<BundleFinding> {
        let items: Vec<&ItemDef> = items.iter().map(Borrow::borrow).collect();
        let mut check = Check { def: self, items: &items, found: Vec::new() };
        check.texts();
        if self.items.len() > MOST_ITEMS {
            check.add("事项", BundleFindingKind::TooMany, &MOST_ITEMS.to_string());
        }
        if self.items.len() < 2 {
            check.add("事项", BundleFindingKind::TooFew, "");
        }
        check.items();
        check.questions();
        check.feeds();
        check.found
    }
}

impl Check<'_> {
    fn add(&mut self, at: &str, kind: BundleFindingKind, about: &str) {
        self.found.push(BundleFinding { at: at.to_owned(), kind, about: about.to_owned() });
    }

    /// Names and numbers of the bundle by itself.
    fn texts(&mut self) {
        let def = self.def;
        if !is_bundle_code(&def.slug) {
            self.add("编号", BundleFindingKind::CodeForm, &def.slug);
        }
        for (at, text) in [("一件事名称", &def.name), ("牵头机构", &def.lead)] {
            if text.trim().is_empty() {
                self.add(at, BundleFindingKind::Blank, "");
            }
        }
        if def.version == 0 {
            self.add("版本", BundleFindingKind::Blank, "");
        }
        for (place, role) in def.parties.iter().enumerate() {
            let at = format!("当事人.{}", role.name);
            if role.name.trim().is_empty() || role.code.trim().is_empty() {
                self.add(&at, BundleFindingKind::Blank, "");
            }
            let mut before = def.parties.iter().take(place);
            if before.any(|other| other.name == role.name || other.code == role.code) {
                self.add(&at, BundleFindingKind::Twice, "");
            }
            if role.max == 0 || role.min > role.max {
                self.add(&at, BundleFindingKind::RoleCount, "");
            }
        }
        for (place, question) in def.questions.iter().enumerate() {
            let at = format!("情形.{}", question.name);
            if def.questions.iter().take(place).any(|other| other.name == question.name) {
                self.add(&at, BundleFindingKind::Twice, "");
            }
            if question.options.len() < 2 {
                self.add(&at, BundleFindingKind::TooFewOptions, "");
            }
            // Which items there are is asked before anything is known of anybody.
            let by_facts =
                question.options.iter().any(|one| one.answered_by.is_some() || one.referred_to.is_some());
            if question.when.is_some() || by_facts {
                self.add(&at, BundleFindingKind::ConditionUnfit, "");
            }
        }
    }

    fn items(&mut self) {
        let (def, items) = (self.def, self.items);
        for (place, own) in def.items.iter().enumerate() {
            let at = format!("事项.{}", own.code);
            if def.items.iter().take(place).any(|other| other.code == own.code) {
                self.add(&at, BundleFindingKind::Twice, "");
            }
            let Some(item) = items.iter().copied().find(|item| item.code == own.code) else {
                self.add(&at, BundleFindingKind::ItemUnknown, "");
                continue;
            };
            self.roles(&at, own, item);
            for (name, value) in &own.fixed {
                self.answer(&at, &item.questions, name, value);
            }
            for (named, _, to) in own.when.iter().flat_map(|when| when.tests()) {
                match named {
                    CaseName::Question(name) => {
                        for value in to {
                            let text = value.to_string();
                            let text = text.trim_start_matches('「').trim_end_matches('」');
                            self.answer(&at, &def.questions, name, text);
                        }
                    }
                    other => self.add(&at, BundleFindingKind::ConditionUnfit, &other.to_string()),
                }
            }
        }
    }

    fn roles(&mut self, at: &str, own: &super::BundleItem, item: &ItemDef) {
        let def = self.def;
        for (name, as_name) in &own.roles {
            let (Some(role), Some(as_role)) = (item.role(name), def.role(as_name)) else {
                self.add(at, BundleFindingKind::RoleUnknown, name);
                continue;
            };
            // Parties of several roles may be one role of the item; fewest and most must still hold.
            let few = role.min > as_role.min && role.min > 0;
            if role.holder != as_role.holder || few || as_role.max > role.max {
                self.add(at, BundleFindingKind::RoleUnfit, name);
            }
        }
        for role in item.parties.iter().filter(|role| role.min > 0 && !own.roles.contains_key(&role.name)) {
            self.add(at, BundleFindingKind::RoleLeftOut, &role.name);
        }
    }

    fn answer(&mut self, at: &str, questions: &[ItemQuestion], name: &str, value: &str) {
        match questions.iter().find(|question| question.name == name) {
            None => self.add(at, BundleFindingKind::QuestionUnknown, name),
            Some(question) if !question.options.iter().any(|option| option.value == value) => {
                self.add(at, BundleFindingKind::OptionUnknown, value);
            }
            Some(_) => {}
        }
    }

    /// One answer stands for all questions of a name.
    fn questions(&mut self) {
        let (def, items) = (self.def, self.items);
        let mut seen: Vec<&ItemQuestion> = def.questions.iter().collect();
        for (own, item) in def.known(items) {
            for question in item.questions.iter().filter(|one| !own.fixed.contains_key(&one.name)) {
                let values = |one: &ItemQuestion| -> Vec<String> {
                    one.options.iter().map(|option| option.value.clone()).collect()
                };
                match seen.iter().find(|other| other.name == question.name) {
                    Some(other) if values(other) != values(question) => {
                        self.add(&format!("情形.{}", question.name), BundleFindingKind::QuestionsDiffer, "");
                    }
                    Some(_) => {}
                    None => seen.push(question),
                }
            }
        }
    }

    fn feeds(&mut self) {
        let (def, items) = (self.def, self.items);
        let place = |code: &str| def.items.iter().position(|own| own.code == code);
        let item = |code: &str| items.iter().copied().find(|item| item.code == code);
        let mut fed: Vec<(&str, &str)> = Vec::new();
        for feed in &def.feeds {
            let at = format!("结果衔接.{}", feed.item);
            let (Some(from), Some(source)) = (place(&feed.item), item(&feed.item)) else {
                self.add(&at, BundleFindingKind::ItemUnknown, "");
                continue;
            };
            if !source.results.contains(&feed.result) {
                self.add(&at, BundleFindingKind::ResultUnknown, &feed.result);
            }
            for to in &feed.to {
                if fed.contains(&(&to.item, &to.slot)) {
                    self.add(&at, BundleFindingKind::Twice, &to.slot);
                }
                fed.push((&to.item, &to.slot));
                let (Some(later), Some(target)) = (place(&to.item), item(&to.item)) else {
                    self.add(&at, BundleFindingKind::ItemUnknown, &to.item);
                    continue;
                };
                if later <= from {
                    self.add(&at, BundleFindingKind::Backwards, &to.item);
                }
                let takes = |way: &Way| matches!(way, Way::Pulled { slug, .. } if *slug == feed.slug);
                let slot = target.slots.iter().find(|slot| slot.id == to.slot);
                if !slot.is_some_and(|slot| slot.ways.iter().any(takes)) {
                    self.add(&at, BundleFindingKind::SlotUnfit, &to.slot);
                }
            }
        }
    }
}
