//! Examples in the description: requests and answers of a made-up world, kept in `schema/examples` under the names of
//! their operations. A test writes them from a running server and holds them against the description.

use serde_json::{Map, Value, json};

macro_rules! examples {
    ($($operation:literal)*) => {
        /// The files by the names of their operations.
        const FILES: &[(&str, &str)] =
            &[$(($operation, include_str!(concat!("../../schema/examples/", $operation, ".json"))),)*];
    };
}

examples! {
    "token" "apply" "items" "item" "bundles" "bundle" "lookup" "list_directory" "issue" "act" "dispute" "withdraw_dispute" "proposals" "decline_proposal" "verify" "history" "verify_brought" "mark_holder"
    "link_holders" "unlink_holders" "put_directory" "accesses" "fetch_attachment" "receipt" "types" "type" "agencies"
    "coverage" "state_coverage" "beat" "logs" "keys" "health" "readiness"
}

/// Puts the examples beside the schemas of their operations. A file has `request` and `answer`, or one of the two, and
/// the answer's `status`.
pub fn put_into(document: &mut Value) {
    let files =
        FILES.iter().filter_map(|(name, text)| Some((*name, serde_json::from_str::<Value>(text).ok()?)));
    let files: Vec<(&str, Value)> = files.collect();
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let Some((_, file)) = files.iter().find(|(name, _)| operation["operationId"] == *name) else {
            continue;
        };
        if let Some(body) = operation.get_mut("requestBody") {
            beside(body, &file["request"]);
        }
        let status = file["status"].as_u64().unwrap_or_default().to_string();
        if let Some(answer) = operation["responses"].get_mut(status) {
            beside(answer, &file["answer"]);
        }
    }
}

/// An example beside each schema of a body.
fn beside(body: &mut Value, example: &Value) {
    let contents =
        body.get_mut("content").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    for content in contents.filter(|_| !example.is_null()) {
        content["example"] = json!(example);
    }
}
