//! The one decision that every read and write passes (I4): actor, action, type, item, presence → allowed
//! fields and the reason, which is recorded with the access. Deny by default: without a grant the answer is a
//! refusal.
//!
//! A lookup is decided by grants: (types, fields or the whole, purposes), with `purpose.item` as given. An application is
//! decided by its item: who carries it out or receives it sees what its slots name.

mod actor;
mod agency;
mod budget;
mod grant;
mod permit;
mod tries;
mod walks;

pub use actor::{Account, Actor, Client, Scope, ScopeFault};
pub use agency::agency_for;
pub use grant::{Decision, Fields, Grant, Selection};
pub use permit::{Guard, Permit};
pub use tries::{COMPARISONS, REFUSALS, Tries};

use std::collections::BTreeSet;

use crate::error::Result;
use crate::record::access::{AllowedBy, OutsideItem};
use crate::rule::Rule;

/// Decides which fields of one type an actor may see for an item.
///
/// The first grant that names type and item decides; one for the whole goes before one for fields, so that
/// two grants never give less than each alone.
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
    let mut best: Option<Decision> = None;
    let mut type_named = false;
    for grant in actor.grants().iter().filter(|grant| grant.types.names(type_code)) {
        type_named = true;
        // Work at no item is granted by its name and never with everything else.
        let outside = item.is_some_and(|item| OutsideItem::from_wire(item).is_some());
        if !grant.purposes.names_option(item) || (outside && grant.purposes == Selection::All) {
            continue;
        }
        match &grant.fields {
            Fields::Whole => {
                return Decision::Allowed { fields: Fields::Whole, reason: AllowedBy::GrantWhole };
            }
            fields @ Fields::Named(_) => {
                let merged = match best.take() {
                    Some(Decision::Allowed { fields: Fields::Named(mut earlier), reason }) => {
                        if let Fields::Named(more) = fields {
                            earlier.extend(more.iter().cloned());
                        }
                        Decision::Allowed { fields: Fields::Named(earlier), reason }
                    }
                    _ => Decision::Allowed { fields: fields.clone(), reason: AllowedBy::GrantFields },
                };
                best = Some(merged);
            }
        }
    }
    let reason = if type_named { Rule::PurposeNotGranted } else { Rule::TypeNotGranted };
    best.unwrap_or(Decision::Refused { reason })
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
    let receives = |grant: &Grant| match (&grant.types, &grant.purposes) {
        (Selection::Named(types), Selection::Named(items)) => types.is_empty() && items.contains(item),
        _ => false,
    };
    if runs || actor.grants().iter().any(receives) {
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
