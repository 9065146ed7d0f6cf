//! From the JSON Schema of a type to its fields. An unknown keyword is refused, never skipped.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::face::{Check, Field, FieldKind, FieldSet, Format, Mask};
use crate::catalog::{CodeLists, Label, Role};
use crate::rule::Rule;

/// Why a face schema was refused. `at` is the path of the field, empty for the face as a whole.
#[derive(Debug, thiserror::Error)]
pub enum SchemaFault {
    /// A keyword that is not in the subset.
    #[error("{at}: unknown keyword {keyword}")]
    KeywordUnknown {
        /// Where.
        at: String,
        /// The keyword.
        keyword: String,
    },
    /// A keyword has an impossible value; serde's words say which.
    #[error("{at}: {source}")]
    Shape {
        /// Where.
        at: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// A field lacks a keyword that its kind needs, or has one that its kind has no use for.
    #[error("{at}: {keyword} is missing here or has no place here")]
    KeywordMisplaced {
        /// Where.
        at: String,
        /// The keyword.
        keyword: &'static str,
    },
    /// Not a lower-case name of letters, digits and underscores.
    #[error("{at}: a field name is lower-case letters, digits and underscores, at most 40")]
    NameForm {
        /// Where.
        at: String,
    },
    /// A name under `required` or `anyOf` is not a field.
    #[error("{at}: no such field")]
    FieldUnknown {
        /// Where.
        at: String,
    },
    /// Two fields have one place in the order.
    #[error("{at}: x-order stands twice")]
    OrderTwice {
        /// Where.
        at: String,
    },
    /// The code list is not loaded.
    #[error("{at}: no code list {list}")]
    CodeListUnknown {
        /// Where.
        at: String,
        /// name@version
        list: String,
    },
    /// The type has no such role, or the role may have several holders while the field means one.
    #[error("{at}: role {role} is none of the type, or not the one holder that is meant here")]
    RoleUnfit {
        /// Where.
        at: String,
        /// The role.
        role: String,
    },
    /// An object inside an object inside the face.
    #[error("{at}: objects go one level deep")]
    TooDeep {
        /// Where.
        at: String,
    },
}

impl SchemaFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::KeywordUnknown { .. } => Rule::SchemaKeywordUnknown,
            Self::Shape { .. } => Rule::SchemaShape,
            Self::KeywordMisplaced { .. } => Rule::SchemaKeywordMisplaced,
            Self::NameForm { .. } => Rule::SchemaNameForm,
            Self::FieldUnknown { .. } => Rule::SchemaFieldUnknown,
            Self::OrderTwice { .. } => Rule::SchemaOrderTwice,
            Self::CodeListUnknown { .. } => Rule::SchemaCodeListUnknown,
            Self::RoleUnfit { .. } => Rule::SchemaRoleUnfit,
            Self::TooDeep { .. } => Rule::SchemaTooDeep,
        }
    }
}

const SET_KEYWORDS: &[&str] = &["$schema", "type", "additionalProperties", "required", "anyOf", "properties"];
const FIELD_KEYWORDS: &[&str] = &[
    "type",
    "format",
    "enum",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "items",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "additionalProperties",
    "x-label",
    "x-order",
    "x-mask",
    "x-group",
    "x-code-list",
    "x-holder",
    "x-check",
    "x-unit",
    "x-sensitive",
    "x-multiline",
];

#[derive(Deserialize)]
struct RawSet {
    #[serde(rename = "type")]
    kind: RawType,
    #[serde(rename = "additionalProperties")]
    additional: bool,
    #[serde(default)]
    required: Vec<String>,
    #[serde(rename = "anyOf", default)]
    any_of: Vec<RawAlternative>,
    properties: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAlternative {
    required: Vec<String>,
}

#[derive(Deserialize, PartialEq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum RawType {
    String,
    Integer,
    Array,
    Object,
}

#[derive(Deserialize)]
struct RawField {
    #[serde(rename = "type")]
    kind: RawType,
    format: Option<Format>,
    #[serde(rename = "enum")]
    one_of: Option<Vec<String>>,
    #[serde(rename = "minLength")]
    min_length: Option<usize>,
    #[serde(rename = "maxLength")]
    max_length: Option<usize>,
    minimum: Option<i64>,
    maximum: Option<i64>,
    items: Option<Value>,
    #[serde(rename = "minItems")]
    min_items: Option<usize>,
    #[serde(rename = "maxItems")]
    max_items: Option<usize>,
    #[serde(rename = "x-label")]
    label: Option<Label>,
    #[serde(rename = "x-order")]
    order: Option<u32>,
    #[serde(rename = "x-mask", default)]
    mask: Mask,
    #[serde(rename = "x-group")]
    group: Option<String>,
    #[serde(rename = "x-code-list")]
    code_list: Option<String>,
    #[serde(rename = "x-holder")]
    holder: Option<String>,
    #[serde(rename = "x-check")]
    check: Option<Check>,
    #[serde(rename = "x-unit")]
    unit: Option<String>,
    #[serde(rename = "x-sensitive", default)]
    sensitive: bool,
    #[serde(rename = "x-multiline", default)]
    multiline: bool,
}

