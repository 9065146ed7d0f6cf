//! The clerk's first page and the answer of a lookup. The number travels in a POST body only (I3).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use serde::Deserialize;

use super::assets;
use super::page::{PageError, Result, SentForm, advice, page, respond};
use super::staff::{Asked, Staff};
use super::views::{LookupForm, LookupView, RefusalView, Shell, Typed};
use crate::error::{Class, Code, Error};
use crate::http::session;
use crate::rule::Rule;

/// Adds the pages of the window; needs `web::Data<Window>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    super::sign_in::routes(cfg);
    cfg.service(web::resource("/").route(web::get().to(first)))
        .service(web::resource("/lookup").route(web::post().to(lookup)));
}

#[derive(Template)]
#[template(path = "first.html")]
pub(super) struct FirstPage {
    pub(super) shell: Shell,
    pub(super) form: LookupForm,
}

#[derive(Template)]
#[template(path = "result.html")]
pub(super) struct ResultPage {
    pub(super) shell: Shell,
    pub(super) view: LookupView,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    csrf: String,
    code_type: String,
    number: Typed,
    item: String,
    reason: String,
    presence: String,
    #[serde(default)]
    reader: Typed,
    #[serde(default)]
    article: String,
}

async fn first(staff: Staff) -> Result<HttpResponse> {
    let form = LookupForm::empty(staff.window.desk.items(staff.session.clone()).await?);
    page(&FirstPage { shell: staff.shell(), form })
}

async fn lookup(req: HttpRequest, staff: Staff, form: SentForm<Form>) -> Result<HttpResponse> {
    session::same_origin(&req)?;
    let Form { csrf, code_type, number, item, reason, presence, reader, article } = form?.0;
    staff.session.check_form(&csrf)?;
    let asked = Asked { code_type, number, item, reason, presence, reader, article };
    let answer = match check(&asked) {
        Ok(()) => staff.window.desk.lookup(asked.clone(), staff.session.clone()).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(view) => page(&ResultPage { shell: staff.shell(), view }),
        Err(error) if comes_back(&error) => {
            let mut form = LookupForm::empty(staff.window.desk.items(staff.session.clone()).await?);
            let status = error.status_code();
            form.refusal = Some(refusal(&error));
            (form.code_type, form.number, form.item) = (asked.code_type, asked.number, asked.item);
            (form.reason, form.presence, form.reader) = (asked.reason, asked.presence, asked.reader);
            form.article = asked.article;
            respond(status, &FirstPage { shell: staff.shell(), form })
        }
        Err(error) => Err(PageError(error)),
    }
}

/// The form's own promises; the use case refuses the rest.
fn check(asked: &Asked) -> crate::error::Result<()> {
    let missing = |field: &'static str| Err(Error::new(Code::PurposeMissing, "").at(field));
    if asked.item.trim().is_empty() {
        return missing("purpose.item");
    }
    if asked.reason.trim().is_empty() {
        return missing("purpose.reason");
    }
    Ok(())
}

/// Refusals that the clerk mends in the form come back with it; all others are a page of their own.
fn comes_back(error: &Error) -> bool {
    let mended = [Rule::ArticleMissing, Rule::ItemUnknown, Rule::RoleOfParty, Rule::TypeNotAsked];
    let in_form = error.status_code() == StatusCode::UNPROCESSABLE_ENTITY
        || error.rule.is_some_and(|rule| mended.contains(&rule));
    error.code.class() == Class::Refused && in_form
}

fn refusal(error: &Error) -> RefusalView {
    let by_rule = match error.rule {
        Some(Rule::ArticleMissing) => "article",
        Some(Rule::ItemUnknown | Rule::RoleOfParty) => "item",
        _ => "",
    };
    let field = error.field.as_deref().unwrap_or(by_rule);
    // The API's path of the field, as the name in the form.
    let field = match field.rsplit('.').next().unwrap_or_default() {
        "code" => "number",
        "type" => "code_type",
        other => other,
    };
    RefusalView {
        title: error.code.title_zh().to_owned(),
        detail: error.rule.map_or("", Rule::zh).to_owned(),
        hint: advice(error).to_owned(),
        code: error.code.wire().to_owned(),
        field: field.to_owned(),
    }
}
