//! Time as a parameter (I9). The only file that asks the machine what time it is.
//!
//! An instant is a [`Moment`] of whole microseconds, so the signed value equals the value that a database
//! returns. A legal date is a [`Day`] of UTC+8: it turns at 00:00 there, wherever the server stands.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::closed::{self, TextForm};

/// Seconds by which legal time in China is ahead of UTC.
const LEGAL_OFFSET_S: i64 = 8 * 3600;
const RFC3339_MICROS: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// An instant in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The instant `micros` microseconds after the epoch. An instant beyond year 9999 becomes the last one of
    /// that year.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(-62_135_596_800_000_000, 253_402_300_799_999_999))
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The legal day (UTC+8) in which this instant lies.
    pub fn day(self) -> Day {
        let shifted = self.datetime() + TimeDelta::seconds(LEGAL_OFFSET_S);
        Day(shifted.date())
    }

    /// This instant moved by whole seconds, forward or back.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The month of the legal day as `YYYYMM`.
    pub fn legal_month(self) -> i32 {
        let day = self.day().0;
        day.year() * 100 + i32::try_from(day.month()).unwrap_or(0)
    }

    /// Clock time in UTC+8 as shown on pages: `2026-11-22 09:41:07`.
    pub fn legal_text(self) -> String {
        (self.datetime() + TimeDelta::seconds(LEGAL_OFFSET_S)).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The 27 bytes of [`fmt::Display`], without chrono's formatting machinery: each answer has eight instants.
    pub fn text(self) -> [u8; 27] {
        let (days, micros) = (self.0.div_euclid(86_400_000_000), self.0.rem_euclid(86_400_000_000));
        let (second, micros) = (micros / 1_000_000, micros % 1_000_000);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let (year, month, day) = civil(days);
        for (end, count, value) in [
            (4, 4, year),
            (7, 2, month),
            (10, 2, day),
            (13, 2, second / 3600),
            (16, 2, second / 60 % 60),
            (19, 2, second % 60),
            (26, 6, micros),
        ] {
            digits(&mut text, end, count, value);
        }
        text
    }

    /// An instant as people write it: RFC 3339 with an offset, the seconds and any fraction of them left to the
    /// writer. What is finer than a microsecond is cut off.
    pub fn of_rfc3339(text: &str) -> Result<Self, TimeFault> {
        const FAULT: TimeFault = TimeFault { expected: "an instant as 2026-11-22T09:30:00+08:00, or a day" };
        let whole = DateTime::parse_from_rfc3339(text);
        let whole = whole.or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z"));
        let utc =
            |_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").map(|at| at.and_utc().fixed_offset());
        whole.or_else(utc).ok().map(|at| Self(at.timestamp_micros())).ok_or(FAULT)
    }

    fn datetime(self) -> NaiveDateTime {
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH).naive_utc()
    }
}

impl Moment {
    /// Reads an instant as people and systems write one: RFC 3339 with any offset and any precision, of which
    /// what is finer than a microsecond is left out; or a day, for its first instant in UTC+8. What is signed or
    /// stored has the one form of [`FromStr`].
    ///
    /// # Errors
    /// [`TimeFault`] for anything else.
    pub fn read(text: &str) -> Result<Self, TimeFault> {
        const FAULT: TimeFault =
            TimeFault { expected: "an instant as 2026-11-22T09:02:03+08:00 or a day as 2026-11-22" };
        if let Ok(day) = text.parse::<Day>() {
            return Ok(day.start());
        }
        let read = DateTime::parse_from_rfc3339(text).ok().ok_or(FAULT)?;
        let moment = Self::from_micros(read.timestamp_micros());
        if moment.0 == read.timestamp_micros() { Ok(moment) } else { Err(FAULT) }
    }
}

/// For members of requests: any form of [`Moment::read`].
pub mod any_moment {
    use serde::{Deserialize, Deserializer, de::Error as _};

    use super::Moment;

