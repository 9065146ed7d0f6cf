//! The answers that a request may get by its form alone: without a token, with a body of another media type, while the
//! database is busy. They are the same at every address and so are said once, here; a resource says what is its own.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::problem::PROBLEM_JSON;
use crate::error::{Class, Code};

/// The address whose refusals are those of RFC 6749.
const TOKEN: &str = "/oauth2/token";

/// Completes a description: each operation gets the refusals that its form allows, and each refusal its media type and
/// its headers.
pub fn complete(document: &mut Value) {
    let shared: BTreeSet<u16> = Code::ALL.iter().map(|code| code.status()).collect();
    let shared = shared.into_iter().map(|status| (name(status), problem(&told(status), status)));
    if let Some(components) = document["components"].as_object_mut() {
        components.insert("responses".to_owned(), Value::Object(shared.collect()));
    }
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, operations) in paths {
        for operation in operations.as_object_mut().into_iter().flat_map(Map::values_mut) {
            refusals(path, operation);
        }
    }
}

fn refusals(path: &str, operation: &mut Value) {
    let general = general(operation);
    let Some(answers) = operation["responses"].as_object_mut() else { return };
    for (status, answer) in answers.iter_mut() {
        if let (Ok(status @ 400..), Some(about)) = (status.parse(), answer["description"].as_str())
            && path != TOKEN
            && answer.get("content").is_none()
        {
            *answer = problem(about, status);
        }
    }
    for status in general.into_iter().filter(|status| path != TOKEN || matches!(status, 408 | 415)) {
        let named = json!({"$ref": format!("#/components/responses/{}", name(status))});
        answers.entry(status.to_string()).or_insert(named);
    }
}

/// The statuses that an operation can answer by its form: what it reads, and whether it asks who is there.
fn general(operation: &Value) -> BTreeSet<u16> {
    let body = operation.get("requestBody").is_some();
    let place = |place: &str| {
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.any(|parameter| parameter["in"] == place)
    };
    let asks = operation["security"].as_array().is_some_and(|ways| !ways.is_empty());
    let mut found = BTreeSet::from([500, 503]);
    if body {
        found.extend([400, 408, 413, 415, 422]);
    }
    if place("query") {
        found.extend([400, 422]);
    }
    if place("path") {
        found.extend([400, 404]);
    }
    if asks {
        found.extend([401, 403, 429]);
    }
    found
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

/// What a shared refusal is: in a first line, then the codes of its status with their titles.
fn told(status: u16) -> String {
    let codes = Code::ALL.iter().filter(|code| code.status() == status);
    let told = codes.map(|code| format!("- `{}` {}: {}", code.wire(), code.title_zh(), code.title()));
    format!("A refusal that any request of this form can meet.\n\n{}", told.collect::<Vec<_>>().join("\n"))
}

/// A problem as an answer.
fn problem(about: &str, status: u16) -> Value {
    let text = |about: &str| json!({"description": about, "schema": {"type": "string"}});
    let mut headers = Map::new();
    headers.insert("X-Request-Id".to_owned(), text("The id of the request, as in `instance`."));
    let waits = |code: &&Code| code.class() == Class::Unavailable || code.status() == 429;
    if Code::ALL.iter().filter(|code| code.status() == status).any(|code| waits(&code)) {
        let wait = json!({"description": "Seconds after which to repeat.", "schema": {"type": "integer", "minimum": 0}});
        headers.insert("Retry-After".to_owned(), wait);
    }
    if status == 401 {
        headers.insert("WWW-Authenticate".to_owned(), text("RFC 6750: `Bearer`."));
    }
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    json!({"description": about, "headers": headers, "content": {PROBLEM_JSON: {"schema": schema}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_gets_the_refusals_of_its_form_and_keeps_its_own() {
        let mut document = json!({"components": {}, "paths": {"/a": {
            "post": {"requestBody": {}, "security": [{"client": ["lookup"]}], "responses": {"404": {"description": "No such"}}},
            "get": {"responses": {"200": {"description": "There"}}},
        }}});
        complete(&mut document);
        let answers = |method: &str| document["paths"]["/a"][method]["responses"].clone();
        let told =
            |method: &str| answers(method).as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(told("post"), "400 401 403 404 408 413 415 422 429 500 503");
        assert_eq!(told("get"), "200 500 503");
        let own = &answers("post")["404"];
        assert_eq!(own["description"], "No such");
        assert_eq!(own["content"][PROBLEM_JSON]["schema"]["$ref"], "#/components/schemas/Problem");
        let shared = &document["components"]["responses"]["Problem429"];
        assert!(
            shared["headers"]["Retry-After"].is_object()
                && shared["description"].to_string().contains("budget_spent")
        );
    }
}
