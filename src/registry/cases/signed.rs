//! The answers to predicates (数据核验) as the registry signs them: what an office keeps in its file instead of a paper.
//! Each says what it rests on and counts for an hour; nothing of a paper goes out with it.
//!
//! Nothing is kept of them here: the access entry has slot, outcome and evidence, and whoever needs the answer later asks
//! again.

use serde_json::Value;

use crate::catalog::items::{
    ItemDef, Predicate, PredicateAnswer, SlotAnswer, TryOutcome, Way, WayKind, WayTried,
};
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::policy::Actor;
use crate::record::Salt;
use crate::record::checked::{CHECKED_LIFE_S, CheckedAnswer, CheckedEvidence, CheckedRecord, CheckedTold};
use crate::record::event::holder_hash;
use crate::record::question::SourceWord;
use crate::registry::Registry;
use crate::registry::cases::ask::ApplicationAsk;
use crate::registry::cases::facts::KnownParty;
use crate::registry::cases::item_case::ItemCase;
use crate::registry::cases::told::ToldItem;
use crate::store::NO_ENVELOPE;
use crate::trust::{EnvelopeBuf, Typ, random};

/// What the answers of one item are made from.
struct Asking<'a> {
    actor: &'a Actor,
    ask: &'a ApplicationAsk,
    item: &'a ItemDef,
    known: &'a [KnownParty<'a>],
    now: Moment,
}

impl Registry {
    /// Signs the answer of each way that was checked, whatever it says.
    pub(super) async fn sign_answers(
        &self,
        (actor, ask): (&Actor, &ApplicationAsk),
        cases: &[ItemCase<'_, '_>],
        told: &mut [ToldItem],
    ) -> Result<()> {
        let now = self.now();
        let mut payloads = Vec::new();
        for (place, (case, told)) in cases.iter().zip(told.iter_mut()).enumerate() {
            let asking = Asking { actor, ask, item: case.item, known: &case.known, now };
            told.signed = told.answer.slots.iter().map(|slot| vec![None; slot.tried.len()]).collect();
            for (at, slot) in told.answer.slots.iter().enumerate() {
                for (way, payload) in asking.answers(slot)? {
                    payloads.push(((place, at, way), payload.to_canonical().map_err(Error::internal)?));
                }
            }
        }
        if payloads.is_empty() {
            return Ok(());
        }
        let registry = self.clone();
        let envelopes = self.store().blocking(move || {
            let key = registry.registry_key()?;
            let one = |(place, payload): (WayPlace, Vec<u8>)| {
                Ok((place, EnvelopeBuf::sign(Typ::Answer, &payload, &key)?.compact()))
            };
            payloads.into_iter().map(one).collect::<Result<Vec<_>>>()
        });
        for ((place, at, way), envelope) in envelopes.await? {
            let ways = told.get_mut(place).and_then(|told| told.signed.get_mut(at));
            if let Some(signed) = ways.and_then(|ways| ways.get_mut(way)) {
                *signed = Some(envelope);
            }
        }
        Ok(())
    }
}

/// A way: its item, its slot, its place among those that were tried.
type WayPlace = (usize, usize, usize);

