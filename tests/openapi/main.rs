//! The description of the API is pinned in `schema/openapi.json` and agrees with the program: with the tables of routes,
//! with what each handler reads and asks for, with its closed lists, and with its own examples.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod examples;
mod handlers;
#[path = "../authz/routes.rs"]
mod routes;

use std::collections::BTreeSet;

use common::described::{Described, document, resolved};
use elicense::error::Code;
use elicense::identity::CodeType;
use elicense::record::access::{Channel, Outcome, Presence};
use elicense::record::{Action, State};
use elicense::rule::Rule;
use serde_json::{Value, json};

/// Each operation with its method and address.
fn operations() -> Vec<(String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, about)| (format!("{} {path}", method.to_uppercase()), about))
    });
    all.collect()
}

#[test]
fn the_document_is_the_one_in_the_repository() {
    let pinned = include_str!("../../schema/openapi.json");
    let built = elicense::serve::routes::described().unwrap();
    assert!(
        pinned.trim_end() == built.text().trim_end(),
        "schema/openapi.json is not what the program serves: run `cargo run -- openapi > schema/openapi.json` and look at the difference"
    );
}

/// Words of signed entries appear in the API as they are.
#[test]
fn closed_lists_are_described_with_all_their_words() {
    let listed = |name: &str| document()["components"]["schemas"][name]["enum"].clone();
    let all = |wires: Vec<&'static str>| json!(wires);
    assert_eq!(listed("Presence"), all(Presence::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("Channel"), all(Channel::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("Outcome"), all(Outcome::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("Action"), all(Action::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("State"), all(State::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("CodeType"), all(CodeType::ALL.iter().map(|one| one.code()).collect()));
    assert_eq!(listed("Code"), all(Code::ALL.iter().map(|one| one.wire()).collect()));
    assert_eq!(listed("Rule"), all(Rule::ALL.iter().map(|one| one.wire()).collect()));
}

/// Addresses that show pages to people, or what pages need: HTML and no part of an API.
const PAGES: [&str; 7] = [
    "GET /",
    "POST /lookup",
    "GET /sign-in",
    "POST /sign-in",
    "POST /sign-out",
    "GET /assets/{name}",
    "GET /api/docs",
];

/// The description and the tables of routes have the same addresses at the same doors.
#[test]
fn every_route_of_every_door_is_described_and_every_description_is_a_route() {
    let served: BTreeSet<String> = routes::all()
        .into_iter()
        .map(|route| (route.door, format!("{} {}", route.method, route.path.replace(":.*", ""))))
        .filter(|(_, route)| !PAGES.contains(&route.as_str()))
        .map(|(door, route)| format!("{door} {route}"))
        .collect();
    let described: BTreeSet<String> = operations()
        .into_iter()
        .flat_map(|(route, about)| {
            let doors = about["x-doors"].as_array().unwrap().iter();
            doors.map(move |door| format!("{} {route}", door.as_str().unwrap()))
        })
        .collect();
    assert_eq!(described, served);
    for page in PAGES {
        assert!(
            routes::all().iter().any(|route| format!("{} {}", route.method, route.path) == page),
            "{page}"
        );
    }
}

#[test]
fn every_operation_says_what_it_is_and_what_it_answers() {
    for (route, about) in operations() {
        assert!(about["summary"].as_str().is_some_and(|text| text.len() > 10), "{route}");
        assert!(about.get("requestBody").is_none_or(Value::is_object), "{route}");
        let answers = about["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{route}");
        for (status, answer) in answers {
            let answer = resolved(answer);
            assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{route} {status}");
            let content = answer.get("content");
            assert_eq!(
                content.is_none(),
                status == "204",
                "{route} {status} has a body and no word about it"
            );
            for (media, body) in content.and_then(Value::as_object).into_iter().flatten() {
                assert!(body["schema"].is_object(), "{route} {status} {media}");
                let problem = body["schema"]["$ref"] == "#/components/schemas/Problem";
                assert_eq!(media == "application/problem+json", problem, "{route} {status} {media}");
            }
            let refused = status.as_str() >= "400" && route != "POST /oauth2/token" && route != "GET /readyz";
            if refused {
                assert!(content.unwrap().get("application/problem+json").is_some(), "{route} {status}");
            }
        }
        if about["security"].as_array().is_some_and(|ways| ways.iter().any(|way| way.get("client").is_some()))
        {
            for status in ["401", "403", "429", "503"] {
                assert!(answers.contains_key(status), "{route} {status}");
            }
        }
    }
}

/// No body is described as just any object, but for what has members of anybody's choosing.
#[test]
fn every_body_is_typed() {
    const OPEN: [&str; 9] = [
        "Extract.face",
        "Face.anyOf.26",
        "FacePatch.patch",
        "TypeDef.face",
        "VerifyAnswer.entry",
        "VerifyAsk.face",
        "VerifyAsk.receipt",
        "BroughtDocument.receipt",
        "BundleForm.bundle",
    ];
    let mut found = BTreeSet::new();
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        any_objects(name, schema, &mut found);
    }
    assert_eq!(found, OPEN.into_iter().map(str::to_owned).collect());
}

fn any_objects(at: &str, schema: &Value, found: &mut BTreeSet<String>) {
    let kinds = schema["type"].to_string();
    if kinds.contains("object")
        && schema.get("properties").is_none()
        && schema["additionalProperties"] == true
    {
        found.insert(at.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        any_objects(&format!("{at}.{name}"), property, found);
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        for (place, part) in schema[word].as_array().into_iter().flatten().enumerate() {
            any_objects(&format!("{at}.{word}.{place}"), part, found);
        }
    }
    if schema["items"].is_object() {
        any_objects(&format!("{at}[]"), &schema["items"], found);
    }
}

#[test]
fn the_license_has_the_identifier_of_the_package() {
    let manifest = include_str!("../../Cargo.toml");
    let license = document()["info"]["license"]["identifier"].as_str().unwrap();
    assert!(manifest.contains(&format!("license = \"{license}\"")), "{license}");
}

#[test]
fn what_departs_from_the_description_is_found() {
    let found = |answer: Value| {
        let schema = json!({"$ref": "#/components/schemas/LogHead"});
        Described::new().value(&schema, &answer, "head").unwrap_err()
    };
    let root = "A".repeat(43);
    assert_eq!(found(json!({"log": "a", "size": 1})), "head has no \"root\"");
    assert_eq!(found(json!({"log": "a", "root": root, "size": 1, "x": 1})), "head.x is not described");
    assert!(found(json!({"log": 1, "root": root, "size": 1})).contains("integer"));
    assert!(found(json!({"log": "a", "root": "A", "size": 1})).contains("minLength"));
    let verdict = json!({"$ref": "#/components/schemas/Verdict"});
    assert!(Described::new().value(&verdict, &"maybe".into(), "verdict").is_err());
}
