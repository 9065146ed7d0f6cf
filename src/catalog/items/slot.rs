//! A slot (材料): whose material it is, what is enough, and the ways by which it may be met.

use serde::{Deserialize, Serialize};

use crate::catalog::StatusState;
use crate::catalog::items::{AboutNumbers, Condition, TimeLimit, chinese};
use crate::closed::closed;

/// One material of one role. A role that several parties have repeats it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Its name in answers: `id_card`.
    #[serde(rename = "编号")]
    pub id: String,
    /// Whose material it is.
    #[serde(rename = "当事人")]
    pub role: String,
    /// The name of the material. It may be a document that no type covers.
    #[serde(rename = "材料名称")]
    pub name: String,
    /// The group it counts in.
    #[serde(rename = "材料分类")]
    pub class: SlotClass,
    /// Whether the case goes on without it.
    #[serde(rename = "材料必要性")]
    pub necessity: Necessity,
    /// The article that asks for it.
    #[serde(rename = "要求提供材料的依据", default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// 原件, 复印件, as the national list says it; nothing follows from it here.
    #[serde(rename = "材料类型", default, skip_serializing_if = "Option::is_none")]
    pub paper_kind: Option<String>,
    /// 纸质, 电子, as the national list says it; nothing follows from it here.
    #[serde(rename = "材料形式", default, skip_serializing_if = "Option::is_none")]
    pub paper_form: Option<String>,
    /// When a material that is 非必要 is handed in, in words.
    #[serde(rename = "非必要时办理情形", default, skip_serializing_if = "Option::is_none")]
    pub optional_when: Option<String>,
    /// 申请人自备, 政府部门核发, 其他: where the applicant has it from.
    #[serde(rename = "来源渠道", default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// A word on that.
    #[serde(rename = "来源渠道说明", default, skip_serializing_if = "Option::is_none")]
    pub origin_note: Option<String>,
    /// How many copies.
    #[serde(rename = "份数", default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<u32>,
    /// What is accepted, in words.
    #[serde(rename = "受理标准", default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// Whether the paper itself must come.
    #[serde(rename = "原件", default, skip_serializing_if = "Original::is_none")]
    pub original: Original,
    /// When it applies; always if none.
    #[serde(rename = "适用情形", default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// Any of these is enough.
    #[serde(rename = "办理方式")]
    pub ways: Vec<Way>,
}

/// 材料分类
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotClass {
    /// A certificate.
    #[serde(rename = "证照类")]
    Certificate,
    /// A proof.
    #[serde(rename = "证明类")]
    Proof,
    /// A form or declaration.
    #[serde(rename = "申报类")]
    Declaration,
    /// Another material.
    #[serde(rename = "其他")]
    Other,
}

/// 材料必要性
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Necessity {
    /// The case needs it.
    #[serde(rename = "必要")]
    Required,
    /// The case goes on without it.
    #[serde(rename = "非必要")]
    Optional,
}

/// 原件
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Original {
    /// Not needed.
    #[default]
    #[serde(rename = "无需")]
    None,
    /// Seen at the window and given back.
    #[serde(rename = "查验")]
    Seen,
    /// Taken in.
    #[serde(rename = "收缴")]
    Surrendered,
}

impl Original {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// One way to meet a slot. The order of the file does not matter: ways are tried in the order of [`WayKind`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "方式", deny_unknown_fields)]
pub enum Way {
    /// A record of a type.
    #[serde(rename = "证照调取")]
    Pulled {
        /// Slug of the type.
        #[serde(rename = "证照")]
        slug: String,
        /// The fields that the office needs; it sees no others.
        #[serde(rename = "字段")]
        fields: Vec<String>,
        /// Those of them that go out where nothing shows that the party is there; the name, the days of validity and the state if none are named.
        #[serde(rename = "手工录入字段", default, skip_serializing_if = "Option::is_none")]
        typed: Option<Vec<String>>,
        /// What is enough.
        #[serde(rename = "要求", default)]
        accept: Accept,
    },
    /// An answer to a question, without the document.
    #[serde(rename = "数据核验")]
    Checked {
        /// The question.
        #[serde(rename = "核验")]
        predicate: Predicate,
        /// Either answer is enough: the office needs to know, and not a yes. For data of departments.
        #[serde(rename = "是否均可", default, skip_serializing_if = "std::ops::Not::not")]
        either: bool,
    },
    /// A request to an office, for what no system knows.
    #[serde(rename = "部门协查")]
    Asked {
        /// The office.
        #[serde(rename = "协查单位")]
        office: String,
        /// The question.
        #[serde(rename = "问题")]
        question: String,
        /// Working days in which it answers.
        #[serde(rename = "期限工作日")]
        working_days: u32,
    },
    /// A promise in place of a proof.
    #[serde(rename = "告知承诺")]
    Promised {
        /// The content of the promise.
        #[serde(rename = "承诺内容")]
        text: String,
    },
    /// The paper comes later.
    #[serde(rename = "容缺后补")]
    Deferred {
        /// How much later at most.
        #[serde(rename = "期限")]
        within: TimeLimit,
    },
    /// The applicant brings it.
    #[serde(rename = "申请人自备")]
    ByApplicant {
        /// It is filled in or taken at the window, so that nothing is carried there.
        #[serde(rename = "现场办理", default, skip_serializing_if = "std::ops::Not::not")]
        on_site: bool,
        /// A word to the applicant.
        #[serde(rename = "填报须知", default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
}

closed! {
    /// A kind of way, in the order in which they are tried.
    WayKind {
        Pulled, "pulled", "证照调取", "pulled from the registry";
        Checked, "checked", "数据核验", "checked against data";
        Asked, "asked", "部门协查", "asked of an office";
        Promised, "promised", "告知承诺", "promised by the applicant";
        Deferred, "deferred", "容缺后补", "handed in later";
        ByApplicant, "by_applicant", "申请人自备", "brought by the applicant";
        NotRequired, "not_required", "无需提交", "not required in this case";
    }
}

impl Slot {
    /// Whether one of its ways pulls a record of the type.
    pub fn pulls(&self, slug: &str) -> bool {
        self.ways.iter().any(|way| matches!(way, Way::Pulled { slug: own, .. } if own == slug))
    }

