//! The answer of a bundle to a case: each question once, each material once, and what that saves.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::catalog::bundles::{BundleCase, BundleDef, BundleItem, BundlePart, BundleParts};
use crate::catalog::items::{
    Accept, AnsweredBy, EqualName, ItemAnswer, ItemCount, ItemDef, ItemFault, ItemRequest, Necessity,
    Original, QuestionAnswer, Slot, SlotAnswer, SlotOutcome, Way, WayTried,
};

/// The answer of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleAnswer {
    /// 实施编码 of the items that are part of it here, in their order.
    pub items: Vec<String>,
    /// Items that wait for an answer to a question of the bundle.
    pub open_items: Vec<String>,
    /// The bundle's own questions, and those of all items, each once, that the bundle does not answer itself.
    pub questions: Vec<QuestionAnswer>,
    /// The materials, each once, in the order in which they first come up.
    pub slots: Vec<MergedSlot>,
    /// How many there are.
    pub count: BundleCount,
}

/// One material of one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedSlot {
    /// The name under which it first comes up.
    pub name: String,
    /// Which of the bundle's parties, from 0; none where nobody is there who should bring it.
    pub party: Option<usize>,
    /// Where it is used.
    pub uses: Vec<SlotUse>,
    /// What came of it: of several uses one that is not met, if there is one.
    pub outcome: SlotOutcome,
    /// Whether one of the items needs it.
    pub necessity: Necessity,
    /// The most that one of the items asks of the paper itself.
    pub original: Original,
    /// Code of the item whose result it is: nobody hands it in.
    pub fed_by: Option<String>,
    /// The ways of the use that tells its outcome.
    tried: Vec<WayTried>,
    /// What makes two materials one.
    key: Document,
}

/// One use of a material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotUse {
    /// 实施编码 of the item.
    pub item: String,
    /// 编号 of its slot.
    pub slot: String,
}

/// Counts of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BundleCount {
    /// Items.
    pub items: usize,
    /// Materials of all items, each done alone.
    pub before: usize,
    /// Materials of the bundle.
    pub now: usize,
    /// Those of them that somebody has to bring.
    pub bring: usize,
    /// Those that wait for answers; they count in no other number.
    pub undecided: usize,
}

impl BundleCount {
    /// 「7 个事项 · 原需 31 份材料 · 现需 15 份」
    pub fn sentence(&self) -> String {
        let mut text = format!("{} 个事项 · 原需 {} 份材料 · 现需 {} 份", self.items, self.before, self.now);
        if self.undecided > 0 {
            text.push_str(&format!(";另有 {} 份待补充情形后确定", self.undecided));
        }
        text
    }
}

/// What is asked for: records of types with what is enough, or a paper by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Document {
    Records(Vec<(String, Accept)>),
    Named(String),
}

impl Document {
    /// Names of roles in `accept` are those of the bundle, so that two items say the same of one party.
    fn of(own: &BundleItem, slot: &Slot) -> Self {
        let mapped = |accept: &Accept| {
            let role = |equal: &EqualName| own.roles.get(&equal.role).unwrap_or(&equal.role).clone();
            let equal = accept.equal.iter();
            let equal = equal.map(|equal| EqualName { field: equal.field.clone(), role: role(equal) });
            Accept { equal: equal.collect(), ..accept.clone() }
        };
        let mut records: Vec<(String, Accept)> = Vec::new();
        for way in &slot.ways {
            if let Way::Pulled { slug, accept, .. } = way {
                records.push((slug.clone(), mapped(accept)));
            }
        }
        records.sort_by(|one, other| one.0.cmp(&other.0));
        if records.is_empty() { Self::Named(slot.name.clone()) } else { Self::Records(records) }
    }
}

#[derive(Default)]
struct Merging {
    questions: Vec<QuestionAnswer>,
    slots: Vec<MergedSlot>,
    count: BundleCount,
}

impl BundleDef {
    /// Answers a case of which everything is known. The bundle and its items must have passed their checks.
    ///
    /// # Errors
    /// An answer, a day or a party that the bundle does not know, or too few or too many parties of a role.
    pub fn answer<I: Borrow<ItemDef>>(
        &self,
        known: &[I],
        request: &ItemRequest,
    ) -> Result<BundleAnswer, ItemFault> {
        let roles: Vec<&str> = request.parties.iter().map(|party| party.role.as_str()).collect();
        let (answers, dates) = (&request.answers, &request.dates);
        let case = BundleCase { answers, dates, roles: &roles, today: request.today };
        self.check_case(known, case)?;
        let parts = self.parts(known, case);
        let each = parts.items.iter().map(|part| part.item.answer(&part.request(request)));
        let each = each.collect::<Result<Vec<_>, _>>()?;
        Ok(self.merged(&parts, &self.with_results(&parts, each), answers))
    }

