//! Texts that are logged, signed or kept: no route, form, file or command takes one with a character that nobody sees or
//! with a person's number, however it is written, and no name of a file with parts of a path. Each text of each request is spoiled in turn; what is not spoiled is
//! taken, so that the refusal is for the text.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use common::program::Installed;
use common::server::{self, Answer, SECRET, TestServer};
use common::{World, operator};
use elicense::error::Result;
use elicense::registry::{ImportOptions, NewAccount, NewClient, Registry, Submitted};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    no_route_keeps_a_text_that_hides_something
    no_form_keeps_a_text_that_hides_something
    no_file_is_named_by_a_path
    no_import_keeps_a_text_that_hides_something
    nothing_public_has_a_text_that_hides_something
}

/// NUL, a bell, a change of direction, a mark that nobody sees.
const HIDDEN: [&str; 4] = ["\0", "\u{7}", "\u{202e}", "\u{feff}"];

/// ZHOU's number as people write it.
const NUMBERS: [&str; 4] =
    [ZHOU, "１９０１０１１９８８０３１２００２１", "190101-1988 0312.0021", "190101880312002"];

/// Names are not judged, and the number of a certificate may be its holder's.
const MAY_HOLD_A_NUMBER: [&str; 3] = ["/record/holders/0/name", "/holders/0/name", "/number"];

fn settled(world: &World) {
    people::settle(&world.registry);
    server::clients(&world.registry);
    server::clerk(&world.registry);
    world.registry.refresh().unwrap();
}

fn card(code: &str, name: &str) -> Value {
    let mut card = serde_json::to_value(people::id_card(code, name, "2021-01-01")).unwrap();
    let photo =
        json!({"media_type": "image/jpeg", "name": "photo.jpg", "sha256": "ab".repeat(32), "size": 3});
    card["attachments"] = json!([photo]);
    card
}

fn post(server: &TestServer, token: &str, path: &str, body: &Value, place: usize) -> Answer {
    let (bearer, key) = (format!("Bearer {token}"), format!("key-{place}"));
    let headers =
        [("Content-Type", "application/json"), ("Authorization", &*bearer), ("Idempotency-Key", &*key)];
    server.send("POST", path, &headers, body.to_string().as_bytes())
}

/// The place of every text in a JSON value, as a JSON pointer.
fn texts(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, item)| texts(item, &format!("{at}/{place}"), found))
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, item)| texts(item, &format!("{at}/{name}"), found))
        }
        _ => {}
    }
}

