//! I13: what a feed says of itself: statements and heartbeats of the agencies' own systems, the day of the data, and
//! the age of copies.

use elicense::policy::Scope;
use elicense::registry::import::ImportOptions;
use elicense::registry::{NewClient, Origin, Submitted};
use serde_json::{Value, json};

use super::common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use super::common::server::{self, SECRET, TestServer};
use super::common::{World, operator};
use super::{ask, lookup_as, of_type, ready, reasons};
use elicense::clock::Moment;

crate::on_both! {
    i13_a_feed_states_its_own_stock_and_says_that_it_is_alive
    i13_nobody_states_the_stock_of_another
    i13_a_finished_import_is_a_sign_of_life_of_its_feed
    i13_a_copy_is_as_old_as_its_feed
}

const OFFICE: &str = "11190102MD1000771B";
const SYSTEM: &str = "示范省婚姻登记系统";

fn statement(world: &World, slug: &str, issuer: &str, times: &str) -> Value {
    let snapshot = world.registry.snapshot();
    json!({
        "type_code": snapshot.catalog.type_by_slug(slug).unwrap().def().code, "issuing_system": SYSTEM,
        "issuer": issuer, "regions": [{"code": "190101", "name": "城东区"}], "share_on_file": 1000,
        "as_of": times, "heartbeat": times, "unbound": 0, "quarantined": 0,
    })
}

fn client(world: &World, id: &str, agency: &str) {
    let new = NewClient {
        id: id.into(),
        agency: agency.into(),
        name: id.into(),
        scopes: vec![Scope::Coverage],
        grants: Vec::new(),
        budget: 10,
    };
    world.registry.put_client("test", &new, SECRET).unwrap();
}

fn absence(world: &World) -> String {
    let mut ask = ask("111", ZHOU);
    ask["types"] = json!(["marriage_certificate"]);
    ask["within"] = json!({"regions": ["190101"]});
    let answer = lookup_as(world, &operator(), ask).unwrap();
    answer["absent"][0]["absence"].as_str().unwrap().to_owned()
}

/// Three days later; a feed that says nothing for two is late.
fn days_later(world: &World, days: i64) {
    world.clock.set(world.registry.now().plus_seconds(days * 86_400));
}

fn told(server: &TestServer, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let answer = server.post(path, Some(token), body);
    (answer.status, answer.json())
}

fn i13_a_feed_states_its_own_stock_and_says_that_it_is_alive(world: World) {
    people::settle(&world.registry);
    client(&world, "feed", POLICE);
    let server = server::start(world.registry.clone());
    let token = server.token("feed", SECRET);
    assert_eq!(absence(&world), "not_covered");
    // The times as a department's system writes them: no fraction, its own offset.
    let stated = statement(&world, "marriage_certificate", POLICE, "2026-11-22T08:30:00+08:00");
    let (status, answer) = told(&server, "/api/v1/coverage", &token, &stated);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["as_of"], "2026-11-22T00:30:00.000000Z");
    assert_eq!(absence(&world), "none_within_coverage");

    days_later(&world, 3);
    assert_eq!(absence(&world), "feed_late");
    let token = server.token("feed", SECRET);
    let beat = json!({"type": "marriage_certificate", "issuing_system": SYSTEM});
    let (status, answer) = told(&server, "/api/v1/coverage/heartbeats", &token, &beat);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["as_of"], "2026-11-22T00:30:00.000000Z", "a sign of life is no news of the stock");
    assert_eq!(absence(&world), "none_within_coverage");

    // It says that rows wait for a number: they may be of anybody.
    let doubt = json!({"type": "marriage_certificate", "issuing_system": SYSTEM, "unbound": 2, "as_of": "2026-11-24"});
    let (_, answer) = told(&server, "/api/v1/coverage/heartbeats", &token, &doubt);
    assert_eq!(answer["as_of"], "2026-11-23T16:00:00.000000Z");
    assert_eq!(absence(&world), "not_covered");

    // The same request again is one event.
    let bearer = format!("Bearer {token}");
    let headers =
        [("Authorization", &*bearer), ("Content-Type", "application/json"), ("Idempotency-Key", "beat-1")];
    let body = serde_json::to_vec(&beat).unwrap();
    let leaves = [(); 2].map(|()| {
        server.send("POST", "/api/v1/coverage/heartbeats", &headers, &body).json()["leaf"].as_u64().unwrap()
    });
    assert_eq!(leaves[0], leaves[1]);

    for (change, status, rule) in [
        (json!({"as_of": "2026-11-23"}), 422, "moment_back"),
        (json!({"as_of": "2026-12-23"}), 422, "moment_ahead"),
        (json!({"as_of": "gestern"}), 422, ""),
        (json!({"issuing_system": "另一系统"}), 404, "coverage_missing"),
    ] {
        let mut asked = beat.clone();
        asked.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (got, answer) = told(&server, "/api/v1/coverage/heartbeats", &token, &asked);
        assert_eq!(got, status, "{answer}");
        assert!(rule.is_empty() || answer["rule"] == rule, "{answer}");
    }
    assert!(world.registry.fsck(elicense::registry::FsckOptions::default()).unwrap().sound());
}

