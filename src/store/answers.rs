//! Answers of departments' systems, as they came: the signed question and the signed answer, sealed under their holder.
//! A row is never changed and never deleted: a case shows later what it rested on.

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::row_body::{framed, take};
use super::schema::answers;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, holder_key_of};
use crate::clock::Moment;
use crate::error::Result;
use crate::trust::{Aad, HolderKey};

/// An answer of a department's system. No `Debug`: its envelopes hold the number (I3).
#[derive(Clone, PartialEq, Eq)]
pub struct SourceAnswerRow {
    /// Of whom it is.
    pub hk: HolderKey,
    /// The nonce of the question.
    pub nonce: [u8; 16],
    /// Keyed hash of who asked whom what for ([`crate::trust::IndexKey::question_key`]).
    pub ask: [u8; 16],
    /// When it came.
    pub at: Moment,
    /// Until when it counts.
    pub valid_until: Moment,
    /// The stored envelope of the question.
    pub question: Vec<u8>,
    /// The stored envelope of the answer.
    pub answer: Vec<u8>,
}

const TABLE: &str = "answers";

#[derive(Queryable, Insertable)]
#[diesel(table_name = answers)]
struct Row {
    hk: Vec<u8>,
    nonce: Vec<u8>,
    ask: Vec<u8>,
    at: i64,
    valid_until: i64,
    key_id: i32,
    sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.hk).raw(&self.nonce).raw(&self.ask).integer(self.at).integer(self.valid_until);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

impl Row {
    /// The answer; none if the seal is broken.
    fn opened(mut self, reader: &Reader<'_>) -> Option<SourceAnswerRow> {
        let (_, plain) = sealed::open(TABLE, &mut self, reader.vault, &mut Aad::new())?;
        let mut rest = plain.as_slice();
        let (question, answer) = (take(&mut rest)?.to_vec(), take(&mut rest)?.to_vec());
        Some(SourceAnswerRow {
            hk: holder_key_of(&self.hk)?,
            nonce: self.nonce.as_slice().try_into().ok()?,
            ask: self.ask.as_slice().try_into().ok()?,
            at: Moment::from_micros(self.at),
            valid_until: Moment::from_micros(self.valid_until),
            question,
            answer,
        })
    }
}

/// The place of an answer in the walk over all of them: its holder and its nonce.
pub type AnswerPlace = (Vec<u8>, Vec<u8>);

impl Reader<'_> {
    /// The newest answer to a question about a holder that still counts. One whose seal is broken is none: it is asked
    /// again, and `fsck` names it.
    pub fn source_answer(
        &mut self,
        hk: &HolderKey,
        ask: &[u8; 16],
        now: Moment,
    ) -> Result<Option<SourceAnswerRow>> {
        let of_holder = answers::hk.eq(hk.bytes().as_slice()).and(answers::ask.eq(ask.as_slice()));
        let counting = answers::table
            .filter(of_holder.and(answers::valid_until.gt(now.micros())))
            .order(answers::at.desc())
            .limit(1);
        let row: Option<Row> =
            native!(&mut *self.conn, c => counting.first(c).optional()).map_err(dialect::fault)?;
        Ok(row.and_then(|row| row.opened(self)))
    }

    /// All answers from behind a place, at most `most`: the place of each, and the answer unless its seal is broken.
    pub fn walk_source_answers(
        &mut self,
        after: Option<&AnswerPlace>,
        most: i64,
    ) -> Result<Vec<(AnswerPlace, Option<SourceAnswerRow>)>> {
        let rows: Vec<Row> = native!(&mut *self.conn, c => {
            let mut walk = answers::table.into_boxed();
            if let Some((hk, nonce)) = after {
                let same = answers::hk.eq(hk.clone()).and(answers::nonce.gt(nonce.clone()));
                walk = walk.filter(answers::hk.gt(hk.clone()).or(same));
            }
            walk.order((answers::hk, answers::nonce)).limit(most).load(c)
        })
        .map_err(dialect::fault)?;
        let place = |row: &Row| (row.hk.clone(), row.nonce.clone());
        Ok(rows.into_iter().map(|row| (place(&row), row.opened(self))).collect())
    }
}

impl Writer<'_> {
    /// Keeps an answer.
    pub fn put_source_answer(&mut self, answer: &SourceAnswerRow) -> Result<()> {
        let mut plain = Vec::with_capacity(answer.question.len() + answer.answer.len() + 8);
        framed(&mut plain, &answer.question);
        framed(&mut plain, &answer.answer);
        let mut row = Row {
            hk: answer.hk.bytes().to_vec(),
            nonce: answer.nonce.to_vec(),
            ask: answer.ask.to_vec(),
            at: answer.at.micros(),
            valid_until: answer.valid_until.micros(),
            key_id: 0,
            sealed: Vec::new(),
        };
        sealed::seal(TABLE, &mut row, &self.vault.current(Purpose::Registry)?, &plain)?;
        native!(&mut *self.conn, c => diesel::insert_into(answers::table).values(&row).execute(c))
            .map(drop)
            .map_err(dialect::fault)
    }
}
