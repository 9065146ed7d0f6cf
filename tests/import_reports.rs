//! What an import tells: by rule, in the words of the file, and the bad rows as a file to send back.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::World;
use common::cards::{self, HEADER, faces, import, options, row};
use common::people::{POLICE, number};
use elicense::identity::contains_citizen_number;
use elicense::registry::import::ImportOptions;
use elicense::registry::intake::MappingOf;
use elicense::rule::Rule;
use elicense::table::FileFormat;
use elicense::table::cell::Repair;
use serde_json::Value;

on_both! {
    a_report_counts_by_rule_in_the_words_of_the_file
    bad_rows_go_back_in_their_own_columns_and_come_in_again
    rows_without_columns_go_back_as_they_stood
    i12_what_was_changed_in_numbers_and_what_is_marked_is_told
}

/// A wrong check digit.
fn wrong(at: usize) -> String {
    let code = number(at);
    let check = if code.ends_with('1') { "2" } else { "1" };
    format!("{}{check}", &code[..17])
}

/// Rows of a department; the mapping is the guess.
fn file(world: &World, rows: &[(String, &str, &str, &str)]) -> (Vec<u8>, ImportOptions) {
    let mut text = String::from("姓名,身份证号码,优待证号,发证日期,备注\r\n");
    for (code, name, day, note) in rows {
        text += &format!("{name},{code},C{},{day},{note}\r\n", &code[code.len() - 5..]);
    }
    let path = world.dir().join("guess.csv");
    std::fs::write(&path, &text).unwrap();
    let of = MappingOf { type_code: "senior_card", issuer: POLICE, sheet: None };
    let operator = common::operator();
    let mut mapping =
        world.registry.guess_mapping(&operator, &path, FileFormat::Csv, None, &of).unwrap().mapping;
    mapping.constants.insert("valid_to".into(), "长期".into());
    (text.into_bytes(), ImportOptions { mapping: Some(mapping), ..options(world) })
}

fn a_report_counts_by_rule_in_the_words_of_the_file(world: World) {
    cards::settle(&world.registry);
    let mut rows: Vec<_> = (0..5).map(|at| (wrong(at), "周海燕", "2020-03-09", "")).collect();
    rows.push((number(10), "陈志远", "不详", ""));
    rows.push((number(11), "陈志远", "2020-03-09", ""));
    // The same number on another face is found out by the writer.
    rows.push((number(11), "陈志远", "2020-03-10", ""));
    let (bytes, options) = file(&world, &rows);
    let report = import(&world, "a.csv", &bytes, &options).unwrap();
    assert_eq!((report.counts.bound, report.counts.refused), (1, 7));
    let told: Vec<_> = report
        .faults
        .iter()
        .map(|tally| {
            let lines: Vec<u64> = tally.examples.iter().map(|example| example.line).collect();
            (tally.rule.unwrap(), tally.column.clone().unwrap(), tally.count, lines)
        })
        .collect();
    let expected = [
        (Rule::CheckDigit, "身份证号码".to_owned(), 5, vec![2, 3, 4]),
        (Rule::DateForm, "发证日期".to_owned(), 1, vec![7]),
        (Rule::NumberClash, "优待证号".to_owned(), 1, vec![9]),
    ];
    assert_eq!(told, expected);
    let shown = report.faults[0].examples[0].shown.clone().unwrap();
    assert!(shown.contains("****") && shown.len() == 18 && !contains_citizen_number(&shown), "{shown}");
    // The list for programs names the column too, and has nothing of the rows.
    let list = std::fs::read_to_string(world.dir().join("errors.ndjson")).unwrap();
    let first: Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    assert_eq!((&first["column"], &first["field"]), (&"身份证号码".into(), &"holders.0.code".into()));
    assert!(!list.contains(&wrong(0)) && !list.contains("周海燕"));
}

