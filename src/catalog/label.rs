//! A label in both languages.

use serde::{Deserialize, Serialize};

/// A text for people: Chinese first, English beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The field's own term.
    pub zh: String,
    /// Its English rendering.
    pub en: String,
}
