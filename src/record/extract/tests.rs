use super::super::identifier::Identifier;
use super::super::payload::tests::sample;
use serde_json::json;

use super::*;
use crate::catalog::Catalog;

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn text(extract: &Extract) -> String {
    String::from_utf8(extract.bytes.clone()).unwrap()
}

fn types(slug: &str) -> Vec<Arc<TypeEntry>> {
    let all = Catalog::builtin_types().unwrap();
    all.into_iter().filter(|entry| entry.def().slug == slug).map(Arc::new).collect()
}

/// Number and face of a record of that type, as a grant of these fields shows them.
fn granted(slug: &str, number: &str, face: Value, grant: &[&str]) -> (Option<String>, Value) {
    let mut record = sample();
    let Value::Object(face) = face else { panic!("a face is an object") };
    (record.face, record.number) = (face, Some(number.to_owned()));
    let (types, grant) = (types(slug), names(grant));
    let masks = Masks::OfType { types: &types, unmasked: &grant };
    let view = View { fields: Fields::Only(&grant), holders: Holders::All, masks, mask_codes: true };
    let made = canonical::parse_canonical(&extract(&record, &view).unwrap().bytes).unwrap();
    (made.get("number").and_then(Value::as_str).map(str::to_owned), made["face"].clone())
}

#[test]
fn i4_what_is_not_allowed_is_not_there() {
    let record = sample();
    let own = &record.holders[0];
    let fields = names(&["registered_on"]);
    let view = View {
        fields: Fields::Only(&fields),
        holders: Holders::Only(&own.code_type, &own.code),
        masks: Masks::None,
        mask_codes: false,
    };
    assert!(view.limits(&record));
    let made = extract(&record, &view).unwrap();
    assert_eq!(made.digest, Digest::of(&[&made.bytes]));
    let value = canonical::parse_canonical(&made.bytes).unwrap();
    assert_eq!(value["face"], json!({"registered_on": "2024-05-20"}));
    assert_eq!(value["holders"].as_array().unwrap().len(), 1);
    assert_eq!((&value["vouched_by"], &value["fields_limited"]), (&json!("registry"), &json!(true)));
    assert_eq!(value["valid_to"], "long_term");
    for hidden in ["19010219910412002X", "李小红", "J190101", "salt", "attachments", "sha256"] {
        assert!(!text(&made).contains(hidden), "{hidden}");
    }
}

#[test]
fn the_whole_needs_no_extract() {
    let (record, none, all) = (sample(), names(&[]), names(&["office"]));
    let whole = View { fields: Fields::Whole, holders: Holders::All, masks: Masks::None, mask_codes: false };
    assert!(!whole.limits(&record));
    assert!(View { mask_codes: true, ..whole }.limits(&record));
    assert!(View { masks: Masks::OfType { types: &[], unmasked: &none }, ..whole }.limits(&record));
    assert!(View { fields: Fields::Only(&all), ..whole }.limits(&record));
    assert!(View { holders: Holders::Only("111", &record.holders[0].code), ..whole }.limits(&record));
}

#[test]
fn i3_a_number_that_contains_the_holders_is_masked_like_it() {
    let code = "190101199003070014";
    let face = || json!({"social_security_no": code, "card_no": "6200000000000000001", "bank": "示范银行"});
    let card = |grant: &[&str]| granted("social_security_card", code, face(), grant);
    assert_eq!(card(&["bank"]), (None, json!({"bank": "示范银行"})));
    let (number, shown) = card(&["number", "social_security_no", "card_no"]);
    assert_eq!(number.as_deref(), Some("190***********0014"));
    assert_eq!(shown, json!({"social_security_no": "190***********0014", "card_no": "***************0001"}));
    for whole in ["number!whole", "social_security_no!whole"] {
        assert_eq!(card(&["number", whole]).0.as_deref(), Some(code), "{whole}");
    }
    let (_, shown) = card(&["card_no", "card_no!whole"]);
    assert_eq!(shown["card_no"], "6200000000000000001");
    let licence = granted("marriage_certificate", "J190101-2024-000123", json!({}), &["number"]);
    assert_eq!(licence.0.as_deref(), Some("J190101-2024-000123"), "a register number is nobody's");
}

#[test]
fn i3_masks_reach_into_lists_and_what_is_hidden_is_not_there() {
    let (one, other) = ("190101199003070014", "19010219910412002X");
    let spouse = |name: &str, code: &str| json!({"name": name, "id_type": "111", "id_number": code});
    let face = json!({
        "spouses": [spouse("王小明", one), spouse("李小红", other)],
        "photo": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "unheard_of": one,
    });
    let all = ["spouses", "photo", "unheard_of"];
    let (_, shown) = granted("marriage_certificate", "J1", face.clone(), &all);
    let spouses = json!([spouse("王小明", "190***********0014"), spouse("李小红", "190***********002X")]);
    assert_eq!(shown, json!({"spouses": spouses}));
    let grant = ["spouses", "spouses.id_number!whole", "photo", "photo!whole"];
    let (_, shown) = granted("marriage_certificate", "J1", face.clone(), &grant);
    assert_eq!((&shown["spouses"], &shown["photo"]), (&face["spouses"], &face["photo"]));
    let death = json!({"cause": "心脏骤停", "place": "示范市人民医院"});
    let (_, shown) = granted("death_certificate", "D1", death, &["cause", "place"]);
    assert_eq!(shown, json!({"place": "示范市人民医院"}));
}

#[test]
fn i4_a_type_that_is_gone_shows_no_face_and_no_number_in_clear() {
    let (number, face) =
        granted("none_such", "190101199003070014", json!({"bank": "x"}), &["number", "bank"]);
    assert_eq!((number.as_deref(), face), (Some("190***********0014"), json!({})));
}

#[test]
fn i3_masks_reach_holders_codes() {
    let (record, none) = (sample(), names(&[]));
    let masks = Masks::OfType { types: &[], unmasked: &none };
    let view = View { fields: Fields::Whole, holders: Holders::All, masks, mask_codes: true };
    let made = text(&extract(&record, &view).unwrap());
    for hidden in ["190101199003070014", "19010219910412002X", "J190101-2024-000123"] {
        assert!(!made.contains(hidden), "{made}");
    }
    assert!(made.contains("190***********0014") && made.contains("王小明"));
}

#[test]
fn i3_an_identifier_never_tells_a_hidden_holders_number() {
    let mut record = sample();
    let other = record.holders[1].code.clone();
    record.identifier =
        Identifier::compose("11100000MB03271699001", "340100", &other, 1).unwrap().as_str().into();
    let own = record.holders[0].code.clone();
    let view = View {
        fields: Fields::Whole,
        holders: Holders::Only("111", &own),
        masks: Masks::None,
        mask_codes: false,
    };
    let made = text(&extract(&record, &view).unwrap());
    assert!(!made.contains(&other) && !made.contains("\"identifier\""));
    let all = View { holders: Holders::All, ..view };
    assert!(text(&extract(&record, &all).unwrap()).contains(&record.identifier));
}
