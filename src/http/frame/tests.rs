use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, HttpResponse, web};
use serde_json::Value;

use super::*;
use crate::http::StrictJson;

async fn slow() -> HttpResponse {
    tokio::time::sleep(Duration::from_secs(5)).await;
    HttpResponse::Ok().finish()
}

async fn numbered(_id: web::Path<u32>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn echo(body: StrictJson<Value>) -> HttpResponse {
    HttpResponse::Ok().json(body.0)
}

async fn refuse() -> crate::error::Result<HttpResponse> {
    Err(Error::new(Code::Forbidden, "Not you."))
}

fn data() -> (web::Data<Metrics>, web::Data<Frame>) {
    let metrics = web::Data::new(Metrics::new().unwrap());
    let frame = Frame {
        metrics: metrics.clone(),
        time_limit: Duration::from_millis(50),
        tls: false,
        behind_proxy: false,
        doors: "agency".to_owned(),
    };
    (metrics, web::Data::new(frame))
}

macro_rules! application {
    ($frame:expr) => {
        init_service(
            App::new()
                .app_data($frame)
                .configure(crate::http::defaults::configure)
                .service(web::resource("/slow").route(web::get().to(slow)))
                .service(web::resource("/echo").route(web::post().to(echo)))
                .service(web::resource("/refuse").route(web::get().to(refuse)))
                .service(web::resource("/n/{id}").route(web::get().to(numbered)))
                .wrap(from_fn(frame)),
        )
        .await
    };
}

#[actix_web::test]
async fn every_refusal_is_a_problem_with_the_id_of_its_request() {
    let (_, frame_data) = data();
    let app = application!(frame_data);
    let cases = [
        (TestRequest::get().uri("/nowhere"), 404, "not_found"),
        (TestRequest::post().uri("/n/1"), 405, "method_not_allowed"),
        (TestRequest::get().uri("/echo"), 405, "method_not_allowed"),
        (TestRequest::get().uri("/n/abc"), 404, "not_found"),
        (TestRequest::get().uri("/refuse"), 403, "forbidden"),
        (TestRequest::post().uri("/echo").set_payload("{}"), 415, "media_type_unsupported"),
        (
            TestRequest::post()
                .uri("/echo")
                .insert_header(("content-type", "application/json"))
                .set_payload("{"),
            400,
            "json_invalid",
        ),
    ];
    for (request, status, code) in cases {
        let answer = call_service(&app, request.to_request()).await;
        assert_eq!(answer.status(), status, "{code}");
        assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json");
        assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
        assert_eq!(answer.headers().get("x-content-type-options").unwrap(), "nosniff");
        let id = answer.headers().get("x-request-id").unwrap().to_str().unwrap().to_owned();
        let body: Value = read_body_json(answer).await;
        assert_eq!(body["code"], code);
        assert_eq!(body["instance"], id, "{code}");
    }
}

#[actix_web::test]
async fn a_request_that_takes_too_long_is_answered_503() {
    let (metrics, frame_data) = data();
    let app = application!(frame_data);
    let error = actix_web::test::try_call_service(&app, TestRequest::get().uri("/slow").to_request()).await;
    let answer = error.err().unwrap().error_response();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after") && answer.headers().contains_key("x-request-id"));
    assert_eq!(metrics.in_flight.get(), 0);
}

#[actix_web::test]
async fn i3_counters_know_patterns_and_no_paths() {
    let (metrics, frame_data) = data();
    let app = application!(frame_data);
    for path in ["/n/190101?code=190101", "/n/190102", "/190101199003070000"] {
        call_service(&app, TestRequest::get().uri(path).to_request()).await;
    }
    let text = metrics.render().unwrap();
    assert!(text.contains("route=\"/n/{id}\",status=\"200\"} 2"), "{text}");
    assert!(!text.contains("190101"));
}
