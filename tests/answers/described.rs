//! Whether an answer is the one that `schema/openapi.json` describes: every member is described, every required one is
//! there, each value has its type and stands in its closed list.

use std::collections::BTreeSet;

use elicense::api::document::Document;
use serde_json::Value;

/// The description, and which of its members were seen in answers.
pub struct Described {
    schemas: Value,
    seen: BTreeSet<String>,
}

impl Described {
    pub(crate) fn new() -> Self {
        let document = Document::build().unwrap();
        Self { schemas: document.value()["components"]["schemas"].clone(), seen: BTreeSet::new() }
    }

    /// Compares an answer with the schema of that name.
    pub fn check(&mut self, schema: &str, answer: &Value) {
        self.named(schema, answer, schema).unwrap_or_else(|fault| panic!("{fault} in {answer:#}"));
    }

    /// Members of these schemas that no answer had.
    pub fn unseen(&self, schemas: &[&str]) -> Vec<String> {
        let members = schemas.iter().flat_map(|schema| {
            let properties = self.schemas[schema]["properties"].as_object().unwrap();
            properties.keys().map(move |name| format!("{schema}.{name}"))
        });
        members.filter(|member| !self.seen.contains(member)).collect()
    }

    fn named(&mut self, name: &str, value: &Value, at: &str) -> Result<(), String> {
        let schema = self.schemas.get(name).unwrap_or_else(|| panic!("no schema {name}")).clone();
        if let (Some(properties), Some(members)) = (schema.get("properties"), value.as_object()) {
            for member in members.keys() {
                if properties.get(member).is_none() {
                    return Err(format!("{at}.{member} is not described"));
                }
                self.seen.insert(format!("{name}.{member}"));
            }
        }
        self.value(&schema, value, at)
    }

    fn value(&mut self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.named(reference.rsplit('/').next().unwrap(), value, at);
        }
        if let Some(ways) = schema["oneOf"].as_array() {
            let fits = ways.iter().filter(|way| self.value(way, value, at).is_ok()).count();
            return if fits == 1 { Ok(()) } else { Err(format!("{at} fits {fits} of {}", ways.len())) };
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
            _ => return Err(format!("{at} has no type")),
        };
        let own = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !types.contains(&own) {
            return Err(format!("{at} is {own} and described as {types:?}"));
        }
        self.particulars(schema, value, at)
    }

    fn particulars(&mut self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if schema["enum"].as_array().is_some_and(|list| !list.contains(value)) {
            return Err(format!("{at}: {value} is not in its list"));
        }
        let length = value.as_str().map(|text| text.len() as u64);
        for (bound, breaks) in [
            ("minLength", length < schema["minLength"].as_u64()),
            ("maxLength", length > schema["maxLength"].as_u64()),
            ("minimum", value.as_i64() < schema["minimum"].as_i64()),
        ] {
            if schema.get(bound).is_some() && breaks {
                return Err(format!("{at} breaks {bound}"));
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() {
                return Err(format!("{at} has no {name}"));
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.value(&schema["items"], item, &format!("{at}[]"))?;
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                self.value(property, value, &format!("{at}.{name}"))?;
            }
        }
        Ok(())
    }
}

#[test]
fn what_departs_from_the_description_is_found() {
    let mut described = Described::new();
    let mut found = |answer: Value| described.named("LogHead", &answer, "head").unwrap_err();
    let root = "A".repeat(43);
    assert_eq!(found(serde_json::json!({"log": "a", "size": 1})), "head has no \"root\"");
    assert_eq!(
        found(serde_json::json!({"log": "a", "root": root, "size": 1, "x": 1})),
        "head.x is not described"
    );
    assert!(found(serde_json::json!({"log": 1, "root": root, "size": 1})).contains("integer"));
    assert!(found(serde_json::json!({"log": "a", "root": "A", "size": 1})).contains("minLength"));
    assert!(described.named("Verdict", &"maybe".into(), "verdict").is_err());
}
