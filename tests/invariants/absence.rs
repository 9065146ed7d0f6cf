//! I13: an absence is told within a coverage statement and in its words; otherwise nothing is known.

use std::sync::Arc;

use elicense::catalog::{Catalog, Coverage, TypeEntry};
use serde_json::{Value, json};

use super::common::people::{self, POLICE, ZHOU};
use super::common::{World, operator};
use super::{ask, lookup_as, ready};

crate::on_both! {
    i13_absence_is_told_within_coverage_only
    i13_an_adult_gets_an_answer_where_the_statements_are_complete
    i13_absences_stand_beside_records_for_what_applies
    i4_i13_what_is_only_relayed_is_kept_by_nobody_and_shown_to_nobody
}

fn asked(world: &World, regions: Value) -> Value {
    let mut ask = ask("111", ZHOU);
    ask["types"] = json!(["marriage_certificate"]);
    ask["within"] = json!({ "regions": regions });
    lookup_as(world, &operator(), ask).unwrap()["absent"][0].clone()
}

fn i13_absence_is_told_within_coverage_only(world: World) {
    ready(&world);
    let unknown = asked(&world, json!(["190101"]));
    assert_eq!(unknown["absence"], "not_covered");
    let type_code = unknown["type"].as_str().unwrap().to_owned();
    let coverage = |unbound: u64, heartbeat: &str| -> Coverage {
        serde_json::from_value(json!({
            "type_code": type_code, "issuing_system": "示范省婚姻登记系统", "issuer": POLICE,
            "regions": [{"code": "190100", "name": "示范市"}], "share_on_file": 1000,
            "as_of": "2026-11-21T16:00:00.000000Z", "heartbeat": heartbeat, "unbound": unbound, "quarantined": 0,
        }))
        .unwrap()
    };
    let fresh = "2026-11-21T20:00:00.000000Z";
    let absence = |statement: &Coverage, regions: Value| {
        world.registry.state_coverage("test", statement).unwrap();
        asked(&world, regions)
    };
    let inside = absence(&coverage(0, fresh), json!(["190101"]));
    assert_eq!(inside["absence"], "none_within_coverage");
    let text = inside["text"].as_str().unwrap();
    assert!(
        text.contains("示范省婚姻登记系统") || text.contains("示范市"),
        "in the statement's words: {text}"
    );
    // Outside it, beside an unbound stock, and behind a feed that is late it is not known.
    assert_eq!(asked(&world, json!(["190201"]))["absence"], "not_covered");
    assert_eq!(asked(&world, json!(["190101", "190201"]))["absence"], "not_covered");
    assert_eq!(absence(&coverage(3, fresh), json!(["190101"]))["absence"], "not_covered");
    assert_eq!(
        absence(&coverage(0, "2026-11-01T00:00:00.000000Z"), json!(["190101"]))["absence"],
        "feed_late"
    );
    // A found record is not absent.
    super::issue(&world, people::marriage("J190101-2015-000123"));
    assert_eq!(asked(&world, json!(["190101"])), Value::Null);
}

/// A complete and living statement for each type since the first day of `year`; of answers that are only relayed there
/// is none.
fn complete(world: &World, region: (&str, &str), year: i32) {
    let snapshot = world.registry.snapshot();
    for code in snapshot.catalog.type_codes() {
        if snapshot.catalog.type_of(code).unwrap().def().relay_only {
            continue;
        }
        let statement: Coverage = serde_json::from_value(json!({
            "type_code": code, "issuing_system": "示范系统", "issuer": POLICE, "issued_from": format!("{year}-01-01"),
            "regions": [{"code": region.0, "name": region.1}], "share_on_file": 1000,
            "as_of": "2026-11-21T16:00:00.000000Z", "heartbeat": "2026-11-21T20:00:00.000000Z",
            "unbound": 0, "quarantined": 0,
        }))
        .unwrap();
        world.registry.state_coverage("test", &statement).unwrap();
    }
}

/// How many types are told of without being named.
fn unasked_for(catalog: &Catalog) -> usize {
    let by_name = |entry: &&&Arc<TypeEntry>| entry.def().applies.as_ref().is_some_and(|rule| rule.by_name);
    catalog.types().len() - catalog.types().iter().filter(by_name).count()
}

fn told(answer: &Value) -> Vec<(&str, &str)> {
    let absent = answer["absent"].as_array().unwrap().iter();
    absent.map(|one| (one["type"].as_str().unwrap(), one["absence"].as_str().unwrap())).collect()
}

