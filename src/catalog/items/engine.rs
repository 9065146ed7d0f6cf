//! The answer of an item to a case: the slots that apply, each with the ways that were tried and what came of them.
//!
//! No slot is met without evidence. A source that did not answer gives 暂无法核验, never "none" (I13).

use crate::catalog::items::questions::CaseValues;
use crate::catalog::items::{
    Accept, AnsweredBy, CaseName, ItemCount, ItemDef, ItemFault, ItemRequest, PartyFacts, PremiseAnswer,
    QuestionAnswer, Slot, SlotAnswer, SlotOutcome, TryOutcome, Way, WayKind, WayTried, premise, tries,
};

/// The answer of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAnswer {
    /// Its questions.
    pub questions: Vec<QuestionAnswer>,
    /// What must be true of its parties, and whether it is.
    pub premises: Vec<PremiseAnswer>,
    /// The other item that is the right one: nothing is asked for here.
    pub referred_to: Option<String>,
    /// Every slot of every party, in the order of the item, those that do not apply too.
    pub slots: Vec<SlotAnswer>,
    /// How many there are of which kind.
    pub count: ItemCount,
}

impl ItemDef {
    /// Answers a case. The item must have passed its check.
    ///
    /// # Errors
    /// An answer, a day or a party that the item does not know, or too few or too many parties of a role.
    pub fn answer(&self, request: &ItemRequest) -> Result<ItemAnswer, ItemFault> {
        self.check_roles(request.parties.iter().map(|party| party.role.as_str()))?;
        self.check_days(request)?;
        let (known, questions) = CaseValues::of(self, request)?;
        let premises = premise::answers(self, request, &known);
        let referred_to = referral(self, &questions);
        let mut slots = Vec::new();
        for slot in &self.slots {
            let Some(role) = self.role(&slot.role) else { continue };
            let own = request.parties.iter().enumerate().filter(|(_, party)| party.role == role.code);
            let before = slots.len();
            slots.extend(own.map(|(at, party)| {
                let (outcome, tried) = match applies(slot, Some(party), &known) {
                    _ if referred_to.is_some() => (SlotOutcome::NotRequired, Vec::new()),
                    Some(true) => self.tried(slot, party, request),
                    Some(false) => (SlotOutcome::NotRequired, Vec::new()),
                    None => (SlotOutcome::Undecided, Vec::new()),
                };
                answered(slot, Some(at), outcome, tried)
            }));
            if slots.len() == before && referred_to.is_none() {
                slots.extend(nobody(slot, &known));
            }
        }
        let count = ItemCount::of(&slots);
        Ok(ItemAnswer { questions, premises, referred_to, slots, count })
    }

    /// Refuses roles that the item has not, and too few or too many parties of one; `roles` has the code of each party's.
    ///
    /// # Errors
    /// [`ItemFault::RoleUnknown`], [`ItemFault::PartyCount`].
    pub fn check_roles<'r>(&self, roles: impl Iterator<Item = &'r str> + Clone) -> Result<(), ItemFault> {
        if roles.clone().any(|code| !self.parties.iter().any(|role| role.code == code)) {
            let codes: Vec<&str> = self.parties.iter().map(|role| role.code.as_str()).collect();
            return Err(ItemFault::RoleUnknown(codes.join(" ")));
        }
        for role in &self.parties {
            let found = roles.clone().filter(|code| role.code == *code).count();
            let number = u32::try_from(found).unwrap_or(u32::MAX);
            if !(role.min..=role.max).contains(&number) {
                return Err(ItemFault::PartyCount {
                    role: role.name.clone(),
                    found,
                    min: role.min,
                    max: role.max,
                });
            }
        }
        Ok(())
    }

    fn check_days(&self, request: &ItemRequest) -> Result<(), ItemFault> {
        for (name, day) in &request.dates {
            if !self.dates.iter().any(|date| date.name == *name) {
                return Err(ItemFault::DateUnknown(
                    self.dates.iter().map(|date| date.name.clone()).collect::<Vec<_>>().join("、"),
                ));
            }
            if *day > request.today {
                return Err(ItemFault::DateAhead(name.clone()));
            }
        }
        Ok(())
    }

    /// Refuses answers and days that the item does not know, before anybody is looked at.
    ///
    /// # Errors
    /// [`ItemFault::QuestionUnknown`], [`ItemFault::OptionUnknown`], [`ItemFault::DateUnknown`],
    /// [`ItemFault::DateAhead`].
    pub fn check_answers(&self, request: &ItemRequest) -> Result<(), ItemFault> {
        self.check_days(request)?;
        CaseValues::check(self, request)
    }

    fn tried(&self, slot: &Slot, party: &PartyFacts, request: &ItemRequest) -> (SlotOutcome, Vec<WayTried>) {
        let mut ways: Vec<&Way> = slot.ways.iter().collect();
        ways.sort_by_key(|way| way.kind());
        let mut tried: Vec<WayTried> = Vec::new();
        for way in &ways {
            let one = self.one(way, party, request, &tried);
            let met = one.outcome == TryOutcome::Met;
            tried.push(one);
            if met {
                break;
            }
        }
        (outcome(&ways, &tried), tried)
    }

    fn one(&self, way: &Way, party: &PartyFacts, request: &ItemRequest, before: &[WayTried]) -> WayTried {
        let plain = |outcome| WayTried { way: way.kind(), outcome, evidence: Vec::new(), silence: None };
        match way {
            Way::Pulled { slug, accept, fields, .. } => {
                let on = match &accept.as_of {
                    Some(name) => request.dates.get(name).copied(),
                    None => Some(request.today),
                };
                let Some(on) = on else { return plain(TryOutcome::DateOpen) };
                tries::pull(slug, accept, on, party, (fields, &self.names(accept, party, request)))
            }
            Way::Checked { predicate, either } => tries::check(predicate, *either, party, request.today),
            // Who was told no promises the contrary in vain.
            Way::Promised { .. } => {
                let told_no = before.iter().any(|one| one.outcome == TryOutcome::Contradicted);
                let closed = self.no_promise.is_some() || party.broken_promise || told_no;
                plain(if closed { TryOutcome::Withheld } else { TryOutcome::Offered })
            }
            Way::Asked { .. } | Way::Deferred { .. } | Way::ByApplicant { .. } => plain(TryOutcome::Offered),
        }
    }

    /// The fields of an `accept` that must be names, with the names: the party's own, or that of the only party in another
    /// role.
    fn names<'a>(
        &self,
        accept: &'a Accept,
        own: &'a PartyFacts,
        request: &'a ItemRequest,
    ) -> Vec<(&'a str, Option<&'a str>)> {
        let name = |role: &str| {
            let code = &self.role(role)?.code;
            if own.role == *code {
                return Some(own.name.as_str());
            }
            let mut all = request.parties.iter().filter(|party| party.role == *code);
            all.next().filter(|_| all.next().is_none()).map(|party| party.name.as_str())
        };
        accept.equal.iter().map(|equal| (equal.field.as_str(), name(&equal.role))).collect()
    }
}

