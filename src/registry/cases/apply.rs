//! 一号申请: an application with everybody in it in, every material answered out, in one call.
//!
//! One range scan a party, one commit for all access entries. Who may ask follows from the item; what is seen of whom
//! follows from its slots, and from no grant (practice R10). A refusal is an access of every party that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::HolderKind;
use crate::catalog::items::{
    ItemAnswer, ItemDef, ItemFault, ItemRequest, Predicate, PredicateAnswer, SlotAnswer, SlotOutcome, Way,
    WayKind,
};
use crate::error::{Code, Error, Result};
use crate::log::Submission;
use crate::policy::{Actor, Scope, decide_item};
use crate::record::access::{AllowedBy, DecisionReason, Outcome, Presence};
use crate::registry::Registry;
use crate::registry::access::entry::{AppliedPart, CameTo, Entry, Touched};
use crate::registry::access::permit;
use crate::registry::base::asked::{AskedCode, carries_out, unseen};
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::agent::{AGENT_PART, mandate_of, told_nothing};
use crate::registry::cases::answer::{Application, ShownBySlot, application, told_digest};
use crate::registry::cases::ask::{ApplicationAsk, AskedParty};
use crate::registry::cases::facts::{KnownParty, Looking};
use crate::registry::cases::kinship::related;
use crate::registry::cases::needed::types_of;
use crate::registry::published::items::refused as refused_item;
use crate::rule::Rule;

/// A party with the place of its entry among the others.
pub(super) type PartyPart<'a> = (AppliedPart<'a>, Touched);

impl Registry {
    /// Answers an application.
    ///
    /// # Errors
    /// What is wrong with a number or a text, before anything is read. Noted as an access of every party: `not_found` with
    /// rule `item_unknown`; `version_conflict` where the caller knows another version; `forbidden` with `item_not_granted`;
    /// `field_invalid` with `item_parties`, `item_answer` or `presence_unproven`; `budget_spent`, `enumeration_stopped`.
    pub async fn apply(&self, actor: &Actor, ask: &ApplicationAsk) -> Result<Application> {
        ask.check()?;
        let codes = ask.parties.iter().enumerate();
        let codes =
            codes.map(|(at, party)| self.asked_holder(&party.holder, &format!("parties.{at}.holder")));
        let codes: Vec<AskedCode> = codes.collect::<Result<_>>()?;
        let agent =
            ask.agent.as_ref().map(|agent| self.asked_holder(&agent.holder, "agent.holder")).transpose()?;
        let everybody = codes.iter().chain(&agent).map(|code| &code.parsed.code);
        ask.check_unnamed(&everybody.collect::<Vec<_>>())?;
        let snapshot = self.fresh_snapshot()?;
        let mut parts = parts_of(ask, &codes, agent.as_ref());
        let item = match self.allowed_item(actor, &snapshot, ask, &codes, &mut parts) {
            Ok(item) => item,
            Err(error) => {
                let rule = error.rule.unwrap_or(Rule::ItemUnknown);
                self.refuse_application(actor, &parts, rule).await?;
                return Err(error);
            }
        };
        let touched: Vec<Touched> = parts.iter().map(|(_, touched)| touched.clone()).collect();
        self.permit_each_of(actor, &touched).await?;
        let looking = Looking { registry: self, snapshot: &snapshot, item: &item, now: self.now() };
        let mut known = self.looked_at(actor, &looking, (ask, codes), &mut parts).await?;
        self.living_agent(actor, (&snapshot, agent.as_ref()), (known.len(), &mut parts)).await?;
        let mandates = self.mandates(actor, &item, agent.as_ref(), (&known, &parts)).await?;
        self.past_days(&looking, &mut known, &ask.dates).await?;
        self.predicates(&looking, &mut known);
        self.ask_departments(actor, &looking, (ask, &parts), &mut known).await?;
        let answer = item.answer(&self.item_request(&looking, ask, &known)).map_err(named)?;
        let shown = self.shown(&looking, &known, &answer, &mut parts)?;
        let told = (&answer, &shown, mandates.as_slice());
        let entries = self.entries(actor, &looking, (&known, &parts), told)?;
        let accepted = self.note_all(entries).await?;
        let receipts =
            accepted.into_iter().map(|accepted| HandedReceipt { accepted, form: ask.receipt }).collect();
        Ok(application(&item, &answer, (&known, receipts), shown))
    }

