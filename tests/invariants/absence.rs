//! I13: an absence is told within a coverage statement and in its words; otherwise nothing is known.

use elicense::catalog::Coverage;
use serde_json::{Value, json};

use super::common::people::{self, POLICE, ZHOU};
use super::common::{World, operator};
use super::{ask, lookup_as, ready};

crate::on_both! {
    i13_absence_is_told_within_coverage_only
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
