//! Texts that use cases log or sign: what for, on which ground, by whom. The rule of what a text may hold is
//! [`crate::text`]'s; here stand lengths, and that they hold no number (I3).

use std::borrow::Cow;

use serde_json::Value;

use crate::catalog::items::is_item_code;
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, names_holder};
use crate::record::payload::Attachment;
use crate::rule::Rule;
use crate::text;
use crate::text::words;

/// The longest text that stands in an entry of the access log.
const LOGGED: usize = 200;
/// The longest name of a client, an account or who types a command.
const NAME: usize = 100;
/// The longest ground of an order.
const GROUND: usize = 2000;

/// A text that stands in an access entry in clear: at most 200 characters, no person's number.
///
/// # Errors
/// `field_invalid` at `field`, rule `length`, `control_character` or `number_in_text`.
pub(in crate::registry) fn logged(field: impl Into<Cow<'static, str>>, text: &str) -> Result<()> {
    line(field, text, LOGGED)
}

/// The same for the code of an item, in whose digits a citizen's number may stand by chance.
///
/// # Errors
/// As [`logged`].
pub(in crate::registry) fn item(field: &'static str, code: &str) -> Result<()> {
    if is_item_code(code) { Ok(()) } else { logged(field, code) }
}

/// A line of at most so many characters that stays, sealed or clear: no person's number.
///
/// # Errors
/// As [`logged`].
pub(in crate::registry) fn line(field: impl Into<Cow<'static, str>>, text: &str, most: usize) -> Result<()> {
    let field = field.into();
    text::line(field.clone(), text, most)?;
    no_number(field, text)
}

/// The name of a holder: as a name may be, and no number of a person in it.
///
/// # Errors
/// As [`text::name`], and `number_in_text`.
pub(in crate::registry) fn holder_name(field: impl Into<Cow<'static, str>>, name: &str) -> Result<()> {
    let field = field.into();
    text::name(field.clone(), name)?;
    no_number(field, name)
}

/// Refuses a text that names the holder asked for by its number, of whatever kind.
///
/// # Errors
/// `field_invalid` at `field`, rule `number_in_text`.
pub(in crate::registry) fn not_naming(field: &'static str, text: &str, holder: &HolderCode) -> Result<()> {
    if names_holder(text, holder) { Err(naming(field)) } else { Ok(()) }
}

/// The refusal of a text that names a holder by its number.
pub(in crate::registry) fn naming(field: &'static str) -> Error {
    let detail = "the number asked for stands in its own field and in no text that is logged";
    Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::NumberInText)
}

/// Refuses a text with a person's number, however it is written.
///
/// # Errors
/// `field_invalid` at `field`, rule `number_in_text`.
pub(in crate::registry) fn no_number(field: impl Into<Cow<'static, str>>, text: &str) -> Result<()> {
    if crate::identity::contains_citizen_number(text) {
        let detail = "a text that is logged, signed or kept never holds a person's number";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::NumberInText));
    }
    Ok(())
}

/// What a thing that is public says of itself: its words. Codes, keys and digests stand beside them.
const WORDS: &[&str] = &[
    "name",
    "display",
    "text",
    "why",
    "note",
    "label",
    "zh",
    "en",
    "issuing_system",
    "description",
    "title",
];

/// The same for the words of a JSON value that is public; the field is the path to them.
///
/// # Errors
/// `field_invalid`, rule `number_in_text`.
pub(in crate::registry) fn no_number_within(at: &str, value: &Value) -> Result<()> {
    let below = |part: &str| if at.is_empty() { part.to_owned() } else { format!("{at}.{part}") };
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(place, item)| no_number_within(&below(&place.to_string()), item)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| match value {
            Value::String(words) if WORDS.contains(&name.as_str()) => no_number(below(name), words),
            other => no_number_within(&below(name), other),
        }),
        _ => Ok(()),
    }
}

/// A name that is recorded with what is done under it: of a client, an account, or who types a command.
///
/// # Errors
/// `field_invalid` at `field`, rule `length`, `control_character` or `number_in_text`.
pub fn recorded_name(field: &'static str, name: &str) -> Result<()> {
    if name.trim().is_empty() || name.chars().count() > NAME {
        let detail = "a name has 1 to 100 characters";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::Length));
    }
    logged(field, name)
}

/// A name that is given to a client or an account, and by which it is found again: no blank stands around it.
///
/// # Errors
/// As [`recorded_name`]; rule `outer_blank`.
pub(in crate::registry) fn given_name(field: &'static str, name: &str) -> Result<()> {
    recorded_name(field, name)?;
    if name.trim().len() != name.len() {
        let detail = "a name has no blank before or behind it";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::OuterBlank));
    }
    Ok(())
}

/// The ground of an order or a change, which must be given, in words.
///
/// # Errors
/// `field_invalid` at `field`, rule `ground_missing`, `ground_words`, `length`, `control_character` or
/// `number_in_text`.
pub(in crate::registry) fn ground(field: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        let detail = "say in 1 to 2000 characters why";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::GroundMissing));
    }
    line(field, text, GROUND)?;
    if !words::says_something(text) {
        let detail = "a dot, a number or one letter again and again says nothing: say in words why";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::GroundWords));
    }
    Ok(())
}

/// The files that a record names.
///
/// # Errors
/// `field_invalid` at `attachments.<place>`, rule `length`, `control_character`, `path_part` or
/// `number_in_text`.
pub(in crate::registry) fn files<'a>(files: impl IntoIterator<Item = &'a Attachment>) -> Result<()> {
    for (at, file) in files.into_iter().enumerate() {
        let name = format!("attachments.{at}.name");
        text::file_name(name.clone(), &file.name)?;
        no_number(name, &file.name)?;
        line(format!("attachments.{at}.media_type"), &file.media_type, 100)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i3_no_number_stands_in_a_holders_name() {
        for name in [
            "王190101198803120021芳",
            "王芳 190101 19880312 0021",
            "王芳（一九〇一〇一一九八八〇三一二〇〇二一）",
        ] {
            assert_eq!(holder_name("name", name).unwrap_err().rule, Some(Rule::NumberInText), "{name}");
        }
        assert_eq!(holder_name("name", " 王芳").unwrap_err().rule, Some(Rule::OuterBlank));
        holder_name("name", "示范市第190101号商店").unwrap();
    }

    #[test]
    fn a_ground_says_something() {
        for blank in ["", " ", "\u{3000}"] {
            assert_eq!(ground("ground", blank).unwrap_err().rule, Some(Rule::GroundMissing), "{blank:?}");
        }
        for nothing in [
            ".",
            "-",
            "……",
            "无",
            "a",
            "2026",
            "2026-17",
            "(1)",
            "①②",
            "ⅠⅡ",
            "函1",
            "ーー",
            "ـــ",
            "ˇˇ",
            "々々",
            "aa",
            "xX",
            "嗯嗯嗯",
            "ｰｰゝ",
            "a1a",
            "々啊",
            "ーーー々々ˇ",
        ] {
            assert_eq!(ground("ground", nothing).unwrap_err().rule, Some(Rule::GroundWords), "{nothing}");
        }
        for said in ["来函", "决定书 2026-3 号", "Art. 7", "迁出"] {
            ground("ground", said).unwrap();
        }
        let number = "壹玖零壹零壹壹玖捌捌零叁壹贰零零贰壹 来函";
        assert_eq!(ground("ground", number).unwrap_err().rule, Some(Rule::NumberInText));
    }
}
