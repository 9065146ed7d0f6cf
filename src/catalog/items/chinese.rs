//! Values that an item's file writes in Chinese and the program keeps under other names.

/// 自然人, 法人或其他组织.
pub(super) mod holder_kind {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::catalog::HolderKind;

    pub fn serialize<S: Serializer>(kind: &HolderKind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(kind.zh())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<HolderKind, D::Error> {
        let text = String::deserialize(from)?;
        let found = HolderKind::ALL.iter().find(|kind| kind.zh() == text);
        found.copied().ok_or_else(|| serde::de::Error::custom("主体 is 自然人 or 法人或其他组织"))
    }
}

/// States of a record (证照状态).
pub(super) mod states {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::catalog::StatusState;

    const WORDS: &[(StatusState, &str)] = &[
        (StatusState::Active, "有效"),
        (StatusState::Suspended, "暂扣"),
        (StatusState::Annulled, "撤销"),
        (StatusState::Cancelled, "注销"),
        (StatusState::Lapsed, "失效"),
        (StatusState::Revoked, "吊销"),
    ];

    pub fn serialize<S: Serializer>(states: &[StatusState], to: S) -> Result<S::Ok, S::Error> {
        let word = |state: &StatusState| WORDS.iter().find(|(one, _)| one == state).map(|(_, word)| *word);
        states.iter().filter_map(word).collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<StatusState>, D::Error> {
        let read = |text: String| {
            let found = WORDS.iter().find(|(_, word)| *word == text).map(|(state, _)| *state);
            found.ok_or_else(|| serde::de::Error::custom("状态 is 有效, 暂扣, 撤销, 注销, 失效 or 吊销"))
        };
        Vec::<String>::deserialize(from)?.into_iter().map(read).collect()
    }
}
