//! Who may come in (I4): every address of every door asks who is there, but for those of a written list; and
//! every address that reads or changes a holder charges the day's budget, but for those of another.
//!
//! The addresses come from the route tables and the exceptions from `open.txt` and `uncharged.txt`: a new route
//! is asked by these tests before anybody thinks of it.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod budget;
mod callers;
mod refusals;
mod routes;
mod table;
mod wild;

use std::collections::{BTreeMap, BTreeSet};

use common::server::{self, Answer, SECRET, TestServer};
use common::{Backend, people, world};
use elicense::policy::Scope;
use routes::Route;
use serde_json::{Value, json};

/// The lines of a list of exceptions, each with its reason.
fn listed(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (route, why) = line.split_once("  ").unwrap_or_else(|| panic!("no reason: {line}"));
        assert!(why.len() > 10, "no reason: {line}");
        assert!(found.insert(route.to_owned()), "twice: {line}");
    }
    found
}

/// Exceptions that are no route, or no longer one.
fn stale(listed: &BTreeSet<String>, routes: &BTreeSet<Route>) -> Vec<String> {
    let routes: BTreeSet<String> = routes.iter().map(Route::to_string).collect();
    listed.difference(&routes).cloned().collect()
}

/// The address with values for its parameters.
fn concrete(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap();
        let value = match name {
            "sha256" => "0".repeat(64),
            "index" => "0".to_owned(),
            "log" => "access-main".to_owned(),
            "name" if before.ends_with("/types/") => "resident_id_card".to_owned(),
            "name" if before.ends_with("/logs/") => "records".to_owned(),
            "code" if before.ends_with("/bundles/") => "papers".to_owned(),
            "code" => common::items::CODE.to_owned(),
            "name" => "elicense.css".to_owned(),
            "path:.*" => "0/000".to_owned(),
            other => panic!("a parameter without a value to ask with: {other}"),
        };
        out.push_str(before);
        out.push_str(&value);
        rest = behind;
    }
    out + rest
}

fn send(server: &TestServer, route: &Route, headers: &[(&str, &str)]) -> Answer {
    let page = route.door == "window";
    let (media, body) = match page {
        true => ("application/x-www-form-urlencoded", "csrf=x"),
        false => ("application/json", "{}"),
    };
    let mut all = vec![("Content-Type", media)];
    all.extend(headers);
    server.send(&route.method, &concrete(&route.path), &all, body.as_bytes())
}

/// Whether the answer is the question who is there.
fn asks(answer: &Answer) -> bool {
    let to_sign_in = answer.status == 303 && answer.header("location") == Some("/sign-in");
    let problem = answer.header("content-type") == Some("application/problem+json");
    to_sign_in || answer.status == 401 && problem && answer.json()["code"] == "unauthenticated"
}

struct Up {
    doors: BTreeMap<&'static str, TestServer>,
    _guard: TestServer,
    world: common::World,
}

fn up() -> Up {
    let world = world(Backend::Sqlite).unwrap();
    people::settle(&world.registry);
    common::items::load(&world.registry);
    common::items::load_bundle(&world.registry);
    server::clients(&world.registry);
    server::clerk(&world.registry);
    let (guard, doors) = server::start_apart(world.registry.clone());
    Up { doors, _guard: guard, world }
}

