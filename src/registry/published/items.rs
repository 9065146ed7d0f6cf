//! Loading items (事项): a JSON file becomes a row and a signed event. An item is checked against the catalog before
//! anybody can apply for it.

use std::sync::Arc;

use crate::catalog::items::{ItemDef, ItemFault};
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, item_right};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::asked::carries_out;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::published::notice::{Notice, Stated, stored_body};
use crate::rule::Rule;

impl Registry {
    /// Adds items, or new versions of them, in one transaction; code and version of each. The same text again changes
    /// nothing.
    ///
    /// # Errors
    /// `field_invalid` at `items.<n>` with rule `item_shape`, `item_code_form` or `item_inconsistent`: everything that is
    /// wrong with it. `agency_unknown` for an 实施主体 that is not registered. `field_invalid` with rule
    /// `item_version` for a version that is loaded with another text, is not the next one, or begins before the one that
    /// it follows.
    pub fn load_items(&self, actor: &str, items: Vec<ItemDef>) -> Result<Vec<(String, u32)>> {
        let snapshot = self.snapshot();
        let (mut loaded, mut rows, mut stated): (Vec<(String, u32)>, Vec<_>, Vec<_>) = Default::default();
        for (at, item) in items.into_iter().enumerate() {
            let place = |error: Error| error.at(format!("items.{at}"));
            let known = self.is_loaded(&snapshot, &item, &loaded).map_err(place)?;
            loaded.push((item.code.clone(), item.version));
            if known {
                continue;
            }
            item.check(&snapshot.catalog).map_err(refused).map_err(place)?;
            self.known_agency(&item.agency).map_err(place)?;
            let body = serde_json::to_string(&item).map_err(Error::internal)?;
            stated.push(Stated::row(EventKind::Item, stored_body(&body)?));
            rows.push((item.code, i32::try_from(item.version).map_err(Error::internal)?, body));
        }
        if !rows.is_empty() {
            let (kind, action) = (EventKind::Item, PublicAction::Load);
            self.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, |writer| {
                rows.iter().try_for_each(|(code, version, body)| writer.insert_item(code, *version, body))
            })?;
        }
        Ok(loaded)
    }

    /// The items in force today that an actor may name in a lookup.
    pub fn items_of(&self, actor: &Actor) -> Vec<Arc<ItemDef>> {
        let (snapshot, today) = (self.snapshot(), self.now().day());
        let catalog = &snapshot.catalog;
        let in_force = catalog.items().filter_map(|item| catalog.item(&item.code, today));
        let may = |item: &&Arc<ItemDef>| {
            item_right(actor, &item.code, carries_out(catalog, actor, item, today)).is_ok()
        };
        in_force.filter(may).cloned().collect()
    }

    /// Whether this text is loaded already.
    fn is_loaded(&self, snapshot: &Snapshot, item: &ItemDef, before: &[(String, u32)]) -> Result<bool> {
        let conflict = |detail: String| Err(Error::new(Code::FieldInvalid, detail).rule(Rule::ItemVersion));
        if let Some(known) = snapshot.catalog.item_version(&item.code, item.version) {
            return match **known == *item {
                true => Ok(true),
                false => conflict(format!(
                    "version {} of {} is loaded with another text: raise 版本",
                    item.version, item.code
                )),
            };
        }
        let in_file = before.iter().filter(|(code, _)| *code == item.code).map(|(_, version)| *version);
        let newest =
            snapshot.catalog.item_versions(&item.code).map(|known| known.version).chain(in_file).max();
        let next = newest.map_or(1, |newest| newest.saturating_add(1));
        if item.version != next {
            return conflict(format!(
                "the next version of {} is {next}, and the file says {}",
                item.code, item.version
            ));
        }
        // A version that begins before the one that it follows would keep that one from ever being in force.
        let before = snapshot.catalog.item_versions(&item.code).next_back();
        if let Some(before) = before.filter(|before| item.from < before.from) {
            let detail = format!(
                "version {} begins on {}: let this one begin no earlier",
                before.version, before.from
            );
            return conflict(detail);
        }
        Ok(false)
    }
}

/// An item that was refused, with its rule.
pub fn refused(fault: ItemFault) -> Error {
    let rule = fault.rule();
    Error::new(Code::FieldInvalid, fault.to_string()).rule(rule)
}
