//! The answer of an application as it goes out.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::items::{
    AnsweredBy, ItemAnswer, ItemCount, ItemDef, ItemQuestion, PremiseAnswer, QuestionAnswer, RecordFact,
    Silence, Slot, SlotAnswer, SlotOutcome, TryOutcome, WayKind, WayTried,
};
use crate::clock::Moment;
use crate::log::LogMark;
use crate::record::secret::mask;
use crate::record::{Reason, Reasons, State, Verdict};
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::cases::ask::{ApplicationAsk, AskedParty};
use crate::registry::cases::facts::KnownParty;
use crate::registry::cases::item_case::ItemCase;
use crate::registry::cases::told::ToldItem;
use crate::registry::reading::lookup::{FoundRecord, PartyPapers, RecordAnswer};
use crate::store::HolderState;

/// The answer of an application: every slot of every party.
#[derive(Serialize, ToSchema)]
pub struct Application {
    /// The item.
    pub item: AppliedItem,
    /// Its questions, in the order in which they are asked.
    pub questions: Vec<AskedQuestion>,
    /// What must be true of the parties for the item to be for them.
    pub premises: Vec<AppliedPremise>,
    /// The item that is the right one instead, by its name or its 实施编码 as the item has it: nothing is asked for here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub referred_to: Option<String>,
    /// Everybody in the case, as asked.
    pub parties: Vec<AppliedParty>,
    /// Every slot of every party, in the order of the item; those that do not apply too.
    pub slots: Vec<AppliedSlot>,
    /// How many of which kind.
    pub count: AppliedCount,
    /// 「本事项 9 份材料，您需带 1 份」
    pub text: String,
}

/// The item of an application.
#[derive(Serialize, ToSchema)]
pub struct AppliedItem {
    /// 实施编码.
    pub code: String,
    /// The version on which the answer rests.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The agency that decides.
    pub agency: String,
    /// Its name.
    pub agency_name: String,
}

/// A question of an item in a case.
#[derive(Serialize, ToSchema)]
pub struct AskedQuestion {
    /// Its name.
    pub name: String,
    /// The question as it is asked.
    pub ask: String,
    /// The answers to choose from.
    pub options: Vec<String>,
    /// `facts` `applicant` `not_asked` `open`.
    pub answered_by: &'static str,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answer: Option<String>,
    /// What the applicant said, where the facts say something else. It changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub said: Option<String>,
}

/// A premise of one party.
#[derive(Serialize, ToSchema)]
pub struct AppliedPremise {
    /// The premise in words.
    pub text: String,
    /// Which of the parties, from 0.
    pub party: usize,
    /// Whether it is true; left out where a fact is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub holds: Option<bool>,
}

/// A party of an application.
#[derive(Serialize, ToSchema)]
pub struct AppliedParty {
    /// The code of its role.
    pub role: String,
    /// The number, masked.
    pub masked: String,
    /// What is known of its life: a death that is reported or confirmed, the end of an organisation.
    pub state: HolderState,
    /// Heads of the logs, read before the papers: the answer is at least as new.
    pub heads: Vec<LogMark>,
    /// Entry, proof and checkpoint of the access to this party, or its log and index.
    pub receipt: HandedReceipt,
}

/// One slot of one party.
#[derive(Serialize, ToSchema)]
pub struct AppliedSlot {
    /// 编号 in the item.
    pub slot: String,
    /// Which of the parties, from 0; left out where nobody of the role is in the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub party: Option<usize>,
    /// 材料名称
    pub name: String,
    /// 材料分类: 证照类 证明类 申报类 其他
    #[schema(value_type = String, example = "证照类")]
    pub class: crate::catalog::items::SlotClass,
    /// 材料必要性: 必要 非必要
    #[schema(value_type = String, example = "必要")]
    pub necessity: crate::catalog::items::Necessity,
    /// 原件: 无需 查验 收缴
    #[schema(value_type = String, example = "无需")]
    pub original: crate::catalog::items::Original,
    /// 要求提供材料的依据
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub basis: Option<String>,
    /// What came of it.
    pub outcome: SlotOutcome,
    /// The same in words, with the paper that must come all the same.
    pub outcome_zh: &'static str,
    /// The ways in the order in which they were tried; nothing is tried behind one that is met.
    pub tried: Vec<AppliedWay>,
    /// The papers by which it is met, as far as the slot names their fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<RecordAnswer>, required = false)]
    pub records: Vec<FoundRecord>,
}

