//! A table of items, read: each item with its materials, faults by line, and what a person should know of the rest.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::columns::{self, Column, OF_ITEM, OF_SLOT};
use super::rows::{MOST, TextRow, rows, too_many};
use crate::catalog::items::{Condition, ItemDef};
use crate::error::{Code, Error, Result};
use crate::rule::Rule;
use crate::table::cell::{self, Epoch, Repairs};
use crate::table::{Encoding, heading};

/// Faults that are told; more are counted.
const TOLD: usize = 500;

/// What a table gave.
#[derive(Debug)]
pub struct ItemTable {
    /// The items, in the order of their first rows; none of them if there is a fault.
    pub items: Vec<ItemDef>,
    /// What is wrong, in the order of the rows.
    pub faults: Vec<TableFault>,
    /// What was passed over or taken for granted, in sentences.
    pub remarks: Vec<String>,
    /// Rows with something in them, without the header.
    pub rows: usize,
    /// Of a file of text.
    pub encoding: Option<Encoding>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFault {
    /// Its line, as an editor or a spreadsheet shows it.
    pub line: u64,
    /// The header of the column; empty where the whole row is meant.
    pub column: String,
    /// The rule.
    pub rule: Rule,
    /// What is meant, where the rule does not say all; nothing of a person stands in such a table.
    pub about: String,
}

/// An item on its way: the line of its first row, its cells by column, its materials.
struct Draft {
    line: u64,
    cells: BTreeMap<usize, Value>,
    slots: Vec<(u64, BTreeMap<usize, Value>)>,
}

struct Reading {
    /// For each column of the file ours, and whether it is of the material.
    columns: Vec<Option<(bool, usize)>>,
    epoch: Option<Epoch>,
    drafts: Vec<(String, Draft)>,
    faults: Vec<TableFault>,
    repairs: Repairs,
}

/// Reads a file: CSV by its ending, or a workbook, of which `sheet` names one of several sheets.
///
/// # Errors
/// `config_invalid` where the file cannot be read at all, no row of it is the header (`item_table_header`), none stands behind
/// it (`item_table_empty`), or more than a table has (`too_many`).
pub fn read(path: &Path, sheet: Option<&str>) -> Result<ItemTable> {
    let (all, epoch, encoding) = rows(path, sheet)?;
    if all.is_empty() {
        return Err(empty("the file is empty"));
    }
    let top: Vec<_> = all.iter().take(heading::LOOKED_AT).map(|row| (row.line, row.cells.clone())).collect();
    let known = |name: &str| columns::of_name(name.trim()).is_some();
    let header =
        heading::find(&top, &known).filter(|found| found.names.iter().any(|name| name.trim() == "实施编码"));
    let header = header.ok_or_else(|| {
        let detail = "no row of the first twelve is a header with the column 实施编码";
        Error::new(Code::ConfigInvalid, detail).at("file").rule(Rule::ItemTableHeader)
    })?;
    let mut remarks = Vec::new();
    let mut reading = Reading {
        columns: Vec::new(),
        epoch,
        drafts: Vec::new(),
        faults: Vec::new(),
        repairs: Repairs::default(),
    };
    reading.header(header.line, &header.names, &mut remarks);
    let data: Vec<&TextRow> = all.iter().filter(|row| row.line > header.line).collect();
    for row in &data {
        reading.row(row);
    }
    reading.missing_columns(&mut remarks);
    let rows =
        data.iter().filter(|row| row.fault.is_some() || row.cells.iter().any(|cell| !cell.trim().is_empty()));
    let rows = rows.count();
    match rows {
        0 => return Err(empty("no row stands behind the header")),
        rows if rows > MOST => return Err(too_many()),
        _ => {}
    }
    let mut items = Vec::new();
    for (code, draft) in std::mem::take(&mut reading.drafts) {
        items.extend(reading.item(&code, draft));
    }
    for (repair, times) in reading.repairs.each() {
        remarks.push(format!("已改写：{} {times} 处", repair.zh()));
    }
    reading.faults.sort_by_key(|fault| fault.line);
    if reading.faults.len() > TOLD {
        remarks.push(format!("共有 {} 处错误，只列出前 {TOLD} 处", reading.faults.len()));
        reading.faults.truncate(TOLD);
    }
    if !reading.faults.is_empty() {
        items.clear();
    }
    Ok(ItemTable { items, faults: reading.faults, remarks, rows, encoding })
}

fn empty(detail: &'static str) -> Error {
    Error::new(Code::ConfigInvalid, detail).at("file").rule(Rule::ItemTableEmpty)
}

fn column_of(of_slot: bool, at: usize) -> Option<&'static Column> {
    if of_slot { OF_SLOT.get(at) } else { OF_ITEM.get(at) }
}

