//! Why an item or a request for one was refused.

use crate::catalog::items::{ItemFinding, ItemFindingKind};
use crate::rule::Rule;

/// The refusal.
#[derive(Debug, thiserror::Error)]
pub enum ItemFault {
    /// The text is not an item; serde's words say where.
    #[error("not an item: {0}")]
    Shape(#[from] serde_json::Error),
    /// The item contradicts itself or the catalog; all findings that refuse it.
    #[error("{}", list(.0))]
    Inconsistent(Vec<ItemFinding>),
    /// A party in a role that the item has not.
    #[error("the item has no such role; its roles: {0}")]
    RoleUnknown(String),
    /// Too few or too many parties.
    #[error("{role}: {found} in this role, and the item wants {min} to {max}")]
    PartyCount {
        /// The role.
        role: String,
        /// How many there are.
        found: usize,
        /// Fewest.
        min: u32,
        /// Most.
        max: u32,
    },
    /// An answer to a question that the item does not ask.
    #[error("the item has no such question; it asks: {0}")]
    QuestionUnknown(String),
    /// An answer that is none of the options.
    #[error("the answer to {0} is none of its options: {1}")]
    OptionUnknown(String, String),
    /// A day that the item does not ask for.
    #[error("the item asks for no such day; it asks for: {0}")]
    DateUnknown(String),
    /// A day that has not come.
    #[error("{0} has not come yet")]
    DateAhead(String),
}

fn list(findings: &[ItemFinding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ItemFault {
    /// The field of an application that it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::DateUnknown(_) | Self::DateAhead(_) => "dates",
            Self::RoleUnknown(_) | Self::PartyCount { .. } => "parties",
            _ => "answers",
        }
    }

    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Shape(_) => Rule::ItemShape,
            Self::Inconsistent(findings) => {
                let code = findings.iter().all(|finding| finding.kind == ItemFindingKind::CodeForm);
                if code { Rule::ItemCodeForm } else { Rule::ItemInconsistent }
            }
            Self::RoleUnknown(_) | Self::PartyCount { .. } => Rule::ItemParties,
            Self::QuestionUnknown(_)
            | Self::OptionUnknown(..)
            | Self::DateUnknown(_)
            | Self::DateAhead(_) => Rule::ItemAnswer,
        }
    }
}
