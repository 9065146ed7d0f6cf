//! What is wrong with an item, and what deserves a second look, before anybody applies for it.

use crate::catalog::items::bounded::unbounded;
use crate::catalog::items::questions::NOT_ASKED;
use crate::catalog::items::reach::{Reached, circle, fits, reach};
use crate::catalog::items::unused::unused;
use crate::catalog::items::{
    CaseName, Condition, FactValue, ItemDef, ItemFault, ItemFinding, ItemFindingKind, Predicate, Slot,
    SlotClass, Way, WayKind, code, parse,
};
use crate::catalog::{Catalog, TypeEntry};

/// Most questions of an item.
const QUESTIONS: usize = 8;

struct Check<'a> {
    def: &'a ItemDef,
    catalog: &'a Catalog,
    found: Vec<ItemFinding>,
}

impl ItemDef {
    /// Everything that a check of the item finds, in the order of the item.
    pub fn findings(&self, catalog: &Catalog) -> Vec<ItemFinding> {
        let mut check = Check { def: self, catalog, found: unbounded(self) };
        check.head();
        check.terms();
        check.roles();
        check.premises();
        check.questions();
        for slot in &self.slots {
            check.slot(slot);
        }
        check.found.extend(unused(self));
        check.found
    }

    /// Refuses an item that cannot work; remarks do not refuse it.
    ///
    /// # Errors
    /// All findings that refuse it.
    pub fn check(&self, catalog: &Catalog) -> Result<(), ItemFault> {
        let all = self.findings(catalog).into_iter();
        let refused: Vec<ItemFinding> = all.filter(|finding| finding.kind.refuses()).collect();
        if refused.is_empty() { Ok(()) } else { Err(ItemFault::Inconsistent(refused)) }
    }
}

