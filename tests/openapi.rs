//! The description of the API is pinned in `schema/openapi.json` and agrees with the served API.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use elicense::api::document::Document;
use elicense::record::access::{Channel, Outcome, Presence};
use serde_json::Value;

#[test]
fn the_document_is_the_one_in_the_repository() {
    let pinned = include_str!("../schema/openapi.json");
    let built = Document::build().unwrap();
    assert!(
        pinned.trim_end() == built.text().trim_end(),
        "schema/openapi.json is not what the program serves: run `cargo run -- openapi > schema/openapi.json` and look at the difference"
    );
}

/// Words of signed entries appear in the API as they are.
#[test]
fn closed_lists_are_described_with_all_their_words() {
    let document = Document::build().unwrap();
    let listed = |name: &str| document.value()["components"]["schemas"][name]["enum"].clone();
    let all = |wires: Vec<&'static str>| serde_json::json!(wires);
    assert_eq!(listed("Presence"), all(Presence::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("Channel"), all(Channel::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("Outcome"), all(Outcome::ALL.iter().map(|one| one.wire()).collect()));
}

/// Each path in the document is a route, and each route below /api/v1 is in the document.
#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let document = Document::build().unwrap();
    let described: Vec<&String> = document.value()["paths"].as_object().unwrap().keys().collect();
    let mut routes = Vec::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/v1")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for part in text.split("web::resource(\"").skip(1) {
            routes.push(part.split('"').next().unwrap().to_owned());
        }
    }
    routes.sort();
    let mut of_v1: Vec<String> =
        described.iter().filter(|path| path.starts_with("/api/v1")).map(|path| (*path).clone()).collect();
    of_v1.sort();
    assert_eq!(routes, of_v1);
    assert!(described.iter().any(|path| *path == "/oauth2/token"));
}

#[test]
fn every_operation_says_what_it_is_and_how_it_is_refused() {
    let document = Document::build().unwrap();
    for (path, methods) in document.value()["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            assert!(about["summary"].as_str().is_some_and(|text| text.len() > 10), "{method} {path}");
            assert!(
                about["responses"]
                    .as_object()
                    .is_some_and(|all: &serde_json::Map<String, Value>| !all.is_empty())
            );
        }
    }
}