#[test]
fn i4_every_address_of_every_door_asks_who_is_there_but_for_the_listed() {
    let (routes, open) = (routes::all(), listed(include_str!("open.txt")));
    assert_eq!(stale(&open, &routes), [""; 0], "on the list of open addresses and no route");
    let up = up();
    let forged = [
        vec![],
        vec![("Authorization", "Bearer AAAA")],
        vec![("Authorization", "Basic YWxsOmE=")],
        vec![("Cookie", "elicense=AAAA"), ("Origin", "null")],
    ];
    let mut wrong = Vec::new();
    for route in &routes {
        for headers in &forged {
            let answer = send(&up.doors[route.door], route, headers);
            if asks(&answer) == open.contains(&route.to_string()) {
                wrong.push(format!("{route} with {headers:?}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "not as open.txt says:\n{}", wrong.join("\n"));
    assert!(routes.len() > open.len() + 15, "the reader found {} routes", routes.len());
}

#[test]
fn i4_a_door_has_its_own_routes_only() {
    let (routes, up) = (routes::all(), up());
    for route in &routes {
        for (door, server) in &up.doors {
            if routes.iter().any(|one| one.door == *door && one.path == route.path) {
                continue;
            }
            let elsewhere = Route { door, ..route.clone() };
            let answer = send(server, &elsewhere, &[]);
            assert_eq!(answer.status, 404, "{elsewhere}: {answer:?}");
        }
    }
}

/// The scope is asked before the body is read, and exactly one scope opens an address: the one on the page.
#[test]
fn i4_each_address_is_opened_by_one_scope() {
    let (routes, open, up) = (routes::all(), listed(include_str!("open.txt")), up());
    let agency = &up.doors["agency"];
    let document: Value = agency.get("/api/openapi.json", None).json();
    for scope in Scope::ALL {
        let new = elicense::registry::NewClient {
            id: scope.wire().into(),
            agency: people::POLICE.into(),
            name: scope.wire().into(),
            scopes: vec![*scope],
            grants: serde_json::from_value(json!([{"types": "*", "fields": "whole", "purposes": "*"}]))
                .unwrap(),
            budget: 100,
        };
        up.world.registry.put_client("test", &new, SECRET).unwrap();
    }
    up.world.registry.refresh().unwrap();
    let tokens: Vec<(Scope, String)> = Scope::ALL
        .iter()
        .map(|scope| (*scope, format!("Bearer {}", agency.token(scope.wire(), SECRET))))
        .collect();
    let mut asked = 0;
    for route in routes.iter().filter(|one| one.door == "agency" && !open.contains(&one.to_string())) {
        let opened_by = tokens.iter().filter(|(_, bearer)| {
            let answer = send(agency, route, &[("Authorization", bearer)]);
            answer.status != 403 || answer.json()["rule"] != "scope"
        });
        let opened_by: Vec<&str> = opened_by.map(|(scope, _)| scope.wire()).collect();
        let about = &document["paths"][&route.path][route.method.to_lowercase()];
        assert_eq!(json!(opened_by), about["security"][0]["client"], "{route}");
        assert_eq!(opened_by.len(), 1, "{route}: {opened_by:?}");
        asked += 1;
    }
    assert!(asked > 15, "{asked}");
}

/// The description of the API is right about each address.
#[test]
fn the_description_says_which_addresses_are_open() {
    let (routes, open, up) = (routes::all(), listed(include_str!("open.txt")), up());
    let document: Value = up.doors["agency"].get("/api/openapi.json", None).json();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            let is_open = about["security"].as_array().is_none_or(|list| {
                list.is_empty() || list.iter().any(|one| one.as_object().is_some_and(|one| one.is_empty()))
            });
            let (method, path) = (method.to_uppercase(), path.clone());
            let route = routes.iter().find(|one| one.method == method && one.path.replace(":.*", "") == path);
            let route = route.unwrap_or_else(|| panic!("{method} {path} is described and is no route"));
            assert_eq!(is_open, open.contains(&route.to_string()), "{route}");
            described.insert((method, path));
        }
    }
    let api = routes.iter().filter(|one| one.path.starts_with("/api/v1/"));
    for route in api {
        assert!(described.contains(&(route.method.clone(), route.path.clone())), "{route} is not described");
    }
}

#[test]
fn a_list_of_exceptions_has_no_idle_line() {
    let routes = BTreeSet::from([Route { door: "public", method: "GET".into(), path: "/a".into() }]);
    let list = listed("# why\npublic GET /a  because it is a test\npublic POST /a  because it is a test");
    assert_eq!(stale(&list, &routes), ["public POST /a"]);
}