impl Check<'_> {
    fn add(&mut self, at: &str, kind: ItemFindingKind, about: &str) {
        self.found.push(ItemFinding { at: at.to_owned(), kind, about: about.to_owned() });
    }

    fn head(&mut self) {
        let def = self.def;
        if !code::is_of(&def.code, &def.agency, &def.base_code) {
            self.add("实施编码", ItemFindingKind::CodeForm, "");
        }
        if def.handling_code.as_ref().is_some_and(|one| !code::is_handling(one, &def.code)) {
            self.add("业务办理项编码", ItemFindingKind::CodeForm, "");
        }
        if def.until.is_some_and(|until| until <= def.from) {
            self.add("计划取消日期", ItemFindingKind::Backwards, "");
        }
        let empty = [
            ("事项名称", def.name.is_empty()),
            ("版本", def.version == 0),
            ("设定依据", def.grounds.is_empty()),
            ("当事人", def.parties.is_empty()),
            ("材料", def.slots.is_empty()),
        ];
        for (at, _) in empty.iter().filter(|(_, empty)| *empty) {
            self.add(at, ItemFindingKind::Blank, "");
        }
        if def.questions.len() > QUESTIONS {
            self.add("情形", ItemFindingKind::TooManyQuestions, "");
        }
        self.twice("当事人", def.parties.iter().map(|role| role.name.as_str()));
        self.twice("当事人", def.parties.iter().map(|role| role.code.as_str()));
        self.twice("情形", def.questions.iter().map(|question| question.name.as_str()));
        self.twice("基准日", def.dates.iter().map(|date| date.name.as_str()));
        self.twice("材料", def.slots.iter().map(|slot| slot.id.as_str()));
    }

    fn terms(&mut self) {
        let def = self.def;
        if def.promised.is_longer(def.statutory) {
            self.add("承诺办结时限", ItemFindingKind::PromisedLate, "");
        }
        match code::level(&def.code) {
            None => self.add("实施编码", ItemFindingKind::LevelForm, ""),
            Some(level) if level != def.level.digit() => {
                self.add("实施编码", ItemFindingKind::LevelDiffers, &level.to_string());
            }
            Some(_) => {}
        }
    }

    fn twice<'n>(&mut self, at: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen: Vec<&str> = Vec::new();
        for name in names {
            if seen.contains(&name) {
                self.add(at, ItemFindingKind::Twice, name);
            }
            seen.push(name);
        }
    }

    fn roles(&mut self) {
        for role in &self.def.parties {
            if !parse::is_name(&role.name) {
                self.add("当事人", ItemFindingKind::NameForm, &role.name);
            }
            if role.max == 0 || role.min > role.max {
                self.add("当事人", ItemFindingKind::RoleCount, &role.name);
            }
        }
    }

    fn premises(&mut self) {
        let def = self.def;
        for premise in &def.premises {
            let at = format!("前提.{}", premise.role);
            self.role(&at, &premise.role, Some(&premise.role));
            self.condition(&at, &premise.holds, Some(&premise.role));
            if circle(def).is_none() {
                self.reached(&at, Some(&premise.holds), ItemFindingKind::Unreachable);
            }
        }
    }

    fn questions(&mut self) {
        let def = self.def;
        for question in &def.questions {
            let at = format!("情形.{}", question.name);
            if !parse::is_name(&question.name) {
                self.add(&at, ItemFindingKind::NameForm, &question.name);
            }
            if question.options.len() < 2 {
                self.add(&at, ItemFindingKind::TooFewOptions, "");
            }
            self.twice(&at, question.options.iter().map(|option| option.value.as_str()));
            for option in question.options.iter().filter(|option| option.value == NOT_ASKED) {
                self.add(&at, ItemFindingKind::NameForm, &option.value);
            }
            let by = question.options.iter().filter_map(|option| option.answered_by.as_ref());
            for condition in question.when.iter().chain(by) {
                self.condition(&at, condition, None);
            }
        }
        match circle(def) {
            Some(name) => self.add(&format!("情形.{name}"), ItemFindingKind::Circle, ""),
            None => {
                for question in &def.questions {
                    let at = format!("情形.{}", question.name);
                    self.reached(&at, question.when.as_ref(), ItemFindingKind::Unanswerable);
                }
            }
        }
    }

    fn reached(&mut self, at: &str, when: Option<&Condition>, never: ItemFindingKind) {
        match when.map(|when| reach(self.def, when)) {
            Some(Reached::Never) => self.add(at, never, ""),
            Some(Reached::TooWide) => self.add(at, ItemFindingKind::TooWide, ""),
            Some(Reached::Sometimes) | None => {}
        }
    }

    /// Names and values of a condition; `own` is the role of the slot it stands in.
    fn condition(&mut self, at: &str, condition: &Condition, own: Option<&str>) {
        for (named, by, to) in condition.tests() {
            match named {
                CaseName::Question(name) => self.answers(at, name, to),
                CaseName::Attribute { role, .. } => self.role(at, role, own),
                CaseName::Holds { role, slug } => {
                    self.role(at, role, own);
                    self.entry(at, slug);
                }
            }
            if !fits(named, by, to) {
                self.add(at, ItemFindingKind::ValueKind, &named.to_string());
            }
        }
    }

    fn answers(&mut self, at: &str, name: &str, to: &[FactValue]) {
        let Some(question) = self.def.questions.iter().find(|question| question.name == name) else {
            return self.add(at, ItemFindingKind::QuestionUnknown, name);
        };
        for value in to {
            if let FactValue::Text(text) = value
                && !question.options.iter().any(|option| option.value == *text)
            {
                self.add(at, ItemFindingKind::OptionUnknown, text);
            }
        }
    }

    /// A role that a slot or a condition names: the slot's own, or one with exactly one party.
    fn role(&mut self, at: &str, name: &str, own: Option<&str>) {
        match self.def.role(name) {
            None => self.add(at, ItemFindingKind::RoleUnknown, name),
            Some(role) if own != Some(name) && (role.min, role.max) != (1, 1) => {
                self.add(at, ItemFindingKind::RoleNotOne, name);
            }
            Some(_) => {}
        }
    }

    fn entry(&mut self, at: &str, slug: &str) -> Option<&TypeEntry> {
        let catalog = self.catalog;
        let entry = catalog.type_by_slug(slug);
        if entry.is_none() {
            self.add(at, ItemFindingKind::TypeUnknown, slug);
        }
        entry.map(std::sync::Arc::as_ref)
    }

    fn slot(&mut self, slot: &Slot) {
        let at = format!("材料.{}", slot.id);
        self.role(&at, &slot.role, Some(&slot.role));
        if let Some(when) = &slot.when {
            self.condition(&at, when, Some(&slot.role));
            if circle(self.def).is_none() {
                self.reached(&at, Some(when), ItemFindingKind::Unreachable);
            }
        }
        if slot.ways.is_empty() {
            self.add(&at, ItemFindingKind::NoWay, "");
        }
        for way in &slot.ways {
            self.way(&at, slot, way);
        }
        if slot.class == SlotClass::Proof && slot.basis.as_ref().is_none_or(|basis| basis.trim().is_empty()) {
            self.add(&at, ItemFindingKind::NoBasis, &slot.name);
        }
        let sourced = |way: &Way| matches!(way.kind(), WayKind::Pulled | WayKind::Checked | WayKind::Asked);
        let filled = |way: &Way| matches!(way, Way::ByApplicant { on_site: true, .. });
        let document = matches!(slot.class, SlotClass::Certificate | SlotClass::Proof | SlotClass::Other);
        if document && !slot.ways.iter().any(sourced) && !slot.ways.iter().any(filled) {
            self.add(&at, ItemFindingKind::Uncovered, &slot.name);
        }
    }

    /// A type that is pulled must be kept here, and issued to holders of the role's kind.
    fn issued(&mut self, at: &str, slot: &Slot, slug: &str) {
        let Some(entry) = self.catalog.type_by_slug(slug) else { return };
        let def = entry.def();
        if def.relay_only {
            self.add(at, ItemFindingKind::RelayOnly, slug);
        }
        let kind = self.def.role(&slot.role).map(|role| role.holder);
        let issued = def.applies.as_ref().zip(kind).is_none_or(|(applies, kind)| applies.to.contains(&kind));
        if !issued {
            self.add(at, ItemFindingKind::OtherKind, slug);
        }
    }

    fn way(&mut self, at: &str, slot: &Slot, way: &Way) {
        match way {
            Way::Pulled { slug, fields, typed, accept } => {
                let equal = accept.equal.iter().map(|equal| &equal.field);
                let unknown: Vec<String> = match self.entry(at, slug) {
                    Some(entry) => {
                        let missing = |field: &&String| entry.face().field(field).is_none();
                        fields.iter().chain(equal).filter(missing).cloned().collect()
                    }
                    None => Vec::new(),
                };
                if fields.is_empty() {
                    self.add(at, ItemFindingKind::NoField, slug);
                }
                for field in typed.iter().flatten().filter(|field| !fields.contains(field)) {
                    self.add(at, ItemFindingKind::TypedField, field);
                }
                self.issued(at, slot, slug);
                for field in &unknown {
                    self.add(at, ItemFindingKind::FieldUnknown, field);
                }
                for equal in &accept.equal {
                    self.role(at, &equal.role, Some(&slot.role));
                }
                if let Some(name) = &accept.as_of
                    && !self.def.dates.iter().any(|date| date.name == *name)
                {
                    self.add(at, ItemFindingKind::DateUnknown, name);
                }
            }
            Way::Checked { predicate: Predicate::Holds { slug }, .. } => {
                self.entry(at, slug);
            }
            // Where nobody is in that role the question has no answer; of several it would have many.
            Way::Checked { predicate: Predicate::Related { role, .. }, .. }
                if self.def.role(role).is_none_or(|role| role.max != 1) =>
            {
                self.role(at, role, None);
            }
            Way::Checked { predicate: Predicate::Told { question, numbers, .. }, .. }
                if numbers.is_any() && asks_for_none(question) =>
            {
                self.add(at, ItemFindingKind::NumbersUnsaid, question);
            }
            Way::Promised { .. } if self.def.no_promise.is_some() => {
                self.add(at, ItemFindingKind::PromiseForbidden, &slot.name);
            }
            Way::Promised { .. } if slot.class == SlotClass::Certificate => {
                self.add(at, ItemFindingKind::PromiseOfCertificate, &slot.name);
            }
            Way::Deferred { within } => {
                // Of two units the working days are the longer ones.
                let promised = self.def.promised;
                if within.unit != promised.unit || within.count > promised.count {
                    self.add(at, ItemFindingKind::DeferralTooLong, &slot.name);
                }
            }
            _ => {}
        }
    }
}

/// Whether a question to a department seems to ask that there is nothing: then a yes about one number says nothing of
/// another. 有无 asks for either.
fn asks_for_none(question: &str) -> bool {
    let plain = question.replace("有无", "");
    ["没有", "未", "无"].iter().any(|word| plain.contains(word))
}
