//! The header of a CSV file, and a record under it as a draft.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::catalog::{CodeList, FaceSchema, FieldKind, Format};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::record::payload::Validity;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::strict;
use crate::registry::records::draft::{self, Draft, DraftHolder};
use crate::rule::Rule;
use crate::table::cell::{self, Epoch, Kind, Repair, Repairs};

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

impl Column {
    /// What its cells are, whatever the row's type.
    fn kind(&self) -> Kind {
        match self {
            Self::Type | Self::Issuer | Self::Identifier => Kind::Code,
            Self::IssuedOn | Self::ValidFrom => Kind::Day,
            Self::ValidTo => Kind::DayOrLong,
            Self::Attachments => Kind::Json,
            Self::Holder(_, HolderColumn::Name) => Kind::Text,
            Self::Holder(..) => Kind::Code,
            Self::Face(_) => Kind::Text,
        }
    }

    /// How an error names it.
    fn path(&self) -> String {
        match self {
            Self::Type => "type".to_owned(),
            Self::Issuer => "issuer".to_owned(),
            Self::IssuedOn => "issued_on".to_owned(),
            Self::ValidFrom => "valid_from".to_owned(),
            Self::ValidTo => "valid_to".to_owned(),
            Self::Identifier => "identifier".to_owned(),
            Self::Attachments => "attachments".to_owned(),
            Self::Holder(place, part) => format!("holders.{}.{}", place - 1, part.name()),
            Self::Face(name) => format!("face.{name}"),
        }
    }
}

impl HolderColumn {
    fn name(self) -> &'static str {
        match self {
            Self::CodeType => "code_type",
            Self::Code => "code",
            Self::Name => "name",
            Self::Role => "role",
            Self::Share => "share",
        }
    }
}

/// What each column holds.
pub(super) struct Columns {
    all: Vec<Column>,
    /// Of the workbook that the rows come from.
    epoch: Option<Epoch>,
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
        Ok(Self { all, epoch: None })
    }

    /// The draft of a row. Cells are read as people type them, and each repair is counted; an empty cell is an absent
    /// value.
    pub fn draft(&self, row: &[Cow<'_, str>], snapshot: &Snapshot, repairs: &mut Repairs) -> Result<Draft> {
        if row.len() != self.all.len() {
            return Err(cell_fault("record", Rule::CsvColumnCount, "the record has another number of cells"));
        }
        let schema = self.schema(row, snapshot)?;
        let mut cells = Vec::with_capacity(row.len());
        for (column, raw) in self.all.iter().zip(row) {
            let kind = match column {
                Column::Face(name) => schema.field(name).map_or(Kind::Text, |field| face_kind(&field.kind)),
                column => column.kind(),
            };
            let value = cell::value(raw, kind, self.epoch, repairs);
            cells.push(value.map_err(|rule| cell_fault(column.path(), rule, "the cell cannot be read"))?);
        }
        let cells = || {
            self.all
                .iter()
                .zip(&cells)
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(column, cell)| (column, &**cell))
        };
        let required = |name: &'static str, wanted: fn(&Column) -> bool| {
            let found = cells().find(|(column, _)| wanted(column)).map(|(_, cell)| cell.to_owned());
            found.ok_or_else(|| cell_fault(name, Rule::FieldMissing, "the cell is empty"))
        };
        let mut drafted = Draft {
            type_code: required("type", |column| matches!(column, Column::Type))?,
            issuer: required("issuer", |column| matches!(column, Column::Issuer))?,
            holders: holders(cells())?,
            face: Map::new(),
            issued_on: day(
                "issued_on",
                &required("issued_on", |column| matches!(column, Column::IssuedOn))?,
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
                        "长期" => Validity::LongTerm,
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
                    drafted.face.insert(name.clone(), face_value(schema, name, cell, repairs)?);
                }
                Column::Type | Column::Issuer | Column::IssuedOn | Column::Holder(..) => {}
            }
        }
        Ok(drafted)
    }

    /// The face schema of the row's type.
    fn schema<'s>(&self, row: &[Cow<'_, str>], snapshot: &'s Snapshot) -> Result<&'s FaceSchema> {
        let raw = self.all.iter().zip(row).find(|(column, _)| matches!(column, Column::Type));
        // Repairs are counted when the cell is read with the others.
        let cell = cell::value(raw.map_or("", |(_, cell)| cell), Kind::Code, None, &mut Repairs::default());
        let cell = cell.unwrap_or_default();
        if cell.is_empty() {
            return Err(cell_fault("type", Rule::FieldMissing, "the cell is empty"));
        }
        Ok(draft::type_entry(snapshot, &cell)?.face())
    }
}

