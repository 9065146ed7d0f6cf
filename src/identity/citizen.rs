//! Citizen ID numbers (GB 11643-1999) and the numbers built like them: residence permits of residents of
//! Hong Kong, Macao and Taiwan (81, 82, 83) and the foreigners' permanent resident ID of 2023 (9…).
//!
//! Layout: 6 region, 8 birth date, 3 sequence (odd: male), 1 check character. Nothing else is inferred:
//! the region is where the number was first given out, not where anybody lives.

use std::fmt;

use super::CodeRule;
use super::check::citizen_check;
use crate::clock::Day;

/// Sex as the sequence number has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// 男, an odd sequence number.
    Male,
    /// 女, an even sequence number.
    Female,
}

/// The kind of persons with numbers of that prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PersonKind {
    /// A citizen with a resident ID card.
    Mainland,
    /// Residence permit of a resident of Hong Kong (81).
    HongKongPermit,
    /// Residence permit of a resident of Macao (82).
    MacaoPermit,
    /// Residence permit of a resident of Taiwan (83).
    TaiwanPermit,
    /// Permanent resident ID of a foreigner (9), since December 2023.
    ForeignPermanentResident {
        /// The nationality, ISO 3166-1 numeric (124 is Canada).
        nationality: u16,
    },
}

/// The facts that a number itself tells about its holder.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonFacts {
    /// Sex.
    pub sex: Sex,
    /// The birth date in the number.
    pub birth_date: Day,
    /// The first six digits; for [`PersonKind::ForeignPermanentResident`] not a region but 9, the province's
    /// two digits and the nationality.
    pub region: String,
    /// By the prefix.
    pub kind: PersonKind,
}

/// Region and birth date are fourteen of the number's digits, so they are not written.
impl fmt::Debug for PersonFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonFacts").field("sex", &self.sex).finish_non_exhaustive()
    }
}

/// Checks 18 characters and gives the birth date.
///
/// # Errors
/// In this order: length, alphabet, date_impossible, date_too_early, date_in_future, check_digit. The date
/// comes first because it tells the reader more than a check character does.
pub(super) fn check(text: &str, today: Option<Day>) -> Result<Day, CodeRule> {
    let body = text.get(..17).ok_or(CodeRule::Length)?;
    let last = text.get(17..).ok_or(CodeRule::Length)?;
    if text.len() != 18 {
        return Err(CodeRule::Length);
    }
    let expected = citizen_check(body).ok_or(CodeRule::Alphabet)?;
    let found = last.chars().next().ok_or(CodeRule::Length)?;
    if !(found.is_ascii_digit() || found == 'X') {
        return Err(CodeRule::Alphabet);
    }
    let born = birth_date(body, today)?;
    if found == expected { Ok(born) } else { Err(CodeRule::CheckDigit) }
}

/// The 18-character form of 15 digits: `19` before the year, check character at the end.
///
/// # Errors
/// alphabet, century_unknown (sequence 996–999 was kept for those born before 1900), and those of [`check`].
pub(super) fn upgrade(text: &str, today: Option<Day>) -> Result<String, CodeRule> {
    if text.len() != 15 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CodeRule::Alphabet);
    }
    let (region, rest) = text.split_at_checked(6).ok_or(CodeRule::Length)?;
    if matches!(rest.get(6..), Some("996" | "997" | "998" | "999")) {
        return Err(CodeRule::CenturyUnknown);
    }
    let mut number = format!("{region}19{rest}");
    let last = citizen_check(&number).ok_or(CodeRule::Alphabet)?;
    number.push(last);
    birth_date(&number, today)?;
    Ok(number)
}

/// The birth date at characters 7 to 14.
fn birth_date(number: &str, today: Option<Day>) -> Result<Day, CodeRule> {
    let field = |from: usize, to: usize| number.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let (year, month, day) = (field(6, 10), field(10, 12), field(12, 14));
    let born = match (year.and_then(|year| i32::try_from(year).ok()), month, day) {
        (Some(year), Some(month), Some(day)) => Day::new(year, month, day),
        _ => None,
    };
    let born = born.ok_or(CodeRule::DateImpossible)?;
    if born.year() < 1800 {
        return Err(CodeRule::DateTooEarly);
    }
    match today {
        Some(today) if born > today => Err(CodeRule::DateInFuture),
        _ => Ok(born),
    }
}

/// The facts in a number that [`check`] accepted.
pub(super) fn facts(number: &str) -> Option<PersonFacts> {
    let birth_date = birth_date(number, None).ok()?;
    let sequence_end = number.get(16..17)?.parse::<u8>().ok()?;
    let sex = if sequence_end % 2 == 1 { Sex::Male } else { Sex::Female };
    Some(PersonFacts { sex, birth_date, region: number.get(..6)?.to_owned(), kind: kind(number)? })
}

fn kind(number: &str) -> Option<PersonKind> {
    Some(match number.get(..2)? {
        "81" => PersonKind::HongKongPermit,
        "82" => PersonKind::MacaoPermit,
        "83" => PersonKind::TaiwanPermit,
        _ if number.starts_with('9') => {
            PersonKind::ForeignPermanentResident { nationality: number.get(3..6)?.parse().ok()? }
        }
        _ => PersonKind::Mainland,
    })
}
