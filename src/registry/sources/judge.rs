//! Whether what came is the answer: signed by a key of the agency that is in force, of the right kind, to this question,
//! about this holder, of now. What is not is no answer.

use crate::catalog::SourceSystem;
use crate::clock::Moment;
use crate::record::question::{ANSWER_BYTES, AnswerFault, SourceAnswer, SourceQuestion};
use crate::registry::base::snapshot::Snapshot;
use crate::trust::envelope::{EnvelopeFault, Limits};
use crate::trust::keyring::{KeyPurpose, KeyStatus};
use crate::trust::{EnvelopeBuf, Kid, Typ, VerifyKey};

/// An answer that is one.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Received {
    /// The question as it was signed.
    pub question: EnvelopeBuf,
    /// What was answered.
    pub answer: SourceAnswer,
    /// The same as it was signed.
    pub envelope: EnvelopeBuf,
    /// When it came.
    pub at: Moment,
}

/// The answer in a text, to the question that was put, at the moment at which it came.
pub(super) fn judged(
    snapshot: &Snapshot,
    source: &SourceSystem,
    (question, signed): (&SourceQuestion, &EnvelopeBuf),
    text: &str,
    now: Moment,
) -> Result<Received, AnswerFault> {
    if text.len() > ANSWER_BYTES {
        return Err(AnswerFault::Size);
    }
    let limits = Limits { payload: ANSWER_BYTES };
    let envelope = EnvelopeBuf::parse_compact(text, limits).map_err(|_fault| AnswerFault::Shape)?;
    let verified = envelope.view().verify(Typ::Answer, |kid| key_of(snapshot, source, kid, now));
    let verified = verified.map_err(|fault| match fault {
        EnvelopeFault::Kind { .. } => AnswerFault::Kind,
        EnvelopeFault::KeyUnknown => AnswerFault::Key,
        EnvelopeFault::Signature => AnswerFault::Signature,
        _ => AnswerFault::Shape,
    })?;
    let answer = SourceAnswer::of(verified.payload)?;
    answer.check(question, now)?;
    Ok(Received { question: signed.clone(), answer, envelope, at: now })
}

/// A key of the source's agency, or of that which took over from it, that is in force.
pub(super) fn key_of(snapshot: &Snapshot, source: &SourceSystem, kid: &Kid, at: Moment) -> Option<VerifyKey> {
    let key = snapshot.keys.find(kid)?;
    let agencies = snapshot.catalog.issuers().agencies();
    let own = key.owner == source.agency
        || agencies.successor(&source.agency, at.day()).is_some_and(|now| now.code == key.owner);
    let good = own && key.purpose == KeyPurpose::Issue && key.status(at) == KeyStatus::Authorised;
    good.then_some(key.public)
}
