//! The items of an application, each with everybody in it: one, or those of a bundle that the case needs. The papers of a
//! party are read once, of the types that any of the items asks about, and serve each item by its own slots.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::catalog::bundles::{BundleCase, BundleParts};
use crate::catalog::items::{ItemDef, ItemRequest, SlotAnswer, SlotOutcome, WayKind};
use crate::clock::{Day, Moment};
use crate::error::Result;
use crate::policy::{Actor, Scope};
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::base::asked::{AskedCode, unseen};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::allowed::CaseSubject;
use crate::registry::cases::ask::ApplicationAsk;
use crate::registry::cases::facts::{KnownParty, Looking};
use crate::registry::cases::needed::types_of;
use crate::registry::cases::noted::PartyPart;
use crate::registry::reading::lookup::PartyPapers;
use crate::registry::records::near::Near;

/// One item of an application.
pub(super) struct ItemCase<'s, 'a> {
    /// The item.
    pub item: &'s ItemDef,
    /// The answers to its questions.
    pub answers: BTreeMap<String, String>,
    /// Its past days.
    pub dates: BTreeMap<String, Day>,
    /// Each party of it: the code of its role, and its place among the parties of the application.
    pub seats: Vec<(String, usize)>,
    /// 编号 of the materials that are results of earlier items: nobody is asked about them.
    pub fed: BTreeSet<String>,
    /// What is known of the parties, in the order of `seats`.
    pub known: Vec<KnownParty<'a>>,
}

impl ItemCase<'_, '_> {
    /// The case for the engine, as far as it is known.
    pub fn request(&self, today: Day) -> ItemRequest {
        ItemRequest {
            answers: self.answers.clone(),
            dates: self.dates.clone(),
            parties: self.known.iter().map(|party| party.facts.clone()).collect(),
            today,
        }
    }

    /// The papers by which a slot was met by pulling them: the seat of the party, the place of the paper, the fields of it
    /// that the slot names, and of a party that nobody has seen fewer.
    pub fn pulled<'t>(&'t self, slot: &'t SlotAnswer) -> Vec<(usize, &'t str, Vec<&'t str>)> {
        let def = self.item.slots.iter().find(|def| def.id == slot.slot);
        let met =
            slot.tried.last().filter(|one| one.way == WayKind::Pulled && slot.outcome == SlotOutcome::Pulled);
        let (Some(at), Some(def), Some(met)) = (slot.party, def, met) else { return Vec::new() };
        let places = met.evidence.iter().filter_map(|place| {
            let party = self.known.get(at)?;
            let (_, slug) = party.paper_at(place)?;
            Some((at, place.as_str(), def.fields_shown(slug, party.typed)))
        });
        places.collect()
    }

    /// Looks with this item.
    pub fn looking<'l>(
        &'l self,
        registry: &'l Registry,
        snapshot: &'l Arc<Snapshot>,
        now: Moment,
    ) -> Looking<'l> {
        Looking { registry, snapshot, item: self.item, now }
    }
}

/// The parts of a bundle in a case; none for an item.
pub(super) fn bundle_parts<'s>(
    subject: &'s CaseSubject,
    ask: &ApplicationAsk,
    today: Day,
) -> Option<BundleParts<'s>> {
    let CaseSubject::Bundle(bundle, items) = subject else { return None };
    let roles: Vec<&str> = ask.parties.iter().map(|party| party.role.as_str()).collect();
    let case = BundleCase { answers: &ask.answers, dates: &ask.dates, roles: &roles, today };
    Some(bundle.parts(items, case))
}

/// The items of the case, before anything is known of anybody.
pub(super) fn item_cases<'s, 'a>(
    subject: &'s CaseSubject,
    parts: Option<&BundleParts<'s>>,
    ask: &ApplicationAsk,
) -> Vec<ItemCase<'s, 'a>> {
    match (subject, parts) {
        (CaseSubject::Item(item), _) => vec![ItemCase {
            item,
            answers: ask.answers.clone(),
            dates: ask.dates.clone(),
            seats: ask.parties.iter().enumerate().map(|(at, party)| (party.role.clone(), at)).collect(),
            fed: BTreeSet::new(),
            known: Vec::new(),
        }],
        (CaseSubject::Bundle(bundle, _), Some(parts)) => {
            let case = parts.items.iter().map(|part| {
                let fed = part.item.slots.iter().map(|slot| &slot.id);
                ItemCase {
                    item: part.item,
                    answers: part.answers.clone(),
                    dates: part.dates.clone(),
                    seats: part.parties.clone(),
                    fed: fed.filter(|slot| bundle.fed_in(parts, part, slot).is_some()).cloned().collect(),
                    known: Vec::new(),
                }
            });
            case.collect()
        }
        (CaseSubject::Bundle(..), None) => Vec::new(),
    }
}

impl Registry {
    /// Reads the papers of every party once, of the types that its roles ask about, and makes its facts for each item.
    pub(super) async fn looked_at<'a>(
        &self,
        actor: &'a Actor,
        (snapshot, near): (&Arc<Snapshot>, &Near),
        (ask, codes): (&ApplicationAsk, Vec<AskedCode>),
        (cases, parts): (&mut [ItemCase<'_, 'a>], &mut [PartyPart<'_>]),
    ) -> Result<Vec<Arc<PartyPapers<'a>>>> {
        let now = self.now();
        let mut read = Vec::with_capacity(codes.len());
        for (place, (code, (part, touched))) in codes.into_iter().zip(parts.iter_mut()).enumerate() {
            let permit = self.permit(actor, Scope::Apply, &code).await?;
            let mandated = part.presence == Some(Presence::Agent);
            let mut types: BTreeSet<String> = BTreeSet::new();
            for case in cases.iter() {
                types.extend(types_in(&snapshot.catalog, case, place, mandated));
            }
            // Also of a party that no item of the case asks anything of the life is read, for its state is told.
            let types: Vec<String> = types.into_iter().collect();
            let read_by = (snapshot, near);
            let papers = self.party_papers(read_by, (permit, code.parsed), types, touched).await?;
            self.watch(&permit, Some(&papers.parsed.code), papers.papers.is_empty());
            read.push(Arc::new(papers));
        }
        for case in cases.iter_mut() {
            let seats = case.seats.clone();
            for (role, place) in seats {
                let (Some(papers), Some(party)) = (read.get(place), ask.parties.get(place)) else { continue };
                let presence = parts.get(place).and_then(|(part, _)| part.presence);
                let mandated = presence == Some(Presence::Agent);
                let types = role_types(&snapshot.catalog, case.item, &role, mandated);
                let looking = case.looking(self, snapshot, now);
                let asked = (role.as_str(), place, party.name.as_deref());
                let known = looking.known(asked, Arc::clone(papers), &types)?;
                case.known.push(KnownParty { typed: presence.is_none_or(unseen), ..known });
            }
        }
        Ok(read)
    }
}

/// The codes of the types that an item asks about of whoever stands at a place.
fn types_in(catalog: &Catalog, case: &ItemCase<'_, '_>, place: usize, mandated: bool) -> Vec<String> {
    let seats = case.seats.iter().filter(|(_, at)| *at == place);
    seats.flat_map(|(role, _)| role_types(catalog, case.item, role, mandated)).collect()
}

fn role_types(catalog: &Catalog, item: &ItemDef, role: &str, mandated: bool) -> Vec<String> {
    let role = item.parties.iter().find(|one| one.code == role);
    role.map(|role| types_of(catalog, item, role, mandated)).unwrap_or_default()
}
