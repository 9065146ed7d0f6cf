//! How many materials a case has, and how many of them somebody has to carry to the window.

use std::collections::BTreeSet;

use crate::catalog::items::{Necessity, Original, SlotAnswer, SlotOutcome};

/// Counts of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ItemCount {
    /// Materials that apply.
    pub materials: usize,
    /// Those to be brought: papers that the applicant has, and originals that are seen or taken in.
    pub bring: usize,
    /// Those that no source could tell about just now.
    pub unverifiable: usize,
    /// Those for which nothing was found that is enough, and no way is open.
    pub lacking: usize,
    /// Those that wait for answers; they count in no other number.
    pub undecided: usize,
}

impl ItemCount {
    /// Counts the slots of an answer.
    pub fn of(slots: &[SlotAnswer]) -> Self {
        let mut count = Self::default();
        // A paper that several slots want is carried to the window once.
        let mut carried: BTreeSet<&[String]> = BTreeSet::new();
        for slot in slots {
            match slot.outcome {
                SlotOutcome::NotRequired => continue,
                SlotOutcome::Undecided => {
                    count.undecided += 1;
                    continue;
                }
                _ => count.materials += 1,
            }
            let own = slot.outcome == SlotOutcome::ByApplicant && slot.necessity == Necessity::Required;
            // A picture of it is no original, whatever the registry or a silent source says.
            let nobodys = matches!(slot.outcome, SlotOutcome::PartyMissing | SlotOutcome::Fed);
            let paper = slot.original != Original::None && !nobodys;
            let evidence = slot.tried.last().map(|one| one.evidence.as_slice()).unwrap_or_default();
            let again = paper && !evidence.is_empty() && !carried.insert(evidence);
            count.bring += usize::from((own || paper) && !again);
            count.unverifiable += usize::from(slot.outcome == SlotOutcome::Unverifiable);
            count.lacking += usize::from(matches!(
                slot.outcome,
                SlotOutcome::Missing
                    | SlotOutcome::Expired
                    | SlotOutcome::Contradicted
                    | SlotOutcome::Untimely
                    | SlotOutcome::PartyMissing
            ));
        }
        count
    }

    /// 「本事项 9 份材料，您需带 1 份」, with what is not settled behind it.
    pub fn sentence(&self) -> String {
        let mut text = format!("本事项 {} 份材料，您需带 {} 份", self.materials, self.bring);
        for (number, what) in [
            (self.unverifiable, "暂无法核验"),
            (self.lacking, "未满足"),
            (self.undecided, "待补充情形后确定"),
        ] {
            if number > 0 {
                text.push_str(&format!("；另有 {number} 份{what}"));
            }
        }
        text
    }
}