impl Asking<'_> {
    /// The answers of one slot, each with the place of its way.
    fn answers(&self, slot: &SlotAnswer) -> Result<Vec<(usize, CheckedAnswer)>> {
        let def = self.item.slots.iter().find(|def| def.id == slot.slot);
        let (Some(def), Some(own)) = (def, slot.party.and_then(|at| self.known.get(at))) else {
            return Ok(Vec::new());
        };
        // In the order in which the engine tries them.
        let mut ways: Vec<&Way> = def.ways.iter().collect();
        ways.sort_by_key(|way| way.kind());
        let tried = slot.tried.iter().zip(ways).enumerate();
        let checked = tried.filter_map(|(at, (tried, way))| match way {
            Way::Checked { predicate, .. } if tried.way == WayKind::Checked => Some((at, tried, predicate)),
            _ => None,
        });
        checked
            .map(|(at, tried, predicate)| Ok((at, self.answer(&slot.slot, own, (tried, predicate))?)))
            .collect()
    }

    fn answer(
        &self,
        slot: &str,
        own: &KnownParty<'_>,
        (tried, predicate): (&WayTried, &Predicate),
    ) -> Result<CheckedAnswer> {
        let (item, at) = (self.item, self.now);
        let (answer, places) = word(own, (tried, predicate));
        let salt = random::salt()?;
        let hash = |party: &KnownParty<'_>| {
            let code = &party.papers.parsed.code;
            holder_hash(&salt, code.code_type().code(), code.as_str())
        };
        let other = match predicate {
            Predicate::Related { role, .. } => self.only(role).map(hash),
            Predicate::Holds { .. } | Predicate::Told { .. } => None,
        };
        let slug = match predicate {
            Predicate::Holds { slug } => Some(slug.as_str()),
            _ => None,
        };
        let absence = slug.and_then(|slug| own.absent.get(slug)).map(|none| none.sentence().to_owned());
        let silent = tried.silence.as_ref().map(|silence| silence.source.clone());
        Ok(CheckedAnswer {
            agency: self.actor.agency().map(str::to_owned),
            answer,
            at,
            case: self.ask.case.clone(),
            evidence: places.iter().filter_map(|place| self.evidence(place)).collect(),
            holder: hash(own),
            item: item.code.clone(),
            item_version: item.version,
            other,
            outcome: tried.outcome.wire().to_owned(),
            predicate: serde_json::to_value(predicate).map_err(Error::internal)?,
            salt,
            slot: slot.to_owned(),
            text: silent.or(absence),
            v: 1,
            valid_until: self.until(own, &places),
        })
    }

    /// The only party in a role.
    fn only(&self, role: &str) -> Option<&KnownParty<'_>> {
        let code = &self.item.role(role)?.code;
        let mut all = self.known.iter().filter(|party| party.role == *code);
        all.next().filter(|_| all.next().is_none())
    }

    /// Until when it counts: an hour, and no longer than what a department told.
    fn until(&self, own: &KnownParty<'_>, places: &[String]) -> Moment {
        let told = own.told_until.iter().filter(|(nonce, _)| places.contains(nonce)).map(|(_, until)| *until);
        told.chain([self.now.plus_seconds(CHECKED_LIFE_S)]).min().unwrap_or(self.now)
    }

    /// What stands at a place: a record of one of the parties, or what a department told.
    fn evidence(&self, place: &str) -> Option<CheckedEvidence> {
        let record = self.known.iter().find_map(|party| {
            let (paper, _) = party.paper_at(place)?;
            Some((paper, party.papers.stored(paper)?))
        });
        match record {
            Some((paper, row)) => Some(CheckedEvidence::Record(CheckedRecord {
                digest: Some(row.body.digest).filter(|digest| *digest != NO_ENVELOPE),
                place: place.to_owned(),
                reasons: paper.judgement.reasons.iter().map(|reason| reason.wire().to_owned()).collect(),
                verdict: paper.judgement.verdict,
                version: u32::try_from(row.version).unwrap_or_default(),
            })),
            None => {
                let told: Salt = serde_json::from_value(Value::String(place.to_owned())).ok()?;
                Some(CheckedEvidence::Told(CheckedTold { told }))
            }
        }
    }
}

/// The answer, and the places that it rests on. That nothing is on file is unknown and never "no" (practice R2); a record
/// that is there and not good is a "no" with that record behind it.
fn word(own: &KnownParty<'_>, (tried, predicate): (&WayTried, &Predicate)) -> (SourceWord, Vec<String>) {
    if let Predicate::Holds { slug } = predicate {
        return match tried.outcome {
            TryOutcome::Met => (SourceWord::Yes, tried.evidence.clone()),
            TryOutcome::Expired | TryOutcome::Unfit => {
                let there = own.facts.records.iter().filter(|record| record.slug == *slug);
                (SourceWord::No, there.map(|record| record.identifier.clone()).collect())
            }
            _ => (SourceWord::Unknown, Vec::new()),
        };
    }
    let said = own.facts.predicates.iter().find(|(asked, _)| asked == predicate).map(|(_, answer)| answer);
    match said {
        Some(PredicateAnswer::Yes { evidence }) if !evidence.is_empty() => {
            (SourceWord::Yes, evidence.clone())
        }
        Some(PredicateAnswer::No { evidence }) => (SourceWord::No, evidence.clone()),
        _ => (SourceWord::Unknown, Vec::new()),
    }
}
