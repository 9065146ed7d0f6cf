//! The one way a form comes in: limited, `application/x-www-form-urlencoded`, UTF-8, of the shape the handler names.

use std::future::Future;
use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::json::{malformed, too_large};
use super::{media, urlencoded};
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Bytes of a form; the largest of ours has a few hundred.
pub const FORM_LIMIT: usize = 16 * 1024;

/// A form of the shape `T`, at most [`FORM_LIMIT`] bytes. A field that stands twice is refused.
///
/// Refusals: `media_type_unsupported`, `body_too_large`, `request_malformed` (rule `form`).
#[derive(Debug, Clone)]
pub struct StrictForm<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for StrictForm<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = media::is(req.headers(), "application/x-www-form-urlencoded");
        let payload = web::Payload::from_request(req, payload);
        Box::pin(async move {
            if !media {
                let detail = "This address takes application/x-www-form-urlencoded.";
                return Err(Error::new(Code::MediaTypeUnsupported, detail));
            }
            let payload = payload.await.map_err(|cause| malformed(cause.to_string()))?;
            let bytes = match payload.to_bytes_limited(FORM_LIMIT).await {
                Ok(read) => read.map_err(|cause| malformed(cause.to_string()))?,
                Err(_limit) => return Err(too_large(FORM_LIMIT)),
            };
            read(&bytes).map(Self).ok_or_else(shapeless)
        })
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut fields = Map::new();
    for (name, value) in urlencoded::pairs(std::str::from_utf8(bytes).ok()?)? {
        if fields.insert(name, value.into()).is_some() {
            return None;
        }
    }
    T::deserialize(Value::Object(fields)).ok()
}

fn shapeless() -> Error {
    Error::new(Code::RequestMalformed, "The form lacks a field or has one that is not known.")
        .rule(Rule::Form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::CONTENT_TYPE;
    use actix_web::test::TestRequest;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
        scope: Option<String>,
    }

    async fn ask(media: &'static str, body: &str) -> Result<Named> {
        let request = TestRequest::post().insert_header((CONTENT_TYPE, media)).set_payload(body.to_owned());
        let (request, mut payload) = request.to_http_parts();
        StrictForm::<Named>::from_request(&request, &mut payload).await.map(|form| form.0)
    }

    #[actix_web::test]
    async fn a_form_is_taken_by_its_essence_and_shape() {
        let form = "application/x-www-form-urlencoded";
        let read =
            ask("application/x-www-form-urlencoded; charset=\"utf-8\";", "name=%E5%91%A8").await.unwrap();
        assert_eq!(read, Named { name: "周".into(), scope: None });
        assert_eq!(ask(form, "name=a&scope=b").await.unwrap().scope.as_deref(), Some("b"));
        for body in ["", "scope=b", "name=a&name=b", "name=a&other=b", "name=%ff"] {
            assert_eq!(ask(form, body).await.unwrap_err().code, Code::RequestMalformed, "{body}");
        }
        let media = ask("application/x-www-form-urlencoded; charset=gbk", "name=a").await.unwrap_err();
        assert_eq!(media.code, Code::MediaTypeUnsupported);
        let long = format!("name={}", "a".repeat(FORM_LIMIT));
        assert_eq!(ask(form, &long).await.unwrap_err().code, Code::BodyTooLarge);
    }
}
