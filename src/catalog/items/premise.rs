//! What must be true of a party for an item to be for it: 年满 16 周岁. It is told beside the materials and hides none of
//! them: who decides about the case decides about this, too.

use crate::catalog::items::questions::CaseValues;
use crate::catalog::items::{ItemDef, ItemRequest};

/// A premise of one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PremiseAnswer {
    /// The premise in words.
    pub text: String,
    /// Which of the case's parties, from 0.
    pub party: usize,
    /// Whether it is true; none where a fact is not known.
    pub holds: Option<bool>,
}

/// Every premise of every party.
pub(super) fn answers(def: &ItemDef, request: &ItemRequest, known: &CaseValues<'_>) -> Vec<PremiseAnswer> {
    let mut all = Vec::new();
    for premise in &def.premises {
        let Some(role) = def.role(&premise.role) else { continue };
        for (party, own) in request.parties.iter().enumerate().filter(|(_, own)| own.role == role.code) {
            let holds = premise.holds.holds(&|named| known.value(named, Some(own)));
            all.push(PremiseAnswer { text: premise.text.clone(), party, holds });
        }
    }
    all
}
