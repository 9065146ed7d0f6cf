//! What a handler reads and asks for is what its description says: scope, body, key of repetition.

use std::path::Path;

use crate::operations;

/// A handler of the API: its name, what stands above it, and what it takes.
struct Handler {
    operation: String,
    described: String,
    signature: String,
}

fn handlers() -> Vec<Handler> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/v1")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for part in text.split("#[utoipa::path(").skip(1) {
            let (described, rest) = part.split_once("\nasync fn ").unwrap();
            let signature = rest.split_once(") -> ").unwrap().0;
            let operation = described.split("operation_id = \"").nth(1).unwrap().split('"').next().unwrap();
            found.push(Handler {
                operation: operation.to_owned(),
                described: described.to_owned(),
                signature: signature.to_owned(),
            });
        }
    }
    found
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

#[test]
fn a_handler_takes_what_its_description_says() {
    let handlers = handlers();
    let described = operations();
    let of_v1: Vec<_> = described.iter().filter(|(route, _)| route.contains(" /api/v1/")).collect();
    assert_eq!(handlers.len(), of_v1.len());
    for (route, about) in of_v1 {
        let handler = handlers.iter().find(|handler| about["operationId"] == *handler.operation).unwrap();
        let scope = between(&handler.signature, "may::", ">").unwrap().to_lowercase();
        assert_eq!(about["security"][0]["client"][0], *scope, "{route}");
        let keyed = handler.signature.contains("IdempotencyKey");
        let mut parameters = about["parameters"].as_array().into_iter().flatten();
        assert_eq!(parameters.any(|one| one["name"] == "Idempotency-Key"), keyed, "{route}");
        if let Some(body) = between(&handler.signature, "StrictJson<", ">") {
            let named = between(&handler.described, "request_body = ", ",")
                .or_else(|| between(&handler.described, "request_body(content = ", ","));
            assert_eq!(named, Some(body), "{route}");
        }
        assert_eq!(
            handler.signature.contains("PageQuery"),
            handler.described.contains("PageQuery"),
            "{route}"
        );
    }
}
