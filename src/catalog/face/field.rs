//! The fields of a compiled face.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::{CodeList, Label};

/// One field: its label, its kind, and its holder.
#[derive(Debug, Clone)]
pub struct Field {
    /// The key in the face.
    pub name: String,
    /// The text shown for it.
    pub label: Label,
    /// Whether a face without it is refused.
    pub required: bool,
    /// Its mask, for tasks that do not need the whole.
    pub mask: Mask,
    /// Fields of one group are shown together.
    pub group: Option<String>,
    /// The role whose own field it is; for a list, item n belongs to the role's n-th holder.
    pub holder: Option<String>,
    /// The fact that it must agree with.
    pub check: Option<Check>,
    /// Its unit, as shown: 万元, 平方米.
    pub unit: Option<String>,
    /// Never in a slot's default request.
    pub sensitive: bool,
    /// The kind of its values.
    pub kind: FieldKind,
}

impl Field {
    /// The fields inside a list of objects or a group.
    pub fn inner(&self) -> Option<&FieldSet> {
        match &self.kind {
            FieldKind::Rows { fields, .. } | FieldKind::Group(fields) => Some(fields),
            _ => None,
        }
    }

    /// Whether it holds the name of a person or body: it must agree with a holder's name, or its own name
    /// says so.
    pub fn is_name(&self) -> bool {
        self.check.as_ref().is_some_and(|check| check.rule == CheckRule::HolderName)
            || self.name == "name"
            || self.name.ends_with("_name")
    }

    /// The code list of a code field or of a list of codes.
    pub fn code_list(&self) -> Option<&Arc<CodeList>> {
        match &self.kind {
            FieldKind::Code(list) => Some(list),
            FieldKind::List { item, .. } => match item.as_ref() {
                FieldKind::Code(list) => Some(list),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The kind of values of a field.
#[derive(Debug, Clone)]
pub enum FieldKind {
    /// A text of a format.
    Text {
        /// The format.
        format: Format,
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
        /// Whether it may have line breaks.
        multiline: bool,
        /// The only texts allowed; empty for any.
        one_of: Vec<String>,
    },
    /// A whole number.
    Integer {
        /// Least.
        min: i64,
        /// Most.
        max: i64,
    },
    /// A code of a list.
    Code(Arc<CodeList>),
    /// A list of plain values, each at most once.
    List {
        /// The kind of each.
        item: Box<FieldKind>,
        /// Fewest.
        min: usize,
        /// Most.
        max: usize,
    },
    /// A list of objects.
    Rows {
        /// The fields of each.
        fields: FieldSet,
        /// Fewest.
        min: usize,
        /// Most.
        max: usize,
    },
    /// One object.
    Group(FieldSet),
}

/// Format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A day, YYYY-MM-DD.
    Date,
    /// A day or 长期.
    DateOrLong,
    /// YYYY, YYYY-MM or YYYY-MM-DD, as exactly as it is known.
    PartialDate,
    /// A clock time of UTC+8 to the minute, YYYY-MM-DDTHH:MM.
    Time,
    /// An amount of money: a decimal number as text, the unit in `x-unit`.
    Amount,
    /// An area: a decimal number as text, the unit in `x-unit`.
    Area,
    /// An address, one line.
    Address,
    /// A code of the list in `x-code-list`.
    Code,
    /// The number of a holder, as [`crate::identity::is_printed_code`] defines it: 军字第0123456号 is one.
    HolderCode,
    /// A printed number: any characters but blanks.
    Identifier,
    /// Any text.
    Text,
    /// SHA-256 of an attachment that is sealed on its own, 64 lower-case hexadecimal digits.
    SealedReference,
}

/// How a value is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    /// Shown whole.
    #[default]
    None,
    /// Like a citizen's number.
    Id,
    /// Like an account or telephone number: the last four.
    Account,
    /// Not shown at all.
    Hidden,
}

/// A field must agree with a fact about a holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The fact.
    pub rule: CheckRule,
    /// The role of the holder.
    pub role: String,
}

/// A fact that a field must agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckRule {
    /// The holder's name.
    HolderName,
    /// The holder's number.
    HolderCode,
    /// The field begins with the holder's number.
    HolderCodePrefix,
    /// The type of the holder's code.
    HolderCodeType,
    /// The sex in the holder's number.
    HolderSex,
    /// The birth date in the holder's number.
    HolderBirthDate,
}

/// The fields of a face, a group or an item.
#[derive(Debug, Clone, Default)]
pub struct FieldSet {
    fields: Vec<Field>,
    by_name: HashMap<String, usize>,
    any_of: Vec<Vec<String>>,
}

impl FieldSet {
    pub(super) fn new(fields: Vec<Field>, any_of: Vec<Vec<String>>) -> Self {
        let by_name = fields.iter().enumerate().map(|(at, field)| (field.name.clone(), at)).collect();
        Self { fields, by_name, any_of }
    }

    /// In the order in which they are shown.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).and_then(|at| self.fields.get(*at))
    }

    /// Sets of fields; one set must be there whole. Empty if there is no such rule.
    pub fn any_of(&self) -> &[Vec<String>] {
        &self.any_of
    }
}
