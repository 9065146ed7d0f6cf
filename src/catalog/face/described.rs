//! The faces of the types that come with the program, as the description of the API shows them: read from the type files
//! and the code lists, so that the description says what the check asks for.

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::catalog::builtin::TYPES;
use crate::catalog::{CodeLists, TypeDef};

/// A face (照面) in the description of the API: [`described`] says what stands under its name.
pub struct Face;

impl utoipa::PartialSchema for Face {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}

impl utoipa::ToSchema for Face {}

/// The schemas of faces by their names in the description: `Face`, any of them, and one for each type that comes with the
/// program. A registry may have types of its own, whose faces `Face` takes as well.
pub fn described() -> Vec<(String, Value)> {
    let lists = CodeLists::builtin().ok();
    let types = TYPES.iter().filter_map(|text| serde_json::from_str::<TypeDef>(text).ok());
    let mut found: Vec<(String, Value)> = types
        .map(|def| {
            let mut face = plain(&def.face, lists.as_ref());
            let about = format!(
                "The face of {} ({}), type `{}`.{}",
                def.name.zh,
                def.name.en,
                def.slug,
                any_of(&def.face)
            );
            face.insert("description".to_owned(), about.into());
            (name(&def.slug), Value::Object(face))
        })
        .collect();
    let mut any: Vec<Value> =
        found.iter().map(|(name, _)| json!({"$ref": format!("#/components/schemas/{name}")})).collect();
    any.push(json!({
        "type": "object", "additionalProperties": true, "title": "FaceOfAnotherType",
        "description": "The face of a type of this registry's own: its schema stands under `/api/v1/types/{name}`.",
    }));
    let about = "The face (照面) of a certificate, as its type says.";
    found.push(("Face".to_owned(), json!({"description": about, "anyOf": any})));
    found
}

/// `marriage_certificate` → `FaceOfMarriageCertificate`.
fn name(slug: &str) -> String {
    let mut name = "FaceOf".to_owned();
    for word in slug.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// Fields of which one at least is there: in words, since few readers of a description know such a rule.
fn any_of(face: &Value) -> String {
    let ways = face["anyOf"].as_array().into_iter().flatten();
    let names: Vec<String> = ways
        .flat_map(|way| way["required"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.is_empty() { String::new() } else { format!(" One at least of {} is there.", names.join(", ")) }
}

/// A schema of a face without the keywords that only the program reads: the label becomes the description, a code list
/// the list of its codes.
fn plain(face: &Value, lists: Option<&CodeLists>) -> Map<String, Value> {
    let mut told = Map::new();
    for (keyword, value) in face.as_object().into_iter().flatten() {
        match keyword.as_str() {
            "properties" => {
                let fields = value.as_object().into_iter().flatten();
                let fields = fields.map(|(name, field)| (name.clone(), Value::Object(plain(field, lists))));
                told.insert(keyword.clone(), Value::Object(fields.collect()));
            }
            "items" => drop(told.insert(keyword.clone(), Value::Object(plain(value, lists)))),
            "format" => told.extend(form(value.as_str().unwrap_or_default())),
            "x-label" => {
                let said = format!("{}: {}", text(&value["zh"]), text(&value["en"]));
                told.insert("description".to_owned(), said.into());
            }
            "x-code-list" => {
                let list = lists.and_then(|lists| lists.list(value.as_str()?));
                let codes =
                    list.map(|list| list.codes.iter().map(|code| code.code.as_str()).collect::<Vec<_>>());
                told.extend(codes.map(|codes| ("enum".to_owned(), json!(codes))));
            }
            "anyOf" | "$schema" => {}
            own if own.starts_with("x-") => {}
            _ => drop(told.insert(keyword.clone(), value.clone())),
        }
    }
    told
}

/// The form of a text, in the description's own terms; texts without a form of their own have none.
fn form(format: &str) -> Option<(String, Value)> {
    let pattern = match format {
        "date" => return Some(("format".to_owned(), "date".into())),
        "date_or_long" => "^([0-9]{4}-[0-9]{2}-[0-9]{2}|长期)$",
        "partial_date" => "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$",
        "time" => "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$",
        "amount" | "area" => "^[0-9]+([.][0-9]+)?$",
        "sealed_reference" => "^[0-9a-f]{64}$",
        _ => return None,
    };
    Some(("pattern".to_owned(), pattern.into()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_face_with_labels_codes_and_forms() {
        let described: Map<String, Value> = described().into_iter().collect();
        assert_eq!(described.len(), TYPES.len() + 1);
        assert_eq!(described["Face"]["anyOf"].as_array().unwrap().len(), TYPES.len() + 1);
        let marriage = &described["FaceOfMarriageCertificate"];
        assert_eq!(marriage["properties"]["registered_on"]["format"], "date");
        let spouse = &marriage["properties"]["spouses"]["items"];
        assert!(spouse["properties"]["sex"]["enum"].as_array().unwrap().contains(&json!("1")));
        assert_eq!(spouse["properties"]["name"]["description"], "姓名: Name");
        assert_eq!(marriage["additionalProperties"], false);
        let told = serde_json::to_string(&described).unwrap();
        assert!(!told.contains("x-label") && !told.contains("$schema"));
        let birth = described["FaceOfBirthCertificate"]["description"].as_str().unwrap();
        assert!(birth.contains("`father_name`") && birth.contains("`father_note`"), "{birth}");
    }
}
