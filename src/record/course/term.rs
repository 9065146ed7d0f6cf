//! The two clocks of a case (法定, 承诺): each counts working days or days of the calendar from the day after acceptance,
//! and stands still from the day of a suspension until the day before the resumption.

use crate::catalog::Workdays;
use crate::catalog::items::{TimeLimit, TimeUnit};
use crate::clock::Day;
use crate::closed::closed;
use crate::record::course::{CaseStep, Course};

/// Days after which no term of a case is looked for: ten years.
const FAR: i64 = 3_660;

closed! {
    /// How a clock stands.
    TermState {
        NotBegun, "not_begun", "未起算", "not begun";
        Running, "running", "计时中", "running";
        Stopped, "stopped", "停止计时", "stopped";
        Met, "met", "按期办结", "met";
        Over, "over", "已超期", "over";
        /// The State Council has not arranged the days of a year that it needs.
        Unknown, "unknown", "工作日历尚未公布", "the calendar is not arranged";
    }
}

/// One clock of a case, on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseTerm {
    /// How it stands.
    pub state: TermState,
    /// The last day; none while it is not known.
    pub due: Option<Day>,
    /// Days of its unit that are left after that day; below 0 where it is over.
    pub left: Option<i64>,
}

impl CaseTerm {
    const fn bare(state: TermState) -> Self {
        Self { state, due: None, left: None }
    }
}

impl Course {
    /// A clock on a day. The decision stops it for good: what comes after is not the applicant's wait for it.
    pub fn term(&self, limit: TimeLimit, workdays: &Workdays, today: Day) -> CaseTerm {
        let Some(begun) = self.accepted_on(today, workdays) else {
            return CaseTerm::bare(TermState::NotBegun);
        };
        let decided = self.steps.iter().rfind(|taken| taken.step == CaseStep::Decide).map(|taken| taken.on);
        let ended = self.state.filter(|state| state.is_end()).and(self.steps.last()).map(|taken| taken.on);
        let counts = counted(self, limit.unit, workdays);
        let due = match due_after(begun, limit.count, &counts) {
            Due::On(due) => due,
            Due::Never => {
                let used = between(begun, today, &counts);
                let left = used.map(|used| i64::from(limit.count) - used);
                return CaseTerm { state: TermState::Stopped, due: None, left };
            }
            Due::Unknown => return CaseTerm::bare(TermState::Unknown),
        };
        let until = decided.or(ended).unwrap_or(today);
        let left = between(until, due, &counts).or_else(|| between(due, until, &counts).map(|over| -over));
        let state = match decided {
            Some(on) if on <= due => TermState::Met,
            None if until <= due => TermState::Running,
            Some(_) | None => TermState::Over,
        };
        CaseTerm { state, due: Some(due), left }
    }
}

enum Due {
    On(Day),
    /// The clock stands still, and nobody has said until when.
    Never,
    Unknown,
}

/// Whether a day counts; none where the calendar does not say. An open suspension lasts for ever.
fn counted(course: &Course, unit: TimeUnit, workdays: &Workdays) -> impl Fn(Day) -> Option<bool> {
    move |day| {
        let paused =
            course.pauses.iter().any(|(from, to)| *from <= day && to.is_none_or(|resumed| day < resumed));
        match unit {
            _ if paused => Some(false),
            TimeUnit::CalendarDay => Some(true),
            TimeUnit::WorkingDay => workdays.is_workday(day).ok(),
        }
    }
}

fn due_after(begun: Day, count: u32, counts: &impl Fn(Day) -> Option<bool>) -> Due {
    let (mut day, mut left) = (begun, count);
    for _ in 0..FAR {
        if left == 0 {
            return Due::On(day);
        }
        day = day.plus_days(1);
        match counts(day) {
            Some(true) => left -= 1,
            Some(false) => {}
            None => return Due::Unknown,
        }
    }
    Due::Never
}

/// Days that count after one day, up to and including another; none where the second is earlier, or nobody knows.
fn between(from: Day, to: Day, counts: &impl Fn(Day) -> Option<bool>) -> Option<i64> {
    if to < from {
        return None;
    }
    let (mut day, mut all) = (from, 0);
    while day < to {
        day = day.plus_days(1);
        all += i64::from(counts(day)?);
    }
    Some(all)
}
