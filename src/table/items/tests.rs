//! Tables of items: every item of the program through both kinds of file and back, and tables as departments have them.

use std::path::PathBuf;

use super::*;
use crate::catalog::items::{ItemDef, Way};
use crate::rule::Rule;

/// A file that goes with the test.
struct Given {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn given(name: &str, bytes: &[u8]) -> Given {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    Given { _folder: folder, path }
}

fn read_csv(text: &str) -> ItemTable {
    read(&given("items.csv", text.as_bytes()).path, None).unwrap()
}

#[test]
fn every_item_comes_back_from_a_text_and_from_a_workbook() {
    let items = ItemDef::builtin().unwrap();
    let text = csv_of(items.iter());
    let back = read_csv(&text);
    assert_eq!(back.faults, []);
    assert_eq!(back.items, items);
    let book = given("items.xlsx", &workbook_of(items.iter()).unwrap());
    let back = read(&book.path, None).unwrap();
    assert_eq!((back.faults, back.items), (vec![], items.clone()));
    let (gbk, _, damaged) = encoding_rs::GB18030.encode(text.trim_start_matches('\u{FEFF}'));
    assert!(!damaged);
    let back = read(&given("items.csv", &gbk).path, None).unwrap();
    assert_eq!((back.encoding, back.items), (Some(crate::table::Encoding::Gb18030), items));
}

/// A provincial export: a title, its own columns, the item's cells merged, numbers and dates as people type them.
const PROVINCIAL: &str = "示范市城东区政务服务事项清单,,,,,,,,,,,,,,,,,,,,,,\n\
序号,基本编码,实施编码,事项名称,事项类型,设定依据,行使层级,实施主体,法定办结时限,承诺办结时限,受理条件,办件类型,到现场次数,通办范围,服务对象,是否收费,审批结果名称,计划生效日期,材料名称,材料类型,材料必要性,份数,填报须知\n\
1,'190101000901,11190101MD100004254190101000901,老年人优待证,公共服务,老年人权益保障法,县级,示范市城东区人力资源和社会保障局,20个工作日,即办,年满60周岁,即办件,１,全市,自然人、企业法人,否,优待证,2026年1月1日,居民身份证,原件,必要,1,交验\n\
,,,,,,,,,,,,,,,,,,近期照片,原件,非必要,2,\n\
,,,,,,,,,,,,,,,,,,,,,,\n";

#[test]
fn a_provincial_table_is_an_item_whose_materials_are_all_brought() {
    let table = read_csv(PROVINCIAL);
    assert_eq!((table.faults.as_slice(), table.rows), (&[][..], 2));
    let item = &table.items[0];
    assert_eq!(
        (item.agency.as_str(), item.agency_name.as_str()),
        ("11190101MD10000425", "示范市城东区人力资源和社会保障局")
    );
    assert_eq!((item.statutory.count, item.promised.count, item.visits), (20, 0, 1));
    assert_eq!(
        (item.from.to_string(), item.served.len(), item.parties.len()),
        ("2026-01-01".to_owned(), 2, 1)
    );
    let brought = |way: &Way| matches!(way, Way::ByApplicant { .. });
    assert!(item.slots.iter().all(|slot| slot.ways.iter().all(brought)));
    let told: Vec<_> =
        item.slots.iter().map(|slot| (slot.id.as_str(), slot.name.as_str(), slot.copies)).collect();
    assert_eq!(told, [("m1", "居民身份证", Some(1)), ("m2", "近期照片", Some(2))]);
    let note = |slot: usize| match &item.slots[slot].ways[0] {
        Way::ByApplicant { note, .. } => note.clone(),
        _ => None,
    };
    assert_eq!((note(0).as_deref(), note(1)), (Some("交验"), None));
    for word in ["序号", "办理方式", "材料分类", "情形", "撇号"] {
        assert!(table.remarks.iter().any(|remark| remark.contains(word)), "{word}: {:?}", table.remarks);
    }
}

/// A change of the table, and what is told: line, column, rule.
type Row = (&'static str, &'static str, (u64, &'static str, Rule));

const WRONG: &[Row] = &[
    ("公共服务", "公益服务", (3, "事项类型", Rule::NotInEnum)),
    ("2026年1月1日", "1月1日", (3, "计划生效日期", Rule::DateForm)),
    ("20个工作日", "二十个工作日", (3, "法定办结时限", Rule::NotAnInteger)),
    ("20个工作日", "", (3, "法定办结时限", Rule::FieldMissing)),
    ("'190101000901", "1.90101E+11", (3, "基本编码", Rule::CellExponent)),
    ("近期照片,原件,非必要,2", "近期照片,原件,可选,2", (4, "材料必要性", Rule::NotInEnum)),
    ("近期照片,原件,非必要,2", "近期照片,原件,非必要,两份", (4, "份数", Rule::NotAnInteger)),
    ("近期照片,原件,非必要,2", ",原件,非必要,2", (4, "材料名称", Rule::FieldMissing)),
    ("近期照片,原件,非必要,2,", "近期照片,原件,非必要,2,,多", (4, "", Rule::CsvColumnCount)),
    ("11190101MD100004254190101000901,", ",", (3, "实施编码", Rule::FieldMissing)),
    ("材料类型", "材料名称", (2, "材料名称", Rule::CsvColumnTwice)),
    (
        ",,,,,,,,,,,,,,,,,,近期照片",
        ",,11190101MD100004254190101000901,改名,,,,,,,,,,,,,,,近期照片",
        (4, "事项名称", Rule::ItemRowsDiffer),
    ),
    ("近期照片", "\"近期\"照片", (4, "", Rule::CsvQuoteText)),
    ("份数", "材料适用情形", (3, "材料适用情形", Rule::ItemCondition)),
    ("份数", "办理方式", (3, "办理方式", Rule::NotInEnum)),
];

#[test]
fn what_is_wrong_is_told_by_line_and_nothing_is_read() {
    for (from, to, (line, column, rule)) in WRONG {
        let text = PROVINCIAL.replacen(from, to, 1);
        assert_ne!(text, PROVINCIAL, "{from}");
        let table = read_csv(&text);
        let told: Vec<_> =
            table.faults.iter().map(|fault| (fault.line, fault.column.as_str(), fault.rule)).collect();
        assert!(told.contains(&(*line, *column, *rule)), "{to}: {told:?}");
        assert!(table.items.is_empty(), "{to}");
    }
}

#[test]
fn unknown_columns_are_told_and_a_file_without_the_header_is_none() {
    let table = read_csv(&PROVINCIAL.replacen("序号", "责任处室", 1));
    assert!(table.remarks.iter().any(|remark| remark.contains("责任处室")), "{:?}", table.remarks);
    assert_eq!(table.items.len(), 1);
    let file = given("items.csv", "姓名,号码\n周海燕,1\n".as_bytes());
    assert_eq!(read(&file.path, None).unwrap_err().rule, Some(Rule::ItemTableHeader));
    // Big5 is no encoding that is read: its bytes are no GB 18030 that says anything.
    let (big5, _, _) = encoding_rs::BIG5.encode("實施編碼,事項名稱\n");
    assert!(read(&given("items.csv", &big5).path, None).is_err());
    assert_eq!(read(&given("items.txt", b"x").path, None).unwrap_err().field.as_deref(), Some("file"));
}
