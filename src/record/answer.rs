//! The answer list: the content of an answer, as the access entry's `answer` digest covers it
//! (schema/bytes.md §5).
//!
//! Written straight into a scratch buffer that the caller keeps, since every lookup makes one. "Nothing on
//! file" is the empty list under the same signature.

use super::canonical::{Members, write_base64url, write_integer, write_text};
use super::digest::Digest;
use super::state::State;
use super::verdict::{Judgement, Reasons};
use crate::clock::{Day, Moment};

/// One record of an answer.
#[derive(Clone, Copy)]
pub struct AnsweredRecord<'a> {
    /// The identifier; empty for a directory entry without one.
    pub identifier: &'a str,
    /// The version.
    pub version: u32,
    /// Digest of the envelope, or of the extract that went out instead.
    pub digest: Digest,
    /// Verdict and reasons.
    pub judgement: Judgement,
}

/// The head of a log as read before the scan: the answer is as of it.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The log's name.
    pub log: &'a str,
    /// The tree's root.
    pub root: Digest,
    /// The tree's size.
    pub size: u64,
}

/// What a record was on the day that a history was asked about.
#[derive(Clone, Copy)]
pub struct AnsweredStanding<'a> {
    /// Whether there is a verdict of that day, or why there is none.
    pub answer: &'a str,
    /// The legal day.
    pub as_of: Day,
    /// The moment.
    pub known_at: Moment,
    /// State, version and judgement of that day, where there are any.
    pub was: Option<(State, u32, Judgement)>,
}

/// The content of an answer.
#[derive(Clone, Copy, Default)]
pub struct Answer<'a> {
    /// The types that were asked for and not found, each with its kind of absence, in the coverage's words.
    pub absent: &'a [(&'a str, &'a str)],
    /// The heads.
    pub heads: &'a [Head<'a>],
    /// The records, in the order of the answer.
    pub records: &'a [AnsweredRecord<'a>],
    /// In a history only.
    pub standing: Option<AnsweredStanding<'a>>,
}

impl Answer<'_> {
    /// SHA-256 of the canonical form; `scratch` is overwritten.
    pub fn digest(&self, scratch: &mut Vec<u8>) -> Digest {
        scratch.clear();
        self.write(scratch);
        Digest::of(&[scratch])
    }

    /// Appends the canonical form.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut object = Members::open(out);
        list(self.absent, object.name("absent"), |(type_code, absence), out| {
            out.push(b'[');
            write_text(type_code, out);
            out.push(b',');
            write_text(absence, out);
            out.push(b']');
        });
        list(self.heads, object.name("heads"), |head, out| {
            let mut one = Members::open(out);
            one.text("log", head.log);
            one.base64url("root", &head.root.0);
            one.integer("size", head.size);
            one.close();
        });
        list(self.records, object.name("records"), |record, out| {
            out.push(b'[');
            write_text(record.identifier, out);
            out.push(b',');
            write_integer(record.version.into(), out);
            out.push(b',');
            write_base64url(&record.digest.0, out);
            out.push(b',');
            write_text(record.judgement.verdict.wire(), out);
            out.push(b',');
            write_reasons(record.judgement.reasons, out);
            out.push(b']');
        });
        if let Some(standing) = &self.standing {
            standing.write(object.name("standing"));
        }
        object.close();
    }
}

impl AnsweredStanding<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        write_text(self.answer, out);
        out.push(b',');
        write_text(&self.as_of.to_string(), out);
        out.push(b',');
        write_text(&self.known_at.to_string(), out);
        if let Some((state, version, judgement)) = self.was {
            out.push(b',');
            write_text(state.wire(), out);
            out.push(b',');
            write_integer(version.into(), out);
            out.push(b',');
            write_text(judgement.verdict.wire(), out);
            out.push(b',');
            write_reasons(judgement.reasons, out);
        }
        out.push(b']');
    }
}

fn write_reasons(reasons: Reasons, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, reason) in reasons.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(reason.wire(), out);
    }
    out.push(b']');
}

fn list<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::record::canonical;
    use crate::record::verdict::{Reason, Verdict};

    #[test]
    fn i13_nothing_on_file_is_the_empty_list() {
        let mut scratch = b"left over".to_vec();
        let digest = Answer::default().digest(&mut scratch);
        assert_eq!(scratch, br#"{"absent":[],"heads":[],"records":[]}"#);
        assert_eq!(digest, Digest::of(&[&scratch]));
    }

    proptest! {
        #[test]
        fn i6_the_list_is_written_in_its_canonical_form(
            texts in proptest::collection::vec(any::<String>(), 0..4),
            size in 0..=canonical::MAX_INTEGER, version: u32, stood: Option<bool>,
            reasons in proptest::sample::subsequence(Reason::ALL.to_vec(), 0..4),
        ) {
            let judgement = Judgement { verdict: Verdict::Undetermined, reasons: reasons.iter().copied().collect() };
            let absent: Vec<_> = texts.iter().map(|text| (text.as_str(), "not_covered")).collect();
            let heads: Vec<_> =
                texts.iter().map(|text| Head { log: text, root: Digest([7; 32]), size }).collect();
            let records: Vec<_> = texts
                .iter()
                .map(|text| AnsweredRecord { identifier: text, version, digest: Digest([8; 32]), judgement })
                .collect();
            let mut scratch = Vec::new();
            let (as_of, known_at) = (Day::new(2026, 11, 22).unwrap(), Moment::from_micros(1_700_000_000_000_001));
            let was = (State::Suspended, version, judgement);
            let standing = stood.map(|stood| AnsweredStanding {
                answer: "judged", as_of, known_at, was: stood.then_some(was),
            });
            Answer { absent: &absent, heads: &heads, records: &records, standing }.digest(&mut scratch);
            let wires: Vec<_> = reasons.iter().map(|reason| reason.wire()).collect();
            let mut value = json!({
                "absent": texts.iter().map(|text| json!([text, "not_covered"])).collect::<Vec<_>>(),
                "heads": texts.iter()
                    .map(|text| json!({"log": text, "root": Digest([7; 32]), "size": size}))
                    .collect::<Vec<_>>(),
                "records": texts.iter()
                    .map(|text| json!([text, version, Digest([8; 32]), "undetermined", wires]))
                    .collect::<Vec<_>>(),
            });
            match stood {
                Some(true) => {
                    let state = State::Suspended.wire();
                    let line = json!(["judged", as_of, known_at, state, version, "undetermined", wires]);
                    value["standing"] = line;
                }
                Some(false) => value["standing"] = json!(["judged", as_of, known_at]),
                None => {}
            }
            prop_assert_eq!(scratch, canonical::to_vec(&value).unwrap());
        }
    }
}