fn i13_an_adult_gets_an_answer_where_the_statements_are_complete(world: World) {
    ready(&world);
    // Since the year in which she came of age to marry, and not since her birth.
    complete(&world, ("190000", "示范省"), 2006);
    let snapshot = world.registry.snapshot();
    let code = |slug: &str| snapshot.catalog.type_by_slug(slug).unwrap().def().code.clone();
    let mut named = ask("111", ZHOU);
    named["types"] = json!(["marriage_certificate", "business_licence", "resident_id_card"]);
    let answer = lookup_as(&world, &operator(), named).unwrap();
    let (marriage, licence, card) =
        (code("marriage_certificate"), code("business_licence"), code("resident_id_card"));
    let expected = [
        (marriage.as_str(), "none_within_coverage"),
        (licence.as_str(), "does_not_apply"),
        (card.as_str(), "not_covered"),
    ];
    assert_eq!(told(&answer), expected);
    let absent = &answer["absent"];
    assert_eq!(absent[0]["searched"]["from"], "2006-03-12");
    assert_eq!(absent[0]["searched"]["regions"], json!([{"code": "190000", "name": "示范省"}]));
    assert_eq!(absent[1]["unfit"], "holder_kind");
    assert_eq!(absent[1]["text"], "营业执照不适用（不发给此类主体）");
    assert_eq!(absent[2]["coverage"]["missing"][0]["name"], "示范省", "the name and not the code alone");
    assert_eq!(answer["conclusion"]["absence"], "not_covered");

    complete(&world, ("190000", "示范省"), 1980);
    let answer = lookup_as(&world, &operator(), ask("111", ZHOU)).unwrap();
    let told = told(&answer);
    assert!(told.iter().all(|(_, absence)| *absence == "none_within_coverage"), "{told:?}");
    // She was born before there were birth certificates, and most types only some people have.
    let unasked = [licence, code("death_certificate"), code("birth_certificate")];
    assert!(told.iter().all(|(code, _)| unasked.iter().all(|one| one != code)), "{told:?}");
    assert_eq!(told.len(), unasked_for(&snapshot.catalog) - unasked.len());
    assert_eq!(answer["conclusion"]["absence"], "none_within_coverage");
}

fn i13_absences_stand_beside_records_for_what_applies(world: World) {
    ready(&world);
    complete(&world, ("190100", "示范市"), 1980);
    // The registry's own region is the province: nobody can say anything of the whole of it.
    let before = lookup_as(&world, &operator(), ask("111", ZHOU)).unwrap();
    assert!(told(&before).iter().all(|(_, absence)| *absence == "not_covered"), "{before:#}");
    super::issue(&world, people::marriage("J190101-2015-000123"));
    let answer = lookup_as(&world, &operator(), ask("111", ZHOU)).unwrap();
    assert_eq!(answer["records"].as_array().unwrap().len(), 1);
    assert_eq!(answer["conclusion"], Value::Null);
    let told = told(&answer);
    assert_eq!(told.len(), unasked_for(&world.registry.snapshot().catalog) - 4, "{told:?}");
    // The record says where she is known.
    assert!(told.iter().all(|(_, absence)| *absence == "none_within_coverage"), "{answer:#}");
    assert_eq!(answer["absent"][0]["searched"]["regions"][0]["code"], "190101");
}

/// R11: a police answer goes to the case that asked. Whoever may see everything else gets nothing of it here.
fn i4_i13_what_is_only_relayed_is_kept_by_nobody_and_shown_to_nobody(world: World) {
    ready(&world);
    let rule = |error: elicense::error::Error| error.rule.map(elicense::rule::Rule::wire).unwrap();
    let mut named = ask("111", ZHOU);
    named["types"] = json!(["no_crime_proof"]);
    assert_eq!(rule(lookup_as(&world, &operator(), named.clone()).unwrap_err()), "type_relayed");
    named["types"] = json!(["resident_id_card", "no_crime_proof"]);
    assert_eq!(rule(lookup_as(&world, &operator(), named).unwrap_err()), "type_relayed");
    // Nothing of it is on file to be shown, and its absence is told to nobody.
    let relayed =
        world.registry.snapshot().catalog.type_by_slug("no_crime_proof").unwrap().def().code.clone();
    let answer = lookup_as(&world, &operator(), ask("111", ZHOU)).unwrap();
    assert!(!answer.to_string().contains(&relayed) && !answer.to_string().contains("无犯罪"), "{answer:#}");
    let answered = people::draft(json!({
        "type": "no_crime_proof", "issuer": POLICE, "issued_on": "2026-11-20",
        "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}],
        "face": {"answer_no": "W190101-1", "result": "1", "name": "周海燕", "id_number": ZHOU,
                 "issuing_authority": "示范市公安局城东分局", "issued_on": "2026-11-20"},
    }));
    let issued = world.registry.issue(&operator(), &elicense::registry::Submitted::Draft(answered));
    assert_eq!(rule(issued.unwrap_err()), "type_relayed");
    let entry = json!({"type": "no_crime_proof", "issuer": POLICE, "custody": "at_issuer", "office": "示范市公安局城东分局", "issued_on": "2026-11-20",
                       "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}]});
    let listed = world.registry.put_directory(&operator(), &serde_json::from_value(entry).unwrap(), None);
    assert_eq!(rule(listed.unwrap_err()), "type_relayed");
}
