//! The status field of a face (驾驶证状态): which state of the record each of its codes means, so that a face never says one
//! thing and the record another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::{FaceSchema, FieldKind};

/// The meaning of the status field of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusMap {
    /// The field of the face: one of codes.
    pub field: String,
    /// Each code of its list.
    pub codes: BTreeMap<String, FaceStatus>,
}

/// The meaning of one code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceStatus {
    /// The state in which a record with that face begins.
    pub state: StatusState,
    /// It restricts a record that is in force: a remark beside the verdict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remark: bool,
}

/// States that a status field may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    strange.map(String::as_str).or_else(missing).map(|code| {
        format!("the status {} maps each code of {} and no other: {code}", map.field, list.reference())
    })
}
