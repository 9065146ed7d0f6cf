//! The registry's own answer to a predicate (核验答复): the payload of an `elicense-answer+jws` that the registry signs
//! (`schema/bytes.md` §12). It says yes, no or unknown with the records behind it, and gives none of them away.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::{self, CanonicalFault};
use super::digest::{Digest, Salt};
use super::question::SourceWord;
use super::verdict::Verdict;
use crate::clock::Moment;

/// How long it counts at most, in seconds: whoever decides later asks again.
pub const CHECKED_LIFE_S: i64 = 60 * 60;

/// An answer to a predicate, as the registry signs it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedAnswer {
    /// The agency that asked; none for an operator of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The answer. An absence of records is never "no".
    pub answer: SourceWord,
    /// When.
    pub at: Moment,
    /// The case, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// What it rests on, each link of the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<CheckedEvidence>,
    /// Of whom: the hash of the code under `salt` ([`super::event::holder_hash`]). Who knows the number can tell that it is
    /// about that person; the number itself goes into files and prints with it otherwise (I3).
    pub holder: Digest,
    /// The item for which it was asked.
    pub item: String,
    /// Its version.
    pub item_version: u32,
    /// The other person of a relation, in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Digest>,
    /// What came of the way, a word of the list `TryOutcome`: `met` `expired` `not_covered` …
    pub outcome: String,
    /// The predicate, as the item has it.
    pub predicate: Value,
    /// Random.
    pub salt: Salt,
    /// 编号 of the slot.
    pub slot: String,
    /// What "nothing found" means, in the words of its coverage; or who did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The layout: 1.
    pub v: u8,
    /// Until when it counts.
    pub valid_until: Moment,
}

/// One link of the chain of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CheckedEvidence {
    /// A record.
    Record(CheckedRecord),
    /// A department's signed answer, which the registry keeps.
    Told(CheckedTold),
}

/// A record behind an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedRecord {
    /// Digest of the envelope: whoever gets to see it later knows it again. None where the body is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Its identifier, or its log and leaf where the identifier holds a number.
    pub place: String,
    /// Every reason and remark beside its verdict, by their words: a marriage that is valid says whether divorces by courts
    /// would be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What it was worth.
    pub verdict: Verdict,
    /// Its version.
    pub version: u32,
}

/// A department's answer behind an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedTold {
    /// The nonce of the question and of the answer.
    pub told: Salt,
}

impl fmt::Debug for CheckedAnswer {
    /// Whom it is about stays out (I3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckedAnswer({} {} {:?}, {})", self.item, self.slot, self.answer, self.at)
    }
}

impl CheckedAnswer {
    /// The bytes to sign.
    ///
    /// # Errors
    /// A number that no signed bytes hold.
    pub fn to_canonical(&self) -> Result<Vec<u8>, CanonicalFault> {
        canonical::of(self)
    }

    /// Reads the payload of a verified envelope; none where it has another shape.
    pub fn of(payload: &[u8]) -> Option<Self> {
        let answer: Self = serde_json::from_slice(payload).ok()?;
        let life = answer.at.plus_seconds(CHECKED_LIFE_S);
        let whole = answer.v == 1 && answer.valid_until > answer.at && answer.valid_until <= life;
        whole.then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::event::holder_hash;

    fn told() -> CheckedAnswer {
        let at: Moment = "2026-11-22T01:00:00.000000Z".parse().unwrap();
        CheckedAnswer {
            agency: Some("11190101MB1E00001A".into()),
            answer: SourceWord::Yes,
            at,
            case: None,
            evidence: vec![
                CheckedEvidence::Record(CheckedRecord {
                    digest: Some(Digest([1; 32])),
                    place: "records/7".into(),
                    reasons: vec!["court_divorces_not_covered".into()],
                    verdict: Verdict::Valid,
                    version: 1,
                }),
                CheckedEvidence::Told(CheckedTold { told: Salt([2; 16]) }),
            ],
            holder: holder_hash(&Salt([7; 16]), "111", "190101198803120021"),
            item: "A1".into(),
            item_version: 1,
            other: Some(holder_hash(&Salt([7; 16]), "111", "190101198607250013")),
            outcome: "met".into(),
            predicate: json!({"人员关系": {"关系": "配偶", "对方": "配偶"}}),
            salt: Salt([7; 16]),
            slot: "1".into(),
            text: None,
            v: 1,
            valid_until: at.plus_seconds(CHECKED_LIFE_S),
        }
    }

    #[test]
    fn an_answer_to_a_predicate_reads_back_and_no_other_shape_does() {
        let bytes = told().to_canonical().unwrap();
        assert_eq!(CheckedAnswer::of(&bytes), Some(told()));
        let text = String::from_utf8(bytes).unwrap();
        for wrong in [
            text.replace("\"v\":1", "\"v\":2"),
            text.replace("\"salt\":", "\"salts\":"),
            text.replace("\"yes\"", "\"perhaps\""),
            text.replace("02:00:00", "02:00:01"),
            text.replace("02:00:00", "01:00:00"),
            text.replace("{\"agency\"", "{\"a\":1,\"agency\""),
            text.replace("\"place\":", "\"where\":"),
        ] {
            assert_ne!(wrong, text);
            assert_eq!(CheckedAnswer::of(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
