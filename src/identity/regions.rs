//! Region codes (GB/T 2260), of today and of the past: names for pages, and remarks on numbers that carry a
//! code which is unknown or no longer in force.
//!
//! The list is `schema/regions.tsv`, compiled in; [`Regions::with`] lays further rows (the demo's) over it.

use std::borrow::Cow;
use std::sync::OnceLock;

const BUILTIN: &str = include_str!("../../schema/regions.tsv");

/// Names that are in the list for grouping only; a full name leaves them out.
const GROUPING: [&str; 6] = [
    "市辖区",
    "县",
    "省直辖县级行政单位",
    "省直辖县级行政区划",
    "自治区直辖县级行政单位",
    "自治区直辖县级行政区划",
];

/// A list of regions could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("regions line {line}: {rule}")]
pub struct RegionListFault {
    /// The line, from 1.
    pub line: usize,
    /// The rule of the layout that it breaks: `columns`, `code`, `name`, `year`.
    pub rule: &'static str,
}

/// One period in which a code had a name.
#[derive(Debug, Clone)]
struct Period<'a> {
    code: u32,
    name: Cow<'a, str>,
    from: Option<i32>,
    until: Option<i32>,
}

/// The standing of a code today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionStatus<'a> {
    /// In force.
    Current {
        /// Its name.
        name: &'a str,
        /// The first year under this name, where the sources reach back that far.
        from: Option<i32>,
    },
    /// No longer in force.
    Abolished {
        /// Its last name.
        name: &'a str,
        /// The last year in which it was in force.
        until: i32,
    },
    /// In no list.
    Unknown,
}

/// The region codes, sorted by code and first year.
#[derive(Debug, Clone)]
pub struct Regions {
    periods: Vec<Period<'static>>,
}

impl Regions {
    /// The list of the standard, read once.
    pub fn builtin() -> &'static Regions {
        static REGIONS: OnceLock<Regions> = OnceLock::new();
        // A test covers the compiled-in list; a line that cannot be read would leave its code unknown.
        REGIONS.get_or_init(|| {
            let periods = lines(BUILTIN).filter_map(|(_, row)| period(row).ok());
            Self::sorted(periods.collect())
        })
    }

    /// The list of the standard with further rows of the same layout: code, name, from, until, separated by
    /// tabs; lines that begin with `#` are comments.
    ///
    /// # Errors
    /// The first line that breaks the layout.
    pub fn with(tsv: &str) -> Result<Regions, RegionListFault> {
        let mut periods = Self::builtin().periods.clone();
        for (line, row) in lines(tsv) {
            let read = period(row).map_err(|rule| RegionListFault { line, rule })?;
            periods.push(Period {
                code: read.code,
                name: Cow::Owned(read.name.into_owned()),
                from: read.from,
                until: read.until,
            });
        }
        Ok(Self::sorted(periods))
    }

    fn sorted(mut periods: Vec<Period<'static>>) -> Regions {
        periods.sort_by_key(|period| (period.code, period.from));
        Regions { periods }
    }

    /// Whether six digits are a code in force, a code of the past, or neither.
    pub fn status(&self, code: &str) -> RegionStatus<'_> {
        let periods = self.periods(code);
        if let Some(open) = periods.iter().rev().find(|period| period.until.is_none()) {
            return RegionStatus::Current { name: &open.name, from: open.from };
        }
        let last =
            periods.iter().filter_map(|period| Some((period, period.until?))).max_by_key(|(_, until)| *until);
        match last {
            Some((period, until)) => RegionStatus::Abolished { name: &period.name, until },
            None => RegionStatus::Unknown,
        }
    }

    /// The present name, or the last one of a code that has ended.
    pub fn name(&self, code: &str) -> Option<&str> {
        match self.status(code) {
            RegionStatus::Current { name, .. } | RegionStatus::Abolished { name, .. } => Some(name),
            RegionStatus::Unknown => None,
        }
    }

    /// The name that the code had in `year`.
    pub fn name_on(&self, code: &str, year: i32) -> Option<&str> {
        let in_force = |period: &&Period| {
            period.from.is_none_or(|from| from <= year) && period.until.is_none_or(|until| year <= until)
        };
        self.periods(code).iter().rev().find(in_force).map(|period| &*period.name)
    }

    /// Whether the code was in force in `year`.
    pub fn known_on(&self, code: &str, year: i32) -> bool {
        self.name_on(code, year).is_some()
    }

    /// Province, city and county in one: `示范省示范市城东区`; of a code that has ended, as in its last year.
    pub fn full_name(&self, code: &str) -> Option<String> {
        match self.status(code) {
            RegionStatus::Current { name, .. } => Some(self.path(code, name, None)),
            RegionStatus::Abolished { name, until } => Some(self.path(code, name, Some(until))),
            RegionStatus::Unknown => None,
        }
    }

    /// The full name as it was in `year`.
    pub fn full_name_on(&self, code: &str, year: i32) -> Option<String> {
        self.name_on(code, year).map(|name| self.path(code, name, Some(year)))
    }

    fn path(&self, code: &str, name: &str, year: Option<i32>) -> String {
        let mut path = String::new();
        let above = [(2, "0000"), (4, "00")];
        for parent in above.iter().filter_map(|(keep, zeros)| Some(format!("{}{zeros}", code.get(..*keep)?)))
        {
            if parent == code {
                break;
            }
            let then = year.and_then(|year| self.name_on(&parent, year));
            append(&mut path, then.or_else(|| self.name(&parent)).unwrap_or_default());
        }
        append(&mut path, name);
        if path.is_empty() { name.to_owned() } else { path }
    }

    fn periods(&self, code: &str) -> &[Period<'static>] {
        let Some(code) = number(code) else { return &[] };
        let first = self.periods.partition_point(|period| period.code < code);
        let rest = self.periods.get(first..).unwrap_or_default();
        rest.get(..rest.partition_point(|period| period.code == code)).unwrap_or_default()
    }
}

/// A city province (北京市) names itself twice in some lists: once is enough.
fn append(path: &mut String, name: &str) {
    if !GROUPING.contains(&name) && path != name {
        path.push_str(name);
    }
}

fn number(code: &str) -> Option<u32> {
    let digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    if digits { code.parse().ok() } else { None }
}

fn lines(tsv: &str) -> impl Iterator<Item = (usize, &str)> {
    tsv.lines()
        .enumerate()
        .map(|(at, row)| (at + 1, row))
        .filter(|(_, row)| !row.is_empty() && !row.starts_with('#'))
}

fn period(row: &str) -> Result<Period<'_>, &'static str> {
    let mut columns = row.split('\t');
    let (Some(code), Some(name), Some(from), Some(until), None) =
        (columns.next(), columns.next(), columns.next(), columns.next(), columns.next())
    else {
        return Err("columns");
    };
    if name.is_empty() {
        return Err("name");
    }
    let code = number(code).ok_or("code")?;
    Ok(Period { code, name: Cow::Borrowed(name), from: year(from)?, until: year(until)? })
}

fn year(text: &str) -> Result<Option<i32>, &'static str> {
    match text {
        "" => Ok(None),
        _ if text.len() == 4 => text.parse().map(Some).ok().ok_or("year"),
        _ => Err("year"),
    }
}
