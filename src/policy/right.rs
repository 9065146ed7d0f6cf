//! What an item in hand lets an actor see (practice R10): item, role of the party and slot decide, for API, page and
//! commands alike. Grants narrow that for a client, and never widen it.

use std::collections::BTreeSet;

use super::actor::Actor;
use super::grant::{Decision, Fields};
use super::scope::Scope;
use super::{decide, decide_scope};
use crate::catalog::items::{ItemDef, ItemRole};
use crate::record::access::AllowedBy;
use crate::rule::Rule;

/// By what it is decided which fields of a holder's records go out.
#[derive(Clone, Copy)]
pub enum Right<'i> {
    /// By grants for a purpose: work at no item, or a registry that has no items.
    ByGrants {
        /// The purpose.
        purpose: &'i str,
    },
    /// By the slots of an item.
    BySlots {
        /// The item in force.
        item: &'i ItemDef,
        /// The role of the party.
        role: &'i ItemRole,
        /// Only what the actor's own grants give of it.
        narrowed: bool,
        /// Nothing shows that the party is there: only the fields that stand for a number that somebody typed.
        typed: bool,
    },
}

/// Whether an actor may name an item: its agency carries it out (`runs`), a grant of no type lets it receive the item, or,
/// for a client, a grant names it by its code. True if the actor's grants narrow what the slots give: those of a client do,
/// but for an item that it receives.
///
/// # Errors
/// The rule that was not met: `role_of_staff`, `item_not_granted`.
pub fn item_right(actor: &Actor, item: &str, runs: bool) -> Result<bool, Rule> {
    let receives = actor.grants().is_some_and(|grants| grants.receives(item));
    match actor {
        Actor::Operator { .. } => Ok(false),
        Actor::Account(account) if !account.handles_items() => Err(Rule::RoleOfStaff),
        Actor::Account(_) if runs || receives => Ok(false),
        Actor::Client { .. } if receives => Ok(false),
        Actor::Client { client, .. } if runs || client.grants.names_item(item) => Ok(true),
        Actor::Account(_) | Actor::Client { .. } => Err(Rule::ItemNotGranted),
    }
}

/// Decides which fields of one type an actor may see by a right. `slug` is the type's name in items.
pub fn decide_by(
    actor: &Actor,
    scope: Scope,
    right: &Right<'_>,
    (type_code, slug): (&str, &str),
) -> Decision {
    match right {
        Right::ByGrants { purpose } => decide(actor, scope, type_code, Some(purpose)),
        Right::BySlots { item, role, narrowed, typed } => {
            let scoped = decide_scope(actor, scope);
            if scoped.refusal().is_some() || actor.is_operator() {
                return scoped;
            }
            let Some(asked) = asked_by_slots((item, role), slug, *typed) else {
                return Decision::Refused { reason: Rule::TypeNotAsked };
            };
            let fields = match narrowed {
                false => asked,
                true => match decide(actor, scope, type_code, Some(&item.code)) {
                    Decision::Allowed { fields, .. } => fields.within(asked),
                    refused @ Decision::Refused { .. } => return refused,
                },
            };
            Decision::Allowed { fields: Fields::Named(fields), reason: AllowedBy::Slot }
        }
    }
}

/// The fields of a type that the slots of an item ask for of one role; none if no slot pulls the type.
fn asked_by_slots((item, role): (&ItemDef, &ItemRole), slug: &str, typed: bool) -> Option<BTreeSet<String>> {
    let mut slots = item.slots.iter().filter(|slot| slot.role == role.name && slot.pulls(slug)).peekable();
    slots.peek()?;
    Some(slots.flat_map(|slot| slot.fields_shown(slug, typed)).map(str::to_owned).collect())
}
