//! The breaker of each source: a system that failed again and again is left alone for a while, so that no application
//! waits for it, and it comes up again in peace. In memory, by each process for itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, Semaphore};

use crate::catalog::SourceSystem;
use crate::clock::Moment;

/// Failures in a row after which a source is left alone.
const FAILURES: u32 = 3;
/// For so long, in seconds; then one question tries it.
const PAUSE_S: i64 = 30;
/// Questions that one source has on their way at most: a slow one holds no more threads.
const AT_ONCE: usize = 8;

/// A source by what is asked: another address begins anew.
pub(super) type SourceKey = (String, String, String);

/// What a note changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// Nothing.
    Same,
    /// It is left alone from now on.
    Opened,
    /// It is asked as before.
    Closed,
}

/// Whether a question may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// It may.
    Open,
    /// The source is left alone.
    Paused,
    /// Another question tries the source just now: who has time waits for how that goes.
    Tried,
}

struct Line {
    failures: u32,
    /// Until when nobody asks; still there while one question tries it.
    until: Option<Moment>,
    /// Since when one question tries it.
    trying: Option<Moment>,
    /// Told when that question is over.
    tried: Arc<Notify>,
    permits: Arc<Semaphore>,
}

impl Default for Line {
    fn default() -> Self {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        Self { failures: 0, until: None, trying: None, tried: Arc::default(), permits }
    }
}

/// The breakers of all sources.
#[derive(Default)]
pub(super) struct Breakers {
    lines: Mutex<HashMap<SourceKey, Line>>,
}

/// The key of a source.
pub(super) fn key(source: &SourceSystem) -> SourceKey {
    (source.department.clone(), source.agency.clone(), source.url.clone())
}

impl Breakers {
    /// The places of a source, each for one question on its way.
    pub fn permits(&self, key: &SourceKey) -> Arc<Semaphore> {
        Arc::clone(&self.held().entry(key.clone()).or_default().permits)
    }

    /// Whether the source is left alone now; it changes nothing.
    pub fn is_paused(&self, key: &SourceKey, now: Moment) -> bool {
        self.held().get(key).is_some_and(|line| line.waits(now))
    }

    /// Lets a question through, or not. Who is let through says by [`Breakers::note`] how it went.
    pub fn admits(&self, key: &SourceKey, now: Moment) -> Passage {
        let mut lines = self.held();
        let line = lines.entry(key.clone()).or_default();
        if line.waits(now) {
            return Passage::Paused;
        }
        if line.is_tried(now) {
            return Passage::Tried;
        }
        line.trying = line.until.is_some().then_some(now);
        Passage::Open
    }

    /// Waits while a question tries the source, until that time at most.
    pub async fn tried(&self, key: &SourceKey, now: Moment, until: Instant) {
        let tried = self.held().get(key).map(|line| Arc::clone(&line.tried));
        let Some(tried) = tried else { return };
        let mut over = std::pin::pin!(tried.notified());
        // Before it is looked whether one tries, so that no end is missed.
        over.as_mut().enable();
        if self.held().get(key).is_some_and(|line| line.is_tried(now)) {
            let _late = tokio::time::timeout_at(until.into(), over).await;
        }
    }

    /// How a question went that was let through.
    pub fn note(&self, key: &SourceKey, answered: bool, now: Moment) -> Turned {
        let mut lines = self.held();
        let line = lines.entry(key.clone()).or_default();
        if line.trying.take().is_some() {
            line.tried.notify_waiters();
        }
        let was_open = line.until.is_some();
        if answered {
            (line.failures, line.until) = (0, None);
            return if was_open { Turned::Closed } else { Turned::Same };
        }
        line.failures = line.failures.saturating_add(1);
        if !was_open && line.failures < FAILURES {
            return Turned::Same;
        }
        line.until = Some(now.plus_seconds(PAUSE_S));
        if was_open { Turned::Same } else { Turned::Opened }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<SourceKey, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// A clock that steps back lengthens no pause.
    fn waits(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| now < until && until <= now.plus_seconds(PAUSE_S))
    }