    /// Reads the papers of every party, of the types that its role asks about.
    async fn looked_at<'a>(
        &self,
        actor: &'a Actor,
        looking: &Looking<'_>,
        (ask, codes): (&ApplicationAsk, Vec<AskedCode>),
        parts: &mut [PartyPart<'_>],
    ) -> Result<Vec<KnownParty<'a>>> {
        let (item, snapshot) = (looking.item, looking.snapshot);
        let mut known = Vec::with_capacity(codes.len());
        for ((party, code), (part, touched)) in ask.parties.iter().zip(codes).zip(parts) {
            let permit = self.permit(actor, Scope::Apply, &code).await?;
            let Some(role) = item.parties.iter().find(|role| role.code == party.role) else { continue };
            let mandated = part.presence == Some(Presence::Agent);
            let types = types_of(&snapshot.catalog, item, role, mandated);
            let papers = self.party_papers(snapshot, (permit, code.parsed), types.clone(), touched).await?;
            self.watch(&permit, Some(&papers.parsed.code), papers.papers.is_empty());
            let about = looking.known((&party.role, party.name.as_deref()), papers, &types)?;
            known.push(KnownParty { typed: part.presence.is_none_or(unseen), ..about });
        }
        Ok(known)
    }

    /// The item in force, if the actor may apply for it and the parties are those that it asks for. How each is present
    /// goes into its part.
    fn allowed_item<'k>(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        ask: &'k ApplicationAsk,
        codes: &[AskedCode],
        parts: &mut [PartyPart<'k>],
    ) -> Result<Arc<ItemDef>> {
        let today = self.now().day();
        let item = snapshot.catalog.item(&ask.item, today);
        let runs = item.is_some_and(|item| carries_out(&snapshot.catalog, actor, item, today));
        // Before it is said whether there is such an item: items are public, and who may ask is asked first all the same.
        let decision = decide_item(actor, &ask.item, runs);
        if let Some(rule) = decision.refusal() {
            let detail = "this agency neither carries the item out nor receives it, or there is no such item; an operator \
                          lets a client receive an item by a grant of no type (`\"types\": []`) that names its code";
            return Err(Error::new(Code::Forbidden, detail).at("item").rule(rule));
        }
        let Some(item) = item else {
            let detail = "no item of that code is in force today";
            return Err(Error::new(Code::NotFound, detail).at("item").rule(Rule::ItemUnknown));
        };
        if ask.version.is_some_and(|version| version != item.version) {
            let detail = format!("version {} of the item is in force", item.version);
            return Err(Error::new(Code::VersionConflict, detail).at("version").rule(Rule::ItemVersion));
        }
        for (part, _) in parts.iter_mut() {
            part.item = Some((&ask.item, Some(item.version)));
        }
        for (at, (party, code)) in ask.parties.iter().zip(codes).enumerate() {
            check_party(item, ask, at, code)?;
            let presence = party.shown_presence(at, &code.parsed.code, ask.agent.is_some())?;
            if let Some((part, _)) = parts.get_mut(at) {
                part.presence = Some(presence);
                part.reader = party.reader.as_deref().filter(|_| presence == Presence::CardRead);
            }
        }
        let request = ItemRequest {
            answers: ask.answers.clone(),
            dates: ask.dates.clone(),
            parties: Vec::new(),
            today,
        };
        item.check_answers(&request).map_err(named)?;
        item.check_roles(ask.parties.iter().map(|party| party.role.as_str())).map_err(named)?;
        Ok(Arc::clone(item))
    }

    /// Refuses the application where its agent has died, as an access of everybody in it.
    async fn living_agent(
        &self,
        actor: &Actor,
        (snapshot, agent): (&Arc<Snapshot>, Option<&AskedCode>),
        (at, parts): (usize, &mut [PartyPart<'_>]),
    ) -> Result<()> {
        let Some((agent, (_, touched))) = agent.zip(parts.get_mut(at)) else { return Ok(()) };
        let living = self.check_agent(actor, (snapshot, agent), touched).await;
        if living.as_ref().is_err_and(|error| error.rule == Some(Rule::MandateMissing)) {
            self.refuse_application(actor, parts, Rule::MandateMissing).await?;
        }
        living
    }

    /// The mandate by which the agent acts for each party that is not there itself. Without one the application is refused,
    /// as an access of every party.
    async fn mandates(
        &self,
        actor: &Actor,
        item: &ItemDef,
        agent: Option<&AskedCode>,
        (known, parts): (&[KnownParty<'_>], &[PartyPart<'_>]),
    ) -> Result<Vec<Option<String>>> {
        let mut mandates = Vec::with_capacity(known.len());
        for (at, (party, (part, _))) in known.iter().zip(parts).enumerate() {
            let agent = agent.filter(|_| part.presence == Some(Presence::Agent));
            let mandate = agent.map(|agent| mandate_of(item, &agent.parsed.code, (at, party))).transpose();
            if mandate.is_err() {
                self.refuse_application(actor, parts, Rule::MandateMissing).await?;
            }
            mandates.push(mandate?);
        }
        Ok(mandates)
    }

    /// Answers the questions about relations between parties.
    fn predicates(&self, looking: &Looking<'_>, known: &mut [KnownParty<'_>]) {
        let item = looking.item;
        let mut answers: Vec<(usize, Predicate, PredicateAnswer)> = Vec::new();
        for slot in &item.slots {
            let Some(role) = item.role(&slot.role) else { continue };
            for way in &slot.ways {
                let Way::Checked {
                    predicate: predicate @ Predicate::Related { kinship, role: other }, ..
                } = way
                else {
                    continue;
                };
                let other = item.role(other).map(|role| role.code.as_str());
                let mut others = known.iter().filter(|party| Some(party.role.as_str()) == other);
                // About one of several nobody could say of which it was asked.
                let (Some(other), None) = (others.next(), others.next()) else { continue };
                for (at, own) in known.iter().enumerate().filter(|(_, party)| party.role == role.code) {
                    let answer = related(*kinship, (own, other), looking.now.day());
                    answers.push((at, predicate.clone(), answer));
                }
            }
        }
        for (at, predicate, answer) in answers {
            if let Some(party) = known.get_mut(at) {
                party.facts.predicates.push((predicate, answer));
            }
        }
    }

    /// The papers by which slots are met, as far as each slot names their fields; nothing else goes out.
    fn shown(
        &self,
        looking: &Looking<'_>,
        known: &[KnownParty<'_>],
        answer: &ItemAnswer,
        parts: &mut [PartyPart<'_>],
    ) -> Result<ShownBySlot> {
        let mut shown: ShownBySlot = Vec::with_capacity(answer.slots.len());
        for slot in &answer.slots {
            let mut records = Vec::new();
            for (at, place, fields) in pulled(looking.item, known, slot) {
                let (Some(party), Some((_, touched))) = (known.get(at), parts.get_mut(at)) else { continue };
                let Some((paper, _)) = party.paper_at(place) else { continue };
                let wanted: BTreeSet<String> = fields.into_iter().map(str::to_owned).collect();
                let record = party.papers.show(self, looking.snapshot, (paper, wanted), touched)?;
                records.extend(record);
            }
            shown.push(records);
        }
        Ok(shown)
    }

    /// The entry of each party, with what was told of it and the fields that went out.
    fn entries(
        &self,
        actor: &Actor,
        looking: &Looking<'_>,
        (known, parts): (&[KnownParty<'_>], &[PartyPart<'_>]),
        (answer, shown, mandates): (&ItemAnswer, &ShownBySlot, &[Option<String>]),
    ) -> Result<Vec<Submission>> {
        let access = self.access()?;
        let allowed = if actor.agency().is_none() { AllowedBy::Operator } else { AllowedBy::Slot };
        let mut entries = Vec::with_capacity(parts.len());
        for (at, ((part, touched), party)) in parts.iter().zip(known).enumerate() {
            let mut slots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for slot in answer.slots.iter().filter(|slot| slot.party == Some(at)) {
                for (_, _, fields) in pulled(looking.item, known, slot) {
                    slots.entry(&slot.slot).or_default().extend(fields);
                }
            }
            let digest = told_digest(looking.item, (at, party), &answer.slots, shown)?;
            let came_to = CameTo::shown(Outcome::Applied, DecisionReason::Allowed(allowed), digest);
            let mandate = mandates.get(at).and_then(Option::as_deref);
            let entry = Entry::of(actor).applied(AppliedPart { slots, mandate, ..part.clone() });
            entries.push(entry.submission(access.name(), touched.clone(), came_to)?);
        }
        for (part, touched) in parts.iter().skip(known.len()) {
            let told = told_nothing(looking.item)?;
            let came_to = CameTo::shown(Outcome::Applied, DecisionReason::Allowed(allowed), told);
            let entry = Entry::of(actor).applied(part.clone());
            entries.push(entry.submission(access.name(), touched.clone(), came_to)?);
        }
        Ok(entries)
    }
}

/// The papers by which a slot was met by pulling them: the party, the place of the paper, the fields of it that the slot
/// names, and of a party that nobody has seen fewer.
fn pulled<'a>(
    item: &'a ItemDef,
    known: &'a [KnownParty<'_>],
    slot: &'a SlotAnswer,
) -> Vec<(usize, &'a str, Vec<&'a str>)> {
    let def = item.slots.iter().find(|def| def.id == slot.slot);
    let met =
        slot.tried.last().filter(|one| one.way == WayKind::Pulled && slot.outcome == SlotOutcome::Pulled);
    let (Some(at), Some(def), Some(met)) = (slot.party, def, met) else { return Vec::new() };
    let places = met.evidence.iter().filter_map(|place| {
        let (_, slug) = known.get(at)?.paper_at(place)?;
        Some((at, place.as_str(), def.fields_shown(slug, known.get(at)?.typed)))
    });
    places.collect()
}