    /// # Errors
    /// Where the text is no instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Moment::read(&text).map_err(D::Error::custom)
    }

    /// The same for a member that may be absent or null.
    ///
    /// # Errors
    /// Where the text is no instant.
    pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Moment>, D::Error> {
        let text = Option::<std::borrow::Cow<str>>::deserialize(deserializer)?;
        text.map(|text| Moment::read(&text).map_err(D::Error::custom)).transpose()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an instant or a day in the one form that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}")]
pub struct TimeFault {
    /// The form that would have been accepted.
    pub expected: &'static str,
}

impl FromStr for Moment {
    type Err = TimeFault;

    /// Accepts only the form that [`fmt::Display`] writes: six digits of fraction and `Z`.
    fn from_str(text: &str) -> Result<Self, TimeFault> {
        const FAULT: TimeFault = TimeFault { expected: "an instant as 2026-11-22T01:02:03.000000Z" };
        let parsed = NaiveDateTime::parse_from_str(text, RFC3339_MICROS).ok().ok_or(FAULT)?;
        let moment = Self(parsed.and_utc().timestamp_micros());
        if moment.to_string() == text { Ok(moment) } else { Err(FAULT) }
    }
}

/// Year, month and day of a count of days since 1970-01-01, proleptic Gregorian, by 400-year eras that begin
/// on 1 March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let slot = (5 * of_year + 2) / 153;
    let day = of_year - (153 * slot + 2) / 5 + 1;
    let month = if slot < 10 { slot + 3 } else { slot - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Writes the last `count` digits of a value so that they end before `end`.
fn digits(text: &mut [u8], end: usize, count: usize, mut value: i64) {
    for place in text.iter_mut().take(end).rev().take(count) {
        *place = b'0' + u8::try_from(value.rem_euclid(10)).unwrap_or(0);
        value /= 10;
    }
}

/// A legal date: a calendar day of UTC+8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// The day, where it exists in the Gregorian calendar.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// The first instant of the day, 00:00 UTC+8.
    pub fn start(self) -> Moment {
        let midnight = self.0.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        Moment::from_micros(midnight - LEGAL_OFFSET_S * 1_000_000)
    }

    /// The calendar date itself.
    pub fn date(self) -> NaiveDate {
        self.0
    }

    /// The year, four digits.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// This day moved by whole days; it never goes past the end of the calendar.
    pub fn plus_days(self, days: i64) -> Self {
        let step = Days::new(days.unsigned_abs());
        let moved = if days < 0 { self.0.checked_sub_days(step) } else { self.0.checked_add_days(step) };
        Self(moved.unwrap_or(self.0))
    }

    /// The same day `years` later; 29 February becomes 28 February in a year without one.
    pub fn plus_years(self, years: u32) -> Self {
        Self(self.0.checked_add_months(Months::new(years * 12)).unwrap_or(self.0))
    }

    /// Completed years between this day (a birth) and `on`; 0 if `on` lies before it.
    pub fn years_until(self, on: Day) -> u32 {
        on.0.years_since(self.0).unwrap_or(0)
    }

    /// Days from the epoch, for columns that sort by day.
    pub fn number(self) -> i32 {
        self.0.to_epoch_days()
    }

    /// The day with that number, where the calendar reaches it.
    pub fn from_number(days: i32) -> Option<Self> {
        NaiveDate::from_epoch_days(days).map(Self)
    }

    /// The 10 bytes of [`fmt::Display`]; none for a year outside 0 to 9999, which has more.
    pub fn text(self) -> Option<[u8; 10]> {
        let mut text = *b"0000-00-00";
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        (0..=9999).contains(&year).then_some(())?;
        digits(&mut text, 4, 4, year.into());
        digits(&mut text, 7, 2, month.into());
        digits(&mut text, 10, 2, day.into());
        Some(text)
    }
}

