//! Terms that follow one another: the card that somebody holds on a day, and since when.

use crate::cli::demo::faces::{Person, id_card_term};
use crate::cli::demo::numbers::{day, years_before};
use crate::clock::Day;
use crate::record::payload::Validity;

/// First days of the ID cards that somebody would have had by `until`, each replaced a little before its end.
/// The last card is the one in force. Empty for somebody without a card.
pub fn id_cards(person: &Person, first: Day, until: Day) -> Vec<Day> {
    let mut from = first.max(day(2004, 3, 29));
    let mut cards = Vec::new();
    while from <= until {
        cards.push(from);
        match id_card_term(person.born, from) {
            Validity::Until(end) if end < until => from = end.plus_days(-12),
            _ => break,
        }
    }
    cards
}

/// The first day of an ID card that ends on `target`, where the age of its holder allows one.
pub fn id_card_ending(person: &Person, target: Day) -> Option<Day> {
    [20, 10, 5].into_iter().map(|years| years_before(target, years)).find(|from| {
        *from > person.born && matches!(id_card_term(person.born, *from), Validity::Until(end) if end <= target && end.plus_days(2) > target)
    })
}

/// The running term of a driving licence first given on `first`: six years, ten years, then 长期.
pub fn driving_term(first: Day, until: Day) -> (Day, Validity) {
    let (six, sixteen) = (first.plus_years(6), first.plus_years(16));
    if until <= six {
        (first, Validity::Until(six))
    } else if until <= sixteen {
        (six, Validity::Until(sixteen))
    } else {
        (sixteen, Validity::LongTerm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(born: Day) -> Person {
        Person {
            code_type: "111",
            code: String::new(),
            name: String::new(),
            female: true,
            born,
            ethnic: "01",
            nationality: "中国",
            address: String::new(),
        }
    }

    #[test]
    fn cards_follow_one_another_without_a_hole() {
        let young = person(day(1995, 5, 1));
        let until = day(2026, 11, 22);
        let cards = id_cards(&young, day(2011, 5, 1), until);
        assert_eq!(cards, [day(2011, 5, 1), day(2021, 4, 19)]);
        assert!(id_cards(&young, day(2027, 1, 1), until).is_empty());
    }

    #[test]
    fn a_card_ends_on_the_day_that_was_asked_for() {
        let target = day(2026, 12, 12);
        let from = id_card_ending(&person(day(1980, 1, 1)), target).unwrap();
        assert_eq!(from, day(2006, 12, 12));
        assert_eq!(id_card_ending(&person(day(1950, 1, 1)), target), None);
    }

    #[test]
    fn a_licence_ends_twice_and_then_no_more() {
        let first = day(2005, 1, 1);
        assert_eq!(driving_term(first, day(2010, 1, 1)), (first, Validity::Until(day(2011, 1, 1))));
        assert_eq!(driving_term(first, day(2020, 1, 1)), (day(2011, 1, 1), Validity::Until(day(2021, 1, 1))));
        assert_eq!(driving_term(first, day(2026, 1, 1)), (day(2021, 1, 1), Validity::LongTerm));
    }
}
