//! Kept answers: what a department signed, under whom it is about. Within its life it answers the same agency for the same
//! item again; one that is for its case alone answers that case only (practice R11).

use super::exchange::OutgoingQuestion;
use super::judge::{Received, key_of};
use crate::clock::Moment;
use crate::error::Result;
use crate::record::Salt;
use crate::record::question::{SourceAnswer, SourceWord};
use crate::registry::Registry;
use crate::store::SourceAnswerRow;
use crate::trust::{Envelope, HolderKey};

/// An answer that counts: what it says, and the nonce by which it is found.
#[derive(Debug, Clone, Copy)]
pub(in crate::registry) struct KeptWord {
    /// What it says.
    pub word: SourceWord,
    /// The nonce of its question.
    pub nonce: Salt,
    /// Until when it counts.
    pub until: Moment,
}

impl Registry {
    /// The kept answers to questions about holders, in their order; none where nothing counts any more, or its key was
    /// lost before it was signed.
    pub(in crate::registry) async fn kept_words(
        &self,
        asked: Vec<(HolderKey, OutgoingQuestion)>,
    ) -> Result<Vec<Option<KeptWord>>> {
        let registry = self.clone();
        let now = self.now();
        self.store()
            .blocking(move || {
                let rows: Vec<Option<SourceAnswerRow>> = registry.store().read_now(|reader| {
                    let one = |(hk, out): &(HolderKey, OutgoingQuestion)| {
                        reader.source_answer(hk, &registry.ask_key(out), now)
                    };
                    asked.iter().map(one).collect()
                })?;
                let words = asked.iter().zip(rows).map(|((_, out), row)| registry.counting(out, &row?));
                Ok(words.collect())
            })
            .await
    }

    fn counting(&self, out: &OutgoingQuestion, row: &SourceAnswerRow) -> Option<KeptWord> {
        let envelope = Envelope::parse_stored(&row.answer).ok()?;
        // A key that turns out to have been lost takes with it what it signed since.
        key_of(&self.snapshot(), &out.source, &envelope.kid().ok()?, row.at)?;
        let answer = SourceAnswer::of(envelope.payload()).ok()?;
        Some(KeptWord { word: answer.answer?, nonce: Salt(row.nonce), until: row.valid_until })
    }

    /// Keeps answers as they came, in one transaction, sealed under their holders.
    pub(in crate::registry) async fn keep_answers(
        &self,
        received: Vec<(HolderKey, OutgoingQuestion, Received)>,
        now: Moment,
    ) -> Result<()> {
        let registry = self.clone();
        self.store()
            .blocking(move || {
                let rows: Vec<SourceAnswerRow> = received
                    .iter()
                    .map(|(hk, out, received)| SourceAnswerRow {
                        hk: *hk,
                        nonce: out.question.nonce.0,
                        ask: registry.ask_key(out),
                        at: received.at,
                        valid_until: received.answer.valid_until,
                        question: received.question.stored().to_vec(),
                        answer: received.envelope.stored().to_vec(),
                    })
                    .collect();
                registry.store().ensure_seals(now)?;
                registry
                    .store()
                    .write_now(|writer| rows.iter().try_for_each(|row| writer.put_source_answer(row)))
            })
            .await
    }

    /// Who asks whom what for. A question for its case alone is the same within that case only; without a case it is
    /// never the same again.
    pub(in crate::registry) fn ask_key(&self, out: &OutgoingQuestion) -> [u8; 16] {
        let question = &out.question;
        let text = question.question.as_deref().unwrap_or_default();
        let own = question.nonce.text();
        let case = match out.source.case_only.iter().any(|one| one == text) {
            true => question.case.as_deref().unwrap_or(&own),
            false => "",
        };
        let asker = question.agency.as_deref().unwrap_or_default();
        let item = question.item.as_deref().unwrap_or_default();
        self.store().vault().index().question_key([asker, item, &question.to, text, case])
    }
}
