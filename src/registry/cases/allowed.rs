//! What an application is for, and whether its caller may ask: an item in force, or a bundle all of whose items are.

use std::sync::Arc;

use crate::catalog::HolderKind;
use crate::catalog::bundles::{BundleCase, BundleDef};
use crate::catalog::items::{ItemDef, ItemFault, ItemRequest, ItemRole};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, decide_bundle, decide_item};
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::base::asked::{AskedCode, carries_out};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::ask::{ApplicationAsk, AskedFor, AskedParty};
use crate::registry::cases::noted::PartyPart;
use crate::registry::published::bundles::refused as refused_bundle;
use crate::registry::published::items::refused as refused_item;
use crate::rule::Rule;

/// What is applied for.
pub(super) enum CaseSubject {
    /// An item in force.
    Item(Arc<ItemDef>),
    /// A bundle, and its items as they are in force, in their order.
    Bundle(Arc<BundleDef>, Vec<Arc<ItemDef>>),
}

impl CaseSubject {
    /// Everybody that may be in the case.
    pub fn roles(&self) -> &[ItemRole] {
        match self {
            Self::Item(item) => &item.parties,
            Self::Bundle(bundle, _) => &bundle.parties,
        }
    }

    /// The bundle, if it is one.
    pub fn bundle(&self) -> Option<&BundleDef> {
        match self {
            Self::Item(_) => None,
            Self::Bundle(bundle, _) => Some(bundle),
        }
    }
}

impl Registry {
    /// What is applied for, if the actor may apply for it and the parties are those that it asks for. How each is present
    /// goes into its part.
    pub(super) fn allowed_subject<'k>(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        (ask, wanted): (&'k ApplicationAsk, AskedFor<'k>),
        codes: &[AskedCode],
        parts: &mut [PartyPart<'k>],
    ) -> Result<CaseSubject> {
        let today = self.now().day();
        let subject = match wanted {
            AskedFor::Item(code) => CaseSubject::Item(item_for(actor, snapshot, code, today)?),
            AskedFor::Bundle(slug) => {
                let (bundle, items) = bundle_for(actor, snapshot, slug, today)?;
                CaseSubject::Bundle(bundle, items)
            }
        };
        let version = match &subject {
            CaseSubject::Item(item) => item.version,
            CaseSubject::Bundle(bundle, _) => bundle.version,
        };
        if ask.version.is_some_and(|known| known != version) {
            let (what, rule) = match subject {
                CaseSubject::Item(_) => ("item", Rule::ItemVersion),
                CaseSubject::Bundle(..) => ("bundle", Rule::BundleVersion),
            };
            let detail = format!("version {version} of the {what} is in force");
            return Err(Error::new(Code::VersionConflict, detail).at("version").rule(rule));
        }
        for (part, _) in parts.iter_mut() {
            match wanted {
                AskedFor::Item(code) => part.item = Some((code, Some(version))),
                AskedFor::Bundle(slug) => part.bundle = Some((slug, Some(version))),
            }
        }
        for (at, (party, code)) in ask.parties.iter().zip(codes).enumerate() {
            check_party(subject.roles(), ask, at, code)?;
            let presence = party.shown_presence(at, &code.parsed.code, ask.agent.is_some())?;
            if let Some((part, _)) = parts.get_mut(at) {
                part.presence = Some(presence);
                part.reader = party.reader.as_deref().filter(|_| presence == Presence::CardRead);
            }
        }
        check_said(&subject, ask, today).map_err(named)?;
        Ok(subject)
    }
}

/// Refuses answers, days and numbers of parties that do not fit.
fn check_said(subject: &CaseSubject, ask: &ApplicationAsk, today: Day) -> std::result::Result<(), ItemFault> {
    let roles: Vec<&str> = ask.parties.iter().map(|party| party.role.as_str()).collect();
    match subject {
        CaseSubject::Item(item) => {
            let (answers, dates) = (ask.answers.clone(), ask.dates.clone());
            item.check_answers(&ItemRequest { answers, dates, parties: Vec::new(), today })?;
            item.check_roles(roles.into_iter())
        }
        CaseSubject::Bundle(bundle, items) => {
            let case = BundleCase { answers: &ask.answers, dates: &ask.dates, roles: &roles, today };
            bundle.check_case(items, case)
        }
    }
}

