//! `GET /api/docs`: the API's description as a page, made from the same document that `/api/openapi.json`
//! serves; nothing is loaded from elsewhere. Codes of errors have an anchor each, which problems point to.

use std::sync::OnceLock;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::assets;
use super::page::Result;
use super::views::Shell;
use crate::error::{Code, Error};
use crate::http::scope::Scope;
use crate::rule::Rule;

/// The description in the order in which the page tells it.
#[derive(Debug, Default)]
pub struct Docs {
    about: String,
    version: String,
    operations: Vec<Operation>,
    schemas: Vec<Schema>,
    /// The page, made when it is first asked for: anybody may ask.
    html: OnceLock<String>,
}

#[derive(Debug)]
struct Operation {
    method: String,
    path: String,
    anchor: String,
    summary: String,
    description: String,
    scopes: String,
    parameters: Vec<Field>,
    request: Vec<Body>,
    answers: Vec<Answer>,
}

#[derive(Debug)]
struct Answer {
    status: String,
    about: String,
    bodies: Vec<Body>,
}

#[derive(Debug)]
struct Body {
    media: String,
    kind: String,
    /// Whether the kind is a schema of this page.
    named: bool,
}

#[derive(Debug)]
struct Schema {
    name: String,
    about: String,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: String,
    place: String,
    required: bool,
    kind: String,
    about: String,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage<'a> {
    shell: Shell,
    docs: &'a Docs,
}

/// `GET /api/docs`; needs `web::Data<Docs>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/docs").route(web::get().to(show)));
}

async fn show(docs: web::Data<Docs>) -> Result<HttpResponse> {
    if docs.html.get().is_none() {
        let html = docs.render().map_err(Error::internal)?;
        docs.html.get_or_init(|| html);
    }
    let html = docs.html.get().cloned().unwrap_or_default();
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

impl Docs {
    /// Reads an OpenAPI 3.1 document; missing parts are left out.
    pub fn of(document: &Value) -> Self {
        let info = &document["info"];
        let operations = entries(&document["paths"]).flat_map(|(path, methods)| {
            entries(methods)
                .filter(|(_, value)| value.get("responses").is_some())
                .map(move |(method, value)| operation(document, path, method, value))
        });
        Self {
            about: text(&info["description"]),
            version: text(&info["version"]),
            operations: operations.collect(),
            schemas: entries(at(document, "/components/schemas"))
                .map(|(name, value)| schema(name, value))
                .collect(),
            html: OnceLock::new(),
        }
    }

    /// The page as text.
    ///
    /// # Errors
    /// If the template cannot be written.
    pub fn render(&self) -> askama::Result<String> {
        DocsPage { shell: Shell::default(), docs: self }.render()
    }
}

fn operation(document: &Value, path: &str, method: &str, value: &Value) -> Operation {
    let plain: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let scopes = value["security"].as_array().into_iter().flatten().flat_map(entries);
    let scopes =
        scopes.flat_map(|(_, names)| names.as_array().into_iter().flatten().filter_map(Value::as_str));
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        anchor: format!("{method}{plain}"),
        summary: text(&value["summary"]),
        description: text(&value["description"]),
        scopes: scopes.collect::<Vec<_>>().join(" "),
        parameters: value["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        request: bodies(at(value, "/requestBody/content")),
        answers: entries(&value["responses"])
            .map(|(status, answer)| {
                let answer = shared(document, answer);
                let about = text(&answer["description"]);
                Answer {
                    status: status.to_owned(),
                    // Behind the first line stand codes, which the page has in a table of their own.
                    about: about.lines().next().unwrap_or_default().to_owned(),
                    bodies: bodies(&answer["content"]),
                }
            })
            .collect(),
    }
}

/// An answer that several operations have stands among the components.
fn shared<'a>(document: &'a Value, answer: &'a Value) -> &'a Value {
    let named = answer["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    named.map_or(answer, |path| at(document, path))
}

fn parameter(value: &Value) -> Field {
    Field {
        name: text(&value["name"]),
        place: text(&value["in"]),
        required: value["required"].as_bool().unwrap_or(false),
        kind: kind(&value["schema"]).0,
        about: text(&value["description"]),
    }
}

fn bodies(content: &Value) -> Vec<Body> {
    let body = |(media, value): (&str, &Value)| {
        let (kind, named) = kind(&value["schema"]);
        Body { media: media.to_owned(), kind, named }
    };
    entries(content).map(body).collect()
}

fn schema(name: &str, value: &Value) -> Schema {
    let required: Vec<_> =
        value["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut fields: Vec<_> = entries(&value["properties"])
        .map(|(name, field)| Field {
            name: name.to_owned(),
            place: String::new(),
            required: required.contains(&name),
            kind: kind(field).0,
            about: text(&field["description"]),
        })
        .collect();
    if fields.is_empty() {
        let choices = value["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        fields.extend(choices.map(|choice| Field {
            name: choice.to_owned(),
            place: String::new(),
            required: false,
            kind: "value".to_owned(),
            about: String::new(),
        }));
    }
    Schema { name: name.to_owned(), about: text(&value["description"]), fields }
}

/// The kind of a schema, in a word or a few, and whether that word is the name of a schema of the document.
fn kind(schema: &Value) -> (String, bool) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return (name.to_owned(), true);
    }
    if schema["type"] == "array" {
        return (format!("[{}]", kind(&schema["items"]).0), false);
    }
    for joined in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[joined].as_array() {
            let names: Vec<_> = parts.iter().map(|part| kind(part).0).collect();
            return (names.join(" | "), false);
        }
    }
    let word = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        one => text(one),
    };
    match schema["format"].as_str() {
        Some(format) => (format!("{word} ({format})"), false),
        None => (word, false),
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