/// The part of each party; behind them that of the agent, who is asked about too and sees on its own list that somebody
/// acted in its name.
fn parts_of<'a>(
    ask: &'a ApplicationAsk,
    codes: &[AskedCode],
    agent: Option<&AskedCode>,
) -> Vec<PartyPart<'a>> {
    let part = |role: &'a str, code: &AskedCode| {
        let part = AppliedPart {
            item: Some((&ask.item, None)),
            case: ask.case.as_deref(),
            reason: &ask.reason,
            role,
            ..AppliedPart::default()
        };
        (part, permit::touched(code))
    };
    let parties = ask.parties.iter().zip(codes).map(|(party, code)| part(&party.role, code));
    parties.chain(agent.map(|agent| part(AGENT_PART, agent))).collect()
}

/// A refusal by the item, at its field.
fn named(fault: ItemFault) -> Error {
    let field = fault.field();
    refused_item(fault).at(field)
}

/// Refuses a party in a role that the item has not, of another kind than the role wants, or twice in one role.
fn check_party(item: &ItemDef, ask: &ApplicationAsk, at: usize, code: &AskedCode) -> Result<()> {
    let refused = |field: &str, detail: &str| {
        let error = Error::new(Code::FieldInvalid, detail.to_owned());
        Err(error.at(format!("parties.{at}.{field}")).rule(Rule::ItemParties))
    };
    let Some(party) = ask.parties.get(at) else { return Ok(()) };
    let Some(role) = item.parties.iter().find(|role| role.code == party.role) else {
        let codes: Vec<&str> = item.parties.iter().map(|role| role.code.as_str()).collect();
        return refused("role", &format!("the item has no such role; its roles: {}", codes.join(" ")));
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