/// A holder all of whose cells are empty is not there.
fn holders<'r>(cells: impl Iterator<Item = (&'r Column, &'r str)>) -> Result<Vec<DraftHolder>> {
    let mut holders: Vec<(usize, [Option<&str>; 5])> = Vec::new();
    for (column, cell) in cells {
        let Column::Holder(place, part) = column else { continue };
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

/// What the cells of a field are.
fn face_kind(kind: &FieldKind) -> Kind {
    match kind {
        FieldKind::Text { format, .. } => match format {
            Format::Text | Format::Address => Kind::Text,
            Format::Date => Kind::Day,
            Format::DateOrLong => Kind::DayOrLong,
            Format::PartialDate => Kind::PartialDay,
            Format::Time
            | Format::Amount
            | Format::Area
            | Format::Code
            | Format::HolderCode
            | Format::Identifier
            | Format::SealedReference => Kind::Code,
        },
        FieldKind::Code(_) | FieldKind::Integer { .. } => Kind::Code,
        FieldKind::List { .. } | FieldKind::Rows { .. } | FieldKind::Group(_) => Kind::Json,
    }
}

/// Text as it stands, except where the field is a number, a list or a group: those are JSON in their cell.
fn face_value(schema: &FaceSchema, name: &str, cell: &str, repairs: &mut Repairs) -> Result<Value> {
    match schema.field(name).map(|field| &field.kind) {
        Some(
            FieldKind::Integer { .. } | FieldKind::List { .. } | FieldKind::Rows { .. } | FieldKind::Group(_),
        ) => strict::value(cell)
            .ok()
            .ok_or_else(|| cell_fault(format!("face.{name}"), Rule::CsvCellJson, "the cell is not JSON")),
        Some(FieldKind::Code(list)) => listed(list, name, cell, repairs).map(Value::String),
        Some(FieldKind::Text { .. }) | None => Ok(Value::String(cell.to_owned())),
    }
}

/// A code, also where its name stands in its place. A code that lost its leading zero is refused as that.
fn listed(list: &CodeList, name: &str, cell: &str, repairs: &mut Repairs) -> Result<String> {
    if list.label(cell).is_some() {
        return Ok(cell.to_owned());
    }
    let mut named = list.codes.iter().filter(|entry| entry.zh == cell);
    if let (Some(entry), None) = (named.next(), named.next()) {
        repairs.add(Repair::CodeOfName, 1);
        return Ok(entry.code.clone());
    }
    let digits = !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
    let lost = |entry: &str| entry.len() > cell.len() && entry.trim_start_matches('0') == cell;
    if digits && list.codes.iter().any(|entry| lost(&entry.code)) {
        return Err(cell_fault(format!("face.{name}"), Rule::ZeroLost, "a leading zero is missing"));
    }
    Ok(cell.to_owned())
}

fn day(name: &'static str, cell: &str) -> Result<Day> {
    cell.parse().ok().ok_or_else(|| cell_fault(name, Rule::DateForm, "not a day as YYYY-MM-DD"))
}

fn cell_fault(field: impl Into<Cow<'static, str>>, rule: Rule, detail: &'static str) -> Error {
    Error::new(Code::FieldInvalid, detail).at(field).rule(rule)
}
