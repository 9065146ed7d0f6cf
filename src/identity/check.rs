//! The three check characters, each computed from the characters before it.
//!
//! MOD 11-2 and MOD 31 catch every single wrong character and every swap of two neighbours. The check of an
//! organisation code catches only those whose values do not differ by a multiple of 11.

/// The 31 characters of a credit code, in order of their values (GB 32100-2015): no I, O, S, V, Z.
pub const CREDIT_ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

const CREDIT_VALUES: [Option<u8>; 128] = credit_values();

/// The last character of a citizen number: ISO 7064 MOD 11-2 over the 17 digits before it
/// (GB 11643-1999). `None` unless it is given exactly 17 digits.
pub fn citizen_check(first17: &str) -> Option<char> {
    if first17.len() != 17 {
        return None;
    }
    let mut sum = 0;
    for byte in first17.bytes() {
        sum = (sum + digit(byte)?) * 2 % 11;
    }
    check_11((12 - sum) % 11)
}

/// The ninth character of an organisation code, from the eight before it (GB 11714-1997): weights
/// 3 7 9 10 5 8 4 2, digits and capital letters. `None` for anything else.
pub fn organisation_check(first8: &str) -> Option<char> {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    if first8.len() != 8 {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in first8.bytes().zip(WEIGHTS) {
        let value = if byte.is_ascii_lowercase() { None } else { char::from(byte).to_digit(36) };
        sum += value? * weight;
    }
    check_11((11 - sum % 11) % 11)
}

/// The last character of a unified social credit code, from the 17 before it (GB 32100-2015): MOD 31 with
/// weights 3^0 … 3^16. `None` for another length or a character outside [`CREDIT_ALPHABET`].
pub fn credit_check(first17: &str) -> Option<char> {
    if first17.len() != 17 {
        return None;
    }
    let (mut sum, mut weight) = (0_u32, 1_u32);
    for byte in first17.bytes() {
        let value = CREDIT_VALUES.get(usize::from(byte)).copied().flatten()?;
        sum += u32::from(value) * weight;
        weight = weight * 3 % 31;
    }
    let value = usize::try_from((31 - sum % 31) % 31).ok()?;
    CREDIT_ALPHABET.as_bytes().get(value).copied().map(char::from)
}

/// Whether a character stands in [`CREDIT_ALPHABET`].
pub(super) fn in_credit_alphabet(byte: u8) -> bool {
    matches!(CREDIT_VALUES.get(usize::from(byte)), Some(Some(_)))
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(10)
}

fn check_11(value: u32) -> Option<char> {
    if value == 10 { Some('X') } else { char::from_digit(value, 10) }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler: a wrong index does not build")]
const fn credit_values() -> [Option<u8>; 128] {
    let mut table = [None; 128];
    let alphabet = CREDIT_ALPHABET.as_bytes();
    let mut value = 0_u8;
    while (value as usize) < alphabet.len() {
        table[alphabet[value as usize] as usize] = Some(value);
        value += 1;
    }
    table
}
