//! Why a bundle was refused.

use crate::catalog::bundles::finding::BundleFinding;
use crate::rule::Rule;

/// The refusal.
#[derive(Debug, thiserror::Error)]
pub enum BundleFault {
    /// The text is not a bundle; serde's words say where.
    #[error("not a bundle: {0}")]
    Shape(#[from] serde_json::Error),
    /// The bundle contradicts itself or its items; everything that refuses it.
    #[error("{}", list(.0))]
    Inconsistent(Vec<BundleFinding>),
}

fn list(findings: &[BundleFinding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl BundleFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Shape(_) => Rule::BundleShape,
            Self::Inconsistent(_) => Rule::BundleInconsistent,
        }
    }
}
