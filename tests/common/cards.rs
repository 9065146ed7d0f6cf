//! A small type of a department's own, and files of its rows: what people bring in CSV and workbooks.

use elicense::registry::Registry;
use elicense::registry::import::{ImportOptions, ImportReport};
use serde_json::{Value, json};

use super::people::{self, POLICE};
use super::{World, operator};

/// Loads the type `senior_card` (with one field of each format that cells have) and settles the agencies.
pub fn settle(registry: &Registry) {
    let field = |order: u32, zh: &str, format: &str| json!({"type": "string", "format": format, "minLength": 1, "maxLength": 100, "x-order": order, "x-label": {"zh": zh, "en": zh}});
    let mut name = field(1, "姓名", "text");
    name["x-check"] = json!({"rule": "holder_name", "role": "holder"});
    let mut number = field(3, "身份证号", "holder_code");
    number["x-check"] = json!({"rule": "holder_code", "role": "holder"});
    number["x-mask"] = json!("id");
    let plain = |mut field: Value| {
        let members = field.as_object_mut().unwrap();
        members.retain(|name, _| !name.ends_with("Length"));
        field
    };
    let mut amount = plain(field(6, "津贴", "amount"));
    amount["x-unit"] = json!("元");
    let mut note = field(7, "备注", "text");
    note["x-multiline"] = json!(true);
    let entry = json!({
        "code": "11190000MD10009070101", "version": 1, "slug": "senior_card",
        "name": {"zh": "老年人优待证", "en": "Senior citizen's card"}, "kind": "credential",
        "defining_agency": "示范证照定义机构(合成)", "issuer_kind": "县级民政部门",
        "holders": [{"role": "holder", "label": {"zh": "持证人", "en": "Holder"}, "min": 1, "max": 1}],
        "validity": {"rule": "date_or_long"},
        "number": {"class": "register_no", "on_reissue": "new", "field": "card_no"}, "custody": "hosted",
        "duty": {
            "source_department": "民政部门", "office": "养老服务科", "update_cycle": "每日", "catalog_version": "1",
            "last_change_of_duty": "2025-01-01", "update_due": {"working_days": 15, "mark": "待核对"},
        },
        "sharing": {"class": "conditional", "basis": "按事项所需材料共享"}, "derivable": true,
        "face": {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
            "required": ["name", "card_no"],
            "properties": {
                "name": name, "card_no": field(2, "优待证号", "identifier"), "id_number": plain(number),
                "born": plain(field(4, "出生日期", "date")), "ends": plain(field(5, "有效期至", "date_or_long")),
                "amount": amount, "note": note,
            },
        },
    });
    registry.load_type("test", &entry.to_string()).unwrap();
    people::settle(registry);
}

pub const HEADER: &str = "type,issuer,issued_on,valid_to,holder.code_type,holder.code,holder.name,face.name,face.card_no,face.note";

/// A row under [`HEADER`], without its line break.
pub fn row(code: &str, name: &str, card: &str, note: &str) -> String {
    format!("senior_card,{POLICE},2020-03-09,长期,111,{code},{name},{name},{card},{note}")
}

pub fn options(world: &World) -> ImportOptions {
    ImportOptions { error_path: Some(world.dir().join("errors.ndjson")), ..ImportOptions::default() }
}

/// Imports a file of those bytes.
pub fn import(
    world: &World,
    name: &str,
    bytes: &[u8],
    options: &ImportOptions,
) -> elicense::error::Result<ImportReport> {
    let path = world.dir().join(name);
    std::fs::write(&path, bytes).unwrap();
    world.registry.refresh().unwrap();
    let report = world.registry.import(&operator(), &path, options, &|_| ())?;
    assert!(report.counts.adds_up(), "{:?}", report.counts);
    Ok(report)
}

/// Lines and rules of the error file.
pub fn faults(world: &World) -> Vec<(u64, String)> {
    let text = std::fs::read_to_string(world.dir().join("errors.ndjson")).unwrap();
    let mut faults: Vec<(u64, String)> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["rule"].as_str().unwrap_or_default().to_owned()))
        .collect();
    faults.sort();
    faults
}

/// The faces of a person's records.
pub fn faces(world: &World, code: &str) -> Vec<Value> {
    use elicense::store::Opened;
    let (rows, _) =
        world.registry.store().read_now(|reader| reader.walk_records(false, None, 100_000)).unwrap();
    let mut found = Vec::new();
    for row in rows {
        let Opened::Record(row) = row else { panic!("a row does not open") };
        let envelope = elicense::trust::EnvelopeBuf::from_stored(row.body.envelope.clone()).unwrap();
        let record: Value = serde_json::from_slice(envelope.view().payload()).unwrap();
        if record["holders"][0]["code"] == code {
            found.push(record["face"].clone());
        }
    }
    found
}
