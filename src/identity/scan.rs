//! Does a text give the number of one holder away? For the rules that keep numbers out of identifiers and leaves (I3).

use super::{CodeType, HolderCode, citizen, written};
use crate::text::is_unseen;

/// Whether `text` contains this holder's own code, the form of it that is hashed, or its 15-digit form,
/// in capitals or small letters, of full width or in other digits, with or without what nobody sees between.
pub fn contains_code_of(text: &str, holder: &HolderCode) -> bool {
    contains(text, holder.key_code(), legacy_form(holder).as_deref())
}

fn contains(text: &str, code: &str, legacy: Option<&str>) -> bool {
    let text: String = text.chars().filter(|c| !is_unseen(*c)).map(plain).collect();
    let within = |code: &str| {
        text.as_bytes().windows(code.len()).any(|window| window.eq_ignore_ascii_case(code.as_bytes()))
    };
    within(code) || legacy.is_some_and(within)
}

/// The least characters of a number that a text can name: fewer stand in many texts.
const NAMING: usize = 5;

/// Whether a text of somebody who asks for this holder names the holder by the very number asked for, also in groups.
pub fn names_holder(text: &str, holder: &HolderCode) -> bool {
    names(text, holder.key_code(), || legacy_form(holder))
}

/// The same of a number as it stands hashed, by key type and key code.
pub fn names_key(text: &str, key_type: &str, key_code: &str) -> bool {
    let citizen = key_type == CodeType::CitizenId.code();
    let parsed = || HolderCode::parse(CodeType::CitizenId, key_code).ok().filter(|_| citizen);
    names(text, key_code, || legacy_form(&parsed()?.code))
}

/// Whether a text could name anybody at all: a number has digits or plain letters.
pub fn may_name(text: &str) -> bool {
    text.chars().any(|c| c.is_numeric() || plain(c).is_ascii_alphabetic())
}

fn names(text: &str, code: &str, legacy: impl FnOnce() -> Option<String>) -> bool {
    // Most reasons are words alone, and this stands on the path of every lookup.
    if code.chars().count() < NAMING || (may_name(code) && !may_name(text)) {
        return false;
    }
    let joined: String = text.chars().map(plain).filter(|c| c.is_alphanumeric()).collect();
    let legacy = legacy();
    contains(text, code, legacy.as_deref()) || contains(&joined, code, legacy.as_deref())
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
