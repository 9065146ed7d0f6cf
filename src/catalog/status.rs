//! The status field of a face (驾驶证状态): which state of the record each of its codes means, and which code a state gets
//! on a new face, so that a face never says one thing and the record another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::{FaceSchema, FieldKind};

/// The meaning of the status field of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusMap {
    /// The field of the face: one of codes.
    pub field: String,
    /// Each code of its list.
    pub codes: BTreeMap<String, FaceStatus>,
    /// The code that the face gets when an action leads the record to that state: one for each state that a code means.
    /// Empty where no action writes the face.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prints: BTreeMap<StatusState, String>,
}

/// The meaning of one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaceStatus {
    /// The state in which a record with that face begins.
    pub state: StatusState,
    /// It restricts a record that is in force: a remark beside the verdict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remark: bool,
}

/// States that a status field may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// 01 有效
    Active,
    /// 02 暂扣
    Suspended,
    /// 03 撤销
    Annulled,
    /// 04 注销
    Cancelled,
    /// 05 失效
    Lapsed,
    /// 07 吊销
    Revoked,
}

impl StatusMap {
    /// The meaning of a face; none where it has no status.
    pub fn of(&self, face: &Value) -> Option<&FaceStatus> {
        self.codes.get(face.get(&self.field)?.as_str()?)
    }

    /// Whether one of its codes means that state.
    pub fn knows(&self, state: StatusState) -> bool {
        self.codes.values().any(|said| said.state == state)
    }
}

/// The fault of a map, in words.
pub(super) fn inconsistency(map: Option<&StatusMap>, face: &FaceSchema) -> Option<String> {
    let map = map?;
    let field = face.fields().iter().find(|field| field.name == map.field);
    let Some(FieldKind::Code(list)) = field.map(|field| &field.kind) else {
        return Some(format!("the status {} is no field of codes", map.field));
    };
    let strange = map.codes.keys().find(|code| list.label(code).is_none());
    let missing =
        || list.codes.iter().map(|listed| listed.code.as_str()).find(|code| !map.codes.contains_key(*code));
    let unmapped = strange.map(String::as_str).or_else(missing).map(|code| {
        format!("the status {} maps each code of {} and no other: {code}", map.field, list.reference())
    });
    unmapped.or_else(|| misprint(map))
}

/// The fault of the codes that actions print: each state that the face can say has one, which means that state and
/// nothing beside it.
fn misprint(map: &StatusMap) -> Option<String> {
    if map.prints.is_empty() {
        return None;
    }
    let wrong = map
        .prints
        .iter()
        .find(|(state, code)| map.codes.get(*code).is_none_or(|said| said.state != **state || said.remark));
    if let Some((_, code)) = wrong {
        return Some(format!("the status {} prints a code that means another state: {code}", map.field));
    }
    let left = map.codes.iter().find(|(_, said)| !map.prints.contains_key(&said.state));
    left.map(|(code, _)| format!("the status {} does not say what its state prints: {code}", map.field))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_state_that_a_face_can_say_prints_one_code_that_means_it() {
        let fault = |prints: Value| {
            let codes = json!({
                "1": {"state": "active"}, "2": {"state": "active", "remark": true},
                "3": {"state": "suspended"}, "4": {"state": "suspended"},
            });
            let map = json!({"field": "status", "codes": codes, "prints": prints});
            misprint(&serde_json::from_value(map).unwrap())
        };
        assert_eq!(fault(json!({"active": "1", "suspended": "4"})), None);
        assert_eq!(fault(json!({})), None);
        for (prints, code) in [
            (json!({"active": "1"}), "3"),
            (json!({"active": "2", "suspended": "3"}), "2"),
            (json!({"active": "3", "suspended": "3"}), "3"),
            (json!({"active": "9", "suspended": "3"}), "9"),
            (json!({"active": "1", "suspended": "3", "revoked": "4"}), "4"),
        ] {
            assert!(fault(prints.clone()).is_some_and(|fault| fault.ends_with(code)), "{prints}");
        }
    }
}
