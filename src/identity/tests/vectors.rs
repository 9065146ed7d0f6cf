//! The vectors under `fixtures/vectors`, each as it stands and each with one character wrong.

use super::*;

const CITIZEN: &str = include_str!("../../../fixtures/vectors/citizen_id.txt");
const CREDIT: &str = include_str!("../../../fixtures/vectors/credit_code.txt");
const ORGANISATION: &str = include_str!("../../../fixtures/vectors/organisation_code.txt");
const OTHER: &str = include_str!("../../../fixtures/vectors/other_code.txt");

struct Vector<'a> {
    text: &'a str,
    code_type: CodeType,
    expectation: &'a str,
}

fn vectors(file: &str) -> Vec<Vector<'_>> {
    let rows = file.lines().filter(|line| !line.starts_with('#'));
    let parsed = rows.map(|row| {
        let columns: Vec<_> = row.split('\t').collect();
        let [text, code_type, expectation, _source] = columns[..] else { panic!("columns: {row}") };
        Vector { text, code_type: code_type.parse().unwrap(), expectation }
    });
    parsed.collect()
}

fn told(parsed: &Parsed, what: &str) -> String {
    let facts = parsed.code.person();
    match what {
        "sex" => match facts.unwrap().sex {
            Sex::Male => "male".to_owned(),
            Sex::Female => "female".to_owned(),
        },
        "born" => facts.unwrap().birth_date.to_string(),
        "kind" => match facts.unwrap().kind {
            PersonKind::Mainland => "mainland".to_owned(),
            PersonKind::HongKongPermit => "hong_kong".to_owned(),
            PersonKind::MacaoPermit => "macao".to_owned(),
            PersonKind::TaiwanPermit => "taiwan".to_owned(),
            PersonKind::ForeignPermanentResident { nationality } => format!("foreign:{nationality:03}"),
        },
        "key" => format!("{}:{}", parsed.code.key_type(), parsed.code.key_code()),
        "remarks" => wires(&parsed.remarks).join(","),
        _ => panic!("nothing is known of {what}"),
    }
}

fn holds(vector: &Vector<'_>) {
    let Vector { text, code_type, expectation } = vector;
    if let Some(rule) = expectation.strip_prefix("refused:") {
        assert_eq!(refused(*code_type, text).rule().wire(), rule, "{text:?} as {code_type}");
        return;
    }
    let parsed = accepted(*code_type, text);
    let mut words = expectation.split(' ');
    assert_eq!(words.next(), Some("ok"), "{expectation}");
    for (what, expected) in words.filter_map(|word| word.split_once('=')) {
        assert_eq!(told(&parsed, what), expected, "{what} of {text:?}");
    }
}

#[test]
fn published_vectors_are_told_as_published() {
    for (file, least) in [(CITIZEN, 50), (CREDIT, 30), (ORGANISATION, 15), (OTHER, 25)] {
        let vectors = vectors(file);
        assert!(vectors.len() >= least, "only {} vectors", vectors.len());
        vectors.iter().for_each(holds);
    }
}

/// `text` with the character at `at` replaced, for every other character of `alphabet`.
fn tampered<'a>(text: &'a str, alphabet: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
    (0..text.len()).flat_map(move |at| {
        let others = alphabet.chars().filter(move |c| !text[at..].starts_with(*c));
        others.map(move |c| (at, format!("{}{c}{}", &text[..at], &text[at + 1..])))
    })
}

fn accepted_of(file: &str, code_type: CodeType, length: usize) -> Vec<&str> {
    let fits = |v: &&Vector<'_>| v.expectation.starts_with("ok") && v.code_type == code_type;
    let canonical = |v: &&Vector<'_>| accepted(code_type, v.text).code.as_str() == v.text;
    let vectors = vectors(file);
    vectors
        .iter()
        .filter(fits)
        .filter(canonical)
        .map(|v| v.text)
        .filter(|text| text.len() == length)
        .collect()
}

#[test]
fn a_citizen_number_with_one_wrong_character_is_refused() {
    let numbers = accepted_of(CITIZEN, CodeType::CitizenId, 18);
    assert!(numbers.len() > 30);
    for number in numbers {
        for (at, wrong) in tampered(number, "0123456789X") {
            assert!(HolderCode::parse(CodeType::CitizenId, &wrong).is_err(), "{number} at {at}: {wrong}");
        }
    }
}

#[test]
fn a_credit_code_with_one_wrong_character_is_refused() {
    let codes = accepted_of(CREDIT, CodeType::CreditCode, 18);
    assert!(codes.len() > 25);
    // A wrong last character of one that begins as those of the pilot is taken for theirs.
    for code in codes.into_iter().filter(|code| code[8..12] != *"M000") {
        for (at, wrong) in tampered(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
            assert!(HolderCode::parse(CodeType::CreditCode, &wrong).is_err(), "{code} at {at}: {wrong}");
        }
    }
}

/// MOD 11 over 36 characters cannot tell two whose values differ by 11, 22 or 33; it tells all others.
#[test]
fn an_organisation_code_with_one_wrong_character_is_refused_unless_the_values_agree_modulo_11() {
    let value = |c: char| c.to_digit(36).unwrap();
    for code in accepted_of(ORGANISATION, CodeType::CreditCode, 9) {
        for (at, wrong) in tampered(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
            let (before, after) = (code.chars().nth(at).unwrap(), wrong.chars().nth(at).unwrap());
            let blind = at < 8 && value(before).abs_diff(value(after)) % 11 == 0;
            assert_eq!(
                HolderCode::parse(CodeType::CreditCode, &wrong).is_ok(),
                blind,
                "{code} at {at}: {wrong}"
            );
        }
    }
}

#[test]
fn the_organisation_code_inside_every_credit_code_stands_alone_under_the_same_key() {
    for code in accepted_of(CREDIT, CodeType::CreditCode, 18) {
        let whole = accepted(CodeType::CreditCode, code).code;
        let inner = accepted(CodeType::CreditCode, &code[8..17]).code;
        assert!(whole.same_key(&inner));
        assert_eq!((whole.credit_code(), inner.credit_code()), (Some(code), None));
        assert_eq!(whole.organisation_code(), inner.organisation_code());
    }
}
