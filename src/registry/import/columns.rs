//! The header of a CSV file, and a record under it as a draft.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::catalog::{FaceSchema, FieldKind};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::record::payload::Validity;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::strict;
use crate::registry::records::draft::{self, Draft, DraftHolder};
use crate::rule::Rule;

/// More holders than any type has.
const MAX_HOLDERS: usize = 32;

enum Column {
    Type,
    Issuer,
    IssuedOn,
    ValidFrom,
    ValidTo,
    Identifier,
    Attachments,
    Holder(usize, HolderColumn),
    Face(String),
}

#[derive(Clone, Copy)]
enum HolderColumn {
    CodeType,
    Code,
    Name,
    Role,
    Share,
}

/// The content of each column.
pub(super) struct Columns {
    all: Vec<Column>,
}

fn header_fault(rule: Rule, detail: String) -> Error {
    Error::new(Code::ConfigInvalid, detail).at("file").rule(rule)
}

impl Columns {
    /// Reads a header; a column that is not known, or stands twice, refuses the file.
    pub fn of_header(header: &[Cow<'_, str>]) -> Result<Self> {
        let mut all = Vec::new();
        for (name, place) in header.iter().zip(1..) {
            let column = column(name).ok_or_else(|| {
                header_fault(Rule::CsvColumnUnknown, format!("the header of column {place} is not known"))
            })?;
            if header.iter().filter(|other| *other == name).count() > 1 {
                return Err(header_fault(Rule::CsvColumnTwice, format!("column {place} stands twice")));
            }
            all.push(column);
        }
        let has = |wanted: fn(&Column) -> bool| all.iter().any(wanted);
        if !has(|column| matches!(column, Column::Type)) || !has(|column| matches!(column, Column::Issuer)) {
            return Err(header_fault(Rule::CsvHeader, "the header has no type or no issuer".to_owned()));
        }
        Ok(Self { all })
    }

    /// The draft of a record. Cells are taken verbatim; an empty cell is an absent value.
    pub fn draft(&self, record: &[Cow<'_, str>], snapshot: &Snapshot) -> Result<Draft> {
        if record.len() != self.all.len() {
            return Err(cell_fault("record", Rule::CsvColumnCount, "the record has another number of cells"));
        }
        let cells = || {
            self.all
                .iter()
                .zip(record)
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(column, cell)| (column, &**cell))
        };
        let find =
            |wanted: fn(&Column) -> bool| cells().find(|(column, _)| wanted(column)).map(|(_, cell)| cell);
        let required = |name: &'static str, found: Option<&str>| {
            found.map(str::to_owned).ok_or_else(|| cell_fault(name, Rule::FieldMissing, "the cell is empty"))
        };
        let type_code = required("type", find(|column| matches!(column, Column::Type)))?;
        let schema = draft::type_entry(snapshot, &type_code)?.face();
        let mut drafted = Draft {
            type_code,
            issuer: required("issuer", find(|column| matches!(column, Column::Issuer)))?,
            holders: self.holders(record)?,
            face: Map::new(),
            issued_on: day(
                "issued_on",
                &required("issued_on", find(|column| matches!(column, Column::IssuedOn)))?,
            )?,
            valid_from: None,
            valid_to: None,
            attachments: Vec::new(),
            identifier: None,
        };
        for (column, cell) in cells() {
            match column {
                Column::ValidFrom => drafted.valid_from = Some(day("valid_from", cell)?),
                Column::ValidTo => {
                    drafted.valid_to = Some(match cell {
                        "长期" | "long_term" => Validity::LongTerm,
                        cell => Validity::Until(day("valid_to", cell)?),
                    });
                }
                Column::Identifier => drafted.identifier = Some(cell.to_owned()),
                Column::Attachments => {
                    let fault =
                        || cell_fault("attachments", Rule::CsvCellJson, "the cell is not a JSON list");
                    drafted.attachments = serde_json::from_str(cell).ok().ok_or_else(fault)?;
                }
                Column::Face(name) => {
                    drafted.face.insert(name.clone(), face_value(schema, name, cell)?);
                }
                Column::Type | Column::Issuer | Column::IssuedOn | Column::Holder(..) => {}
            }
        }
        Ok(drafted)
    }

