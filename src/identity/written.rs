//! A person's number as people write it into a text: in other digits, in groups, with marks between that nobody
//! sees, in the 15 digits of before 1999.

use super::{RegionStatus, Regions, citizen, digits};
use crate::text::is_unseen;

/// A digit of a text, or the X at the end of a number.
#[derive(Clone, Copy)]
struct Digit {
    /// `0`–`9`, `X`.
    ascii: u8,
    /// Something that is no digit stands before it, or nothing.
    apart: bool,
    /// A letter or an ideograph stands before it.
    lettered: bool,
}

/// Birth years beyond this stand in reference numbers only.
const LAST_YEAR: i32 = 2099;
/// More marks than this between two groups of digits make two texts of them.
const MARKS: usize = 8;
/// The same for letters and ideographs (`1988年03月12日`).
const LETTERS: usize = 1;

/// Whether a text holds a citizen number, in whatever digits, with blanks, hyphens, dots, invisible characters or
/// single letters between them, or one of 15 digits.
///
/// A long reference number is none. Eighteen digits in one piece have the date and the check character of a
/// number. In groups they have its region too. Fifteen digits have no check character: they are whole groups without
/// a letter between, the region is one of the table (or of the demo, 1901), and the date is real.
pub fn contains_citizen_number(text: &str) -> bool {
    let mut run: Vec<Digit> = Vec::new();
    let (mut marks, mut letters) = (0, 0);
    for c in text.chars() {
        let lettered = letters > 0;
        let apart = run.is_empty() || marks > 0 || lettered;
        if let Some(ascii) = digit(c) {
            run.push(Digit { ascii, apart, lettered });
            (marks, letters) = (0, 0);
            continue;
        }
        if is_x(c) && run.len() >= 17 {
            run.push(Digit { ascii: b'X', apart, lettered });
            if holds_number(&run) {
                return true;
            }
            run.pop();
        }
        if is_unseen(c) || !c.is_alphanumeric() {
            marks += 1;
        } else {
            letters += 1;
        }
        if marks > MARKS || letters > LETTERS {
            if holds_number(&std::mem::take(&mut run)) {
                return true;
            }
            (marks, letters) = (0, 0);
        }
    }
    holds_number(&run)
}

fn holds_number(run: &[Digit]) -> bool {
    run.len() >= 15
        && (run.windows(18).enumerate().any(|(at, window)| is_long(run, at, window)) || holds_short(run))
}

fn is_long(run: &[Digit], at: usize, window: &[Digit]) -> bool {
    let text: String = window.iter().map(|digit| char::from(digit.ascii)).collect();
    if citizen::check(&text, None).is_err()
        || citizen::facts(&text).is_none_or(|facts| facts.birth_date.year() > LAST_YEAR)
    {
        return false;
    }
    let in_groups = window.iter().skip(1).any(|digit| digit.apart);
    !in_groups || is_region(&text) || (!has_letter(window) && is_whole(run, at, 18) && is_province(&text))
}

fn holds_short(run: &[Digit]) -> bool {
    run.windows(15).enumerate().any(|(at, window)| {
        let text: String = window.iter().map(|digit| char::from(digit.ascii)).collect();
        !has_letter(window)
            && is_whole(run, at, 15)
            && is_region(&text)
            && citizen::upgrade(&text, None).is_ok()
    })
}

/// Whether a letter stands between these digits: so they stand in random identifiers, too.
fn has_letter(window: &[Digit]) -> bool {
    window.iter().skip(1).any(|digit| digit.lettered)
}

/// Whether so many digits from `at` on are whole groups.
fn is_whole(run: &[Digit], at: usize, count: usize) -> bool {
    let begins = |place: usize| run.get(place).is_none_or(|digit| digit.apart);
    begins(at) && begins(at + count)
}

/// Whether the first six digits are a region of the table, today's or an earlier one, or of the demo.
fn is_region(number: &str) -> bool {
    let code = number.get(..6).unwrap_or_default();
    code.starts_with("1901") || Regions::builtin().status(code) != RegionStatus::Unknown
}

/// Whether the first digits are a province, of a foreigner's number too.
fn is_province(number: &str) -> bool {
    let province = match number.strip_prefix('9') {
        Some(rest) => rest.get(..2),
        None => number.get(..2),
    };
    let of_table = |code: &str| Regions::builtin().status(&format!("{code}0000")) != RegionStatus::Unknown;
    number.starts_with("1901") || province.is_some_and(of_table)
}

/// A digit in any form that a reader takes for one, as ASCII.
pub(super) fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok().filter(u8::is_ascii_digit);
    }
    digits::value(c).map(|value| b'0' + value)
}

/// What stands for the check character X: what looks like it, and what says ten.
const TENS: &str = concat!(
    "XxＸｘⅩⅹХхΧχꭓ\u{A7B3}ᕁ᙭ˣₓᵡᵪ×✕✖✗✘❌❎⨉⨯╳☓☒🗙🗴乂㐅",
    "*＊∗⁎✱﹡㊉㈩⑩❿➉➓⑽⒑〸十拾什\u{2F17}\u{F973}\u{F9FD}십㉈⒳Ⓧⓧ🄧🅇🅧🆇",
);

/// The check character X, however it is written.
fn is_x(c: char) -> bool {
    TENS.contains(c) || is_mathematical_x(c)
}

/// Latin X and x, and Greek chi, in the alphabets of mathematics.
fn is_mathematical_x(c: char) -> bool {
    let code = u32::from(c);
    match code {
        0x1D400..=0x1D6A3 => matches!((code - 0x1D400) % 52, 23 | 49),
        0x1D6A8..=0x1D7C9 => matches!((code - 0x1D6A8) % 58, 22 | 48),
        _ => false,
    }
}
