//! How many distinct holders an actor may ask about on one legal day (practice: no client reads a city).
//!
//! The count is in memory and exact for one process. What was charged and told to nobody yet waits in a queue until
//! the other processes are told of it ([`Budgets::drain`]); what they charged is noted with [`Budgets::note`]. A
//! holder asked about twice counts once. Memory is at most 16 bytes and a little for each holder that a budget allows.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::rule::Rule;
use crate::store::Charge;
use crate::trust::HolderKey;

/// The budgets of all actors for the present legal day.
#[derive(Default)]
pub(super) struct Budgets {
    /// Held for a look into two maps and never across an await or a database call.
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    by_actor: HashMap<Box<str>, Book>,
    /// Charged here, and not told to the other processes.
    untold: Vec<Charge>,
}

struct Book {
    day: Day,
    seen: HashSet<HolderKey>,
}

impl Budgets {
    /// Counts all these holders against the actor's day, or none of them; true where one is the day's first time.
    ///
    /// # Errors
    /// `budget_spent` with rule `holders_a_day` when the new ones would be more than `budget` has room for, with the seconds to 00:00 UTC+8.
    pub fn charge(&self, actor: &str, holders: &[HolderKey], budget: usize, now: Moment) -> Result<bool> {
        let mut books = self.books();
        let book = open(&mut books.by_actor, actor, now.day());
        let day = book.day;
        let new: HashSet<HolderKey> =
            holders.iter().filter(|holder| !book.seen.contains(*holder)).copied().collect();
        if new.is_empty() {
            return Ok(false);
        }
        if book.seen.len().saturating_add(new.len()) > budget {
            let wait = u64::try_from(day.plus_days(1).start().seconds() - now.seconds()).unwrap_or(1).max(1);
            let detail = format!("{budget} distinct holders a day; it begins again at 00:00 UTC+8.");
            return Err(Error::new(Code::BudgetSpent, detail).rule(Rule::HoldersADay).retry_after(wait));
        }
        book.seen.extend(&new);
        books.untold.extend(new.into_iter().map(|holder| Charge { day, actor: actor.into(), holder }));
        Ok(true)
    }

    /// Notes what was charged elsewhere, or before the start, without asking a budget.
    pub fn note(&self, charge: &Charge) {
        open(&mut self.books().by_actor, &charge.actor, charge.day).note(charge);
    }

    /// The same for what no other process was told of.
    pub fn note_untold(&self, charge: Charge) {
        let mut books = self.books();
        if open(&mut books.by_actor, &charge.actor, charge.day).note(&charge) {
            books.untold.push(charge);
        }
    }

    /// The same for a holder beside the one asked for, who was charged if the budget had room, and withheld if not.
    pub fn note_if_room(&self, charge: Charge, budget: usize) {
        let mut books = self.books();
        let book = open(&mut books.by_actor, &charge.actor, charge.day);
        if book.seen.len() < budget && book.note(&charge) {
            books.untold.push(charge);
        }
    }

    /// What was charged since the last time, to be told to the other processes.
    pub fn drain(&self) -> Vec<Charge> {
        std::mem::take(&mut self.books().untold)
    }

    /// Puts back what could not be told.
    pub fn put_back(&self, charges: Vec<Charge>) {
        self.books().untold.extend(charges);
    }

