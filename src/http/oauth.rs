//! Errors of the token address: RFC 6749 §5.2, not problem documents, because every OAuth library reads them.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use super::problem::{record_cause, retry_seconds};
use crate::error::{Code, Error};

/// Why no token was given.
#[derive(Debug)]
pub enum OauthError {
    /// The form is not one of RFC 6749 §4.4.2.
    InvalidRequest(&'static str),
    /// No such client, or the secret is wrong; the answer does not tell which.
    InvalidClient,
    /// A grant type other than `client_credentials`.
    UnsupportedGrantType,
    /// A scope that does not exist or is not granted to the client.
    InvalidScope,
    /// Something else failed; 503 and 429 keep their Retry-After.
    Other(Error),
}

impl OauthError {
    /// The value of `error`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::Other(error) if error.code.status() == 503 => "temporarily_unavailable",
            Self::Other(_) => "server_error",
        }
    }
}

impl From<Error> for OauthError {
    fn from(error: Error) -> Self {
        match error.code {
            Code::Unauthenticated | Code::SignInFailed => Self::InvalidClient,
            _ => Self::Other(error),
        }
    }
}

impl fmt::Display for OauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidRequest(what) => what,
            Self::InvalidClient => "No such client, or the secret is wrong.",
            Self::UnsupportedGrantType => "Only client_credentials is given here.",
            Self::InvalidScope => "A scope that is unknown or not granted to this client.",
            Self::Other(error) => error.code.title(),
        })
    }
}

impl ResponseError for OauthError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest(_) | Self::UnsupportedGrantType | Self::InvalidScope => {
                StatusCode::BAD_REQUEST
            }
            Self::Other(error) => error.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache"));
        if matches!(self, Self::InvalidClient) {
            answer.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"elicense\""));
        }
        if let Self::Other(error) = self {
            record_cause(error);
            if let Some(seconds) = retry_seconds(error) {
                answer.insert_header((header::RETRY_AFTER, seconds));
            }
        }
        answer.json(json!({ "error": self.name(), "error_description": self.to_string() }))
    }
}
