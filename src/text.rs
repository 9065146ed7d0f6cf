//! Texts that stay: logged, signed, or shown to others for years. What a reader cannot see must not stand in one, or
//! the page, the file and the terminal say something else than the bytes that were signed; and the name of a file
//! names a file, not a place.
//!
//! A text is refused as it is and never mended (I12). The one rule stands here; every use case that keeps a text
//! calls it with the field's name.

pub(crate) mod words;

use std::borrow::Cow;

use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Control characters (NUL and line breaks with them), and those that turn the direction of the text behind them or
/// break a line unseen.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether a reader does not see this character: the hidden ones, those of no width and fillers
/// (`Default_Ignorable_Code_Point` of Unicode), and code points that are no character at all. Joiners and variation selectors are left: they choose the form of a
/// letter or an ideograph, also in names.
pub fn is_unseen(c: char) -> bool {
    is_hidden(c)
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{200B}'
            | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Joiners and variation selectors: they choose the form of a letter or an ideograph, and show nothing themselves.
pub fn is_joiner(c: char) -> bool {
    matches!(c,
        '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}')
}

/// Characters of the private-use areas (自造字).
pub fn is_private_use(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

/// A name without what does not tell two names apart: case, the width of its letters, blanks around it.
pub fn alike(name: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    let narrow: String = name.chars().map(narrow).collect();
    narrow.trim().to_lowercase()
}

/// What people and programs write where there is no name.
const PLACEHOLDERS: [&str; 6] = ["NULL", "null", "Null", "N/A", "无", "空"];

/// Blanks (those among them that Unicode does not call so), and the strokes and stars that stand in empty cells.
fn shows_no_name(c: char) -> bool {
    c.is_whitespace()
        || is_joiner(c)
        || matches!(c, '\u{2800}' | '\u{180E}')
        || matches!(c, '*' | '＊' | '-' | '－' | '—' | '–' | '_' | '/' | '.' | '。')
}

/// The rule that the name of a person or body breaks, if any. A name is kept as it comes (R16); it is refused where it
/// shows nothing, has blanks around it, or holds characters that nobody sees or that were lost on the way.
pub fn name_fault(name: &str) -> Option<Rule> {
    if name.chars().any(is_unseen) {
        Some(Rule::ControlCharacter)
    } else if name.contains([char::REPLACEMENT_CHARACTER, '?', '？']) {
        // A question mark stands where a program could not write the character.
        Some(Rule::ReplacementCharacter)
    } else if name.chars().all(shows_no_name) || PLACEHOLDERS.contains(&name) {
        Some(Rule::NameBlank)
    } else {
        (name.trim().len() != name.len()).then_some(Rule::OuterBlank)
    }
}

/// Refuses a name that is signed or kept and breaks a rule of names.
///
/// # Errors
/// `field_invalid` at `field`, with the rule of [`name_fault`].
pub fn name(field: impl Into<Cow<'static, str>>, name: &str) -> Result<()> {
    let detail =
        "a name shows something, has no blanks around it, and no character that is unseen or was lost";
    match name_fault(name) {
        Some(rule) => Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule)),
        None => Ok(()),
    }
}

/// Refuses a text that stays where it holds what a reader does not see.
///
/// # Errors
/// `field_invalid` at `field`, rule `control_character`.
pub fn visible(field: impl Into<Cow<'static, str>>, text: &str) -> Result<()> {
    if text.chars().any(is_unseen) {
        let detail = "a text that is kept has no control character and none that turns its direction";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::ControlCharacter));
    }
    Ok(())
}

/// The same for a line of at most so many characters.
///
/// # Errors
/// `field_invalid` at `field`, rule `length` or `control_character`.
pub fn line(field: impl Into<Cow<'static, str>>, text: &str, most: usize) -> Result<()> {
    let field = field.into();
    if text.chars().count() > most {
        let detail = format!("at most {most} characters");
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::Length));
    }
    visible(field, text)
}

/// The same for the name of a file: it has no parts of a path.
///
/// # Errors
/// `field_invalid` at `field`, rule `length`, `control_character` or `path_part`.
pub fn file_name(field: impl Into<Cow<'static, str>>, name: &str) -> Result<()> {
    let field = field.into();
    line(field.clone(), name, 200)?;
    let bare = name.trim();
    if bare.is_empty() || matches!(bare, "." | "..") || name.contains(['/', '\\']) {
        let detail = "the name of a file is not empty and has no parts of a path";
        return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::PathPart));
    }
    Ok(())
}

