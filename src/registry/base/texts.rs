//! Texts that use cases log or sign: what for, on which ground, by whom. The rule of what a text may hold is
//! [`crate::text`]'s; here stand lengths, and that the clear ones hold no number (I3).

use std::borrow::Cow;

use crate::error::{Code, Error, Result};
use crate::record::payload::Attachment;
use crate::rule::Rule;
use crate::text;

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
    let field = field.into();
    text::line(field.clone(), text, LOGGED)?;
    no_number(field, text)
}

fn no_number(field: Cow<'static, str>, text: &str) -> Result<()> {
    if crate::identity::contains_citizen_number(text) {
        let detail = "a text that is logged never holds a person's number";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::NumberInText));
    }
    Ok(())
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

/// The ground of something public, which stands in clear: no person's number either.
///
/// # Errors
/// As [`ground`], and rule `number_in_text`.
pub(in crate::registry) fn public_ground(field: &'static str, text: &str) -> Result<()> {
    ground(field, text)?;
    no_number(field.into(), text)
}

/// The ground of an order or a change, which must be given.
///
/// # Errors
/// `field_invalid` at `field`, rule `ground_missing`, `length` or `control_character`.
pub(in crate::registry) fn ground(field: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        let detail = "say in 1 to 2000 characters why";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::GroundMissing));
    }
    text::line(field, text, GROUND)
}

/// The files that a record names.
///
/// # Errors
/// `field_invalid` at `attachments.<place>`, rule `length`, `control_character` or `path_part`.
pub(in crate::registry) fn files<'a>(files: impl IntoIterator<Item = &'a Attachment>) -> Result<()> {
    for (at, file) in files.into_iter().enumerate() {
        text::file_name(format!("attachments.{at}.name"), &file.name)?;
        text::line(format!("attachments.{at}.media_type"), &file.media_type, 100)?;
    }
    Ok(())
}
