use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::rule::Rule;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the shape matters")]
struct Holder {
    r#type: Kind,
    code: String,
}

#[derive(Debug, Deserialize)]
enum Kind {
    #[serde(rename = "111")]
    Citizen,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the shape matters")]
struct Body {
    holder: Holder,
    #[serde(default)]
    parties: Vec<Holder>,
    count: u8,
}

fn refused(text: &str) -> (Code, String, String) {
    let error = parse::<Body>(text.as_bytes()).unwrap_err();
    let shown = serde_json::to_string(&super::super::problem::document(&error)).unwrap();
    assert!(!shown.contains("19010119900101"), "a value is never echoed: {shown}");
    (error.code, error.field.unwrap_or_default().into_owned(), error.rule.map_or("", Rule::wire).to_owned())
}

#[test]
fn i12_a_refused_body_names_the_field_and_the_rule() {
    let cases = [
        (
            r#"{"holder":{"type":"111","code":"x"},"count":1,"extra":2}"#,
            Code::FieldUnknown,
            "extra",
            "unknown",
        ),
        (
            r#"{"holder":{"type":"111","code":"x","name":"19010119900101"},"count":1}"#,
            Code::FieldUnknown,
            "holder.name",
            "unknown",
        ),
        (r#"{"holder":{"type":"111"},"count":1}"#, Code::FieldInvalid, "holder.code", "missing"),
        (r#"{"holder":{"type":"111","code":"x"}}"#, Code::FieldInvalid, "count", "missing"),
        (
            r#"{"holder":{"type":"111","code":190101199001011234},"count":1}"#,
            Code::FieldInvalid,
            "holder.code",
            "type",
        ),
        (
            "{\n\"holder\":{\"type\":\"111\",\"code\":\"x\"},\n\"count\":\"19010119900101, expected y\"}",
            Code::FieldInvalid,
            "count",
            "type",
        ),
        (
            r#"{"holder":{"type":"19010119900101","code":"x"},"count":1}"#,
            Code::FieldInvalid,
            "holder.type",
            "value",
        ),
        (
            r#"{"holder":{"type":"111","code":"x"},"count":1,"parties":[{"type":"111","code":"x"},{"type":"111"}]}"#,
            Code::FieldInvalid,
            "parties[1].code",
            "missing",
        ),
        (
            r#"{"holder":{"type":"111","code":"x"},"count":1,"count":2}"#,
            Code::FieldInvalid,
            "count",
            "duplicate",
        ),
        (r#"{"holder":{"type":"111","code":"x"},"count":300}"#, Code::FieldInvalid, "count", "value"),
    ];
    for (text, code, field, rule) in cases {
        assert_eq!(refused(text), (code, field.to_owned(), rule.to_owned()), "{text}");
    }
    assert_eq!(refused("{\"count\":").0, Code::JsonInvalid);
    assert_eq!(refused(r#"[{"type":"111","code":"x"},[],1]"#).0, Code::FieldInvalid, "no struct by position");
    assert_eq!(refused("").0, Code::JsonInvalid);
    assert_eq!(parse::<Body>(b"{\"a\":\"\xff\"}").unwrap_err().code, Code::JsonInvalid);
}

#[test]
fn i3_a_number_used_as_a_name_is_not_shown() {
    assert_eq!(refused(r#"{"190101199001010000":1}"#).1, "?");
}

#[actix_web::test]
async fn only_json_within_the_limit_is_read() {
    let read = async |media: &str, body: String| {
        let (req, mut payload) =
            TestRequest::post().insert_header((CONTENT_TYPE, media)).set_payload(body).to_http_parts();
        StrictJson::<serde_json::Value, 32>::from_request(&req, &mut payload)
            .await
            .map_err(|error| error.code)
    };
    assert!(read("application/json", "{}".into()).await.is_ok());
    assert!(read("Application/JSON; charset=UTF-8", "{}".into()).await.is_ok());
    assert!(read("application/json; charset=\"utf-8\";", "{}".into()).await.is_ok());
    assert_eq!(read("text/plain", "{}".into()).await.unwrap_err(), Code::MediaTypeUnsupported);
    assert_eq!(
        read("application/json; charset=gbk", "{}".into()).await.unwrap_err(),
        Code::MediaTypeUnsupported
    );
    let long = format!("\"{}\"", "a".repeat(40));
    assert_eq!(read("application/json", long).await.unwrap_err(), Code::BodyTooLarge);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_or_echo(text in "\\PC{0,80}", line in 0_usize..5, column in 0_usize..120) {
        path_at(&text, line, column);
        let _ = parse::<Body>(text.as_bytes());
    }
}
