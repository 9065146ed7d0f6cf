//! The one way a JSON body comes in: limited, UTF-8, of the shape that the handler names. A refusal names the
//! field at fault and never its value (I3, I12).

use std::future::Future;
use std::pin::Pin;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::json_path::{path_at, plain};
use super::media;
use super::named::Refused;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Bytes of a JSON body where the handler names no limit.
pub const BODY_LIMIT: usize = 256 * 1024;

/// A body that is one JSON object of the shape `T`, at most `LIMIT` bytes.
///
/// `T` should carry `#[serde(deny_unknown_fields)]`. Refusals: `media_type_unsupported`, `body_too_large`,
/// `json_invalid`, `field_unknown` (rule `unknown`), `field_invalid` (rules `missing`, `duplicate`, `type`,
/// `value`).
///
/// The second field is the body as it came, for writes that may be repeated.
#[derive(Debug, Clone)]
pub struct StrictJson<T, const LIMIT: usize = BODY_LIMIT>(pub T, pub web::Bytes);

impl<T: DeserializeOwned + 'static, const LIMIT: usize> FromRequest for StrictJson<T, LIMIT> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if req.extensions().contains::<Refused>() {
            return Box::pin(std::future::pending());
        }
        let media = media::is(req.headers(), "application/json");
        let batch = req.path().ends_with("/api/v1/lookups");
        let payload = web::Payload::from_request(req, payload);
        Box::pin(async move {
            if !media {
                return Err(Error::new(Code::MediaTypeUnsupported, "This address takes application/json."));
            }
            let payload = payload.await.map_err(|cause| malformed(cause.to_string()))?;
            let bytes = match payload.to_bytes_limited(LIMIT).await {
                Ok(read) => read.map_err(|cause| malformed(cause.to_string()))?,
                Err(_limit) => return Err(too_large(LIMIT)),
            };
            let list = batch && bytes.trim_ascii_start().starts_with(b"[");
            let several = |error: Error| {
                let detail =
                    "Expected one object. Several lookups go to /api/v1/lookups/batch, one object a line.";
                if list && error.rule == Some(Rule::Type) {
                    Error { detail: detail.into(), ..error }
                } else {
                    error
                }
            };
            Ok(Self(parse(&bytes).map_err(several)?, bytes))
        })
    }
}

/// Reads `T` from the bytes of a body, or from those of a file that holds one.
///
/// # Errors
/// `json_invalid`, `field_unknown` or `field_invalid`, as [`StrictJson`] says.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let text = std::str::from_utf8(bytes)
        .map_err(|fault| Error::new(Code::JsonInvalid, not_utf8(fault)).rule(Rule::Utf8))?;
    // serde reads a struct from an array too, by position; no body of ours is one.
    if !text.trim_ascii_start().starts_with('{') {
        read::<IgnoredAny>(text)?;
        return Err(Error::new(Code::FieldInvalid, "Expected an object.").rule(Rule::Type));
    }
    read(text)
}

/// Reads `T`, a list too, from a text; refuses as [`parse`] does.
///
/// # Errors
/// `json_invalid`, `field_unknown` or `field_invalid`.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|fault| refusal(text, &fault))
}

/// The refusal of a body above the limit.
pub fn too_large(limit: usize) -> Error {
    Error::new(Code::BodyTooLarge, format!("At most {limit} bytes."))
}

fn not_utf8(fault: std::str::Utf8Error) -> String {
    format!("Byte {} is not UTF-8.", fault.valid_up_to())
}

/// The refusal of a body that ended before its end.
pub fn malformed(cause: String) -> Error {
    Error::new(Code::RequestMalformed, "The body could not be read to its end.").caused_by(cause)
}

fn refusal(text: &str, fault: &serde_json::Error) -> Error {
    let (line, column) = (fault.line(), fault.column());
    if fault.classify() != Category::Data {
        return Error::new(Code::JsonInvalid, format!("Not JSON at line {line}, column {column}."));
    }
    // Only words from our own types are taken from the message: it also quotes the caller's values.
    let message = fault.to_string();
    let path = path_at(text, line, column);
    // Where a text has lines, as a file has, the place is told by line too.
    let place = if text.trim_ascii_end().contains('\n') { format!(" (Line {line}.)") } else { String::new() };
    if message.starts_with("unknown field `") {
        let known = expected(&message).map_or(String::new(), |known| format!(" Known are: {known}."));
        let detail = format!("This field is not known here.{known}{place}");
        return Error::new(Code::FieldUnknown, detail).at(path).rule(Rule::Unknown);
    }
    if let Some(name) = quoted(&message, "missing field `") {
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        let detail = format!("This field is missing.{place}");
        return Error::new(Code::FieldInvalid, detail).at(path).rule(Rule::Missing);
    }
    let rule = if message.starts_with("duplicate field `") {
        Rule::Duplicate
    } else if message.starts_with("invalid type: ") {
        Rule::Type
    } else {
        Rule::Value
    };
    let detail = match expected(&message) {
        Some(expected) if rule != Rule::Duplicate => format!("Expected {expected}."),
        _ if rule == Rule::Duplicate => "This field stands twice.".to_owned(),
        _ => "The value breaks the rule of this field.".to_owned(),
    };
    let error = Error::new(Code::FieldInvalid, format!("{detail}{place}")).rule(rule);
    if path.is_empty() { error } else { error.at(path) }
}

fn quoted(message: &str, before: &str) -> Option<String> {
    let (name, _) = message.strip_prefix(before)?.split_once('`')?;
    Some(plain(name.as_bytes()))
}

/// The name that a reader did not know, and those that it knows; none of other messages.
pub(super) fn unknown_name(message: &str) -> Option<(String, &str)> {
    Some((quoted(message, "unknown field `")?, expected(message)?))
}

/// The part of serde's message that lists the accepted names. It stands last, so a value with the same words
/// cannot take its place.
fn expected(message: &str) -> Option<&str> {
    let standard =
        ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `", "unknown field `"];
    standard.iter().any(|start| message.starts_with(start)).then_some(())?;
    let (_, tail) = message.rsplit_once(", expected ")?;
    let told = tail.rsplit_once(" at line ").map_or(tail, |(expected, _)| expected);
    let names = message.starts_with("unknown field `");
    Some(told.strip_prefix("one of ").filter(|_| names).unwrap_or(told))
}

#[cfg(test)]
mod tests;
