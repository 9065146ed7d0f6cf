//! The one decision every read and write passes (I4): actor, action, type, item, presence → allowed fields and
//! the reason, which is recorded with the access. Deny by default: what no grant names is refused.
//!
//! Until items exist a grant is (types, fields or the whole, purposes); `purpose.item` is matched as given.

mod actor;
mod agency;
mod grant;

pub use actor::{Account, Actor, Client, Scope, ScopeFault};
pub use agency::agency_for;
pub use grant::{Decision, Fields, Grant, Selection};

/// Decides what of one type an actor may see for an item.
///
/// The first grant that names type and item decides; one for the whole goes before one for fields, so that
/// two grants never give less than each alone.
pub fn decide(actor: &Actor, scope: Scope, type_code: &str, item: Option<&str>) -> Decision {
    if !actor.enabled() {
        return Decision::refused("actor_disabled");
    }
    if !actor.has(scope) {
        return Decision::refused("scope_missing");
    }
    if actor.is_operator() {
        return Decision::allowed(Fields::Whole, "operator");
    }
    let mut best: Option<Decision> = None;
    let mut type_named = false;
    for grant in actor.grants().iter().filter(|grant| grant.types.names(type_code)) {
        type_named = true;
        if !grant.purposes.names_option(item) {
            continue;
        }
        match &grant.fields {
            Fields::Whole => return Decision::allowed(Fields::Whole, "grant_whole"),
            fields @ Fields::Named(_) => {
                let merged = match best.take() {
                    Some(Decision::Allowed { fields: Fields::Named(mut earlier), reason }) => {
                        if let Fields::Named(more) = fields {
                            earlier.extend(more.iter().cloned());
                        }
                        Decision::Allowed { fields: Fields::Named(earlier), reason }
                    }
                    _ => Decision::allowed(fields.clone(), "grant_fields"),
                };
                best = Some(merged);
            }
        }
    }
    best.unwrap_or_else(|| {
        Decision::refused(if type_named { "purpose_not_granted" } else { "type_not_granted" })
    })
}

/// Decides about something that is not a record of a type: keys, catalog, imports, other people's accesses.
pub fn decide_scope(actor: &Actor, scope: Scope) -> Decision {
    if !actor.enabled() {
        Decision::refused("actor_disabled")
    } else if actor.has(scope) {
        Decision::allowed(Fields::Whole, if actor.is_operator() { "operator" } else { "scope" })
    } else {
        Decision::refused("scope_missing")
    }
}

#[cfg(test)]
mod tests;
