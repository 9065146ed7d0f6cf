//! Errors of the token address: RFC 6749 §5.2, not problem documents, because every OAuth library reads them.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{record_cause, retry_seconds};
use crate::closed::closed;
use crate::error::{Code, Error};

closed! {
    /// The kinds of refusal at the token address.
    TokenFault {
        InvalidRequest, "invalid_request", "请求格式不符", "the form is not one of RFC 6749 §4.4.2";
        InvalidClient, "invalid_client", "客户端或密钥错误", "no such client, or the secret is wrong";
        UnsupportedGrantType, "unsupported_grant_type", "不支持的授权类型", "only client_credentials is given here";
        InvalidScope, "invalid_scope", "权限不存在或未授予", "a scope that is unknown or not granted to this client";
        TemporarilyUnavailable, "temporarily_unavailable", "暂不可用", "busy; the same request may succeed later";
        ServerError, "server_error", "服务器错误", "anything else";
    }
}

/// RFC 6749 §5.2: the body of a refusal at the token address.
#[derive(Serialize, ToSchema)]
pub struct TokenRefusal {
    /// The kind of refusal.
    error: TokenFault,
    /// What was wrong, in words.
    error_description: String,
}

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
    pub fn name(&self) -> TokenFault {
        match self {
            Self::InvalidRequest(_) => TokenFault::InvalidRequest,
            Self::InvalidClient => TokenFault::InvalidClient,
            Self::UnsupportedGrantType => TokenFault::UnsupportedGrantType,
            Self::InvalidScope => TokenFault::InvalidScope,
            Self::Other(error) if error.code.status() == 503 => TokenFault::TemporarilyUnavailable,
            Self::Other(_) => TokenFault::ServerError,
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
        answer.json(TokenRefusal { error: self.name(), error_description: self.to_string() })
    }
}