    /// The answers of the items, where a material that an earlier item gives is asked of nobody. Only an item that is done
    /// here gives its result.
    pub fn with_results(&self, parts: &BundleParts<'_>, mut answers: Vec<ItemAnswer>) -> Vec<ItemAnswer> {
        for (part, answer) in parts.items.iter().zip(&mut answers) {
            for slot in &mut answer.slots {
                let open = !matches!(
                    slot.outcome,
                    SlotOutcome::NotRequired | SlotOutcome::Undecided | SlotOutcome::PartyMissing
                );
                if open && !slot.outcome.is_met() && self.fed_in(parts, part, &slot.slot).is_some() {
                    slot.outcome = SlotOutcome::Fed;
                    slot.tried.clear();
                }
            }
            answer.count = ItemCount::of(&answer.slots);
        }
        answers
    }

    /// The item of the case whose result that material is.
    pub fn fed_in(&self, parts: &BundleParts<'_>, part: &BundlePart<'_>, slot: &str) -> Option<&str> {
        let feed = self.fed(&part.item.code, slot)?;
        let place = |code: &str| parts.items.iter().position(|one| one.item.code == code);
        (place(&feed.item)? < place(&part.item.code)?).then_some(&feed.item)
    }

    /// The questions and materials of a case, each once; `answers` is that of each item, by
    /// [`BundleDef::with_results`], and `said` what the applicant answered.
    pub fn merged(
        &self,
        parts: &BundleParts<'_>,
        answers: &[ItemAnswer],
        said: &BTreeMap<String, String>,
    ) -> BundleAnswer {
        let mut merging = Merging::default();
        for question in &self.questions {
            let answer = said.get(&question.name).cloned();
            let answered = answer.map_or(AnsweredBy::Open, AnsweredBy::ByApplicant);
            merging.questions.push(QuestionAnswer { question: question.name.clone(), answered });
        }
        for (part, answer) in parts.items.iter().zip(answers) {
            merging.questions(part.own, answer);
            for one in &answer.slots {
                let Some(slot) = part.item.slots.iter().find(|slot| slot.id == one.slot) else { continue };
                let party = one.party.and_then(|at| part.parties.get(at)).map(|(_, at)| *at);
                let fed_by = self.fed_in(parts, part, &slot.id).map(str::to_owned);
                merging.slot(&part.item.code, Document::of(part.own, slot), slot, one, (party, fed_by));
            }
        }
        let Merging { questions, slots, mut count } = merging;
        count.items = parts.items.len();
        count.now = slots.iter().filter(|slot| slot.fed_by.is_none()).count();
        let each: Vec<SlotAnswer> = slots.iter().map(MergedSlot::as_one).collect();
        count.bring = ItemCount::of(&each).bring;
        let codes = parts.items.iter().map(|part| part.item.code.clone());
        BundleAnswer { items: codes.collect(), open_items: parts.open.clone(), questions, slots, count }
    }
}

impl MergedSlot {
    /// As one slot, for the count.
    fn as_one(&self) -> SlotAnswer {
        SlotAnswer {
            slot: self.name.clone(),
            party: self.party,
            outcome: self.outcome,
            tried: self.tried.clone(),
            necessity: self.necessity,
            original: self.original,
        }
    }
}

impl Merging {
    /// One item may know what another must ask: then it is asked.
    fn questions(&mut self, own: &BundleItem, answer: &ItemAnswer) {
        let asked = answer.questions.iter().filter(|one| !own.fixed.contains_key(&one.question));
        for one in asked.filter(|one| one.answered != AnsweredBy::NotAsked) {
            match self.questions.iter_mut().find(|other| other.question == one.question) {
                None => self.questions.push(one.clone()),
                Some(other) if one.answered == AnsweredBy::Open => other.answered = AnsweredBy::Open,
                Some(_) => {}
            }
        }
    }

    fn slot(
        &mut self,
        item: &str,
        key: Document,
        slot: &Slot,
        one: &SlotAnswer,
        (party, fed_by): (Option<usize>, Option<String>),
    ) {
        match one.outcome {
            SlotOutcome::NotRequired => return,
            SlotOutcome::Undecided => {
                self.count.undecided += 1;
                return;
            }
            _ => self.count.before += 1,
        }
        let used = SlotUse { item: item.to_owned(), slot: slot.id.clone() };
        let same = |other: &&mut MergedSlot| {
            (&other.key, other.party, &other.fed_by) == (&key, party, &fed_by) && party.is_some()
        };
        if let Some(other) = self.slots.iter_mut().find(same) {
            other.uses.push(used);
            if other.outcome.is_met() && !one.outcome.is_met() {
                (other.outcome, other.tried) = (one.outcome, one.tried.clone());
            }
            if one.necessity == Necessity::Required {
                other.necessity = Necessity::Required;
            }
            other.original = other.original.max(one.original);
            return;
        }
        self.slots.push(MergedSlot {
            name: slot.name.clone(),
            party,
            uses: vec![used],
            outcome: one.outcome,
            necessity: one.necessity,
            original: one.original,
            fed_by,
            tried: one.tried.clone(),
            key,
        });
    }
}