fn i13_nobody_states_the_stock_of_another(world: World) {
    people::settle(&world.registry);
    client(&world, "feed", POLICE);
    client(&world, "market", MARKET);
    // An office that may issue nothing.
    world.registry.put_agency("test", &people::agency(OFFICE, "城西区某局", "190102")).unwrap();
    client(&world, "office", OFFICE);
    let server = server::start(world.registry.clone());
    let (own, other) = (server.token("feed", SECRET), server.token("market", SECRET));
    let office = server.token("office", SECRET);
    let now = "2026-11-22T00:30:00Z";
    let marriages = statement(&world, "marriage_certificate", POLICE, now);
    let refused = |token: &str, body: &Value| {
        let (status, answer) = told(&server, "/api/v1/coverage", token, body);
        (status, answer["rule"].as_str().or(answer["code"].as_str()).unwrap_or_default().to_owned())
    };
    assert_eq!(refused(&other, &marriages), (403, "agency_mismatch".into()));
    assert_eq!(
        refused(&office, &statement(&world, "marriage_certificate", OFFICE, now)),
        (422, "issuer_not_authorised".into())
    );
    let (status, answer) = told(&server, "/api/v1/coverage", &own, &marriages);
    assert_eq!(status, 200, "{answer}");
    // Even the right to issue the type does not give the right to another's statement.
    let beat = json!({"type": "marriage_certificate", "issuing_system": SYSTEM});
    let (status, answer) = told(&server, "/api/v1/coverage/heartbeats", &other, &beat);
    assert_eq!((status, &answer["rule"]), (403, &json!("coverage_of_another")));
    let ahead = statement(&world, "marriage_certificate", POLICE, "2026-12-22T03:00:00Z");
    assert_eq!(refused(&own, &ahead), (422, "moment_ahead".into()));
    // Nor the stock of regions in which it may not issue, nor under another region's name.
    for (code, name, status, rule) in [
        ("190000", "示范省", 422, "issuer_not_authorised"),
        ("290100", "邻江市", 422, "issuer_not_authorised"),
        ("190101", "全国", 422, "region_name"),
        ("190101", "", 422, "region_name"),
    ] {
        let mut other = marriages.clone();
        other["regions"] = json!([{"code": code, "name": name}]);
        assert_eq!(refused(&own, &other), (status, rule.into()), "{code} {name}");
    }
}

fn import(world: &World, rows: &[Value], as_of: Option<&str>) -> elicense::registry::ImportReport {
    let path = world.dir().join("feed.ndjson");
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    std::fs::write(&path, text).unwrap();
    let options =
        ImportOptions { as_of: as_of.map(|text| Moment::read(text).unwrap()), ..ImportOptions::default() };
    world.registry.import(&operator(), &path, &options, &|_| ()).unwrap()
}

fn marriage(number: &str) -> Value {
    serde_json::to_value(people::marriage(number)).unwrap()
}

