//! Which column of a department's file is what: a mapping, as it is shown, kept and read by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Field, TypeEntry};

/// How a file of one type and agency is read. Shown before anything is written, and kept with a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Layout: 1.
    pub v: u32,
    /// Type code or slug of the records.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The issuing agency's credit code.
    pub issuer: String,
    /// The sheet of a workbook; the only one with rows where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The columns, by their header.
    pub columns: Vec<MappedColumn>,
    /// What stands in every row and in no column: `holder.code_type` and others, by the name of the field.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
}

/// One column of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// The header as it stands in the file; two levels of a merged header are written one behind the other.
    pub header: String,
    /// The fields it fills: `holder.code`, `issued_on`, `face.card_no`. None: the column is left out.
    pub to: Vec<String>,
}

impl Mapping {
    /// What a column fills; none where the mapping does not know the header.
    pub fn to(&self, header: &str) -> Option<&[String]> {
        let plain = plain(header);
        self.columns
            .iter()
            .find(|column| self::plain(&column.header) == plain)
            .map(|column| column.to.as_slice())
    }

    /// Headers that are left out.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| column.to.is_empty()).map(|column| column.header.as_str())
    }

    /// Fields without which no row can be read, and that neither a column nor a constant fills.
    pub fn missing(&self, entry: &TypeEntry) -> Vec<UnfilledField> {
        let filled = |lacking: &UnfilledField| {
            self.constants.contains_key(&lacking.to)
                || self.columns.iter().any(|column| column.to.contains(&lacking.to))
        };
        let row = [
            ("issued_on", "签发日期"),
            ("holder.code_type", "号码类型"),
            ("holder.code", "号码"),
            ("holder.name", "姓名或名称"),
        ];
        // A type of one role says itself whose certificate it is.
        let role = (entry.def().holders.len() > 1).then_some(("holder.role", "持证人在证照上的身份"));
        let row = row.into_iter().chain(role);
        let row = row.map(|(to, zh)| UnfilledField { to: to.to_owned(), zh: zh.to_owned() });
        let face = entry.face().fields().iter().filter(|field| field.required);
        let face = face.map(|field| UnfilledField { to: self::face(field), zh: field.label.zh.clone() });
        row.chain(face).filter(|lacking| !filled(lacking)).collect()
    }
}

/// A field that every row needs and no column fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfilledField {
    /// As a mapping names it.
    pub to: String,
    /// As a document prints it.
    pub zh: String,
}

impl std::fmt::Display for UnfilledField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.zh, self.to)
    }
}

/// A header without what is not its word: blanks, stars, colons, brackets.
pub(super) fn plain(header: &str) -> String {
    let kept = |c: &char| !c.is_whitespace() && !"*＊:：()（）[]【】/、_\"'".contains(*c);
    header.chars().filter(kept).collect()
}

/// The same without what stands in brackets: 身份证号（18位）.
pub(super) fn outside_brackets(header: &str) -> String {
    let mut depth = 0_u32;
    let outside = header.chars().filter(|c| {
        match c {
            '(' | '（' | '[' | '【' => depth += 1,
            ')' | '）' | ']' | '】' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    plain(&outside.collect::<String>())
}

/// How a mapping names a field of the face.
pub(super) fn face(field: &Field) -> String {
    format!("face.{}", field.name)
}
