//! One row of the file: parsed, checked, signed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Moment;
use crate::error::{Class, Code, Error, Result};
use crate::identity::{HolderCode, RemarkKind};
use crate::policy::Actor;
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::import::item::Item;
use crate::registry::records::issue;
use crate::registry::records::submitted::{Beginning, Origin, Submitted};
use crate::rule::Rule;
use crate::table::cell::Repair;
use crate::trust::SigningKey;

/// The result of a row.
pub(super) struct Made {
    pub item: Item,
    /// It has characters of the private-use areas, or an identifier in the wrong dialect.
    pub flagged: bool,
    /// The remarks on it, by their stable names.
    pub remarks: Vec<String>,
    /// What was done to its numbers so that they could be read; nothing to what an issuer signed.
    pub repairs: Vec<Repair>,
}

/// The tools of one thread: the snapshot of the run and the issuers' keys, each opened once.
pub(super) struct Maker<'a> {
    registry: &'a Registry,
    snapshot: Arc<Snapshot>,
    actor: &'a Actor,
    keys: Keys,
    /// The time of which the file's data is; a row's own time goes before it.
    as_of: Option<Moment>,
}

/// Keys by issuer; none if the registry holds none for it.
type Keys = HashMap<String, Option<Arc<SigningKey>>>;

impl<'a> Maker<'a> {
    /// The tools of a thread.
    pub fn new(registry: &'a Registry, actor: &'a Actor, as_of: Option<Moment>) -> Self {
        Self { registry, snapshot: registry.snapshot(), actor, keys: HashMap::new(), as_of }
    }

    /// The catalog and policy of the run.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Checks and signs. An error whose class is `Refused` is the row's; any other is the run's.
    pub fn make(&mut self, (submitted, origin): (Submitted, Origin), line: u64) -> Result<Made> {
        let Self { registry, snapshot, actor, keys, as_of } = self;
        let origin = Origin { as_of: origin.as_of.or(*as_of), ..origin }.check(registry.now())?;
        let name = match &submitted {
            Submitted::Draft(draft) => draft.holders.first().map(|holder| holder.name.clone()),
            Submitted::Envelope(_) => None,
        };
        let taken = registry.take(actor, snapshot, submitted, &mut |issuer| key(registry, keys, issuer))?;
        origin.fits(taken.signed.issued_on)?;
        // A row that counts as made now is no old licence that is taken over.
        let made_now = origin.beginning == Beginning::Issue && origin.as_of.is_none();
        if let Some(at) = taken.pilot.filter(|_| made_now && HolderCode::standard_on(taken.signed.issued_on))
        {
            return Err(issue::no_new_pilot(at).rule(Rule::PilotNew));
        }
        let repairs = taken.remarks.iter().filter(|_| !taken.by_issuer).filter_map(|remark| repair(remark));
        let (repairs, flagged, remarks) = (repairs.collect(), taken.flagged, taken.remarks);
        Ok(Made { item: Item::of(taken.signed, origin, line, name.as_deref())?, flagged, remarks, repairs })
    }
}

/// What a remark on a number says was changed in it, if anything.
fn repair(remark: &str) -> Option<Repair> {
    match RemarkKind::from_wire(remark)? {
        RemarkKind::FullWidthConverted => Some(Repair::FullWidth),
        RemarkKind::SpacesRemoved => Some(Repair::InnerBlanks),
        RemarkKind::LowerCaseConverted => Some(Repair::UpperCase),
        RemarkKind::HyphenRemoved => Some(Repair::Hyphen),
        RemarkKind::UpgradedFrom15 => Some(Repair::FifteenDigits),
        RemarkKind::OrganisationCodeOnly
        | RemarkKind::PilotCode
        | RemarkKind::FormerPermanentResidentId
        | RemarkKind::RegionUnknown
        | RemarkKind::RegionAbolished
        | RemarkKind::RegionNewerThanBirth => None,
    }
}

/// The key of an issuer, opened once; a missing key is found out once, too.
fn key(registry: &Registry, keys: &mut Keys, issuer: &str) -> Result<Arc<SigningKey>> {
    if !keys.contains_key(issuer) {
        let found = match registry.issuer_key(issuer) {
            Ok(key) => Some(key),
            Err(error) if error.code.class() == Class::Refused => None,
            Err(error) => return Err(error),
        };
        keys.insert(issuer.to_owned(), found);
    }
    keys.get(issuer).cloned().flatten().ok_or_else(|| {
        Error::new(Code::IssuerNotAuthorised, "the registry holds no key for this issuer")
            .rule(Rule::KeyMissing)
    })
}
