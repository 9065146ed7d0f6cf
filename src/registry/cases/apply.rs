//! 一号申请: an application with everybody in it in, every material answered out, in one call; for an item, or for a bundle
//! of them (一件事).
//!
//! One range scan a party, one commit for all access entries. Who may ask follows from the item; what is seen of whom
//! follows from its slots, and from no grant (practice R10). A refusal is an access of every party that it names.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::bundles::BundleParts;
use crate::catalog::items::{ItemAnswer, Predicate, PredicateAnswer, Way};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::Actor;
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::access::entry::{AppliedPart, Touched};
use crate::registry::access::permit;
use crate::registry::base::asked::AskedCode;
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::agent::{AGENT_PART, Matters, mandate_of};
use crate::registry::cases::allowed::{CaseSubject, named};
use crate::registry::cases::answer::{Application, AppliedParty, application, applied_parties};
use crate::registry::cases::ask::{ApplicationAsk, AskedFor, AskedParty};
use crate::registry::cases::bundled::{BundleApplication, bundle_application};
use crate::registry::cases::facts::Looking;
use crate::registry::cases::item_case::{ItemCase, bundle_parts, item_cases};
use crate::registry::cases::kinship::related;
use crate::registry::cases::noted::PartyPart;
use crate::registry::cases::told::{ShownBySlot, ToldItem};
use crate::registry::reading::lookup::PartyPapers;
use crate::registry::records::near::Near;
use crate::rule::Rule;

/// The answer of an application.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Applied {
    /// For an item.
    Item(Box<Application>),
    /// For a bundle.
    Bundle(Box<BundleApplication>),
}

impl Registry {
    /// Answers an application.
    ///
    /// # Errors
    /// What is wrong with a number or a text, before anything is read. Noted as an access of every party: `not_found` with
    /// rule `item_unknown` or `bundle_unknown`; `version_conflict` where the caller knows another version; `forbidden` with
    /// `item_not_granted`; `field_invalid` with `item_parties`, `item_answer` or `presence_unproven`; `budget_spent`,
    /// `enumeration_stopped`.
    pub async fn apply(&self, actor: &Actor, ask: &ApplicationAsk) -> Result<Applied> {
        ask.check()?;
        let wanted = ask.wanted()?;
        let codes = ask.parties.iter().enumerate();
        let codes =
            codes.map(|(at, party)| self.asked_holder(&party.holder, &format!("parties.{at}.holder")));
        let codes: Vec<AskedCode> = codes.collect::<Result<_>>()?;
        let agent =
            ask.agent.as_ref().map(|agent| self.asked_holder(&agent.holder, "agent.holder")).transpose()?;
        let everybody = codes.iter().chain(&agent).map(|code| &code.parsed.code);
        ask.check_unnamed(&everybody.collect::<Vec<_>>())?;
        let snapshot = self.fresh_snapshot()?;
        let mut parts = parts_of((ask, wanted), &codes, agent.as_ref());
        let mut near = self.near(actor, &snapshot).await?;
        near.asks_about(parts.iter().flat_map(|(_, touched)| touched.keys()).copied());
        self.own_alone(actor, &near, &parts).await?;
        let subject = match self.allowed_subject(actor, &snapshot, (ask, wanted), &codes, &mut parts) {
            Ok(subject) => subject,
            Err(error) => {
                let rule = error.rule.unwrap_or(Rule::ItemUnknown);
                self.refuse_application(actor, &parts, rule).await?;
                return Err(error);
            }
        };
        let touched: Vec<Touched> = parts.iter().map(|(_, touched)| touched.clone()).collect();
        self.permit_each_of(actor, &touched).await?;
        let today = self.now().day();
        let bundle = bundle_parts(&subject, ask, today);
        let mut cases = item_cases(&subject, bundle.as_ref(), ask);
        let papers =
            self.looked_at(actor, (&snapshot, &near), (ask, codes), (&mut cases, &mut parts)).await?;
        if let Some(error) = twice_under_linked(ask, &papers) {
            self.refuse_application(actor, &parts, Rule::ItemParties).await?;
            return Err(error);
        }
        self.met_alone(actor, &near, (ask, &papers), &parts).await?;
        let agent_of = (&snapshot, &near, agent.as_ref());
        self.living_agent(actor, agent_of, (papers.len(), &mut parts)).await?;
        self.tell_met(actor, &near).await?;
        let mandates = self.mandates(actor, (&subject, &cases), agent.as_ref(), (&papers, &parts)).await?;
        for case in &mut cases {
            let looking = Looking { registry: self, snapshot: &snapshot, item: case.item, now: self.now() };
            self.past_days(&looking, &mut case.known, &case.dates).await?;
            predicates(case, self.now());
        }
        self.ask_departments(actor, (ask, &snapshot), &parts, &mut cases).await?;
        let mut told = self.answered(&snapshot, (&subject, bundle.as_ref()), &cases, &mut parts)?;
        self.sign_answers((actor, ask), &cases, &mut told).await?;
        let entries = self.entries(actor, (&subject, &cases, &told), (&papers, &parts), &mandates)?;
        let accepted = self.note_all(entries).await?;
        let receipts =
            accepted.into_iter().map(|accepted| HandedReceipt { accepted, form: ask.receipt }).collect();
        let parties = applied_parties(ask, &papers, receipts);
        whole((&subject, bundle.as_ref()), (ask, &cases), told, parties)
    }

