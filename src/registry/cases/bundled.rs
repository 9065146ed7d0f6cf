//! The answer of an application for a bundle (一件事) as it goes out: one list of questions, one of materials, the order
//! of the items, and what came of each of them by itself.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::bundles::{BundleAnswer, BundleCount, BundleDef, MergedSlot};
use crate::catalog::items::{ItemDef, ItemQuestion, QuestionAnswer, SlotOutcome};
use crate::registry::cases::answer::{
    AppliedCount, AppliedItem, AppliedParty, AppliedPremise, AppliedSlot, AskedQuestion, asked_question,
    premises, slots,
};
use crate::registry::cases::item_case::ItemCase;
use crate::registry::cases::told::ToldItem;

/// The answer of an application for a bundle.
#[derive(Serialize, ToSchema)]
pub struct BundleApplication {
    /// The bundle.
    pub bundle: AppliedBundle,
    /// The questions of the bundle and of all its items, each once.
    pub questions: Vec<AskedQuestion>,
    /// The materials of all items, each once, in the order in which they first come up.
    pub materials: Vec<MergedMaterial>,
    /// The items that the case needs, in the order in which they are done, each with its own conclusion.
    pub items: Vec<ItemConclusion>,
    /// Items of which an open question decides whether the case needs them.
    pub open_items: Vec<OpenItem>,
    /// Everybody in the case, as asked.
    pub parties: Vec<AppliedParty>,
    /// How many there are.
    pub count: AppliedBundleCount,
    /// 「7 个事项 · 原需 31 份材料 · 现需 15 份」
    pub text: String,
}

/// The bundle of an application.
#[derive(Serialize, ToSchema)]
pub struct AppliedBundle {
    /// 编号
    pub code: String,
    /// The version on which the answer rests.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The agency that leads, by name.
    pub lead: String,
}

/// One material of one party, for every item that asks for it.
#[derive(Serialize, ToSchema)]
pub struct MergedMaterial {
    /// 材料名称 where it first comes up.
    pub name: String,
    /// Which of the parties, from 0; left out where nobody is in the case who should bring it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub party: Option<usize>,
    /// 材料必要性: 必要 where one of the items needs it.
    #[schema(value_type = String, example = "必要")]
    pub necessity: crate::catalog::items::Necessity,
    /// 原件: the most that one of the items asks of the paper itself.
    #[schema(value_type = String, example = "无需")]
    pub original: crate::catalog::items::Original,
    /// What came of it; of several uses one that is not met, if there is one.
    pub outcome: SlotOutcome,
    /// The same in words.
    pub outcome_zh: &'static str,
    /// The earlier item whose result it is: nobody hands it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fed_by: Option<FedBy>,
    /// Every item that asks for it.
    pub uses: Vec<MaterialUse>,
}

/// The result of an earlier item.
#[derive(Serialize, ToSchema)]
pub struct FedBy {
    /// 实施编码 of the item.
    pub item: String,
    /// Its name.
    pub name: String,
    /// 审批结果名称
    pub result: String,
}

/// Where a material is used.
#[derive(Serialize, ToSchema)]
pub struct MaterialUse {
    /// 实施编码 of the item.
    pub item: String,
    /// Its name.
    pub name: String,
    /// 编号 of the slot.
    pub slot: String,
}

/// What came of one item of a bundle.
#[derive(Serialize, ToSchema)]
pub struct ItemConclusion {
    /// The item.
    pub item: AppliedItem,
    /// What must be true of the parties for the item to be for them.
    pub premises: Vec<AppliedPremise>,
    /// The item that is the right one instead: nothing is asked for here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub referred_to: Option<String>,
    /// Every slot of every party, in the order of the item; those that do not apply too.
    pub slots: Vec<AppliedSlot>,
    /// How many of which kind.
    pub count: AppliedCount,
    /// 「本事项 4 份材料，您需带 1 份」
    pub text: String,
}

/// An item of which it is open whether the case needs it.
#[derive(Serialize, ToSchema)]
pub struct OpenItem {
    /// 实施编码
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Counts of a bundle in a case.
#[derive(Serialize, ToSchema)]
pub struct AppliedBundleCount {
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

impl From<BundleCount> for AppliedBundleCount {
    fn from(count: BundleCount) -> Self {
        let BundleCount { items, before, now, bring, undecided } = count;
        Self { items, before, now, bring, undecided }
    }
}

/// The whole answer; `known` has the items of the bundle as they are in force.
pub(super) fn bundle_application(
    (bundle, known): (&BundleDef, &[Arc<ItemDef>]),
    merged: &BundleAnswer,
    (cases, told): (&[ItemCase<'_, '_>], Vec<ToldItem>),
    parties: Vec<AppliedParty>,
) -> BundleApplication {
    let item = |code: &str| known.iter().find(|item| item.code == code);
    let name = |code: &str| item(code).map(|item| item.name.clone()).unwrap_or_default();
    let conclusions = cases.iter().zip(told).map(|(case, told)| ItemConclusion {
        item: case.item.into(),
        premises: premises(case, &told.answer),
        referred_to: told.answer.referred_to.clone(),
        count: told.answer.count.into(),
        text: told.answer.count.sentence(),
        slots: slots(case, told),
    });
    let question = |of: &QuestionAnswer| {
        let of_items = cases.iter().flat_map(|case| &case.item.questions);
        let mut all = bundle.questions.iter().chain(of_items);
        let asked: Option<&ItemQuestion> = all.find(|question| question.name == of.question);
        asked.map(|asked| asked_question(asked, &of.answered))
    };
    let material = |slot: &MergedSlot| {
        let used = slot.uses.iter().map(|used| MaterialUse {
            item: used.item.clone(),
            name: name(&used.item),
            slot: used.slot.clone(),
        });
        let fed_by = slot.fed_by.as_ref().zip(slot.uses.first()).and_then(|(from, used)| {
            let result = bundle.fed(&used.item, &used.slot)?.result.clone();
            Some(FedBy { item: from.clone(), name: name(from), result })
        });
        MergedMaterial {
            name: slot.name.clone(),
            party: slot.party,
            necessity: slot.necessity,
            original: slot.original,
            outcome: slot.outcome,
            outcome_zh: slot.outcome.told(slot.original),
            fed_by,
            uses: used.collect(),
        }
    };
    let open = merged.open_items.iter().map(|code| OpenItem { code: code.clone(), name: name(code) });
    BundleApplication {
        bundle: AppliedBundle {
            code: bundle.slug.clone(),
            version: bundle.version,
            name: bundle.name.clone(),
            lead: bundle.lead.clone(),
        },
        questions: merged.questions.iter().filter_map(question).collect(),
        materials: merged.slots.iter().map(material).collect(),
        items: conclusions.collect(),
        open_items: open.collect(),
        parties,
        count: merged.count.into(),
        text: merged.count.sentence(),
    }
}