impl Reading {
    fn fault(&mut self, line: u64, column: &str, rule: Rule, about: impl Into<String>) {
        self.faults.push(TableFault { line, column: column.to_owned(), rule, about: about.into() });
    }

    fn header(&mut self, line: u64, names: &[String], remarks: &mut Vec<String>) {
        let (mut unknown, mut not_kept): (Vec<&str>, Vec<&str>) = Default::default();
        for name in names {
            let name = name.trim();
            let found = columns::of_name(name);
            if found.is_some() && self.columns.contains(&found) {
                self.fault(line, name, Rule::CsvColumnTwice, "");
            }
            if columns::NOT_KEPT.contains(&name) {
                not_kept.push(name);
            } else if found.is_none() && !name.is_empty() {
                unknown.push(name);
            }
            self.columns.push(found);
        }
        for (what, names) in
            [("不认识的列，没有读入：", unknown), ("事项定义不保存的列，没有读入：", not_kept)]
        {
            if !names.is_empty() {
                remarks.push(format!("{what}{}", names.join("、")));
            }
        }
    }

    /// Our own columns, which a provincial table has not, and what was taken for granted without them.
    fn missing_columns(&self, remarks: &mut Vec<String>) {
        for (name, taken) in [
            ("当事人角色", "当事人只有申请人一个角色"),
            ("办理方式", "每份材料都由申请人自备"),
            ("材料分类", "每份材料都归入“其他”"),
            ("材料必要性", "每份材料都是必要的"),
            ("材料适用情形", "每份材料在任何情形下都要"),
            ("情形", "没有情形引导"),
        ] {
            if !self.columns.contains(&columns::of_name(name)) {
                remarks.push(format!("没有“{name}”列：{taken}"));
            }
        }
    }

    fn row(&mut self, row: &TextRow) {
        if let Some(rule) = row.fault {
            return self.fault(row.line, "", rule, "");
        }
        if row.cells.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        if row.cells.iter().skip(self.columns.len()).any(|cell| !cell.trim().is_empty()) {
            return self.fault(row.line, "", Rule::CsvColumnCount, "");
        }
        let (of_item, of_slot) = self.cells(row);
        let code_at = OF_ITEM.iter().position(|column| column.name == "实施编码");
        let code = code_at.and_then(|at| of_item.get(&at)).and_then(Value::as_str).map(str::to_owned);
        // The cells of an item are merged in many tables: below the first row they are empty.
        let code = code.or_else(|| self.drafts.last().map(|(code, _)| code.clone()));
        let Some(code) = code else {
            return self.fault(row.line, "实施编码", Rule::FieldMissing, "");
        };
        let at = self.drafts.iter().rposition(|(known, _)| *known == code);
        let at = at.unwrap_or_else(|| {
            let draft = Draft { line: row.line, cells: BTreeMap::new(), slots: Vec::new() };
            self.drafts.push((code, draft));
            self.drafts.len() - 1
        });
        let mut differ = Vec::new();
        if let Some((_, draft)) = self.drafts.get_mut(at) {
            for (column, value) in of_item {
                match draft.cells.get(&column) {
                    Some(known) if *known != value => differ.push(column),
                    Some(_) => {}
                    None => drop(draft.cells.insert(column, value)),
                }
            }
            if !of_slot.is_empty() {
                draft.slots.push((row.line, of_slot));
            }
        }
        for column in differ {
            let name = column_of(false, column).map_or("", |column| column.name);
            self.fault(row.line, name, Rule::ItemRowsDiffer, "");
        }
    }

