//! The check of a type's roles against its own face, when the type is loaded.

use super::face::FaceSchema;
use super::roles::Role;

/// The most holders of a record. An access entry names each of them and counts them in one byte.
const MOST_HOLDERS: u32 = 200;

/// Faults of a definition's roles against its own face, in words.
pub(super) fn inconsistencies(roles: &[Role], face: &FaceSchema) -> Option<String> {
    let most = roles.iter().fold(0_u32, |sum, role| sum.saturating_add(role.max));
    if most > MOST_HOLDERS {
        return Some(format!("at most {MOST_HOLDERS} holders in all roles"));
    }
    for (index, role) in roles.iter().enumerate() {
        if role.max == 0
            || role.min > role.max
            || roles.iter().take(index).any(|other| other.role == role.role)
        {
            return Some(format!("role {} stands twice or asks for no possible number", role.role));
        }
        if let Some(rule) = &role.shares {
            let decides = face.fields().iter().find(|field| field.name == rule.field);
            let list = decides.and_then(|field| field.code_list());
            if !list.is_some_and(|list| rule.required.iter().all(|code| list.label(code).is_some())) {
                return Some(format!("shares of {} depend on a field that has no such codes", role.role));
            }
        }
    }
    None
}
