//! Checking a face against its fields.

use serde_json::{Map, Value};

use crate::bounds::FAULTS;
use crate::catalog::face::fault::Path;
use crate::catalog::face::values;
use crate::catalog::face::{FaceFault, FaceNote, FaceRule, FieldKind, FieldSet, NoteKind};
use crate::identity::contains_citizen_number;
use crate::rule::Rule;
use crate::text;

/// 2^53 - 1, the last integer that every JSON reader keeps.
const SAFE: i64 = 9_007_199_254_740_991;

pub(super) fn check(top: &FieldSet, face: &Value) -> Result<(), Vec<FaceFault>> {
    let mut faults = Vec::new();
    match face {
        Value::Object(map) => object(top, map, None, &mut faults),
        _ => faults.push(FaceFault {
            field: String::new(),
            rule: FaceRule::WrongType,
            detail: "an object".into(),
        }),
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn object(set: &FieldSet, map: &Map<String, Value>, at: Option<&Path<'_>>, faults: &mut Vec<FaceFault>) {
    let place = |name| match at {
        Some(outer) => outer.name(name),
        None => Path::top(name),
    };
    let mut required = 0;
    for (name, given) in map {
        if faults.len() >= FAULTS {
            return;
        }
        match set.field(name) {
            Some(field) => {
                required += usize::from(field.required);
                let known = faults.len();
                value(&field.kind, given, &place(name), faults);
                if let Value::String(text) = given
                    && faults.len() == known
                    && field.is_name()
                    && let Some(rule) = name_fault(text)
                {
                    faults.push(place(name).fault(FaceRule::of_name(rule), "the form of a name"));
                }
            }
            None => {
                faults.push(place(shown(name)).fault(FaceRule::FieldUnknown, "the type has no such field"))
            }
        }
    }
    if required < set.fields().iter().filter(|field| field.required).count() {
        for field in set.fields().iter().filter(|field| field.required && !map.contains_key(&field.name)) {
            faults.push(place(&field.name).fault(FaceRule::FieldMissing, "the field is required"));
        }
    }
    let whole = |names: &Vec<String>| names.iter().all(|name| map.contains_key(name));
    if !set.any_of().is_empty() && !set.any_of().iter().any(whole) {
        let names: Vec<String> = set.any_of().iter().map(|names| names.join("+")).collect();
        let field = set.any_of().first().and_then(|names| names.first()).map_or("", String::as_str);
        faults.push(place(field).fault(FaceRule::AlternativeMissing, format!("one of {}", names.join(", "))));
    }
}

/// The rule that the name of a holder breaks, if any.
fn name_fault(name: &str) -> Option<Rule> {
    text::name_fault(name).or_else(|| contains_citizen_number(name).then_some(Rule::NumberInText))
}

fn value(kind: &FieldKind, given: &Value, at: &Path<'_>, faults: &mut Vec<FaceFault>) {
    let found = match (kind, given) {
        (FieldKind::Text { format, min, max, multiline, one_of }, Value::String(text)) => {
            length(text, *min, *max).or_else(|| {
                if !one_of.is_empty() && !one_of.contains(text) {
                    return Some((FaceRule::NotInEnum, "one of the listed texts".into()));
                }
                let rule = values::broken(*format, text, *multiline)?;
                Some((rule, "the form of the field's format".into()))
            })
        }
        (FieldKind::Code(list), Value::String(code)) => {
            let unknown = list.label(code).is_none();
            unknown.then(|| (FaceRule::CodeUnknown, format!("a code of {}", list.reference())))
        }
        (FieldKind::Integer { min, max }, Value::Number(number)) => integer(number, *min, *max),
        (FieldKind::List { item, min, max }, Value::Array(items)) => {
            // One item too many is enough for a fault: a list without end must not cost time without end.
            let few = items.get(..=*max).unwrap_or(items);
            for (index, one) in few.iter().enumerate() {
                value(item, one, &at.item(index), faults);
            }
            let twice =
                few.iter().enumerate().any(|(index, one)| few.iter().take(index).any(|other| other == one));
            count(items.len(), *min, *max)
                .or_else(|| twice.then(|| (FaceRule::ItemTwice, "each item once".to_owned())))
        }
        (FieldKind::Rows { fields, min, max }, Value::Array(items)) => {
            for (index, one) in items.iter().enumerate().take(max + 1) {
                match one {
                    Value::Object(map) => object(fields, map, Some(&at.item(index)), faults),
                    _ => faults.push(at.item(index).fault(FaceRule::WrongType, "an object")),
                }
            }
            count(items.len(), *min, *max)
        }
        (FieldKind::Group(fields), Value::Object(map)) => {
            object(fields, map, Some(at), faults);
            None
        }
        (kind, _) => Some((FaceRule::WrongType, json_type(kind).into())),
    };
    if let Some((rule, detail)) = found {
        faults.push(at.fault(rule, detail));
    }
}

type Found = Option<(FaceRule, String)>;

fn length(text: &str, min: usize, max: usize) -> Found {
    // A character has at most four bytes: the length in bytes decides most texts without counting.
    let bytes = text.len();
    if bytes >= min * 4 && bytes <= max {
        return None;
    }
    let count = text.chars().count();
    if count < min {
        Some((FaceRule::TooShort, format!("at least {min} characters")))
    } else if count > max {
        Some((FaceRule::TooLong, format!("at most {max} characters")))
    } else {
        None
    }
}

fn count(found: usize, min: usize, max: usize) -> Found {
    if found < min {
        Some((FaceRule::TooFewItems, format!("at least {min} items")))
    } else if found > max {
        Some((FaceRule::TooManyItems, format!("at most {max} items")))
    } else {
        None
    }
}

fn integer(number: &serde_json::Number, min: i64, max: i64) -> Found {
    if number.is_f64() {
        return Some((FaceRule::NotAnInteger, "a whole number".into()));
    }
    match number.as_i64() {
        Some(value) if (-SAFE..=SAFE).contains(&value) => {
            (!(min..=max).contains(&value)).then(|| (FaceRule::OutOfRange, format!("{min} to {max}")))
        }
        _ => Some((FaceRule::IntegerUnsafe, "an integer within 2^53".into())),
    }
}

fn json_type(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } | FieldKind::Code(_) => "a string",
        FieldKind::Integer { .. } => "an integer",
        FieldKind::List { .. } | FieldKind::Rows { .. } => "an array",
        FieldKind::Group(_) => "an object",
    }
}

/// An unknown key is shown only if it cannot be a person's number (I3).
fn shown(name: &str) -> &str {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if plain && digits < 6 && (1..=40).contains(&name.len()) { name } else { "(unknown)" }
}

pub(super) fn notes(top: &FieldSet, face: &Value) -> Vec<FaceNote> {
    let mut notes = Vec::new();
    if let Value::Object(map) = face {
        for (name, given) in map.iter().filter(|(name, _)| top.field(name).is_some()) {
            note(given, &Path::top(name), &mut notes);
        }
    }
    notes
}

fn note(given: &Value, at: &Path<'_>, notes: &mut Vec<FaceNote>) {
    match given {
        Value::String(text) => {
            notes.extend(NoteKind::of_text(text).map(|kind| FaceNote { field: at.text(), kind }));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, one)| note(one, &at.item(index), notes))
        }
        Value::Object(map) => map.iter().for_each(|(name, one)| note(one, &at.name(shown(name)), notes)),
        _ => {}
    }
}
