//! Every example is one that its own schema allows, and speaks of invented people only.

use serde_json::Value;

use crate::common::described::{Described, resolved};
use crate::operations;

/// Schemas and examples of an operation's bodies.
fn examples(about: &Value) -> Vec<(&Value, &Value)> {
    let answers = about["responses"].as_object().unwrap().values().map(resolved);
    let bodies = std::iter::once(&about["requestBody"]).chain(answers);
    let contents = bodies.filter_map(|body| body["content"].as_object()).flat_map(|content| content.values());
    contents.filter_map(|content| Some((&content["schema"], content.get("example")?))).collect()
}

/// Bodies that are no JSON, or that say nothing that an example would.
const WITHOUT: [&str; 7] = [
    "GET /api/openapi.json",
    "GET /logs/{name}/checkpoint",
    "GET /logs/{name}/tile/{path}",
    "GET /metrics",
    "POST /api/v1/lookups/batch",
    "PUT /api/v1/attachments/{sha256}",
    "GET /readyz",
];

#[test]
fn every_operation_has_examples_that_its_schema_allows() {
    for (route, about) in operations() {
        let found = examples(about);
        assert!(!found.is_empty() || WITHOUT.contains(&route.as_str()), "{route} has no example");
        if about.get("requestBody").is_some() && !WITHOUT.contains(&route.as_str()) {
            let contents = about["requestBody"]["content"].as_object().unwrap();
            assert!(contents.values().all(|content| content.get("example").is_some()), "{route}");
        }
        for (schema, example) in found {
            Described::new().value(schema, example, &route).unwrap_or_else(|fault| panic!("{fault}"));
        }
    }
}

/// Eighteen digits and characters as a citizen's number has them begin with 19, which is nobody's region.
#[test]
fn examples_speak_of_invented_people() {
    for (route, about) in operations() {
        for (_, example) in examples(about) {
            let told = example.to_string();
            let words = told.split(|c: char| !c.is_ascii_alphanumeric());
            let numbers =
                words.filter(|word| word.len() == 18 && word.bytes().take(17).all(|b| b.is_ascii_digit()));
            for number in numbers {
                assert!(number.starts_with("19"), "{route}");
            }
        }
    }
}
