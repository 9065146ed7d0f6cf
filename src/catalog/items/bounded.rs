//! What an item may be at most, and what stands in none: an item is public, is kept for good, and is read at every
//! application.

use serde_json::Value;

use crate::catalog::items::{ItemDef, ItemFinding, ItemFindingKind, is_item_code};
use crate::identity::contains_citizen_number;

/// Most slots of an item: the longest published lists of one item have about forty.
const SLOTS: usize = 100;
/// Most roles, days, premises, options of a question, ways of a slot.
const ENTRIES: usize = 30;
/// Most characters of one text.
const CHARACTERS: usize = 2_000;

/// Everything that is too much in an item, and every text with somebody's number.
pub(super) fn unbounded(def: &ItemDef) -> Vec<ItemFinding> {
    let mut found = Vec::new();
    let mut add = |at: &str, kind| found.push(ItemFinding { at: at.to_owned(), kind, about: String::new() });
    let counts = [
        ("材料", def.slots.len(), SLOTS),
        ("当事人", def.parties.len(), ENTRIES),
        ("基准日", def.dates.len(), ENTRIES),
        ("前提", def.premises.len(), ENTRIES),
        ("情形", def.questions.iter().map(|one| one.options.len()).max().unwrap_or(0), ENTRIES),
        ("办理方式", def.slots.iter().map(|slot| slot.ways.len()).max().unwrap_or(0), ENTRIES),
    ];
    for (at, _, _) in counts.iter().filter(|(_, count, most)| count > most) {
        add(at, ItemFindingKind::TooMany);
    }
    let Ok(Value::Object(members)) = serde_json::to_value(def) else { return found };
    for (name, value) in &members {
        for text in texts(value) {
            if text.chars().count() > CHARACTERS {
                add(name, ItemFindingKind::TooLong);
            }
            if contains_citizen_number(text) && !is_item_code(text) {
                add(name, ItemFindingKind::NumberInText);
            }
        }
    }
    found
}

/// Every text in a value, names of members too.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(entries) => entries.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| std::iter::once(name.as_str()).chain(texts(value)))
            .collect(),
        _ => Vec::new(),
    }
}
