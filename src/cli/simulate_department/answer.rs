//! The answers of a simulated department: from its file, else from the last digit of the number. Nothing is kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

use super::Switch;
use crate::clock::{Clock, Moment};
use crate::record::question::{SourceAnswer, SourceHolder, SourceQuestion, SourceWord};
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, SigningKey, Typ};

/// A person who is none: the answer about another one is about this.
const NOBODY: &str = "190101199001011234";

/// The file of a simulated department.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedAnswers {
    /// Answers by question, then by number; `*` stands for every other number.
    #[serde(default)]
    pub answers: BTreeMap<String, BTreeMap<String, SourceWord>>,
}

/// A simulated department.
pub(super) struct SimulatedSystem {
    agency: String,
    key: SigningKey,
    known: SimulatedAnswers,
    life: i64,
    clock: Clock,
    asked: AtomicU64,
}

impl SimulatedSystem {
    pub fn new(agency: String, key: SigningKey, known: SimulatedAnswers, life: i64) -> Self {
        Self { agency, key, known, life, clock: Clock::System, asked: AtomicU64::new(0) }
    }

    /// How many questions it was put.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The answer to a compact question; none to what is no question to this agency. A real department also verifies the
    /// registry's signature, by the keys that the registry publishes.
    pub fn answer(&self, question: &str, switch: Switch) -> Option<String> {
        let envelope = EnvelopeBuf::parse_compact(question, Limits::default()).ok()?;
        if envelope.view().header().ok()?.typ != Typ::Question {
            return None;
        }
        let question: SourceQuestion = serde_json::from_slice(envelope.view().payload()).ok()?;
        if question.to != self.agency {
            return None;
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        let payload = self.told(question, switch, self.clock.now()).to_canonical().ok()?;
        let other;
        let key = match switch {
            Switch::WrongSignature => {
                other = SigningKey::generate().ok()?;
                &other
            }
            _ => &self.key,
        };
        let answer = EnvelopeBuf::sign(Typ::Answer, &payload, key).ok()?.compact();
        match switch {
            Switch::Half => answer.get(..answer.len() / 2).map(str::to_owned),
            _ => Some(answer),
        }
    }

    fn told(&self, question: SourceQuestion, switch: Switch, now: Moment) -> SourceAnswer {
        let word = question.holder.as_ref().zip(question.question.as_ref());
        let word = word.map(|(holder, text)| self.word(holder, text));
        let holder = match (question.holder, switch) {
            (Some(_), Switch::WrongPerson) => {
                Some(SourceHolder { code: NOBODY.to_owned(), code_type: "111".to_owned() })
            }
            (holder, _) => holder,
        };
        SourceAnswer {
            answer: word,
            at: now,
            evidence: Vec::new(),
            holder,
            nonce: question.nonce,
            question: question.question,
            text: word.map(|_| "演示数据".to_owned()),
            v: 1,
            valid_until: now.plus_seconds(self.life),
        }
    }

    /// From the file; without one for the question, the same for the same number always: yes for an even check digit, no for
    /// an odd one, unknown for X.
    fn word(&self, holder: &SourceHolder, question: &str) -> SourceWord {
        if let Some(known) = self.known.answers.get(question) {
            let found = known.get(&holder.code).or_else(|| known.get("*"));
            return found.copied().unwrap_or(SourceWord::Unknown);
        }
        match holder.code.chars().next_back().and_then(|last| last.to_digit(10)) {
            Some(digit) if digit % 2 == 0 => SourceWord::Yes,
            Some(_) => SourceWord::No,
            None => SourceWord::Unknown,
        }
    }
}