fn i13_a_finished_import_is_a_sign_of_life_of_its_feed(world: World) {
    ready(&world);
    let stated = statement(&world, "marriage_certificate", POLICE, "2026-11-21T16:00:00.000000Z");
    world.registry.state_coverage("test", &serde_json::from_value(stated).unwrap()).unwrap();
    days_later(&world, 3);
    let standing = || {
        world.registry.refresh().unwrap();
        let snapshot = world.registry.snapshot();
        let code = snapshot.catalog.type_by_slug("marriage_certificate").unwrap().def().code.clone();
        snapshot.catalog.coverages(&code)[0].clone()
    };
    let before = standing();
    import(&world, &[marriage("J190101-2015-000123")], None);
    let alive = standing();
    assert!(alive.heartbeat > before.heartbeat);
    assert_eq!(alive.as_of, before.as_of, "nobody said of when the data is");
    let report = import(&world, &[marriage("J190101-2015-000123")], Some("2026-11-25T00:00:00+08:00"));
    assert_eq!((report.counts.already_there, report.as_of), (1, Moment::read("2026-11-25").ok()));
    assert_eq!(standing().as_of, Moment::read("2026-11-25").unwrap());

    // A row that is refused may be of anybody: nothing is absent until somebody says that it is in.
    let mut bad = marriage("J190101-2015-000124");
    bad["issued_on"] = json!("2099-01-01");
    import(&world, &[marriage("J190101-2015-000123"), bad], Some("2026-11-25"));
    assert_eq!(standing().unbound, 1);
    import(&world, &[marriage("J190101-2015-000123")], Some("2026-11-25"));
    assert_eq!(standing().unbound, 1, "another file says nothing of it");

    // Old data is no sign of life of today.
    days_later(&world, 10);
    let silent = standing();
    import(&world, &[marriage("J190101-2015-000123")], Some("2026-11-26"));
    assert_eq!(standing().heartbeat, silent.heartbeat.max(Moment::read("2026-11-26").unwrap()));
    let mut dated = marriage("J190101-2015-000123");
    dated["as_of"] = json!("2026-11-27");
    import(&world, &[dated], None);
    assert_eq!(standing().heartbeat, Moment::read("2026-11-27").unwrap());

    // With two systems nobody knows which one it was: the refused row counts against both, and neither lives.
    let mut second = statement(&world, "marriage_certificate", POLICE, "2026-11-28");
    second["issuing_system"] = json!("另一系统");
    world.registry.state_coverage("test", &serde_json::from_value(second).unwrap()).unwrap();
    let before = standing();
    let mut bad = marriage("J190101-2015-000126");
    bad["issued_on"] = json!("2099-01-01");
    let report = import(&world, &[marriage("J190101-2015-000123"), bad.clone(), bad], None);
    assert_eq!(report.told.iter().map(|told| told.alive).collect::<Vec<_>>(), [false, false]);
    assert_eq!((standing().heartbeat, standing().unbound), (before.heartbeat, 2));

    let ahead = ImportOptions { as_of: Moment::read("2030-01-01").ok(), ..ImportOptions::default() };
    let refused = world.registry.import(&operator(), &world.dir().join("feed.ndjson"), &ahead, &|_| ());
    assert_eq!(refused.unwrap_err().rule.map(elicense::rule::Rule::wire), Some("moment_ahead"));
}

/// Page one of a household register.
fn household(world: &World) -> Value {
    let code = world.registry.snapshot().catalog.type_by_slug("household_front").unwrap().def().code.clone();
    json!({
        "type": code, "issuer": POLICE, "issued_on": "2012-04-12",
        "holders": [{"code_type": "111", "code": CHEN, "name": "陈志远", "role": "head"}],
        "face": {
            "household_kind": "1", "head_name": "陈志远", "household_no": "190101000001", "address": "桃源路1号",
            "registry_office": "城东派出所", "issued_on": "2012-04-12", "household_id": "0".repeat(32),
        },
    })
}

fn i13_a_copy_is_as_old_as_its_feed(world: World) {
    ready(&world);
    let verdict = |world: &World| {
        let answer = lookup_as(world, &operator(), ask("111", CHEN)).unwrap();
        let record = of_type(&answer, "household_front");
        (record["verdict"].as_str().unwrap().to_owned(), reasons(record).join(" "))
    };
    // The type allows 30 days. A copy of October is too old in the moment in which it is brought.
    let mut row = household(&world);
    row["as_of"] = json!("2026-10-01");
    let report = import(&world, &[row], None);
    assert_eq!(report.counts.bound, 1, "{:?}", report.faults);
    assert_eq!(verdict(&world), ("undetermined".into(), "copy_stale".into()));

    // The feed goes on, and does not mention it: it has not changed.
    let mut stated = statement(&world, "household_front", POLICE, "2026-11-22T00:00:00Z");
    stated["unbound"] = json!(7);
    world.registry.state_coverage("test", &serde_json::from_value(stated).unwrap()).unwrap();
    assert_eq!(verdict(&world), ("valid".into(), String::new()));
    days_later(&world, 40);
    assert_eq!(verdict(&world), ("undetermined".into(), "copy_stale".into()));

    // What is made here is no copy, however long ago.
    let mut own = household(&world);
    own["holders"][0]["code"] = json!(ZHOU);
    own["holders"][0]["name"] = json!("周海燕");
    own["face"]["head_name"] = json!("周海燕");
    own["face"]["household_no"] = json!("190101000002");
    let own = Submitted::Draft(serde_json::from_value(own).unwrap());
    world.registry.begin(&operator(), &own, Origin::default(), None).unwrap();
    days_later(&world, 40);
    let answer = lookup_as(&world, &operator(), ask("111", ZHOU)).unwrap();
    assert_eq!(of_type(&answer, "household_front")["verdict"], "valid");
}
