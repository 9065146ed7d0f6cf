//! Loading bundles (一件事): a JSON file becomes a row and a signed event. A bundle is checked against the items that are
//! loaded before anybody can apply for it.

use std::sync::Arc;

use crate::catalog::bundles::{BundleDef, BundleFault};
use crate::catalog::items::ItemDef;
use crate::error::{Code, Error, Result};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::published::notice::{Notice, Stated, stored_body};
use crate::rule::Rule;

impl Registry {
    /// Adds bundles, or new versions of them, in one transaction; 编号 and version of each. The same text again changes
    /// nothing.
    ///
    /// # Errors
    /// `field_invalid` at `bundles.<n>` with rule `bundle_inconsistent`: everything that is wrong with it beside the newest
    /// versions of the items; with rule `bundle_version` for a version that is loaded with another text, or is not the
    /// next one.
    pub fn load_bundles(&self, actor: &str, bundles: Vec<BundleDef>) -> Result<Vec<(String, u32)>> {
        self.again_if_slower(|| self.try_load_bundles(actor, bundles.clone()))
    }

    fn try_load_bundles(&self, actor: &str, bundles: Vec<BundleDef>) -> Result<Vec<(String, u32)>> {
        let snapshot = self.snapshot();
        let items: Vec<Arc<ItemDef>> = snapshot.catalog.items().cloned().collect();
        let (mut loaded, mut rows, mut stated): (Vec<(String, u32)>, Vec<_>, Vec<_>) = Default::default();
        for (at, bundle) in bundles.into_iter().enumerate() {
            let place = |error: Error| error.at(format!("bundles.{at}"));
            let known = is_loaded(&snapshot, &bundle, &loaded).map_err(place)?;
            loaded.push((bundle.slug.clone(), bundle.version));
            if known {
                continue;
            }
            let findings = bundle.findings(&items);
            if !findings.is_empty() {
                return Err(place(refused(&BundleFault::Inconsistent(findings))));
            }
            let body = serde_json::to_string(&bundle).map_err(Error::internal)?;
            stated.push(Stated::row(EventKind::Bundle, stored_body(&body)?));
            rows.push((bundle.slug, i32::try_from(bundle.version).map_err(Error::internal)?, body));
        }
        if !rows.is_empty() {
            let (kind, action) = (EventKind::Bundle, PublicAction::Load);
            self.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, |writer| {
                rows.iter().try_for_each(|(code, version, body)| writer.insert_bundle(code, *version, body))
            })?;
        }
        Ok(loaded)
    }
}

/// Whether this text is loaded already.
fn is_loaded(snapshot: &Snapshot, bundle: &BundleDef, before: &[(String, u32)]) -> Result<bool> {
    let (slug, version) = (&bundle.slug, bundle.version);
    let conflict = |detail: String| Err(Error::new(Code::FieldInvalid, detail).rule(Rule::BundleVersion));
    if let Some(known) = snapshot.catalog.bundle_version(slug, version) {
        return match **known == *bundle {
            true => Ok(true),
            false => conflict(format!("version {version} of {slug} is loaded with another text: raise 版本")),
        };
    }
    let in_file = before.iter().filter(|(code, _)| code == slug).map(|(_, version)| *version);
    let newest = snapshot.catalog.bundle_versions(slug).map(|known| known.version).chain(in_file).max();
    let next = newest.map_or(1, |newest| newest.saturating_add(1));
    if version != next {
        return conflict(format!("the next version of {slug} is {next}, and the file says {version}"));
    }
    Ok(false)
}

/// A bundle that was refused, with its rule.
pub fn refused(fault: &BundleFault) -> Error {
    Error::new(Code::FieldInvalid, fault.to_string()).rule(fault.rule())
}
