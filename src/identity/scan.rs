//! Does a text contain a number? For the rules that keep numbers out of identifiers, logs and leaves (I3).

use std::ops::Range;

use super::{HolderCode, citizen};

/// The byte ranges of all 18-character windows of `text` that have a real birth date (from 1800 on) and the
/// right check character; a small `x` counts. Numbers inside longer runs (a disability card's is the number
/// and two digits) are found; windows may overlap.
pub fn citizen_numbers(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut digits = 0_usize;
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        let body = digits;
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        if body < 17 || !(byte.is_ascii_digit() || byte.eq_ignore_ascii_case(&b'x')) {
            return None;
        }
        let window = at.checked_sub(17)?..at + 1;
        let number = text.get(window.clone())?;
        let real = match byte {
            b'x' => citizen::check(&number.to_ascii_uppercase(), None),
            _ => citizen::check(number, None),
        };
        real.is_ok().then_some(window)
    })
}

/// Whether any window of `text` is a citizen number (see [`citizen_numbers`]).
pub fn contains_citizen_number(text: &str) -> bool {
    citizen_numbers(text).next().is_some()
}

/// Whether `text` contains this holder's own code, the form of it that is hashed, or its 15-digit form,
/// in capitals or small letters.
pub fn contains_code_of(text: &str, holder: &HolderCode) -> bool {
    let contains = |code: &str| {
        text.as_bytes().windows(code.len()).any(|window| window.eq_ignore_ascii_case(code.as_bytes()))
    };
    contains(holder.key_code()) || legacy_form(holder).is_some_and(|legacy| contains(&legacy))
}

/// The 15-digit form of a citizen number: only births of 1900 to 1999 with a sequence below 996 had one.
pub fn legacy_form(holder: &HolderCode) -> Option<String> {
    let number = holder.person().map(|_| holder.as_str())?;
    let (region, rest) = number.split_at_checked(6)?;
    let short = format!("{region}{}", rest.strip_prefix("19")?.get(..9)?);
    citizen::upgrade(&short, None).is_ok_and(|upgraded| upgraded == number).then_some(short)
}
