//! Lists over GET, page by page: in the order of a key, from behind the place that a cursor names. A cursor
//! stays good when the list grows or shrinks, since it names a key and not a number of lines.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::IntoParams;

use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Default lines of a page.
const DEFAULT: usize = 100;
/// Most lines of a page.
const MOST: usize = 500;

/// The page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before.
    #[serde(default)]
    after: Option<String>,
    /// Lines at most: 1 to 500, 100 where nothing is said.
    #[serde(default)]
    limit: Option<usize>,
}

/// One page as `{<name>: […], next?}`; `next` stands where there is more. No two items have one key.
///
/// # Errors
/// `field_invalid` with rule `limit` or `cursor`.
pub fn page<T: Serialize>(
    name: &str,
    items: impl IntoIterator<Item = (String, T)>,
    query: &PageQuery,
) -> Result<Value> {
    let limit = query.limit.unwrap_or(DEFAULT);
    if !(1..=MOST).contains(&limit) {
        let detail = format!("A page has 1 to {MOST} lines.");
        return Err(Error::new(Code::FieldInvalid, detail).at("limit").rule(Rule::Limit));
    }
    let after = query.after.as_deref().map(parse).transpose()?;
    let mut left: Vec<(String, T)> =
        items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).collect();
    left.sort_by(|a, b| a.0.cmp(&b.0));
    let more = left.len() > limit;
    left.truncate(limit);
    let next = left.last().filter(|_| more).map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    let lines: Vec<T> = left.into_iter().map(|(_, item)| item).collect();
    let mut out = Map::new();
    out.insert(name.to_owned(), serde_json::to_value(lines).map_err(Error::internal)?);
    if let Some(next) = next {
        out.insert("next".to_owned(), next.into());
    }
    Ok(out.into())
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

    fn numbers(count: usize) -> Vec<(String, usize)> {
        (0..count).rev().map(|number| (format!("{number:03}"), number)).collect()
    }

    #[test]
    fn pages_together_are_the_list_whatever_is_added_meanwhile() {
        let mut query = PageQuery { after: None, limit: Some(3) };
        let mut seen = Vec::new();
        for grown in 7.. {
            let page = page("numbers", numbers(grown), &query).unwrap();
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
            page("numbers", numbers(3), &query).unwrap_err().rule.unwrap()
        };
        assert_eq!(refused(None, Some(0)), Rule::Limit);
        assert_eq!(refused(None, Some(501)), Rule::Limit);
        assert_eq!(refused(Some("###"), None), Rule::Cursor);
        assert!(page("numbers", numbers(3), &PageQuery::default()).unwrap().get("next").is_none());
    }
}
