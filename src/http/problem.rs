//! Errors as RFC 9457 problem documents, and the id under which the operator finds their cause.
//!
//! Handlers return [`crate::error::Error`] with `?`; actix asks it for a response here. The response comes
//! from the table of codes and from the error's own detail. The cause goes to the log and nowhere else.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value};

use crate::error::{Class, Code, Error, RETRY_AFTER};
use crate::identity::contains_citizen_number;
use crate::rule::Rule;

/// The media type of every error of the API.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Seconds after which an unavailable service may be asked again, if the error does not say.
const RETRY_DEFAULT_S: u64 = 1;

tokio::task_local! {
    static REQUEST: RequestId;
}

/// The random name of one request: header `X-Request-Id`, member `instance` of its problem, log lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// A fresh id, 16 characters of base64url. A caller's own id is never taken over: it could hold anything.
    ///
    /// # Errors
    /// `internal` when the operating system gives no random bytes.
    pub fn fresh() -> crate::error::Result<Self> {
        Ok(Self(super::random::text(&crate::trust::random::pooled::<12>()?).into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Runs a future as part of this request, so that problems made inside it carry the id.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        REQUEST.scope(self, work).await
    }

    /// Runs a closure as part of this request.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        REQUEST.sync_scope(self, work)
    }

    /// The id of the request that is being answered, if any.
    pub fn current() -> Option<Self> {
        REQUEST.try_with(Clone::clone).ok()
    }
}

/// The seconds to wait before a repetition, for errors where one helps.
pub fn retry_seconds(error: &Error) -> Option<u64> {
    let told = error.extra.as_ref().and_then(|extra| extra.get(RETRY_AFTER)).and_then(Value::as_u64);
    told.or_else(|| (error.code.class() == Class::Unavailable).then_some(RETRY_DEFAULT_S))
}

/// The problem document: `{type, title, title_zh, status, detail, code, field?, rule?, hint, instance?}` and
/// the members of [`Error::extra`]; an extra never replaces one of the fixed members.
pub fn document(error: &Error) -> Value {
    let mut members = match error.extra.as_deref() {
        Some(Value::Object(extra)) => extra.clone(),
        Some(other) => Map::from_iter([("extra".to_owned(), other.clone())]),
        None => Map::new(),
    };
    let code = error.code;
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("type", format!("/api/docs#{}", code.wire()).into());
    set("title", code.title().into());
    set("title_zh", code.title_zh().into());
    set("status", code.status().into());
    set("code", code.wire().into());
    set("hint", code.hint().into());
    // If the case has no text of its own, the rule's sentence stands in its place.
    let said = error.rule.map_or(code.title(), Rule::en);
    set("detail", if error.detail.is_empty() { said.into() } else { error.detail.as_ref().into() });
    if let Some(field) = &error.field {
        set("field", field.as_ref().into());
    }
    if let Some(rule) = error.rule {
        set("rule", rule.wire().into());
    }
    if let Some(id) = RequestId::current() {
        set("instance", id.as_str().into());
    }
    Value::Object(members)
}

/// Writes the cause of a failure into the operator's log under the request's id; refusals leave no line.
pub fn record_cause(error: &Error) {
    if error.code.class() == Class::Refused && error.source.is_none() {
        return;
    }
    let id = RequestId::current();
    let id = id.as_ref().map_or("-", RequestId::as_str);
    let cause = cause(error);
    match error.code.class() {
        Class::Fault => log::error!("{id} {} {cause}", error.code.wire()),
        Class::Refused | Class::Unavailable => log::warn!("{id} {} {cause}", error.code.wire()),
    }
}

/// The cause, made safe for a log or an operator: texts of other crates may quote their input (I3).
pub fn cause(error: &Error) -> String {
    let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
    if contains_citizen_number(&cause) { "(withheld: the text holds a number)".to_owned() } else { cause }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        record_cause(self);
        let mut answer = HttpResponse::build(self.status_code());
        answer.content_type(PROBLEM_JSON);
        if let Some(seconds) = retry_seconds(self) {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        if matches!(self.code, Code::Unauthenticated | Code::TokenExpired) {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"elicense\""));
        }
        answer.body(document(self).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_without_words_of_its_own_says_the_sentence_of_its_rule() {
        let bare = Error::new(Code::EnvelopeInvalid, "").rule(Rule::KeyRevoked);
        assert_eq!(document(&bare)["detail"], Rule::KeyRevoked.en());
        assert_eq!(document(&bare)["rule"], "key_revoked");
        let told = Error::new(Code::EnvelopeInvalid, "this one").rule(Rule::KeyRevoked);
        assert_eq!(document(&told)["detail"], "this one");
        assert_eq!(document(&Error::new(Code::NotFound, ""))["detail"], Code::NotFound.title());
    }

    #[test]
    fn a_problem_carries_the_table_and_never_the_cause() {
        let error = Error::new(Code::HolderCodeInvalid, "The check character is wrong")
            .at("holder.code")
            .rule(Rule::CheckDigit)
            .caused_by("secret cause")
            .with(json!({"status": 200, "states": ["a"]}));
        let id = RequestId::fresh().unwrap();
        let body = id.clone().within(|| document(&error));
        assert_eq!(body["type"], "/api/docs#holder_code_invalid");
        assert_eq!(body["status"], 422, "an extra does not replace a fixed member");
        assert_eq!(body["field"], "holder.code");
        assert_eq!(body["rule"], "check_digit");
        assert_eq!(body["states"][0], "a");
        assert_eq!(body["instance"], id.as_str());
        assert!(!body.to_string().contains("secret"));
    }

    #[test]
    fn i3_a_cause_that_quotes_a_number_is_withheld() {
        let number =
            format!("19010119900307123{}", crate::identity::citizen_check("19010119900307123").unwrap());
        let error = Error::internal(format!("UNIQUE constraint failed: '{number}'"));
        assert!(!cause(&error).contains(&number));
        assert_eq!(cause(&Error::internal("disk full")), "disk full");
    }

    #[test]
    fn unavailable_says_when_to_come_back() {
        let busy = Error::new(Code::QueueFull, "").error_response();
        assert_eq!(busy.status(), 503);
        assert_eq!(busy.headers().get(header::RETRY_AFTER).unwrap(), "1");
        let spent = Error::new(Code::BudgetSpent, "").retry_after(77).error_response();
        assert_eq!(spent.headers().get(header::RETRY_AFTER).unwrap(), "77");
        assert!(Error::new(Code::NotFound, "").error_response().headers().get(header::RETRY_AFTER).is_none());
    }

    #[test]
    fn every_code_has_a_status_that_http_knows() {
        for code in Code::ALL {
            assert_eq!(Error::new(*code, "").status_code().as_u16(), code.status());
        }
    }
}