    /// The fields of a type's face that the slot needs, by whichever of its ways; none of a type that it does not pull.
    pub fn fields_of(&self, slug: &str) -> Vec<&str> {
        self.fields_shown(slug, false)
    }

    /// Those of them that go out: fewer of a party whose number was only `typed`.
    pub fn fields_shown(&self, slug: &str, typed: bool) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for way in &self.ways {
            let Way::Pulled { slug: own, fields, typed: named, .. } = way else { continue };
            if own != slug {
                continue;
            }
            let shown = |field: &&str| match named {
                _ if !typed => true,
                Some(named) => named.iter().any(|one| one == field),
                None => stands_for_typed(field),
            };
            all.extend(fields.iter().map(String::as_str).filter(shown));
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Whether a field goes out of a party whose number was only typed, where the item says nothing else: the name, until when
/// the document is valid, its state. No number, no address, nothing about anybody else.
pub fn stands_for_typed(field: &str) -> bool {
    ["name", "valid_from", "valid_to", "status"].contains(&field)
}

impl Way {
    /// The type of which it wants a record.
    pub fn slug(&self) -> Option<&str> {
        match self {
            Self::Pulled { slug, .. } | Self::Checked { predicate: Predicate::Holds { slug }, .. } => {
                Some(slug)
            }
            _ => None,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> WayKind {
        match self {
            Self::Pulled { .. } => WayKind::Pulled,
            Self::Checked { .. } => WayKind::Checked,
            Self::Asked { .. } => WayKind::Asked,
            Self::Promised { .. } => WayKind::Promised,
            Self::Deferred { .. } => WayKind::Deferred,
            Self::ByApplicant { .. } => WayKind::ByApplicant,
        }
    }
}

/// What a record must be like to be enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// The states, 有效 if not said. Closing a shop wants 注销.
    #[serde(rename = "状态", default = "active", with = "chinese::states")]
    pub states: Vec<StatusState>,
    /// Days for which it must still be valid.
    #[serde(rename = "剩余有效天数", default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<u32>,
    /// It may have expired: an old card that is taken in.
    #[serde(rename = "可以过期", default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
    /// Working days before its end within which it can be extended.
    #[serde(rename = "到期前工作日", default, skip_serializing_if = "Option::is_none")]
    pub window: Option<DaysLeft>,
    /// Days within which it must have been issued.
    #[serde(rename = "签发不超过天数", default, skip_serializing_if = "Option::is_none")]
    pub issued_within: Option<u32>,
    /// The past day on which it must have been so; the name of one of the item's days.
    #[serde(rename = "基准日", default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Names on the face that must be a party's.
    #[serde(rename = "名称一致", default, skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<EqualName>,
}

fn active() -> Vec<StatusState> {
    vec![StatusState::Active]
}

impl Default for Accept {
    fn default() -> Self {
        Self {
            states: active(),
            days_left: None,
            expired: false,
            window: None,
            issued_within: None,
            as_of: None,
            equal: Vec::new(),
        }
    }
}

/// A window before the end of a record, in working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaysLeft {
    /// So many are left at most.
    #[serde(rename = "最多")]
    pub most: u32,
    /// So many are left at least.
    #[serde(rename = "最少")]
    pub least: u32,
}

/// A field of the face that must be the name of the party in a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EqualName {
    /// The field.
    #[serde(rename = "字段")]
    pub field: String,
    /// The role.
    #[serde(rename = "当事人")]
    pub role: String,
}

/// A question with the answers yes, no and 暂无法核验.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "内容", deny_unknown_fields)]
pub enum Predicate {
    /// Has a valid record of a type. The office sees nothing of the record.
    #[serde(rename = "持有有效证照")]
    Holds {
        /// Slug of the type.
        #[serde(rename = "证照")]
        slug: String,
    },
    /// Is so related to the party in another role.
    #[serde(rename = "人员关系")]
    Related {
        /// How.
        #[serde(rename = "关系")]
        kinship: Kinship,
        /// To whom.
        #[serde(rename = "对方")]
        role: String,
    },
    /// A question to a department's system.
    #[serde(rename = "部门数据")]
    Told {
        /// The department.
        #[serde(rename = "部门")]
        department: String,
        /// The question.
        #[serde(rename = "问题")]
        question: String,
        /// What it says of somebody with several numbers.
        #[serde(rename = "关联号码", default, skip_serializing_if = "AboutNumbers::is_any")]
        numbers: AboutNumbers,
    },
}

/// 人员关系
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kinship {
    /// Spouse.
    #[serde(rename = "配偶")]
    Spouse,
    /// Father or mother.
    #[serde(rename = "父母")]
    Parent,
    /// Son or daughter.
    #[serde(rename = "子女")]
    Child,
    /// In one household.
    #[serde(rename = "同户")]
    Household,
    /// Guardian.
    #[serde(rename = "监护人")]
    Guardian,
}
