//! `GET /api/openapi.json`: the description of the API, made once at start.

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Described;

use super::examples;
use crate::catalog::described_faces;
use crate::config::Door;
use crate::error::{Error, Result};
use crate::http::{answers, openapi};

/// The description as bytes, and as a value for the page that shows it.
pub struct Document {
    value: Value,
    text: String,
}

impl Document {
    /// The description of resources, each with the doors where it stands; the tables of routes have both.
    ///
    /// # Errors
    /// `internal` when it cannot be written as JSON.
    pub fn build(resources: Vec<(&[Door], Described)>) -> Result<Self> {
        let doors: Vec<(Vec<String>, Value)> = resources
            .iter()
            .map(|(doors, part)| {
                let paths = part.paths.paths.keys().cloned().collect();
                (paths, doors.iter().map(|door| door.name()).collect())
            })
            .collect();
        let whole = openapi::document(resources.into_iter().map(|(_, part)| part));
        let mut value = serde_json::to_value(whole).map_err(Error::internal)?;
        for (paths, doors) in doors {
            paths.iter().for_each(|path| at_doors(&mut value, path, &doors));
        }
        if let Some(schemas) = value.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
            schemas.extend(described_faces());
        }
        answers::complete(&mut value);
        open(&mut value);
        examples::put_into(&mut value);
        Ok(Self { text: serde_json::to_string_pretty(&value).map_err(Error::internal)?, value })
    }

    /// The document as a value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document as it is served and pinned.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn at_doors(document: &mut Value, path: &str, doors: &Value) {
    let operations = document.get_mut("paths").and_then(|paths| paths.get_mut(path));
    let operations = operations.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    for operation in operations.filter_map(Value::as_object_mut) {
        operation.insert("x-doors".to_owned(), doors.clone());
    }
}

/// An object without members of its own has any: said aloud, since some readers take it for an empty one.
fn open(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let bare = members
                .get("type")
                .is_some_and(|kind| kind == "object" || *kind == json!(["object", "null"]));
            if bare && !members.contains_key("properties") {
                members.entry("additionalProperties").or_insert(true.into());
            }
            members.values_mut().for_each(open);
        }
        Value::Array(items) => items.iter_mut().for_each(open),
        _ => {}
    }
}

#[derive(OpenApi)]
#[openapi(paths(serve))]
struct Part;

/// The description of this address itself.
pub fn document() -> Described {
    Part::openapi()
}

/// `GET /api/openapi.json`; asks for `web::Data<Document>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/openapi.json").route(web::get().to(serve)));
}

#[utoipa::path(
    get, path = "/api/openapi.json", tag = "operation", operation_id = "description", summary = "This description (OpenAPI 3.1)",
    responses((status = 200, description = "The description", body = Object))
)]
async fn serve(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.text.clone())
}