/// The same for every text in a JSON value, names of members with them; the field is the path to it below `at`.
///
/// # Errors
/// `field_invalid`, rule `control_character`.
pub fn visible_within(at: &str, value: &Value) -> Result<()> {
    let below = |part: &str| if at.is_empty() { part.to_owned() } else { format!("{at}.{part}") };
    match value {
        Value::String(text) => visible(at.to_owned(), text),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| visible_within(&below(&index.to_string()), item)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            // A name that cannot be shown is told by the place of its object.
            visible(at.to_owned(), name)?;
            visible_within(&below(name), value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_a_reader_does_not_see_is_refused() {
        for hidden in [
            '\0',
            '\u{7}',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9f}',
            '\u{61c}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{ad}',
            '\u{200b}',
            '\u{2060}',
            '\u{3164}',
            '\u{e0041}',
        ] {
            let error = visible("ground", &format!("依法{hidden}吊销")).unwrap_err();
            assert_eq!(
                (error.code, error.rule),
                (Code::FieldInvalid, Some(Rule::ControlCharacter)),
                "{hidden:?}"
            );
            assert_eq!(error.field.as_deref(), Some("ground"));
        }
        for shown in ["", "窗口办理", "阿不都热依木·艾则孜", "𠮷野家", "A-1 (x)", "ئەھمەد", "👨‍👩‍👧"]
        {
            visible("ground", shown).unwrap();
        }
    }

    #[test]
    fn r16_a_name_shows_something_and_nothing_unseen_stands_in_it() {
        for (name, rule) in [
            ("", Rule::NameBlank),
            (" ", Rule::NameBlank),
            ("\u{a0}", Rule::NameBlank),
            ("\u{3000}\u{2003}", Rule::NameBlank),
            ("\u{200d}\u{fe00}", Rule::NameBlank),
            ("\u{200b}", Rule::ControlCharacter),
            ("王\u{fffe}芳", Rule::ControlCharacter),
            ("王\u{1ffff}芳", Rule::ControlCharacter),
            ("王\u{fdd0}芳", Rule::ControlCharacter),
            ("王\u{e0041}芳", Rule::ControlCharacter),
            ("王\u{fffd}", Rule::ReplacementCharacter),
            ("?", Rule::ReplacementCharacter),
            ("？？", Rule::ReplacementCharacter),
            ("王?", Rule::ReplacementCharacter),
            ("\u{2800}", Rule::NameBlank),
            ("\u{180e}", Rule::NameBlank),
            ("*", Rule::NameBlank),
            ("-", Rule::NameBlank),
            ("——", Rule::NameBlank),
            ("NULL", Rule::NameBlank),
            ("无", Rule::NameBlank),
            (" 王芳", Rule::OuterBlank),
            ("王芳\u{3000}", Rule::OuterBlank),
            ("王芳\u{a0}", Rule::OuterBlank),
        ] {
            assert_eq!(name_fault(name), Some(rule), "{name:?}");
            assert_eq!(super::name("name", name).unwrap_err().rule, Some(rule));
        }
        for name in [
            "王芳",
            "Maria Keller",
            "王 芳",
            "葛\u{e0100}飾",
            "نور\u{200c}الله",
            "\u{e000}某",
            "阿依古丽･买买提",
            "无名",
            "A-1",
        ] {
            assert_eq!(name_fault(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_file_is_named_and_not_placed() {
        for name in ["照片.jpg", "a b (2).pdf", "photo", "..a", "a.."] {
            file_name("attachments.0.name", name).unwrap();
        }
        for name in ["", " ", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "C:\\x"] {
            assert_eq!(
                file_name("attachments.0.name", name).unwrap_err().rule,
                Some(Rule::PathPart),
                "{name}"
            );
        }
        assert_eq!(file_name("name", "a\0.jpg").unwrap_err().rule, Some(Rule::ControlCharacter));
        assert_eq!(file_name("name", &"a".repeat(201)).unwrap_err().rule, Some(Rule::Length));
        assert_eq!(line("name", "字字字", 2).unwrap_err().rule, Some(Rule::Length));
    }

    #[test]
    fn the_path_to_the_text_is_told() {
        let body = json!({"name": "a", "list": [1, {"x": "b\u{202e}c"}]});
        assert_eq!(visible_within("body", &body).unwrap_err().field.as_deref(), Some("body.list.1.x"));
        assert_eq!(visible_within("", &body).unwrap_err().field.as_deref(), Some("list.1.x"));
        assert_eq!(visible_within("body", &json!({"a\0": 1})).unwrap_err().field.as_deref(), Some("body"));
        visible_within("body", &json!({"name": ["a", null, true, 1.5]})).unwrap();
    }

    proptest! {
        #[test]
        fn a_text_with_and_without_a_hidden_character(text in "\\PC{0,30}", at in 0_usize..31) {
            let clean: Vec<char> = text.chars().filter(|c| !is_unseen(*c)).collect();
            let mut hidden = clean.clone();
            hidden.insert(at.min(clean.len()), '\u{202e}');
            prop_assert!(visible("x", &clean.into_iter().collect::<String>()).is_ok());
            prop_assert!(visible("x", &hidden.into_iter().collect::<String>()).is_err());
        }
    }
}