/// The item that an answer leads to.
fn referral(def: &ItemDef, questions: &[QuestionAnswer]) -> Option<String> {
    def.questions.iter().zip(questions).find_map(|(question, answer)| {
        let (AnsweredBy::ByFacts { option, .. } | AnsweredBy::ByApplicant(option)) = &answer.answered else {
            return None;
        };
        question.options.iter().find(|one| one.value == *option)?.referred_to.clone()
    })
}

fn answered(slot: &Slot, party: Option<usize>, outcome: SlotOutcome, tried: Vec<WayTried>) -> SlotAnswer {
    let (necessity, original) = (slot.necessity, slot.original);
    SlotAnswer { slot: slot.id.clone(), party, outcome, tried, necessity, original }
}

fn applies(slot: &Slot, own: Option<&PartyFacts>, known: &CaseValues<'_>) -> Option<bool> {
    match &slot.when {
        Some(when) => when.holds(&|named| known.value(named, own)),
        None => Some(true),
    }
}

/// A slot whose role nobody has. Where the case and not the party decides that it applies, somebody is missing; a slot
/// of each member asks nothing of a household without members.
fn nobody(slot: &Slot, known: &CaseValues<'_>) -> Option<SlotAnswer> {
    let of_role = |named: &CaseName| match named {
        CaseName::Attribute { role, .. } | CaseName::Holds { role, .. } => *role == slot.role,
        CaseName::Question(_) => false,
    };
    if slot.when.as_ref()?.names().into_iter().any(of_role) {
        return None;
    }
    let outcome = match applies(slot, None, known) {
        Some(true) => SlotOutcome::PartyMissing,
        Some(false) => SlotOutcome::NotRequired,
        None => SlotOutcome::Undecided,
    };
    Some(answered(slot, None, outcome, Vec::new()))
}

/// The outcome of a slot from those of its ways.
fn outcome(ways: &[&Way], tried: &[WayTried]) -> SlotOutcome {
    let any = |outcome: TryOutcome| tried.iter().any(|one| one.outcome == outcome);
    if let Some(met) = tried.iter().find(|one| one.outcome == TryOutcome::Met) {
        return if met.way == WayKind::Pulled { SlotOutcome::Pulled } else { SlotOutcome::Checked };
    }
    // The other ways stay on the list; what nobody could tell comes first.
    if any(TryOutcome::Unverifiable) {
        return SlotOutcome::Unverifiable;
    }
    if any(TryOutcome::DateOpen) {
        return SlotOutcome::Undecided;
    }
    let open = ways.iter().zip(tried).find(|(_, one)| one.outcome == TryOutcome::Offered);
    match open.map(|(way, _)| way) {
        Some(Way::Asked { .. }) => SlotOutcome::Asked,
        Some(Way::Promised { .. }) => SlotOutcome::Promised,
        Some(Way::Deferred { .. }) => SlotOutcome::Deferred,
        Some(Way::ByApplicant { on_site: true, .. }) => SlotOutcome::OnSite,
        Some(_) => SlotOutcome::ByApplicant,
        None if any(TryOutcome::Contradicted) => SlotOutcome::Contradicted,
        None if any(TryOutcome::Untimely) => SlotOutcome::Untimely,
        None if any(TryOutcome::Expired) => SlotOutcome::Expired,
        // Nobody could look: that is no answer, and never "none" (I13).
        None if any(TryOutcome::NotCovered) => SlotOutcome::Unverifiable,
        None => SlotOutcome::Missing,
    }
}
