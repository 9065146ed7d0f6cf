//! What the check of an item may find.

use std::fmt;

use crate::closed::closed;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFinding {
    /// The place: 材料.id_card, 情形.登记地, or a key of the item.
    pub at: String,
    /// The kind.
    pub kind: ItemFindingKind,
    /// The name it is about; empty where the place says all.
    pub about: String,
}

impl fmt::Display for ItemFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.kind.en())?;
        if self.about.is_empty() { Ok(()) } else { write!(f, ": {}", self.about) }
    }
}

closed! {
    /// What a check of an item finds.
    ItemFindingKind {
        CodeForm, "code_form", "编码不符合规则", "the code is not made of agency, level and base code";
        Blank, "blank", "必填内容为空", "it is empty";
        Backwards, "backwards", "计划取消日期不晚于生效日期", "the item ends before it begins";
        Twice, "twice", "名称或编号重复", "the name stands twice";
        NameForm, "name_form", "名称不能用于情形表达式", "a condition cannot speak of this name";
        TooManyQuestions, "too_many_questions", "情形超过 8 个", "an item asks at most eight questions";
        TooFewOptions, "too_few_options", "选项少于 2 个", "a question has two options or more";
        Unanswerable, "unanswerable", "问题永远不会提出", "the question is never asked";
        Circle, "circle", "情形互相依赖,无法确定先后", "questions depend on each other in a circle";
        Unreachable, "unreachable", "任何情形下都不需要", "no case needs it";
        TooWide, "too_wide", "情形组合过多,请拆分", "the condition has too many combinations";
        RoleUnknown, "role_unknown", "没有这个当事人角色", "the item has no such role";
        RoleNotOne, "role_not_one", "该角色不是恰好一人", "another role in a condition must have exactly one party";
        RoleCount, "role_count", "人数上下限不对", "fewest and most of the role do not fit";
        QuestionUnknown, "question_unknown", "没有这个情形", "the item has no such question";
        OptionUnknown, "option_unknown", "没有这个选项", "the question has no such option";
        ValueKind, "value_kind", "取值类型不对", "the value is of another kind than the fact";
        DateUnknown, "date_unknown", "没有这个基准日", "the item asks for no such day";
        TypeUnknown, "type_unknown", "没有这个证照类型", "there is no such type";
        FieldUnknown, "field_unknown", "照面没有这个字段", "the face has no such field";
        NoField, "no_field", "没有写明要用的字段", "the way names no field that it reads";
        TypedField, "typed_field", "手工录入字段不在字段之中", "what goes out for a typed number is not among the fields of the way";
        RelayOnly, "relay_only", "该证明只转告,不入库,不能调取", "this proof is only relayed and cannot be pulled";
        OtherKind, "other_kind", "该证照不发给这一角色的主体", "no such document is issued to holders of this kind";
        TooMany, "too_many", "数量过多,请拆分", "there are too many: split the item";
        TooLong, "too_long", "文字过长", "a text is too long";
        NumberInText, "number_in_text", "文字中有公民身份号码,事项是公开的", "a text holds a person's number, and items are public";
        NoWay, "no_way", "没有办理方式", "the slot has no way to be met";
        PromiseForbidden, "promise_forbidden", "本事项不适用告知承诺", "the item allows no promise";
        PromiseOfCertificate, "promise_of_certificate", "告知承诺只替代证明,不替代证照", "a promise stands in for a proof, not for a certificate";
        DeferralTooLong, "deferral_too_long", "容缺期限超过承诺办结时限", "what is deferred comes after the promised term";
        PromisedLate, "promised_late", "承诺办结时限长于法定办结时限", "the promised term is longer than that of the law";
        LevelForm, "level_form", "实施编码的层级不在 1 至 6 之内", "the level in the code is none of 1 to 6";
        LevelDiffers, "level_differs", "实施编码的层级与行使层级不一致", "the code has another level than the item";
        Unused, "unused", "没有地方用到", "nothing in the item uses it";
        NumbersUnsaid, "numbers_unsaid", "问题问的是没有,请写明关联号码是全部还是任一", "it asks whether there is none: say for how many numbers of a person that must be so";
        NoBasis, "no_basis", "无依据,建议取消", "no law asks for this proof: drop it";
        Uncovered, "uncovered", "没有证照类型或数据来源", "no type and no source covers this document";
    }
}

impl ItemFindingKind {
    /// Whether an item with it is refused; the others are for people to look at.
    pub fn refuses(self) -> bool {
        !matches!(
            self,
            Self::NoBasis | Self::Uncovered | Self::LevelDiffers | Self::Unused | Self::NumbersUnsaid
        )
    }
}
