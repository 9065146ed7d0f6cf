//! Media types of request bodies: by essence (RFC 9110 §8.3), with any parameters. An unknown
//! parameter changes nothing. A charset other than UTF-8 is refused, since nothing here is ever converted.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Whether the one Content-Type names this essence, in UTF-8.
pub fn is(headers: &HeaderMap, essence: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE);
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(text) = value.to_str() else { return false };
    let mut parts = parts(text).into_iter();
    parts.next().is_some_and(|own| own.trim().eq_ignore_ascii_case(essence))
        && parts.all(|part| harmless(&part))
}

/// Refuses a packed body: nothing here unpacks one, so its bytes would be read wrongly.
///
/// # Errors
/// `media_type_unsupported` (415).
pub fn unpacked(headers: &HeaderMap) -> Result<()> {
    let all = headers.get_all(CONTENT_ENCODING);
    let plain = all.into_iter().all(|value| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .map(str::trim)
                .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
        })
    });
    if plain {
        return Ok(());
    }
    Err(Error::new(Code::MediaTypeUnsupported, "Send the body without a Content-Encoding.")
        .at("Content-Encoding")
        .rule(Rule::ContentEncoding))
}

/// An empty parameter (a trailing `;`), one that is not known, or the charset that everything here has.
fn harmless(part: &str) -> bool {
    let Some((name, value)) = part.split_once('=') else { return part.trim().is_empty() };
    let value = value.trim();
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    !name.trim().eq_ignore_ascii_case("charset") || bare.eq_ignore_ascii_case("utf-8")
}

/// Cut at each `;` that stands in no quotes; a backslash in quotes keeps the next character.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut quoted, mut kept) = (vec![String::new()], false, false);
    for character in text.chars() {
        if character == ';' && !quoted {
            parts.push(String::new());
            continue;
        }
        if quoted && !kept && character == '\\' {
            kept = true;
            continue;
        }
        if character == '"' && !kept {
            quoted = !quoted;
        }
        kept = false;
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn json(value: &str) -> bool {
        is(
            TestRequest::post().insert_header((CONTENT_TYPE, value)).to_http_request().headers(),
            "application/json",
        )
    }

    #[test]
    fn a_type_is_known_by_its_essence() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json;",
            "application/json ; ",
            "application/json; charset=utf-8",
            "application/json; charset=\"utf-8\"",
            "application/json; charset=\"utf\\-8\"",
            "application/json;charset=UTF-8;",
            "application/json; profile=\"a;b\"; charset=utf-8",
            "application/json; version=1",
        ] {
            assert!(json(value), "{value}");
        }
        for value in [
            "",
            ";",
            "text/plain",
            "application/jsonp",
            "application/json; charset=gbk",
            "application/json; charset=\"gb18030\"",
            "application/json, text/plain",
            "application/json; nonsense",
            "text/plain; a=\"application/json\"",
        ] {
            assert!(!json(value), "{value}");
        }
        let twice = TestRequest::post()
            .append_header((CONTENT_TYPE, "application/json"))
            .append_header((CONTENT_TYPE, "text/plain"))
            .to_http_request();
        assert!(!is(twice.headers(), "application/json"));
    }

    #[test]
    fn a_packed_body_is_refused_by_its_header() {
        let check = |value: &str| {
            unpacked(TestRequest::post().insert_header((CONTENT_ENCODING, value)).to_http_request().headers())
        };
        for value in ["gzip", "br", "identity, gzip", "x"] {
            assert_eq!(check(value).unwrap_err().code, Code::MediaTypeUnsupported, "{value}");
        }
        assert!(check("identity").is_ok() && check("").is_ok());
        assert!(unpacked(TestRequest::post().to_http_request().headers()).is_ok());
    }
}
