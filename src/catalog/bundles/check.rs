//! What is wrong with a bundle, beside the items it names.

use crate::catalog::bundles::BundleDef;
use crate::catalog::items::{CaseName, ItemDef, ItemQuestion, Way};
use crate::closed::closed;

/// One finding. Each of them refuses the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFinding {
    /// The place: `事项.<code>`, `结果衔接.<code>`, `情形.<name>`.
    pub at: String,
    /// The kind.
    pub kind: BundleFindingKind,
    /// The name it is about; empty where the place says all.
    pub about: String,
}

closed! {
    /// What a check of a bundle finds.
    BundleFindingKind {
        TooFew, "too_few", "少于两个事项", "a bundle has two items or more";
        ItemUnknown, "item_unknown", "没有这个事项", "there is no such item";
        Twice, "twice", "重复", "it stands twice";
        RoleUnknown, "role_unknown", "没有这个当事人角色", "there is no such role";
        RoleLeftOut, "role_left_out", "事项必须有的角色没有写到", "a role that the item needs is left out";
        RoleUnfit, "role_unfit", "主体或人数不合", "the two roles are not of one kind and number";
        QuestionUnknown, "question_unknown", "没有这个情形", "there is no such question";
        OptionUnknown, "option_unknown", "没有这个选项", "the question has no such option";
        QuestionsDiffer, "questions_differ", "同名情形的选项不同", "two questions of one name have other options";
        ConditionUnfit, "condition_unfit", "适用情形只能说一件事的情形", "a condition speaks of the bundle's questions only";
        ResultUnknown, "result_unknown", "事项没有这个结果", "the item has no such result";
        Backwards, "backwards", "结果只能用于后面的事项", "a result feeds later items only";
        SlotUnfit, "slot_unfit", "没有这份材料,或材料不收这种证照", "there is no such material, or it takes no such record";
    }
}

struct Check<'a> {
    def: &'a BundleDef,
    items: &'a [ItemDef],
    found: Vec<BundleFinding>,
}

impl BundleDef {
    /// Everything that a check of the bundle finds.
    pub fn findings(&self, items: &[ItemDef]) -> Vec<BundleFinding> {
        let mut check = Check { def: self, items, found: Vec::new() };
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

    fn items(&mut self) {
        let (def, items) = (self.def, self.items);
        for (place, own) in def.items.iter().enumerate() {
            let at = format!("事项.{}", own.code);
            if def.items.iter().take(place).any(|other| other.code == own.code) {
                self.add(&at, BundleFindingKind::Twice, "");
            }
            let Some(item) = items.iter().find(|item| item.code == own.code) else {
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
        let item = |code: &str| items.iter().find(|item| item.code == code);
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
