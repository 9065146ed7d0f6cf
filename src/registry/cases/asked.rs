//! Questions to departments' systems (数据核验 · 部门数据): what a first run of the item leaves open at such a way, and
//! nothing else.
//!
//! The item is answered once without them. A slot that is met already, that does not apply, or of which nobody knows yet
//! whether it does, asks nobody: a question tells a department that somebody asks about a person. Before one leaves, an
//! access entry `asked` of that party is durable (I2), apart from that of the application, which comes last and says what
//! was told. A crash in between leaves an entry of a question that was never put, never the reverse.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::SourceSystem;
use crate::catalog::items::{ItemAnswer, ItemDef, Predicate, PredicateAnswer, Silence, TryOutcome, Way};
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::policy::Actor;
use crate::record::access::Outcome;
use crate::record::question::{AnswerFault, SourceHolder, SourceQuestion, SourceWord};
use crate::record::{Digest, Salt, canonical};
use crate::registry::Registry;
use crate::registry::access::entry::{AppliedPart, CameTo, Entry, Touched};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::ask::ApplicationAsk;
use crate::registry::cases::facts::Looking;
use crate::registry::cases::item_case::ItemCase;
use crate::registry::cases::noted::PartyPart;
use crate::registry::cases::told::allowed_by;
use crate::registry::published::items::refused as refused_item;
use crate::registry::sources::exchange::OutgoingQuestion;
use crate::trust::{HolderKey, random};

/// A question that is open: of which item and party, for which slots, and where it goes.
struct OpenQuestion {
    case: usize,
    seat: usize,
    slots: Vec<String>,
    predicate: Predicate,
    holder: HolderKey,
    /// Other numbers of that party are known here.
    has_linked: bool,
    out: OutgoingQuestion,
}

