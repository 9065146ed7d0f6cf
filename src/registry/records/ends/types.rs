//! Which types the rules name, and how: for whoever gathers records before the rules are asked about them.

use std::collections::HashSet;

use super::{enders, on_issue, proposing};
use crate::catalog::{End, EndBy, EndWhen};
use crate::registry::base::snapshot::Snapshot;

/// The types that a rule which runs at an issue names on either side, and those that mark their holders.
pub(in crate::registry) fn touched_types(snapshot: &Snapshot) -> HashSet<String> {
    let types = snapshot.catalog.types();
    let touched = types.iter().filter(|entry| {
        on_issue(entry).next().is_some()
            || enders(snapshot, entry).any(|(_, end)| end.by == EndBy::Rule)
            || !entry.def().marks.is_empty()
    });
    touched.map(|entry| entry.def().code.clone()).collect()
}

/// The types of records that the issue of one of a type ends, or proposes to end.
pub(in crate::registry) fn ended_types(snapshot: &Snapshot, type_code: &str) -> Vec<String> {
    let Some(entry) = snapshot.catalog.type_of(type_code) else { return Vec::new() };
    let ended = on_issue(entry).filter_map(|end| snapshot.catalog.type_by_slug(&end.ended));
    ended.map(|ended| ended.def().code.clone()).collect()
}

/// Whether the issue of a record of a type proposes ends: then the names on other papers of the person count.
pub(in crate::registry) fn proposes(snapshot: &Snapshot, type_code: &str) -> bool {
    snapshot.catalog.type_of(type_code).is_some_and(|entry| proposing(entry).next().is_some())
}

/// Whether a rule that runs at an issue finds the records of a type by all their holders, and not by their subject alone.
pub(in crate::registry) fn is_found_by_all(snapshot: &Snapshot, type_code: &str) -> bool {
    let Some(entry) = snapshot.catalog.type_of(type_code) else { return false };
    let mut rules = on_issue(entry).chain(enders(snapshot, entry).map(|(_, end)| end));
    rules.any(|end| end.when == EndWhen::SameHolders)
}

/// Whether a rule of a type proposes to end records of that type.
pub(in crate::registry) fn is_proposed(snapshot: &Snapshot, type_code: &str) -> bool {
    let Some(ended) = snapshot.catalog.type_of(type_code) else { return false };
    let proposes = |end: &End| end.by == EndBy::Proposal && end.ended == ended.def().slug;
    snapshot.catalog.types().iter().any(|entry| entry.def().ends.iter().any(proposes))
}
