//! The header of a table, by the names of the format or by a mapping, and a row under it as a draft.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::catalog::{CodeList, FaceSchema, FieldKind, Format};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::record::payload::Validity;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::strict;
use crate::registry::records::draft::{self, Draft, DraftHolder};
use crate::rule::Rule;
use crate::table::cell::{self, CellKind, Epoch, Repair, Repairs};
use crate::table::mapping::Mapping;

/// More holders than any type has.
const MAX_HOLDERS: usize = 32;

enum Column {
    Type,
    Issuer,
    IssuedOn,
    AsOf,
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
    fn kind(&self) -> CellKind {
        match self {
            Self::Type | Self::Issuer | Self::Identifier => CellKind::Code,
            Self::IssuedOn | Self::AsOf | Self::ValidFrom => CellKind::Day,
            Self::ValidTo => CellKind::DayOrLong,
            Self::Attachments => CellKind::Json,
            Self::Holder(_, HolderColumn::Name) => CellKind::Text,
            Self::Holder(..) => CellKind::Code,
            Self::Face(_) => CellKind::Text,
        }
    }

    /// How an error names it.
    fn path(&self) -> String {
        match self {
            Self::Type => "type".to_owned(),
            Self::Issuer => "issuer".to_owned(),
            Self::IssuedOn => "issued_on".to_owned(),
            Self::AsOf => "as_of".to_owned(),
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

/// Columns that a file of refused rows has behind its own: a file that comes back has them too.
pub const RETURNED: [&str; 3] = ["退回原因", "退回列", "原文件行号"];

/// What each column holds.
pub struct Columns {
    /// What a column of the file fills: nothing, or some fields.
    all: Vec<Vec<Column>>,
    /// What stands in every row.
    constants: Vec<(Column, String)>,
    /// The headers as they stand in the file.
    names: Vec<String>,
    /// Of the workbook that the rows come from.
    epoch: Option<Epoch>,
}

fn header_fault(rule: Rule, detail: String) -> Error {
    Error::new(Code::ConfigInvalid, detail).at("file").rule(rule)
}

/// Whether a header is one of the format's own names.
pub(super) fn is_own(name: &str) -> bool {
    column(name).is_some()
}

impl Columns {
    /// Reads a header, by a mapping where there is one; a column that is not known, or a field that is filled twice,
    /// refuses the file.
    pub fn of_header(names: Vec<String>, mapping: Option<&Mapping>, epoch: Option<Epoch>) -> Result<Self> {
        let mut all = Vec::with_capacity(names.len());
        for (name, place) in names.iter().zip(1..) {
            let unknown =
                || header_fault(Rule::CsvColumnUnknown, format!("the header of column {place} is not known"));
            let own = || column(name).map(|own| vec![own]);
            // A column without header and cells stands at the edge of many sheets.
            let returned = RETURNED.contains(&name.trim());
            let blank = || (mapping.is_some() && name.trim().is_empty() || returned).then(Vec::new);
            let mapped = mapping.and_then(|mapping| mapping.to(name));
            all.push(match mapped {
                Some(to) => {
                    to.iter().map(|to| column(to).ok_or_else(|| target_fault(to))).collect::<Result<_>>()?
                }
                None => own().or_else(blank).ok_or_else(unknown)?,
            });
        }
        let mut constants = Vec::new();
        if let Some(mapping) = mapping {
            let given = [("type", &mapping.type_code), ("issuer", &mapping.issuer)];
            let more = mapping.constants.iter().map(|(name, value)| (name.as_str(), value));
            for (name, value) in given.into_iter().chain(more) {
                constants.push((column(name).ok_or_else(|| target_fault(name))?, value.clone()));
            }
            let absent = mapping.columns.iter().find(|mapped| {
                !mapped.to.is_empty()
                    && !names.iter().any(|name| mapping.to(name) == Some(mapped.to.as_slice()))
            });
            if let Some(absent) = absent {
                let detail = format!("the file has no column {}, which the mapping names", absent.header);
                return Err(header_fault(Rule::MappingColumn, detail));
            }
        }
        let columns = Self { all, constants, names, epoch };
        columns.whole()?;
        Ok(columns)
    }

    fn whole(&self) -> Result<()> {
        let mut paths: Vec<String> = Vec::new();
        for column in self.all.iter().flatten().chain(self.constants.iter().map(|(column, _)| column)) {
            let path = column.path();
            if paths.contains(&path) {
                let filled = |columns: &Vec<Column>| columns.iter().any(|column| column.path() == path);
                let twice = self.all.iter().zip(&self.names).filter(|(columns, _)| filled(columns));
                let twice: Vec<&str> = twice.map(|(_, name)| name.as_str()).collect();
                let detail = format!("{path} is filled twice: {}", twice.join(", "));
                return Err(header_fault(Rule::CsvColumnTwice, detail));
            }
            paths.push(path);
        }
        match ["type", "issuer"].iter().all(|name| paths.iter().any(|path| path == name)) {
            true => Ok(()),
            false => Err(header_fault(Rule::CsvHeader, "the header has no type or no issuer".to_owned())),
        }
    }

    /// The headers as they stand in the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The column to blame, where an error names its field: its place from 0, and its header.
    pub fn place_of(&self, field: &str, snapshot: &Snapshot) -> Option<(usize, &str)> {
        let number = (field == "number").then(|| self.number_field(snapshot)).flatten();
        let field = match (field, &number) {
            ("number", Some(number)) => number.as_str(),
            ("holders", _) => "holders.0.name",
            (field, _) => field,
        };
        let own = |column: &Column| {
            let path = column.path();
            field == path
                || field.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        let at = self.all.iter().position(|columns| columns.iter().any(own))?;
        self.names.get(at).map(|name| (at, name.as_str()))
    }

    /// The headers of the columns that an error may blame which no single row is read for, by the field that it names.
    pub fn called(&self, snapshot: &Snapshot) -> BTreeMap<String, String> {
        let fields = ["number", "identifier", "holders", "as_of", "issued_on"];
        let called = fields.into_iter().filter_map(|field| {
            self.place_of(field, snapshot).map(|(_, header)| (field.to_owned(), header.to_owned()))
        });
        called.collect()
    }

    /// The field of the face that is the number of the rows' type; none where the rows are of several types.
    fn number_field(&self, snapshot: &Snapshot) -> Option<String> {
        let constant = self.constants.iter().find(|(column, _)| matches!(column, Column::Type));
        if let Some((_, named)) = constant {
            return Some(format!("face.{}", draft::type_entry(snapshot, named).ok()?.def().number.field));
        }
        let numbers = snapshot.catalog.types().into_iter().map(|entry| &entry.def().number.field);
        let numbers: BTreeSet<&String> = numbers.collect();
        let mut columns = self.all.iter().flatten().filter_map(|column| match column {
            Column::Face(name) if numbers.contains(name) => Some(name),
            _ => None,
        });
        let first = columns.next()?;
        columns.next().is_none().then(|| format!("face.{first}"))
    }

    /// The draft of a row, and the day of its data where a column has it. Cells are read as people type them, and each
    /// repair is counted; an empty cell is an absent value.
    pub fn draft(
        &self,
        row: &[Cow<'_, str>],
        snapshot: &Snapshot,
        repairs: &mut Repairs,
    ) -> Result<(Draft, Option<Day>)> {
        if row.len() != self.all.len() {
            return Err(cell_fault("record", Rule::CsvColumnCount, "the record has another number of cells"));
        }
        let schema = self.schema(row, snapshot)?;
        let filled = self.filled(row, schema, repairs)?;
        let cells = || filled.iter().map(|(column, cell)| (*column, &**cell));
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
        let mut as_of = None;
        for (column, cell) in cells() {
            match column {
                Column::AsOf => as_of = Some(day("as_of", cell)?),
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
        Ok((drafted, as_of))
    }

    /// What the cells of a row fill, each value as it was read; fields without a value are not there.
    fn filled<'r>(
        &'r self,
        row: &'r [Cow<'_, str>],
        schema: &FaceSchema,
        repairs: &mut Repairs,
    ) -> Result<Vec<(&'r Column, Cow<'r, str>)>> {
        let mut filled = Vec::with_capacity(row.len() + self.constants.len());
        let constants =
            self.constants.iter().map(|(column, value)| (std::slice::from_ref(column), value.as_str()));
        let cells = self.all.iter().zip(row).map(|(columns, cell)| (columns.as_slice(), &**cell));
        for (columns, raw) in constants.chain(cells) {
            for (at, column) in columns.iter().enumerate() {
                let kind = match column {
                    Column::Face(name) => {
                        schema.field(name).map_or(CellKind::Text, |field| face_kind(&field.kind))
                    }
                    column => column.kind(),
                };
                // A cell that fills two fields is repaired once.
                let mut again = Repairs::default();
                let counted = if at == 0 { &mut *repairs } else { &mut again };
                let value = cell::value(raw, kind, self.epoch, counted);
                let value =
                    value.map_err(|rule| cell_fault(column.path(), rule, "the cell cannot be read"))?;
                if !value.is_empty() {
                    filled.push((column, value));
                }
            }
        }
        Ok(filled)
    }

    /// The face schema of the row's type.
    fn schema<'s>(&self, row: &[Cow<'_, str>], snapshot: &'s Snapshot) -> Result<&'s FaceSchema> {
        let is_type = |column: &Column| matches!(column, Column::Type);
        let constant =
            self.constants.iter().find(|(column, _)| is_type(column)).map(|(_, value)| value.as_str());
        let own = self.all.iter().zip(row).find(|(columns, _)| columns.iter().any(is_type));
        let raw = constant.or(own.map(|(_, cell)| &**cell)).unwrap_or_default();
        // Repairs are counted when the cell is read with the others.
        let cell = cell::value(raw, CellKind::Code, None, &mut Repairs::default()).unwrap_or_default();
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
        "as_of" => Column::AsOf,
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
fn face_kind(kind: &FieldKind) -> CellKind {
    match kind {
        FieldKind::Text { format, .. } => match format {
            Format::Text | Format::Address => CellKind::Text,
            Format::Date => CellKind::Day,
            Format::DateOrLong => CellKind::DayOrLong,
            Format::PartialDate => CellKind::PartialDay,
            Format::Time
            | Format::Amount
            | Format::Area
            | Format::Code
            | Format::HolderCode
            | Format::Identifier
            | Format::SealedReference => CellKind::Code,
        },
        FieldKind::Code(_) | FieldKind::Integer { .. } => CellKind::Code,
        FieldKind::List { .. } | FieldKind::Rows { .. } | FieldKind::Group(_) => CellKind::Json,
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
    // A people stands on cards and in files without its last character: 汉, 维吾尔.
    let is_named = |name: &str| name == cell || name.strip_suffix('族') == Some(cell);
    let mut named = list.codes.iter().filter(|entry| is_named(&entry.zh));
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

pub(super) fn target_fault(name: &str) -> Error {
    let detail = format!("the mapping fills {name}, which is no field of a row");
    Error::new(Code::ConfigInvalid, detail).at("mapping").rule(Rule::MappingField)
}

fn day(name: &'static str, cell: &str) -> Result<Day> {
    cell.parse().ok().ok_or_else(|| cell_fault(name, Rule::DateForm, "not a day as YYYY-MM-DD"))
}

fn cell_fault(field: impl Into<Cow<'static, str>>, rule: Rule, detail: &'static str) -> Error {
    Error::new(Code::FieldInvalid, detail).at(field).rule(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_people_is_known_as_the_card_prints_it() {
        let list: CodeList =
            serde_json::from_str(include_str!("../../../schema/code-lists/ethnic_group.json")).unwrap();
        let mut repairs = Repairs::default();
        let mut code = |cell| listed(&list, "ethnic_group", cell, &mut repairs).unwrap();
        assert_eq!(["汉", "汉族", "维吾尔", "01"].map(&mut code), ["01", "01", "05", "01"]);
        assert_eq!(["", "族", "汉人", "土"].map(&mut code), ["", "族", "汉人", "30"]);
        assert_eq!(repairs.each().collect::<Vec<_>>(), [(Repair::CodeOfName, 4)]);
    }
}