    /// A holder all of whose cells are empty is not there.
    fn holders(&self, record: &[Cow<'_, str>]) -> Result<Vec<DraftHolder>> {
        let mut holders: Vec<(usize, [Option<&str>; 5])> = Vec::new();
        for (column, cell) in self.all.iter().zip(record) {
            let Column::Holder(place, part) = column else { continue };
            if cell.is_empty() {
                continue;
            }
            let at = match holders.iter().position(|(known, _)| known == place) {
                Some(at) => at,
                None => {
                    holders.push((*place, [None; 5]));
                    holders.len() - 1
                }
            };
            if let Some(slot) = holders.get_mut(at).and_then(|(_, parts)| parts.get_mut(*part as usize)) {
                *slot = Some(cell);
            }
        }
        holders.sort_by_key(|(place, _)| *place);
        let mut made = Vec::with_capacity(holders.len());
        for (index, (_, [code_type, code, name, role, share])) in holders.into_iter().enumerate() {
            let part = |name: &str, cell: Option<&str>| {
                let missing =
                    || cell_fault(format!("holders.{index}.{name}"), Rule::FieldMissing, "the cell is empty");
                cell.map(str::to_owned).ok_or_else(missing)
            };
            made.push(DraftHolder {
                code_type: part("code_type", code_type)?,
                code: part("code", code)?,
                name: part("name", name)?,
                role: role.map(str::to_owned),
                share: share.map(str::to_owned),
            });
        }
        Ok(made)
    }
}

fn column(name: &str) -> Option<Column> {
    Some(match name {
        "type" => Column::Type,
        "issuer" => Column::Issuer,
        "issued_on" => Column::IssuedOn,
        "valid_from" => Column::ValidFrom,
        "valid_to" => Column::ValidTo,
        "identifier" => Column::Identifier,
        "attachments" => Column::Attachments,
        other => {
            let (group, part) = other.split_once('.')?;
            if group == "face" && !part.is_empty() {
                return Some(Column::Face(part.to_owned()));
            }
            let place = match group.strip_prefix("holder")? {
                "" => 1,
                number => number.parse().ok().filter(|place| (2..=MAX_HOLDERS).contains(place))?,
            };
            let part = match part {
                "code_type" => HolderColumn::CodeType,
                "code" => HolderColumn::Code,
                "name" => HolderColumn::Name,
                "role" => HolderColumn::Role,
                "share" => HolderColumn::Share,
                _ => return None,
            };
            Column::Holder(place, part)
        }
    })
}

/// Text as it stands, unless the field is a number, a list or a group: those are JSON in their cell.
fn face_value(schema: &FaceSchema, name: &str, cell: &str) -> Result<Value> {
    match schema.field(name).map(|field| &field.kind) {
        Some(
            FieldKind::Integer { .. } | FieldKind::List { .. } | FieldKind::Rows { .. } | FieldKind::Group(_),
        ) => strict::value(cell)
            .ok()
            .ok_or_else(|| cell_fault(format!("face.{name}"), Rule::CsvCellJson, "the cell is not JSON")),
        Some(FieldKind::Text { .. } | FieldKind::Code(_)) | None => Ok(Value::String(cell.to_owned())),
    }
}

fn day(name: &'static str, cell: &str) -> Result<Day> {
    cell.parse().ok().ok_or_else(|| cell_fault(name, Rule::DateForm, "not a day as YYYY-MM-DD"))
}

fn cell_fault(field: impl Into<Cow<'static, str>>, rule: Rule, detail: &'static str) -> Error {
    Error::new(Code::FieldInvalid, detail).at(field).rule(rule)
}
