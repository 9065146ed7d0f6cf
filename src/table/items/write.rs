//! Items as a table: a row for each material, on which the fields of the item are repeated, so that a spreadsheet can sort
//! and filter it.

use serde_json::{Value, json};

use super::columns::{Column, OF_ITEM, OF_SLOT};
use super::xlsx;
use crate::catalog::items::ItemDef;
use crate::error::Result;
use crate::table::{cell, csv};

/// A file of text in UTF-8 with its mark, without which some spreadsheets take it for another encoding.
pub fn csv_of<'i>(items: impl Iterator<Item = &'i ItemDef>) -> String {
    let mut text = String::from("\u{FEFF}");
    for row in table(items) {
        for (at, one) in row.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            csv::written(&cell::guarded(one), &mut text);
        }
        text.push_str("\r\n");
    }
    text
}

/// A workbook with one sheet, every cell a text.
///
/// # Errors
/// It cannot be packed.
pub fn workbook_of<'i>(items: impl Iterator<Item = &'i ItemDef>) -> Result<Vec<u8>> {
    xlsx::workbook("事项", &table(items))
}

/// The header, and the rows.
fn table<'i>(items: impl Iterator<Item = &'i ItemDef>) -> Vec<Vec<String>> {
    let header = OF_ITEM.iter().chain(OF_SLOT).map(|column| column.name.to_owned());
    let mut all: Vec<Vec<String>> = vec![header.collect()];
    for item in items {
        let item = json!(item);
        let own: Vec<String> = OF_ITEM.iter().map(|column| cell_of(column, &item)).collect();
        let slots = item.get("材料").and_then(Value::as_array).cloned().unwrap_or_default();
        for slot in &slots {
            let slot = with_note(slot);
            let cells = own.iter().cloned();
            all.push(cells.chain(OF_SLOT.iter().map(|column| cell_of(column, &slot))).collect());
        }
        if slots.is_empty() {
            all.push(own.into_iter().chain(OF_SLOT.iter().map(|_| String::new())).collect());
        }
    }
    all
}

fn cell_of(column: &Column, of: &Value) -> String {
    let value = of.pointer(&format!("/{}", column.path.replace('.', "/")));
    column.held.cell(value.unwrap_or(&Value::Null))
}

/// A material whose only note to the applicant stands in the column of the national list.
fn with_note(slot: &Value) -> Value {
    let mut slot = slot.clone();
    let Some(members) = slot.as_object_mut() else { return slot };
    let ways = members.get_mut("办理方式").and_then(Value::as_array_mut).into_iter().flatten();
    let own =
        |way: &&mut serde_json::Map<String, Value>| way.get("方式").is_some_and(|kind| kind == "申请人自备");
    let mut own: Vec<_> = ways.filter_map(Value::as_object_mut).filter(own).collect();
    let note = match own.as_mut_slice() {
        [way] => way.remove("填报须知"),
        _ => None,
    };
    if let Some(note) = note {
        members.insert("填报须知".to_owned(), note);
    }
    slot
}
