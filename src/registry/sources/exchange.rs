//! Putting questions to sources: all of an application at the same time, each with its own time, the whole within one.
//!
//! The caller has made sure that an access of the party is durable before: a question tells a department that somebody
//! asks about that person (I2). A repetition of one question has its nonce, so a department that heard both answers one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::{AcquireError, OwnedSemaphorePermit};
use tokio::task::JoinSet;

use super::breaker::{Passage, Turned, key};
use super::judge::{Received, judged};
use super::wire;
use crate::catalog::SourceSystem;
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::journal;
use crate::record::question::{AnswerFault, SourceQuestion};
use crate::registry::Registry;
use crate::trust::{EnvelopeBuf, SigningKey, Typ, random};

/// A second try needs so much time at least.
const AGAIN: Duration = Duration::from_millis(50);

/// The places of one question on its way: at its source, and of all.
type Places = (Result<OwnedSemaphorePermit, AcquireError>, Result<OwnedSemaphorePermit, AcquireError>);

/// A question on its way.
#[derive(Clone)]
pub(in crate::registry) struct OutgoingQuestion {
    /// To whom.
    pub source: Arc<SourceSystem>,
    /// The question.
    pub question: SourceQuestion,
}

impl Registry {
    /// Whether a source is left alone just now: then no question leaves.
    pub(in crate::registry) fn is_source_paused(&self, source: &SourceSystem) -> bool {
        self.inner.desk.breakers.is_paused(&key(source), self.now())
    }

