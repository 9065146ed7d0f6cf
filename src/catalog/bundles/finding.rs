//! What the check of a bundle may find.

use std::fmt;

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

impl fmt::Display for BundleFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.kind.en())?;
        if self.about.is_empty() { Ok(()) } else { write!(f, ": {}", self.about) }
    }
}

/// Items of a bundle at most: their ids stand in an access entry, each in full.
pub const MOST_ITEMS: usize = 16;

closed! {
    /// What a check of a bundle finds.
    BundleFindingKind {
        CodeForm, "code_form", "编号只用小写字母、数字和下划线,以字母开头,最多 32 个字符", "the code is lower-case letters, digits and _, a letter first, at most 32";
        Blank, "blank", "必填内容为空", "it is empty";
        TooMany, "too_many", "数量过多", "there are too many";
        TooFewOptions, "too_few_options", "选项少于 2 个", "a question has two options or more";
        RoleCount, "role_count", "人数上下限不对", "fewest and most of the role do not fit";
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
