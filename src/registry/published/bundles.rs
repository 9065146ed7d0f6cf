//! Loading bundles (一件事): a JSON file becomes a row and a signed event. A bundle is checked against the items that are
//! loaded before anybody can apply for it.

use std::sync::Arc;

use crate::catalog::bundles::{BundleDef, BundleFault, BundleFinding};
use crate::catalog::items::ItemDef;
use crate::error::{Code, Error, Result};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::published::notice::{Notice, Stated, check_body, stored_body};
use crate::rule::Rule;

/// What loading would make of a bundle.
pub struct BundleCheck {
    /// This very text is loaded already.
    pub known: bool,
    /// What the check beside the items finds; each of it refuses the bundle.
    pub findings: Vec<BundleFinding>,
    /// Why it would be refused, the first reason first; the findings are one of them together.
    pub refusals: Vec<Error>,
}

impl Registry {
    /// Adds bundles, or new versions of them, in one transaction; 编号 and version of each. The same text again changes
    /// nothing.
    ///
    /// # Errors
    /// `field_invalid` at `bundles.<n>` with rule `bundle_inconsistent`: everything that is wrong with it beside the newest
    /// versions of the items; with rule `bundle_version` for a version that is loaded with another text, or is not the
    /// next one.
    pub fn load_bundles(&self, actor: &str, bundles: Vec<BundleDef>) -> Result<Vec<(String, u32)>> {
        self.again_if_slower(|| self.try_load_bundles(actor, &bundles))
    }

    /// What loading would make of each of these bundles, in this order. Nothing is written.
    pub fn check_bundles(&self, bundles: &[BundleDef]) -> Vec<BundleCheck> {
        let snapshot = self.snapshot();
        let items: Vec<Arc<ItemDef>> = snapshot.catalog.items().cloned().collect();
        let before = |at: usize| bundles.get(..at).unwrap_or_default();
        let checks = bundles.iter().enumerate();
        checks.map(|(at, bundle)| bundle_check((&snapshot, &items), bundle, before(at))).collect()
    }

    fn try_load_bundles(&self, actor: &str, bundles: &[BundleDef]) -> Result<Vec<(String, u32)>> {
        let (mut loaded, mut rows, mut stated): (Vec<(String, u32)>, Vec<_>, Vec<_>) = Default::default();
        for ((at, bundle), check) in bundles.iter().enumerate().zip(self.check_bundles(bundles)) {
            loaded.push((bundle.slug.clone(), bundle.version));
            if check.known {
                continue;
            }
            if let Some(refusal) = check.refusals.into_iter().next() {
                return Err(refusal.at(format!("bundles.{at}")));
            }
            let body = serde_json::to_string(bundle).map_err(Error::internal)?;
            stated.push(Stated::row(EventKind::Bundle, stored_body(&body)?));
            rows.push((&bundle.slug, i32::try_from(bundle.version).map_err(Error::internal)?, body));
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

/// What loading would make of a bundle behind those of the same file.
fn bundle_check(
    (snapshot, items): (&Snapshot, &[Arc<ItemDef>]),
    bundle: &BundleDef,
    before: &[BundleDef],
) -> BundleCheck {
    let findings = bundle.findings(items);
    let (known, version) = match is_loaded(snapshot, bundle, before) {
        Ok(known) => (known, None),
        Err(error) => (false, Some(error)),
    };
    if known {
        return BundleCheck { known, findings, refusals: Vec::new() };
    }
    let inconsistent = (!findings.is_empty()).then(|| refused(&BundleFault::Inconsistent(findings.clone())));
    let body = serde_json::to_value(bundle).map_err(Error::internal);
    let texts = body.and_then(|body| check_body(EventKind::Bundle, body)).err();
    let refusals = version.into_iter().chain(inconsistent).chain(texts).collect();
    BundleCheck { known, findings, refusals }
}

/// Whether this text is loaded already; `before` are the bundles before it in the same file.
fn is_loaded(snapshot: &Snapshot, bundle: &BundleDef, before: &[BundleDef]) -> Result<bool> {
    let (slug, version) = (&bundle.slug, bundle.version);
    let conflict = |detail: String| Err(Error::new(Code::FieldInvalid, detail).rule(Rule::BundleVersion));
    let in_file = || before.iter().filter(|one| one.slug == *slug);
    let stored = snapshot.catalog.bundle_version(slug, version).map(|known| &**known);
    if let Some(known) = stored.or_else(|| in_file().find(|one| one.version == version)) {
        return match *known == *bundle {
            true => Ok(true),
            false => conflict(format!("version {version} of {slug} is loaded with another text: raise 版本")),
        };
    }
    let stored = snapshot.catalog.bundle_versions(slug).map(|known| known.version);
    let newest = stored.chain(in_file().map(|one| one.version)).max();
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
