//! Whether an answer is the one that the API's description says: every member is described, every required one is there,
//! each value has its type and stands in its closed list. [`Exchanged`] holds whole requests and answers against it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

/// The description, and which of its members were seen in answers.
pub struct Described {
    schemas: Value,
    seen: BTreeSet<String>,
}

/// The description, made once for a process.
pub fn document() -> &'static Value {
    static MADE: OnceLock<Value> = OnceLock::new();
    MADE.get_or_init(|| elicense::serve::routes::described().unwrap().value().clone())
}

impl Default for Described {
    fn default() -> Self {
        Self::new()
    }
}

impl Described {
    pub fn new() -> Self {
        Self { schemas: document()["components"]["schemas"].clone(), seen: BTreeSet::new() }
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
        if let Some(members) = value.as_object() {
            self.seen.extend(members.keys().map(|member| format!("{name}.{member}")));
        }
        self.value(&schema, value, at)
    }

    /// Compares a value with a schema.
    pub fn value(&mut self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.named(reference.rsplit('/').next().unwrap(), value, at);
        }
        for (word, most) in [("oneOf", 1), ("anyOf", usize::MAX)] {
            if let Some(ways) = schema[word].as_array() {
                let faults: Vec<String> =
                    ways.iter().filter_map(|way| self.value(way, value, at).err()).collect();
                let fits = ways.len() - faults.len();
                return match fits {
                    0 => Err(format!("{at} fits none of {}: {}", ways.len(), faults.join("; "))),
                    fits if fits > most => Err(format!("{at} fits {fits} of {}", ways.len())),
                    _ => Ok(()),
                };
            }
        }
        // A value of the caller's or the issuer's choosing: described in words only.
        if schema.as_object().is_some_and(|members| members.keys().all(|word| word == "description")) {
            return Ok(());
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return parts.iter().try_for_each(|part| self.value(part, value, at));
        }
        kind(schema, value, at)?;
        bounds(schema, value, at)?;
        self.particulars(schema, value, at)
    }

    fn particulars(&mut self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if schema["enum"].as_array().is_some_and(|list| !list.contains(value)) {
            return Err(format!("{at}: {value} is not in its list"));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                return Err(format!("{at} has no {name}"));
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.value(&schema["items"], item, &format!("{at}[]"))?;
        }
        let more = &schema["additionalProperties"];
        for (name, member) in value.as_object().into_iter().flatten() {
            let inner = format!("{at}.{name}");
            match schema["properties"].get(name) {
                Some(property) => self.value(property, member, &inner)?,
                None if more.is_object() => self.value(more, member, &inner)?,
                // An object without members of its own is any object.
                None if *more == true || (more.is_null() && schema.get("properties").is_none()) => {}
                None => return Err(format!("{inner} is not described")),
            }
        }
        Ok(())
    }
}

fn kind(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => return Err(format!("{at} has no type")),
    };
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if types.contains(&own) { Ok(()) } else { Err(format!("{at} is {own} and described as {types:?}")) }
}

fn bounds(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let items = value.as_array().map(|list| list.len() as u64);
    let (least, most) =
        (|name: &str| schema[name].as_u64(), |name: &str| schema[name].as_u64().unwrap_or(u64::MAX));
    for (bound, breaks) in [
        ("minLength", length.is_some_and(|length| length < least("minLength").unwrap_or(0))),
        ("maxLength", length.is_some_and(|length| length > most("maxLength"))),
        ("minItems", items.is_some_and(|items| items < least("minItems").unwrap_or(0))),
        ("maxItems", items.is_some_and(|items| items > most("maxItems"))),
        ("minimum", value.as_i64() < schema["minimum"].as_i64()),
        ("maximum", value.as_u64().is_some_and(|value| value > most("maximum"))),
    ] {
        if schema.get(bound).is_some() && breaks {
            return Err(format!("{at} breaks {bound}"));
        }
    }
    Ok(())
}

/// A request with its answer.
pub struct Exchanged<'a> {
    pub method: &'a str,
    /// Without a query.
    pub path: &'a str,
    pub request: &'a [u8],
    pub request_media: Option<&'a str>,
    pub status: u16,
    pub media: Option<&'a str>,
    pub answer: &'a [u8],
    /// The only door of the server, where it has one only.
    pub door: Option<&'a str>,
}