/// Every request with texts that the API takes, and the members whose refusal names the rule of hidden characters.
/// The others (codes, dates, closed words) are refused by the rule of their own form.
fn requests(identifier: &str) -> Vec<(&'static str, Value, &'static [&'static str])> {
    let (zhou, chen) = (json!({"type": "111", "code": ZHOU}), json!({"type": "111", "code": CHEN}));
    let purpose = json!({"item": "A1", "case": "2026-1", "reason": "窗口办理"});
    const PURPOSE: &[&str] = &["/purpose/item", "/purpose/case", "/purpose/reason"];
    let entry = json!({
        "type": "real_estate_certificate", "issuer": POLICE, "custody": "paper", "number": "粤2020第1号",
        "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}], "office": "城东区档案馆", "note": "二楼",
        "issued_on": "2020-01-01",
    });
    let act = json!({"identifier": identifier, "version": 1, "action": "suspend", "ground": "依法暂扣"});
    let dispute = json!({"identifier": identifier, "disputed": true, "ground": "本人提出异议"});
    let withdrawal = json!({"identifier": identifier, "ground": "本人撤回异议"});
    let endorse = json!({
        "identifier": identifier, "version": 1, "action": "endorse",
        "endorsement": {"kind": "年审", "result": "合格"},
    });
    let mark = json!({"holder": zhou, "state": "death_reported", "ground": "殡仪馆告知"});
    let link =
        json!({"from": zhou, "to": chen, "kind": "same_person", "names_differ": true, "ground": "户籍核查"});
    vec![
        (
            "/api/v1/records",
            json!({"record": card(CHEN, "陈志远")}),
            &["/record/holders/0/name", "/record/attachments/0/name", "/record/attachments/0/media_type"],
        ),
        ("/api/v1/holders/directory", entry, &["/office", "/note", "/number", "/holders/0/name"]),
        (
            "/api/v1/lookups",
            json!({"holder": zhou, "types": ["resident_id_card"], "fields": ["name"], "purpose": purpose}),
            &["/purpose/item", "/purpose/case", "/purpose/reason", "/types/0", "/fields/0"],
        ),
        ("/api/v1/directories", json!({"holder": zhou, "purpose": purpose}), PURPOSE),
        ("/api/v1/histories", json!({"identifier": identifier, "purpose": purpose}), PURPOSE),
        (
            "/api/v1/verifications",
            json!({"identifier": identifier, "face": {"name": "周海燕"}, "purpose": purpose}),
            PURPOSE,
        ),
        ("/api/v1/holders/accesses", json!({"holder": zhou, "reason": "本人申请"}), &["/reason"]),
        ("/api/v1/records/actions", endorse, &["/endorsement/kind", "/endorsement/result"]),
        ("/api/v1/records/disputes", dispute, &["/ground"]),
        ("/api/v1/records/disputes/withdrawals", withdrawal, &["/ground"]),
        ("/api/v1/records/actions", act, &["/ground"]),
        ("/api/v1/holders/marks", mark, &["/ground"]),
        ("/api/v1/holders/links", link.clone(), &["/ground"]),
        ("/api/v1/holders/unlinks", link, &["/ground"]),
    ]
}

/// A text that may say anything and is not kept: compared, and told as different.
const NOT_KEPT: &[(&str, &str)] =
    &[("/api/v1/verifications", "/face/name"), ("/api/v1/verifications", "/identifier")];

/// Sixty refusals a minute and one waits: the next ones come a minute later, with a token of then.
fn a_minute_later(world: &World, server: &TestServer) -> String {
    world.clock.set(world.registry.now().plus_seconds(61));
    world.registry.refresh().unwrap();
    server.token("all", SECRET)
}

fn no_route_keeps_a_text_that_hides_something(world: World) {
    settled(&world);
    let draft = serde_json::from_value(card(ZHOU, "周海燕")).unwrap();
    let identifier = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier;
    let server = server::start(world.registry.clone());
    let mut place = 0;
    for (path, body, by_rule) in requests(&identifier) {
        let mut token = a_minute_later(&world, &server);
        let mut found = Vec::new();
        texts(&body, "", &mut found);
        assert!(by_rule.iter().all(|text| found.iter().any(|one| one == text)), "{path}: {found:?}");
        for (text, hidden) in found.iter().flat_map(|text| HIDDEN.map(|hidden| (text, hidden))) {
            place += 1;
            if place % 50 == 0 {
                token = a_minute_later(&world, &server);
            }
            let mut spoiled = body.clone();
            let whole = body.pointer(text).unwrap().as_str().unwrap();
            *spoiled.pointer_mut(text).unwrap() = format!("{whole}{hidden}").into();
            let answer = post(&server, &token, path, &spoiled, place);
            if NOT_KEPT.contains(&(path, text)) {
                continue;
            }
            assert!((400..500).contains(&answer.status), "{path} {text} {hidden:?}: {answer:?}");
            if by_rule.contains(&text.as_str()) {
                assert_eq!(
                    answer.json()["rule"],
                    "control_character",
                    "{path} {text} {hidden:?}: {answer:?}"
                );
            }
        }
        let numberless = by_rule.iter().filter(|text| !MAY_HOLD_A_NUMBER.contains(text));
        for (text, number) in numberless.flat_map(|text| NUMBERS.map(|number| (text, number))) {
            place += 1;
            if place % 50 == 0 {
                token = a_minute_later(&world, &server);
            }
            let mut spoiled = body.clone();
            let whole = body.pointer(text).unwrap().as_str().unwrap();
            *spoiled.pointer_mut(text).unwrap() = format!("{whole} {number}").into();
            let answer = post(&server, &token, path, &spoiled, place);
            assert_eq!(answer.json()["rule"], "number_in_text", "{path} {text} {number}: {answer:?}");
        }
        place += 1;
        let answer = post(&server, &token, path, &body, place);
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
    }
}

fn no_form_keeps_a_text_that_hides_something(world: World) {
    settled(&world);
    let server = server::start(world.registry.clone());
    let form = "application/x-www-form-urlencoded";
    let signed = server.send(
        "POST",
        "/sign-in",
        &[("Content-Type", form)],
        b"name=clerk&password=a-password-of-the-tests",
    );
    let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let first = server.send("GET", "/", &[("Cookie", &cookie)], b"");
    let csrf =
        first.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let headers = [("Cookie", cookie.as_str()), ("Content-Type", form)];
    let fields =
        [("code_type", "111"), ("number", ZHOU), ("item", "A1"), ("reason", "b"), ("presence", "typed")];
    let send = |spoiled: Option<usize>| {
        let mut body = format!("csrf={csrf}");
        for (at, (name, value)) in fields.iter().enumerate() {
            let hidden = if spoiled == Some(at) { "%E2%80%AE" } else { "" };
            body.push_str(&format!("&{name}={value}{hidden}"));
        }
        server.send("POST", "/lookup", &headers, body.as_bytes())
    };
    for (at, (name, _)) in fields.iter().enumerate() {
        let answer = send(Some(at));
        assert!((400..500).contains(&answer.status), "{name}: {} {}", answer.status, answer.body);
    }
    assert_eq!(send(None).status, 200);
}

fn no_file_is_named_by_a_path(world: World) {
    settled(&world);
    for number in NUMBERS {
        let mut draft = card(ZHOU, "周海燕");
        draft["attachments"][0]["name"] = format!("照片 {number}.jpg").into();
        let draft = serde_json::from_value(draft).unwrap();
        let refused = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap_err();
        assert_eq!(refused.rule, Some(Rule::NumberInText), "{number}");
        assert_eq!(refused.field.as_deref(), Some("attachments.0.name"));
    }
    for name in ["../photo.jpg", "/etc/passwd", "a/b", "a\\b", "C:\\x", "..", ".", "", " "] {
        let mut draft = card(ZHOU, "周海燕");
        draft["attachments"][0]["name"] = name.into();
        let draft = serde_json::from_value(draft).unwrap();
        let refused = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap_err();
        assert_eq!(refused.rule, Some(Rule::PathPart), "{name}");
        assert_eq!(refused.field.as_deref(), Some("attachments.0.name"));
    }
}

fn no_import_keeps_a_text_that_hides_something(world: World) {
    settled(&world);
    let mut rows = vec![card(ZHOU, "周海燕"); 3];
    rows[0]["holders"][0]["name"] = "周海燕\u{202e}".into();
    rows[1]["attachments"][0]["name"] = "../photo.jpg".into();
    rows[2]["attachments"][0]["media_type"] = "image/jpeg\0".into();
    let source = world.dir().join("rows.ndjson");
    std::fs::write(&source, rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    let errors = world.dir().join("errors.ndjson");
    let options = ImportOptions { error_path: Some(errors.clone()), ..ImportOptions::default() };
    let report = world.registry.import(&operator(), &source, &options, &|_| ()).unwrap();
    let told = std::fs::read_to_string(errors).unwrap();
    assert_eq!((report.counts.refused, report.counts.bound), (3, 0), "{told}");
    let rules: Vec<String> = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["rule"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(rules, ["control_character", "path_part", "control_character"]);
    for run in ["a/b", "a\u{202e}", "", ZHOU, "190101-19880312-0021"] {
        let options = ImportOptions { run_id: Some(run.to_owned()), ..ImportOptions::default() };
        world.registry.import(&operator(), &source, &options, &|_| ()).unwrap_err();
    }
    // A mapping is kept in clear; in a file without a header its words are those of a person.
    for (header, constant) in [(NUMBERS[1], "x"), ("姓名", NUMBERS[2])] {
        let mapping = serde_json::from_value(json!({
            "v": 1, "type": "resident_id_card", "issuer": POLICE,
            "columns": [{"header": header, "to": ["holder.name"]}], "constants": {"face.authority": constant},
        }))
        .unwrap();
        let options = ImportOptions { mapping: Some(mapping), ..ImportOptions::default() };
        let refused = world.registry.import(&operator(), &source, &options, &|_| ()).unwrap_err();
        assert_eq!(refused.rule, Some(Rule::NumberInText), "{header} {constant}: {refused:?}");
    }
}

fn nothing_public_has_a_text_that_hides_something(world: World) {
    settled(&world);
    let registry = &world.registry;
    let agency = |name: &str| people::agency(MARKET, name, "190101");
    let client = |id: &str, name: &str| NewClient {
        id: id.into(),
        agency: POLICE.into(),
        name: name.into(),
        scopes: Vec::new(),
        grants: Vec::new(),
        budget: 1,
    };
    let account = |name: &str, display: &str| NewAccount {
        name: name.into(),
        display: display.into(),
        agency: POLICE.into(),
        grants: Vec::new(),
        budget: 1,
        ..NewAccount::default()
    };
    let coverage = |system: &str| {
        let type_code =
            registry.snapshot().catalog.type_by_slug("resident_id_card").unwrap().def().code.clone();
        serde_json::from_value(json!({
            "type_code": type_code, "issuer": POLICE, "issuing_system": system, "share_on_file": 1000,
            "regions": [{"code": "190101", "name": "城东区"}], "as_of": "2026-11-21T00:00:00.000000Z",
            "heartbeat": "2026-11-21T00:00:00.000000Z", "unbound": 0, "quarantined": 0,
        }))
        .unwrap()
    };
    let kid = registry.make_key("test", MARKET).unwrap();
    let since = registry.now();
    for hidden in HIDDEN {
        let spoiled = format!("甲{hidden}");
        let tries: Vec<(&str, Result<()>)> = vec![
            ("--as", registry.put_agency(&spoiled, &agency("甲"))),
            ("agency", registry.put_agency("test", &agency(&spoiled))),
            ("client id", registry.put_client("test", &client(&spoiled, "甲"), SECRET)),
            ("client name", registry.put_client("test", &client("a", &spoiled), SECRET)),
            ("account", registry.put_account("test", &account(&spoiled, "甲"), SECRET)),
            ("account's name", registry.put_account("test", &account("a", &spoiled), SECRET)),
            ("why", registry.revoke_key("test", &kid, since, &spoiled)),
            ("coverage", registry.state_coverage("test", &coverage(&spoiled))),
        ];
        for (what, done) in tries {
            let rule = done.expect_err(what).rule;
            assert_eq!(rule, Some(Rule::ControlCharacter), "{what} {hidden:?}");
        }
    }
    // In clear for ever: no number of a person either.
    for number in NUMBERS {
        let spoiled = format!("因{number}案");
        let tries: Vec<(&str, Result<()>)> = vec![
            ("--as", registry.put_agency(&spoiled, &agency("甲"))),
            ("agency", registry.put_agency("test", &agency(&spoiled))),
            ("client id", registry.put_client("test", &client(number, "甲"), SECRET)),
            ("client name", registry.put_client("test", &client("a", &spoiled), SECRET)),
            ("account", registry.put_account("test", &account(&spoiled, "甲"), SECRET)),
            ("account's name", registry.put_account("test", &account("a", &spoiled), SECRET)),
            ("why", registry.revoke_key("test", &kid, since, &spoiled)),
            ("coverage", registry.state_coverage("test", &coverage(&spoiled))),
        ];
        for (what, done) in tries {
            assert_eq!(done.expect_err(what).rule, Some(Rule::NumberInText), "{what} {number}");
        }
    }
    registry.put_agency("test", &agency("甲")).unwrap();
    registry.state_coverage("test", &coverage("甲")).unwrap();
    registry.put_client("test", &client("a", "甲"), SECRET).unwrap();
    registry.put_account("test", &account("a", "甲"), SECRET).unwrap();
    registry.revoke_key("test", &kid, since, "遗失").unwrap();
}

#[test]
fn no_command_acts_under_a_name_that_hides_something() {
    let installed = Installed::new(|registry: &Registry| people::settle(registry));
    let number = format!("a {ZHOU}");
    for name in ["a\u{202e}", "a\u{7}", "", "  ", &number, &"字".repeat(101)] {
        let refused = installed.run(&["--as", name, "keys", "make", POLICE], "");
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{name:?}: {told}");
    }
    let done = installed.run(&["--as", "阿不都热依木·艾则孜", "keys", "make", POLICE], "");
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
}