    /// Distinct holders the actor was charged for on the day of `now`.
    pub fn spent(&self, actor: &str, now: Moment) -> usize {
        let books = self.books();
        books.by_actor.get(actor).filter(|book| book.day >= now.day()).map_or(0, |book| book.seen.len())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // Whoever panicked while holding it had at most not yet inserted: the maps are whole.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Whether the charge is of this book's day and new in it.
    fn note(&mut self, charge: &Charge) -> bool {
        self.day == charge.day && self.seen.insert(charge.holder)
    }
}

/// The book of the actor for `day`. A later day begins an empty one; a clock that steps back over midnight
/// keeps the later day's, so that nobody gains a second budget.
fn open<'a>(books: &'a mut HashMap<Box<str>, Book>, actor: &str, day: Day) -> &'a mut Book {
    if !books.contains_key(actor) {
        books.retain(|_, book| book.day >= day);
    }
    let book = books.entry(actor.into()).or_insert_with(|| Book { day, seen: HashSet::new() });
    if book.day < day {
        *book = Book { day, seen: HashSet::new() };
    }
    book
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RETRY_AFTER;
    use proptest::prelude::*;

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    fn key(number: u8) -> HolderKey {
        HolderKey::from_bytes([number; 16])
    }

    #[test]
    fn the_day_turns_at_midnight_of_utc_plus_8() {
        let budgets = Budgets::default();
        let evening = at("2026-11-22T15:59:50.000000Z");
        assert!(budgets.charge("a", &[key(1)], 1, evening).unwrap());
        assert!(!budgets.charge("a", &[key(1)], 1, evening).unwrap(), "the same holder again is free");
        let refused = budgets.charge("a", &[key(2)], 1, evening).unwrap_err();
        let wait = refused.extra.as_ref().unwrap()[RETRY_AFTER].as_u64();
        assert_eq!((refused.code, wait), (Code::BudgetSpent, Some(10)));
        assert!(budgets.charge("b", &[key(2)], 1, evening).unwrap(), "another actor has its own");
        assert!(budgets.charge("a", &[key(2)], 1, evening.plus_seconds(10)).unwrap(), "a new day");
        assert!(budgets.charge("a", &[key(1)], 1, evening).is_err(), "a clock that steps back gives nothing");
    }

    #[test]
    fn all_are_charged_or_none() {
        let budgets = Budgets::default();
        let now = at("2026-11-22T03:00:00.000000Z");
        let of = |keys: &[u8]| keys.iter().map(|byte| key(*byte)).collect::<Vec<_>>();
        assert!(budgets.charge("a", &of(&[1]), 3, now).unwrap());
        assert!(budgets.charge("a", &of(&[1, 2, 3, 4]), 3, now).is_err());
        assert_eq!((budgets.spent("a", now), budgets.drain().len()), (1, 1), "nobody of them was charged");
        assert!(budgets.charge("a", &of(&[2, 1, 3, 2]), 3, now).unwrap(), "two new ones, each once");
        assert_eq!((budgets.spent("a", now), budgets.drain().len()), (3, 2));
        assert!(
            !budgets.charge("a", &of(&[3, 2, 1]), 3, now).unwrap()
                && !budgets.charge("a", &[], 3, now).unwrap()
        );
    }

    #[test]
    fn what_was_charged_elsewhere_counts_and_is_not_told_again() {
        let (here, there) = (Budgets::default(), Budgets::default());
        let now = at("2026-11-22T03:00:00.000000Z");
        there.charge("a", &[key(1)], 1, now).unwrap();
        let told = there.drain();
        assert_eq!((told.len(), there.drain().len()), (1, 0));
        told.iter().for_each(|charge| here.note(charge));
        assert_eq!((here.spent("a", now), here.drain().len()), (1, 0));
        assert!(here.charge("a", &[key(2)], 1, now).is_err());
        assert_eq!(here.spent("a", now.plus_seconds(86_400)), 0);
        here.note(&Charge { day: now.day().plus_days(-1), actor: "a".into(), holder: key(3) });
        assert_eq!(here.spent("a", now), 1, "a charge of yesterday");
        here.note_untold(Charge { day: now.day(), actor: "a".into(), holder: key(1) });
        assert_eq!(here.drain().len(), 0, "what is known was told");
        here.note_untold(Charge { day: now.day(), actor: "a".into(), holder: key(4) });
        assert_eq!((here.drain().len(), here.spent("a", now)), (1, 2));
        let beside = |byte| Charge { day: now.day(), actor: "a".into(), holder: key(byte) };
        here.note_if_room(beside(5), 2);
        assert_eq!((here.drain().len(), here.spent("a", now)), (0, 2), "it was withheld");
        here.note_if_room(beside(5), 3);
        assert_eq!((here.drain().len(), here.spent("a", now)), (1, 3));
    }

    proptest! {
        #[test]
        fn never_more_distinct_holders_than_the_budget(asked in prop::collection::vec(0_u8..20, 0..80), budget in 0_usize..12) {
            let budgets = Budgets::default();
            let now = at("2026-11-22T03:00:00.000000Z");
            let passed: HashSet<u8> =
                asked.iter().copied().filter(|one| budgets.charge("a", &[key(*one)], budget, now).is_ok()).collect();
            let distinct = asked.iter().collect::<HashSet<_>>().len();
            prop_assert_eq!(passed.len(), distinct.min(budget));
            prop_assert_eq!(budgets.spent("a", now), passed.len());
        }
    }
}
