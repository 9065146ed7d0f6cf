//! The language of conditions: text and tree, and the three values against an oracle.

use proptest::prelude::*;

use super::*;

fn named() -> impl Strategy<Value = CaseName> {
    prop_oneof![
        prop::sample::select(vec!["登记地", "情形_2", "q", "非本地"])
            .prop_map(|name| CaseName::Question(name.into())),
        (prop::sample::select(vec!["申请人", "监护人"]), prop::sample::select(Attribute::ALL))
            .prop_map(|(role, attribute)| CaseName::Attribute { role: role.into(), attribute }),
        prop::sample::select(vec!["resident_id_card", "a"])
            .prop_map(|slug| CaseName::Holds { role: "申请人".into(), slug: slug.into() }),
    ]
}

fn fact() -> impl Strategy<Value = FactValue> {
    prop_oneof![
        "[^」]{0,6}".prop_map(FactValue::Text),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), -3_i64..4].prop_map(FactValue::Number),
        any::<bool>().prop_map(FactValue::Truth),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    use Operator::*;
    prop::sample::select(vec![Is, IsNot, Below, AtMost, Above, AtLeast])
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        named().prop_map(Condition::Fact),
        (named(), operator(), fact()).prop_map(|(of, by, to)| Condition::Compare { of, by, to }),
        (named(), prop::collection::vec(fact(), 1..4)).prop_map(|(of, among)| Condition::OneOf { of, among }),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Condition::Any),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

/// The oracle: a condition is known where every way to fill in the unknown tests gives the same.
fn oracle(condition: &Condition, known: &dyn Fn(&CaseName) -> Option<FactValue>) -> Option<bool> {
    fn test(condition: &Condition, known: &dyn Fn(&CaseName) -> Option<FactValue>) -> Option<bool> {
        let number = |value: &FactValue| match value {
            FactValue::Number(number) => Some(*number),
            _ => None,
        };
        let kind = |value: &FactValue| match value {
            FactValue::Text(_) => 0,
            FactValue::Number(_) => 1,
            FactValue::Truth(_) => 2,
        };
        match condition {
            Condition::Fact(of) => (known(of)? == FactValue::Truth(true))
                .then_some(true)
                .or_else(|| (known(of) == Some(FactValue::Truth(false))).then_some(false)),
            Condition::Compare { of, by, to } => {
                let value = known(of)?;
                match by {
                    Operator::Is => (kind(&value) == kind(to)).then(|| value == *to),
                    Operator::IsNot => (kind(&value) == kind(to)).then(|| value != *to),
                    Operator::Below => Some(number(&value)? < number(to)?),
                    Operator::AtMost => Some(number(&value)? <= number(to)?),
                    Operator::Above => Some(number(&value)? > number(to)?),
                    Operator::AtLeast => Some(number(&value)? >= number(to)?),
                }
            }
            Condition::OneOf { of, among } => {
                let value = known(of)?;
                let strange = among.iter().any(|one| kind(one) != kind(&value));
                if among.contains(&value) { Some(true) } else { (!strange).then_some(false) }
            }
            _ => None,
        }
    }
    let level = |truth: Option<bool>| match truth {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    };
    let of = |level: i32| match level {
        0 => Some(false),
        1 => None,
        _ => Some(true),
    };
    match condition {
        Condition::All(parts) => of(parts.iter().map(|part| level(oracle(part, known))).min().unwrap()),
        Condition::Any(parts) => of(parts.iter().map(|part| level(oracle(part, known))).max().unwrap()),
        Condition::Not(part) => of(2 - level(oracle(part, known))),
        leaf => test(leaf, known),
    }
}

proptest! {
    #[test]
    fn a_printed_condition_reads_back_as_itself(condition in condition()) {
        let text = condition.to_string();
        prop_assume!(text.chars().count() <= 1_000);
        prop_assert_eq!(Condition::parse(&text), Ok(condition.clone()), "{}", text);
        let written = serde_json::to_string(&condition).unwrap();
        prop_assert_eq!(serde_json::from_str::<Condition>(&written).unwrap(), condition);
    }

    #[test]
    fn three_values_are_those_of_an_oracle(
        condition in condition(),
        values in prop::collection::btree_map(named(), fact(), 0..10),
    ) {
        let known = |named: &CaseName| values.get(named).cloned();
        prop_assert_eq!(condition.holds(&known), oracle(&condition, &known));
    }

    /// What is known stays so when more is known.
    #[test]
    fn more_facts_never_turn_an_answer(
        condition in condition(),
        few in prop::collection::btree_map(named(), fact(), 0..10),
        more in prop::collection::btree_map(named(), fact(), 0..10),
    ) {
        let before = condition.holds(&|named| few.get(named).cloned());
        let after = condition.holds(&|named| few.get(named).or_else(|| more.get(named)).cloned());
        prop_assert!(before.is_none() || before == after);
    }

    #[test]
    fn no_text_stops_the_reader(text in "[且或非属于是否(){}「」=<>!≠、, .a0-9-]{0,60}") {
        let _read = Condition::parse(&text);
    }
}

#[test]
fn a_department_writes_it_as_it_speaks() {
    let read = |text: &str| Condition::parse(text).map(|condition| condition.to_string());
    let plain = "登记地 = 「常住地」 且 非 申请人.本地户籍";
    assert_eq!(read(plain).unwrap(), plain);
    assert_eq!(read("登记地=「常住地」 且 非(申请人.本地户籍)").unwrap(), plain);
    assert_eq!(read("a 或 b 且 c").unwrap(), "a 或 (b 且 c)", "且 binds closer");
    assert_eq!(read("申请人.年龄>=16").unwrap(), "申请人.年龄 ≥ 16");
    let wide = "类别 属于 \u{ff08}「甲」\u{ff0c}「乙」\u{ff09}";
    assert_eq!(read(wide).unwrap(), "类别 属于 (「甲」、「乙」)");
    assert_eq!(read("申请人.持有(resident_id_card) = 否").unwrap(), "申请人.持有(resident_id_card) = 否");
}

#[test]
fn a_text_that_is_no_condition_is_refused_at_its_place() {
    let deep = format!("{}a", "非 ".repeat(17));
    let long = format!("a{}", " ".repeat(1_000));
    for (text, at) in [
        ("", 1),
        ("且 a", 1),
        ("a 且", 4),
        ("a b", 3),
        ("a = ", 5),
        ("a = b", 5),
        ("(a 或 b", 7),
        ("a = 「b", 5),
        ("a.身高 > 1", 3),
        ("a 属于 ()", 7),
        ("a = 99999999999999999999", 5),
        ("a # b", 3),
    ] {
        let fault = Condition::parse(text).unwrap_err();
        assert_eq!((fault.at, fault.rule().wire()), (at, "item_condition"), "{text}: {fault}");
    }
    assert!(Condition::parse(&deep).is_err() && Condition::parse(&long).is_err());
    assert!(Condition::parse(&format!("{}a", "非 ".repeat(15))).is_ok());
}
