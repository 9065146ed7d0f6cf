//! An item (事项) as it is written: the shape of `schema/items/*.json`.
//!
//! The keys are those of the national list of items (实施清单), unrenamed, so that a department knows its own table
//! again. Unknown keys are refused.

use serde::{Deserialize, Serialize};

use crate::catalog::HolderKind;
use crate::catalog::items::{
    Condition, ExerciseLevel, Fee, HandlingKind, ItemFault, ItemId, ItemKind, ServedHolder, ServiceReach,
    Slot, TimeLimit, Way, chinese,
};
use crate::clock::Day;

/// One version of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemDef {
    /// Its name.
    #[serde(rename = "事项名称")]
    pub name: String,
    /// 12 digits, the same in the whole country.
    #[serde(rename = "基本编码")]
    pub base_code: String,
    /// 31 characters: the agency, its level, the base code. With the version it is the item's id.
    #[serde(rename = "实施编码")]
    pub code: String,
    /// 33 digits, where the item is handled in several kinds.
    #[serde(rename = "业务办理项编码", default, skip_serializing_if = "Option::is_none")]
    pub handling_code: Option<String>,
    /// Version of this definition, from 1.
    #[serde(rename = "版本")]
    pub version: u32,
    /// The kind of administrative act.
    #[serde(rename = "事项类型")]
    pub kind: ItemKind,
    /// The law behind the item; at least one.
    #[serde(rename = "设定依据")]
    pub grounds: Vec<String>,
    /// The level of government.
    #[serde(rename = "行使层级")]
    pub level: ExerciseLevel,
    /// Credit code of the agency that decides.
    #[serde(rename = "实施主体")]
    pub agency: String,
    /// Its name.
    #[serde(rename = "实施主体名称")]
    pub agency_name: String,
    /// The term that the law gives.
    #[serde(rename = "法定办结时限")]
    pub statutory: TimeLimit,
    /// The term that the agency promises.
    #[serde(rename = "承诺办结时限")]
    pub promised: TimeLimit,
    /// Who may apply, in words.
    #[serde(rename = "受理条件")]
    pub conditions: Vec<String>,
    /// At once or within the promised term.
    #[serde(rename = "办件类型")]
    pub handling: HandlingKind,
    /// How often the applicant comes to the window.
    #[serde(rename = "到现场次数")]
    pub visits: u8,
    /// Where it can be applied for.
    #[serde(rename = "通办范围")]
    pub reach: ServiceReach,
    /// Whom it serves.
    #[serde(rename = "服务对象")]
    pub served: Vec<ServedHolder>,
    /// What it costs.
    #[serde(rename = "收费")]
    pub fee: Fee,
    /// What the applicant gets.
    #[serde(rename = "审批结果名称")]
    pub results: Vec<String>,
    /// First day in force.
    #[serde(rename = "计划生效日期")]
    pub from: Day,
    /// First day no longer in force.
    #[serde(rename = "计划取消日期", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Why a promise (告知承诺) never stands in for a proof here; none where it may.
    #[serde(rename = "不适用告知承诺的原因", default, skip_serializing_if = "Option::is_none")]
    pub no_promise: Option<String>,
    /// Agencies that take part beside the one that decides.
    #[serde(rename = "联办机构", default, skip_serializing_if = "Vec::is_empty")]
    pub joint: Vec<String>,
    /// Steps beside the ordinary course: a publication, a visit, a hearing.
    #[serde(rename = "特别程序", default, skip_serializing_if = "Vec::is_empty")]
    pub special: Vec<SpecialStep>,
    /// A word on how sure the details are.
    #[serde(rename = "备注", default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Who is in the case.
    #[serde(rename = "当事人")]
    pub parties: Vec<ItemRole>,
    /// What must be true of a party for the item to be for it.
    #[serde(rename = "前提", default, skip_serializing_if = "Vec::is_empty")]
    pub premises: Vec<Premise>,
    /// The questions (情形引导), at most eight, in the order in which they are asked.
    #[serde(rename = "情形", default)]
    pub questions: Vec<ItemQuestion>,
    /// Past days that a slot refers to.
    #[serde(rename = "基准日", default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<ItemDate>,
    /// The materials.
    #[serde(rename = "材料")]
    pub slots: Vec<Slot>,
}

impl ItemDef {
    /// Reads one file.
    ///
    /// # Errors
    /// The text is not an item: serde's words say where.
    pub fn from_json(text: &str) -> Result<Self, ItemFault> {
        Ok(serde_json::from_str(text)?)
    }

    /// Its id.
    pub fn id(&self) -> ItemId {
        ItemId { code: self.code.clone(), version: self.version }
    }

    /// Whether it is in force on a day.
    pub fn in_force(&self, on: Day) -> bool {
        self.from <= on && self.until.is_none_or(|until| on < until)
    }

    /// Whether a slot pulls a record of whoever is in that role.
    pub fn pulls_of(&self, role: &ItemRole) -> bool {
        let pulled = |way: &Way| matches!(way, Way::Pulled { .. });
        self.slots.iter().any(|slot| slot.role == role.name && slot.ways.iter().any(pulled))
    }

    /// The role of that name (申请人).
    pub fn role(&self, name: &str) -> Option<&ItemRole> {
        self.parties.iter().find(|role| role.name == name)
    }
}

/// A role in the case: who, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRole {
    /// Its name in conditions and slots: 申请人.
    #[serde(rename = "角色")]
    pub name: String,
    /// Its name in requests: `applicant`.
    #[serde(rename = "代码")]
    pub code: String,
    /// The kind of holder.
    #[serde(rename = "主体", with = "chinese::holder_kind")]
    pub holder: HolderKind,
    /// Fewest.
    #[serde(rename = "最少")]
    pub min: u32,
    /// Most.
    #[serde(rename = "最多")]
    pub max: u32,
}

/// One premise of each party in a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Premise {
    /// Of whom it must be true.
    #[serde(rename = "当事人")]
    pub role: String,
    /// What must be true.
    #[serde(rename = "条件")]
    pub holds: Condition,
    /// The same in words, for whoever does not meet it.
    #[serde(rename = "说明")]
    pub text: String,
}

/// A question (情形) with its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemQuestion {
    /// Its name in conditions: 登记地.
    #[serde(rename = "名称")]
    pub name: String,
    /// The question as it is asked.
    #[serde(rename = "提问")]
    pub ask: String,
    /// When it is asked; always if none.
    #[serde(rename = "适用情形", default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// The answers to choose from.
    #[serde(rename = "选项")]
    pub options: Vec<ItemOption>,
}

/// One answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemOption {
    /// The answer.
    #[serde(rename = "选项")]
    pub value: String,
    /// The facts that give this answer without asking.
    #[serde(rename = "由事实得出", default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<Condition>,
    /// The other item that is the right one for this answer: this one ends here.
    #[serde(rename = "转办", default, skip_serializing_if = "Option::is_none")]
    pub referred_to: Option<String>,
}

/// A step beside the ordinary course (公示, 勘验, 听证, 离婚冷静期).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialStep {
    /// Its name.
    #[serde(rename = "名称")]
    pub name: String,
    /// How long it takes at most.
    #[serde(rename = "时限")]
    pub limit: TimeLimit,
    /// Whether the item's own terms stand still meanwhile.
    #[serde(rename = "停止计时")]
    pub stops_clock: bool,
}

/// A past day that the applicant gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemDate {
    /// Its name in a slot: 购房日期.
    #[serde(rename = "名称")]
    pub name: String,
    /// The question as it is asked.
    #[serde(rename = "提问")]
    pub ask: String,
}
