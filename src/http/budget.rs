//! How many distinct holders a client may look up on one legal day (practice: no client reads a city).
//!
//! Counts live in memory and are exact for one process. At start [`Budgets::seed`] rebuilds them from the
//! day's access entries. A holder looked up twice counts once. Memory is about 16 bytes for each holder that
//! a budget allows.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};

/// A holder key: the keyed hash of a holder code.
pub type BudgetKey = [u8; 16];

/// The budgets of all clients for the present legal day.
#[derive(Default)]
pub struct Budgets {
    /// Held for a lookup in two maps and never across an await or a database call.
    books: Mutex<HashMap<Box<str>, Book>>,
}

struct Book {
    day: Day,
    seen: HashSet<BudgetKey>,
}

impl Budgets {
    /// Counts a holder against the client's day.
    ///
    /// # Errors
    /// `budget_spent` when the holder would be one more than `budget`, with the seconds to 00:00 UTC+8.
    pub fn charge(&self, client: &str, holder: BudgetKey, budget: usize, now: Moment) -> Result<()> {
        let mut books = self.books();
        let book = open(&mut books, client, now.day());
        if book.seen.contains(&holder) {
            return Ok(());
        }
        if book.seen.len() >= budget {
            let day_end = book.day.plus_days(1).start().seconds();
            let wait = u64::try_from(day_end - now.seconds()).unwrap_or(1).max(1);
            let detail = format!("{budget} distinct holders a day; it begins again at 00:00 UTC+8.");
            return Err(Error::new(Code::BudgetSpent, detail).retry_after(wait));
        }
        book.seen.insert(holder);
        Ok(())
    }

    /// Notes a holder of an entry that is in the log already, without asking a budget.
    pub fn seed(&self, client: &str, holder: BudgetKey, at: Moment) {
        open(&mut self.books(), client, at.day()).seen.insert(holder);
    }

    /// Distinct holders the client has looked up on the day of `now`.
    pub fn spent(&self, client: &str, now: Moment) -> usize {
        self.books().get(client).filter(|book| book.day >= now.day()).map_or(0, |book| book.seen.len())
    }

    fn books(&self) -> MutexGuard<'_, HashMap<Box<str>, Book>> {
        // A panic while it was held left at most one insert undone: the maps are whole.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The book of the client for `day`. A later day begins an empty one. A clock that steps back over midnight
/// keeps the later day's book, so that nobody gains a second budget.
fn open<'a>(books: &'a mut HashMap<Box<str>, Book>, client: &str, day: Day) -> &'a mut Book {
    if !books.contains_key(client) {
        books.retain(|_, book| book.day >= day);
    }
    let book = books.entry(client.into()).or_insert_with(|| Book { day, seen: HashSet::new() });
    if book.day < day {
        *book = Book { day, seen: HashSet::new() };
    }
    book
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::retry_seconds;
    use proptest::prelude::*;

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_turns_at_midnight_of_utc_plus_8() {
        let budgets = Budgets::default();
        let evening = at("2026-11-22T15:59:50.000000Z");
        budgets.charge("a", [1; 16], 1, evening).unwrap();
        budgets.charge("a", [1; 16], 1, evening).expect("the same holder again is free");
        let refused = budgets.charge("a", [2; 16], 1, evening).unwrap_err();
        assert_eq!((refused.code, retry_seconds(&refused)), (Code::BudgetSpent, Some(10)));
        budgets.charge("b", [2; 16], 1, evening).expect("another client has its own");
        budgets.charge("a", [2; 16], 1, evening.plus_seconds(10)).expect("a new day");
        assert!(budgets.charge("a", [1; 16], 1, evening).is_err(), "a clock that steps back gives nothing");
    }

    #[test]
    fn what_the_log_holds_already_counts_after_a_start() {
        let budgets = Budgets::default();
        let now = at("2026-11-22T03:00:00.000000Z");
        budgets.seed("a", [1; 16], now);
        assert_eq!(budgets.spent("a", now), 1);
        assert!(budgets.charge("a", [2; 16], 1, now).is_err());
        assert_eq!(budgets.spent("a", now.plus_seconds(86_400)), 0);
    }

    proptest! {
        #[test]
        fn never_more_distinct_holders_than_the_budget(asked in prop::collection::vec(0_u8..20, 0..80), budget in 0_usize..12) {
            let budgets = Budgets::default();
            let now = at("2026-11-22T03:00:00.000000Z");
            let passed: HashSet<u8> =
                asked.iter().copied().filter(|one| budgets.charge("a", [*one; 16], budget, now).is_ok()).collect();
            let distinct = asked.iter().collect::<HashSet<_>>().len();
            prop_assert_eq!(passed.len(), distinct.min(budget));
            prop_assert_eq!(budgets.spent("a", now), passed.len());
        }
    }
}
