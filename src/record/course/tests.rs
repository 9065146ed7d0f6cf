use proptest::prelude::*;

use super::*;
use crate::catalog::items::{TimeLimit, TimeUnit};

const PAGE: &str = include_str!("../README.md");

fn offices() -> CaseOffices {
    CaseOffices {
        receives: "hall".into(),
        decides: "bureau".into(),
        reviews: vec!["fire".into(), "health".into()],
    }
}

fn workdays() -> Workdays {
    Workdays::builtin().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn by(step: CaseStep, on: &str, agency: &str) -> StepTaken {
    let says = matches!(step, CaseStep::Review | CaseStep::Decide).then_some(true);
    StepTaken { step, on: day(on), agency: agency.into(), says }
}

fn course(steps: &[StepTaken]) -> Result<Course, CourseFault> {
    Course::of(offices(), steps.iter().cloned(), &workdays())
}

#[test]
fn the_table_of_the_page_is_the_one_of_the_code() {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with("| step |")).skip(2);
    let rows: Vec<Vec<&str>> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), CaseStep::ALL.len());
    for (row, step) in rows.iter().zip(CaseStep::ALL) {
        let from: Vec<&str> = step.from().iter().map(|state| state.wire()).collect();
        let from = if from.is_empty() { "–".to_owned() } else { from.join(" ") };
        let undone = if step.can_be_undone() { "yes" } else { "–" };
        assert_eq!(row[0].trim_matches('`'), step.wire());
        assert_eq!(row[1..], [step.zh(), &from, step.taken_by().wire(), undone], "{}", step.wire());
    }
}

#[test]
fn a_case_goes_from_receipt_to_delivery_and_each_office_takes_its_steps() {
    use CaseStep as S;
    let whole = [
        by(S::Receive, "2026-09-21", "hall"),
        by(S::Notify, "2026-09-22", "hall"),
        by(S::Supply, "2026-09-24", "hall"),
        by(S::Accept, "2026-09-24", "bureau"),
        by(S::Review, "2026-09-28", "fire"),
        by(S::Suspend, "2026-09-29", "bureau"),
        by(S::Resume, "2026-10-08", "bureau"),
        by(S::Review, "2026-10-09", "health"),
        by(S::Decide, "2026-10-12", "bureau"),
        by(S::Finish, "2026-10-12", "bureau"),
        by(S::Deliver, "2026-10-13", "hall"),
    ];
    let end = course(&whole).unwrap();
    assert_eq!(
        (end.state(), end.decision(), end.steps().len()),
        (Some(CaseState::Delivered), Some(true), 11)
    );
    for (at, step) in whole.iter().enumerate() {
        let before = course(&whole[..at]).unwrap();
        let stranger = StepTaken { agency: "stranger".into(), ..step.clone() };
        assert_eq!(
            before.clone().then(stranger, &workdays()),
            Err(CourseFault::Office),
            "{}",
            step.step.wire()
        );
        let wordless = StepTaken { says: step.says.is_none().then_some(true), ..step.clone() };
        assert_eq!(before.then(wordless, &workdays()), Err(CourseFault::Says), "{}", step.step.wire());
    }
    let unheard = [&whole[..7], &whole[8..9]].concat();
    assert_eq!(course(&unheard), Err(CourseFault::Unheard));
    assert_eq!(course(&whole[..7]).unwrap().unheard().collect::<Vec<_>>(), ["health"]);
    let twice = [&whole[..3], &[by(S::Notify, "2026-09-24", "hall")][..]].concat();
    assert_eq!(course(&twice), Err(CourseFault::NotifiedOnce));
    let again = [&whole[..5], &[by(S::Review, "2026-09-28", "fire")][..]].concat();
    assert_eq!(course(&again), Err(CourseFault::Says));
    let back = [&whole[..1], &[by(S::Accept, "2026-09-20", "hall")][..]].concat();
    assert_eq!(course(&back), Err(CourseFault::Backwards));
}

