//! Questions to departments' systems (数据核验 · 部门数据): what a first run of the item leaves open at such a way, and
//! nothing else.
//!
//! The item is answered once without them. A slot that is met already, that does not apply, or of which nobody knows yet
//! whether it does, asks nobody: a question tells a department that somebody asks about a person. It is put about each
//! number of the party, and once: where another party or another item of the bundle wants the same, one answer serves both.
//! Before one leaves, an access entry `asked` of that party is durable (I2), apart from that of the application, which comes
//! last and says what was told. A crash in between leaves an entry of a question that was never put, never the reverse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

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
use crate::registry::cases::facts::{KnownParty, Looking};
use crate::registry::cases::item_case::ItemCase;
use crate::registry::cases::noted::PartyPart;
use crate::registry::cases::told::allowed_by;
use crate::registry::published::items::refused as refused_item;
use crate::registry::sources::exchange::OutgoingQuestion;
use crate::trust::{HolderKey, random};

/// A way that is open: of which item and party, for which slots, and the questions that answer it.
struct OpenWay {
    case: usize,
    seat: usize,
    slots: Vec<String>,
    predicate: Predicate,
    /// Places among the questions, one for each number of the party.
    questions: Vec<usize>,
}

/// A question about one number. Whoever wants it, it is put once.
struct NumberQuestion {
    holder: HolderKey,
    /// As each item would put it; that of the first is put.
    outs: Vec<OutgoingQuestion>,
    came: Option<Came>,
}

/// What came of a question: until when that counts, by its nonce, where a department told it.
struct Came {
    answer: PredicateAnswer,
    until: Option<(String, Moment)>,
}

