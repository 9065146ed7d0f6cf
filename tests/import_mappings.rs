//! Chinese headers, columns nobody asked for, and workbooks: read by a mapping that is guessed, shown and kept.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};

use common::cards::{self, faces, faults, import, options};
use common::people::{POLICE, number};
use common::workbook::{Cell, Rows, packed, workbook};
use common::{World, operator};
use elicense::registry::Registry;
use elicense::registry::import::ImportOptions;
use elicense::registry::intake::{Guessed, MappingOf};
use elicense::rule::Rule;
use elicense::table::FileFormat;
use elicense::table::cell::Repair;
use serde_json::json;

on_both! {
    a_chinese_header_is_guessed_shown_and_kept_with_versions
    a_workbook_is_read_behind_its_title_with_merged_headers_and_dates
    a_sheet_is_named_where_several_have_rows
    what_is_wrong_with_a_mapping_or_a_workbook_refuses_the_file
    a_day_of_birth_is_known_under_each_word_for_it
}

const OF: MappingOf<'_> = MappingOf { type_code: "senior_card", issuer: POLICE, sheet: None };

fn guess(registry: &Registry, path: &Path) -> elicense::error::Result<Guessed> {
    registry.guess_mapping(&operator(), path, FileFormat::of_path(path).unwrap(), None, &OF)
}

