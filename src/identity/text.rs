//! The edge: typed, pasted and scanned text becomes plain capital characters, with a remark for every change.

use super::{CodeRule, Remark};
use crate::text::is_hidden;

/// No holder code is longer than this many characters.
pub(super) const MAX_CHARS: usize = 40;

/// Reads full-width characters as ASCII, leaves out spaces, raises small letters. Hyphens stay: only an
/// organisation code may lose one.
///
/// # Errors
/// [`CodeRule::ControlCharacter`], and [`CodeRule::Length`] for nothing at all or more than 40 characters.
pub(super) fn plain(text: &str, remarks: &mut Vec<Remark>) -> Result<String, CodeRule> {
    let (mut wide, mut spaced, mut small, mut count) = (false, false, false, 0_usize);
    let mut out = String::with_capacity(text.len().min(MAX_CHARS * 3));
    for given in text.chars() {
        if is_hidden(given) {
            return Err(CodeRule::ControlCharacter);
        }
        let ascii = half_width(given);
        wide |= ascii != given && given != '\u{a0}';
        if ascii == ' ' {
            spaced = true;
            continue;
        }
        small |= ascii.is_ascii_lowercase();
        count += 1;
        if count > MAX_CHARS {
            return Err(CodeRule::Length);
        }
        out.push(ascii.to_ascii_uppercase());
    }
    if out.is_empty() {
        return Err(CodeRule::Length);
    }
    let changes = [
        (wide, Remark::FullWidthConverted),
        (spaced, Remark::SpacesRemoved),
        (small, Remark::LowerCaseConverted),
    ];
    remarks.extend(changes.into_iter().filter_map(|(done, remark)| done.then_some(remark)));
    Ok(out)
}

fn half_width(given: char) -> char {
    match given {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(given) - 0xfee0).unwrap_or(given),
        _ => given,
    }
}

/// Whether a text may be a holder code in its canonical form, for any type: printable characters, letters in
/// capitals, at most 40 characters. Says nothing about check characters.
pub fn is_printed_code(text: &str) -> bool {
    printable(text)
        && !text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.chars().count() <= MAX_CHARS
}

/// Whether a code without a standard form may consist of these characters: letters, digits, ideographs
/// (军字第…号) and the marks that documents print; at least one letter or digit.
pub(super) fn printable(text: &str) -> bool {
    let fits = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '(' | ')' | '/' | '.' | '_')
            || ('\u{4e00}'..='\u{9fff}').contains(&c)
    };
    text.chars().all(fits) && text.chars().any(|c| c.is_ascii_alphanumeric())
}
