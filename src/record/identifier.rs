//! The certificate identifier 电子证照标识 (GB/T 36904):
//! `1.2.156.3005.2.<type>.<issuer>.<serial>.<version>.<check>`.
//!
//! [`Identifier::parse`] is for identifiers from elsewhere: kept verbatim, with the check character judged
//! and never repaired (I12). [`Identifier::compose`] with [`random_serial`] is for those made here: their
//! serial never is or contains a certificate's number.

use std::fmt;

use super::secret;
use crate::rule::Rule;

/// The object identifier under which all certificate identifiers stand.
pub const ROOT: &str = "1.2.156.3005.2";

const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SERIAL_MADE_HERE: usize = 20;
const SERIAL_LIMIT: usize = 64;

/// Whether the check character is that of ISO 7064 MOD 37,36 over type, issuer, serial and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// As the standard computes it.
    Standard,
    /// As one provincial generator computes it: letters one too high (A = 11) and the version left out.
    /// Kept and flagged.
    NonStandardDialect,
    /// As neither computes it: a mistyped or forged identifier.
    Wrong,
}

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierFault {
    /// It does not begin with `1.2.156.3005.2.`.
    #[error("the identifier does not begin with 1.2.156.3005.2.")]
    Root,
    /// Not five parts behind the root.
    #[error("the identifier has not ten parts")]
    Parts,
    /// A lower-case letter; upper case is part of the identifier, not a way of writing.
    #[error("the identifier has a lower-case letter")]
    LowerCase,
    /// A character outside 0-9A-Z.
    #[error("the identifier has a character outside 0-9 and A-Z")]
    Alphabet,
    /// The type code is not the defining agency's 18 characters and three digits.
    #[error("the type code has not 18 characters and three digits")]
    Type,
    /// The issuer is not 18 characters and not a region code of 6, 9 or 12 digits.
    #[error("the issuer code has neither 18 characters nor 6, 9 or 12 digits")]
    Issuer,
    /// The serial is empty or longer than 64 characters.
    #[error("the serial is empty or longer than 64 characters")]
    Serial,
    /// The version is not three digits from 001.
    #[error("the version is not three digits from 001")]
    Version,
    /// The check is not one character.
    #[error("the check is not one character")]
    CheckLength,
}

impl IdentifierFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::Root => Rule::IdentifierRoot,
            Self::Parts => Rule::IdentifierParts,
            Self::LowerCase => Rule::IdentifierLowerCase,
            Self::Alphabet => Rule::IdentifierAlphabet,
            Self::Type => Rule::IdentifierType,
            Self::Issuer => Rule::IdentifierIssuer,
            Self::Serial => Rule::IdentifierSerial,
            Self::Version => Rule::IdentifierVersion,
            Self::CheckLength => Rule::IdentifierCheckLength,
        }
    }
}

/// An identifier, verbatim, with its parts and the result of its check character.
///
/// `Debug` hides the serial: a foreign one may be a citizen's number (I3). There is no `Display`; code that
/// may show it calls [`Identifier::as_str`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    text: String,
    issuer_len: usize,
    serial_len: usize,
}

const TYPE_AT: usize = ROOT.len() + 1;
const TYPE_LEN: usize = 21;
const ISSUER_AT: usize = TYPE_AT + TYPE_LEN + 1;

