//! The text that a card reader gives: its parts divided by `|`, in the order of the card: name, sex, nation, birth, address,
//! number, issuer, first day, last day.

use super::{HolderCode, Sex};

/// Whether the text is that of the card with this number: each part in its place, none empty, the name as it was said, sex
/// and day of birth as the number has them. A number alone was typed by anybody, and whoever has the card in hand knows the
/// name.
pub fn card_tells(text: &str, name: &str, code: &HolderCode) -> bool {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let [on_card, sex, nation, birth, address, number, issuer, period @ ..] = parts.as_slice() else {
        return false;
    };
    let Some(person) = code.person() else { return false };
    let born = person.birth_date.to_string().replace('-', "");
    let sexes = match person.sex {
        Sex::Female => ["女", "2"],
        Sex::Male => ["男", "1"],
    };
    let words = [nation, address, issuer];
    is_name(on_card)
        && *on_card == name.trim()
        && sexes.contains(sex)
        && birth.replace(['-', '.', '年', '月', '日'], "") == born
        && number.eq_ignore_ascii_case(code.as_str())
        && words.iter().all(|word| word.chars().any(char::is_alphanumeric))
        && matches!(period.len(), 1 | 2)
        && period.iter().all(|part| part.chars().any(char::is_alphanumeric))
}

/// Whether it can be the name of a person: two characters or more, none of them a digit or invisible; signs stand between
/// parts of a name alone, and older cards have characters of private use (GB 18030).
fn is_name(text: &str) -> bool {
    let letter = |one: char| one.is_alphabetic() || ('\u{e000}'..='\u{f8ff}').contains(&one);
    let sign = |one: char| "·•．‧･・ .-,'’".contains(one);
    text.chars().filter(|one| letter(*one)).count() >= 2 && text.chars().all(|one| letter(one) || sign(one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CodeType;

    const TEXT: &str =
        "周海燕|女|汉|19880312|示范市城东区桃源路1号|190101198803120021|公安局|20210101|20400101";

    fn code() -> HolderCode {
        HolderCode::parse(CodeType::CitizenId, "190101198803120021").unwrap().code
    }

    #[test]
    fn a_text_is_of_a_card_by_number_name_sex_and_birth() {
        assert!(card_tells(TEXT, "周海燕", &code()));
        assert!(card_tells(&TEXT.replace("19880312|", "1988-03-12|"), " 周海燕 ", &code()));
        assert!(card_tells(&TEXT.replace("20210101|20400101", "2021.01.01-2041.01.01"), "周海燕", &code()));
        for name in ["阿依古丽·买买提", "阿依古丽・买买提", "王\u{e863}", "KELLER, MARIA", "O'Neill"]
        {
            assert!(card_tells(&TEXT.replace("周海燕", name), name, &code()), "{name}");
        }
        for (part, other) in
            [("|女|", "|男|"), ("周海燕", "周海霞"), ("|19880312|", "|19880313|"), ("0021|", "0048|")]
        {
            assert!(!card_tells(&TEXT.replace(part, other), "周海燕", &code()), "{part}");
        }
        assert!(!card_tells(TEXT, "", &code()));
    }

    #[test]
    fn what_is_made_of_the_number_alone_is_no_card() {
        for (text, name) in [
            ("", "周海燕"),
            ("190101198803120021", "周海燕"),
            ("周海燕|女|19880312|190101198803120021", "周海燕"),
            ("2|2|2|19880312|190101198803120021|2", "2"),
            ("女|女|x|19880312|x|190101198803120021|x|x", "女"),
            ("190101198803120021|女|x|19880312|x|190101198803120021|x|x", "190101198803120021"),
            ("女|19880312|190101198803120021|||", "女"),
            ("<b>王五</b>|女|汉|19880312|x|190101198803120021|x|x", "<b>王五</b>"),
            ("\u{202e}|女|汉|19880312|x|190101198803120021|x|x", "\u{202e}"),
            ("周海燕|女||19880312|x|190101198803120021|x|x", "周海燕"),
            ("周海燕|女|汉|19880312||190101198803120021|x|x", "周海燕"),
            ("周海燕|女|汉|19880312|x|190101198803120021|x|", "周海燕"),
            ("周海燕|女|汉|19880312|x|190101198803120021|x|1|2|3", "周海燕"),
        ] {
            assert!(!card_tells(text, name, &code()), "{text}");
        }
    }
}
