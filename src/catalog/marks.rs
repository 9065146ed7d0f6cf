//! What a certificate says about the life of its holder (practice R6): a death certificate says that the person in the
//! role `deceased` has died. The rule stands in the type's file. How much the statement weighs follows from the
//! issuing agency's authority over people.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::face::span;
use crate::catalog::{FaceSchema, FieldKind, Format, Role, Statement};
use crate::clock::Day;

/// One rule: the issue marks the holders in a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LifeMark {
    /// The role of the holders that are marked.
    pub role: String,
    /// The statements, the weightiest first. The issuing agency makes the first one for which it has authority over
    /// people, and none if it has no such authority.
    pub statements: Vec<Statement>,
    /// The field of the face that has the legal day: a date or a partial date.
    pub since: String,
}

impl LifeMark {
    /// The legal day in a face, `last` at the latest; none if the face has no such day. Of a year or a month it is the
    /// last day: the person was surely dead by then.
    pub fn since(&self, face: &Map<String, Value>, last: Day) -> Option<Day> {
        let (_, end) = span(face.get(&self.since)?.as_str()?)?;
        Some(end.min(last))
    }
}

/// The first fault of the rules of a type, in words.
pub(super) fn inconsistency(marks: &[LifeMark], roles: &[Role], face: &FaceSchema) -> Option<String> {
    for mark in marks {
        if !roles.iter().any(|role| role.role == mark.role) {
            return Some(format!("marks name the role {}, which is none of the type", mark.role));
        }
        if mark.statements.is_empty() || !mark.statements.iter().all(|statement| statement.is_of_life()) {
            return Some(format!("the marks of {} are statements about a life, one at least", mark.role));
        }
        let dated = face.fields().iter().find(|field| field.name == mark.since).map(|field| &field.kind);
        if !matches!(dated, Some(FieldKind::Text { format: Format::Date | Format::PartialDate, .. })) {
            return Some(format!("the day of the marks, {}, is no date of the face", mark.since));
        }
    }
    None
}
