//! The one decision that every read and write passes (I4): actor, action, type, item, presence → allowed
//! fields and the reason, which is recorded with the access. Deny by default: without a grant the answer is a
//! refusal.
//!
//! For an item in force its slots decide ([`decide_by`]): who carries it out or receives it sees what they name, and a
//! client's grants narrow that. Work at no item, and everything in a registry without items, is decided by grants: (types,
//! fields or the whole, purposes), with `purpose.item` as given.

mod actor;
mod agency;
mod budget;
mod grant;
mod grants;
mod permit;
mod right;
mod scope;
mod staff;
mod tries;
mod walks;

pub use actor::{Actor, Client};
pub use agency::agency_for;
pub use grant::{Decision, Fields, Grant, Selection};
pub use grants::Grants;
pub use permit::{Guard, Permit};
pub use right::{Right, decide_by, item_right};
pub use scope::{Scope, ScopeFault};
pub use staff::{Account, StaffRole, StaffRoleFault};
pub use tries::{COMPARISONS, REFUSALS, Tries};

use std::collections::BTreeSet;

use crate::error::Result;
use crate::record::access::AllowedBy;
use crate::rule::Rule;

/// Decides which fields of one type an actor may see for an item.
///
/// All grants that name type and item decide together: one for the whole goes before those for fields, and two never give
/// less than each alone.
pub fn decide(actor: &Actor, scope: Scope, type_code: &str, item: Option<&str>) -> Decision {
    if !actor.enabled() {
        return Decision::Refused { reason: Rule::ActorDisabled };
    }
    if !actor.has(scope) {
        return Decision::Refused { reason: Rule::ScopeMissing };
    }
    if actor.is_operator() {
        return Decision::Allowed { fields: Fields::Whole, reason: AllowedBy::Operator };
    }
    let Some(grants) = actor.grants() else { return Decision::Refused { reason: Rule::TypeNotGranted } };
    match grants.fields(type_code, item) {
        Some(Fields::Whole) => Decision::Allowed { fields: Fields::Whole, reason: AllowedBy::GrantWhole },
        Some(fields) => Decision::Allowed { fields, reason: AllowedBy::GrantFields },
        None if grants.names_type(type_code) => Decision::Refused { reason: Rule::PurposeNotGranted },
        None => Decision::Refused { reason: Rule::TypeNotGranted },
    }
}

/// Whether an actor may look up anything of these types at all, for some item: who may not is told nothing of what is
/// on file by any other answer either.
pub fn may_look<'t>(actor: &Actor, mut types: impl Iterator<Item = &'t str>) -> bool {
    types.any(|code| decide_some_item(actor, Scope::Lookup, code).is_ok())
}

/// Decides about work at no item, such as an objection: the type is granted for some item.
///
/// # Errors
/// `forbidden` with the rule that was not met.
pub fn decide_some_item(actor: &Actor, scope: Scope, type_code: &str) -> Result<()> {
    let decision = decide(actor, scope, type_code, None);
    match decision.refusal() {
        None | Some(Rule::PurposeNotGranted) => Ok(()),
        Some(_) => decision.required().map(drop),
    }
}

/// Decides about an application for an item: it is for the agency that carries the item out (`runs`), and for whom a
/// grant of no type lets receive this very item. What is seen of whom follows from the slots of the item and from no grant;
/// so a grant that opens one type to lookups for the item does not open all that the item asks for.
pub fn decide_item(actor: &Actor, item: &str, runs: bool) -> Decision {
    let scope = decide_scope(actor, Scope::Apply);
    if scope.refusal().is_some() || actor.is_operator() {
        return scope;
    }
    if runs || actor.grants().is_some_and(|grants| grants.receives(item)) {
        Decision::Allowed { fields: Fields::Named(BTreeSet::new()), reason: AllowedBy::Slot }
    } else {
        Decision::Refused { reason: Rule::ItemNotGranted }
    }
}

/// What stands before the code of a bundle in the purposes of a grant; no item code begins so.
pub const BUNDLE: &str = "bundle:";

/// Decides about an application for a bundle: it is for whoever could apply for each of its items, and for whom a grant of
/// no type lets receive the bundle as such (`bundle:newborn`); such a grant opens none of its items alone. Each item comes
/// with whether the actor's agency carries it out. A bundle without items is nobody's.
pub fn decide_bundle<'i>(
    actor: &Actor,
    slug: &str,
    items: impl Iterator<Item = (&'i str, bool)>,
) -> Decision {
    let whole = decide_item(actor, &format!("{BUNDLE}{slug}"), false);
    if whole.refusal() != Some(Rule::ItemNotGranted) {
        return whole;
    }
    let mut items = items.map(|(code, runs)| decide_item(actor, code, runs)).peekable();
    match items.peek() {
        None => whole,
        Some(_) => items.find(|one| one.refusal().is_some()).unwrap_or_else(|| Decision::Allowed {
            fields: Fields::Named(BTreeSet::new()),
            reason: AllowedBy::Slot,
        }),
    }
}

/// Decides about something that is not a record of a type: keys, catalog, imports, other people's accesses.
pub fn decide_scope(actor: &Actor, scope: Scope) -> Decision {
    if !actor.enabled() {
        Decision::Refused { reason: Rule::ActorDisabled }
    } else if actor.has(scope) {
        let reason = if actor.is_operator() { AllowedBy::Operator } else { AllowedBy::Scope };
        Decision::Allowed { fields: Fields::Whole, reason }
    } else {
        Decision::Refused { reason: Rule::ScopeMissing }
    }
}

#[cfg(test)]
mod tests;