impl Identifier {
    /// Reads an identifier; the check character is judged by [`Identifier::check`], not here.
    pub fn parse(text: &str) -> Result<Self, IdentifierFault> {
        let parts =
            text.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('.')).ok_or(IdentifierFault::Root)?;
        let mut split = parts.split('.');
        let (Some(type_code), Some(issuer), Some(serial), Some(version), Some(check), None) =
            (split.next(), split.next(), split.next(), split.next(), split.next(), split.next())
        else {
            return Err(IdentifierFault::Parts);
        };
        for byte in parts.bytes().filter(|byte| *byte != b'.') {
            match byte {
                b'0'..=b'9' | b'A'..=b'Z' => {}
                b'a'..=b'z' => return Err(IdentifierFault::LowerCase),
                _ => return Err(IdentifierFault::Alphabet),
            }
        }
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if type_code.len() != TYPE_LEN || !type_code.get(18..).is_some_and(digits) {
            return Err(IdentifierFault::Type);
        }
        if !(issuer.len() == 18 || matches!(issuer.len(), 6 | 9 | 12) && digits(issuer)) {
            return Err(IdentifierFault::Issuer);
        }
        if serial.is_empty() || serial.len() > SERIAL_LIMIT {
            return Err(IdentifierFault::Serial);
        }
        if version.len() != 3 || !digits(version) || version == "000" {
            return Err(IdentifierFault::Version);
        }
        if check.len() != 1 {
            return Err(IdentifierFault::CheckLength);
        }
        Ok(Self { text: text.to_owned(), issuer_len: issuer.len(), serial_len: serial.len() })
    }

    /// Makes an identifier with the standard check character; `version` is 1 to 999.
    pub fn compose(
        type_code: &str,
        issuer: &str,
        serial: &str,
        version: u32,
    ) -> Result<Self, IdentifierFault> {
        if !(1..=999).contains(&version) {
            return Err(IdentifierFault::Version);
        }
        let mut made = Self::parse(&format!("{ROOT}.{type_code}.{issuer}.{serial}.{version:03}.0"))?;
        let check = made.standard_check();
        made.text.pop();
        made.text.push(char::from(check));
        Ok(made)
    }

    /// The identifier as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The type code, 21 characters.
    pub fn type_code(&self) -> &str {
        self.part(TYPE_AT, TYPE_LEN)
    }

    /// The issuing agency's code: 18 characters, or a region code of 6, 9 or 12 digits.
    pub fn issuer(&self) -> &str {
        self.part(ISSUER_AT, self.issuer_len)
    }

    /// The serial.
    pub fn serial(&self) -> &str {
        self.part(ISSUER_AT + self.issuer_len + 1, self.serial_len)
    }

    /// The version, 1 to 999.
    pub fn version(&self) -> u32 {
        self.version_text().parse().unwrap_or(0)
    }

    /// The result of the check character.
    pub fn check(&self) -> Check {
        let given = self.text.bytes().next_back().unwrap_or(0);
        if given == self.standard_check() {
            Check::Standard
        } else if given == self.dialect_check() {
            Check::NonStandardDialect
        } else {
            Check::Wrong
        }
    }

    /// Whether the serial is or contains a person's or holder's number, so that the identifier is treated as
    /// a secret: sealed, found by its keyed hash, never in a URL. See [`secret::serial_is_secret`].
    pub fn is_secret(&self, holder_codes: &[&str]) -> bool {
        secret::serial_is_secret(self.serial(), holder_codes)
    }

    fn version_text(&self) -> &str {
        self.part(ISSUER_AT + self.issuer_len + self.serial_len + 2, 3)
    }

    fn part(&self, at: usize, len: usize) -> &str {
        self.text.get(at..at + len).unwrap_or("")
    }

    fn standard_check(&self) -> u8 {
        let body = [self.type_code(), self.issuer(), self.serial(), self.version_text()];
        mod_37_36(body.iter().flat_map(|part| part.bytes()), 0)
    }

    fn dialect_check(&self) -> u8 {
        let body = [self.type_code(), self.issuer(), self.serial()];
        mod_37_36(body.iter().flat_map(|part| part.bytes()), 1)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ROOT}.{}.{}.***.{}", self.type_code(), self.issuer(), self.version_text())
    }
}

/// The check character of ISO 7064 MOD 37,36 over 0-9A-Z; `letter_shift` is 0 in the standard.
fn mod_37_36(body: impl Iterator<Item = u8>, letter_shift: u32) -> u8 {
    let mut product = 36;
    for byte in body {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10 + letter_shift,
            _ => 0,
        };
        let sum = match (product + value) % 36 {
            0 => 36,
            sum => sum,
        };
        product = 2 * sum % 37;
    }
    let check = usize::try_from((37 - product) % 36).unwrap_or(0);
    ALPHABET.get(check).copied().unwrap_or(b'0')
}

