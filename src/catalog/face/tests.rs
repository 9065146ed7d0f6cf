//! Faces of all seed types, good and spoilt. All data is synthetic (region prefix 19).

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::catalog::{Catalog, CodeLists, TypeEntry, TypeFault};

fn entries() -> Vec<TypeEntry> {
    Catalog::builtin_types().unwrap()
}

fn entry(slug: &str) -> TypeEntry {
    entries().into_iter().find(|entry| entry.def().slug == slug).unwrap()
}

/// A value that the field accepts.
fn good(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Text { one_of, .. } if !one_of.is_empty() => json!(one_of[0]),
        FieldKind::Text { format, min, .. } => match format {
            Format::Date => json!("2020-02-29"),
            Format::DateOrLong => json!("长期"),
            Format::PartialDate => json!("2026-09"),
            Format::Time => json!("2026-10-18T09:41"),
            Format::Amount | Format::Area => json!("89.50"),
            Format::HolderCode => json!("190101198803120021"),
            Format::SealedReference => json!("0f".repeat(32)),
            _ => json!("䶮".repeat(*min)),
        },
        FieldKind::Integer { min, .. } => json!(min),
        FieldKind::Code(list) => json!(list.codes[0].code),
        FieldKind::List { item, min, .. } => {
            let FieldKind::Code(list) = item.as_ref() else { panic!("a list of codes") };
            list.codes.iter().take((*min).max(1)).map(|code| json!(code.code)).collect()
        }
        FieldKind::Rows { fields, min, .. } => vec![object(fields); (*min).max(1)].into(),
        FieldKind::Group(fields) => object(fields),
    }
}

fn object(set: &FieldSet) -> Value {
    set.fields().iter().map(|field| (field.name.clone(), good(&field.kind))).collect::<Map<_, _>>().into()
}

/// Values that the field must refuse.
fn spoilt(kind: &FieldKind) -> Vec<Value> {
    let mut bad = vec![
        json!(null),
        json!(true),
        json!(1.5),
        json!({"x": 1}),
        json!([]),
        json!(9_007_199_254_740_992_i64),
    ];
    match kind {
        FieldKind::Text { format, max, .. } => {
            bad.extend([
                json!(""),
                json!("字".repeat(max + 1)),
                json!("a\u{202E}b"),
                json!("a\tb"),
                json!(7),
            ]);
            let forms: &[&str] = match format {
                Format::Date => &["2021-02-29", "2021-2-3", "20210203", "长期", "2021-13-01", "２０21-01-01"],
                Format::DateOrLong => &["2021-02-29", "9999", "永久"],
                Format::PartialDate => &["2021-13", "202", "2021-02-30", "2021-00"],
                Format::Time => {
                    &["2026-10-18T24:00", "2026-10-18 09:41", "2026-10-18T09:60", "2026-02-30T09:41"]
                }
                Format::Amount | Format::Area => &["-1", "01", "1.", ".5", "1e3", "1,000", "1.1234567"],
                Format::HolderCode => &["19010119880312002x", "190101 1988", "１９０101"],
                Format::Identifier => &["字 号", "字\u{3000}号"],
                Format::SealedReference => &["0F0F", "zz"],
                _ => &[],
            };
            bad.extend(forms.iter().map(|text| json!(text)));
        }
        FieldKind::Integer { min, max } => {
            bad.extend([json!(min - 1), json!(max + 1), json!("5"), json!(u64::MAX)])
        }
        FieldKind::Code(_) => bad.extend([json!("没有"), json!(1)]),
        FieldKind::List { max, .. } => {
            bad.extend([
                json!(["没有"]),
                json!([1]),
                vec![good(kind)[0].clone(); 2].into(),
                vec![json!("A1"); max + 1].into(),
            ]);
        }
        FieldKind::Rows { max, fields, .. } => {
            bad.retain(|value| *value != json!([]));
            bad.extend([json!([1]), json!([{}]), vec![object(fields); max + 1].into()]);
        }
        FieldKind::Group(_) => bad.push(json!({})),
    }
    bad
}

#[test]
fn a_good_face_of_each_type_passes() {
    let all = entries();
    assert_eq!(all.len(), 26);
    for entry in all {
        let face = object(&entry.face().top);
        assert_eq!(entry.face().check(&face), Ok(()), "{}", entry.def().slug);
    }
}