impl Registry {
    /// Asks the departments what a first run of each item leaves open, and adds their answers to the facts.
    pub(super) async fn ask_departments(
        &self,
        actor: &Actor,
        (ask, snapshot): (&ApplicationAsk, &Arc<Snapshot>),
        parts: &[PartyPart<'_>],
        cases: &mut [ItemCase<'_, '_>],
    ) -> Result<()> {
        let now = self.now();
        let mut open = Vec::new();
        for (at, case) in cases.iter().enumerate() {
            let told = |way: &Way| matches!(way, Way::Checked { predicate: Predicate::Told { .. }, .. });
            if !case.item.slots.iter().any(|slot| slot.ways.iter().any(told)) {
                continue;
            }
            let first = case.item.answer(&case.request(now.day()));
            let first = first.map_err(|fault| refused_item(fault).at("answers"))?;
            let looking = case.looking(self, snapshot, now);
            open.extend(self.open_questions(actor, &looking, (ask, at, case), &first)?);
        }
        if open.is_empty() {
            return Ok(());
        }
        let asked: Vec<(HolderKey, OutgoingQuestion)> =
            open.iter().map(|one| (one.holder, one.out.clone())).collect();
        let kept = self.kept_words(asked).await?;
        let mut fresh = Vec::new();
        for (one, kept) in open.into_iter().zip(kept) {
            match kept {
                Some(kept) => add(cases, &one, (said(&one, kept.word, kept.nonce), Some(kept.until))),
                // Where nothing leaves nobody is told that somebody was asked.
                None if self.is_source_paused(&one.out.source) => {
                    let silent = unanswered(&one, AnswerFault::Paused);
                    add(cases, &one, (silent, None));
                }
                None => fresh.push(one),
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        self.note_questions(actor, (parts, cases), &fresh).await?;
        let mut keep = Vec::new();
        let answers = self.ask_sources(fresh.iter().map(|one| one.out.clone()).collect()).await?;
        for (one, answer) in fresh.into_iter().zip(answers) {
            let answered = match &answer {
                Ok(received) => {
                    let told = &received.answer;
                    let word = told.answer.unwrap_or(SourceWord::Unknown);
                    (said(&one, word, told.nonce), Some(told.valid_until))
                }
                Err(fault) => (unanswered(&one, *fault), None),
            };
            add(cases, &one, answered);
            keep.extend(answer.ok().map(|received| (one.holder, one.out, received)));
        }
        if keep.is_empty() { Ok(()) } else { self.keep_answers(keep, now).await }
    }

    /// What the first run of an item left open at ways that a connected system can answer, each once of each party.
    fn open_questions(
        &self,
        actor: &Actor,
        looking: &Looking<'_>,
        (ask, at, case): (&ApplicationAsk, usize, &ItemCase<'_, '_>),
        first: &ItemAnswer,
    ) -> Result<Vec<OpenQuestion>> {
        let mut open: Vec<OpenQuestion> = Vec::new();
        for (seat, slot, predicate) in left_open(case, first) {
            if let Some(known) = open.iter_mut().find(|one| one.seat == seat && one.predicate == *predicate) {
                known.slots.push(slot.to_owned());
                continue;
            }
            let Predicate::Told { department, question } = predicate else { continue };
            let (Some(party), Some(source)) = (case.known.get(seat), source_of(looking, department)) else {
                continue;
            };
            let code = &party.papers.parsed.code;
            let question = SourceQuestion {
                agency: Some(actor.agency().unwrap_or(&looking.item.agency).to_owned()),
                at: self.now(),
                case: ask.case.clone(),
                holder: Some(SourceHolder {
                    code: code.as_str().to_owned(),
                    code_type: code.code_type().code().to_owned(),
                }),
                item: Some(looking.item.code.clone()),
                item_version: Some(looking.item.version),
                nonce: random::salt()?,
                question: Some(question.clone()),
                to: source.agency.clone(),
                v: 1,
            };
            open.push(OpenQuestion {
                case: at,
                seat,
                slots: vec![slot.to_owned()],
                predicate: predicate.clone(),
                holder: party.papers.permit.holder(),
                has_linked: party.papers.has_linked(),
                out: OutgoingQuestion { source, question },
            });
        }
        Ok(open)
    }

    /// Notes, for each party of whom something is asked for an item, that it is; all are durable before a question leaves.
    async fn note_questions(
        &self,
        actor: &Actor,
        (parts, cases): (&[PartyPart<'_>], &[ItemCase<'_, '_>]),
        fresh: &[OpenQuestion],
    ) -> Result<()> {
        let access = self.access()?;
        let mut entries = Vec::new();
        for (at, case) in cases.iter().enumerate() {
            for (seat, party) in case.known.iter().enumerate() {
                let own: Vec<&OpenQuestion> =
                    fresh.iter().filter(|one| (one.case, one.seat) == (at, seat)).collect();
                let Some((part, _)) = parts.get(party.place).filter(|_| !own.is_empty()) else { continue };
                let slots: BTreeMap<String, Vec<&str>> =
                    own.iter().flat_map(|one| &one.slots).map(|slot| (slot.clone(), Vec::new())).collect();
                let digest = asked_digest(case.item, &own)?;
                let came_to = CameTo::shown(Outcome::Asked, allowed_by(actor), digest);
                let touched = Touched::one(&party.papers.parsed.code, party.papers.permit.holder());
                // A question is put for one item, also where the application is for a bundle.
                let item = Some((case.item.code.as_str(), Some(case.item.version)));
                let entry = Entry::of(actor).applied(AppliedPart { slots, item, ..part.clone() });
                entries.push(entry.submission(access.name(), touched, came_to)?);
            }
        }
        self.note_all(entries).await.map(drop)
    }
}

/// The ways of a first run at which a department's system would be asked, in the order of the answer. A slot that is met,
/// does not apply, is undecided or is the result of an earlier item has none.
fn left_open<'i>(case: &'i ItemCase<'_, '_>, first: &'i ItemAnswer) -> Vec<(usize, &'i str, &'i Predicate)> {
    let mut open = Vec::new();
    let unmet = first.slots.iter().filter(|slot| !slot.outcome.is_met());
    for slot in unmet.filter(|slot| !case.fed.contains(&slot.slot)) {
        let def = case.item.slots.iter().find(|def| def.id == slot.slot);
        let (Some(def), Some(at)) = (def, slot.party) else { continue };
        // In the order in which the engine tries them.
        let mut ways: Vec<&Way> = def.ways.iter().collect();
        ways.sort_by_key(|way| way.kind());
        for (tried, way) in slot.tried.iter().zip(ways) {
            if let Way::Checked { predicate, .. } = way
                && tried.outcome == TryOutcome::NotCovered
            {
                open.push((at, slot.slot.as_str(), predicate));
            }
        }
    }
    open
}

/// The system that answers for a department at the place of the item's agency.
fn source_of(looking: &Looking<'_>, department: &str) -> Option<Arc<SourceSystem>> {
    let agencies = looking.snapshot.catalog.issuers().agencies();
    let place = agencies.latest(&looking.item.agency)?.region;
    let sources = looking.snapshot.sources.iter();
    let placed = sources.filter_map(|source| Some((source, agencies.latest(&source.agency)?.region)));
    SourceSystem::nearest(placed, (department, place), looking.now).cloned()
}

/// Adds an answer, with the end of its life where a department told it.
fn add(
    cases: &mut [ItemCase<'_, '_>],
    one: &OpenQuestion,
    (answer, until): (PredicateAnswer, Option<Moment>),
) {
    if let Some(party) = cases.get_mut(one.case).and_then(|case| case.known.get_mut(one.seat)) {
        let nonces = match &answer {
            PredicateAnswer::Yes { evidence } | PredicateAnswer::No { evidence } => evidence.as_slice(),
            PredicateAnswer::Unanswered(_) | PredicateAnswer::NotCovered => &[],
        };
        party.told_until.extend(nonces.iter().cloned().zip(until));
        party.facts.predicates.push((one.predicate.clone(), answer));
    }
}

/// What a department said; the evidence is the nonce under which its answer is kept. It was asked about one number: of
/// somebody with others it says nothing for sure.
fn said(one: &OpenQuestion, word: SourceWord, nonce: Salt) -> PredicateAnswer {
    let evidence = vec![nonce.text()];
    let silent = |why: &str| {
        let source = format!("{}：{why}", one.out.source.name);
        PredicateAnswer::Unanswered(Silence { source, at: one.out.question.at })
    };
    match word {
        SourceWord::Unknown => silent(word.zh()),
        _ if one.has_linked => silent("当事人另有关联号码，仅就所填号码作答"),
        SourceWord::Yes => PredicateAnswer::Yes { evidence },
        SourceWord::No => PredicateAnswer::No { evidence },
    }
}

/// Who gave no answer, when, and why, in the words of the window.
fn unanswered(one: &OpenQuestion, fault: AnswerFault) -> PredicateAnswer {
    let source = format!("{}：{}", one.out.source.name, fault.zh());
    PredicateAnswer::Unanswered(Silence { source, at: one.out.question.at })
}

/// The digest in an entry `asked` (schema/bytes.md §5): whom, what, and the nonce of each.
fn asked_digest(item: &ItemDef, own: &[&OpenQuestion]) -> Result<Digest> {
    let asked: Vec<Value> = own
        .iter()
        .map(|one| json!([one.out.question.to, one.out.question.question, one.out.question.nonce]))
        .collect();
    let told = json!({"asked": asked, "item": item.id().to_string()});
    Ok(Digest::of(&[&canonical::to_vec(&told).map_err(Error::internal)?]))
}