/// A serial of 20 characters 0-9A-Z, each equally likely (103 bits), from the caller's source of randomness.
pub fn random_serial<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<String, E> {
    let mut serial = String::with_capacity(SERIAL_MADE_HERE);
    let mut pool = [0; 32];
    loop {
        fill(&mut pool)?;
        // 252 = 7 × 36: the four values above would make the first four characters likelier.
        for byte in pool.into_iter().filter(|byte| *byte < 252) {
            if let Some(symbol) = ALPHABET.get(usize::from(byte % 36)) {
                serial.push(char::from(*symbol));
            }
            if serial.len() == SERIAL_MADE_HERE {
                return Ok(serial);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    const VECTORS: &str = include_str!("../../fixtures/vectors/identifier.txt");

    fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
        VECTORS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_once('|').map(|(check, text)| (check.trim(), text.trim())).unwrap())
    }

    fn vectors() -> impl Iterator<Item = (&'static str, &'static str)> {
        lines().filter(|(check, _)| *check != "iso")
    }

    /// The text with one character changed, once for each that is 0-9A-Z.
    fn tampered(text: &str) -> impl Iterator<Item = String> {
        (0..text.len()).filter_map(|at| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = match bytes[at] {
                b'.' => return None,
                b'9' => b'8',
                b'Z' => b'Y',
                byte => byte + 1,
            };
            String::from_utf8(bytes).ok()
        })
    }

    #[test]
    fn published_identifiers_hold() {
        for (check, text) in vectors() {
            let identifier = Identifier::parse(text).unwrap();
            let expected = if check == "standard" { Check::Standard } else { Check::NonStandardDialect };
            assert_eq!(identifier.check(), expected, "{text}");
            assert_eq!(identifier.as_str(), text);
            if expected == Check::Standard {
                let again = Identifier::compose(
                    identifier.type_code(),
                    identifier.issuer(),
                    identifier.serial(),
                    identifier.version(),
                );
                assert_eq!(again.unwrap(), identifier);
            }
        }
        assert_eq!(vectors().count(), 9);
    }

    #[test]
    fn the_standards_own_example_holds_and_none_with_one_character_changed() {
        let holds = |text: &str| {
            let (last, body) = text.as_bytes().split_last().unwrap();
            mod_37_36(body.iter().copied(), 0) == *last
        };
        let examples: Vec<_> = lines().filter(|(check, _)| *check == "iso").collect();
        assert_eq!(examples.len(), 1);
        for (_, text) in examples {
            assert!(holds(text));
            assert_eq!(tampered(text).inspect(|text| assert!(!holds(text), "{text}")).count(), text.len());
        }
    }

    #[test]
    fn each_published_identifier_with_one_character_changed_is_wrong() {
        for (check, text) in vectors() {
            let (root, body) = text.split_at(TYPE_AT);
            for changed in tampered(body).map(|body| format!("{root}{body}")) {
                let Ok(read) = Identifier::parse(&changed) else { continue };
                assert_ne!(read.check(), Check::Standard, "{changed}");
                // In the dialect the check character does not cover the version: that gap is known.
                let version = (text.len() - 5)..(text.len() - 2);
                let in_version = changed.get(version.clone()) != text.get(version);
                if check == "nonstandard" && !in_version {
                    assert_eq!(read.check(), Check::Wrong, "{changed}");
                }
            }
        }
    }

    #[test]
    fn each_rule_refuses_by_its_name() {
        let good = "1.2.156.3005.2.11100000MB03271699001.11110000000012343B.TEST20260001.001.X";
        for (text, fault) in [
            (good.replace("3005", "3003"), IdentifierFault::Root),
            (good.replace(".001.", "."), IdentifierFault::Parts),
            (format!("{good}.1"), IdentifierFault::Parts),
            (good.replace("TEST", "test"), IdentifierFault::LowerCase),
            (good.replace("TEST", "TE_T"), IdentifierFault::Alphabet),
            (good.replace("TEST", "TE T"), IdentifierFault::Alphabet),
            (good.replace("TEST", "证照"), IdentifierFault::Alphabet),
            (good.replace("69900", "6990"), IdentifierFault::Type),
            (good.replace("12343B", "12343"), IdentifierFault::Issuer),
            (good.replace("TEST20260001", ""), IdentifierFault::Serial),
            (good.replace("TEST20260001", &"A".repeat(65)), IdentifierFault::Serial),
            (good.replace(".001.X", ".000.X"), IdentifierFault::Version),
            (good.replace(".001.X", ".01.X"), IdentifierFault::Version),
            (good.replace(".001.X", ".001.XX"), IdentifierFault::CheckLength),
        ] {
            assert_eq!(Identifier::parse(&text).unwrap_err(), fault, "{text}");
        }
        assert_eq!(Identifier::compose("", "", "", 1000).unwrap_err(), IdentifierFault::Version);
    }

    #[test]
    fn i3_debug_hides_the_serial() {
        let identifier =
            Identifier::compose("11100000MB03271699001", "340100", "19010119900307001X", 1).unwrap();
        assert!(!format!("{identifier:?}").contains("1990"));
    }

    #[test]
    fn serials_made_here_are_unbiased_and_well_formed() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut xorshift = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        let mut counts = [0i32; 128];
        for _ in 0..25_200 {
            let drawn = random_serial(|pool| {
                pool.fill_with(&mut xorshift);
                Ok::<(), Infallible>(())
            });
            let serial = drawn.unwrap();
            assert_eq!(serial.len(), 20);
            serial.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        }
        // 14,000 expected of each, deviation about 120; taking bytes modulo 36 would give the first four 1,700 more.
        for symbol in ALPHABET {
            assert!((counts[usize::from(*symbol)] - 14_000).abs() < 800, "{}", char::from(*symbol));
        }
    }

    proptest! {
        #[test]
        fn what_is_composed_reads_back(
            serial in "[0-9A-Z]{1,64}", version in 1u32..=999, issuer in "[0-9A-Z]{18}|[0-9]{6}",
        ) {
            let made = Identifier::compose("11100000MB03271699001", &issuer, &serial, version).unwrap();
            let read = Identifier::parse(made.as_str()).unwrap();
            prop_assert_eq!(read.check(), Check::Standard);
            prop_assert_eq!((read.issuer(), read.serial(), read.version()), (&*issuer, &*serial, version));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,90}") {
            let _ = Identifier::parse(&text);
        }
    }
}
