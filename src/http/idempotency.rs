//! The header `Idempotency-Key` of writes: the same key, address and body give the same answer again for 24 hours.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::error::{Code, Error, Result};
use crate::identity::contains_citizen_number;
use crate::rule::Rule;

const HEADER: &str = "Idempotency-Key";
const LONGEST: usize = 128;

/// The key that the caller chose for this write, and the address it was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// 1 to 128 visible ASCII characters, where the caller chose one.
    pub key: Option<Box<str>>,
    /// Method and route. A part of the request: linking and unlinking have the same body.
    pub address: Box<str>,
}

impl IdempotencyKey {
    /// The request that the kept answer belongs to: its address and its body.
    pub fn request(&self, body: &[u8]) -> Vec<u8> {
        [self.address.as_bytes(), b"\n", body].concat()
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let mut values = req.headers().get_all(HEADER);
        let key = match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => check(value.to_str().unwrap_or_default()).map(Some),
            (Some(_), Some(_)) => Err(refused("The header stands twice.")),
        };
        let route = req.match_pattern().unwrap_or_else(|| req.path().to_owned());
        let address = format!("{} {route}", req.method()).into();
        ready(key.map(|key| Self { key, address }))
    }
}

/// As a parameter of an operation.
impl IntoParams for IdempotencyKey {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about =
            "Chosen by the caller: the same key, address and body get the first answer again, for 24 hours.";
        let form = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LONGEST))
            .pattern(Some("^[!-~]+$"))
            .examples([serde_json::json!("0b6f3a2e-5b0e-4a55-9d54-6a3c7f1d2e90")]);
        let parameter = ParameterBuilder::new().name(HEADER).parameter_in(ParameterIn::Header);
        vec![parameter.required(Required::False).description(Some(about)).schema(Some(form)).build()]
    }
}

fn check(text: &str) -> Result<Box<str>> {
    let shaped = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !shaped {
        return Err(refused("One to 128 visible ASCII characters."));
    }
    if contains_citizen_number(text) {
        // The key is kept for a day beside the answer; a number has no place there (I3).
        return Err(refused("The key holds a citizen ID number: use a random one."));
    }
    Ok(text.into())
}

fn refused(detail: &'static str) -> Error {
    Error::new(Code::FieldInvalid, detail).at(HEADER).rule(Rule::IdempotencyKey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[actix_web::test]
    async fn a_key_is_short_visible_and_no_number() {
        let read = async |value: &str| {
            let request = TestRequest::post().insert_header((HEADER, value)).to_http_request();
            IdempotencyKey::extract(&request).await.map(|key| key.key)
        };
        assert_eq!(read("7f3c-1").await.unwrap().as_deref(), Some("7f3c-1"));
        assert!(read("").await.is_err());
        assert!(read("a b").await.is_err());
        assert!(read(&"a".repeat(129)).await.is_err());
        let number =
            format!("19010119900307123{}", crate::identity::citizen_check("19010119900307123").unwrap());
        assert!(read(&number).await.is_err());
        let none = TestRequest::post().to_http_request();
        assert_eq!(IdempotencyKey::extract(&none).await.unwrap().key, None);
    }
}
