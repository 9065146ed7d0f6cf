//! A clerk's way through the pages, with the use cases played by a stand-in.

use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use actix_web::test::{TestRequest, init_service, read_body, try_call_service};
use actix_web::{App, web};

use super::samples;
use crate::clock::{Clock, Moment};
use crate::error::{Code, Error};
use crate::http::Pending;
use crate::http::session::{AtTheDoor, Fresh, Session, SessionKey, Sessions};
use crate::identity::{CodeFault, CodeRule, CodeType};
use crate::web::staff::{Asked, Desk, Window};
use crate::web::views::{ItemChoice, LookupView};
use crate::web::window;

/// One account, `clerk` with password `right`.
#[derive(Default)]
struct Hall {
    open: Arc<Mutex<Option<Session>>>,
    asked: Mutex<Vec<Asked>>,
}

impl Sessions for Hall {
    fn sign_in(&self, who: AtTheDoor, _now: Moment) -> Pending<(Fresh, String)> {
        let open = self.open.clone();
        let AtTheDoor { name, password, .. } = who;
        Box::pin(async move {
            if name != "clerk" || password.as_str() != "right" {
                return Err(Error::new(Code::SignInFailed, ""));
            }
            let fresh = Fresh::new()?;
            *open.lock().unwrap() = Some(Session {
                key: fresh.key,
                account: name.into(),
                display: "李晓云".into(),
                agency: "1".into(),
                agency_name: "示范机构".into(),
                csrf: fresh.csrf.as_str().into(),
            });
            Ok((fresh, "known".to_owned()))
        })
    }

    fn find(&self, key: SessionKey, _now: Moment) -> Pending<Option<Session>> {
        let found = self.open.lock().unwrap().clone().filter(|session| session.key == key);
        Box::pin(async move { Ok(found) })
    }

    fn end(&self, _key: SessionKey) -> Pending<()> {
        *self.open.lock().unwrap() = None;
        Box::pin(async { Ok(()) })
    }
}

impl Desk for Hall {
    fn items(&self, _session: Session) -> Pending<Vec<ItemChoice>> {
        Box::pin(async { Ok(samples::form().items) })
    }

    fn lookup(&self, asked: Asked, _session: Session) -> Pending<LookupView> {
        let bad = asked.number.0 == "bad";
        self.asked.lock().unwrap().push(asked);
        Box::pin(async move {
            let fault = CodeFault { code_type: CodeType::CitizenId, rule: CodeRule::CheckDigit };
            if bad { Err(Error::from(fault).at("holder.code")) } else { Ok(samples::lookup()) }
        })
    }
}

struct Seen {
    status: StatusCode,
    location: String,
    cookie: String,
    body: String,
}

async fn ask(hall: &Arc<Hall>, request: TestRequest) -> Seen {
    let clock = Clock::fixed("2026-11-22T01:02:03.000000Z".parse().unwrap());
    let window = Window { sessions: hall.clone(), desk: hall.clone(), clock, demo: true };
    let app = init_service(App::new().app_data(web::Data::new(window)).configure(window::routes)).await;
    let answer = try_call_service(&app, request.to_request()).await.unwrap();
    let text = |name| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (status, location, cookie) = (answer.status(), text(LOCATION), text(SET_COOKIE));
    let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
    Seen { status, location, cookie: cookie.split(';').next().unwrap_or_default().to_owned(), body }
}

fn post(path: &str, form: String, cookie: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .insert_header((COOKIE, cookie.to_owned()))
        .set_payload(form)
}

fn lookup(csrf: &str, number: &str, cookie: &str) -> TestRequest {
    let form = format!(
        "csrf={csrf}&code_type=111&number={number}&item=teacher&reason=%E5%8A%9E%E7%90%86&presence=typed"
    );
    post("/lookup", form, cookie)
}

#[actix_web::test]
async fn a_clerk_signs_in_looks_up_and_leaves() {
    let hall = Arc::new(Hall::default());
    let away = ask(&hall, TestRequest::get().uri("/")).await;
    assert_eq!((away.status, away.location.as_str()), (StatusCode::SEE_OTHER, "/sign-in"));
    let wrong = ask(&hall, post("/sign-in", "name=clerk&password=wrong".into(), "")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.body.contains("账号或密码错误") && !wrong.body.contains("wrong\""));

    let cookie = ask(&hall, post("/sign-in", "name=clerk&password=right".into(), "")).await.cookie;
    let first = ask(&hall, TestRequest::get().uri("/").insert_header((COOKIE, cookie.clone()))).await;
    assert!(first.status == StatusCode::OK && first.body.contains("教师资格认定"));
    let csrf = hall.open.lock().unwrap().clone().unwrap().csrf;

    let found = ask(&hall, lookup(&csrf, "some", &cookie)).await;
    assert!(found.status == StatusCode::OK && found.body.contains("查验回执"));
    assert_eq!(hall.asked.lock().unwrap()[0].presence, "typed");

    let refused = ask(&hall, lookup(&csrf, "bad", &cookie)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(CodeRule::CheckDigit.rule().zh()) && refused.body.contains("aria-invalid"));

    let left = ask(&hall, post("/sign-out", format!("csrf={csrf}"), &cookie)).await;
    assert_eq!(left.location, "/sign-in");
    assert_eq!(ask(&hall, lookup(&csrf, "some", &cookie)).await.status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_forged_form_reaches_no_use_case() {
    let hall = Arc::new(Hall::default());
    let cookie = ask(&hall, post("/sign-in", "name=clerk&password=right".into(), "")).await.cookie;
    let csrf = hall.open.lock().unwrap().clone().unwrap().csrf;
    assert_eq!(ask(&hall, lookup("guess", "some", &cookie)).await.status, StatusCode::FORBIDDEN);
    let foreign = lookup(&csrf, "some", &cookie).insert_header(("sec-fetch-site", "cross-site"));
    assert_eq!(ask(&hall, foreign).await.status, StatusCode::FORBIDDEN);
    assert!(hall.asked.lock().unwrap().is_empty());
}

#[actix_web::test]
async fn a_form_that_lacks_a_field_is_answered_with_a_page() {
    let hall = Arc::new(Hall::default());
    let refused = ask(&hall, post("/sign-in", "name=clerk".into(), "")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.starts_with("<!DOCTYPE html>"));
}

#[actix_web::test]
async fn an_unknown_address_is_a_page_for_browsers_and_a_problem_for_programs() {
    use crate::web::page::nowhere;
    let status = async |accept: &'static str| {
        let req = TestRequest::get().insert_header(("accept", accept)).to_http_request();
        let answer = nowhere(req).await.unwrap_err().error_response();
        answer.headers().get(CONTENT_TYPE).unwrap().to_str().unwrap().to_owned()
    };
    assert!(status("text/html,*/*;q=0.8").await.starts_with("text/html"));
    assert_eq!(status("*/*").await, "application/problem+json");
}

#[actix_web::test]
async fn a_lookup_without_a_reason_is_sent_back() {
    let hall = Arc::new(Hall::default());
    let cookie = ask(&hall, post("/sign-in", "name=clerk&password=right".into(), "")).await.cookie;
    let csrf = hall.open.lock().unwrap().clone().unwrap().csrf;
    let form = format!("csrf={csrf}&code_type=111&number=some&item=teacher&reason=+&presence=typed");
    let refused = ask(&hall, post("/lookup", form, &cookie)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(Code::PurposeMissing.title_zh()));
    assert!(hall.asked.lock().unwrap().is_empty());
}