fn write(world: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let path = world.dir().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The file of a department that never heard of this program.
fn department_csv() -> Vec<u8> {
    let mut text = String::from("序号,* 姓名,身份证号码（18位）,优待证号,发证日期,有效期至,联系电话\r\n");
    for (at, name) in (0..3).zip(["周海燕", "陈志远", "王䶮"]) {
        text += &format!(
            "{},{name},'{},城优{at:04},2020/3/{},长期有效,13900000019\r\n",
            at + 1,
            number(at),
            at + 1
        );
    }
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

/// A sheet with a title, a header of two levels, dates as dates, as serial numbers and as text.
fn department_sheet(epoch: f64) -> Rows {
    use Cell::{Date, Empty, Made, Number, Text};
    let day = 43_899.0 - epoch;
    let person = |at: usize, name, issued, ends| {
        vec![
            Number(at as f64 + 1.0),
            Text(name),
            Made(number(at + 100)),
            Made(format!("城优{at:04}W")),
            issued,
            ends,
            Text("无"),
        ]
    };
    vec![
        vec![Text("城东区老年人优待证清单")],
        vec![
            Text("序号"),
            Text("持证人"),
            Text("公民身份号码"),
            Text("证号"),
            Text("有效期"),
            Empty,
            Text("经办人"),
        ],
        vec![Empty, Empty, Empty, Empty, Text("起"), Text("止")],
        person(0, "周海燕", Date(day), Text("长期")),
        person(1, "陈志远", Number(day), Date(day + 3653.0)),
        person(2, "王䶮", Text("2020年3月9日"), Text("2030.03.09")),
        vec![
            Number(4.0),
            Text("刘桂芳"),
            Number(190_101_195_503_071_020.0),
            Text("城优0003W"),
            Date(day),
            Text("长期"),
        ],
    ]
}

fn a_chinese_header_is_guessed_shown_and_kept_with_versions(world: World) {
    cards::settle(&world.registry);
    let path = write(&world, "a.csv", &department_csv());
    let guessed = guess(&world.registry, &path).unwrap();
    let to = |header: &str| guessed.mapping.to(header).unwrap().join(" ");
    assert_eq!(to("* 姓名"), "holder.name face.name");
    assert_eq!(to("身份证号码（18位）"), "holder.code face.id_number");
    assert_eq!(to("优待证号"), "face.card_no");
    assert_eq!(to("发证日期"), "issued_on");
    assert_eq!(to("有效期至"), "valid_to face.ends");
    assert_eq!(guessed.mapping.left_out().collect::<Vec<_>>(), ["序号", "联系电话"]);
    assert_eq!((&guessed.kept, &guessed.missing), (&None, &vec![]));
    assert_eq!(world.registry.kept_mapping(&OF).unwrap(), None, "a guess writes nothing");
    // Without a mapping the words are not taken for anything.
    let error = import(&world, "a.csv", &department_csv(), &options(&world)).unwrap_err();
    assert_eq!(error.rule, Some(Rule::CsvColumnUnknown));
    // What was printed is taken back.
    let printed = serde_json::to_string(&guessed.mapping).unwrap();
    let mapping: elicense::table::mapping::Mapping = serde_json::from_str(&printed).unwrap();
    let by = |mapping| ImportOptions { mapping: Some(mapping), ..options(&world) };
    let dry = ImportOptions { dry_run: true, ..by(mapping.clone()) };
    assert_eq!(import(&world, "a.csv", &department_csv(), &dry).unwrap().counts.bound, 3);
    assert_eq!(world.registry.kept_mapping(&OF).unwrap(), None, "neither does a dry run");
    let report = import(&world, "a.csv", &department_csv(), &by(mapping.clone())).unwrap();
    assert_eq!((report.counts.bound, report.left_out), (3, vec!["序号".to_owned(), "联系电话".to_owned()]));
    let repairs: Vec<_> = report.repairs.each().collect();
    assert_eq!(repairs, [(Repair::Apostrophe, 3), (Repair::DateWritten, 3), (Repair::LongTerm, 3)]);
    let face = &faces(&world, &number(2))[0];
    let expected = json!({"name": "王䶮", "card_no": "城优0002", "id_number": number(2), "ends": "长期"});
    assert_eq!(*face, expected);
    // Kept once, and again where it changed; it is used where it knows every header.
    assert_eq!(world.registry.kept_mapping(&OF).unwrap(), Some((mapping.clone(), 1)));
    import(&world, "a.csv", &department_csv(), &by(mapping.clone())).unwrap();
    assert_eq!(world.registry.kept_mapping(&OF).unwrap().unwrap().1, 1);
    let mut other = mapping.clone();
    other.columns[6].to = vec!["face.note".to_owned()];
    import(&world, "b.csv", &department_csv(), &by(other.clone())).unwrap();
    // The guess is not stuck with what was kept: both are told.
    let again = guess(&world.registry, &path).unwrap();
    assert_eq!((again.mapping, again.kept), (mapping.clone(), Some((other, 2))));
    let strange = write(&world, "c.csv", "姓名,身份证号,籍贯\r\n".as_bytes());
    let guessed = guess(&world.registry, &strange).unwrap();
    let lacking: Vec<String> = guessed.missing.iter().map(ToString::to_string).collect();
    assert_eq!(lacking, ["签发日期 (issued_on)", "优待证号 (face.card_no)"]);
    let runs = || world.registry.store().read_now(|reader| reader.import_runs()).unwrap().len();
    let before = runs();
    // Nothing is written by a mapping that no row could be read by.
    let refused =
        import(&world, "c.csv", "姓名,身份证号,籍贯\r\n周海燕,1,2\r\n".as_bytes(), &by(guessed.mapping))
            .unwrap_err();
    assert_eq!(refused.rule, Some(Rule::MappingLacks));
    assert!(refused.detail.contains("优待证号"), "{}", refused.detail);
    assert_eq!(runs(), before, "not even a run");
}

fn a_workbook_is_read_behind_its_title_with_merged_headers_and_dates(world: World) {
    cards::settle(&world.registry);
    for (epoch, name) in [(0.0, "a.xlsx"), (1462.0, "b.xlsx")] {
        let bytes = workbook(&[("名单", department_sheet(epoch)), ("说明", vec![])], epoch > 0.0);
        let path = write(&world, name, &bytes);
        let mut mapping = guess(&world.registry, &path).unwrap().mapping;
        assert_eq!(mapping.to("有效期起").unwrap(), ["valid_from"]);
        assert_eq!(mapping.to("有效期止").unwrap(), ["valid_to", "face.ends"]);
        let missing = guess(&world.registry, &path).unwrap().missing;
        assert_eq!(missing.iter().map(|one| &*one.to).collect::<Vec<_>>(), ["issued_on"]);
        let from = mapping.columns.iter_mut().find(|column| column.header == "有效期起").unwrap();
        from.to.push("issued_on".to_owned());
        let report =
            import(&world, name, &bytes, &ImportOptions { mapping: Some(mapping), ..options(&world) })
                .unwrap();
        let counts = report.counts;
        assert_eq!((counts.rows_in, counts.bound + counts.already_there, counts.refused), (4, 3, 1));
        // A number of 18 digits in a number cell has lost its last digits: row 7 of the sheet.
        assert_eq!(faults(&world), [(7, Rule::CellExponent.wire().to_owned())]);
        let repairs: Vec<_> = report.repairs.each().collect();
        assert_eq!(repairs, [(Repair::DateWritten, 2), (Repair::DateOfSerial, 1)]);
    }
    let ends: Vec<_> = (0..3).map(|at| faces(&world, &number(100 + at))[0]["ends"].clone()).collect();
    assert_eq!(ends, ["长期", "2030-03-10", "2030-03-09"]);
    assert_eq!(faces(&world, &number(101)).len(), 1, "both epochs give the same days, so the same record");
}

fn a_sheet_is_named_where_several_have_rows(world: World) {
    cards::settle(&world.registry);
    let two = workbook(&[("一组", department_sheet(0.0)), ("二组", department_sheet(0.0))], false);
    let path = write(&world, "a.xlsx", &two);
    let error = guess(&world.registry, &path).unwrap_err();
    assert_eq!(error.rule, Some(Rule::SheetUnknown));
    assert!(error.detail.contains("一组, 二组"));
    let of = MappingOf { sheet: Some("二组"), ..OF };
    let guessed = world.registry.guess_mapping(&operator(), &path, FileFormat::Xlsx, None, &of).unwrap();
    assert_eq!(guessed.mapping.sheet.as_deref(), Some("二组"));
}

fn what_is_wrong_with_a_mapping_or_a_workbook_refuses_the_file(world: World) {
    cards::settle(&world.registry);
    let mapping = guess(&world.registry, &write(&world, "a.csv", &department_csv())).unwrap().mapping;
    let refused = |name: &str, bytes: &[u8], change: &dyn Fn(&mut elicense::table::mapping::Mapping)| {
        let mut mapping = mapping.clone();
        change(&mut mapping);
        import(&world, name, bytes, &ImportOptions { mapping: Some(mapping), ..options(&world) })
            .unwrap_err()
            .rule
            .unwrap()
    };
    let csv = department_csv();
    assert_eq!(
        refused("a.csv", &csv, &|mapping| mapping.columns[1].header = "名字".into()),
        Rule::CsvColumnUnknown
    );
    assert_eq!(
        refused("a.csv", &csv, &|mapping| mapping.columns[1].to = vec!["face".into()]),
        Rule::MappingField
    );
    assert_eq!(
        refused("a.csv", &csv, &|mapping| mapping.columns[0].to = vec!["holder.name".into()]),
        Rule::CsvColumnTwice
    );
    let more = |mapping: &mut elicense::table::mapping::Mapping| {
        let mut absent = mapping.columns[1].clone();
        (absent.header, absent.to) = ("民族".into(), vec!["face.note".into()]);
        mapping.columns.push(absent);
    };
    assert_eq!(refused("a.csv", &csv, &more), Rule::MappingColumn);
    assert_eq!(refused("a.xlsx", &csv, &|_| ()), Rule::WorkbookUnreadable);
    // A table of texts that claims more texts than it has bytes would be given room for all of them.
    let lying = packed(&[(
        "xl/sharedStrings.xml".to_owned(),
        "<sst uniqueCount=\"99999999999999\"></sst>".to_owned(),
    )]);
    assert_eq!(refused("a.xlsx", &lying, &|_| ()), Rule::WorkbookUnreadable);
    // 300 MiB of blanks come to a few hundred KiB in the file.
    let bomb = packed(&[("xl/sharedStrings.xml".to_owned(), " ".repeat(300 << 20))]);
    assert!(bomb.len() < 2 << 20);
    assert_eq!(refused("a.xlsx", &bomb, &|_| ()), Rule::WorkbookTooLarge);
}

/// The files in `fixtures/files`, for people to try: made here, and always these bytes.
#[test]
fn the_example_files_are_what_this_test_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/files");
    let sheet = workbook(&[("名单", department_sheet(0.0))], false);
    for (name, bytes) in [("cards_gbk.csv", department_csv()), ("cards.xlsx", sheet)] {
        let path = folder.join(name);
        if std::env::var_os("ELICENSE_MAKE_FIXTURES").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{name}: make it anew with ELICENSE_MAKE_FIXTURES=1");
    }
}

/// The ID card calls it 出生, and departments write 出生日期 over it.
fn a_day_of_birth_is_known_under_each_word_for_it(world: World) {
    cards::settle(&world.registry);
    let of = MappingOf { type_code: "resident_id_card", issuer: POLICE, sheet: None };
    for word in ["出生", "出生日期", "出生年月日", "生日"] {
        let text = format!(
            "姓名,性别,{word},公民身份号码,签发日期\r\n周海燕,女,1988/3/12,190101198803120021,2020/3/9\r\n"
        );
        let path = write(&world, "a.csv", text.as_bytes());
        let guessed = world.registry.guess_mapping(&operator(), &path, FileFormat::Csv, None, &of).unwrap();
        assert_eq!(guessed.mapping.to(word).unwrap().join(" "), "face.birth_date", "{word}");
    }
}