/// One way that was tried.
#[derive(Serialize, ToSchema)]
pub struct AppliedWay {
    /// The way.
    pub way: WayKind,
    /// The same in words.
    pub way_zh: &'static str,
    /// What came of it.
    pub outcome: TryOutcome,
    /// The same in words.
    pub outcome_zh: &'static str,
    /// Identifiers of the records behind it, or their log and leaf where an identifier holds a number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub evidence: Vec<String>,
    /// Of `checked`: the answer as the registry signs it, compact JWS of kind `elicense-answer+jws`, with its chain of
    /// evidence. It counts for an hour at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signed: Option<String>,
    /// Who did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<String>,
    /// When it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<Moment>,
    /// What "nothing found" means, in its coverage's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub absence: Option<String>,
    /// Every reason and remark beside the verdicts of the records behind it: a marriage that is good says whether divorces
    /// by courts would be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Reason>, required = false)]
    pub reasons: Vec<Reason>,
    /// The papers of the type that are on file and not enough: state and verdict, and nothing of their faces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub not_enough: Vec<AppliedPaper>,
}

/// A paper that is not enough for a slot.
#[derive(Serialize, ToSchema)]
pub struct AppliedPaper {
    /// Its stored state.
    pub state: State,
    /// What it is worth.
    pub verdict: Verdict,
    /// Every reason, in the order of the list.
    #[schema(value_type = Vec<Reason>)]
    pub reasons: Reasons,
}

/// How many materials a case has.
#[derive(Serialize, ToSchema)]
pub struct AppliedCount {
    /// Materials that apply.
    pub materials: usize,
    /// Those that somebody has to bring.
    pub bring: usize,
    /// Those that no source could tell about just now.
    pub unverifiable: usize,
    /// Those for which nothing is enough, and no way is open.
    pub lacking: usize,
    /// Those that wait for answers.
    pub undecided: usize,
}

impl From<ItemCount> for AppliedCount {
    fn from(count: ItemCount) -> Self {
        let ItemCount { materials, bring, unverifiable, lacking, undecided } = count;
        Self { materials, bring, unverifiable, lacking, undecided }
    }
}

impl From<&ItemDef> for AppliedItem {
    fn from(item: &ItemDef) -> Self {
        Self {
            code: item.code.clone(),
            version: item.version,
            name: item.name.clone(),
            agency: item.agency.clone(),
            agency_name: item.agency_name.clone(),
        }
    }
}

/// The whole answer of an application for one item.
pub(super) fn application(
    case: &ItemCase<'_, '_>,
    told: ToldItem,
    parties: Vec<AppliedParty>,
) -> Application {
    let item = case.item;
    let question = |of: &QuestionAnswer| {
        let asked = item.questions.iter().find(|question| question.name == of.question);
        asked.map(|asked| asked_question(asked, &of.answered))
    };
    let answer = &told.answer;
    Application {
        item: item.into(),
        questions: answer.questions.iter().filter_map(question).collect(),
        premises: premises(case, answer),
        referred_to: answer.referred_to.clone(),
        parties,
        count: answer.count.into(),
        text: answer.count.sentence(),
        slots: slots(case, told),
    }
}

