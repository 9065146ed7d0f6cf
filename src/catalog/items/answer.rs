//! The answer of one slot.

use crate::catalog::items::{Necessity, Original, WayTried};
use crate::closed::closed;

/// One slot of one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotAnswer {
    /// 编号 of the slot.
    pub slot: String,
    /// Which of the case's parties, from 0; none where nobody in that role came and somebody should have.
    pub party: Option<usize>,
    /// What came of it.
    pub outcome: SlotOutcome,
    /// The ways in the order in which they were tried; nothing is tried after one that is met.
    pub tried: Vec<WayTried>,
    /// Whether the case goes on without it.
    pub necessity: Necessity,
    /// Whether the paper itself must come.
    pub original: Original,
}

closed! {
    /// What came of a slot.
    SlotOutcome {
        Pulled, "pulled", "已调取·免提交", "pulled; nothing to hand in";
        Checked, "checked", "已核验", "checked";
        Asked, "asked", "可部门协查", "an office can be asked";
        Promised, "promised", "可承诺替代", "a promise can stand in";
        Deferred, "deferred", "可容缺后补", "it may come later";
        ByApplicant, "by_applicant", "需自备", "to be brought";
        Fed, "fed", "前一事项的结果，无需提交", "the result of an earlier item of the bundle; nothing to hand in";
        OnSite, "on_site", "现场办理", "filled in or taken at the window";
        NotRequired, "not_required", "本情形无需提交", "not required in this case";
        Unverifiable, "unverifiable", "暂无法核验", "a source did not answer";
        Expired, "expired", "已过期", "expired, and there is no other way";
        Untimely, "untimely", "不在可以办理的期限内", "not within the days in which it can be applied for";
        Contradicted, "contradicted", "核验不符", "the source says no, and there is no other way";
        Missing, "missing", "未查询到", "not found, and there is no other way";
        PartyMissing, "party_missing", "缺少当事人", "nobody in this role is in the case";
        Undecided, "undecided", "待补充情形", "questions that decide about it are open";
    }
}

impl SlotOutcome {
    /// Whether evidence has met it.
    pub fn is_met(self) -> bool {
        matches!(self, Self::Pulled | Self::Checked)
    }

    /// The outcome as people read it: where the paper itself must come nobody is told that there is nothing to hand in.
    pub fn told(self, original: Original) -> &'static str {
        match (self, original) {
            (Self::Pulled, Original::Seen) => "已调取·须查验原件",
            (Self::Pulled, Original::Surrendered) => "已调取·须收缴原件",
            (Self::Checked, Original::Seen) => "已核验·须查验原件",
            (Self::Checked, Original::Surrendered) => "已核验·须收缴原件",
            (outcome, _) => outcome.zh(),
        }
    }
}