#[test]
fn who_says_nothing_for_five_working_days_has_accepted() {
    use CaseStep as S;
    // Five working days after Monday, 21 September 2026: 25 to 27 are the Mid-Autumn holidays and 20 was worked.
    let received = course(&[by(S::Receive, "2026-09-21", "hall")]).unwrap();
    let last = workdays().due(day("2026-09-21"), 5).unwrap();
    assert_eq!(last, day("2026-09-29"));
    assert_eq!(received.deemed_on(last, &workdays()), None, "the fifth day itself is in time");
    assert_eq!(received.accepted_on(day("2026-09-30"), &workdays()), Some(day("2026-09-21")));
    for late in [S::Notify, S::Refuse] {
        let told = received.clone().then(by(late, "2026-09-30", "hall"), &workdays());
        assert_eq!(told, Err(CourseFault::Deemed), "{}", late.wire());
        assert!(received.clone().then(by(late, "2026-09-29", "hall"), &workdays()).is_ok());
    }
    let accepted = received.then(by(S::Accept, "2026-10-12", "hall"), &workdays()).unwrap();
    assert_eq!(
        accepted.accepted_on(day("2026-10-12"), &workdays()),
        Some(day("2026-09-21")),
        "by law, not by word"
    );
    // Beyond the arranged calendar nobody says so.
    let unarranged = course(&[by(S::Receive, "2026-12-31", "hall")]).unwrap();
    assert_eq!(unarranged.deemed_on(day("2027-02-01"), &workdays()), None);
}

#[test]
fn a_clock_tells_its_day_what_is_left_and_that_it_stands_still() {
    use CaseStep as S;
    let working = TimeLimit { count: 10, unit: TimeUnit::WorkingDay };
    let calendar = TimeLimit { count: 30, unit: TimeUnit::CalendarDay };
    let told = |course: &Course, limit, on: &str| {
        let term = course.term(limit, &workdays(), day(on));
        (term.state, term.due.map(|due| due.to_string()), term.left)
    };
    let received = [by(S::Receive, "2026-09-21", "hall")];
    assert_eq!(told(&course(&received).unwrap(), working, "2026-09-22"), (TermState::NotBegun, None, None));
    let accepted = [&received[..], &[by(S::Accept, "2026-09-21", "hall")][..]].concat();
    let running = course(&accepted).unwrap();
    // 22 23 24 28 29 30 September, 8 9 10 12 October: 10 October, a Saturday, is worked.
    assert_eq!(
        told(&running, working, "2026-09-21"),
        (TermState::Running, Some("2026-10-12".into()), Some(10))
    );
    assert_eq!(
        told(&running, working, "2026-10-09"),
        (TermState::Running, Some("2026-10-12".into()), Some(2))
    );
    assert_eq!(told(&running, working, "2026-10-14"), (TermState::Over, Some("2026-10-12".into()), Some(-2)));
    assert_eq!(
        told(&running, calendar, "2026-09-21"),
        (TermState::Running, Some("2026-10-21".into()), Some(30))
    );
    let paused = [&accepted[..], &[by(S::Suspend, "2026-09-28", "bureau")][..]].concat();
    assert_eq!(told(&course(&paused).unwrap(), working, "2026-12-30"), (TermState::Stopped, None, Some(7)));
    let resumed = [&paused[..], &[by(S::Resume, "2026-10-12", "bureau")][..]].concat();
    assert_eq!(
        told(&course(&resumed).unwrap(), working, "2026-10-12"),
        (TermState::Running, Some("2026-10-20".into()), Some(6))
    );
    let reviews = ["fire", "health"].map(|agency| by(S::Review, "2026-10-20", agency));
    let decided =
        |on| course(&[&resumed[..], &reviews[..], &[by(S::Decide, on, "bureau")][..]].concat()).unwrap();
    assert_eq!(told(&decided("2026-10-20"), working, "2026-12-01").0, TermState::Met);
    assert_eq!(
        told(&decided("2026-10-21"), working, "2026-12-01"),
        (TermState::Over, Some("2026-10-20".into()), Some(-1))
    );
    let late = course(&[by(S::Receive, "2026-12-28", "hall"), by(S::Accept, "2026-12-28", "hall")]).unwrap();
    assert_eq!(told(&late, working, "2026-12-29").0, TermState::Unknown, "2027 is not arranged");
    assert_eq!(told(&late, calendar, "2026-12-29").1.as_deref(), Some("2027-01-27"));
}

fn step() -> impl Strategy<Value = (usize, i64, usize, Option<bool>)> {
    (0..CaseStep::ALL.len(), 0_i64..4, 0_usize..4, proptest::option::weighted(0.6, any::<bool>()))
}

