//! Working days (工作日) by the State Council's yearly arrangement, as data.
//!
//! The arrangement of a year appears in the autumn before it. A year without an arrangement is an error,
//! never a guess: a deadline counted over plain weekends would be wrong by up to eight days.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, Weekday};
use serde::Deserialize;

use crate::clock::Day;
use crate::rule::Rule;

/// Which days are worked, for the years that are arranged.
#[derive(Debug, Clone, Default)]
pub struct Workdays {
    version: u32,
    years: HashMap<i32, Year>,
}

#[derive(Debug, Clone, Default)]
struct Year {
    off: HashSet<Day>,
    work: HashSet<Day>,
}

/// Why a working day could not be determined.
#[derive(Debug, thiserror::Error)]
pub enum WorkdaysFault {
    /// The holiday arrangement of this year is not in the table.
    #[error("the holiday arrangement of {0} is not loaded")]
    YearUnknown(i32),
    /// The table is not of the expected form; serde's words say where.
    #[error("not a table of working days: {0}")]
    Shape(#[from] serde_json::Error),
    /// A day that is not in its year, a duplicate day, or a range that runs backwards.
    #[error("the table of {year} has a day out of place: {day}")]
    Misplaced {
        /// The year of the table.
        year: i32,
        /// The day.
        day: Day,
    },
}

impl WorkdaysFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::YearUnknown(_) => Rule::WorkdaysYearUnknown,
            Self::Shape(_) => Rule::WorkdaysShape,
            Self::Misplaced { .. } => Rule::WorkdaysMisplaced,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: u32,
    #[serde(rename = "source")]
    _source: String,
    years: Vec<TableYear>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableYear {
    year: i32,
    off: Vec<(Day, Day)>,
    work: Vec<Day>,
}

impl Workdays {
    /// Reads a table: per year, holidays as ranges of days and make-up working days.
    pub fn from_json(text: &str) -> Result<Self, WorkdaysFault> {
        let table: Table = serde_json::from_str(text)?;
        let mut years = HashMap::new();
        for TableYear { year, off: ranges, work: made_up } in table.years {
            let mut known = Year::default();
            let place = |day: Day, set: &mut HashSet<Day>| {
                if day.year() == year && set.insert(day) {
                    Ok(())
                } else {
                    Err(WorkdaysFault::Misplaced { year, day })
                }
            };
            for (first, last) in ranges {
                if last < first || last.year() != year {
                    return Err(WorkdaysFault::Misplaced { year, day: last });
                }
                let mut day = first;
                while day <= last {
                    place(day, &mut known.off)?;
                    day = day.plus_days(1);
                }
            }
            for day in made_up {
                if known.off.contains(&day) {
                    return Err(WorkdaysFault::Misplaced { year, day });
                }
                place(day, &mut known.work)?;
            }
            years.insert(year, known);
        }
        Ok(Self { version: table.version, years })
    }

    /// The version of the table.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether `day` is worked.
    pub fn is_workday(&self, day: Day) -> Result<bool, WorkdaysFault> {
        let year = self.years.get(&day.year()).ok_or(WorkdaysFault::YearUnknown(day.year()))?;
        let weekend = matches!(day.date().weekday(), Weekday::Sat | Weekday::Sun);
        Ok(year.work.contains(&day) || !(weekend || year.off.contains(&day)))
    }

    /// The last day of a term of `count` working days; the day of receipt is not counted.
    pub fn due(&self, received: Day, count: u32) -> Result<Day, WorkdaysFault> {
        self.is_workday(received)?;
        let mut day = received;
        let mut left = count;
        while left > 0 {
            day = day.plus_days(1);
            if self.is_workday(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// Working days after `from` up to and including `to`; 0 if `to` is not later.
    pub fn between(&self, from: Day, to: Day) -> Result<u32, WorkdaysFault> {
        let mut count = 0;
        let mut day = from;
        while day < to {
            day = day.plus_days(1);
            count += u32::from(self.is_workday(day)?);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../../fixtures/vectors/workdays.txt");

    #[test]
    fn terms_end_as_the_published_calendar_says() {
        let table = Workdays::builtin().unwrap();
        let mut seen = 0;
        for line in VECTORS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let (start, count, due): (Day, u32, Day) =
                (parts[0].parse().unwrap(), parts[1].parse().unwrap(), parts[2].parse().unwrap());
            let naive: Day = parts[3].parse().unwrap();
            assert_eq!(table.due(start, count).unwrap(), due, "{line}");
            assert_eq!(table.between(start, due).unwrap(), count, "{line}");
            assert_ne!(table.due(start, count + 1).unwrap(), due, "one day more is another day: {line}");
            assert_ne!(due, naive, "a vector must differ from plain weekends: {line}");
            seen += 1;
        }
        assert_eq!(seen, 6);
    }

    #[test]
    fn a_year_that_is_not_arranged_is_an_error() {
        let table = Workdays::builtin().unwrap();
        assert!(matches!(table.due("2026-12-30".parse().unwrap(), 5), Err(WorkdaysFault::YearUnknown(2027))));
        assert!(matches!(table.due("2027-01-04".parse().unwrap(), 0), Err(WorkdaysFault::YearUnknown(2027))));
        assert!(matches!(table.due("2024-12-30".parse().unwrap(), 1), Err(WorkdaysFault::YearUnknown(2024))));
    }

    #[test]
    fn a_day_out_of_place_is_refused() {
        for (off, work) in [
            (r#"[["2026-01-03","2026-01-01"]]"#, "[]"),
            (r#"[["2026-12-30","2027-01-02"]]"#, "[]"),
            (r#"[["2026-01-01","2026-01-03"]]"#, r#"["2026-01-02"]"#),
            ("[]", r#"["2025-01-04"]"#),
        ] {
            let text =
                format!(r#"{{"version":1,"source":"","years":[{{"year":2026,"off":{off},"work":{work}}}]}}"#);
            assert!(
                matches!(Workdays::from_json(&text), Err(WorkdaysFault::Misplaced { year: 2026, .. })),
                "{text}"
            );
        }
    }
}