impl Exchanged<'_> {
    /// Whether the exchange is as the description says. What is not in it (pages, addresses that do not exist) is not
    /// judged.
    ///
    /// # Errors
    /// What is not described.
    pub fn judge(&self) -> Result<(), String> {
        let Some((template, operations)) = template(self.path) else { return Ok(()) };
        let Some(operation) = operations.get(self.method.to_lowercase()) else { return Ok(()) };
        let doors = operation["x-doors"].as_array().unwrap();
        if self.door.is_some_and(|door| !doors.contains(&door.into())) {
            return Ok(());
        }
        let at = format!("{} {template} {}", self.method, self.status);
        let answer = operation["responses"].get(self.status.to_string());
        let answer = resolved(answer.ok_or_else(|| format!("{at}: no such status is described"))?);
        self.answered(answer, &at)?;
        match self.status {
            200..=299 => self.asked(operation, &at),
            _ => Ok(()),
        }
    }

    fn answered(&self, described: &Value, at: &str) -> Result<(), String> {
        let Some(contents) = described.get("content") else {
            return if self.answer.is_empty() { Ok(()) } else { Err(format!("{at}: no body is described")) };
        };
        let media = essence(self.media);
        let content = contents.get(media).ok_or_else(|| format!("{at}: {media} is not described"))?;
        if media.ends_with("/json") || media.ends_with("+json") {
            let answer: Value =
                serde_json::from_slice(self.answer).map_err(|fault| format!("{at}: {fault}"))?;
            return Described::new().value(&content["schema"], &answer, at);
        }
        if media == "application/x-ndjson" {
            for line in self.answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line: Value = serde_json::from_slice(line).map_err(|fault| format!("{at}: {fault}"))?;
                let schema = if line.get("code").is_some() { "Problem" } else { "LookupAnswer" };
                Described::new().named(schema, &line, at)?;
            }
        }
        Ok(())
    }

    /// A request that was carried out is one that the description allows.
    fn asked(&self, operation: &Value, at: &str) -> Result<(), String> {
        let Some(contents) = operation["requestBody"].get("content") else { return Ok(()) };
        let media = essence(self.request_media);
        if let Some(content) = contents.get(media)
            && media.ends_with("/json")
        {
            let request: Value =
                serde_json::from_slice(self.request).map_err(|fault| format!("{at}: {fault}"))?;
            return Described::new().value(&content["schema"], &request, &format!("{at}: the request"));
        }
        Ok(())
    }
}

fn essence(media: Option<&str>) -> &str {
    media.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// What a reference to an answer means.
pub fn resolved(answer: &Value) -> &Value {
    match answer["$ref"].as_str() {
        Some(reference) => &document()["components"]["responses"][reference.rsplit('/').next().unwrap()],
        None => answer,
    }
}

/// The described address that a path is one of: the one with the fewest parameters.
pub fn template(path: &str) -> Option<(&'static String, &'static Value)> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let own: Vec<&str> = template.split('/').collect();
        let rest = own.last() == Some(&"{path}");
        (own.len() == parts.len() || (rest && parts.len() > own.len()))
            && own.iter().zip(&parts).all(|(own, part)| own == part || own.starts_with('{'))
    };
    let all = document()["paths"].as_object().unwrap().iter().filter(|(template, _)| fits(template));
    all.min_by_key(|(template, _)| template.matches('{').count())
}

/// Keeps the first exchange of each operation that was carried out as its example, under `ELICENSE_TEST_EXAMPLES=write`.
fn keep(exchanged: &Exchanged<'_>) {
    static KEPT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let Some((_, operations)) = template(exchanged.path) else { return };
    let Some(operation) = operations.get(exchanged.method.to_lowercase()) else { return };
    let name = operation["operationId"].as_str().unwrap().to_owned();
    let file = format!("{}/schema/examples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if !(200..300).contains(&exchanged.status)
        || !Path::new(&file).exists()
        || !KEPT.lock().unwrap().insert(name)
    {
        return;
    }
    let mut example = serde_json::json!({"status": exchanged.status});
    let answer: Option<Value> = serde_json::from_slice(exchanged.answer).ok();
    let request: Option<Value> = match essence(exchanged.request_media) {
        "application/x-www-form-urlencoded" => Some(form(&String::from_utf8_lossy(exchanged.request))),
        _ => serde_json::from_slice(exchanged.request).ok(),
    };
    if let Some(request) = request.filter(|_| operation.get("requestBody").is_some()) {
        example["request"] = request;
    }
    if let Some(answer) = answer {
        example["answer"] = one_line_each(answer);
    }
    std::fs::write(file, format!("{}\n", serde_json::to_string_pretty(&example).unwrap())).unwrap();
}

fn form(text: &str) -> Value {
    let fields = text.split('&').filter_map(|field| field.split_once('='));
    Value::Object(fields.map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// A list of a page, with its first line only.
fn one_line_each(mut answer: Value) -> Value {
    for lines in ["types", "items", "agencies", "coverage", "logs", "keys"] {
        if let Some(lines) = answer.get_mut(lines).and_then(Value::as_array_mut) {
            lines.truncate(1);
        }
    }
    answer
}

/// Panics where an exchange is not as the description says.
pub fn held(exchanged: &Exchanged<'_>) {
    if std::env::var("ELICENSE_TEST_EXAMPLES").as_deref() == Ok("write") {
        return keep(exchanged);
    }
    if let Err(fault) = exchanged.judge() {
        panic!(
            "{fault}\n{}\n{}",
            String::from_utf8_lossy(exchanged.request),
            String::from_utf8_lossy(exchanged.answer)
        );
    }
}
