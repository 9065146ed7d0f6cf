//! `/sign-in` and `/sign-out`.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::assets;
use super::page::{PageError, Result, SentForm, page, respond, see_other};
use super::staff::{Staff, Window};
use super::views::Shell;
use crate::error::{Code, Error};
use crate::http::browser;
use crate::http::caller::Caller;
use crate::http::peer::Peer;
use crate::http::problem::retry_seconds;
use crate::http::session::{self, AtTheDoor};

/// Adds the addresses; needs `web::Data<Window>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/sign-in").route(web::get().to(show)).route(web::post().to(enter)))
        .service(web::resource("/sign-out").route(web::post().to(leave)));
}

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage {
    pub(super) shell: Shell,
    pub(super) name: String,
    pub(super) refusal: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    csrf: String,
}

async fn show(window: web::Data<Window>) -> Result<HttpResponse> {
    page(&SignInPage { shell: shell(&window), name: String::new(), refusal: None })
}

async fn enter(
    req: HttpRequest,
    peer: Peer,
    window: web::Data<Window>,
    form: SentForm<Form>,
) -> Result<HttpResponse> {
    session::same_origin(&req)?;
    let Form { name, password } = form?.0;
    let secure = session::is_secure(&req);
    let browser = session::cookie_of(&req, &browser::cookie_name(&name, secure)).map(str::to_owned);
    let who = AtTheDoor { name: name.clone(), password: Zeroizing::new(password), peer, browser };
    match window.sessions.sign_in(who, window.clock.now()).await {
        Ok((fresh, known)) => {
            Caller::of(&req).is_account(&name);
            Ok(HttpResponse::SeeOther()
                .insert_header((LOCATION, "/"))
                .append_header((SET_COOKIE, session::cookie(&fresh.cookie, secure)))
                .append_header((SET_COOKIE, browser::cookie(&name, &known, secure)))
                .finish())
        }
        Err(error) if error.code == Code::SignInFailed => refused(&window, name, &error),
        Err(error) => Err(PageError(error)),
    }
}

/// The form again, with the fault; `Retry-After` if only waiting helps.
fn refused(window: &Window, name: String, error: &Error) -> Result<HttpResponse> {
    let wait = retry_seconds(error);
    let refusal = match wait {
        Some(seconds) => format!("连续多次输入错误，请 {seconds} 秒后再试。"),
        None => "账号或密码错误，请重新输入。".to_owned(),
    };
    let shown = SignInPage { shell: shell(window), name, refusal: Some(refusal) };
    let mut answer = respond(StatusCode::UNAUTHORIZED, &shown)?;
    if let Some(seconds) = wait {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(answer)
}

async fn leave(req: HttpRequest, staff: Staff, form: SentForm<Leave>) -> Result<HttpResponse> {
    session::same_origin(&req)?;
    staff.session.check_form(&form?.0.csrf)?;
    staff.window.sessions.end(staff.session.key).await?;
    let mut answer = see_other("/sign-in");
    let cookie = session::ended(session::is_secure(&req));
    if let Ok(value) = cookie.parse() {
        answer.headers_mut().insert(SET_COOKIE, value);
    }
    Ok(answer)
}

fn shell(window: &Window) -> Shell {
    Shell { demo: window.demo, account: None }
}