/// The parties, each with its receipt.
pub(super) fn applied_parties(
    ask: &ApplicationAsk,
    papers: &[Arc<PartyPapers<'_>>],
    receipts: Vec<HandedReceipt>,
) -> Vec<AppliedParty> {
    let party =
        |((asked, papers), receipt): ((&AskedParty, &Arc<PartyPapers<'_>>), HandedReceipt)| AppliedParty {
            role: asked.role.clone(),
            masked: mask(papers.parsed.code.as_str()),
            state: papers.state(),
            heads: papers.head().into_iter().cloned().collect(),
            receipt,
        };
    ask.parties.iter().zip(papers).zip(receipts).map(party).collect()
}

/// The premises of an item, of the parties as the application has them.
pub(super) fn premises(case: &ItemCase<'_, '_>, answer: &ItemAnswer) -> Vec<AppliedPremise> {
    let premise = |one: &PremiseAnswer| {
        let party = case.seats.get(one.party).map_or(one.party, |(_, place)| *place);
        AppliedPremise { text: one.text.clone(), party, holds: one.holds }
    };
    answer.premises.iter().map(premise).collect()
}

/// Every slot of every party of an item.
pub(super) fn slots(case: &ItemCase<'_, '_>, told: ToldItem) -> Vec<AppliedSlot> {
    let shown = told.shown.into_iter().zip(told.signed);
    let slots = told.answer.slots.iter().zip(shown).filter_map(|(slot, shown)| {
        let def = case.item.slots.iter().find(|def| def.id == slot.slot)?;
        let party = slot.party.and_then(|seat| case.known.get(seat));
        Some(applied_slot(def, slot, party, shown))
    });
    slots.collect()
}

pub(super) fn asked_question(asked: &ItemQuestion, answered: &AnsweredBy) -> AskedQuestion {
    let (answered_by, answer, said) = match answered {
        AnsweredBy::ByFacts { option, said } => ("facts", Some(option.clone()), said.clone()),
        AnsweredBy::ByApplicant(option) => ("applicant", Some(option.clone()), None),
        AnsweredBy::NotAsked => ("not_asked", None, None),
        AnsweredBy::Open => ("open", None, None),
    };
    AskedQuestion {
        name: asked.name.clone(),
        ask: asked.ask.clone(),
        options: asked.options.iter().map(|option| option.value.clone()).collect(),
        answered_by,
        answer,
        said,
    }
}

fn applied_slot(
    def: &Slot,
    slot: &SlotAnswer,
    party: Option<&KnownParty<'_>>,
    (records, signed): (Vec<FoundRecord>, Vec<Option<String>>),
) -> AppliedSlot {
    let mut ways: Vec<_> = def.ways.iter().collect();
    ways.sort_by_key(|way| way.kind());
    let tried = slot.tried.iter().zip(ways).zip(signed);
    AppliedSlot {
        slot: slot.slot.clone(),
        party: party.map(|party| party.place),
        name: def.name.clone(),
        class: def.class,
        necessity: slot.necessity,
        original: slot.original,
        basis: def.basis.clone(),
        outcome: slot.outcome,
        outcome_zh: slot.outcome.told(slot.original),
        tried: tried
            .map(|((tried, way), signed)| AppliedWay { signed, ..applied_way(tried, way.slug(), party) })
            .collect(),
        records,
    }
}

fn not_enough((party, slug): (&KnownParty<'_>, &str)) -> Vec<AppliedPaper> {
    let of_type = |fact: &&RecordFact| fact.slug == slug;
    let mut places: Vec<&str> =
        party.facts.records.iter().filter(of_type).map(|fact| fact.identifier.as_str()).collect();
    places.dedup();
    let papers = places.into_iter().filter_map(|place| party.paper_at(place)).filter_map(|(paper, _)| {
        let row = party.papers.stored(paper)?;
        let judgement = paper.judgement;
        let (verdict, reasons) = (judgement.verdict, judgement.reasons);
        Some(AppliedPaper { state: row.state, verdict, reasons })
    });
    papers.collect()
}

/// The reasons of the papers at these places, each once.
fn reasons(party: Option<&KnownParty<'_>>, places: &[String]) -> Vec<Reason> {
    let papers = party.iter().flat_map(|party| places.iter().filter_map(|place| party.paper_at(place)));
    let all: BTreeSet<&str> =
        papers.flat_map(|(paper, _)| paper.judgement.reasons.iter().map(Reason::wire)).collect();
    all.into_iter().filter_map(Reason::from_wire).collect()
}

fn applied_way(tried: &WayTried, slug: Option<&str>, party: Option<&KnownParty<'_>>) -> AppliedWay {
    let absent = party.zip(slug).filter(|_| tried.evidence.is_empty() && tried.silence.is_none());
    let absent = absent.and_then(|(party, slug)| party.absent.get(slug));
    let (source, at) = match &tried.silence {
        Some(Silence { source, at }) => (Some(source.clone()), Some(*at)),
        None => (None, None),
    };
    AppliedWay {
        way: tried.way,
        way_zh: tried.way.zh(),
        outcome: tried.outcome,
        outcome_zh: tried.outcome.zh(),
        evidence: tried.evidence.clone(),
        reasons: reasons(party, &tried.evidence),
        signed: None,
        source,
        at,
        absence: absent.map(|none| none.sentence().to_owned()),
        not_enough: party.zip(slug).filter(|_| tried.evidence.is_empty()).map_or_else(Vec::new, not_enough),
    }
}