struct Compiler<'a> {
    roles: &'a [Role],
    lists: &'a CodeLists,
}

pub(super) fn compile(face: &Value, roles: &[Role], lists: &CodeLists) -> Result<FieldSet, SchemaFault> {
    Compiler { roles, lists }.set(face, "", None)
}

impl Compiler<'_> {
    /// `row_of` is the role whose holders the items of the list around this set stand for.
    fn set(&self, schema: &Value, at: &str, row_of: Option<&str>) -> Result<FieldSet, SchemaFault> {
        known(schema, SET_KEYWORDS, at)?;
        let raw: RawSet = shape(schema, at)?;
        if raw.kind != RawType::Object || raw.additional {
            return Err(SchemaFault::KeywordMisplaced { at: at.to_owned(), keyword: "additionalProperties" });
        }
        let named = raw.required.iter().chain(raw.any_of.iter().flat_map(|one| &one.required));
        if let Some(name) = named.into_iter().find(|name| !raw.properties.contains_key(*name)) {
            return Err(SchemaFault::FieldUnknown { at: inside(at, name) });
        }
        let mut fields = Vec::with_capacity(raw.properties.len());
        for (name, schema) in &raw.properties {
            let place = inside(at, name);
            let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if !first || name.len() > 40 || !name.bytes().all(plain) {
                return Err(SchemaFault::NameForm { at: place });
            }
            let (order, field) =
                self.field(name, schema, &place, raw.required.contains(name), at.is_empty(), row_of)?;
            fields.push((order, field));
        }
        fields.sort_by_key(|(order, _)| *order);
        let twice = fields.iter().zip(fields.iter().skip(1)).find(|((one, _), (next, _))| one == next);
        if let Some((_, (_, field))) = twice {
            return Err(SchemaFault::OrderTwice { at: inside(at, &field.name) });
        }
        let any_of = raw.any_of.into_iter().map(|one| one.required).collect();
        Ok(FieldSet::new(fields.into_iter().map(|(_, field)| field).collect(), any_of))
    }

    fn field(
        &self,
        name: &str,
        schema: &Value,
        at: &str,
        required: bool,
        top: bool,
        row_of: Option<&str>,
    ) -> Result<(u32, Field), SchemaFault> {
        known(schema, FIELD_KEYWORDS, at)?;
        let raw: RawField = shape(schema, at)?;
        fitting(
            schema,
            &raw,
            &["x-label", "x-order", "x-mask", "x-group", "x-holder", "x-check", "x-sensitive"],
            at,
        )?;
        let missing = |keyword| SchemaFault::KeywordMisplaced { at: at.to_owned(), keyword };
        let label = raw.label.clone().ok_or(missing("x-label"))?;
        let order = raw.order.ok_or(missing("x-order"))?;
        if raw.format == Some(Format::HolderCode) && raw.mask == Mask::None {
            // I3: without the mask, a type would show holders' numbers on every page.
            return Err(missing("x-mask"));
        }
        let rows = raw.kind == RawType::Array;
        for role in raw.holder.iter().chain(raw.check.as_ref().map(|check| &check.role)) {
            self.role(role, at, rows, row_of)?;
        }
        let kind = self.kind(&raw, schema, at, top)?;
        Ok((
            order,
            Field {
                name: name.to_owned(),
                label,
                required,
                mask: raw.mask,
                group: raw.group,
                holder: raw.holder,
                check: raw.check,
                unit: raw.unit,
                sensitive: raw.sensitive,
                kind,
            },
        ))
    }

    fn kind(&self, raw: &RawField, schema: &Value, at: &str, top: bool) -> Result<FieldKind, SchemaFault> {
        let misplaced = |keyword| SchemaFault::KeywordMisplaced { at: at.to_owned(), keyword };
        let (min_items, max_items) = (raw.min_items.unwrap_or(0), raw.max_items);
        match raw.kind {
            RawType::String => self.text(raw, at),
            RawType::Integer => Ok(FieldKind::Integer {
                min: raw.minimum.ok_or(misplaced("minimum"))?,
                max: raw.maximum.ok_or(misplaced("maximum"))?,
            }),
            RawType::Object | RawType::Array if !top => Err(SchemaFault::TooDeep { at: at.to_owned() }),
            RawType::Object => {
                let mut set = Map::new();
                for keyword in ["type", "properties", "required", "additionalProperties"] {
                    if let Some(value) = schema.get(keyword) {
                        set.insert(keyword.to_owned(), value.clone());
                    }
                }
                Ok(FieldKind::Group(self.set(&Value::Object(set), at, None)?))
            }
            RawType::Array => {
                let items = raw.items.as_ref().ok_or(misplaced("items"))?;
                let max = max_items.filter(|max| *max >= min_items).ok_or(misplaced("maxItems"))?;
                if items.get("properties").is_some() {
                    let fields = self.set(items, at, raw.holder.as_deref())?;
                    return Ok(FieldKind::Rows { fields, min: min_items, max });
                }
                known(items, FIELD_KEYWORDS, at)?;
                let item: RawField = shape(items, at)?;
                // A keyword of the field holds for the list: the list is masked as a whole and compared with
                // nobody.
                fitting(items, &item, &[], at)?;
                if item.format == Some(Format::HolderCode) && raw.mask == Mask::None {
                    return Err(misplaced("x-mask"));
                }
                let item = Box::new(self.kind(&item, items, at, false)?);
                Ok(FieldKind::List { item, min: min_items, max })
            }
        }
    }

    fn text(&self, raw: &RawField, at: &str) -> Result<FieldKind, SchemaFault> {
        let misplaced = |keyword| SchemaFault::KeywordMisplaced { at: at.to_owned(), keyword };
        let format = raw.format.ok_or(misplaced("format"))?;
        if raw.multiline && !matches!(format, Format::Text | Format::Address) {
            return Err(misplaced("x-multiline"));
        }
        if (format == Format::Code) != raw.code_list.is_some() {
            return Err(misplaced("x-code-list"));
        }
        if let Some(reference) = &raw.code_list {
            let list = self
                .lists
                .list(reference)
                .ok_or_else(|| SchemaFault::CodeListUnknown { at: at.to_owned(), list: reference.clone() })?;
            return Ok(FieldKind::Code(list.clone()));
        }
        if matches!(format, Format::Amount | Format::Area) != raw.unit.is_some() {
            return Err(misplaced("x-unit"));
        }
        let free = matches!(format, Format::Text | Format::Address | Format::Identifier);
        let one_of = raw.one_of.clone().unwrap_or_default();
        if free
            && one_of.is_empty()
            && (raw.max_length.is_none() || raw.min_length.is_none_or(|min| min == 0))
        {
            // Without bounds one face could fill the disk, and an empty text would pass for a field.
            return Err(misplaced("maxLength"));
        }
        let (min, max) = (raw.min_length.unwrap_or(1), raw.max_length.unwrap_or(64));
        if min > max {
            return Err(misplaced("minLength"));
        }
        Ok(FieldKind::Text { format, min, max, multiline: raw.multiline, one_of })
    }

    /// A list may belong to a role of many; a single field must mean one holder, or the holder of its row.
    fn role(&self, role: &str, at: &str, rows: bool, row_of: Option<&str>) -> Result<(), SchemaFault> {
        let known = self.roles.iter().find(|known| known.role == role);
        let fits =
            known.is_some_and(|known| rows || row_of == Some(role) || (row_of.is_none() && known.max == 1));
        if fits { Ok(()) } else { Err(SchemaFault::RoleUnfit { at: at.to_owned(), role: role.to_owned() }) }
    }
}

