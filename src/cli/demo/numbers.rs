//! Numbers with right check characters, in regions that no place has (19, 29), and days.

use chrono::Datelike;

use super::random::SplitMix64;
use crate::clock::{Day, Moment};
use crate::identity::{citizen_check, credit_check, organisation_check};

/// A citizen number: six digits of region, birth date, sequence (odd: male), check character.
pub fn citizen(region: &str, born: Day, sequence: u32) -> String {
    let date = born.date();
    let mut number = format!("{region}{:04}{:02}{:02}{sequence:03}", date.year(), date.month(), date.day());
    number.extend(citizen_check(&number));
    number
}

/// A credit code whose organisation code is `MD1nnnnn`, which no register gives out in that form.
pub fn credit(prefix: &str, region: &str, n: u32) -> String {
    let mut organisation = format!("MD1{n:05}");
    organisation.extend(organisation_check(&organisation));
    let mut code = format!("{prefix}{}{organisation}", region.get(..6).unwrap_or(region));
    code.extend(credit_check(&code));
    code
}

/// 32 hexadecimal digits that stand for the keyed hash of household number and office.
pub fn household_id(household_no: &str) -> String {
    let seed = household_no.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let mut stream = SplitMix64::new(seed);
    format!("{:016x}{:016x}", stream.number(), stream.number())
}

/// A day of the demo's stories. A day that does not exist becomes the epoch, and the tests fail.
pub fn day(year: i32, month: u32, day: u32) -> Day {
    Day::new(year, month, day).unwrap_or_else(|| Moment::from_micros(0).day())
}

/// The day that lies so many years before `target`; 29 February becomes 28 February in a year without one.
pub fn years_before(target: Day, years: u32) -> Day {
    let date = target.date();
    let year = target.year().saturating_sub(i32::try_from(years).unwrap_or(0));
    Day::new(year, date.month(), date.day()).unwrap_or_else(|| day(year, date.month(), 28))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_stories_come_out() {
        assert_eq!(citizen("190101", day(1988, 3, 12), 2), "190101198803120021");
        assert_eq!(citizen("190104", day(1904, 1, 1), 1), "190104190401010017");
        assert_eq!(credit("91", "190101", 1), "91190101MD1000018C");
        assert_eq!(credit("52", "190101", 6), "52190101MD1000069M");
        assert_eq!(credit("11", "190101001", 5), "11190101MD10000500");
    }

    #[test]
    fn a_household_has_one_link() {
        assert_eq!(household_id("190101000001").len(), 32);
        assert_eq!(household_id("190101000001"), household_id("190101000001"));
        assert_ne!(household_id("190101000001"), household_id("190101000002"));
    }

    #[test]
    fn a_term_ends_on_its_target() {
        assert_eq!(years_before(day(2026, 12, 12), 10).plus_years(10), day(2026, 12, 12));
        assert_eq!(years_before(day(2028, 2, 29), 5), day(2023, 2, 28));
    }
}
