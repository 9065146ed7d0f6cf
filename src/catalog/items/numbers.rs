//! What an item says of somebody with several numbers: how many of them a department's yes must be about.

use serde::{Deserialize, Serialize};

/// 关联号码: how many of a person's numbers a yes must be about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AboutNumbers {
    /// One: who has something has it under whichever number.
    #[default]
    #[serde(rename = "任一")]
    Any,
    /// Each: who has nothing has it under no number.
    #[serde(rename = "全部")]
    Each,
}

impl AboutNumbers {
    /// Whether it is what is meant where nothing is said.
    pub(super) fn is_any(&self) -> bool {
        *self == Self::Any
    }
}