impl fmt::Display for Day {
    /// Written by hand: every record has several days, and parsing a format string each time costs more than
    /// a hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => write!(f, "{}", self.0.format("%Y-%m-%d")),
        }
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = TimeFault;

    /// Accepts `YYYY-MM-DD` only.
    fn from_str(text: &str) -> Result<Self, TimeFault> {
        const FAULT: TimeFault = TimeFault { expected: "a day as 2026-11-22" };
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return Err(FAULT) };
        let number = |digits: &[&u8]| {
            digits.iter().try_fold(0, |number: u32, digit| {
                digit.is_ascii_digit().then(|| number * 10 + u32::from(**digit - b'0'))
            })
        };
        let year = number(&[y1, y2, y3, y4]).and_then(|year| i32::try_from(year).ok());
        let (month, day) = (number(&[m1, m2]), number(&[d1, d2]));
        let (Some(year), Some(month), Some(day)) = (year, month, day) else { return Err(FAULT) };
        Self::new(year, month, day).ok_or(FAULT)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.text() {
            Some(text) => to.serialize_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => to.collect_str(self),
        }
    }
}

impl utoipa::PartialSchema for Moment {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let about = "An instant, RFC 3339. Answers have it in UTC with six digits; a request may give any precision and offset.";
        closed::text(about, TextForm::Standard(utoipa::openapi::KnownFormat::DateTime))
    }
}

impl utoipa::ToSchema for Moment {}

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        closed::text(
            "A legal day, a day of UTC+8: YYYY-MM-DD.",
            TextForm::Standard(utoipa::openapi::KnownFormat::Date),
        )
    }
}

impl utoipa::ToSchema for Day {}

macro_rules! read_from_text {
    ($($name:ty),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}
read_from_text!(Moment, Day);

/// The program's source of the present: the machine's clock, or one that a test sets.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock, cut to microseconds.
    #[default]
    System,
    /// A clock that stands where it was last set; shared by its clones.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until [`Clock::set`] moves it.
    pub fn fixed(at: Moment) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.micros())))
    }

    /// The present instant.
    pub fn now(&self) -> Moment {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
            Self::System => Moment::from_micros(chrono::Utc::now().timestamp_micros()),
            Self::Fixed(at) => Moment::from_micros(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock; does nothing to the machine's clock.
    pub fn set(&self, at: Moment) {
        if let Self::Fixed(cell) = self {
            cell.store(at.micros(), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i9_a_day_turns_at_midnight_of_utc_plus_8() {
        let before: Moment = "2026-11-21T15:59:59.999999Z".parse().unwrap();
        assert_eq!(before.day().to_string(), "2026-11-21");
        assert_eq!(Moment::from_micros(before.micros() + 1).day().to_string(), "2026-11-22");
        assert_eq!(before.day().plus_days(1).start().micros(), before.micros() + 1);
    }

    #[test]
    fn i9_an_instant_has_one_text() {
        for refused in
            ["2026-11-21T15:59:59Z", "2026-11-21T15:59:59.000000+00:00", "2026-11-21 15:59:59.000000Z"]
        {
            assert!(refused.parse::<Moment>().is_err(), "{refused}");
        }
        assert!("2026-2-3".parse::<Day>().is_err());
        assert!("2025-02-29".parse::<Day>().is_err());
        for refused in
            ["+2025-01-01", "12025-01-01", "2025-1-011", "2025/01/01", "２025-01-0", "202a-01-01", ""]
        {
            assert!(refused.parse::<Day>().is_err(), "{refused}");
        }
        for text in ["0001-01-01", "2024-02-29", "9999-12-31"] {
            let day: Day = text.parse().unwrap();
            assert_eq!(day.to_string(), text);
            assert_eq!(day.date().format("%Y-%m-%d").to_string(), text);
        }
    }

    #[test]
    fn leap_day_births_come_of_age_on_the_calendar() {
        let born = Day::new(2008, 2, 29).unwrap();
        assert_eq!(born.years_until(Day::new(2024, 2, 28).unwrap()), 15);
        assert_eq!(born.years_until(Day::new(2024, 2, 29).unwrap()), 16);
        assert_eq!(born.plus_years(1), Day::new(2009, 2, 28).unwrap());
    }
}
