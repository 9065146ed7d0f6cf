//! A page as an answer, and an error as a page with advice.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::assets;
use super::views::Shell;
use crate::error::{Class, Code, Error};
use crate::http::form::StrictForm;
use crate::http::problem::{RequestId, record_cause, retry_seconds};
use crate::rule::Rule;

/// The result of a page's handler.
pub type Result<T> = std::result::Result<T, PageError>;

/// A page that is ready to go out.
///
/// # Errors
/// `internal` when the template cannot be written.
pub fn page(template: &impl Template) -> Result<HttpResponse> {
    respond(StatusCode::OK, template)
}

/// The same with another status, for a form that comes back with its refusal.
///
/// # Errors
/// `internal` when the template cannot be written.
pub fn respond(status: StatusCode, template: &impl Template) -> Result<HttpResponse> {
    let body = template.render().map_err(|cause| PageError::from(Error::internal(cause)))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

/// Sends the browser on with GET.
pub fn see_other(to: &'static str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}

/// An [`Error`] on its way to a person: a person who is not signed in is sent to the sign-in page; all other
/// errors are pages.
#[derive(Debug)]
pub struct PageError(pub Error);

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        if matches!(self.0.code, Code::Unauthenticated | Code::TokenExpired) {
            return see_other("/sign-in");
        }
        record_cause(&self.0);
        let error = &self.0;
        let template = ErrorPage {
            shell: Shell::default(),
            title: error.code.title_zh(),
            rule: error.rule.map_or("", Rule::zh),
            advice: advice(error),
            code: error.code.wire(),
            request: RequestId::current().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        };
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(seconds) = retry_seconds(error) {
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        answer.content_type("text/html; charset=utf-8").body(template.render().unwrap_or_default())
    }
}

/// A form of ours, or the refusal as a page: the argument of a form's handler.
pub type SentForm<T> = std::result::Result<StrictForm<T>, Error>;

/// The answer for addresses that do not exist, on a door that has pages: a page for browsers, a problem document
/// for programs.
///
/// # Errors
/// Always `not_found`.
pub async fn nowhere(req: HttpRequest) -> std::result::Result<HttpResponse, actix_web::Error> {
    let accepts = req.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let error = Error::new(Code::NotFound, "");
    Err(if accepts.contains("text/html") { PageError(error).into() } else { error.into() })
}

/// The advice for a person at the counter. Paper stays a legal way when the system is down.
pub fn advice(error: &Error) -> &'static str {
    match (error.code, error.code.class()) {
        // The rule's own sentence says who does what.
        (Code::Forbidden, _) if error.rule.is_some() => "",
        (Code::CsrfInvalid, _) => "页面已过期。请返回首页重新填写后提交。",
        (Code::BudgetSpent, _) => "今日可查询的人数已用完，次日零时恢复；确需继续，请联系管理员调整额度。",
        (Code::NotFound, _) => "请检查地址，或返回首页重新查询。",
        (Code::HolderCodeInvalid, _) => "请对照证件原件核对号码与号码类型后重新录入。",
        (Code::PurposeMissing, _) => "请填写办理事项和用证事由。",
        (Code::Forbidden, _) => "您的账号没有此项权限；确需办理，请联系本单位管理员。",
        (_, Class::Unavailable) => {
            "系统暂时无法应答，本次查询未留存任何结果。请稍后重试；不得以系统故障为由拒收申请人提交的纸质材料。"
        }
        (_, Class::Fault) => {
            "请稍后重试，并将下方编号告知管理员；不得以系统故障为由拒收申请人提交的纸质材料。"
        }
        (_, Class::Refused) => "请按提示修改后重新提交。",
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    title: &'static str,
    rule: &'static str,
    advice: &'static str,
    code: &'static str,
    request: String,
}
