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
fn a_table_without_items_says_so() {
    let header = PROVINCIAL.lines().take(2).collect::<Vec<_>>().join("\n");
    for text in ["", "\n \r\n", "\u{FEFF}", header.as_str()] {
        let error = read(&given("items.csv", text.as_bytes()).path, None).unwrap_err();
        assert_eq!(
            (error.field.as_deref(), error.rule),
            (Some("file"), Some(Rule::ItemTableEmpty)),
            "{text}"
        );
    }
}

#[test]
fn a_table_has_so_many_rows_and_not_one_more() {
    // A row with nothing but a number in a column that is not read.
    let before = read_csv(PROVINCIAL).rows;
    let with = |rows: usize| {
        let text = format!("{}\n{}", PROVINCIAL.trim_end(), "9\n".repeat(rows - before));
        read(&given("items.csv", text.as_bytes()).path, None)
    };
    assert_eq!(with(rows::MOST).unwrap().rows, rows::MOST);
    assert_eq!(with(rows::MOST + 1).unwrap_err().rule, Some(Rule::TooMany));
}

#[test]
fn a_cell_without_end_is_refused_at_its_line() {
    let long = PROVINCIAL.replacen("近期照片", &"长".repeat(50_000), 1);
    let table = read_csv(&long);
    let told: Vec<_> = table.faults.iter().map(|fault| (fault.line, fault.rule)).collect();
    assert!(told.contains(&(4, Rule::CellTooLong)), "{told:?}");
    let fits = PROVINCIAL.replacen("近期照片", &"长".repeat(40_000), 1);
    assert!(!read_csv(&fits).faults.iter().any(|fault| fault.rule == Rule::CellTooLong));
    let rows = vec![vec!["实施编码".to_owned(), "长".repeat(50_000)]];
    let file = given("items.xlsx", &xlsx::workbook("事项", &rows).unwrap());
    assert_eq!(read(&file.path, None).unwrap_err().rule, Some(Rule::CellTooLong));
}

#[test]
fn a_workbook_whose_numbers_no_sheet_has_is_no_workbook() {
    let good = xlsx::workbook("事项", &[vec!["实施编码".to_owned(), "事项名称".to_owned()]]).unwrap();
    assert_eq!(read(&given("items.xlsx", &good).path, None).unwrap_err().rule, Some(Rule::ItemTableEmpty));
    for (from, to) in [
        ("<row r=\"1\">", "<row r=\"4294967297\">"),
        ("r=\"B1\"", "r=\"B4294967297\""),
        ("<sheetData>", "<dimension ref=\"A9:B1\"/><sheetData>"),
    ] {
        let wrong = edited(&good, from, to);
        assert_ne!(wrong, good, "{from}");
        let error = read(&given("items.xlsx", &wrong).path, None).unwrap_err();
        assert_eq!(error.rule, Some(Rule::WorkbookUnreadable), "{to}");
    }
}

/// A workbook with another text in its sheet.
fn edited(book: &[u8], from: &str, to: &str) -> Vec<u8> {
    use std::io::{Cursor, Read as _, Write as _};
    let mut old = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..old.len() {
        let mut part = old.by_index(at).unwrap();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        new.start_file(part.name().unwrap().to_string(), zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(text.replace(from, to).as_bytes()).unwrap();
    }
    new.finish().unwrap().into_inner()
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
