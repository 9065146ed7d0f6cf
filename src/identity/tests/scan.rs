//! Finding numbers in other texts.

use super::*;

#[test]
fn i3_a_number_is_found_inside_a_longer_one() {
    for text in [
        "190101198803120021",
        "19010119880312002143",
        "T190101198803120021",
        "0190101198803120021",
        "serial 11010519491231002x.",
        "证11010519491231002X号",
        "1.2.156.3005.2.X.190101198803120021.001",
    ] {
        assert!(contains_citizen_number(text), "{text}");
    }
}

#[test]
fn numbers_that_are_none_are_let_pass() {
    for text in [
        "190101198803120022",
        "190101198813120021",
        "19010119880312002",
        "190101-19880312-0021",
        "",
        "证照",
        "XXXXXXXXXXXXXXXXXXXX",
    ] {
        assert!(!contains_citizen_number(text), "{text}");
    }
}

#[test]
fn every_window_is_told_with_its_place() {
    let text = "a190101198803120021b11010519491231002x";
    let found: Vec<_> = citizen_numbers(text).map(|window| &text[window]).collect();
    assert_eq!(found, ["190101198803120021", "11010519491231002x"]);
}

#[test]
fn the_15_digit_form_belongs_to_births_of_1900_to_1999() {
    let legacy = |text| legacy_form(&accepted(CodeType::CitizenId, text).code);
    assert_eq!(legacy("610104196209276908").as_deref(), Some("610104620927690"));
    assert_eq!(legacy("190101201605060018"), None, "born in 2016");
    assert_eq!(legacy("110101194910019997"), None, "sequence 999 meant another century");
    assert_eq!(legacy_form(&accepted(CodeType::CreditCode, "91190101MD1000018C").code), None);
}

#[test]
fn i3_a_holders_own_code_is_found_in_all_its_forms() {
    let person = accepted(CodeType::CitizenId, "11010519491231002X").code;
    for text in ["no. 11010519491231002x", "T110105491231002", "11010519491231002X43"] {
        assert!(contains_code_of(text, &person), "{text}");
    }
    assert!(!contains_code_of("11010519491231", &person));
    let company = accepted(CodeType::CreditCode, "91190101MD1000018C").code;
    assert!(contains_code_of("md1000018", &company) && contains_code_of("91190101MD1000018C", &company));
    assert!(!contains_code_of("MD100001-8", &company));
}
