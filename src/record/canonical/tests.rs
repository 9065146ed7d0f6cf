//! RFC 8785 examples, the rules that narrow it, and a second implementation beside ours.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn refused(text: &str) -> CanonicalFault {
    assert!(!scan::holds(text.as_bytes()), "{text}");
    parse_canonical(text.as_bytes()).unwrap_err()
}

#[test]
fn rfc_8785_string_example_holds() {
    let value: Value = serde_json::from_str(
        r#"{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
    )
    .unwrap();
    let expected = "{\"literals\":[null,true,false],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    assert_eq!(String::from_utf8(to_vec(&value).unwrap()).unwrap(), expected);
    assert!(is_canonical(expected.as_bytes()));
}

#[test]
fn rfc_8785_sorting_example_holds() {
    let value: Value = serde_json::from_str(
        r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
            "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",
            "\u00f6":"Latin Small Letter O With Diaeresis"}"#,
    )
    .unwrap();
    let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
    let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
    let places: Vec<_> = order.iter().map(|word| text.find(word).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    // The same text sorted by UTF-8 bytes has the emoji last, and is refused.
    assert!(is_canonical(text.as_bytes()));
    assert_eq!(refused("{\"\u{fb33}\":1,\"\u{1f600}\":2}"), CanonicalFault::NotCanonical);
}

#[test]
fn whatever_is_not_its_own_form_is_refused() {
    for (text, fault) in [
        (r#"{"a":1,"a":1}"#, CanonicalFault::DuplicateName),
        (r#"{"a":{"b":1,"b":2}}"#, CanonicalFault::DuplicateName),
        ("1.5", CanonicalFault::NotAnInteger),
        ("1.0", CanonicalFault::NotAnInteger),
        ("1e2", CanonicalFault::NotAnInteger),
        ("-0", CanonicalFault::NotAnInteger),
        ("9007199254740992", CanonicalFault::IntegerTooLarge),
        ("-9007199254740992", CanonicalFault::IntegerTooLarge),
        ("123456789012345678901234567890", CanonicalFault::IntegerTooLarge),
        (r#""\ud800""#, CanonicalFault::NotJson),
        ("01", CanonicalFault::NotJson),
        ("{}x", CanonicalFault::NotJson),
        ("", CanonicalFault::NotJson),
        (" {}", CanonicalFault::NotCanonical),
        ("{} ", CanonicalFault::NotCanonical),
        (r#"{"b":1,"a":1}"#, CanonicalFault::NotCanonical),
        (r#""\/""#, CanonicalFault::NotCanonical),
        (r#""\u0041""#, CanonicalFault::NotCanonical),
        (r#""\u000F""#, CanonicalFault::NotCanonical),
        ("\"\\u0009\"", CanonicalFault::NotCanonical),
    ] {
        assert_eq!(refused(text), fault, "{text}");
    }
    assert_eq!(parse_canonical(b"\"\xff\""), Err(CanonicalFault::NotUtf8));
    assert_eq!(refused(&"[".repeat(100_000)), CanonicalFault::NotJson);
    for text in ["9007199254740991", "-9007199254740991", "0", "[]", "{}", r#"{"":""}"#] {
        assert!(is_canonical(text.as_bytes()), "{text}");
    }
}

#[test]
fn i12_names_are_not_normalised() {
    // U+FA0C is rewritten to U+5140 by NFC: that would be another person's name.
    let value = json!({"name": "\u{fa0c}e\u{301}"});
    let bytes = to_vec(&value).unwrap();
    assert_eq!(parse_canonical(&bytes).unwrap(), value);
    assert!(String::from_utf8(bytes).unwrap().contains('\u{fa0c}'));
}

fn values() -> impl Strategy<Value = Value> {
    let limit = i64::try_from(MAX_INTEGER).unwrap();
    let text = prop_oneof!["\\PC{0,12}", "[\u{0}-\u{7f}\u{e000}-\u{e010}\u{fb33}\u{10000}\u{1f600}]{0,6}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-limit..=limit).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_second_implementation_writes_the_same(value in values()) {
        let ours = to_vec(&value).unwrap();
        prop_assert_eq!(&ours, &serde_json_canonicalizer::to_vec(&value).unwrap());
        prop_assert_eq!(parse_canonical(&ours).unwrap(), value);
        // One pass shows it without a value, except for names that UTF-16 has in another order or that are
        // escaped.
        prop_assert!(scan::holds(&ours) || ours.iter().any(|byte| *byte >= 0xEE || *byte == b'\\'));
    }

    #[test]
    fn the_single_pass_takes_nothing_that_the_reader_refuses(
        value in values(), at in any::<proptest::sample::Index>(), byte in any::<u8>(), ascii in "[\\x20-\\x7e]",
    ) {
        let ours = to_vec(&value).unwrap();
        let at = at.index(ours.len());
        for byte in [byte, ascii.as_bytes()[0]] {
            let mut changed = ours.clone();
            changed[at] = byte;
            let mut longer = ours.clone();
            longer.insert(at, byte);
            let mut shorter = ours.clone();
            shorter.remove(at);
            for bytes in [changed, longer, shorter] {
                prop_assert!(!scan::holds(&bytes) || parse_canonical(&bytes).is_ok());
            }
        }
    }

    #[test]
    fn another_writing_of_the_same_value_is_refused(value in values()) {
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        let ours = to_vec(&value).unwrap();
        prop_assert_eq!(is_canonical(&pretty), pretty == ours);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = parse_canonical(&bytes) {
            prop_assert_eq!(to_vec(&value).unwrap(), bytes);
        }
    }
}
