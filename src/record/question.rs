//! The question to a department's system and its answer: the payloads of `elicense-question+jws` and
//! `elicense-answer+jws` (schema/bytes.md §12), and what an answer must be to be one.
//!
//! An answer that is not exactly the answer to this question is none: the party is 暂无法核验, never "no" (I5, I13).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::canonical::{self, CanonicalFault};
use super::digest::Salt;
use crate::clock::Moment;
use crate::closed::closed;

/// How far the clocks of registry and department may be apart, in seconds.
pub const CLOCKS_S: i64 = 5 * 60;
/// How long an answer may count, in seconds.
pub const LIFE_S: i64 = 24 * 60 * 60;
/// Longest answer as it comes, in bytes.
pub const ANSWER_BYTES: usize = 16 * 1024;
/// Most identifiers that an answer rests on, and the longest of them in characters.
const EVIDENCE: (usize, usize) = (16, 128);
/// Longest words of an answer, in characters.
const WORDS: usize = 1_000;

closed! {
    /// What a department's system says.
    SourceWord {
        Yes, "yes", "是", "yes";
        No, "no", "否", "no, it is not so";
        Unknown, "unknown", "无法确定", "it cannot tell";
    }
}

closed! {
    /// Why there is no answer.
    AnswerFault {
        Unreachable, "unreachable", "无法连接", "the system is not reached, or breaks off";
        Late, "late", "无响应", "the system does not answer in time";
        Busy, "busy", "询问过多，稍后再试", "too many questions are on their way";
        Paused, "paused", "连续无响应，暂停询问", "the system failed again and again, and is left alone for a while";
        Status, "status", "拒绝答复", "the system answers with another status than 200";
        Size, "size", "答复过大", "the answer is longer than 16 KiB";
        Shape, "shape", "答复格式不对", "the answer is not one signed answer in its whole form";
        Kind, "kind", "答复种类不对", "something else than an answer is signed";
        Key, "key", "答复的密钥无效", "the key is not one of the agency, or not in force";
        Signature, "signature", "答复的签名无效", "the signature does not verify";
        Nonce, "nonce", "答复与询问不对应", "it is the answer to another question that was put";
        Question, "question", "答复的问题不对", "it answers another question";
        Holder, "holder", "答复的不是所问的人", "it is about another person";
        Clock, "clock", "答复的时间不对", "its time is more than five minutes away";
        Life, "life", "答复的有效期不对", "its life is over, runs backwards or is longer than a day";
    }
}

/// Of whom it is asked. The number is in clear: only sealed, signed and under TLS (I3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceHolder {
    /// The canonical code.
    pub code: String,
    /// Its type: `111`.
    pub code_type: String,
}

impl fmt::Debug for SourceHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceHolder({} ***)", self.code_type)
    }
}

/// A question, as the registry signs it. Without holder, item and question it only asks whether somebody is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceQuestion {
    /// The agency in whose name it is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// When.
    pub at: Moment,
    /// The case, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Of whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<SourceHolder>,
    /// The item for which it is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_version: Option<u32>,
    /// Random; a repetition has the same.
    pub nonce: Salt,
    /// The question, as the item has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The agency that is asked: nobody can pass the question on to another.
    pub to: String,
    /// The layout: 1.
    pub v: u8,
}

/// An answer, as the department's agency signs it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceAnswer {
    /// The answer; none to a question that only asks whether somebody is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<SourceWord>,
    /// When.
    pub at: Moment,
    /// Numbers of the department's own records behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Of whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<SourceHolder>,
    /// That of the question.
    pub nonce: Salt,
    /// The question that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// More, in the department's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The layout: 1.
    pub v: u8,
    /// Until when it counts.
    pub valid_until: Moment,
}

impl fmt::Debug for SourceAnswer {
    /// The department's words and numbers stay out (I3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceAnswer({:?}, {}, {:?})", self.answer, self.at, self.holder)
    }
}

impl SourceQuestion {
    /// The bytes to sign.
    ///
    /// # Errors
    /// A number that no signed bytes hold.
    pub fn to_canonical(&self) -> Result<Vec<u8>, CanonicalFault> {
        canonical::of(self)
    }
}

impl SourceAnswer {
    /// The bytes to sign.
    ///
    /// # Errors
    /// A number that no signed bytes hold.
    pub fn to_canonical(&self) -> Result<Vec<u8>, CanonicalFault> {
        canonical::of(self)
    }

    /// Reads the payload of a verified envelope.
    ///
    /// # Errors
    /// [`AnswerFault::Shape`].
    pub fn of(payload: &[u8]) -> Result<Self, AnswerFault> {
        let answer: Self = serde_json::from_slice(payload).map_err(|_fault| AnswerFault::Shape)?;
        let long = |text: &String, most: usize| text.chars().count() > most;
        let (many, each) = EVIDENCE;
        let whole = answer.v == 1
            && answer.evidence.len() <= many
            && !answer.evidence.iter().any(|one| one.is_empty() || long(one, each))
            && !answer.text.as_ref().is_some_and(|text| long(text, WORDS));
        if whole { Ok(answer) } else { Err(AnswerFault::Shape) }
    }