fn known(schema: &Value, keywords: &[&str], at: &str) -> Result<(), SchemaFault> {
    let unknown =
        schema.as_object().into_iter().flatten().find(|(name, _)| !keywords.contains(&name.as_str()));
    match unknown {
        Some((keyword, _)) => {
            Err(SchemaFault::KeywordUnknown { at: at.to_owned(), keyword: keyword.clone() })
        }
        None => Ok(()),
    }
}

/// Refuses a keyword that the kind of value has no use for: it would promise a check that nobody makes.
/// `around` are the keywords that any field may have.
fn fitting(schema: &Value, raw: &RawField, around: &[&str], at: &str) -> Result<(), SchemaFault> {
    let kind: &[&str] = match (raw.kind, raw.format) {
        (RawType::String, Some(Format::Code)) => &["type", "format", "x-code-list"],
        (RawType::String, _) => {
            &["type", "format", "enum", "minLength", "maxLength", "x-code-list", "x-unit", "x-multiline"]
        }
        (RawType::Integer, _) => &["type", "minimum", "maximum", "x-unit"],
        (RawType::Array, _) => &["type", "items", "minItems", "maxItems"],
        (RawType::Object, _) => &["type", "properties", "required", "additionalProperties"],
    };
    let foreign = FIELD_KEYWORDS.iter().find(|keyword| {
        let compared = **keyword != "x-check" || raw.kind == RawType::String;
        schema.get(**keyword).is_some() && !(kind.contains(keyword) || around.contains(keyword) && compared)
    });
    match foreign {
        Some(keyword) => Err(SchemaFault::KeywordMisplaced { at: at.to_owned(), keyword }),
        None => Ok(()),
    }
}

fn shape<T: for<'de> Deserialize<'de>>(schema: &Value, at: &str) -> Result<T, SchemaFault> {
    T::deserialize(schema).map_err(|source| SchemaFault::Shape { at: at.to_owned(), source })
}

fn inside(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