    /// Until when the questions of an application that begins to ask now may take.
    pub(in crate::registry) fn asked_until(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.inner.desk.within_ms.load(Ordering::Relaxed))
    }

    /// Waits while another question tries a source that was left alone, until that time at most.
    pub(in crate::registry) async fn await_tried(&self, source: &SourceSystem, until: Instant) {
        self.inner.desk.breakers.tried(&key(source), self.now(), until).await;
    }

    /// How long all questions of an application may take together; two seconds where nothing is said.
    pub fn ask_within(&self, within: Duration) {
        let ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        self.inner.desk.within_ms.store(ms, Ordering::Relaxed);
    }

    /// Puts all questions at the same time; an answer or its fault for each, in their order. What has not come when the
    /// time is over is late.
    pub(in crate::registry) async fn ask_sources(
        &self,
        outgoing: Vec<OutgoingQuestion>,
        until: Instant,
    ) -> Result<Vec<Result<Received, AnswerFault>>> {
        let registry = self.clone();
        let signed = self.store().blocking(move || registry.signed_questions(outgoing)).await?;
        let mut answers: Vec<Result<Received, AnswerFault>> =
            signed.iter().map(|_| Err(AnswerFault::Late)).collect();
        let mut running = JoinSet::new();
        for (at, (one, envelope)) in signed.into_iter().enumerate() {
            let registry = self.clone();
            running.spawn(async move { (at, registry.ask_one(one, envelope, until).await) });
        }
        let all = async {
            while let Some(done) = running.join_next().await {
                if let Ok((at, answer)) = done
                    && let Some(place) = answers.get_mut(at)
                {
                    *place = answer;
                }
            }
        };
        // Tasks that are left end by their own time, and tell their breaker.
        let _late = tokio::time::timeout_at(until.into(), all).await;
        Ok(answers)
    }

    fn signed_questions(
        &self,
        outgoing: Vec<OutgoingQuestion>,
    ) -> Result<Vec<(OutgoingQuestion, EnvelopeBuf)>> {
        let key = self.registry_key()?;
        let one = |one: OutgoingQuestion| {
            let envelope = signed(&one.question, &key)?;
            Ok((one, envelope))
        };
        outgoing.into_iter().map(one).collect()
    }

    async fn ask_one(
        &self,
        one: OutgoingQuestion,
        signed: EnvelopeBuf,
        until: Instant,
    ) -> Result<Received, AnswerFault> {
        let permits = self.admitted(&one.source, until).await?;
        let registry = self.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // A thread that outlives its application keeps its place until it ends.
            let _permits = permits;
            registry.ask_now(&one, &signed, until)
        });
        asked.await.unwrap_or(Err(AnswerFault::Unreachable))
    }

    /// A place for a question that its breaker lets through. While another one tries a source that was left alone, this
    /// one waits for how that goes.
    async fn admitted(&self, source: &SourceSystem, until: Instant) -> Result<Places, AnswerFault> {
        let desk = &self.inner.desk;
        let breaker = key(source);
        loop {
            let both = async {
                let own = desk.breakers.permits(&breaker).acquire_owned().await;
                (own, Arc::clone(&desk.permits).acquire_owned().await)
            };
            let Ok(permits) = tokio::time::timeout_at(until.into(), both).await else {
                journal::source_silent(&source.agency, AnswerFault::Busy.wire());
                return Err(AnswerFault::Busy);
            };
            match desk.breakers.admits(&breaker, self.now()) {
                Passage::Open => return Ok(permits),
                Passage::Tried if Instant::now() < until => {}
                Passage::Paused | Passage::Tried => return Err(AnswerFault::Paused),
            }
            // Who waits takes no place from those who are asked.
            drop(permits);
            self.await_tried(source, until).await;
        }
    }

    /// Puts one question that its breaker let through; blocks.
    fn ask_now(
        &self,
        one: &OutgoingQuestion,
        signed: &EnvelopeBuf,
        until: Instant,
    ) -> Result<Received, AnswerFault> {
        let (breakers, breaker) = (&self.inner.desk.breakers, key(&one.source));
        let ends = until.min(Instant::now() + Duration::from_millis(one.source.timeout_ms.into()));
        let text = posted(&one.source, &signed.compact(), ends);
        let now = self.now();
        let answer =
            text.and_then(|text| judged(&self.snapshot(), &one.source, (&one.question, signed), &text, now));
        if let Err(fault) = &answer {
            journal::source_silent(&one.source.agency, fault.wire());
        }
        match breakers.note(&breaker, answer.is_ok(), now) {
            Turned::Opened => journal::source_paused(&one.source.agency),
            Turned::Closed => journal::source_back(&one.source.agency),
            Turned::Same => {}
        }
        answer
    }

    /// Asks a source whether somebody is there: by whom it is signed, and what its clock says. Blocks.
    ///
    /// # Errors
    /// As [`Registry::end_source`].
    pub fn check_source(&self, department: &str, agency: &str) -> Result<Result<Moment, AnswerFault>> {
        let source = Arc::new(self.standing_source(department, agency)?);
        let now = self.now();
        let question = SourceQuestion {
            agency: None,
            at: now,
            case: None,
            holder: None,
            item: None,
            item_version: None,
            nonce: random::salt()?,
            question: None,
            to: source.agency.clone(),
            v: 1,
        };
        let signed = signed(&question, &self.registry_key()?)?;
        let until = Instant::now() + Duration::from_secs(10);
        if self.inner.desk.breakers.admits(&key(&source), now) != Passage::Open {
            return Ok(Err(AnswerFault::Paused));
        }
        let answer = self.ask_now(&OutgoingQuestion { source, question }, &signed, until);
        Ok(answer.map(|received| received.answer.at))
    }
}

fn signed(question: &SourceQuestion, key: &SigningKey) -> Result<EnvelopeBuf> {
    let payload = question.to_canonical().map_err(Error::internal)?;
    Ok(EnvelopeBuf::sign(Typ::Question, &payload, key)?)
}

/// The text of an answer; a system that breaks off is tried once more while there is time.
fn posted(source: &SourceSystem, question: &str, ends: Instant) -> Result<String, AnswerFault> {
    let left = || ends.saturating_duration_since(Instant::now());
    if left().is_zero() {
        return Err(AnswerFault::Late);
    }
    match wire::post(source, question, left()) {
        Err(AnswerFault::Unreachable | AnswerFault::Status) if left() > AGAIN => {
            wire::post(source, question, left())
        }
        other => other,
    }
}
