//! The codes of an item (实施编码, 基本编码, 业务办理项编码), and its id.

use std::fmt;

use crate::identity::{CodeType, HolderCode};

/// The id of an item: its 实施编码 and the version. An access names both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId {
    /// 实施编码, 31 characters.
    pub code: String,
    /// The version, from 1.
    pub version: u32,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.code, self.version)
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a 基本编码: 12 digits.
pub(super) fn is_base(code: &str) -> bool {
    code.len() == 12 && digits(code)
}

/// Whether it is the 实施编码 of that agency and 基本编码: the agency's 18 characters, one digit of the level, the 12
/// digits of the base. The layout is that of published lists; 待核对.
pub(super) fn is_of(code: &str, agency: &str, base: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let level = code.strip_prefix(agency).and_then(|rest| rest.strip_suffix(base));
    agency.len() == 18
        && agency.bytes().all(plain)
        && is_base(base)
        && level.is_some_and(|level| level.len() == 1 && digits(level))
}

/// The level in an 实施编码; none where it is no digit of a level.
pub(super) fn level(code: &str) -> Option<char> {
    code.chars().nth(18).filter(|level| ('1'..='6').contains(level))
}

/// Whether it has the form of an 实施编码, whoever's, or of a 业务办理项编码: a credit code with its check character, the level,
/// the base, the two digits that may follow. Among so many digits a citizen's number stands by chance.
pub fn is_item_code(text: &str) -> bool {
    let split = text.split_at_checked(18);
    split.is_some_and(|(agency, rest)| {
        matches!(rest.len(), 13 | 15)
            && digits(rest)
            && HolderCode::parse(CodeType::CreditCode, agency)
                .is_ok_and(|parsed| parsed.code.as_str() == agency)
    })
}

/// Whether it is a 业务办理项编码 of that 实施编码: two digits follow.
pub(super) fn is_handling(code: &str, item: &str) -> bool {
    code.strip_prefix(item).is_some_and(|tail| tail.len() == 2 && digits(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_stands_in_an_item_code_by_chance_is_nobodys() {
        let codes = (0..100_000).map(|at| format!("11190101MD100004254190101{at:06}"));
        let chance = codes.filter(|code| crate::identity::contains_citizen_number(code)).count();
        assert!(chance > 0, "else there is nothing to exempt");
        assert!(is_item_code("11190101MD100004254190101000001"));
        assert!(is_item_code("11190101MD10000425419010100000101"));
        for wrong in [
            "190101198803120021",
            "1901011988031200214190101000001",
            "11190101MD100004264190101000001",
            "11190101MD10000425419010100000A",
            "11190101MD1000042541901010000010",
        ] {
            assert!(!is_item_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_code_is_made_of_its_agency_level_and_base() {
        let (agency, base) = ("11190101MD10000425", "190101000001");
        assert!(is_of("11190101MD100004254190101000001", agency, base));
        for wrong in [
            "11190101MD10000425190101000001",
            "11190101MD100004254190101000002",
            "11190101MD10000500 190101000001",
            "11190101MD10000425X190101000001",
        ] {
            assert!(!is_of(wrong, agency, base), "{wrong}");
        }
        assert!(!is_of("4190101000001", "", base));
        assert!(is_handling("11190101MD10000425419010100000101", "11190101MD100004254190101000001"));
        assert!(!is_handling("11190101MD1000042541901010000011", "11190101MD100004254190101000001"));
        let id = ItemId { code: "11190101MD100004254190101000001".into(), version: 2 };
        assert_eq!(id.to_string(), "11190101MD100004254190101000001@2");
    }
}
