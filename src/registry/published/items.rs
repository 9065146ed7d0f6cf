//! Loading items (事项): a JSON file becomes a row and a signed event. An item is checked against the catalog before
//! anybody can apply for it, and a check without loading finds whatever loading would refuse.

use std::sync::Arc;

use crate::catalog::items::{ItemDef, ItemFault, ItemFinding};
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, item_right};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::asked::carries_out;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::published::notice::{Notice, Stated, check_body, stored_body};
use crate::rule::Rule;

/// How often a load begins anew because another one was faster.
const TRIES: usize = 4;

/// What loading would make of an item.
pub struct ItemCheck {
    /// This very text is loaded already.
    pub known: bool,
    /// What the check against the catalog finds.
    pub findings: Vec<ItemFinding>,
    /// Why it would be refused, the first reason first; findings that refuse it are one of them together.
    pub refusals: Vec<Error>,
}

impl Registry {
    /// Adds items, or new versions of them, in one transaction; code and version of each. The same text again changes
    /// nothing. Of two loads at once the slower one reads what the faster one left, and is answered by that.
    ///
    /// # Errors
    /// `field_invalid` at `items.<n>` with rule `item_shape`, `item_code_form` or `item_inconsistent`: everything that is
    /// wrong with it. `agency_unknown` for an 实施主体 that is not registered. `field_invalid` with rule
    /// `item_version` for a version that is loaded with another text, is not the next one, or begins before the one that
    /// it follows. `write_conflict` where others were faster each time.
    pub fn load_items(&self, actor: &str, items: Vec<ItemDef>) -> Result<Vec<(String, u32)>> {
        self.again_if_slower(|| self.try_load_items(actor, &items))
    }

    /// What loading would make of each of these items, in this order. Nothing is written.
    pub fn check_items(&self, items: &[ItemDef]) -> Vec<ItemCheck> {
        let snapshot = self.snapshot();
        let check = |(at, item)| self.item_check(&snapshot, item, items.get(..at).unwrap_or_default());
        items.iter().enumerate().map(check).collect()
    }

    /// Does it again where another process wrote the same row first, by what stands there then.
    pub(super) fn again_if_slower<T>(&self, load: impl Fn() -> Result<T>) -> Result<T> {
        for _ in 0..TRIES {
            match load() {
                Err(error) if error.code == Code::WriteConflict => self.refresh()?,
                done => return done,
            }
        }
        Err(Error::new(
            Code::WriteConflict,
            "others loaded at the same time, again and again: load once more",
        ))
    }

    fn try_load_items(&self, actor: &str, items: &[ItemDef]) -> Result<Vec<(String, u32)>> {
        let snapshot = self.snapshot();
        let (mut loaded, mut rows, mut stated): (Vec<(String, u32)>, Vec<_>, Vec<_>) = Default::default();
        for (at, item) in items.iter().enumerate() {
            let place = |error: Error| error.at(format!("items.{at}"));
            let check = self.item_check(&snapshot, item, items.get(..at).unwrap_or_default());
            loaded.push((item.code.clone(), item.version));
            if check.known {
                continue;
            }
            if let Some(refusal) = check.refusals.into_iter().next() {
                return Err(place(refusal));
            }
            let body = serde_json::to_string(item).map_err(Error::internal)?;
            stated.push(Stated::row(EventKind::Item, stored_body(&body)?));
            rows.push((&item.code, i32::try_from(item.version).map_err(Error::internal)?, body));
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

    /// What loading would make of an item behind those of the same file.
    fn item_check(&self, snapshot: &Snapshot, item: &ItemDef, before: &[ItemDef]) -> ItemCheck {
        let findings = item.findings(&snapshot.catalog);
        let (known, version) = match is_loaded(snapshot, item, before) {
            Ok(known) => (known, None),
            Err(error) => (false, Some(error)),
        };
        if known {
            return ItemCheck { known, findings, refusals: Vec::new() };
        }
        let refusing = findings.iter().filter(|finding| finding.kind.refuses()).cloned().collect::<Vec<_>>();
        let inconsistent = (!refusing.is_empty()).then(|| refused(ItemFault::Inconsistent(refusing)));
        let agency = self.known_agency(&item.agency).err();
        let body = serde_json::to_value(item).map_err(Error::internal);
        let texts = body.and_then(|body| check_body(EventKind::Item, body)).err();
        let refusals = version.into_iter().chain(inconsistent).chain(agency).chain(texts);
        ItemCheck { known, findings, refusals: refusals.collect() }
    }
}

/// Whether this text is loaded already; `before` are the items before it in the same file.
fn is_loaded(snapshot: &Snapshot, item: &ItemDef, before: &[ItemDef]) -> Result<bool> {
    let conflict = |detail: String| Err(Error::new(Code::FieldInvalid, detail).rule(Rule::ItemVersion));
    let in_file = || before.iter().filter(|one| one.code == item.code);
    let stored = snapshot.catalog.item_version(&item.code, item.version).map(|known| &**known);
    if let Some(known) = stored.or_else(|| in_file().find(|one| one.version == item.version)) {
        return match *known == *item {
            true => Ok(true),
            false => conflict(format!(
                "version {} of {} is loaded with another text: raise 版本",
                item.version, item.code
            )),
        };
    }
    let stored = snapshot.catalog.item_versions(&item.code).map(|known| &**known);
    let newest = stored.chain(in_file()).max_by_key(|known| known.version);
    let next = newest.map_or(1, |newest| newest.version.saturating_add(1));
    if item.version != next {
        return conflict(format!(
            "the next version of {} is {next}, and the file says {}",
            item.code, item.version
        ));
    }
    // A version that begins before the one that it follows would keep that one from ever being in force.
    if let Some(before) = newest.filter(|before| item.from < before.from) {
        let detail =
            format!("version {} begins on {}: let this one begin no earlier", before.version, before.from);
        return conflict(detail);
    }
    Ok(false)
}

/// An item that was refused, with its rule.
pub fn refused(fault: ItemFault) -> Error {
    let rule = fault.rule();
    Error::new(Code::FieldInvalid, fault.to_string()).rule(rule)
}
