use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use serde_json::Value;

use super::*;
use crate::clock::Clock;
use crate::http::scope::Scope;
use crate::http::token::TokenKey;

fn clock() -> Clock {
    Clock::fixed("2026-11-22T01:02:03.000000Z".parse().unwrap())
}

async fn ask(form: &str, basic: Option<&str>) -> (u16, Value) {
    let gate = Gate {
        key: TokenKey::new(&[7; 32]),
        clock: clock(),
        admission: Arc::new(|_, _| Ok(())),
        lacking: Arc::new(|_, _| Box::pin(std::future::ready(Ok(())))),
    };
    let granted = Scopes::from_iter([Scope::Lookup, Scope::Verify]);
    let check: CheckSecret = Arc::new(move |client, secret| {
        Ok(((client == "demo" && secret == "right") || (client == "a b" && secret == "p%s+: 1"))
            .then_some(Grant { scopes: granted, epoch: 4 }))
    });
    let app = init_service(
        App::new()
            .app_data(web::Data::new(gate))
            .app_data(web::Data::new(Credentials::new(Arc::new(|_, _| Ok(None)), check)))
            .configure(routes),
    )
    .await;
    let mut request = TestRequest::post()
        .uri("/oauth2/token")
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(form.to_owned());
    if let Some(basic) = basic {
        request = request.insert_header((AUTHORIZATION, format!("Basic {}", STANDARD.encode(basic))));
    }
    let answer = call_service(&app, request.to_request()).await;
    assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
    assert_eq!(answer.headers().get("pragma").unwrap(), "no-cache");
    (answer.status().as_u16(), read_body_json(answer).await)
}

#[actix_web::test]
async fn a_right_secret_gives_a_token_that_opens_what_was_asked_for() {
    let (status, body) =
        ask("grant_type=client_credentials&client_id=demo&client_secret=right&scope=lookup", None).await;
    assert_eq!((status, body["token_type"].as_str()), (200, Some("Bearer")));
    let claims =
        TokenKey::new(&[7; 32]).verify(body["access_token"].as_str().unwrap(), clock().now()).unwrap();
    assert_eq!(
        (claims.client.as_ref(), claims.epoch, claims.scopes.to_string().as_str()),
        ("demo", 4, "lookup")
    );
    let (status, body) = ask("grant_type=client_credentials", Some("demo:right")).await;
    assert_eq!((status, body["scope"].as_str()), (200, Some("lookup verify")));
}

#[actix_web::test]
async fn refusals_are_those_of_rfc_6749() {
    let good = "grant_type=client_credentials&client_id=demo&client_secret=";
    for (form, basic, status, error) in [
        (format!("{good}wrong"), None, 401, "invalid_client"),
        (format!("{good}right&scope=issue"), None, 400, "invalid_scope"),
        (format!("{good}right&scope=nonsense"), None, 400, "invalid_scope"),
        (format!("{good}right"), Some("demo:right"), 400, "invalid_request"),
        ("grant_type=password&client_id=a&client_secret=b".into(), None, 400, "unsupported_grant_type"),
        ("nothing=here".into(), None, 400, "invalid_request"),
        ("grant_type=&client_id=a&client_secret=b".into(), None, 400, "invalid_request"),
        (format!("{good}right&client_id=demo"), None, 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=other".into(), Some("demo:right"), 400, "invalid_request"),
        ("grant_type=client_credentials".into(), Some("demo:wro%6eg"), 401, "invalid_client"),
    ] {
        let (got, body) = ask(&form, basic).await;
        assert_eq!((got, body["error"].as_str()), (status, Some(error)), "{form}");
        assert!(body["error_description"].is_string());
    }
}

#[actix_web::test]
async fn credentials_come_in_every_form_that_the_standard_allows() {
    let form = "grant_type=client_credentials";
    for (basic, form) in [
        ("a b:p%s+: 1", form.to_owned()),
        ("a+b:p%25s%2B%3A+1", form.to_owned()),
        ("a%20b:p%25s%2b%3a%201", form.to_owned()),
        ("a+b:p%25s%2B%3A+1", format!("{form}&client_id=a+b&client_secret=&scope=")),
        ("demo:right", format!("{form}&client_id=demo")),
        ("demo:r%69ght", format!("{form}&client_id=&unknown=1")),
    ] {
        let (status, body) = ask(&form, Some(basic)).await;
        assert_eq!(status, 200, "{basic} {form}: {body}");
    }
    let (status, _) = ask(&format!("{form}&client_id=a%20b&client_secret=p%25s%2B%3A+1&scope="), None).await;
    assert_eq!(status, 200);
}
