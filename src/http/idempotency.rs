//! The header `Idempotency-Key` of writes: the same key and body give the same answer again for 24 hours.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::error::{Code, Error, Result};
use crate::identity::contains_citizen_number;

const HEADER: &str = "Idempotency-Key";
const LONGEST: usize = 128;

/// The key the caller chose for this write, where it chose one: 1 to 128 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<Box<str>>);

impl FromRequest for IdempotencyKey {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let mut values = req.headers().get_all(HEADER);
        ready(match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => check(value.to_str().unwrap_or_default()),
            (Some(_), Some(_)) => Err(refused("The header stands twice.")),
        })
    }
}

fn check(text: &str) -> Result<IdempotencyKey> {
    let shaped = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !shaped {
        return Err(refused("One to 128 visible ASCII characters."));
    }
    if contains_citizen_number(text) {
        // The key is kept for a day beside the answer; a number has no place there (I3).
        return Err(refused("The key holds a citizen ID number: use a random one."));
    }
    Ok(IdempotencyKey(Some(text.into())))
}

fn refused(detail: &'static str) -> Error {
    Error::new(Code::FieldInvalid, detail).at(HEADER).rule("idempotency_key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[actix_web::test]
    async fn a_key_is_short_visible_and_no_number() {
        let read = async |value: &str| {
            let request = TestRequest::post().insert_header((HEADER, value)).to_http_request();
            IdempotencyKey::extract(&request).await.map(|key| key.0)
        };
        assert_eq!(read("7f3c-1").await.unwrap().as_deref(), Some("7f3c-1"));
        assert!(read("").await.is_err());
        assert!(read("a b").await.is_err());
        assert!(read(&"a".repeat(129)).await.is_err());
        let number =
            format!("19010119900307123{}", crate::identity::citizen_check("19010119900307123").unwrap());
        assert!(read(&number).await.is_err());
        let none = TestRequest::post().to_http_request();
        assert_eq!(IdempotencyKey::extract(&none).await.unwrap(), IdempotencyKey(None));
    }
}
