//! What an application told of each party: the entries with the fields that went out, and the digests of the answer
//! lists that they carry (`schema/bytes.md` §5).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::items::{ItemAnswer, SlotAnswer};
use crate::error::{Error, Result};
use crate::log::{LogMark, Submission};
use crate::policy::Actor;
use crate::record::access::{AllowedBy, DecisionReason, Outcome};
use crate::record::{Digest, canonical};
use crate::registry::Registry;
use crate::registry::access::entry::{AppliedPart, CameTo, Entry};
use crate::registry::cases::allowed::CaseSubject;
use crate::registry::cases::item_case::ItemCase;
use crate::registry::cases::noted::PartyPart;
use crate::registry::reading::lookup::{FoundRecord, PartyPapers};

/// The papers that are shown for each slot, in the order of the answer.
pub(super) type ShownBySlot = Vec<Vec<FoundRecord>>;

/// The signed answers of an item: for each slot, in the order of the answer, one place for each way that was tried.
pub(super) type SignedWays = Vec<Vec<Option<String>>>;

/// The answer of one item, and the papers that are shown for each of its slots.
pub(super) struct ToldItem {
    /// The answer.
    pub answer: ItemAnswer,
    /// The papers.
    pub shown: ShownBySlot,
    /// The signed answers of the ways that were checked.
    pub signed: SignedWays,
}

/// What allowed an application.
pub(super) fn allowed_by(actor: &Actor) -> DecisionReason {
    DecisionReason::Allowed(if actor.agency().is_none() { AllowedBy::Operator } else { AllowedBy::Slot })
}

impl Registry {
    /// The entry of each party, with what was told of it and the fields that went out; that of an agent last.
    pub(super) fn entries(
        &self,
        actor: &Actor,
        (subject, cases, told): (&CaseSubject, &[ItemCase<'_, '_>], &[ToldItem]),
        (papers, parts): (&[Arc<PartyPapers<'_>>], &[PartyPart<'_>]),
        mandates: &[Option<String>],
    ) -> Result<Vec<Submission>> {
        let access = self.access()?;
        let mut entries = Vec::with_capacity(parts.len());
        for (at, ((part, touched), papers)) in parts.iter().zip(papers).enumerate() {
            let own = OwnPart::of(at, subject, cases, told);
            let digest = own.digest(subject, papers.head())?;
            let came_to = CameTo::shown(Outcome::Applied, allowed_by(actor), digest);
            let mandate = mandates.get(at).and_then(Option::as_deref);
            let (items, slots) = (own.items, own.fields);
            let entry = Entry::of(actor).applied(AppliedPart { slots, items, mandate, ..part.clone() });
            entries.push(entry.submission(access.name(), touched.clone(), came_to)?);
        }
        for (part, touched) in parts.iter().skip(papers.len()) {
            // Nothing was told of the agent, so no heads and no slots.
            let items: Vec<String> = match subject {
                CaseSubject::Item(_) => Vec::new(),
                CaseSubject::Bundle(..) => cases.iter().map(|case| case.item.id().to_string()).collect(),
            };
            let own = OwnPart { items, fields: BTreeMap::new(), slots: Vec::new() };
            let came_to = CameTo::shown(Outcome::Applied, allowed_by(actor), own.digest(subject, None)?);
            let entry = Entry::of(actor).applied(AppliedPart { items: own.items, ..part.clone() });
            entries.push(entry.submission(access.name(), touched.clone(), came_to)?);
        }
        Ok(entries)
    }
}

/// What was told of one party.
struct OwnPart<'t> {
    /// Ids of the items that have a slot of it; none of an application for an item.
    items: Vec<String>,
    /// The fields that went out, by slot.
    fields: BTreeMap<String, Vec<&'t str>>,
    /// Its slots, in the order of the answer.
    slots: Vec<(String, &'t SlotAnswer, &'t [FoundRecord])>,
}

impl<'t> OwnPart<'t> {
    fn of(at: usize, subject: &CaseSubject, cases: &'t [ItemCase<'_, '_>], told: &'t [ToldItem]) -> Self {
        let mut own = Self { items: Vec::new(), fields: BTreeMap::new(), slots: Vec::new() };
        for (case, told) in cases.iter().zip(told) {
            let of_party = |slot: &&SlotAnswer| {
                slot.party.and_then(|seat| case.seats.get(seat)).is_some_and(|(_, place)| *place == at)
            };
            let mut slots =
                told.answer.slots.iter().zip(&told.shown).filter(|(slot, _)| of_party(slot)).peekable();
            if slots.peek().is_none() {
                continue;
            }
            let place = own.items.len();
            let name = |slot: &str| match subject {
                CaseSubject::Item(_) => slot.to_owned(),
                CaseSubject::Bundle(..) => format!("{place}.{slot}"),
            };
            for (slot, records) in slots {
                let name = name(&slot.slot);
                for (_, _, fields) in case.pulled(slot) {
                    own.fields.entry(name.clone()).or_default().extend(fields);
                }
                own.slots.push((name, slot, records));
            }
            if subject.bundle().is_some() {
                own.items.push(case.item.id().to_string());
            }
        }
        own
    }

    /// SHA-256 of the canonical JSON of the heads, the item or the bundle with the items, and the party's slots, each with
    /// its outcome, its evidence and the papers that were shown.
    fn digest(&self, subject: &CaseSubject, head: Option<&LogMark>) -> Result<Digest> {
        let heads: Vec<&LogMark> = head.into_iter().collect();
        let slots: Vec<Value> = self
            .slots
            .iter()
            .map(|(name, slot, records)| {
                let evidence: Vec<&String> = slot.tried.iter().flat_map(|one| &one.evidence).collect();
                let records: Vec<Value> = records.iter().map(FoundRecord::listed).collect();
                json!([name, slot.outcome.wire(), evidence, records])
            })
            .collect();
        let told = match subject {
            CaseSubject::Item(item) => json!({"heads": heads, "item": item.id().to_string(), "slots": slots}),
            CaseSubject::Bundle(bundle, _) => {
                let bundle = bundle.id().to_string();
                json!({"bundle": bundle, "heads": heads, "items": self.items, "slots": slots})
            }
        };
        Ok(Digest::of(&[&canonical::to_vec(&told).map_err(Error::internal)?]))
    }
}
