//! Numbers inside other numbers. Many certificate numbers *are* the citizen's number, so a serial or a text
//! that contains one is as secret as the number itself (I3). This module also has the masked form of such a
//! text.

use crate::catalog::Mask;
pub use crate::identity::mask;

/// Whether a serial made elsewhere must be treated as a secret. It is one if it contains a code of one of the
/// record's own holders (of 9 characters or more; an 18-digit number also in its 15-digit form). It is one
/// too if any 18 characters are a citizen ID number by form: a date that exists and the right MOD 11-2 check
/// character (GB 11643).
pub fn serial_is_secret(serial: &str, holder_codes: &[&str]) -> bool {
    let has_holder = holder_codes.iter().any(|code| {
        let short = || {
            let (region, rest) = code.get(..6).zip(code.get(8..17))?;
            // Most serials do not hold even the second part, and this test needs no text of the two.
            serial.contains(rest).then(|| serial.contains(&format!("{region}{rest}")))
        };
        code.len() >= 9 && serial.contains(code)
            || code.len() == 18 && looks_like_citizen_number(code.as_bytes()) && short() == Some(true)
    });
    has_holder || serial.as_bytes().windows(18).any(looks_like_citizen_number)
}

/// A text as a field of that mask shows it; none if it is not shown at all.
pub fn masked(by: Mask, text: &str) -> Option<String> {
    match by {
        Mask::None => Some(text.to_owned()),
        Mask::Id => Some(mask(text)),
        Mask::Account => Some(last_four(text)),
        Mask::Hidden => None,
    }
}

/// An account, card or telephone number: the last four characters; none of a number with fewer than eight.
fn last_four(text: &str) -> String {
    let count = text.chars().count();
    let hidden = if count < 8 { count } else { count - 4 };
    text.chars().enumerate().map(|(at, symbol)| if at < hidden { '*' } else { symbol }).collect()
}

/// 18 characters with a date that exists in 1800–2199 and the check character of GB 11643.
fn looks_like_citizen_number(window: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let Some((body, [check])) = window.split_at_checked(17) else { return false };
    if !body.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = |range: std::ops::Range<usize>| {
        body.get(range).into_iter().flatten().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let expected = usize::try_from(sum % 11).ok().and_then(|at| b"10X98765432".get(at).copied());
    let year = number(6..10);
    Some(check.to_ascii_uppercase()) == expected
        && (1800..2200).contains(&year)
        && i32::try_from(year)
            .is_ok_and(|year| crate::clock::Day::new(year, number(10..12), number(12..14)).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Synthetic (region prefix 19 is assigned to nobody); check characters computed by GB 11643.
    fn citizen(body: &str) -> String {
        let found = "0123456789X".chars().map(|check| format!("{body}{check}"));
        found.into_iter().find(|number| looks_like_citizen_number(number.as_bytes())).unwrap()
    }

    #[test]
    fn a_serial_that_contains_a_persons_number_is_secret() {
        let number = citizen("19010119900307001");
        for serial in [number.clone(), format!("T{number}"), format!("{number}42"), format!("110{number}000")]
        {
            assert!(serial_is_secret(&serial, &[]), "{serial}");
        }
        let short = format!("{}{}", &number[..6], &number[8..17]);
        assert!(serial_is_secret(&format!("A{short}"), &[&number]));
        assert!(!serial_is_secret(&format!("A{short}"), &[]));
        assert!(serial_is_secret("92440300MA5EXAM14Y", &["MA5EXAM14"]));
    }

    #[test]
    fn other_serials_are_not() {
        let number = citizen("19010119900307001");
        let mut wrong = number.clone();
        wrong.replace_range(17.., if number.ends_with('0') { "1" } else { "0" });
        for serial in ["20230000403", "209FA4E88F9E4C878F3E9BED2CE7EA49", "37080001202411010001", &wrong] {
            assert!(!serial_is_secret(serial, &["A1", "1"]), "{serial}");
        }
        // A right check character over a date that does not exist (30 February).
        for check in "0123456789X".chars() {
            assert!(!serial_is_secret(&format!("19010119900230001{check}"), &[]));
        }
    }

    #[test]
    fn i3_a_mask_never_shows_a_birth_date() {
        assert_eq!(mask("19010119900307001X"), "190***********001X");
        assert_eq!(mask("王小明"), "***");
        assert_eq!(mask("A"), "*");
        assert_eq!(mask(""), "");
    }

    #[test]
    fn i3_each_mask_shows_what_it_says() {
        let card = "6200000000000000001";
        assert_eq!(masked(Mask::None, card).as_deref(), Some(card));
        assert_eq!(masked(Mask::Id, card), Some(mask(card)));
        assert_eq!(masked(Mask::Account, card).as_deref(), Some("***************0001"));
        assert_eq!(masked(Mask::Account, "13900000019").as_deref(), Some("*******0019"));
        assert_eq!(masked(Mask::Account, "1234567").as_deref(), Some("*******"));
        assert_eq!(masked(Mask::Hidden, card), None);
        // A masked text stays as it is: a page masks the texts of an extract again.
        for by in [Mask::Id, Mask::Account] {
            let once = masked(by, card).unwrap();
            assert_eq!(masked(by, &once), Some(once));
        }
    }
}