    /// The answer of each item, and what is shown for its slots.
    fn answered(
        &self,
        snapshot: &Snapshot,
        (subject, bundle): (&CaseSubject, Option<&BundleParts<'_>>),
        cases: &[ItemCase<'_, '_>],
        parts: &mut [PartyPart<'_>],
    ) -> Result<Vec<ToldItem>> {
        let today = self.now().day();
        let answers = cases.iter().map(|case| case.item.answer(&case.request(today)).map_err(named));
        let mut answers: Vec<ItemAnswer> = answers.collect::<Result<_>>()?;
        if let (Some(def), Some(bundle)) = (subject.bundle(), bundle) {
            answers = def.with_results(bundle, answers);
        }
        let mut told = Vec::with_capacity(cases.len());
        for (case, answer) in cases.iter().zip(answers) {
            let shown = self.shown(snapshot, case, &answer, parts)?;
            told.push(ToldItem { answer, shown, signed: Vec::new() });
        }
        Ok(told)
    }

    /// Refuses the application where its agent has died, or is whom the actor should not look at alone, as an access of
    /// everybody in it.
    async fn living_agent(
        &self,
        actor: &Actor,
        (snapshot, near, agent): (&Arc<Snapshot>, &Near, Option<&AskedCode>),
        (at, parts): (usize, &mut [PartyPart<'_>]),
    ) -> Result<()> {
        let Some((agent, (_, touched))) = agent.zip(parts.get_mut(at)) else { return Ok(()) };
        let living = self.check_agent(actor, (snapshot, near, agent), touched).await;
        let refused = [Rule::MandateMissing, Rule::OwnNumber, Rule::KinOfStaff, Rule::HolderProtected];
        let rule = living.as_ref().err().and_then(|error| error.rule);
        if let Some(rule) = rule.filter(|rule| refused.contains(rule)) {
            self.refuse_application(actor, parts, rule).await?;
        }
        living
    }

    /// The mandate by which the agent acts for each party that is not there itself. Without one the application is refused,
    /// as an access of every party.
    async fn mandates(
        &self,
        actor: &Actor,
        (subject, cases): (&CaseSubject, &[ItemCase<'_, '_>]),
        agent: Option<&AskedCode>,
        (papers, parts): (&[Arc<PartyPapers<'_>>], &[PartyPart<'_>]),
    ) -> Result<Vec<Option<String>>> {
        let mut mandates = Vec::with_capacity(papers.len());
        for (at, (papers, (part, _))) in papers.iter().zip(parts).enumerate() {
            let agent = agent.filter(|_| part.presence == Some(Presence::Agent));
            let own = cases.iter().filter(|case| case.seats.iter().any(|(_, place)| *place == at));
            let matters = Matters {
                bundle: subject.bundle().map(|bundle| [bundle.name.as_str(), &bundle.slug]),
                items: own.map(|case| [case.item.name.as_str(), &case.item.code]).collect(),
            };
            let mandate =
                agent.map(|agent| mandate_of(&matters, &agent.parsed.code, (at, papers))).transpose();
            if mandate.is_err() {
                self.refuse_application(actor, parts, Rule::MandateMissing).await?;
            }
            mandates.push(mandate?);
        }
        Ok(mandates)
    }

    /// The papers by which slots are met, as far as each slot names their fields; nothing else goes out.
    fn shown(
        &self,
        snapshot: &Snapshot,
        case: &ItemCase<'_, '_>,
        answer: &ItemAnswer,
        parts: &mut [PartyPart<'_>],
    ) -> Result<ShownBySlot> {
        let mut shown: ShownBySlot = Vec::with_capacity(answer.slots.len());
        for slot in &answer.slots {
            let mut records = Vec::new();
            for (seat, place, fields) in case.pulled(slot) {
                let Some(party) = case.known.get(seat) else { continue };
                let Some((_, touched)) = parts.get_mut(party.place) else { continue };
                let Some((paper, _)) = party.paper_at(place) else { continue };
                let wanted: BTreeSet<String> = fields.into_iter().map(str::to_owned).collect();
                records.extend(party.papers.show(self, snapshot, (paper, wanted), touched)?);
            }
            shown.push(records);
        }
        Ok(shown)
    }
}

/// Refuses one person twice in one role under two numbers that are linked; under one number it is seen before.
fn twice_under_linked(ask: &ApplicationAsk, papers: &[Arc<PartyPapers<'_>>]) -> Option<Error> {
    let codes: Vec<_> = papers.iter().map(|papers| &papers.parsed.code).collect();
    let again = |at: usize| {
        let (own, code) = (ask.parties.get(at)?, codes.get(at)?);
        let mut earlier = ask.parties.iter().zip(papers).take(at);
        let same = |(party, papers): (&AskedParty, &Arc<PartyPapers<'_>>)| {
            party.role == own.role && papers.is_own(code.code_type().code(), code.as_str())
        };
        earlier.any(same).then_some(at)
    };
    let at = (0..papers.len()).find_map(again)?;
    let detail = "one person stands twice in the role, under two numbers that are linked";
    let error = Error::new(Code::FieldInvalid, detail);
    Some(error.at(format!("parties.{at}.holder")).rule(Rule::ItemParties))
}

/// The whole answer.
fn whole(
    (subject, bundle): (&CaseSubject, Option<&BundleParts<'_>>),
    (ask, cases): (&ApplicationAsk, &[ItemCase<'_, '_>]),
    told: Vec<ToldItem>,
    parties: Vec<AppliedParty>,
) -> Result<Applied> {
    if let (CaseSubject::Bundle(def, items), Some(bundle)) = (subject, bundle) {
        let answers: Vec<ItemAnswer> = told.iter().map(|one| one.answer.clone()).collect();
        let merged = def.merged(bundle, &answers, &ask.answers);
        let answer = bundle_application((def, items), &merged, (cases, told), parties);
        return Ok(Applied::Bundle(Box::new(answer)));
    }
    let one = cases.first().zip(told.into_iter().next());
    let (case, told) = one.ok_or_else(|| Error::internal("an application has no item"))?;
    Ok(Applied::Item(Box::new(application(case, told, parties))))
}

/// Answers the questions about relations between parties of an item.
fn predicates(case: &mut ItemCase<'_, '_>, now: Moment) {
    let item = case.item;
    let mut answers: Vec<(usize, Predicate, PredicateAnswer)> = Vec::new();
    for slot in &item.slots {
        let Some(role) = item.role(&slot.role) else { continue };
        for way in &slot.ways {
            let Way::Checked { predicate: predicate @ Predicate::Related { kinship, role: other }, .. } = way
            else {
                continue;
            };
            let other = item.role(other).map(|role| role.code.as_str());
            let mut others = case.known.iter().filter(|party| Some(party.role.as_str()) == other);
            // About one of several nobody could say of which it was asked.
            let (Some(other), None) = (others.next(), others.next()) else { continue };
            for (at, own) in case.known.iter().enumerate().filter(|(_, party)| party.role == role.code) {
                answers.push((at, predicate.clone(), related(*kinship, (own, other), now)));
            }
        }
    }
    for (at, predicate, answer) in answers {
        if let Some(party) = case.known.get_mut(at) {
            party.facts.predicates.push((predicate, answer));
        }
    }
}

/// The part of each party; behind them that of the agent, who is asked about too and sees on its own list that somebody
/// acted in its name.
fn parts_of<'a>(
    (ask, wanted): (&'a ApplicationAsk, AskedFor<'a>),
    codes: &[AskedCode],
    agent: Option<&AskedCode>,
) -> Vec<PartyPart<'a>> {
    let part = |role: &'a str, code: &AskedCode| {
        let (item, bundle) = match wanted {
            AskedFor::Item(code) => (Some((code, None)), None),
            AskedFor::Bundle(slug) => (None, Some((slug, None))),
        };
        let part = AppliedPart {
            item,
            bundle,
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
