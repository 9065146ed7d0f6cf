//! A type definition (证照类型) as it is written: the shape of `schema/types/*.json`.
//!
//! Use [`TypeDef`] to read, store or show a definition; [`crate::catalog::TypeEntry`] to work with one.

use crate::closed::closed;
use serde::{Deserialize, Serialize};

use crate::catalog::{
    Applies, DateRule, Label, LifeMark, Role, StatusMap, ValidityRule, Workdays, WorkdaysFault,
};
use crate::clock::Day;

/// One version of a type. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeDef {
    /// 21 characters: credit code of the defining agency (18) and three digits (GB/T 36904).
    pub code: String,
    /// Version of this definition, from 1.
    pub version: u32,
    /// Short name for files, addresses and other definitions: `marriage_certificate`.
    pub slug: String,
    /// The name as shown.
    pub name: Label,
    /// One of the five kinds.
    pub kind: Kind,
    /// Name of the agency whose code begins [`TypeDef::code`].
    pub defining_agency: String,
    /// Codes seen elsewhere for the same certificate; never used, kept for people who map codes.
    #[serde(default)]
    pub seen_codes: Vec<SeenCode>,
    /// Standard that describes the type, if one is known for sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// The kind of body that issues it, in words.
    pub issuer_kind: String,
    /// Roles of its holders and how many of each.
    pub holders: Vec<Role>,
    /// To whom it applies, and which days and regions an absence asks for; everybody since birth if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies: Option<Applies>,
    /// Until when it is valid.
    pub validity: ValidityRule,
    /// The kind of its number, and the effect of a reissue on it.
    pub number: NumberRule,
    /// Where its body is by default.
    pub custody: Custody,
    /// Days after which a hosted copy is too old to rely on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_staleness_days: Option<u32>,
    /// The duty to keep the entry up to date.
    pub duty: Duty,
    /// How it may be shared.
    pub sharing: Sharing,
    /// Which certificates it ends when it is issued, or proposes to end when it is cancelled.
    #[serde(default)]
    pub ends: Vec<End>,
    /// The meaning of its status field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusMap>,
    /// Which of its days must come before which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<DateRule>,
    /// What may have ended a record without a word here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
    /// What its issue says about the lives of its holders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<LifeMark>,
    /// Whether a proof may be derived from records of this type.
    pub derivable: bool,
    /// Whether answers are only relayed: nothing is kept, and absence is never told.
    #[serde(default)]
    pub relay_only: bool,
    /// The face as a JSON Schema (draft 2020-12, the subset of [`crate::catalog::FaceSchema`]).
    #[schema(value_type = Object)]
    pub face: serde_json::Value,
}

closed! {
    /// The kind of an entry of the catalog (证照目录类别).
    Kind {
        /// A certificate.
        Certificate, "certificate", "证照", "certificate";
        /// An approval document.
        Approval, "approval", "批文", "approval";
        /// A signed answer to a question.
        Proof, "proof", "证明", "proof";
        /// Another material.
        Material, "material", "材料", "material";
        /// A credential.
        Credential, "credential", "证件", "credential";
    }
}

/// A type code seen in use elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenCode {
    /// The code.
    pub code: String,
    /// Where it was seen.
    pub source: String,
}

/// The kind of the certificate's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberRule {
    /// Whether it contains the holder's number.
    pub class: NumberClass,
    /// The effect of a reissue (补发) on it.
    pub on_reissue: Reissue,
    /// The face field in which it stands.
    pub field: String,
}

/// Whether a number may be treated as a public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberClass {
    /// It is or contains the holder's number: sealed and masked like one (I3).
    ContainsId,
    /// The issuer's register number.
    RegisterNo,
}

/// The effect of a reissue on the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reissue {
    /// The number stays.
    Keep,
    /// A new number is given.
    New,
}

closed! {
    /// Where the body of a record is (托管方式).
    Custody {
        /// Sealed here.
        Hosted, "hosted", "本库托管", "hosted here";
        /// Known here, fetched from the issuer's system at use.
        AtIssuer, "at_issuer", "发证机构保管", "kept by its issuer";
        /// Known to exist on paper only.
        Paper, "paper", "仅有纸质", "on paper only";
        /// In another region's registry.
        Elsewhere, "elsewhere", "外地登记库", "in another registry";
    }
}

/// The department that keeps the catalog entry, and the term for a change of duty to show in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// 数源部门
    pub source_department: String,
    /// 责任处室
    pub office: String,
    /// 更新周期
    pub update_cycle: String,
    /// 目录版本
    pub catalog_version: String,
    /// Last change of law or duty.
    pub last_change_of_duty: Day,
    /// The term within which the entry must follow such a change.
    pub update_due: UpdateDue,
}

impl Duty {
    /// The last day on which the entry may still show the state before the last change.
    pub fn due(&self, workdays: &Workdays) -> Result<Day, WorkdaysFault> {
        workdays.due(self.last_change_of_duty, self.update_due.working_days)
    }
}

/// A term in working days, with a word on how sure it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDue {
    /// Working days after the change.
    pub working_days: u32,
    /// Where the figure comes from.
    pub mark: String,
}

/// How a type may be shared between agencies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    /// 共享类型
    pub class: SharingClass,
    /// Its legal basis or condition.
    pub basis: String,
}

/// 无条件共享, 有条件共享, 不予共享.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SharingClass {
    /// 无条件共享
    Unconditional,
    /// 有条件共享
    Conditional,
    /// 不予共享
    None,
}

/// One certificate ends another: a divorce certificate the marriage certificate of the same pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Slug of the type whose records are ended.
    #[serde(rename = "type")]
    pub ended: String,
    /// Which of its records.
    pub when: EndWhen,
    /// The state they come to.
    pub state: EndState,
    /// The action that brings them there.
    pub action: EndAction,
    /// Whether it happens or is proposed to the issuer.
    pub by: EndBy,
    /// The event that triggers it.
    #[serde(default, skip_serializing_if = "EndOn::is_issue")]
    pub on: EndOn,
}

/// An end that no source here tells, unless a type covers it for the whole country (practice R11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unseen {
    /// The remark that stands beside the verdict.
    pub remark: UnseenEnd,
    /// Slug of the type whose records would tell; it may be one that is not connected yet.
    pub covered_by: String,
}

/// The ends that a registry may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnseenEnd {
    /// Courts keep their divorces themselves.
    CourtDivorces,
}

/// The event of the ending record that ends the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndOn {
    /// The issue: a divorce certificate.
    #[default]
    Issue,
    /// The cancellation (注销): of a company's licence, and so of the company's permits. Proposed only.
    Cancel,
}

impl EndOn {
    fn is_issue(&self) -> bool {
        *self == Self::Issue
    }
}

/// Which records of the ended type are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndWhen {
    /// Those whose set of holders is the same.
    SameHolders,
    /// Those in which the first role's holder of the ending record is the first role's holder.
    SameSubject,
}

/// States that a rule may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// 04 注销
    Cancelled,
    /// 05 失效
    Lapsed,
}

/// Actions that a rule may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndAction {
    /// 注销
    Cancel,
    /// 失效
    Lapse,
}

/// Whether a rule acts or proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndBy {
    /// The registry acts by the rule itself.
    Rule,
    /// Each issuer gets a proposal and decides.
    Proposal,
}
