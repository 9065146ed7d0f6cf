//! The past of a record: its state on a past day, by the knowledge of a past moment (I7).
//!
//! Each event carries two times: `effective_on`, the legal day, and `logged_at`, when we knew. "As of" asks
//! the first, "known at" the second. Two actions reach back to the start of the record: an annulled record
//! never was, and a corrected version replaces the wrong one for all its days. Every other action holds from
//! its own day on.

use std::ops::RangeInclusive;

use super::action::Action;
use super::state::State;
use crate::clock::{Day, Moment};

/// One event of a record, in the order of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventFact {
    /// What happened.
    pub action: Action,
    /// The version the event made, or the one it was about.
    pub version: u32,
    /// The legal day from which it holds.
    pub effective_on: Day,
    /// When the log took it in.
    pub logged_at: Moment,
}

/// A legal day that is asked about, by the knowledge of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Then {
    /// The legal day.
    pub as_of: Day,
    /// The moment: what was logged later does not count.
    pub known_at: Moment,
}

/// What a record was on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// The version that held.
    pub version: u32,
}

/// State and version on the legal day `as_of`, by the events logged up to and including `known_at`.
///
/// `events` are those of one record in the order of its log. None if the record had not begun by that day, or
/// if nothing of it was known.
pub fn state_as_of(events: &[EventFact], as_of: Day, known_at: Moment) -> Option<Standing> {
    let mut standing: Option<Standing> = None;
    let mut annulled = false;
    // The newest version by the log, even if it does not hold on that day: a correction corrects this one, and those
    // from which it differs by a newly printed state only.
    let mut newest: Option<RangeInclusive<u32>> = None;
    // In the order of the log: a later decision overrides an earlier one from its own legal day on, even where
    // that day lies before the earlier one's.
    for event in events.iter().filter(|event| event.logged_at <= known_at) {
        let action = event.action;
        annulled |= action == Action::Annul;
        // An action that prints the state may make a version or not: the number tells.
        let made = action.makes_version() || newest.as_ref().is_some_and(|it| *it.end() != event.version);
        let alike = |version| newest.as_ref().is_some_and(|newest| newest.contains(&version));
        match &mut standing {
            None if action.begins() && event.effective_on <= as_of => {
                standing = Some(Standing { state: State::Active, version: event.version });
            }
            Some(now) if action.reaches_back() && made && alike(now.version) => now.version = event.version,
            Some(now) if !action.reaches_back() && event.effective_on <= as_of => {
                now.state = action.to_state().unwrap_or(now.state);
                if made {
                    now.version = event.version;
                }
            }
            _ => {}
        }
        if made {
            let printed = newest.filter(|_| !action.makes_version());
            newest = Some(printed.map_or(event.version, |newest| *newest.start())..=event.version);
        }
    }
    standing.map(|now| if annulled { Standing { state: State::Annulled, ..now } } else { now })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: i32) -> Day {
        Day::from_number(20_000 + number).unwrap()
    }

    fn event(action: Action, version: u32, effective: i32, logged: i32) -> EventFact {
        EventFact { action, version, effective_on: day(effective), logged_at: day(logged).start() }
    }

    fn at(events: &[EventFact], as_of: i32, known: i32) -> Option<(State, u32)> {
        state_as_of(events, day(as_of), day(known).start()).map(|standing| (standing.state, standing.version))
    }

    #[test]
    fn a_change_holds_from_its_day_and_a_correction_from_the_start() {
        let events = [
            event(Action::Issue, 1, 0, 0),
            event(Action::Change, 2, 10, 11),
            event(Action::Correct, 3, 20, 20),
            event(Action::Extend, 4, 30, 30),
        ];
        assert_eq!(at(&events, -1, 99), None);
        assert_eq!(at(&events, 5, 99), Some((State::Active, 1)));
        assert_eq!(at(&events, 15, 99), Some((State::Active, 3)));
        assert_eq!(at(&events, 15, 19), Some((State::Active, 2)));
        assert_eq!(at(&events, 10, 10), Some((State::Active, 1)));
        assert_eq!(at(&events, 30, 99), Some((State::Active, 4)));
    }

    #[test]
    fn a_corrected_correction_follows_through() {
        let events =
            [event(Action::Issue, 1, 0, 0), event(Action::Correct, 2, 5, 5), event(Action::Correct, 3, 6, 6)];
        assert_eq!(at(&events, 1, 9), Some((State::Active, 3)));
        assert_eq!(at(&events, 1, 5), Some((State::Active, 2)));
    }

    #[test]
    fn annulled_never_was_but_revoked_was_good_until_then() {
        let revoked = [event(Action::Issue, 1, 0, 0), event(Action::Revoke, 1, 10, 12)];
        assert_eq!(at(&revoked, 9, 99), Some((State::Active, 1)));
        assert_eq!(at(&revoked, 10, 99), Some((State::Revoked, 1)));
        assert_eq!(at(&revoked, 10, 11), Some((State::Active, 1)));
        let annulled = [event(Action::Issue, 1, 0, 0), event(Action::Annul, 1, 10, 12)];
        assert_eq!(at(&annulled, 0, 99), Some((State::Annulled, 1)));
        assert_eq!(at(&annulled, 11, 11), Some((State::Active, 1)));
        assert_eq!(at(&annulled, -1, 99), None);
    }

    #[test]
    fn a_later_decision_overrides_an_earlier_one_from_its_own_day_on() {
        // Suspended from day 5; later a report says that the holder had died on day 3.
        let events =
            [event(Action::Issue, 1, 0, 0), event(Action::Suspend, 1, 5, 5), event(Action::Cancel, 1, 3, 10)];
        assert_eq!(
            [2, 3, 6].map(|on| at(&events, on, 99).unwrap().0),
            [State::Active, State::Cancelled, State::Cancelled]
        );
        assert_eq!(at(&events, 6, 9), Some((State::Suspended, 1)));
        // A change announced for day 30, then an extension from day 8: the extended version holds both.
        let events =
            [event(Action::Issue, 1, 0, 0), event(Action::Change, 2, 30, 5), event(Action::Extend, 3, 8, 7)];
        assert_eq!([7, 8, 31].map(|on| at(&events, on, 99).unwrap().1), [1, 3, 3]);
    }

    #[test]
    fn suspension_ends_with_restoration() {
        let events = [
            event(Action::Issue, 1, 0, 0),
            event(Action::Suspend, 1, 10, 10),
            event(Action::Restore, 1, 20, 20),
        ];
        assert_eq!(
            [9, 10, 19, 20].map(|on| at(&events, on, 99).unwrap().0),
            [State::Active, State::Suspended, State::Suspended, State::Active]
        );
    }

    #[test]
    fn a_printed_state_is_a_version_and_a_correction_reaches_behind_it() {
        let events = [
            event(Action::Issue, 1, 0, 0),
            event(Action::Suspend, 2, 10, 10),
            event(Action::Restore, 3, 20, 20),
            event(Action::Correct, 4, 30, 30),
        ];
        assert_eq!([9, 10, 20].map(|on| at(&events, on, 29).unwrap().1), [1, 2, 3]);
        assert_eq!([9, 10, 20].map(|on| at(&events, on, 30).unwrap().1), [4, 4, 4]);
        assert_eq!(at(&events, 15, 30), Some((State::Suspended, 4)));
        let annulled = [event(Action::Issue, 1, 0, 0), event(Action::Annul, 2, 10, 10)];
        assert_eq!(at(&annulled, 0, 10), Some((State::Annulled, 2)));
        // What was another certificate before a change stays that.
        let changed = [
            event(Action::Issue, 1, 0, 0),
            event(Action::Change, 2, 5, 5),
            event(Action::Suspend, 3, 10, 10),
            event(Action::Correct, 4, 11, 11),
        ];
        assert_eq!([0, 5, 10].map(|on| at(&changed, on, 11).unwrap().1), [1, 4, 4]);
    }

    /// Histories the action table allows, logged a day apart, effective up to 20 days earlier or later.
    fn histories() -> impl Strategy<Value = Vec<EventFact>> {
        proptest::collection::vec((0..Action::ALL.len(), -20i32..20), 0..30).prop_map(|tried| {
            let mut events = vec![event(Action::Issue, 1, 0, 0)];
            let (mut state, mut version) = (State::Active, 1);
            for (index, shift) in tried {
                let action = Action::ALL[index];
                let Ok(next) = action.apply(Some(state)) else { continue };
                state = next;
                let printed = action.prints_state() && shift % 2 == 0;
                version += u32::from(action.makes_version() || printed);
                let logged = i32::try_from(events.len()).unwrap();
                events.push(event(action, version, (logged + shift).max(0), logged));
            }
            events
        })
    }

    proptest! {
        #[test]
        fn i7_later_events_never_change_what_was_known(
            events in histories(), as_of in -5i32..60, known in 0i32..40,
        ) {
            let early: Vec<_> =
                events.iter().copied().filter(|event| event.logged_at <= day(known).start()).collect();
            prop_assert_eq!(at(&events, as_of, known), at(&early, as_of, 99));
        }

        #[test]
        fn i7_an_event_without_reach_leaves_the_days_before_it(
            events in histories(), as_of in -5i32..60,
        ) {
            let Some((last, earlier)) = events.split_last() else { return Ok(()) };
            if !last.action.reaches_back() && day(as_of) < last.effective_on {
                prop_assert_eq!(at(&events, as_of, 99), at(earlier, as_of, 99));
            }
        }

        #[test]
        fn i7_once_annulled_it_never_was(events in histories(), as_of in 0i32..60) {
            if events.iter().any(|event| event.action == Action::Annul) {
                prop_assert_eq!(at(&events, as_of, 99).unwrap().0, State::Annulled);
            }
        }

        #[test]
        fn i7_once_all_has_taken_effect_the_last_day_is_the_present(events in histories()) {
            let mut present = None;
            for event in &events {
                present = Some(event.action.apply(present).unwrap());
            }
            let standing = at(&events, 99, 99).unwrap();
            prop_assert_eq!(standing.0, present.unwrap());
            prop_assert_eq!(standing.1, events.last().unwrap().version);
        }
    }
}
