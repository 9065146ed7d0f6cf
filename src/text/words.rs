//! Whether a text says something: a ground is given in words.
//!
//! A letter said again and again is none, nor is a mark that only goes with letters: one that lengthens them, repeats
//! them or bends their sound.

use std::collections::HashSet;

/// Letters of the general category Lm of Unicode 14: first and last of each run, in order.
const MODIFIERS: &[(u32, u32)] = &[
    (0x2B0, 0x2C1),
    (0x2C6, 0x2D1),
    (0x2E0, 0x2E4),
    (0x2EC, 0x2EC),
    (0x2EE, 0x2EE),
    (0x374, 0x374),
    (0x37A, 0x37A),
    (0x559, 0x559),
    (0x640, 0x640),
    (0x6E5, 0x6E6),
    (0x7F4, 0x7F5),
    (0x7FA, 0x7FA),
    (0x81A, 0x81A),
    (0x824, 0x824),
    (0x828, 0x828),
    (0x8C9, 0x8C9),
    (0x971, 0x971),
    (0xE46, 0xE46),
    (0xEC6, 0xEC6),
    (0x10FC, 0x10FC),
    (0x17D7, 0x17D7),
    (0x1843, 0x1843),
    (0x1AA7, 0x1AA7),
    (0x1C78, 0x1C7D),
    (0x1D2C, 0x1D6A),
    (0x1D78, 0x1D78),
    (0x1D9B, 0x1DBF),
    (0x2071, 0x2071),
    (0x207F, 0x207F),
    (0x2090, 0x209C),
    (0x2C7C, 0x2C7D),
    (0x2D6F, 0x2D6F),
    (0x2E2F, 0x2E2F),
    (0x3005, 0x3005),
    (0x3031, 0x3035),
    (0x303B, 0x303B),
    (0x309D, 0x309E),
    (0x30FC, 0x30FE),
    (0xA015, 0xA015),
    (0xA4F8, 0xA4FD),
    (0xA60C, 0xA60C),
    (0xA67F, 0xA67F),
    (0xA69C, 0xA69D),
    (0xA717, 0xA71F),
    (0xA770, 0xA770),
    (0xA788, 0xA788),
    (0xA7F2, 0xA7F4),
    (0xA7F8, 0xA7F9),
    (0xA9CF, 0xA9CF),
    (0xA9E6, 0xA9E6),
    (0xAA70, 0xAA70),
    (0xAADD, 0xAADD),
    (0xAAF3, 0xAAF4),
    (0xAB5C, 0xAB5F),
    (0xAB69, 0xAB69),
    (0xFF70, 0xFF70),
    (0xFF9E, 0xFF9F),
    (0x10780, 0x10785),
    (0x10787, 0x107B0),
    (0x107B2, 0x107BA),
    (0x16B40, 0x16B43),
    (0x16F93, 0x16F9F),
    (0x16FE0, 0x16FE1),
    (0x16FE3, 0x16FE3),
    (0x1AFF0, 0x1AFF3),
    (0x1AFF5, 0x1AFFB),
    (0x1AFFD, 0x1AFFE),
    (0x1E137, 0x1E13D),
    (0x1E94B, 0x1E94B),
];

/// So many different letters or ideographs say something.
const DIFFERENT: usize = 2;

/// Whether at least two different letters or ideographs stand in the text. Capitals and small letters are the same, and
/// digits of any script are none.
pub(crate) fn says_something(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic() && !c.is_numeric() && !is_modifier(*c));
    letters.flat_map(char::to_lowercase).collect::<HashSet<_>>().len() >= DIFFERENT
}

fn is_modifier(c: char) -> bool {
    let code = u32::from(c);
    let behind = MODIFIERS.partition_point(|(first, _)| *first <= code);
    behind.checked_sub(1).and_then(|at| MODIFIERS.get(at)).is_some_and(|(_, last)| code <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_different_letters_say_something() {
        for said in ["来函", "Ab", "dad", "ーa々b", "نعم", "ㄅㄆ"] {
            assert!(says_something(said), "{said}");
        }
        for nothing in ["", "aA", "ーー々", "ـــ", "ˇˇ", "哈哈哈", "ㄅㄅ", "1a2a", "ｰﾞ", "ʰʷ", "ⅠⅡ①"]
        {
            assert!(!says_something(nothing), "{nothing}");
        }
    }

    #[test]
    fn the_runs_are_in_order() {
        assert!(MODIFIERS.iter().all(|(first, last)| first <= last));
        assert!(MODIFIERS.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }
}
