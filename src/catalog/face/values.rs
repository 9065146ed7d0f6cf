//! Checks of single texts by format. No regular expressions: an import checks tens of thousands of faces a second.

use crate::catalog::face::{FaceRule, Format};
use crate::clock::Day;
use crate::identity::is_printed_code;
use crate::text::is_unseen;

/// The rule that `text` breaks, if any; the caller checks lengths.
pub(super) fn broken(format: Format, text: &str, multiline: bool) -> Option<FaceRule> {
    match format {
        Format::Date => day(text).is_none().then_some(FaceRule::DateForm),
        Format::DateOrLong => (text != "长期" && day(text).is_none()).then_some(FaceRule::DateOrLongForm),
        Format::PartialDate => (!partial_date(text)).then_some(FaceRule::PartialDateForm),
        Format::Time => (!clock_time(text)).then_some(FaceRule::TimeForm),
        Format::Amount | Format::Area => (!decimal(text)).then_some(FaceRule::DecimalForm),
        Format::HolderCode => (!is_printed_code(text)).then_some(FaceRule::HolderCodeForm),
        Format::SealedReference => {
            let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            (!(text.len() == 64 && text.bytes().all(hex))).then_some(FaceRule::SealedReferenceForm)
        }
        Format::Identifier if text.chars().any(char::is_whitespace) => Some(FaceRule::IdentifierForm),
        Format::Identifier | Format::Text | Format::Address | Format::Code => {
            let unseen = text.chars().any(|c| is_unseen(c) && !(multiline && c == '\n'));
            let lost =
                || text.contains(char::REPLACEMENT_CHARACTER).then_some(FaceRule::ReplacementCharacter);
            unseen.then_some(FaceRule::ControlCharacter).or_else(lost)
        }
    }
}

/// Reads YYYY-MM-DD where the day exists.
pub(super) fn day(text: &str) -> Option<Day> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    Day::new(i32::try_from(number(bytes, 0, 4)?).ok()?, number(bytes, 5, 7)?, number(bytes, 8, 10)?)
}

/// The first and the last day that a text may mean: of a date or a clock time that day, of a year or a month all its days.
pub(in crate::catalog) fn span(text: &str) -> Option<(Day, Day)> {
    let bytes = text.as_bytes();
    let year = || i32::try_from(number(bytes, 0, 4)?).ok();
    match bytes.len() {
        4 => Some((Day::new(year()?, 1, 1)?, Day::new(year()?, 12, 31)?)),
        7 => {
            let first = Day::new(year()?, number(bytes, 5, 7)?, 1)?;
            // The day before the first of the next month.
            let next = match number(bytes, 5, 7)? {
                12 => Day::new(year()?.checked_add(1)?, 1, 1)?,
                month => Day::new(year()?, month + 1, 1)?,
            };
            Some((first, next.plus_days(-1)))
        }
        10 | 16 => day(text.get(..10)?).map(|day| (day, day)),
        _ => None,
    }
}

fn partial_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.len() {
        4 => number(bytes, 0, 4).is_some(),
        7 => {
            let month = number(bytes, 5, 7).is_some_and(|month| (1..=12).contains(&month));
            number(bytes, 0, 4).is_some() && bytes.get(4) == Some(&b'-') && month
        }
        _ => day(text).is_some(),
    }
}

fn clock_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let below = |from, end| number(bytes, from, from + 2).is_some_and(|value| value < end);
    bytes.len() == 16
        && bytes.get(10) == Some(&b'T')
        && bytes.get(13) == Some(&b':')
        && text.get(..10).and_then(day).is_some()
        && below(11, 24)
        && below(14, 60)
}

/// `0`, `12`, `12.50`: up to 15 digits, then up to 6; no sign, no leading zero, no exponent.
fn decimal(text: &str) -> bool {
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) => (whole, Some(rest)),
        None => (text, None),
    };
    let digits =
        |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole, 15) && (whole == "0" || !whole.starts_with('0')) && rest.is_none_or(|rest| digits(rest, 6))
}

fn number(bytes: &[u8], from: usize, to: usize) -> Option<u32> {
    let part = bytes.get(from..to)?;
    part.iter().try_fold(0, |sum: u32, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}
