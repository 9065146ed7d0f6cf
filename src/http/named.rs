//! Whom the body of a request names: asked where the request itself is not read any further, so that a refusal of the
//! whole kind of work still stands on the lists of those whom it was about.

use serde_json::Value;

use crate::registry::NamedInRequest;

/// Put into a request whose refusal is on its way and waits to be noted: the body was taken for that, and whoever else
/// wants it waits for the refusal.
pub struct Refused;

/// Holders and identifiers that are looked for at most: as many as one access has room for.
const MOST: usize = 200;

/// What a body of JSON or of JSON lines names, at any depth: a code beside its type, and identifiers. Nothing of a body
/// that is neither.
pub fn named(body: &[u8]) -> NamedInRequest {
    let mut named = NamedInRequest::default();
    let whole: Option<Value> = serde_json::from_slice(body).ok();
    let lines = body.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    match whole {
        Some(value) => gather(&value, &mut named),
        None => lines.for_each(|line: Value| gather(&line, &mut named)),
    }
    named
}

fn gather(value: &Value, named: &mut NamedInRequest) {
    if named.codes.len() + named.identifiers.len() >= MOST {
        return;
    }
    match value {
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str);
            let code_type = text("code_type").or_else(|| text("type"));
            if let (Some(code_type), Some(code)) = (code_type, text("code")) {
                named.codes.push((code_type.to_owned(), code.to_owned()));
            }
            named.identifiers.extend(text("identifier").map(str::to_owned));
            members.values().for_each(|inner| gather(inner, named));
        }
        Value::Array(items) => items.iter().for_each(|inner| gather(inner, named)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_and_identifiers_are_found_at_any_depth_and_in_each_line() {
        let found = |body: &str| {
            let NamedInRequest { codes, identifiers } = named(body.as_bytes());
            let codes: Vec<String> = codes.into_iter().map(|(kind, code)| format!("{kind}:{code}")).collect();
            (codes.join(" "), identifiers.join(" "))
        };
        let told = |codes: &str, identifiers: &str| (codes.to_owned(), identifiers.to_owned());
        assert_eq!(found(r#"{"holder":{"type":"111","code":"1"}}"#), told("111:1", ""));
        let issue = r#"{"record":{"type":"t","holders":[{"code_type":"111","code":"2"},{"code_type":"001","code":"3"}]}}"#;
        assert_eq!(found(issue), told("111:2 001:3", ""));
        let lines = "{\"holder\":{\"type\":\"111\",\"code\":\"1\"}}\n\n{\"identifier\":\"x\"}\n";
        assert_eq!(found(lines), told("111:1", "x"));
        assert_eq!(found("{}"), told("", ""));
        assert_eq!(found("\u{0}"), told("", ""));
        let many = format!("[{}]", vec![r#"{"identifier":"x"}"#; 500].join(","));
        assert_eq!(named(many.as_bytes()).identifiers.len(), MOST);
    }
}