fn bad_rows_go_back_in_their_own_columns_and_come_in_again(world: World) {
    cards::settle(&world.registry);
    let rows = [
        (number(0), "周海燕", "2020-03-09", ""),
        (wrong(1), "陈志远", "2020-03-09", "=cmd|'/c calc'!A1"),
        (number(2), "王䶮", "不详", "\"第一行\n第二行\""),
        (number(3), "刘桂芳", "2020-03-09", "\"开着"),
    ];
    let (bytes, listed) = file(&world, &rows);
    let back = world.dir().join("back.csv");
    for dry_run in [true, false] {
        let options = ImportOptions { error_path: Some(back.clone()), dry_run, ..listed.clone() };
        assert_eq!(import(&world, "a.csv", &bytes, &options).unwrap().counts.refused, 3);
        let mode = std::fs::metadata(&back).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "numbers stand in it: its owner alone reads it");
        assert!(!world.dir().join("back.csv.part").exists());
    }
    let text = std::fs::read_to_string(&back).unwrap();
    let expected = format!(
        "\u{FEFF}姓名,身份证号码,优待证号,发证日期,备注,退回原因,退回列,原文件行号\r\n\
         陈志远,'{},C{},2020-03-09,'=cmd|'/c calc'!A1,{},身份证号码,3\r\n\
         王䶮,{}{},C{},不详,\"第一行\n第二行\",{},发证日期,4\r\n",
        wrong(1),
        &wrong(1)[13..],
        Rule::CheckDigit.zh(),
        if number(2).ends_with('X') { "" } else { "'" },
        number(2),
        &number(2)[13..],
        Rule::DateForm.zh(),
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.contains(Rule::CsvQuoteOpen.zh()) && text.trim_end().ends_with(",6"), "{text}");
    // Corrected where it was wrong, with the columns that were put beside, the file comes in.
    let open = text.lines().last().unwrap().to_owned();
    let mended = text.replace(&wrong(1), &number(1)).replace("不详", "2020-03-09").replace(&open, "");
    let report = import(&world, "b.csv", mended.as_bytes(), &listed).unwrap();
    assert_eq!((report.counts.rows_in, report.counts.bound), (2, 2), "{:?}", report.faults);
    assert_eq!(faces(&world, &number(1))[0]["note"], "=cmd|'/c calc'!A1");
    assert_eq!(faces(&world, &number(2))[0]["note"], "第一行\n第二行");
}

fn rows_without_columns_go_back_as_they_stood(world: World) {
    cards::settle(&world.registry);
    let back = world.dir().join("back.csv");
    let options = ImportOptions { error_path: Some(back.clone()), ..options(&world) };
    let report = import(&world, "a.ndjson", b"{\"type\":\n", &options).unwrap();
    assert_eq!(report.counts.refused, 1);
    let text = std::fs::read_to_string(&back).unwrap();
    let line = format!("\"{{\"\"type\"\":\",{},,1\r\n", Rule::JsonSyntax.zh());
    assert_eq!(text, format!("\u{FEFF}原文,退回原因,退回列,原文件行号\r\n{line}"));
}

fn i12_what_was_changed_in_numbers_and_what_is_marked_is_told(world: World) {
    cards::settle(&world.registry);
    let lower = (0..50).map(number).find(|code| code.ends_with('X')).unwrap().to_lowercase();
    let (spaced, whole) = (number(60), number(61));
    let spaced = format!("{} {}", &spaced[..6], &spaced[6..]);
    let short = format!("{}{}", &whole[..6], &whole[8..17]);
    let rows = [
        row(&lower, "周海燕", "C1", ""),
        row(&spaced, "陈志远", "C2", ""),
        row(&short, "王芳", "C3", ""),
        row(&number(62), "王\u{3000}芳", "C4", ""),
        row(&number(63), "王\u{E000}", "C5", ""),
    ];
    let text = format!("{HEADER}\r\n{}\r\n", rows.join("\r\n"));
    let report = import(&world, "a.csv", text.as_bytes(), &options(&world)).unwrap();
    assert_eq!((report.counts.bound, report.counts.flagged), (5, 2));
    let repairs: Vec<_> = report.repairs.each().collect();
    assert_eq!(repairs, [(Repair::InnerBlanks, 1), (Repair::UpperCase, 1), (Repair::FifteenDigits, 1)]);
    let told: Vec<_> = report.remarks.iter().map(|one| (&*one.remark, one.count, &*one.lines)).collect();
    assert_eq!(told, [("wide_blank", 1, &[5][..]), ("private_use", 1, &[6])]);
}