/// Everything that is open in an application.
#[derive(Default)]
struct Open {
    ways: Vec<OpenWay>,
    questions: Vec<NumberQuestion>,
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
        let mut open = Open::default();
        for (at, case) in cases.iter().enumerate() {
            let told = |way: &Way| matches!(way, Way::Checked { predicate: Predicate::Told { .. }, .. });
            if !case.item.slots.iter().any(|slot| slot.ways.iter().any(told)) {
                continue;
            }
            let first = case.item.answer(&case.request(now.day()));
            let first = first.map_err(|fault| refused_item(fault).at("answers"))?;
            let looking = case.looking(self, snapshot, now);
            self.open_ways(actor, &looking, (ask, at, case), (&first, &mut open))?;
        }
        if open.questions.is_empty() {
            return Ok(());
        }
        let until = self.asked_until();
        self.find_kept(&mut open.questions).await?;
        // Whoever else is asked has half of the time at least.
        let began = Instant::now();
        let half = began + until.saturating_duration_since(began) / 2;
        self.leave_paused(&mut open.questions, half).await;
        if open.questions.iter().any(|one| one.came.is_none()) {
            self.note_questions(actor, (parts, cases), &open).await?;
            self.put_questions(&mut open.questions, until).await?;
        }
        for way in &open.ways {
            add(cases, way, &open.questions);
        }
        Ok(())
    }

    /// What the first run of an item left open at ways that a connected system can answer, each once of each party.
    fn open_ways(
        &self,
        actor: &Actor,
        looking: &Looking<'_>,
        (ask, at, case): (&ApplicationAsk, usize, &ItemCase<'_, '_>),
        (first, open): (&ItemAnswer, &mut Open),
    ) -> Result<()> {
        for (seat, slot, predicate) in left_open(case, first) {
            let same = |way: &&mut OpenWay| (way.case, way.seat) == (at, seat) && way.predicate == *predicate;
            if let Some(known) = open.ways.iter_mut().find(same) {
                known.slots.push(slot.to_owned());
                continue;
            }
            let Predicate::Told { department, question, .. } = predicate else { continue };
            let (Some(party), Some(source)) = (case.known.get(seat), source_of(looking, department)) else {
                continue;
            };
            let mut questions = Vec::new();
            for (code_type, code, holder) in party.papers.numbers() {
                let question = SourceQuestion {
                    agency: Some(actor.agency().unwrap_or(&looking.item.agency).to_owned()),
                    at: looking.now,
                    case: ask.case.clone(),
                    holder: Some(SourceHolder { code, code_type }),
                    item: Some(looking.item.code.clone()),
                    item_version: Some(looking.item.version),
                    nonce: random::salt()?,
                    question: Some(question.clone()),
                    to: source.agency.clone(),
                    v: 1,
                };
                let out = OutgoingQuestion { source: source.clone(), question };
                let may = party.papers.may_ask_about(self, holder);
                questions.push(open.put(holder, out, may));
            }
            let (slots, predicate) = (vec![slot.to_owned()], predicate.clone());
            open.ways.push(OpenWay { case: at, seat, slots, predicate, questions });
        }
        Ok(())
    }

    /// Finds the answers that are kept and count for one of the items that want them.
    async fn find_kept(&self, questions: &mut [NumberQuestion]) -> Result<()> {
        let open = || questions.iter().enumerate().filter(|(_, one)| one.came.is_none());
        let asked =
            open().flat_map(|(at, one)| one.outs.iter().map(move |out| (at, one.holder, out.clone())));
        let (places, asked): (Vec<usize>, Vec<_>) =
            asked.map(|(at, holder, out)| (at, (holder, out))).unzip();
        let kept = self.kept_words(asked).await?;
        for (at, kept) in places.into_iter().zip(kept) {
            let Some((one, kept)) = questions.get_mut(at).zip(kept) else { continue };
            if one.came.is_none() {
                one.came = one.out().map(|out| Came::said(out, (kept.word, kept.nonce), kept.until));
            }
        }
        Ok(())
    }

    /// Leaves alone the systems that failed again and again: where nothing leaves nobody is told that somebody was asked.
    /// Of one that is just being tried the end of that is waited for.
    async fn leave_paused(&self, questions: &mut [NumberQuestion], until: Instant) {
        for one in questions.iter_mut().filter(|one| one.came.is_none()) {
            let Some(out) = one.out().cloned() else { continue };
            self.await_tried(&out.source, until).await;
            if self.is_source_paused(&out.source) {
                one.came = Some(Came::silent(&out, AnswerFault::Paused.zh()));
            }
        }
    }

    /// Puts the questions that are open still, and keeps what is answered.
    async fn put_questions(&self, questions: &mut [NumberQuestion], until: Instant) -> Result<()> {
        let mut open: Vec<&mut NumberQuestion> =
            questions.iter_mut().filter(|one| one.came.is_none()).collect();
        let outs: Vec<OutgoingQuestion> = open.iter().filter_map(|one| one.out().cloned()).collect();
        let answers = self.ask_sources(outs.clone(), until).await?;
        let mut keep = Vec::new();
        for ((one, out), answer) in open.iter_mut().zip(outs).zip(answers) {
            one.came = Some(match &answer {
                Ok(received) => {
                    let told = &received.answer;
                    let word = told.answer.unwrap_or(SourceWord::Unknown);
                    Came::said(&out, (word, told.nonce), told.valid_until)
                }
                Err(fault) => Came::silent(&out, fault.zh()),
            });
            keep.extend(answer.ok().map(|received| (one.holder, out, received)));
        }
        if keep.is_empty() { Ok(()) } else { self.keep_answers(keep, self.now()).await }
    }

    /// Notes, for each party of whom something is asked for an item, that it is; all are durable before a question leaves.
    async fn note_questions(
        &self,
        actor: &Actor,
        (parts, cases): (&[PartyPart<'_>], &[ItemCase<'_, '_>]),
        open: &Open,
    ) -> Result<()> {
        let access = self.access()?;
        let mut entries = Vec::new();
        // A question stands in the entry of the first that wants it.
        let mut noted = BTreeSet::new();
        for (at, case) in cases.iter().enumerate() {
            for (seat, party) in case.known.iter().enumerate() {
                let own = open.ways.iter().filter(|way| (way.case, way.seat) == (at, seat));
                let mut slots: BTreeMap<String, Vec<&str>> = BTreeMap::new();
                let mut questions = Vec::new();
                for way in own {
                    let fresh = way.questions.iter().filter(|place| noted.insert(**place));
                    let fresh = fresh.filter_map(|place| open.questions.get(*place));
                    let fresh: Vec<&NumberQuestion> = fresh.filter(|one| one.came.is_none()).collect();
                    if !fresh.is_empty() {
                        slots.extend(way.slots.iter().map(|slot| (slot.clone(), Vec::new())));
                    }
                    questions.extend(fresh);
                }
                let Some((part, _)) = parts.get(party.place).filter(|_| !questions.is_empty()) else {
                    continue;
                };
                let digest = asked_digest(case.item, &questions)?;
                let came_to = CameTo::shown(Outcome::Asked, allowed_by(actor), digest);
                // A question is put for one item, also where the application is for a bundle.
                let item = Some((case.item.code.as_str(), Some(case.item.version)));
                let entry = Entry::of(actor).applied(AppliedPart { slots, item, ..part.clone() });
                entries.push(entry.submission(access.name(), touched(party, &questions), came_to)?);
            }
        }
        self.note_all(entries).await.map(drop)
    }
}

impl Open {
    /// The place of a question about a number: a new one, or that of the same which somebody else wants. Of a number for
    /// which nobody could be charged nothing is asked.
    fn put(&mut self, holder: HolderKey, out: OutgoingQuestion, may: bool) -> usize {
        let same = |one: &NumberQuestion| {
            let known = one.out().map(|out| (&out.source, &out.question.question));
            one.holder == holder && known == Some((&out.source, &out.question.question))
        };
        if let Some(at) = self.questions.iter().position(same) {
            if let Some(one) = self.questions.get_mut(at)
                && !one.outs.iter().any(|one| one.question.item == out.question.item)
            {
                one.outs.push(out);
            }
            return at;
        }
        let came = (!may).then(|| Came::silent(&out, "今日可查询人数已用完"));
        self.questions.push(NumberQuestion { holder, outs: vec![out], came });
        self.questions.len() - 1
    }
}

impl NumberQuestion {
    /// The question that is put.
    fn out(&self) -> Option<&OutgoingQuestion> {
        self.outs.first()
    }
}

impl Came {
    /// What a department said; the evidence is the nonce under which its answer is kept.
    fn said(out: &OutgoingQuestion, (word, nonce): (SourceWord, Salt), until: Moment) -> Self {
        let evidence = vec![nonce.text()];
        let answer = match word {
            SourceWord::Unknown => return Self::silent(out, word.zh()),
            SourceWord::Yes => PredicateAnswer::Yes { evidence },
            SourceWord::No => PredicateAnswer::No { evidence },
        };
        Self { answer, until: Some((nonce.text(), until)) }
    }

    /// Who gave no answer, when, and why, in the words of the window.
    fn silent(out: &OutgoingQuestion, why: &str) -> Self {
        let source = format!("{}：{why}", out.source.name);
        let answer = PredicateAnswer::Unanswered(Silence { source, at: out.question.at });
        Self { answer, until: None }
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

/// Adds the answer to an open way, of all numbers of the party together, with the ends of the lives of what was told.
fn add(cases: &mut [ItemCase<'_, '_>], way: &OpenWay, questions: &[NumberQuestion]) {
    let Some(party) = cases.get_mut(way.case).and_then(|case| case.known.get_mut(way.seat)) else { return };
    let Predicate::Told { numbers, .. } = &way.predicate else { return };
    let own = || way.questions.iter().filter_map(|place| questions.get(*place));
    let mut answers: Vec<PredicateAnswer> =
        own().filter_map(|one| one.came.as_ref()).map(|came| came.answer.clone()).collect();
    // A row of the party that does not open may name a number of which nobody was asked.
    let more = own().find_map(NumberQuestion::out).filter(|_| party.papers.has_more_numbers());
    answers.extend(more.map(|out| Came::silent(out, "当事人的关联号码无法读取（数据损坏）").answer));
    let answer = numbers.of(answers);
    party.told_until.extend(own().filter_map(|one| one.came.as_ref()?.until.clone()));
    party.facts.predicates.push((way.predicate.clone(), answer));
}

/// On whose lists it stands that questions about a party are put: on that of the party, and of each of its other numbers
/// that a department is told.
fn touched(party: &KnownParty<'_>, asked: &[&NumberQuestion]) -> Touched {
    let mut touched = Touched::one(&party.papers.parsed.code, party.papers.permit.holder());
    for (code_type, code, key) in party.papers.numbers() {
        if asked.iter().any(|one| one.holder == key) {
            touched.found_under(&code_type, &code, key);
        }
    }
    touched
}

/// The digest in an entry `asked` (schema/bytes.md §5): whom, what, and the nonce of each.
fn asked_digest(item: &ItemDef, own: &[&NumberQuestion]) -> Result<Digest> {
    let outs = own.iter().filter_map(|one| one.out());
    let asked: Vec<Value> =
        outs.map(|out| json!([out.question.to, out.question.question, out.question.nonce])).collect();
    let told = json!({"asked": asked, "item": item.id().to_string()});
    Ok(Digest::of(&[&canonical::to_vec(&told).map_err(Error::internal)?]))
}
