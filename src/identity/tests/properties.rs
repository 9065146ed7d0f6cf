//! Generated numbers: the promises of the check characters, and one key for all forms of one holder.

use proptest::prelude::*;

use super::*;
use crate::clock::Day;

fn citizen(years: std::ops::Range<i32>) -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), years, 1_u32..=12, 1_u32..=28, 0_u32..996).prop_map(
        |(region, year, month, day, seq)| {
            let region =
                region.get(&["190101", "190104", "290101", "810000", "820000", "830000", "932682", "110105"]);
            let body = format!("{region}{year:04}{month:02}{day:02}{seq:03}");
            let last = citizen_check(&body).unwrap();
            format!("{body}{last}")
        },
    )
}

fn credit() -> impl Strategy<Value = String> {
    ("(11|12|51|52|91|92|93|Y1)", "(190101|290101|100000)", "[0-9A-HJ-NPQRTUWXY]{8}").prop_map(
        |(kind, region, body)| {
            let first17 = format!("{kind}{region}{body}{}", organisation_check(&body).unwrap());
            let last = credit_check(&first17).unwrap();
            format!("{first17}{last}")
        },
    )
}

fn swapped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes.swap(at, at + 1);
    String::from_utf8(bytes).unwrap()
}

fn replaced(text: &str, at: usize, by: char) -> String {
    format!("{}{by}{}", &text[..at], &text[at + 1..])
}

proptest! {
    #[test]
    fn a_made_citizen_number_is_accepted_and_says_what_went_in(number in citizen(1800..2100)) {
        let code = accepted(CodeType::CitizenId, &number).code;
        prop_assert_eq!(code.as_str(), number.as_str());
        let facts = code.person().unwrap();
        let part = |from: usize, to: usize| number[from..to].parse::<u32>().unwrap();
        let born = Day::new(number[6..10].parse().unwrap(), part(10, 12), part(12, 14)).unwrap();
        prop_assert_eq!(facts.birth_date, born);
        prop_assert_eq!(facts.sex == Sex::Male, part(16, 17) % 2 == 1);
        prop_assert_eq!(&facts.region, &number[..6]);
        prop_assert!(contains_citizen_number(&number));
    }

    #[test]
    fn i3_a_number_is_found_in_any_digits_and_groups(
        number in citizen(1800..2100), zero in proptest::sample::select(vec!['0', '０', '٠', '𝟎']),
        marks in proptest::collection::vec("[ \u{3000}./_:\u{200b}\u{ad}\u{2060}–-]{0,2}", 17),
        before in "[^0-9\\PL]{0,3}字", after in "字[^0-9\\PL]{0,3}",
    ) {
        let number = format!("1901{}", &number[4..17]);
        let number = format!("{number}{}", citizen_check(&number).unwrap());
        let mut text = before;
        for (at, c) in number.chars().enumerate() {
            let other = c.to_digit(10).and_then(|value| char::from_u32(u32::from(zero) + value));
            text.push(other.unwrap_or(c));
            text.push_str(marks.get(at).map_or("", String::as_str));
        }
        text.push_str(&after);
        prop_assert!(contains_citizen_number(&text), "{}", text);
    }

    #[test]
    fn i3_an_old_number_is_found_in_any_digits(number in citizen(1900..2000), zero in proptest::sample::select(vec!['0', '０'])) {
        let short = format!("190101{}", &number[8..17]);
        prop_assume!(short[12..].parse::<u32>().unwrap() < 996);
        let text: String =
            short.chars().filter_map(|c| char::from_u32(u32::from(zero) + c.to_digit(10)?)).collect();
        prop_assert!(contains_citizen_number(&text), "{}", text);
        let long = format!("7{}", text);
        prop_assert!(!contains_citizen_number(&long), "sixteen digits are a number of something else: {}", long);
    }

    #[test]
    fn one_wrong_character_or_a_swap_breaks_a_citizen_number(
        number in citizen(1800..2100), at in 0_usize..18, by in "[0-9X]", swap in 0_usize..17,
    ) {
        let wrong = replaced(&number, at, by.chars().next().unwrap());
        prop_assert_eq!(HolderCode::parse(CodeType::CitizenId, &wrong).is_ok(), wrong == number);
        let wrong = swapped(&number, swap);
        prop_assert_eq!(HolderCode::parse(CodeType::CitizenId, &wrong).is_ok(), wrong == number);
    }

    #[test]
    fn one_wrong_character_or_a_swap_breaks_a_credit_code(
        code in credit(), at in 0_usize..18, by in "[0-9A-Z]", swap in 0_usize..17,
    ) {
        let whole = accepted(CodeType::CreditCode, &code).code;
        prop_assert_eq!(whole.credit_code(), Some(code.as_str()));
        let wrong = replaced(&code, at, by.chars().next().unwrap());
        prop_assert_eq!(HolderCode::parse(CodeType::CreditCode, &wrong).is_ok(), wrong == code);
        let wrong = swapped(&code, swap);
        prop_assert_eq!(HolderCode::parse(CodeType::CreditCode, &wrong).is_ok(), wrong == code);
    }

    #[test]
    fn fifteen_and_eighteen_characters_lead_to_one_key(number in citizen(1900..2000)) {
        let long = accepted(CodeType::CitizenId, &number).code;
        let short = legacy_form(&long).unwrap();
        prop_assert_eq!(short.len(), 15);
        let upgraded = accepted(CodeType::CitizenId, &short);
        prop_assert_eq!(&upgraded.code, &long);
        prop_assert!(upgraded.remarks.contains(&Remark::UpgradedFrom15));
    }

    #[test]
    fn all_ways_of_writing_an_organisation_lead_to_one_key(code in credit()) {
        let whole = accepted(CodeType::CreditCode, &code).code;
        let inner = &code[8..17];
        let hyphened = format!("{}-{}", &inner[..8], &inner[8..]);
        for (code_type, text) in [
            (CodeType::CreditCode, inner),
            (CodeType::CreditCode, &hyphened),
            (CodeType::OtherOrganisation, inner),
            (CodeType::OtherOrganisation, &hyphened),
            (CodeType::OtherOrganisation, &code),
        ] {
            prop_assert!(accepted(code_type, text).code.same_key(&whole), "{} as {}", text, code_type);
        }
    }

    #[test]
    fn any_text_under_any_type_is_answered_and_canonical_forms_stay(text in "\\PC{0,50}", at in any::<prop::sample::Index>()) {
        let code_type = *at.get(CodeType::ALL);
        if let Ok(parsed) = HolderCode::parse(code_type, &text) {
            let again = accepted(code_type, parsed.code.as_str());
            prop_assert_eq!(&again.code, &parsed.code);
            let masked = parsed.code.masked();
            let shown = masked.chars().filter(|c| *c != '*').count();
            prop_assert_eq!(masked.chars().count(), parsed.code.as_str().chars().count());
            prop_assert!(shown <= 7 && shown * 2 <= masked.chars().count());
        }
    }

    #[test]
    fn what_was_changed_on_the_way_in_is_remarked(number in citizen(1900..2000), gap in 0_usize..18) {
        let wide: String = number.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
        let spaced = format!("{} {}", &number[..gap], &number[gap..]);
        for (text, remark) in [(wide, Remark::FullWidthConverted), (spaced, Remark::SpacesRemoved)] {
            let parsed = accepted(CodeType::CitizenId, &text);
            prop_assert_eq!(parsed.code.as_str(), number.as_str());
            prop_assert!(parsed.remarks.contains(&remark));
        }
    }
}
