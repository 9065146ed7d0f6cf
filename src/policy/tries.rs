//! How often somebody may try: refusals a minute, and comparisons of one record's faces a legal day. Whoever is refused
//! often is guessing, or is set up wrongly; both should stop.
//!
//! Counted in memory, by each process for itself; a restart begins anew. Operators are not counted: their accesses are
//! logged like any other.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::actor::Actor;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Refusals within a minute after which one waits for its end.
pub const REFUSALS: u32 = 60;
/// Comparisons of one record's faces on one legal day.
pub const COMPARISONS: u32 = 10;

const MINUTE_S: i64 = 60;

/// What was tried lately.
#[derive(Default)]
pub struct Tries {
    /// The minute that began at this moment, and the refusals in it, by actor.
    refusals: Mutex<HashMap<String, (Moment, u32)>>,
    /// The day, and the comparisons on it by actor and record.
    comparisons: Mutex<Option<(Day, HashMap<Compared, u32>)>>,
}

/// Who compared faces of which record.
type Compared = (String, [u8; 16]);

impl Tries {
    /// Whether the actor may ask at all.
    ///
    /// # Errors
    /// `too_many_tries` with rule `refusals_a_minute` and the seconds that are left of the minute.
    pub fn may_ask(&self, actor: &Actor, now: Moment) -> Result<()> {
        let Some(label) = counted(actor) else { return Ok(()) };
        match held(&self.refusals).get(&label) {
            Some((began, count)) if *count >= REFUSALS && within(*began, now) => {
                let left = MINUTE_S - (now.seconds() - began.seconds());
                let detail = format!("{REFUSALS} refusals within a minute");
                Err(too_many(detail, Rule::RefusalsAMinute, left))
            }
            _ => Ok(()),
        }
    }

    /// Counts a refusal.
    pub fn refused(&self, actor: &Actor, now: Moment) {
        let Some(label) = counted(actor) else { return };
        let mut refusals = held(&self.refusals);
        refusals.retain(|_, (began, _)| within(*began, now));
        let (_, count) = refusals.entry(label).or_insert((now, 0));
        *count = count.saturating_add(1);
    }

    /// Counts a comparison of a record's faces, whatever its version.
    ///
    /// # Errors
    /// `too_many_tries` with rule `comparisons_a_day` and the seconds to the next legal day.
    pub fn compare(&self, actor: &Actor, record: [u8; 16], now: Moment) -> Result<()> {
        let Some(label) = counted(actor) else { return Ok(()) };
        let mut kept = held(&self.comparisons);
        let today = now.day();
        // A clock that steps back over midnight keeps the later day's counts.
        let (day, counts) = match &mut *kept {
            Some((day, counts)) if *day >= today => (*day, counts),
            other => {
                let (day, counts) = other.insert((today, HashMap::new()));
                (*day, counts)
            }
        };
        let count = counts.entry((label, record)).or_insert(0);
        if *count >= COMPARISONS {
            let left = day.plus_days(1).start().seconds() - now.seconds();
            let detail = format!("{COMPARISONS} comparisons of one record's faces a day");
            return Err(too_many(detail, Rule::ComparisonsADay, left));
        }
        *count += 1;
        Ok(())
    }
}

/// Under which name an actor is counted; none for an operator.
fn counted(actor: &Actor) -> Option<String> {
    (!actor.is_operator()).then(|| actor.label())
}

fn within(began: Moment, now: Moment) -> bool {
    (0..MINUTE_S).contains(&(now.seconds() - began.seconds()))
}

fn too_many(detail: String, rule: Rule, left: i64) -> Error {
    Error::new(Code::TooManyTries, detail).rule(rule).retry_after(u64::try_from(left).unwrap_or(1).max(1))
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked while holding it left counts that are whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::{Account, Scope, StaffRole};

    fn account(name: &str) -> Actor {
        let account = Account {
            name: name.into(),
            display: String::new(),
            agency: String::new(),
            region: None,
            roles: vec![StaffRole::Clerk],
            grants: Vec::new().into(),
            budget: 1,
            enabled: true,
            own_number: None,
        };
        assert!(Actor::Account(Arc::new(account.clone())).has(Scope::Lookup));
        Actor::Account(Arc::new(account))
    }

    fn at(seconds: i64) -> Moment {
        let noon: Moment = "2026-11-22T04:00:00.000000Z".parse().unwrap();
        noon.plus_seconds(seconds)
    }

    fn told(result: Result<()>) -> Option<(Option<Rule>, i64)> {
        let error = result.err()?;
        Some((error.rule, error.extra?["retry_after"].as_i64()?))
    }

    #[test]
    fn sixty_refusals_a_minute_make_one_wait_for_its_end() {
        let (tries, one, other) = (Tries::default(), account("one"), account("other"));
        for second in 0..60 {
            assert_eq!(told(tries.may_ask(&one, at(second / 2))), None);
            tries.refused(&one, at(second / 2));
        }
        assert_eq!(told(tries.may_ask(&one, at(30))), Some((Some(Rule::RefusalsAMinute), 30)));
        assert_eq!(told(tries.may_ask(&other, at(30))), None);
        assert_eq!(told(tries.may_ask(&one, at(60))), None);
        let operator = Actor::Operator { name: "o".into() };
        (0..100).for_each(|_| tries.refused(&operator, at(0)));
        assert_eq!(told(tries.may_ask(&operator, at(0))), None);
    }

    #[test]
    fn ten_comparisons_of_a_record_a_day_and_a_day_begins_at_midnight_of_utc_plus_8() {
        let (tries, one) = (Tries::default(), account("one"));
        for _ in 0..COMPARISONS {
            assert_eq!(told(tries.compare(&one, [1; 16], at(0))), None);
        }
        // Noon in UTC is 20:00.
        let spent = Some((Some(Rule::ComparisonsADay), 12 * 3600));
        assert_eq!(told(tries.compare(&one, [1; 16], at(0))), spent);
        assert_eq!(told(tries.compare(&one, [2; 16], at(0))), None);
        assert_eq!(told(tries.compare(&account("other"), [1; 16], at(0))), None);
        assert_eq!(told(tries.compare(&one, [1; 16], at(12 * 3600))), None);
        assert!(told(tries.compare(&one, [1; 16], at(0))).is_none(), "a clock that steps back counts on");
    }
}
