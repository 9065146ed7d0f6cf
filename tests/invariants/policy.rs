//! I4: what no grant names is refused, and the refusal is logged; who may not see all gets an extract.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elicense::error::Code;
use elicense::policy::{Actor, Client, Fields, Grant, Scope, Selection};
use serde_json::{Value, json};

use super::common::people::{self, CHEN, POLICE, ZHOU};
use super::{World, ask, issue, lookup_as, ready, records};

crate::on_both! {
    i4_what_no_grant_names_is_refused_and_logged
    i4_who_may_not_see_every_field_never_gets_the_envelope
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn client(scopes: &[Scope], grants: Vec<Grant>, enabled: bool) -> Actor {
    let client = Client {
        id: "desk".into(),
        agency: POLICE.into(),
        name: "综窗系统".into(),
        scopes: scopes.to_vec(),
        grants,
        budget: 100,
        enabled,
    };
    Actor::Client { client: Arc::new(client), scopes: scopes.to_vec() }
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
            assert_eq!((error.code, error.rule.as_deref()), (Code::Forbidden, Some(rule)));
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
        // The other spouse's number goes out with the fields that hold it, and with nothing else.
        let text = answer.to_string();
        let encoded = URL_SAFE_NO_PAD.encode(CHEN);
        assert!(!text.contains(&encoded));
        let may = allowed.contains(&"spouses") || allowed.contains(&"holders");
        assert!(may || !text.contains(CHEN), "{record:#}");
    }
    // A caller that asks for less than it may have gets less.
    let whole = client(&[Scope::Lookup], vec![grant(Selection::All, Fields::Whole, Selection::All)], true);
    let mut asked = ask("111", ZHOU);
    asked["fields"] = json!(["registered_on"]);
    let answer = lookup_as(&world, &whole, asked).unwrap();
    assert_eq!(records(&answer)[0]["envelope"], Value::Null);
}