#[test]
fn each_required_field_that_is_missing_is_named() {
    for entry in entries() {
        let face = object(&entry.face().top);
        for field in entry.face().fields().iter().filter(|field| field.required) {
            let mut without = face.clone();
            without.as_object_mut().unwrap().remove(&field.name);
            let faults = entry.face().check(&without).unwrap_err();
            assert_eq!(
                (faults[0].field.as_str(), faults[0].rule),
                (field.name.as_str(), FaceRule::FieldMissing)
            );
            assert_eq!(faults.len(), 1);
        }
    }
}

#[test]
fn each_field_of_the_wrong_kind_is_named_and_its_value_is_not() {
    for entry in entries() {
        let face = object(&entry.face().top);
        for field in entry.face().fields() {
            for bad in spoilt(&field.kind) {
                let mut spoilt = face.clone();
                spoilt[&field.name] = bad.clone();
                let faults = entry.face().check(&spoilt).expect_err(&format!(
                    "{}.{} = {bad}",
                    entry.def().slug,
                    field.name
                ));
                assert!(faults.iter().all(|fault| fault.field.starts_with(&field.name)), "{faults:?}");
            }
            for inner in field.inner().into_iter().flat_map(FieldSet::fields) {
                for bad in spoilt_inner(inner) {
                    let mut spoilt = face.clone();
                    spoilt[&field.name][0][&inner.name] = bad;
                    let faults = entry.face().check(&spoilt).unwrap_err();
                    assert_eq!(faults[0].field, format!("{}[0].{}", field.name, inner.name));
                }
            }
        }
    }
}

fn spoilt_inner(field: &Field) -> Vec<Value> {
    spoilt(&field.kind)
}

#[test]
fn i3_a_fault_tells_neither_value_nor_a_key_that_may_be_a_number() {
    let face = entry("resident_id_card");
    let mut given = object(&face.face().top);
    given["id_number"] = json!("190101198803120021 ");
    given["190101198803120021"] = json!("x");
    let said = format!("{:?}", face.face().check(&given).unwrap_err());
    assert!(said.contains("(unknown)") && said.contains("HolderCodeForm"));
    assert!(!said.contains("19880312"), "{said}");
    let facts = HolderFacts {
        role: "holder",
        code_type: "111",
        code: "190101198803120021",
        name: "周海燕",
        sex: None,
        born: None,
    };
    assert!(!format!("{facts:?}").contains("1988"));
}

#[test]
fn a_father_is_named_or_said_to_be_not_given() {
    let birth = entry("birth_certificate");
    let mut face = object(&birth.face().top);
    let map = face.as_object_mut().unwrap();
    map.retain(|name, _| !name.starts_with("father_"));
    assert_eq!(birth.face().check(&face).unwrap_err()[0].rule, FaceRule::AlternativeMissing);
    face["father_note"] = json!("未提供");
    assert_eq!(birth.face().check(&face), Ok(()));
}

#[test]
fn i12_private_use_characters_and_blanks_are_kept_and_marked() {
    let card = entry("resident_id_card");
    let mut face = object(&card.face().top);
    face["name"] = json!("王\u{E863}");
    face["address"] = json!(" 城东区\u{200D}路");
    let before = face.clone();
    assert_eq!(card.face().check(&face), Ok(()));
    let mut notes: Vec<_> =
        card.face().notes(&face).into_iter().map(|note| (note.field, note.kind.wire())).collect();
    notes.sort();
    assert_eq!(
        notes,
        [("address".into(), "joiner"), ("address".into(), "outer_blank"), ("name".to_owned(), "private_use")]
    );
    assert_eq!(face, before);
    for note in card.face().notes(&face) {
        assert_eq!(FaceNote::read(&note.to_string()), Some(note), "a note reads back from how it is told");
    }
    assert_eq!(FaceNote::read("spaces_removed"), None);
}

#[test]
fn i3_a_name_with_a_number_in_it_is_none_and_another_field_may_hold_one() {
    let card = entry("resident_id_card");
    let mut face = object(&card.face().top);
    face["address"] = json!("城东区 190101198803120021 室");
    assert_eq!(card.face().check(&face), Ok(()));
    face["name"] = json!("王190101 19880312 0021芳");
    let faults = card.face().check(&face).unwrap_err();
    assert_eq!((faults[0].field.as_str(), faults[0].rule, faults.len()), ("name", FaceRule::NumberInText, 1));
}

#[test]
fn line_breaks_stand_only_where_there_are_lines() {
    let licence = entry("business_licence");
    let mut face = object(&licence.face().top);
    face["scope"] = json!("餐饮服务;\n食品销售");
    assert_eq!(licence.face().check(&face), Ok(()));
    face["name"] = json!("示范市\n海燕餐饮店");
    assert_eq!(licence.face().check(&face).unwrap_err()[0].rule, FaceRule::ControlCharacter);
}