/// A day that is worked counts, unless it lies in a suspension: written a second time, day by day.
fn naive_due(accepted: Day, limit: TimeLimit, pauses: &[(Day, Day)]) -> Day {
    let (mut on, mut left) = (accepted, limit.count);
    while left > 0 {
        on = on.plus_days(1);
        let paused = pauses.iter().any(|(from, to)| *from <= on && on < *to);
        let worked = limit.unit == TimeUnit::CalendarDay || workdays().is_workday(on).unwrap();
        left -= u32::from(worked && !paused);
    }
    on
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_tried_a_case_stays_one(tries in proptest::collection::vec(step(), 1..60)) {
        let agencies = ["hall", "bureau", "fire", "health"];
        let (table, mut on) = (workdays(), day("2026-03-02"));
        let mut now = Course::new(offices());
        let mut before: Option<Course> = None;
        for (at, later, agency, says) in tries {
            on = on.plus_days(later);
            let step = CaseStep::ALL[at];
            let taken = StepTaken { step, on, agency: agencies[agency].to_owned(), says };
            let Ok(next) = now.clone().then(taken.clone(), &table) else { continue };
            if step == CaseStep::Undo {
                let last = now.steps().last().unwrap();
                prop_assert!(last.on == on && last.agency == taken.agency && last.step.can_be_undone());
                if let Some(before) = &before {
                    prop_assert_eq!(&next, before, "an undone step leaves nothing");
                }
                before = None;
            } else {
                prop_assert!(!now.state().is_some_and(CaseState::is_end), "nothing follows an end");
                prop_assert_eq!(now.state().is_none(), step == CaseStep::Receive);
                before = Some(now);
            }
            let of = |step| next.steps().iter().filter(|taken| taken.step == step).count();
            for once in [CaseStep::Receive, CaseStep::Notify, CaseStep::Accept, CaseStep::Decide, CaseStep::Deliver] {
                prop_assert!(of(once) <= 1, "{}", once.wire());
            }
            prop_assert!(of(CaseStep::Review) <= 2);
            prop_assert!(of(CaseStep::Decide) == 0 || next.unheard().next().is_none() && of(CaseStep::Accept) == 1);
            prop_assert_eq!(next.decision().is_some(), of(CaseStep::Decide) == 1);
            prop_assert!(next.steps().windows(2).all(|two| two[0].on <= two[1].on));
            let again = Course::of(offices(), next.steps().iter().cloned(), &table);
            prop_assert_eq!(again.as_ref(), Ok(&next), "it is what its steps come to");
            now = next;
        }
    }

    #[test]
    fn a_clock_counts_the_days_that_count(
        count in 0_u32..25,
        working in any::<bool>(),
        pauses in proptest::collection::vec((1_i64..12, 0_i64..9), 0..4),
        asked in 0_i64..120,
    ) {
        let unit = if working { TimeUnit::WorkingDay } else { TimeUnit::CalendarDay };
        let (limit, accepted) = (TimeLimit { count, unit }, day("2026-02-02"));
        let mut steps = vec![by(CaseStep::Receive, "2026-02-02", "hall"), by(CaseStep::Accept, "2026-02-02", "hall")];
        let (mut on, mut stood) = (accepted, Vec::new());
        for (run, pause) in pauses {
            let (from, to) = (on.plus_days(run), on.plus_days(run + pause));
            for (step, on) in [(CaseStep::Suspend, from), (CaseStep::Resume, to)] {
                steps.push(StepTaken { step, on, agency: "bureau".into(), says: None });
            }
            stood.push((from, to));
            on = to;
        }
        let case = course(&steps).unwrap();
        let today = on.plus_days(asked);
        let term = case.term(limit, &workdays(), today);
        let due = naive_due(accepted, limit, &stood);
        prop_assert_eq!(term.due, Some(due));
        prop_assert_eq!(term.state, if today <= due { TermState::Running } else { TermState::Over });
        prop_assert_eq!(term.left.unwrap() < 0, today > due && (due.number()..today.number()).any(|at| {
            let on = Day::from_number(at + 1).unwrap();
            let paused = stood.iter().any(|(from, to)| *from <= on && on < *to);
            !paused && (!working || workdays().is_workday(on).unwrap())
        }));
    }
}
