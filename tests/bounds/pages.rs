//! Pages together are the whole: nothing twice, nothing left out, and nothing called absent that stands on another page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::people::ZHOU;
use crate::world::{RECORDS, Up};

fn ask(up: &Up, path: &str, body: &Value) -> Value {
    let headers = [("Authorization", up.bearer.as_str()), ("Content-Type", "application/json")];
    let answer = up.doors["agency"].send("POST", path, &headers, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// All pages, one after the other.
fn pages(up: &Up, path: &str, mut body: Value) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = ask(up, path, &body);
        let next = page["next"].clone();
        all.push(page);
        if next.is_null() {
            return all;
        }
        body["after"] = next;
        assert!(all.len() < 200, "it does not end");
    }
}

fn named<'p>(pages: &'p [Value], list: &str, member: &str) -> Vec<&'p Value> {
    pages.iter().flat_map(|page| page[list].as_array().unwrap()).map(|line| &line[member]).collect()
}

fn each_once(names: &[&Value], count: usize) {
    let different: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!((names.len(), different.len()), (count, count));
}

pub fn hold(up: &Up) {
    let holder = json!({"type": "111", "code": ZHOU});
    let purpose = json!({"item": "audit", "article": "审计法第三十四条", "reason": "审计"});
    let of = |more: Value| {
        let mut body = json!({"holder": holder, "purpose": purpose});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let found = pages(up, "/api/v1/lookups", of(json!({})));
    each_once(&named(&found, "records", "identifier"), RECORDS);
    assert!(found.len() > 3 && !found[0]["absent"].as_array().unwrap().is_empty());
    let later = &found[1..];
    assert!(later.iter().all(|page| page["absent"].as_array().unwrap().is_empty()), "only on the first");
    let on_file = named(&found, "records", "type");
    assert!(named(&found, "absent", "type").iter().all(|absent| !on_file.contains(absent)));

    let types = json!(["marriage_certificate", "resident_id_card", "marriage_certificate"]);
    let found = pages(up, "/api/v1/lookups", of(json!({"types": types})));
    each_once(&named(&found, "records", "identifier"), RECORDS);
    assert_eq!(named(&found, "absent", "absence").len(), 1, "the card alone, and once");
    let one = ask(up, "/api/v1/lookups", &of(json!({"types": ["resident_id_card"]})));
    assert_eq!((one["records"].as_array().unwrap().len(), one["next"].is_null()), (0, true));

    for after in ["", "0", "0.AA.\0", "0.!.x", "18446744073709551616.AA.x", "-1.AA.x"] {
        let body = of(json!({"after": after}));
        let headers = [("Authorization", up.bearer.as_str()), ("Content-Type", "application/json")];
        let path = "/api/v1/lookups";
        let answer = up.doors["agency"].send("POST", path, &headers, body.to_string().as_bytes());
        let empty = answer.status == 200 && answer.json()["records"].as_array().unwrap().is_empty();
        assert!(empty || answer.status == 422 && answer.json()["rule"] == "cursor", "{after:?}: {answer:?}");
    }

    let listed = pages(up, "/api/v1/directories", of(json!({})));
    each_once(&named(&listed, "entries", "identifier"), RECORDS);

    let told = pages(up, "/api/v1/histories", json!({"identifier": up.identifier, "purpose": purpose}));
    assert_eq!(told.len(), 3);
    each_once(&named(&told, "events", "seq"), 241);
    each_once(&named(&told, "versions", "version"), 1);
    assert!(
        told.iter().all(|page| page["standing"] == told[0]["standing"]),
        "told from all events on each page"
    );
}
