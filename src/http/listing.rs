//! Lists over GET, page by page: in the order of a key, from behind the place that a cursor names. A cursor
//! stays good when the list grows or shrinks, since it names a key and not a number of lines.

use std::borrow::Borrow;

use actix_web::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use crate::bounds;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Default lines of a page.
const DEFAULT: usize = 100;
/// Most lines of a page.
const MOST: usize = 500;

/// A list that is answered page by page: the name of its lines in the answer, and their kind.
pub trait PagedList {
    /// The member that holds the lines.
    const NAME: &'static str;
    /// One line.
    type Line: Serialize;
}

/// Declares a list: its member's name in the answer, its lines, and the description of a page of it.
macro_rules! listed {
    ($(#[$doc:meta])* $list:ident, $name:literal, $line:ty) => {
        $(#[$doc])*
        pub struct $list;

        impl $crate::http::listing::PagedList for $list {
            const NAME: &'static str = $name;
            type Line = $line;
        }

        impl utoipa::PartialSchema for $list {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::http::listing::described::<$line>($name)
            }
        }

        impl utoipa::ToSchema for $list {
            fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                schemas.push((<$line as utoipa::ToSchema>::name().into_owned(), <$line as utoipa::PartialSchema>::schema()));
                <$line as utoipa::ToSchema>::schemas(schemas);
            }
        }
    };
}

pub(crate) use listed;

/// The description of a page of lines under that name.
pub(crate) fn described<L: ToSchema>(name: &str) -> RefOr<Schema> {
    let lines = ArrayBuilder::new().items(Ref::from_schema_name(L::name())).max_items(Some(MOST));
    let next = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The cursor of the next page; left out on the last one."));
    ObjectBuilder::new()
        .property(name, lines)
        .required(name)
        .property("next", next)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .into()
}

/// The page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before.
    #[serde(default)]
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]*$")]
    after: Option<String>,
    /// Lines at most: 1 to 500, 100 where nothing is said.
    #[serde(default)]
    #[param(minimum = 1, maximum = 500, nullable = false)]
    limit: Option<usize>,
}

/// One page as the bytes of `{<name>: […], next?}`; `next` stands where there is more. No two items have one key. A
/// page ends before its lines are longer than [`bounds::PAGE_BYTES`], but has one line at least. Long lists are to be
/// made away from the worker threads.
///
/// # Errors
/// `field_invalid` with rule `limit` or `cursor`.
pub fn page<L: PagedList>(
    items: impl IntoIterator<Item = (String, impl Borrow<L::Line>)>,
    query: &PageQuery,
) -> Result<Vec<u8>> {
    let name = L::NAME;
    let limit = query.limit.unwrap_or(DEFAULT);
    if !(1..=MOST).contains(&limit) {
        let detail = format!("A page has 1 to {MOST} lines.");
        return Err(Error::new(Code::FieldInvalid, detail).at("limit").rule(Rule::Limit));
    }
    let after = query.after.as_deref().map(parse).transpose()?;
    let mut left: Vec<_> =
        items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).collect();
    left.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut out, mut last) = (format!("{{\"{name}\":[").into_bytes(), None);
    let mut next = None;
    for (place, (key, item)) in left.iter().enumerate() {
        let line = serde_json::to_vec(item.borrow()).map_err(Error::internal)?;
        let fits = place < limit && out.len().saturating_add(line.len()) <= bounds::PAGE_BYTES;
        if !fits && last.is_some() {
            next = last;
            break;
        }
        if last.is_some() {
            out.push(b',');
        }
        out.extend(line);
        last = Some(key);
    }
    out.push(b']');
    if let Some(next) = next {
        out.extend(format!(",\"next\":\"{}\"", URL_SAFE_NO_PAD.encode(next)).bytes());
    }
    out.push(b'}');
    Ok(out)
}

/// The answer that a page makes.
pub fn answer(page: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(page)
}

fn parse(cursor: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        Error::new(Code::FieldInvalid, "Not a cursor of this list.").at("after").rule(Rule::Cursor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    struct Numbers;

    impl PagedList for Numbers {
        const NAME: &'static str = "numbers";
        type Line = usize;
    }

    struct Lines;

    impl PagedList for Lines {
        const NAME: &'static str = "lines";
        type Line = String;
    }

    fn numbers(count: usize) -> Vec<(String, usize)> {
        (0..count).rev().map(|number| (format!("{number:03}"), number)).collect()
    }

    #[test]
    fn pages_together_are_the_list_whatever_is_added_meanwhile() {
        let mut query = PageQuery { after: None, limit: Some(3) };
        let mut seen = Vec::new();
        for grown in 7.. {
            let page: Value =
                serde_json::from_slice(&page::<Numbers>(numbers(grown), &query).unwrap()).unwrap();
            let lines = page["numbers"].as_array().unwrap();
            assert!(lines.len() <= 3);
            seen.extend(lines.iter().map(|line| line.as_u64().unwrap()));
            match page["next"].as_str() {
                Some(next) => query.after = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen, (0..seen.len() as u64).collect::<Vec<_>>(), "each once, in order");
        assert!(seen.len() >= 9);
    }

    #[test]
    fn a_page_has_bounds_and_a_cursor_is_one_of_ours() {
        let refused = |after: Option<&str>, limit| {
            let query = PageQuery { after: after.map(str::to_owned), limit };
            page::<Numbers>(numbers(3), &query).unwrap_err().rule.unwrap()
        };
        assert_eq!(refused(None, Some(0)), Rule::Limit);
        assert_eq!(refused(None, Some(501)), Rule::Limit);
        assert_eq!(refused(Some("###"), None), Rule::Cursor);
        let whole = page::<Numbers>(numbers(3), &PageQuery::default()).unwrap();
        assert_eq!(whole, br#"{"numbers":[0,1,2]}"#);
    }

    #[test]
    fn a_page_of_long_lines_ends_before_its_bound_and_has_one_line_at_least() {
        let long = |bytes: usize| (0..5).map(move |n| (n.to_string(), "x".repeat(bytes)));
        let lines = |bytes| {
            let page = page::<Lines>(long(bytes), &PageQuery::default()).unwrap();
            let page: Value = serde_json::from_slice(&page).unwrap();
            (page["lines"].as_array().unwrap().len(), page.get("next").is_some())
        };
        assert_eq!(lines(bounds::PAGE_BYTES / 8), (5, false));
        assert_eq!(lines(bounds::PAGE_BYTES / 4), (3, true));
        assert_eq!(lines(bounds::PAGE_BYTES * 2), (1, true));
    }
}