    /// A question that never came back tries nothing any more.
    fn is_tried(&self, now: Moment) -> bool {
        self.trying.is_some_and(|since| since <= now && now < since.plus_seconds(PAUSE_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Moment {
        Moment::from_micros(second * 1_000_000)
    }

    #[test]
    fn a_source_that_fails_thrice_is_left_alone_and_one_question_tries_it() {
        let (breakers, key) = (Breakers::default(), SourceKey::default());
        for _ in 0..2 {
            assert_eq!(breakers.admits(&key, at(0)), Passage::Open);
            assert_eq!(breakers.note(&key, false, at(0)), Turned::Same);
        }
        assert_eq!(breakers.admits(&key, at(1)), Passage::Open);
        assert_eq!(breakers.note(&key, false, at(1)), Turned::Opened);
        assert!(breakers.is_paused(&key, at(30)));
        assert_eq!(breakers.admits(&key, at(30)), Passage::Paused);
        // One tries it, and the others wait for how that goes.
        assert!(!breakers.is_paused(&key, at(31)));
        assert_eq!(breakers.admits(&key, at(31)), Passage::Open);
        assert_eq!(breakers.admits(&key, at(31)), Passage::Tried);
        assert_eq!(breakers.note(&key, false, at(32)), Turned::Same);
        assert_eq!(breakers.admits(&key, at(61)), Passage::Paused, "the pause begins anew");
        assert_eq!(breakers.admits(&key, at(62)), Passage::Open);
        assert_eq!(breakers.note(&key, true, at(62)), Turned::Closed);
        for _ in 0..2 {
            assert_eq!(breakers.admits(&key, at(62)), Passage::Open);
        }
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew_and_sources_are_apart() {
        let (breakers, key) = (Breakers::default(), SourceKey::default());
        let other = ("x".to_owned(), String::new(), String::new());
        for answered in [false, false, true, false, false] {
            assert_eq!(breakers.note(&key, answered, at(0)), Turned::Same);
        }
        assert_eq!(breakers.note(&key, false, at(0)), Turned::Opened);
        assert_eq!(breakers.admits(&other, at(0)), Passage::Open);
    }

    #[test]
    fn a_clock_that_steps_back_lengthens_no_pause() {
        let (breakers, key) = (Breakers::default(), SourceKey::default());
        for _ in 0..3 {
            breakers.note(&key, false, at(1_000));
        }
        assert!(!breakers.is_paused(&key, at(10)));
    }

    fn opened() -> (Breakers, SourceKey) {
        let (breakers, key) = (Breakers::default(), SourceKey::default());
        for _ in 0..3 {
            breakers.note(&key, false, at(0));
        }
        assert_eq!(breakers.admits(&key, at(30)), Passage::Open);
        (breakers, key)
    }

    #[test]
    fn a_question_that_never_came_back_does_not_keep_the_source_paused() {
        let (breakers, key) = opened();
        assert_eq!(breakers.admits(&key, at(59)), Passage::Tried);
        assert_eq!(breakers.admits(&key, at(60)), Passage::Open);
    }

    #[tokio::test]
    async fn who_stands_beside_waits_for_how_it_goes_and_no_longer_than_it_has_time() {
        use std::time::Duration;
        let (breakers, key) = opened();
        let breakers = Arc::new(breakers);
        let began = Instant::now();
        breakers.tried(&key, at(30), began + Duration::from_millis(50)).await;
        assert!(began.elapsed() >= Duration::from_millis(50));
        assert_eq!(breakers.admits(&key, at(30)), Passage::Tried);
        let (other, own) = (Arc::clone(&breakers), key.clone());
        let waits = tokio::spawn(async move {
            other.tried(&own, at(30), Instant::now() + Duration::from_secs(20)).await;
            other.admits(&own, at(30))
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        breakers.note(&key, true, at(30));
        assert_eq!(waits.await.unwrap(), Passage::Open);
        // Where nobody tries it nobody waits.
        breakers.tried(&key, at(30), Instant::now() + Duration::from_secs(20)).await;
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
