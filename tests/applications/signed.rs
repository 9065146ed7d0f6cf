//! What a predicate comes to is signed: the answer with its chain of evidence, and nothing of a paper.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::common::people::{self, CHEN, ZHOU};
use super::common::{World, run};
use super::{apply, ask, birth, couple, divorce, issue, market, party, ready, slot, state_marriages};
use elicense::record::event::holder_hash;
use elicense::registry::{Registry, VerifyAsk};

const CHILD: &str = "190101201605060018";

/// The payload of a compact envelope.
fn said(compact: &str) -> Value {
    let payload = compact.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn verified(registry: &Registry, compact: &str) -> Value {
    registry.refresh().unwrap();
    let ask = VerifyAsk { envelope: Some(compact.to_owned()), ..VerifyAsk::default() };
    serde_json::to_value(run(registry.verify(None, &ask)).unwrap()).unwrap()
}

fn signed(answer: &Value, id: &str) -> String {
    slot(answer, id)["tried"][0]["signed"].as_str().unwrap().to_owned()
}

pub fn an_answer_to_a_predicate_is_signed_with_its_chain_of_evidence(world: World) {
    ready(&world);
    let registry = &world.registry;
    let identifier = issue(registry, birth(CHILD));
    let family = ask(json!([party("applicant", CHEN), party("spouse", CHILD)]));
    let answer = apply(registry, &market(), &family).unwrap();
    let told = said(&signed(&answer, "parent"));
    assert_eq!((&told["answer"], &told["outcome"]), (&json!("yes"), &json!("met")));
    let salt = serde_json::from_value(told["salt"].clone()).unwrap();
    assert_eq!(told["holder"], json!(holder_hash(&salt, "111", CHEN)));
    assert_eq!(told["other"], json!(holder_hash(&salt, "111", CHILD)));
    let link = &told["evidence"][0];
    assert_eq!((&link["place"], &link["verdict"]), (&json!(identifier), &json!("valid")));
    assert_eq!(link["digest"].as_str().map(str::len), Some(43));
    let text = told.to_string();
    for hidden in ["陈", "周", ZHOU, CHEN, CHILD, "3300", "桃源路"] {
        assert!(!text.contains(hidden), "{hidden} goes out with {text}");
    }
    // Nobody said whose wife or husband: unknown, and signed all the same. Only what is checked is signed.
    let open = said(&signed(&answer, "spouse"));
    assert_eq!((&open["answer"], &open["evidence"]), (&json!("unknown"), &Value::Null));
    let ways = answer["slots"].as_array().unwrap().iter().flat_map(|slot| slot["tried"].as_array().unwrap());
    for way in ways {
        assert_eq!(way["signed"].is_string(), way["way"] == "checked", "{way}");
    }
    // A divorce is a no, with the certificate behind it.
    issue(registry, people::marriage("J190101-2015-000123"));
    issue(registry, divorce());
    state_marriages(registry);
    let answer = apply(registry, &market(), &ask(couple())).unwrap();
    let told = said(&signed(&answer, "spouse"));
    assert_eq!((&told["answer"], told["evidence"].as_array().map(Vec::len)), (&json!("no"), Some(1)));
}

pub fn a_signed_answer_counts_for_an_hour_and_under_the_registrys_key_alone(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, birth(CHILD));
    let family = ask(json!([party("applicant", CHEN), party("spouse", CHILD)]));
    let compact = signed(&apply(registry, &market(), &family).unwrap(), "parent");
    let good = verified(registry, &compact);
    assert_eq!((&good["what"], &good["verdict"]), (&json!("answer"), &json!("valid")), "{good}");
    assert!(good["receipt"].is_null(), "nothing of anybody was read");
    // It tells what it says, and of nobody.
    let told = &good["said"];
    assert_eq!(
        (&told["answer"], &told["answer_zh"], &told["role"], &told["item"], &told["item_version"]),
        (&json!("yes"), &json!("是"), &json!("applicant"), &json!(super::ITEM), &json!(1))
    );
    assert_eq!(told["predicate"], json!({"内容": "人员关系", "关系": "父母", "对方": "配偶"}));
    assert_eq!((&told["slot"], &told["item_name"]), (&json!("parent"), &json!("测试事项")));
    assert_eq!(told["valid_until"], said(&compact)["valid_until"]);
    for hidden in ["陈", "周", ZHOU, CHEN, CHILD, said(&compact)["salt"].as_str().unwrap()] {
        assert!(!good.to_string().contains(hidden), "{hidden}: {good}");
    }
    let open = verified(registry, &signed(&apply(registry, &market(), &ask(couple())).unwrap(), "spouse"));
    assert_eq!((&open["said"]["answer"], &open["verdict"]), (&json!("unknown"), &json!("valid")));
    // Every part is under the signature.
    let parts: Vec<&str> = compact.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(said(&compact).to_string().replace("\"yes\"", "\"no\""));
    let bad = verified(registry, &[parts[0], &other, parts[2]].join("."));
    assert_eq!((&bad["verdict"], &bad["reasons"]), (&json!("invalid"), &json!(["signature_mismatch"])));
    assert!(bad["said"].is_null(), "nobody's word says nothing");
    let at = world.clock.now();
    world.clock.set(at.plus_seconds(3_599));
    assert_eq!(verified(registry, &compact)["verdict"], "valid");
    world.clock.set(at.plus_seconds(3_600));
    let late = verified(registry, &compact);
    assert_eq!((&late["verdict"], &late["reasons"]), (&json!("invalid"), &json!(["expired"])));
    assert_eq!(late["said"], good["said"], "what it said stays what it said");
    // A key that was lost before takes with it what it signed since.
    let kid = good["kid"].as_str().unwrap();
    registry.make_registry_key("test").unwrap();
    world.clock.set(at.plus_seconds(60));
    registry.revoke_key("test", kid, at, "密钥遗失").unwrap();
    let lost = verified(registry, &compact);
    assert_eq!((&lost["verdict"], &lost["reasons"]), (&json!("invalid"), &json!(["key_revoked"])));
    assert!(lost["said"].is_null());
}
