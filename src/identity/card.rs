//! The text that a card reader gives: its parts divided by `|`, name, sex, nation, birth, address, number, issuer, period.

use super::{HolderCode, Sex};

/// Parts that the text has at least, up to the number.
const PARTS: usize = 6;

/// Whether the text is that of the card with this number: parts are the number, the name, the sex and the day of birth. A
/// number alone was typed by anybody, and whoever has the card in hand knows the name.
pub fn card_tells(text: &str, name: &str, code: &HolderCode) -> bool {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let has = |wanted: &str| parts.iter().any(|part| part.eq_ignore_ascii_case(wanted));
    let Some(person) = code.person() else { return false };
    let born = person.birth_date.to_string().replace('-', "");
    let sex = match person.sex {
        Sex::Female => ["女", "2"],
        Sex::Male => ["男", "1"],
    };
    parts.len() >= PARTS
        && has(code.as_str())
        && !name.trim().is_empty()
        && has(name.trim())
        && sex.into_iter().any(has)
        && parts.iter().any(|part| part.replace(['-', '.'], "") == born)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CodeType;

    #[test]
    fn a_text_is_of_a_card_by_number_name_sex_and_birth() {
        let code = HolderCode::parse(CodeType::CitizenId, "190101198803120021").unwrap().code;
        let text = "周海燕|女|汉|19880312|示范市城东区桃源路1号|190101198803120021|公安局|20210101|20400101";
        assert!(card_tells(text, "周海燕", &code));
        assert!(card_tells(&text.replace("19880312|", "1988-03-12|"), " 周海燕 ", &code));
        for wrong in ["", "190101198803120021", "周海燕|女|19880312|190101198803120021"] {
            assert!(!card_tells(wrong, "周海燕", &code), "{wrong}");
        }
        for (part, other) in
            [("|女|", "|男|"), ("周海燕", "周海霞"), ("|19880312|", "|19880313|"), ("0021|", "0048|")]
        {
            assert!(!card_tells(&text.replace(part, other), "周海燕", &code), "{part}");
        }
        assert!(!card_tells(text, "", &code));
    }
}
