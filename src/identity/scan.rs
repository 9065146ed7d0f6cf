//! Does a text give the number of one holder away? For the rules that keep numbers out of identifiers and leaves (I3).

use super::{HolderCode, citizen, written};
use crate::text::is_unseen;

/// Whether `text` contains this holder's own code, the form of it that is hashed, or its 15-digit form,
/// in capitals or small letters, of full width or in other digits, with or without what nobody sees between.
pub fn contains_code_of(text: &str, holder: &HolderCode) -> bool {
    let text: String = text.chars().filter(|c| !is_unseen(*c)).map(plain).collect();
    let contains = |code: &str| {
        text.as_bytes().windows(code.len()).any(|window| window.eq_ignore_ascii_case(code.as_bytes()))
    };
    contains(holder.key_code()) || legacy_form(holder).is_some_and(|legacy| contains(&legacy))
}

/// The least characters of a number that a text can name: fewer stand in many texts.
const NAMING: usize = 5;

/// Whether a text of somebody who asks for this holder names the holder by the very number asked for, also in groups.
pub fn names_holder(text: &str, holder: &HolderCode) -> bool {
    let joined: String = text.chars().map(plain).filter(|c| c.is_alphanumeric()).collect();
    holder.key_code().chars().count() >= NAMING
        && (contains_code_of(text, holder) || contains_code_of(&joined, holder))
}

/// A character in its plain width: digits of any script, letters of full width.
fn plain(c: char) -> char {
    match (written::digit(c), u32::from(c)) {
        (Some(digit), _) if c.is_numeric() => char::from(digit),
        (_, wide @ 0xFF01..=0xFF5E) => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// The 15-digit form of a citizen number: only births of 1900 to 1999 with a sequence below 996 had one.
pub fn legacy_form(holder: &HolderCode) -> Option<String> {
    let number = holder.person().map(|_| holder.as_str())?;
    let (region, rest) = number.split_at_checked(6)?;
    let short = format!("{region}{}", rest.strip_prefix("19")?.get(..9)?);
    citizen::upgrade(&short, None).is_ok_and(|upgraded| upgraded == number).then_some(short)
}
