//! The breaker of each source: a system that failed again and again is left alone for a while, so that no application
//! waits for it, and it comes up again in peace. In memory, by each process for itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

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

struct Line {
    failures: u32,
    /// Until when nobody asks; still there while one question tries it.
    until: Option<Moment>,
    trying: bool,
    permits: Arc<Semaphore>,
}

impl Default for Line {
    fn default() -> Self {
        Self { failures: 0, until: None, trying: false, permits: Arc::new(Semaphore::new(AT_ONCE)) }
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

    /// Whether a question would be let through now; it changes nothing.
    pub fn is_paused(&self, key: &SourceKey, now: Moment) -> bool {
        self.held().get(key).is_some_and(|line| line.waits(now) || line.trying)
    }

    /// Lets a question through, or not. Who is let through says by [`Breakers::note`] how it went.
    pub fn admits(&self, key: &SourceKey, now: Moment) -> bool {
        let mut lines = self.held();
        let line = lines.entry(key.clone()).or_default();
        if line.waits(now) || line.trying {
            return false;
        }
        line.trying = line.until.is_some();
        true
    }

    /// How a question went that was let through.
    pub fn note(&self, key: &SourceKey, answered: bool, now: Moment) -> Turned {
        let mut lines = self.held();
        let line = lines.entry(key.clone()).or_default();
        line.trying = false;
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
            assert!(breakers.admits(&key, at(0)));
            assert_eq!(breakers.note(&key, false, at(0)), Turned::Same);
        }
        assert!(breakers.admits(&key, at(1)));
        assert_eq!(breakers.note(&key, false, at(1)), Turned::Opened);
        assert!(breakers.is_paused(&key, at(30)) && !breakers.admits(&key, at(30)));
        // One tries it, and the others wait for how that goes.
        assert!(!breakers.is_paused(&key, at(31)) && breakers.admits(&key, at(31)));
        assert!(breakers.is_paused(&key, at(31)) && !breakers.admits(&key, at(31)));
        assert_eq!(breakers.note(&key, false, at(32)), Turned::Same);
        assert!(!breakers.admits(&key, at(61)), "the pause begins anew");
        assert!(breakers.admits(&key, at(62)));
        assert_eq!(breakers.note(&key, true, at(62)), Turned::Closed);
        assert!(breakers.admits(&key, at(62)) && breakers.admits(&key, at(62)));
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew_and_sources_are_apart() {
        let (breakers, key) = (Breakers::default(), SourceKey::default());
        let other = ("x".to_owned(), String::new(), String::new());
        for answered in [false, false, true, false, false] {
            assert_eq!(breakers.note(&key, answered, at(0)), Turned::Same);
        }
        assert_eq!(breakers.note(&key, false, at(0)), Turned::Opened);
        assert!(breakers.admits(&other, at(0)));
    }

    #[test]
    fn a_clock_that_steps_back_lengthens_no_pause() {
        let (breakers, key) = (Breakers::default(), SourceKey::default());
        for _ in 0..3 {
            breakers.note(&key, false, at(1_000));
        }
        assert!(!breakers.is_paused(&key, at(10)));
    }
}