    /// Whether it is the answer to that question, at the moment at which it came.
    ///
    /// # Errors
    /// What makes it none.
    pub fn check(&self, asked: &SourceQuestion, now: Moment) -> Result<(), AnswerFault> {
        let away = |one: Moment, other: Moment| (one.micros() - other.micros()).unsigned_abs();
        let clocks = CLOCKS_S.unsigned_abs() * 1_000_000;
        let checks = [
            (self.nonce == asked.nonce, AnswerFault::Nonce),
            (self.holder == asked.holder, AnswerFault::Holder),
            (self.question == asked.question, AnswerFault::Question),
            (self.answer.is_some() == asked.holder.is_some(), AnswerFault::Shape),
            (away(self.at, now) <= clocks, AnswerFault::Clock),
            (self.valid_until > self.at && self.valid_until > now, AnswerFault::Life),
            (self.valid_until <= self.at.plus_seconds(LIFE_S), AnswerFault::Life),
        ];
        checks.into_iter().find(|(right, _)| !right).map_or(Ok(()), |(_, fault)| Err(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Moment {
        "2026-11-22T01:00:00.000000Z".parse().unwrap()
    }

    fn holder() -> SourceHolder {
        SourceHolder { code: "190101198803120021".into(), code_type: "111".into() }
    }

    fn asked() -> SourceQuestion {
        SourceQuestion {
            agency: Some("11190101MB1E00001A".into()),
            at: now(),
            case: None,
            holder: Some(holder()),
            item: Some("A1".into()),
            item_version: Some(1),
            nonce: Salt([7; 16]),
            question: Some("是否登记结婚".into()),
            to: "11190101MB0A000012".into(),
            v: 1,
        }
    }

    fn told() -> SourceAnswer {
        SourceAnswer {
            answer: Some(SourceWord::Yes),
            at: now(),
            evidence: vec!["J1".into()],
            holder: Some(holder()),
            nonce: Salt([7; 16]),
            question: Some("是否登记结婚".into()),
            text: None,
            v: 1,
            valid_until: now().plus_seconds(600),
        }
    }

    #[test]
    fn only_the_answer_to_this_question_is_one() {
        assert_eq!(told().check(&asked(), now()), Ok(()));
        let other = SourceHolder { code: "19010119860512001X".into(), ..holder() };
        let wrong = [
            (SourceAnswer { nonce: Salt([8; 16]), ..told() }, AnswerFault::Nonce),
            (SourceAnswer { holder: Some(other), ..told() }, AnswerFault::Holder),
            (SourceAnswer { holder: None, ..told() }, AnswerFault::Holder),
            (SourceAnswer { question: Some("是否离婚".into()), ..told() }, AnswerFault::Question),
            (SourceAnswer { answer: None, ..told() }, AnswerFault::Shape),
            (SourceAnswer { at: now().plus_seconds(-301), ..told() }, AnswerFault::Clock),
            (SourceAnswer { at: now().plus_seconds(301), ..told() }, AnswerFault::Clock),
            (SourceAnswer { valid_until: now(), ..told() }, AnswerFault::Life),
            (SourceAnswer { valid_until: now().plus_seconds(LIFE_S + 1), ..told() }, AnswerFault::Life),
        ];
        for (answer, fault) in wrong {
            assert_eq!(answer.check(&asked(), now()), Err(fault));
        }
        let edge = SourceAnswer { at: now().plus_seconds(-CLOCKS_S), ..told() };
        assert_eq!(edge.check(&asked(), now()), Ok(()));
    }

    #[test]
    fn an_answer_reads_back_and_half_of_one_does_not() {
        let bytes = told().to_canonical().unwrap();
        assert_eq!(SourceAnswer::of(&bytes), Ok(told()));
        let text = String::from_utf8(bytes).unwrap();
        for wrong in [
            text.replace("\"v\":1", "\"v\":2"),
            text.replace("\"nonce\":", "\"once\":"),
            text.replace("\"yes\"", "\"maybe\""),
            text.replace("[\"J1\"]", "[\"\"]"),
            text.replace("J1", &"J".repeat(129)),
            text.replace("{", "{\"x\":1,"),
            text[..text.len() / 2].to_owned(),
            "[".repeat(5_000),
            "null".to_owned(),
        ] {
            assert_eq!(SourceAnswer::of(wrong.as_bytes()), Err(AnswerFault::Shape), "{wrong}");
        }
    }

    #[test]
    fn i3_a_question_and_an_answer_do_not_print_the_number() {
        let words = SourceAnswer { text: Some(holder().code), evidence: vec![holder().code], ..told() };
        let printed = format!("{:?} {words:?}", asked());
        assert!(!printed.contains(&holder().code));
    }
}