/// Faults of a seed type after a change of its text.
fn changed(slug: &str, from: &str, to: &str) -> Result<TypeEntry, TypeFault> {
    let text = crate::catalog::builtin::TYPES
        .iter()
        .find(|text| text.contains(&format!("\"slug\": \"{slug}\"")))
        .unwrap();
    assert!(text.contains(from), "{from}");
    TypeEntry::from_json(&text.replacen(from, to, 1), &CodeLists::builtin().unwrap())
}

#[test]
fn a_schema_that_says_what_is_not_known_here_is_refused() {
    let name = r#""name": {"type": "string","#;
    let name = name.replace(r#","#, "");
    for (from, to, rule) in [
        (
            format!("{name},"),
            r#""name": {"type": "string", "pattern": "^.*$","#.to_owned(),
            "schema_keyword_unknown",
        ),
        (r#""format": "date","#.to_owned(), r#""format": "uri","#.to_owned(), "schema_shape"),
        (r#""format": "date","#.to_owned(), String::new(), "schema_keyword_misplaced"),
        (r#""maxLength": 100,"#.to_owned(), String::new(), "schema_keyword_misplaced"),
        (r#""x-order": 2"#.to_owned(), r#""x-order": 1"#.to_owned(), "schema_order_twice"),
        ("sex@1".to_owned(), "sex@9".to_owned(), "schema_code_list_unknown"),
        (r#""role": "holder"}"#.to_owned(), r#""role": "owner"}"#.to_owned(), "schema_role_unfit"),
        (r#""required": ["name""#.to_owned(), r#""required": ["nome""#.to_owned(), "schema_field_unknown"),
        (
            r#""additionalProperties": false"#.to_owned(),
            r#""additionalProperties": true"#.to_owned(),
            "schema_keyword_misplaced",
        ),
        (r#""version": 3"#.to_owned(), r#""version": 0"#.to_owned(), "type_inconsistent"),
        (r#""version": 3"#.to_owned(), r#""version": 3, "colour": "red""#.to_owned(), "type_shape"),
        (r#""field": "id_number""#.to_owned(), r#""field": "number""#.to_owned(), "type_inconsistent"),
        (r#""x-mask": "id", "#.to_owned(), String::new(), "schema_keyword_misplaced"),
        ("11190000MD10009070001".to_owned(), "11190000MD1000907000A".to_owned(), "type_code_form"),
        (r#""below": 26"#.to_owned(), r#""below": 10"#.to_owned(), "type_inconsistent"),
    ] {
        let fault = changed("resident_id_card", &from, &to).expect_err(&to);
        assert_eq!(fault.rule().wire(), rule, "{to}: {fault}");
    }
    let fault = changed("resident_id_card", r#""format": "date","#, r#""format": "date", "pattern": "x","#)
        .unwrap_err();
    assert!(fault.to_string().contains("birth_date: unknown keyword pattern"), "{fault}");
}

/// A type with a face of its own: a holder and the given fields.
fn with_fields(fields: Value) -> Result<TypeEntry, TypeFault> {
    let text =
        crate::catalog::builtin::TYPES.iter().find(|text| text.contains("\"slug\": \"resident_id_card\""));
    let mut def: Value = serde_json::from_str(text.unwrap()).unwrap();
    let properties = def["face"]["properties"].as_object_mut().unwrap();
    for (place, (name, mut field)) in fields.as_object().unwrap().clone().into_iter().enumerate() {
        field["x-order"] = json!(100 + place);
        field["x-label"] = json!({"zh": "试", "en": "Test"});
        properties.insert(name, field);
    }
    TypeEntry::from_json(&def.to_string(), &CodeLists::builtin().unwrap())
}

#[test]
fn a_keyword_that_a_kind_has_no_use_for_is_refused() {
    let list = |items: Value| json!({"type": "array", "minItems": 0, "maxItems": 4, "items": items});
    let checked = json!({"rule": "holder_name", "role": "holder"});
    let text = json!({"type": "string", "format": "text", "minLength": 1, "maxLength": 9});
    let mut bad = vec![
        json!({"type": "integer", "minimum": 0, "maximum": 9, "enum": ["1"]}),
        json!({"type": "integer", "minimum": 0, "maximum": 9, "maxLength": 1}),
        json!({"type": "integer", "minimum": 0, "maximum": 9, "x-check": checked}),
        json!({"type": "string", "format": "text", "minLength": 1, "maxLength": 9, "maximum": 9}),
        json!({"type": "string", "format": "text", "minLength": 1, "maxLength": 9, "maxItems": 9}),
        json!({"type": "string", "format": "date", "x-multiline": true}),
        json!({"type": "string", "format": "code", "x-code-list": "sex@1", "enum": ["1"]}),
        json!({"type": "string", "format": "code", "x-code-list": "sex@1", "maxLength": 1}),
        // A list is masked as a whole and compared with nobody.
        list(json!({"type": "string", "format": "holder_code"})),
        list(json!({"type": "string", "format": "holder_code", "x-mask": "id"})),
        list(json!({"type": "string", "format": "text", "minLength": 1, "maxLength": 9, "x-check": checked})),
    ];
    let mut compared = list(text.clone());
    compared["x-check"] = checked.clone();
    bad.push(compared);
    for field in bad {
        let fault = with_fields(json!({"extra": field.clone()})).expect_err(&field.to_string());
        assert_eq!(fault.rule().wire(), "schema_keyword_misplaced", "{field}: {fault}");
    }
    let mut masked = list(json!({"type": "string", "format": "holder_code"}));
    masked["x-mask"] = json!("id");
    with_fields(json!({"extra": masked, "more": list(text), "count": {"type": "integer", "minimum": 0, "maximum": 9, "x-unit": "个"}}))
        .unwrap();
}

#[test]
fn what_a_group_or_a_list_of_nobody_says_of_a_holder_is_compared() {
    let name = json!({
        "type": "string", "format": "text", "minLength": 1, "maxLength": 9, "x-order": 1,
        "x-label": {"zh": "姓名", "en": "Name"}, "x-check": {"rule": "holder_name", "role": "holder"},
    });
    let set = json!({"type": "object", "additionalProperties": false, "required": ["name"], "properties": {"name": name}});
    let rows = json!({"type": "array", "minItems": 0, "maxItems": 3, "items": set});
    let entry = with_fields(json!({"bearer": set, "lines": rows})).unwrap();
    let holder = HolderFacts {
        role: "holder",
        code_type: "111",
        code: "190101198803120021",
        name: "周海燕",
        sex: None,
        born: None,
    };
    let faults = |face: Value| {
        let found = entry.face().cross_check(&face, &[holder]).faults;
        found.into_iter().map(|fault| (fault.field, fault.rule)).collect::<Vec<_>>()
    };
    assert_eq!(faults(json!({"bearer": {"name": "周海燕"}, "lines": [{"name": "周海燕"}]})), []);
    assert_eq!(
        faults(json!({"bearer": {"name": "周海"}})),
        [("bearer.name".to_owned(), FaceRule::HolderName)]
    );
    let lines = json!({"lines": [{"name": "周海燕"}, {"name": "周海"}]});
    assert_eq!(faults(lines), [("lines[1].name".to_owned(), FaceRule::HolderName)]);
}

#[test]
fn a_face_takes_every_number_that_identity_takes() {
    let code_types = [("114", "军字第0123456号"), ("099", "(粤)A-12/3.4_5"), ("414", "E12345678")];
    for (code_type, text) in code_types {
        let parsed = crate::identity::HolderCode::parse(code_type.parse().unwrap(), text).unwrap();
        assert_eq!(values::broken(Format::HolderCode, parsed.code.as_str(), false), None, "{text}");
    }
    for text in ["", "军字第号", "e12345678", "E 1234", "E\u{202E}1", &"1".repeat(41)] {
        assert_eq!(values::broken(Format::HolderCode, text, false), Some(FaceRule::HolderCodeForm), "{text}");
    }
}

#[test]
fn a_field_of_one_holder_cannot_mean_one_of_many() {
    let fault = changed(
        "marriage_certificate",
        r#""registrar": {"type": "string","#,
        r#""registrar": {"x-holder": "spouse", "type": "string","#,
    );
    assert_eq!(fault.unwrap_err().rule().wire(), "schema_role_unfit");
}

fn couple() -> (Value, [HolderFacts<'static>; 2]) {
    let person = |name, sex, birth_date, id_number| json!({"name": name, "sex": sex, "nationality": "中国", "birth_date": birth_date, "id_type": "111", "id_number": id_number});
    let face = json!({
        "registered_on": "2012-05-20", "certificate_no": "J190101-2012-000123", "registry": "示范市城东区民政局",
        "registrar": "演示员", "issue_kind": "1",
        "spouses": [
            person("陈志远", "1", "1986-07-25", "190101198607250013"),
            person("阿依古丽·买买提", "2", "1992-09-08", "190102199209080048"),
        ],
    });
    let facts = |code, name, sex, born: &str| HolderFacts {
        role: "spouse",
        code_type: "111",
        code,
        name,
        sex: Some(sex),
        born: Some(born.parse().unwrap()),
    };
    let holders = [
        facts("190101198607250013", "陈志远", "1", "1986-07-25"),
        facts("190102199209080048", "阿依古丽•买买提", "2", "1992-09-08"),
    ];
    (face, holders)
}

#[test]
fn each_item_is_compared_with_its_own_holder() {
    let marriage = entry("marriage_certificate");
    let (face, holders) = couple();
    assert_eq!(marriage.face().check(&face), Ok(()));
    let crossed = marriage.face().cross_check(&face, &holders);
    assert_eq!(crossed.faults, []);
    assert_eq!(crossed.notes, [FaceNote { field: "spouses[1].name".into(), kind: NoteKind::NameDot }]);
    for (field, value, rule) in [
        ("name", "陈志元", FaceRule::HolderName),
        ("sex", "2", FaceRule::HolderSex),
        ("birth_date", "1986-07-26", FaceRule::HolderBirthDate),
        ("id_number", "190102199209080048", FaceRule::HolderCode),
        ("id_type", "414", FaceRule::HolderCodeType),
    ] {
        let mut face = face.clone();
        face["spouses"][0][field] = json!(value);
        let faults = marriage.face().cross_check(&face, &holders).faults;
        assert_eq!(faults.len(), 1);
        assert_eq!(
            (faults[0].field.as_str(), faults[0].rule),
            (format!("spouses[0].{field}").as_str(), rule)
        );
    }
    let mut old = face.clone();
    old["spouses"][0]["id_number"] = json!("190101860725001");
    assert_eq!(marriage.face().cross_check(&old, &holders).faults, [], "the 15 digits of the same number");
    old["spouses"][0]["id_number"] = json!("190101860725002");
    assert_eq!(marriage.face().cross_check(&old, &holders).faults.len(), 1);
    let one = marriage.face().cross_check(&face, &holders[..1]).faults;
    assert_eq!(one[0].rule, FaceRule::HolderCount);
    let swapped = marriage.face().cross_check(&face, &[holders[1], holders[0]]);
    assert!(swapped.faults.len() >= 8, "{swapped:?}");
}

#[test]
fn a_number_that_contains_the_holders_begins_with_it() {
    let card = entry("disability_certificate");
    let mut face = object(&card.face().top);
    let holder = HolderFacts {
        role: "holder",
        code_type: "111",
        code: "190102197911020011",
        name: "王䶮",
        sex: Some("1"),
        born: None,
    };
    face["name"] = json!("王䶮");
    face["sex"] = json!("1");
    face["certificate_no"] = json!("19010219791102001143");
    assert_eq!(card.face().cross_check(&face, &[holder]), CrossCheck::default());
    face["certificate_no"] = json!("19010119880312002143");
    assert_eq!(card.face().cross_check(&face, &[holder]).faults[0].rule, FaceRule::HolderCodePrefix);
}

#[test]
fn paths_reach_every_field() {
    for entry in entries() {
        for path in entry.face().paths() {
            assert!(entry.face().field(&path).is_some(), "{path}");
        }
    }
    let marriage = entry("marriage_certificate");
    assert!(marriage.face().paths().contains(&"spouses.id_number".to_owned()));
    assert_eq!(marriage.face().field("spouses.id_number").unwrap().mask, Mask::Id);
    assert!(marriage.face().field("spouses.photo").is_none());
}

/// JSON from a careless system: persons' numbers as keys and as values, anywhere.
fn careless() -> impl Strategy<Value = Value> {
    let number = "19[0-9]{15,16}[0-9X]";
    let leaf = prop_oneof![
        number.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(null)),
        ".{0,12}".prop_map(Value::from),
    ];
    let key =
        prop_oneof![number.prop_map(|key| key), "name|spouses|id_number|sex|birth_date|registered_on|photo"];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn i3_no_fault_repeats_a_number(face in careless()) {
        let marriage = entry("marriage_certificate");
        let (_, holders) = couple();
        let crossed = marriage.face().cross_check(&face, &holders);
        let said = format!("{:?}{:?}{:?}", marriage.face().check(&face), marriage.face().notes(&face), crossed);
        let mut run = 0;
        for c in said.chars() {
            run = if c.is_ascii_digit() { run + 1 } else { 0 };
            prop_assert!(run < 6, "{}", said);
        }
    }
}
