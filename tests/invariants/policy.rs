//! I4: without a grant the answer is a refusal, and the refusal is logged. An actor who may not see all gets
//! an extract.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elicense::error::Code;
use elicense::policy::{Actor, Fields, Grant, Scope, Selection};
use elicense::record::{Digest, Identifier, Record, canonical};
use elicense::registry::{DirectoryDraft, Submitted};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, HolderKey, SigningKey, Typ};
use serde_json::{Value, json};

use super::common::callers;
use super::common::people::{self, CHEN, POLICE, ZHOU};
use super::{World, ask, issue, lookup_as, ready, records};

crate::on_both! {
    i4_what_no_grant_names_is_refused_and_logged
    i4_who_may_not_see_every_field_never_gets_the_envelope
    i4_an_extract_shows_exactly_what_was_granted
    i4_a_directory_entry_goes_out_as_far_as_it_is_granted
    i10_an_answer_with_a_secret_identifier_is_rebuilt_from_what_it_shows
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn client(scopes: &[Scope], grants: Vec<Grant>, enabled: bool) -> Actor {
    callers::client("desk").scopes(scopes).grants(grants).enabled(enabled).actor()
}

fn grant(types: Selection, fields: Fields, purposes: Selection) -> Grant {
    Grant { types, fields, purposes }
}

/// The last entry of the access log.
fn last_entry(world: &World) -> Value {
    use elicense::log::TreeReader;
    let store = world.registry.store();
    let head = store.read_access_now(|reader| reader.head("access-main")).unwrap().unwrap();
    let entry = store.read_access_now(|reader| reader.access_entry("access-main", head.size - 1)).unwrap();
    serde_json::from_slice(&entry.expect("there is an entry")).unwrap()
}

fn i4_what_no_grant_names_is_refused_and_logged(world: World) {
    ready(&world);
    issue(&world, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    let whole = || grant(Selection::All, Fields::Whole, Selection::All);
    let other_type = grant(Selection::Named(named(&["none"])), Fields::Whole, Selection::All);
    let other_item = grant(Selection::All, Fields::Whole, Selection::Named(named(&["户口登记"])));
    let refused = [
        ("type_not_granted", client(&[Scope::Lookup], Vec::new(), true)),
        ("type_not_granted", client(&[Scope::Lookup], vec![other_type], true)),
        ("purpose_not_granted", client(&[Scope::Lookup], vec![other_item], true)),
        ("scope_missing", client(&[Scope::Issue], vec![whole()], true)),
        ("actor_disabled", client(&[Scope::Lookup], vec![whole()], false)),
    ];
    for (rule, actor) in refused {
        for types in [Value::Null, json!(["resident_id_card"])] {
            let mut asked = ask("111", ZHOU);
            asked["types"] = types;
            let error = lookup_as(&world, &actor, asked).expect_err(rule);
            assert_eq!((error.code, error.rule.map(Rule::wire)), (Code::Forbidden, Some(rule)));
            let entry = last_entry(&world);
            assert_eq!((&entry["outcome"], &entry["decision"]), (&json!("refused"), &json!(rule)));
        }
    }
    let allowed = client(&[Scope::Lookup], vec![whole()], true);
    let answer = lookup_as(&world, &allowed, ask("111", ZHOU)).unwrap();
    assert!(records(&answer)[0]["envelope"].is_string());
    assert_eq!(last_entry(&world)["decision"], "grant_whole");
}

fn i4_who_may_not_see_every_field_never_gets_the_envelope(world: World) {
    ready(&world);
    issue(&world, people::marriage("J190101-2015-000123"));
    let fields = [&[][..], &["registered_on"], &["registered_on", "certificate_no", "spouses"], &["holders"]];
    for allowed in fields {
        let grants = vec![grant(Selection::All, Fields::Named(named(allowed)), Selection::All)];
        let answer = lookup_as(&world, &client(&[Scope::Lookup], grants, true), ask("111", ZHOU)).unwrap();
        let record = &records(&answer)[0];
        assert_eq!(record["envelope"], Value::Null);
        assert_eq!(record["vouched_by"], "registry");
        assert!(super::reasons(record).contains(&"fields_limited"));
        let shown = record["extract"]["face"].as_object().map_or(0, serde_json::Map::len);
        assert!(shown <= allowed.len(), "{record:#}");
        // No number goes out, of one spouse or the other, with the field that holds it neither.
        let text = answer.to_string();
        let encoded = URL_SAFE_NO_PAD.encode(CHEN);
        assert!(!text.contains(&encoded));
        assert!(!text.contains(CHEN) && !text.contains(ZHOU), "{record:#}");
    }
    // It goes out to an actor with a grant that names it.
    let fields = named(&["spouses", "spouses.id_number!whole"]);
    let grants = vec![grant(Selection::All, Fields::Named(fields), Selection::All)];
    let answer = lookup_as(&world, &client(&[Scope::Lookup], grants, true), ask("111", ZHOU)).unwrap();
    assert_eq!(records(&answer)[0]["extract"]["face"]["spouses"][1]["id_number"], CHEN);
    // A caller that asks for less than it may have gets less.
    let whole = client(&[Scope::Lookup], vec![grant(Selection::All, Fields::Whole, Selection::All)], true);
    let mut asked = ask("111", ZHOU);
    asked["fields"] = json!(["registered_on"]);
    let answer = lookup_as(&world, &whole, asked).unwrap();
    assert_eq!(records(&answer)[0]["envelope"], Value::Null);
}

fn i4_an_extract_shows_exactly_what_was_granted(world: World) {
    ready(&world);
    issue(&world, people::marriage("J190101-2015-000123"));
    let shown = |fields: &[&str], asked: Value| {
        let grants = vec![grant(Selection::All, Fields::Named(named(fields)), Selection::All)];
        let mut ask = ask("111", ZHOU);
        ask["fields"] = asked;
        lookup_as(&world, &client(&[Scope::Lookup], grants, true), ask)
    };
    let holders = |fields: &[&str], asked: Value| {
        records(&shown(fields, asked).unwrap())[0]["extract"]["holders"].clone()
    };
    // A name goes out where it is named, for the asked holder or for all.
    assert_eq!(holders(&["registered_on"], Value::Null)[0].get("name"), None);
    assert_eq!(holders(&["registered_on", "name"], Value::Null)[0]["name"], "周海燕");
    assert_eq!(holders(&["registered_on", "name"], json!(["registered_on"]))[0].get("name"), None);
    assert_eq!(holders(&["holders"], Value::Null)[1]["name"], "陈志远");
    let answer = shown(&["registered_on"], Value::Null).unwrap().to_string();
    assert!(!answer.contains("周海燕") && !answer.contains("陈志远"), "{answer}");
    // A field that no type has would look like an empty one.
    for (field, known) in [
        ("registered_on", true),
        ("spouses.id_number", true),
        ("spouse", false),
        ("spouses.shoe_size", false),
    ] {
        let answer = shown(&["registered_on"], json!([field]));
        let rule = answer.err().map(|error| (error.code, error.rule.map(Rule::wire)));
        assert_eq!(rule, (!known).then_some((Code::FieldInvalid, Some("field_unknown"))), "{field}");
    }
    let mut other_type = ask("111", ZHOU);
    (other_type["types"], other_type["fields"]) = (json!(["resident_id_card"]), json!(["spouses"]));
    let whole = client(&[Scope::Lookup], vec![grant(Selection::All, Fields::Whole, Selection::All)], true);
    let refused = lookup_as(&world, &whole, other_type).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("field_unknown"));
}

/// The digest of the answer list, rebuilt from the answer as an outsider would (schema/bytes.md §5).
fn rebuilt(answer: &Value) -> String {
    let digest = |value: &Value| Digest::of(&[&canonical::to_vec(value).unwrap()]).text();
    let listed: Vec<Value> = records(answer)
        .iter()
        .map(|one| {
            let what = one.get("extract").or(one.get("directory")).map(digest).unwrap();
            let identifier = one.get("identifier").cloned().unwrap_or_else(|| json!(""));
            json!([identifier, one["version"], what, one["verdict"], one["reasons"]])
        })
        .collect();
    let absent = answer["absent"].as_array().unwrap();
    let absent: Vec<Value> = absent.iter().map(|one| json!([one["type"], one["absence"]])).collect();
    digest(&json!({"absent": absent, "heads": answer["heads"], "records": listed}))
}

/// The holders whose lists have the last access.
fn last_holders(world: &World) -> Vec<HolderKey> {
    use elicense::log::TreeReader;
    let store = world.registry.store();
    let size = store.read_access_now(|reader| reader.head("access-main")).unwrap().unwrap().size;
    let batch = store.read_access_now(|reader| reader.access_batches("access-main", size - 1, size, 1));
    batch.unwrap().pop().unwrap().items.unwrap().pop().unwrap().holders
}

fn limited(world: &World, fields: &[&str]) -> Value {
    let grants = vec![grant(Selection::All, Fields::Named(named(fields)), Selection::All)];
    let answer = lookup_as(world, &client(&[Scope::Lookup], grants, true), ask("111", ZHOU)).unwrap();
    assert_eq!(last_entry(world)["answer"], rebuilt(&answer), "{answer:#}");
    answer
}

fn i4_a_directory_entry_goes_out_as_far_as_it_is_granted(world: World) {
    ready(&world);
    let put = |draft: Value| {
        world.registry.refresh().unwrap();
        let draft: DirectoryDraft = serde_json::from_value(draft).unwrap();
        world.registry.put_directory(&super::operator(), &draft, None).unwrap();
    };
    put(json!({
        "type": "marriage_certificate", "issuer": POLICE, "custody": "paper", "office": "城东区档案馆", "note": "二楼",
        "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}, {"code_type": "111", "code": CHEN, "name": "陈志远"}],
        "issued_on": "2012-05-20", "number": "J2012-7",
    }));
    let said = |fields: &[&str]| {
        let answer = limited(&world, fields);
        let record = records(&answer)[0].clone();
        assert!(super::reasons(&record).contains(&"fields_limited"), "{record:#}");
        record["directory"].clone()
    };
    assert_eq!(said(&["valid_to"]), json!({"office": "城东区档案馆", "note": "二楼"}));
    let all = ["name", "number", "issued_on"];
    assert_eq!(
        said(&all),
        json!({
            "issued_on": "2012-05-20", "name": "周海燕", "note": "二楼", "number": "J2012-7", "office": "城东区档案馆",
        })
    );
    // A joint one on paper is used before the eyes of both.
    let store = world.registry.store();
    let mut both = [ZHOU, CHEN].map(|code| store.vault().index().holder_key("111", code)).to_vec();
    let mut touched = last_holders(&world);
    both.sort_by_key(|key| *key.bytes());
    touched.sort_by_key(|key| *key.bytes());
    assert_eq!(touched, both);
    put(json!({
        "type": "resident_id_card", "issuer": POLICE, "custody": "paper", "office": "派出所",
        "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}], "number": ZHOU,
    }));
    let card = |fields: &[&str]| {
        let answer = limited(&world, fields);
        let card = records(&answer).iter().find(|one| one["slug"] == "resident_id_card").unwrap().clone();
        card["directory"]["number"].clone()
    };
    assert_eq!(card(&["number"]), "190***********0021");
    assert_eq!(card(&["number", "number!whole"]), ZHOU);
    let whole = client(&[Scope::Lookup], vec![grant(Selection::All, Fields::Whole, Selection::All)], true);
    let answer = lookup_as(&world, &whole, ask("111", ZHOU)).unwrap();
    assert!(records(&answer).iter().all(|one| !super::reasons(one).contains(&"fields_limited")));
    assert!(records(&answer).iter().any(|one| one["directory"]["number"] == ZHOU));
}

fn i10_an_answer_with_a_secret_identifier_is_rebuilt_from_what_it_shows(world: World) {
    ready(&world);
    issue(&world, people::marriage("J190101-2015-000123"));
    let compact = records(&super::lookup(&world, ZHOU))[0]["envelope"].as_str().unwrap().to_owned();
    let parsed = EnvelopeBuf::parse_compact(&compact, Default::default()).unwrap();
    let mut record = Record::from_payload(parsed.view().payload()).unwrap();
    // A foreign identifier whose serial is the number of one of the two.
    record.identifier =
        Identifier::compose(&record.record_type.code, POLICE, CHEN, 1).unwrap().as_str().to_owned();
    record.number = Some("J190101-2015-000124".into());
    record.face.insert("certificate_no".into(), "J190101-2015-000124".into());
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    let own = EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact();
    world.registry.refresh().unwrap();
    world.registry.issue(&super::operator(), &Submitted::Envelope(own)).unwrap();
    let answer = limited(&world, &["registered_on"]);
    let shown: Vec<bool> = records(&answer).iter().map(|one| one.get("identifier").is_some()).collect();
    assert_eq!(shown.iter().filter(|shown| !**shown).count(), 1, "{answer:#}");
    assert!(!answer.to_string().contains(CHEN));
    assert_eq!(last_holders(&world).len(), 2, "both are told, though no identifier is shown");
}