/// The item in force. Before it is said whether there is such an item: items are public, and who may ask is asked first
/// all the same.
fn item_for(actor: &Actor, snapshot: &Snapshot, code: &str, today: Day) -> Result<Arc<ItemDef>> {
    let item = snapshot.catalog.item(code, today);
    let runs = item.is_some_and(|item| carries_out(&snapshot.catalog, actor, item, today));
    if let Some(rule) = decide_item(actor, code, runs).refusal() {
        let detail = "this agency neither carries the item out nor receives it, or there is no such item; an operator \
                      lets a client receive an item by a grant of no type (`\"types\": []`) that names its code";
        return Err(Error::new(Code::Forbidden, detail).at("item").rule(rule));
    }
    item.cloned().ok_or_else(|| {
        let detail = "no item of that code is in force today";
        Error::new(Code::NotFound, detail).at("item").rule(Rule::ItemUnknown)
    })
}

/// The bundle and its items in force. Each of its items must be the caller's to carry out or to receive, whether the case
/// needs it or not.
fn bundle_for(
    actor: &Actor,
    snapshot: &Snapshot,
    slug: &str,
    today: Day,
) -> Result<(Arc<BundleDef>, Vec<Arc<ItemDef>>)> {
    let catalog = &snapshot.catalog;
    let bundle = catalog.bundle_versions(slug).next_back();
    let named: Vec<&str> =
        bundle.iter().flat_map(|bundle| &bundle.items).map(|one| one.code.as_str()).collect();
    let own = named.iter().map(|code| {
        let item = catalog.item(code, today);
        (*code, item.is_some_and(|item| carries_out(&snapshot.catalog, actor, item, today)))
    });
    if let Some(rule) = decide_bundle(actor, slug, own).refusal() {
        let detail = "this agency neither carries out nor receives each item of the bundle, or there is no such bundle; an \
                      operator lets a client receive a bundle by a grant of no type (`\"types\": []`) that names it as \
                      `bundle:` and its code";
        return Err(Error::new(Code::Forbidden, detail).at("bundle").rule(rule));
    }
    let unknown =
        |detail: String| Err(Error::new(Code::NotFound, detail).at("bundle").rule(Rule::BundleUnknown));
    let Some(bundle) = bundle else { return unknown("there is no bundle of that code".to_owned()) };
    let mut items = Vec::with_capacity(named.len());
    for code in named {
        match catalog.item(code, today) {
            Some(item) => items.push(Arc::clone(item)),
            None => return unknown(format!("the item {code} of the bundle is not in force today")),
        }
    }
    // A later version of an item may have other roles or materials than the bundle was checked with.
    let findings = bundle.findings(&items);
    if !findings.is_empty() {
        let fault = crate::catalog::bundles::BundleFault::Inconsistent(findings);
        return Err(refused_bundle(&fault).at("bundle"));
    }
    Ok((Arc::clone(bundle), items))
}

/// A refusal by the item, at its field.
pub(super) fn named(fault: ItemFault) -> Error {
    let field = fault.field();
    refused_item(fault).at(field)
}

/// Refuses a party in a role that there is not, of another kind than the role wants, or twice in one role.
fn check_party(roles: &[ItemRole], ask: &ApplicationAsk, at: usize, code: &AskedCode) -> Result<()> {
    let refused = |field: &str, detail: &str| {
        let error = Error::new(Code::FieldInvalid, detail.to_owned());
        Err(error.at(format!("parties.{at}.{field}")).rule(Rule::ItemParties))
    };
    let Some(party) = ask.parties.get(at) else { return Ok(()) };
    let Some(role) = roles.iter().find(|role| role.code == party.role) else {
        let codes: Vec<&str> = roles.iter().map(|role| role.code.as_str()).collect();
        return refused("role", &format!("there is no such role here; the roles: {}", codes.join(" ")));
    };
    let person = code.parsed.code.code_type().is_person();
    if person != (role.holder == HolderKind::Person) {
        return refused("holder", "the role is for another kind of holder");
    }
    let earlier = ask.parties.iter().take(at);
    let same = |one: &AskedParty| {
        one.role == party.role && one.holder.code.trim().eq_ignore_ascii_case(party.holder.code.trim())
    };
    if earlier.clone().any(same) {
        return refused("holder", "one party stands twice in the role");
    }
    Ok(())
}