    /// The cells of a row that are not empty, by column: those of the item, and those of the material.
    fn cells(&mut self, row: &TextRow) -> (BTreeMap<usize, Value>, BTreeMap<usize, Value>) {
        let (mut of_item, mut of_slot) = (BTreeMap::new(), BTreeMap::new());
        for (place, text) in row.cells.iter().enumerate() {
            let Some((slot, at)) = self.columns.get(place).copied().flatten() else { continue };
            let Some(column) = column_of(slot, at) else { continue };
            let read = cell::value(text, column.held.kind(), self.epoch, &mut self.repairs);
            let value = read.map(|text| text.into_owned()).and_then(|text| match text.is_empty() {
                true => Ok(None),
                false => term(column, &text).unwrap_or_else(|| column.held.value(&text)).map(Some),
            });
            match value {
                Ok(None) => {}
                Ok(Some(value)) => {
                    let condition = column.name == "材料适用情形";
                    if condition && value.as_str().is_some_and(|text| Condition::parse(text).is_err()) {
                        self.fault(row.line, column.name, Rule::ItemCondition, "");
                    }
                    drop(if slot { of_slot.insert(at, value) } else { of_item.insert(at, value) });
                }
                Err(rule) => self.fault(row.line, column.name, rule, ""),
            }
        }
        (of_item, of_slot)
    }

    /// The item of a draft; none where it is none, which is a fault of its first row.
    fn item(&mut self, code: &str, draft: Draft) -> Option<ItemDef> {
        let before = self.faults.len();
        let mut item = object(OF_ITEM, draft.cells);
        settle_item(&mut item, code);
        let mut slots = Vec::new();
        for (place, (line, cells)) in draft.slots.into_iter().enumerate() {
            let mut slot = object(OF_SLOT, cells);
            if is_missing(&slot, "材料名称") {
                self.fault(line, "材料名称", Rule::FieldMissing, "");
            }
            if !settle_slot(&mut slot, &item, place) {
                self.fault(
                    line,
                    "填报须知",
                    Rule::ItemNotation,
                    "没有申请人自备的方式，或该方式另有填报须知",
                );
            }
            slots.push(Value::Object(slot));
        }
        item.insert("材料".to_owned(), slots.into());
        let item = Value::Object(item);
        for column in OF_ITEM {
            let needed = !matches!(
                column.name,
                "业务办理项编码"
                    | "计划取消日期"
                    | "联办机构"
                    | "不适用告知承诺的原因"
                    | "备注"
                    | "特别程序"
                    | "前提"
                    | "情形"
                    | "基准日"
                    | "收费标准及依据"
            );
            if needed && item.pointer(&format!("/{}", column.path.replace('.', "/"))).is_none() {
                self.fault(draft.line, column.name, Rule::FieldMissing, "");
            }
        }
        if self.faults.len() > before {
            return None;
        }
        match serde_json::from_value::<ItemDef>(item) {
            Ok(item) => Some(item),
            Err(fault) => {
                self.fault(draft.line, "", Rule::ItemShape, fault.to_string());
                None
            }
        }
    }
}

