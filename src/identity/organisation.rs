//! Unified social credit codes (GB 32100-2015) and the organisation codes inside them (GB 11714-1997).
//!
//! A credit code is 1 registration authority, 1 kind, 6 region of registration, 9 organisation code with its
//! own check character, 1 check character. Its first two characters do not always tell the kind of entity: a
//! self-employed business that becomes a company keeps its 92….

use super::CodeRule;
use super::check::{credit_check, in_credit_alphabet, organisation_check};

/// Checks 18 characters of a credit code.
///
/// # Errors
/// In this order: length, alphabet_iosvz, alphabet, category, format (region not digits),
/// organisation_check_digit, check_digit.
pub(super) fn check_credit(text: &str) -> Result<(), CodeRule> {
    if let Some(wrong) = text.bytes().find(|byte| !in_credit_alphabet(*byte)) {
        return Err(match wrong {
            b'I' | b'O' | b'S' | b'V' | b'Z' => CodeRule::AlphabetIosvz,
            _ => CodeRule::Alphabet,
        });
    }
    if text.len() != 18 {
        return Err(CodeRule::Length);
    }
    let part = |from: usize, to: usize| text.get(from..to).ok_or(CodeRule::Length);
    if !known_category(part(0, 2)?) {
        return Err(CodeRule::Category);
    }
    if !part(2, 8)?.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CodeRule::Format);
    }
    check_organisation(part(8, 17)?)?;
    match credit_check(part(0, 17)?) {
        Some(expected) if text.ends_with(expected) => Ok(()),
        _ => Err(CodeRule::CheckDigit),
    }
}

/// Whether a credit code is one of the pilot in Fujian, which gave out codes to businesses before the standard was fixed:
/// its organisation code begins with M000 and is right, and its last character was made by another rule. Such codes are on
/// licences in use.
pub(super) fn is_pilot(text: &str) -> bool {
    text.starts_with('9')
        && text.get(8..12) == Some("M000")
        && check_credit(text) == Err(CodeRule::CheckDigit)
}

/// Checks nine characters of an organisation code.
///
/// # Errors
/// length, alphabet, organisation_check_digit.
pub(super) fn check_organisation(text: &str) -> Result<(), CodeRule> {
    if text.len() != 9 {
        return Err(CodeRule::Length);
    }
    let expected = text.get(..8).and_then(organisation_check).ok_or(CodeRule::Alphabet)?;
    if text.ends_with(expected) { Ok(()) } else { Err(CodeRule::OrganisationCheckDigit) }
}

/// `XXXXXXXXX` of `XXXXXXXX-X`, the form printed on the old certificates.
pub(super) fn without_hyphen(text: &str) -> Option<String> {
    let (body, last) = text.split_once('-')?;
    (body.len() == 8 && last.len() == 1).then(|| format!("{body}{last}"))
}

/// Authorities 1–9, A (military), N (rural), Y (other) with a kind 1–9. The check is loose, because the list
/// of kinds is still growing.
fn known_category(text: &str) -> bool {
    let mut bytes = text.bytes();
    matches!(bytes.next(), Some(b'1'..=b'9' | b'A' | b'N' | b'Y'))
        && matches!(bytes.next(), Some(b'1'..=b'9'))
}
