//! The types that are read of a party: those that the slots of its role pull or ask about, and those that the
//! conditions of the item speak of. Nothing else of it is looked at.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::catalog::items::{Attribute, CaseName, Condition, ItemDef, ItemRole, Kinship, Predicate, Way};

/// The type of a mandate (授权委托).
const MANDATE: &str = "mandate";

/// Types of the household register: the card of a member, and the front page.
pub(super) const HOUSEHOLD: [&str; 2] = ["household_member", "household_front"];

/// The types that tell of a relation.
pub(super) const fn of_kinship(kinship: Kinship) -> &'static [&'static str] {
    match kinship {
        Kinship::Spouse => &["marriage_certificate", "divorce_certificate"],
        Kinship::Parent | Kinship::Child | Kinship::Guardian => {
            &["birth_certificate", "household_member", "adoption_certificate"]
        }
        Kinship::Household => &["household_member"],
    }
}

/// The codes of the types that are read of whoever is in that role; of one for whom somebody acts the mandate too.
pub(super) fn types_of(catalog: &Catalog, item: &ItemDef, role: &ItemRole, mandated: bool) -> Vec<String> {
    let mut slugs: BTreeSet<&str> = mandated.then_some(MANDATE).into_iter().collect();
    for slot in &item.slots {
        let own = slot.role == role.name;
        for way in &slot.ways {
            match way {
                Way::Pulled { slug, .. } | Way::Checked { predicate: Predicate::Holds { slug }, .. }
                    if own =>
                {
                    slugs.insert(slug);
                }
                Way::Checked { predicate: Predicate::Related { kinship, role: other }, .. }
                    if own || *other == role.name =>
                {
                    slugs.extend(of_kinship(*kinship));
                }
                _ => {}
            }
        }
    }
    for name in conditions(item).flat_map(Condition::names) {
        match name {
            CaseName::Holds { role: of, slug } if *of == role.name => {
                slugs.insert(slug);
            }
            CaseName::Attribute { role: of, attribute: Attribute::Local } if *of == role.name => {
                slugs.extend(HOUSEHOLD);
            }
            CaseName::Holds { .. } | CaseName::Attribute { .. } | CaseName::Question(_) => {}
        }
    }
    let entries = slugs.into_iter().filter_map(|slug| catalog.type_by_slug(slug));
    // Answers that are only relayed are told to the case that asked for them, and read by nobody else.
    entries.filter(|entry| !entry.def().relay_only).map(|entry| entry.def().code.clone()).collect()
}

fn conditions(item: &ItemDef) -> impl Iterator<Item = &Condition> {
    let of_slots = item.slots.iter().filter_map(|slot| slot.when.as_ref());
    let of_questions = item.questions.iter().flat_map(|question| {
        question.when.iter().chain(question.options.iter().filter_map(|option| option.answered_by.as_ref()))
    });
    of_slots.chain(of_questions).chain(item.premises.iter().map(|premise| &premise.holds))
}
