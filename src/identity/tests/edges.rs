//! Typed texts, the present day, masks; and no fault or `Debug` gives a number away.

use super::*;
use crate::clock::Day;
use crate::error::Code;
use crate::rule::Rule;

const SYNTHETIC: &str = "190101198803120021";

#[test]
fn a_birth_after_today_is_refused_and_today_is_not() {
    let newborn = "190101202610180027";
    let born = Day::new(2026, 10, 18).unwrap();
    let the_day_before = HolderCode::parse_on(CodeType::CitizenId, newborn, born.plus_days(-1));
    assert_eq!(the_day_before.unwrap_err().rule, CodeRule::DateInFuture);
    assert!(HolderCode::parse_on(CodeType::CitizenId, newborn, born).is_ok());
    assert!(HolderCode::parse(CodeType::CitizenId, newborn).is_ok());
    let elsewhere = HolderCode::parse_on(CodeType::OtherPerson, newborn, born.plus_days(-1));
    assert_eq!(elsewhere.unwrap_err().rule, CodeRule::DateInFuture, "another door for the same number");
    // 18 digits with another check character are another document's number, even if they seem to hold a date.
    let document = "190101209910180021";
    assert!(HolderCode::parse(CodeType::CitizenId, document).is_err());
    assert_eq!(HolderCode::parse_on(CodeType::OtherPerson, document, born).unwrap().code.as_str(), document);
}

#[test]
fn i3_neither_debug_nor_display_nor_a_fault_shows_a_number() {
    let code = accepted(CodeType::CitizenId, SYNTHETIC);
    for shown in [code.code.to_string(), format!("{code:?}"), format!("{:?}", code.code.person())] {
        assert!(!shown.contains(SYNTHETIC) && !shown.contains("19880312"), "{shown}");
    }
    let fault = HolderCode::parse(CodeType::CitizenId, "190101198803120022").unwrap_err();
    for shown in [fault.to_string(), format!("{fault:?}")] {
        assert!(!shown.contains("1901"), "{shown}");
    }
}

#[test]
fn a_mask_hides_at_least_half_and_keeps_the_length() {
    let masks = [
        (CodeType::CitizenId, "11010519491231002X", "110***********002X"),
        (CodeType::CreditCode, "91190101MD1000018C", "911***********018C"),
        (CodeType::CreditCode, "D2143569X", "D******9X"),
        (CodeType::OrdinaryPassport, "E12345678", "E******78"),
        (CodeType::OrdinaryPassport, "E1234", "*****"),
        (CodeType::ArmyOfficer, "军字第0123456号", "军********6号"),
    ];
    for (code_type, text, mask) in masks {
        assert_eq!(accepted(code_type, text).code.masked(), mask);
    }
}

#[test]
fn a_fault_becomes_an_error_that_names_the_rule() {
    let fault = HolderCode::parse(CodeType::CreditCode, "9119O101MD1000018C").unwrap_err();
    let error = crate::error::Error::from(fault);
    assert_eq!((error.code, error.rule.map(Rule::wire)), (Code::HolderCodeInvalid, Some("alphabet_iosvz")));
}

#[test]
fn the_demo_regions_answer_only_where_they_are_loaded() {
    let with = |regions: &Regions, text| {
        wires(&HolderCode::parse_with(CodeType::CitizenId, text, None, regions).unwrap().remarks)
    };
    assert_eq!(with(Regions::builtin(), SYNTHETIC), ["region_unknown"]);
    assert_eq!(with(&demo(), SYNTHETIC), [""; 0]);
    assert_eq!(with(&demo(), "190104199006300066"), ["region_abolished"]);
    let company = HolderCode::parse_with(CodeType::CreditCode, "91190101MD1000018C", None, &demo()).unwrap();
    assert_eq!(company.remarks, []);
}

#[test]
fn every_rule_and_every_type_has_a_name_of_its_own_in_both_languages() {
    let rules: std::collections::HashSet<_> = CodeRule::ALL.iter().map(|rule| rule.rule()).collect();
    assert_eq!(rules.len(), CodeRule::ALL.len());
    for rule in CodeRule::ALL {
        assert!(rule.text_en().is_ascii() && !rule.rule().zh().is_ascii(), "{rule:?}");
    }
    for code_type in CodeType::ALL {
        assert_eq!(code_type.code().parse(), Ok(*code_type));
        let json = serde_json::to_string(code_type).unwrap();
        assert_eq!(json, format!("\"{}\"", code_type.code()));
        assert_eq!(serde_json::from_str::<CodeType>(&json).unwrap(), *code_type);
    }
    assert!("112".parse::<CodeType>().is_err());
    assert!(CodeType::ALL.iter().filter(|code_type| !code_type.is_person()).count() == 2);
}

#[test]
fn equality_is_of_what_was_given_and_the_key_is_of_the_holder() {
    let permit = "810000199408230021";
    let (citizen, travel) = (
        accepted(CodeType::CitizenId, permit).code,
        accepted(CodeType::HongKongMacaoTravelPermit, permit).code,
    );
    assert_ne!(citizen, travel);
    assert!(citizen.same_key(&travel));
    assert!(!citizen.same_key(&accepted(CodeType::CitizenId, SYNTHETIC).code));
}