/// A term with its unit in one cell: `20个工作日`, `即办`. None for another column or a plain number.
fn term(column: &Column, text: &str) -> Option<Result<Value, Rule>> {
    if !column.path.ends_with("时限.数量") || text.parse::<u32>().is_ok() {
        return None;
    }
    if ["即办", "即时办结", "当场办结"].contains(&text) {
        return Some(Ok(json!([0, "工作日"])));
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim().trim_start_matches('个');
    let read = match (count.parse::<u32>(), ["工作日", "自然日"].contains(&unit)) {
        (Ok(count), true) => Ok(json!([count, unit])),
        _ => Err(Rule::NotAnInteger),
    };
    Some(read)
}

/// The cells as the members of an object.
fn object(all: &[Column], cells: BTreeMap<usize, Value>) -> Map<String, Value> {
    let mut made = Map::new();
    for (at, value) in cells {
        let Some(column) = all.get(at) else { continue };
        match (column.path.split_once('.'), value) {
            (Some((outer, _)), Value::Array(term)) if outer.ends_with("时限") => {
                let (count, unit) = (term.first().cloned(), term.get(1).cloned());
                made.insert(outer.to_owned(), json!({"数量": count, "单位": unit}));
            }
            (Some((outer, inner)), value) => {
                let outer = made.entry(outer.to_owned()).or_insert_with(|| json!({}));
                // A unit in the cell of the number goes before the column of units.
                if let Some(members) = outer.as_object_mut() {
                    members.entry(inner.to_owned()).or_insert(value);
                }
            }
            (None, value) => drop(made.insert(column.path.to_owned(), value)),
        }
    }
    made
}

fn is_missing(of: &Map<String, Value>, key: &str) -> bool {
    of.get(key).is_none_or(Value::is_null)
}

fn usual(of: &mut Map<String, Value>, key: &str, value: Value) {
    if is_missing(of, key) {
        of.insert(key.to_owned(), value);
    }
}

fn text_of<'t>(of: &'t Map<String, Value>, key: &str) -> Option<&'t str> {
    of.get(key).and_then(Value::as_str)
}

/// What an item has where its table does not say it.
fn settle_item(item: &mut Map<String, Value>, code: &str) {
    usual(item, "版本", 1.into());
    usual(item, "收费", json!({"是否收费": false}));
    for term in ["法定办结时限", "承诺办结时限"] {
        let members = item.get_mut(term).and_then(Value::as_object_mut);
        if let Some(members) = members.filter(|members| !is_missing(members, "数量")) {
            usual(members, "单位", "工作日".into());
        }
    }
    // Where the table has the name of the agency alone, its code stands before that of the item.
    let name = text_of(item, "实施主体").map(str::to_owned);
    let name = name.filter(|text| text.len() != 18 || !text.is_ascii());
    if let Some(name) = name.filter(|_| is_missing(item, "实施主体名称")) {
        item.insert("实施主体名称".to_owned(), name.into());
        item.insert("实施主体".to_owned(), code.get(..18).unwrap_or(code).into());
    }
    let served = item.get("服务对象").and_then(Value::as_array);
    let person = served.is_none_or(|served| served.is_empty() || served.iter().any(|one| one == "自然人"));
    let holder = if person { "自然人" } else { "法人或其他组织" };
    let applicant = json!([{"角色": "申请人", "代码": "applicant", "主体": holder, "最少": 1, "最多": 1}]);
    usual(item, "当事人", applicant);
}

/// The same of a material; false where its note to the applicant has no way that it belongs to.
fn settle_slot(slot: &mut Map<String, Value>, item: &Map<String, Value>, place: usize) -> bool {
    let note = slot.remove("填报须知");
    let role = item.get("当事人").and_then(|parties| parties.get(0)?.get("角色")).cloned();
    for (key, value) in [
        ("编号", json!(format!("m{}", place + 1))),
        ("当事人", role.unwrap_or_default()),
        ("材料分类", "其他".into()),
        ("材料必要性", "必要".into()),
        ("办理方式", json!([{"方式": "申请人自备"}])),
    ] {
        usual(slot, key, value);
    }
    let Some(note) = note else { return true };
    let ways = slot.get_mut("办理方式").and_then(Value::as_array_mut).into_iter().flatten();
    let mut own =
        ways.filter_map(Value::as_object_mut).filter(|way| text_of(way, "方式") == Some("申请人自备"));
    match own.next() {
        Some(way) if is_missing(way, "填报须知") => {
            way.insert("填报须知".to_owned(), note);
            true
        }
        // It would be lost, or stand there twice.
        _ => false,
    }
}
