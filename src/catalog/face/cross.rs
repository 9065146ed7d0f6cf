//! Comparing a face with the facts about its holders.

use std::fmt;

use serde_json::{Map, Value};

use crate::catalog::face::fault::Path;
use crate::catalog::face::values;
use crate::catalog::face::{Check, CheckRule, FaceFault, FaceNote, FaceRule, FieldKind, FieldSet, NoteKind};
use crate::clock::Day;

/// The facts about one holder of the record.
#[derive(Clone, Copy)]
pub struct HolderFacts<'a> {
    /// The holder's role.
    pub role: &'a str,
    /// Three digits (GB/T 36903 annex A): `111`, `001`.
    pub code_type: &'a str,
    /// The number, canonical.
    pub code: &'a str,
    /// The name as the record gives it.
    pub name: &'a str,
    /// Sex as GB/T 2261.1 has it, `1` or `2`, if the number tells it.
    pub sex: Option<&'a str>,
    /// Birth date, if the number tells it.
    pub born: Option<Day>,
}

impl fmt::Debug for HolderFacts<'_> {
    /// Role and type only: not the number, and nothing that follows from it (I3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HolderFacts")
            .field("role", &self.role)
            .field("code_type", &self.code_type)
            .finish_non_exhaustive()
    }
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrossCheck {
    /// Contradictions.
    pub faults: Vec<FaceFault>,
    /// Differences in writing only, which are shown.
    pub notes: Vec<FaceNote>,
}

pub(super) fn cross_check(top: &FieldSet, face: &Value, holders: &[HolderFacts<'_>]) -> CrossCheck {
    let mut out = CrossCheck::default();
    let Value::Object(map) = face else { return out };
    let single = |role: &str| holders.iter().find(|holder| holder.role == role);
    object(top, map, None, &single, &mut out);
    for field in top.fields() {
        let place = Path::top(&field.name);
        match (&field.kind, map.get(&field.name)) {
            (FieldKind::Group(fields), Some(Value::Object(group))) => {
                object(fields, group, Some(&place), &single, &mut out);
            }
            (FieldKind::Rows { fields, .. }, Some(Value::Array(items))) => {
                rows(field.holder.as_deref(), fields, items, &place, holders, &mut out);
            }
            _ => {}
        }
    }
    out
}

/// The items of a list. Each comes with the holder at its place in the list's role; a list without a role
/// comes with the one holder that a field names.
fn rows(
    role: Option<&str>,
    fields: &FieldSet,
    items: &[Value],
    place: &Path<'_>,
    holders: &[HolderFacts<'_>],
    out: &mut CrossCheck,
) {
    let held: Vec<&HolderFacts<'_>> = holders.iter().filter(|holder| role == Some(holder.role)).collect();
    if role.is_some() && held.len() != items.len() {
        out.faults.push(place.fault(FaceRule::HolderCount, "one item for each holder of the role"));
        return;
    }
    for (index, item) in items.iter().enumerate() {
        let Value::Object(row) = item else { continue };
        let owner = |wanted: &str| match role {
            Some(role) => held.get(index).copied().filter(|_| wanted == role),
            None => holders.iter().find(|holder| holder.role == wanted),
        };
        object(fields, row, Some(&place.item(index)), &owner, out);
    }
}

type Owner<'f, 'a> = &'f dyn Fn(&str) -> Option<&'f HolderFacts<'a>>;

fn object(
    set: &FieldSet,
    map: &Map<String, Value>,
    at: Option<&Path<'_>>,
    owner: Owner<'_, '_>,
    out: &mut CrossCheck,
) {
    for field in set.fields() {
        let (Some(check), Some(Value::String(text))) = (&field.check, map.get(&field.name)) else { continue };
        let Some(holder) = owner(&check.role) else { continue };
        let place = match at {
            Some(outer) => outer.name(&field.name),
            None => Path::top(&field.name),
        };
        if check.rule == CheckRule::HolderName {
            name(text, holder.name, &place, out);
        } else if let Some((rule, detail)) = differs(check, text, holder) {
            out.faults.push(place.fault(rule, detail));
        }
    }
}

fn differs(check: &Check, text: &str, holder: &HolderFacts<'_>) -> Option<(FaceRule, &'static str)> {
    let (same, rule, detail) = match check.rule {
        CheckRule::HolderName => return None,
        CheckRule::HolderCode => {
            (same_code(text, holder.code), FaceRule::HolderCode, "the number of the holder")
        }
        CheckRule::HolderCodePrefix => (
            text.starts_with(holder.code),
            FaceRule::HolderCodePrefix,
            "begins with the number of the holder",
        ),
        CheckRule::HolderCodeType => {
            (text == holder.code_type, FaceRule::HolderCodeType, "the type of the holder's code")
        }
        CheckRule::HolderSex => {
            (holder.sex.is_none_or(|sex| sex == text), FaceRule::HolderSex, "the sex in the holder's number")
        }
        CheckRule::HolderBirthDate => {
            // A time of birth is compared by its day.
            let day = text.get(..10).and_then(values::day);
            let same = holder.born.is_none_or(|born| day == Some(born));
            (same, FaceRule::HolderBirthDate, "the birth date in the holder's number")
        }
    };
    (!same).then_some((rule, detail))
}

/// A face printed before 1999 may have the number in its 15-digit form, without century and check digit.
fn same_code(text: &str, code: &str) -> bool {
    let short = || {
        let (region, rest) = (code.get(..6)?, code.get(6..)?);
        Some(
            code.len() == 18
                && text.len() == 15
                && text.strip_prefix(region)? == rest.strip_prefix("19")?.get(..9)?,
        )
    };
    text == code || short().unwrap_or(false)
}

/// Middle dots of minority names, as different systems write them.
const DOTS: [char; 9] = ['·', '•', '．', '‧', '・', '\u{FF65}', '\u{2219}', '\u{22C5}', '\u{0387}'];
/// Two shapes of one character, both in use in registers.
const VARIANTS: [(char, char); 5] = [('吕', '呂'), ('黄', '黃'), ('吴', '吳'), ('温', '溫'), ('郎', '郞')];

fn dot(c: char) -> char {
    if DOTS.contains(&c) { '·' } else { c }
}

fn shape(c: char) -> char {
    VARIANTS.iter().find(|(_, old)| *old == c).map_or(c, |(new, _)| *new)
}

/// Whether two texts are one name: they differ in the middle dot or in the shape of a character only.
pub fn same_name(one: &str, other: &str) -> bool {
    one.chars().map(dot).map(shape).eq(other.chars().map(dot).map(shape))
}

fn name(text: &str, known: &str, at: &Path<'_>, out: &mut CrossCheck) {
    if text == known {
        return;
    }
    if text.chars().map(dot).eq(known.chars().map(dot)) {
        out.notes.push(FaceNote { field: at.text(), kind: NoteKind::NameDot });
    } else if same_name(text, known) {
        out.notes.push(FaceNote { field: at.text(), kind: NoteKind::NameVariant });
    } else {
        out.faults.push(at.fault(FaceRule::HolderName, "the name of the holder"));
    }
}
