//! The answer of a bundle to a case: each question once, each material once, and what that saves.

use crate::catalog::bundles::{BundleDef, BundleItem};
use crate::catalog::items::{
    Accept, AnsweredBy, EqualName, ItemAnswer, ItemDef, ItemFault, ItemRequest, Necessity, Original,
    QuestionAnswer, Slot, SlotAnswer, SlotOutcome, Way,
};

/// The answer of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleAnswer {
    /// 实施编码 of the items that are part of it here, in their order.
    pub items: Vec<String>,
    /// Items that wait for an answer to a question of the bundle.
    pub open_items: Vec<String>,
    /// The questions of all items, each once, that the bundle does not answer itself.
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
    /// Answers a case. The bundle and its items must have passed their checks.
    ///
    /// # Errors
    /// An answer, a day or a party that the bundle does not know, or too few or too many parties of a role.
    pub fn answer(&self, known: &[ItemDef], request: &ItemRequest) -> Result<BundleAnswer, ItemFault> {
        let items = self.known(known);
        self.check_request(&items, request)?;
        let (mut codes, mut open_items) = (Vec::new(), Vec::new());
        let mut merging = Merging::default();
        for (own, item) in items {
            match self.applies(own, request) {
                Some(true) => codes.push(item.code.clone()),
                Some(false) => continue,
                None => {
                    open_items.push(item.code.clone());
                    continue;
                }
            }
            let case = self.case_of(own, item, request);
            let answer = item.answer(&case.request)?;
            merging.questions(own, &answer);
            for one in answer.slots {
                let Some(slot) = item.slots.iter().find(|slot| slot.id == one.slot) else { continue };
                let party = one.party.and_then(|at| case.parties.get(at)).copied();
                let fed_by = self.fed(&item.code, &slot.id).map(|feed| feed.item.clone());
                // Only an item that is done here gives its result.
                let fed_by = fed_by.filter(|from| codes.contains(from));
                merging.slot(&item.code, Document::of(own, slot), slot, &one, (party, fed_by));
            }
        }
        let Merging { questions, slots, mut count } = merging;
        count.items = codes.len();
        count.now = slots.iter().filter(|slot| slot.fed_by.is_none()).count();
        Ok(BundleAnswer { items: codes, open_items, questions, slots, count })
    }
}

impl Merging {
    fn questions(&mut self, own: &BundleItem, answer: &ItemAnswer) {
        let asked = answer.questions.iter().filter(|one| !own.fixed.contains_key(&one.question));
        for one in asked.filter(|one| one.answered != AnsweredBy::NotAsked) {
            if !self.questions.iter().any(|other| other.question == one.question) {
                self.questions.push(one.clone());
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
            if other.outcome.is_met() {
                other.outcome = one.outcome;
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
            key,
        });
    }
}
