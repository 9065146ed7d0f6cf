//! Files as departments bring them: line ends, quotes, encodings, delimiters, damage by a spreadsheet.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::World;
use common::cards::{self, HEADER, faces, faults, import, options, row};
use common::people::number;
use elicense::registry::import::ImportOptions;
use elicense::rule::Rule;
use elicense::table::Encoding;

on_both! {
    cr_lf_and_cr_lf_end_rows_and_lines_inside_cells
    an_open_quote_takes_no_other_row_with_it
    what_stands_beside_quotes_is_refused_by_line
    i12_where_two_encodings_decode_hanzi_win_and_another_can_be_chosen
    i12_a_damaged_or_mixed_file_is_refused_by_line
    i12_every_encoding_gives_the_same_names
    i12_a_file_in_big5_waits_until_somebody_says_so
    rows_of_numbers_that_a_spreadsheet_rounded_are_refused
    delimiters_are_found_and_padding_is_no_row
}

fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

/// A file of the header and rows, each ended by `end`.
fn file(rows: &[String], end: &str) -> String {
    std::iter::once(HEADER).chain(rows.iter().map(String::as_str)).map(|row| format!("{row}{end}")).collect()
}

fn cr_lf_and_cr_lf_end_rows_and_lines_inside_cells(world: World) {
    cards::settle(&world.registry);
    for (turn, end) in ["\r", "\n", "\r\n"].into_iter().enumerate() {
        let card =
            |at: usize, note: &str| row(&number(at * 3 + turn), "周海燕", &format!("G{at}-{turn}"), note);
        let two = format!("\"一般项目：{end}餐饮服务\"");
        let rows = [card(0, "甲"), card(1, &two), card(2, "丙").replace("2020-03-09", "x"), card(3, "")];
        let report = import(&world, "a.csv", file(&rows, end).as_bytes(), &options(&world)).unwrap();
        assert_eq!((report.counts.rows_in, report.counts.bound), (4, 3), "{end:?}");
        // The second row has two lines.
        assert_eq!(faults(&world), [(5, "date_form".to_owned())], "{end:?}");
        assert_eq!(faces(&world, &number(3 + turn))[0]["note"], "一般项目：\n餐饮服务");
    }
}

fn an_open_quote_takes_no_other_row_with_it(world: World) {
    cards::settle(&world.registry);
    let mut next = 0;
    let mut card = |note: &str| {
        next += 1;
        row(&number(next), "周海燕", &format!("G{next}"), note)
    };
    let open = Rule::CsvQuoteOpen.wire();
    let text = Rule::CsvQuoteText.wire();
    // Open to the end of the file; closed by the quote of a later cell; by a quote at a later row's end, in the same
    // number of cells; by quotes that are doubled on the way; twice in a row.
    for (rows, expected) in [
        (vec![card("甲"), card("\"乙"), card("丙"), card("丁")], vec![(3, open)]),
        (vec![card("\"甲"), card("乙"), card("\"丙\""), card("丁")], vec![(2, open)]),
        (vec![card("\"甲"), card("乙"), card("丙\"")], vec![(2, open), (4, text)]),
        (
            vec![card("\"甲\"\"").replace("周海燕,", "\"周海燕\","), card("\"\"\"乙\"\"\""), card("丙")],
            vec![(2, open)],
        ),
        (vec![card("\"甲"), card("\"乙"), card("丙")], vec![(2, open), (3, open)]),
    ] {
        let report = import(&world, "a.csv", file(&rows, "\r\n").as_bytes(), &options(&world)).unwrap();
        assert_eq!(report.counts.rows_in, rows.len() as u64, "each physical row counts");
        let expected: Vec<_> = expected.into_iter().map(|(line, rule)| (line, rule.to_owned())).collect();
        assert_eq!(faults(&world), expected, "{rows:?}");
        assert_eq!(report.counts.bound, (rows.len() - expected.len()) as u64);
    }
    for at in 1..=next {
        for face in faces(&world, &number(at)) {
            let note = face["note"].as_str().unwrap_or_default();
            assert!(
                !note.contains('\n') && !note.contains("senior_card"),
                "another row was swallowed: {note}"
            );
        }
    }
}

fn what_stands_beside_quotes_is_refused_by_line(world: World) {
    cards::settle(&world.registry);
    let notes = ["\"餐饮\"服务", "\"酒\"\"吧\"", "餐\"饮\"", " \"餐饮\"", "\"餐饮\""];
    let rows: Vec<String> = notes
        .iter()
        .enumerate()
        .map(|(at, note)| row(&number(at), "周海燕", &format!("G{at}"), note))
        .collect();
    let report = import(&world, "a.csv", file(&rows, "\n").as_bytes(), &options(&world)).unwrap();
    assert_eq!((report.counts.rows_in, report.counts.bound), (5, 2));
    let text = Rule::CsvQuoteText.wire().to_owned();
    assert_eq!(faults(&world), [(2, text.clone()), (4, text.clone()), (5, text)]);
    assert_eq!(faces(&world, &number(1))[0]["note"], "酒\"吧");
}

fn i12_where_two_encodings_decode_hanzi_win_and_another_can_be_chosen(world: World) {
    cards::settle(&world.registry);
    let bytes = |at: usize| {
        let text =
            file(&[row(&number(at), "郑伟", &format!("G{at}"), "").replace("长期", "2030-01-01")], "\r\n");
        let bytes = gbk(&text);
        assert!(std::str::from_utf8(&bytes).is_ok(), "the file is valid UTF-8 as well");
        bytes
    };
    let report = import(&world, "a.csv", &bytes(0), &options(&world)).unwrap();
    assert_eq!((report.encoding, report.signs.also), (Encoding::Gb18030, Some(Encoding::Utf8)));
    assert_eq!(faces(&world, &number(0))[0]["name"], "郑伟");
    let chosen = ImportOptions { encoding: Some(Encoding::Utf8), ..options(&world) };
    let report = import(&world, "b.csv", &bytes(1), &chosen).unwrap();
    assert_eq!((report.encoding, report.signs.also), (Encoding::Utf8, None));
}

fn i12_a_damaged_or_mixed_file_is_refused_by_line(world: World) {
    cards::settle(&world.registry);
    let one = |at: usize, name: &str| row(&number(at), name, &format!("G{at}"), "");
    let whole = file(&[one(0, "王芳"), one(1, "王小芳"), one(2, "李娜")], "\r\n").into_bytes();
    // The last byte of a character is gone, twice on its line: what is left is in pairs of bytes.
    let mut cut = whole.clone();
    while let Some(at) = cut.windows(4).position(|four| four == [0x8F, 0xE8, 0x8A, 0xB3]) {
        cut.remove(at + 3);
    }
    let mixed = [file(&[one(0, "王芳")], "\n").into_bytes(), gbk(&one(1, "周海燕"))].concat();
    let foreign =
        [file(&[one(0, "王芳")], "\n").into_bytes(), gbk(&one(1, "郑伟").replace("长期", "2030-01-01"))]
            .concat();
    for (bytes, rule, line) in [
        (&cut, Rule::EncodingUnknown, 3),
        (&mixed, Rule::EncodingMixed, 3),
        (&foreign, Rule::EncodingMixed, 3),
    ] {
        let error = import(&world, "a.csv", bytes, &options(&world)).unwrap_err();
        assert_eq!((error.rule, error.extra.unwrap()["line"].as_u64()), (Some(rule), Some(line)));
    }
    let chosen = ImportOptions { encoding: Some(Encoding::Gb18030), ..options(&world) };
    let error = import(&world, "a.csv", &whole[..whole.len() - 4], &chosen).unwrap_err();
    assert_eq!(error.rule, Some(Rule::EncodingUnknown));
    assert!((0..3).all(|at| faces(&world, &number(at)).is_empty()), "nothing of a damaged file is signed");
}

fn i12_every_encoding_gives_the_same_names(world: World) {
    cards::settle(&world.registry);
    // A rare character of four bytes, one whose code changed with GB 18030-2022 (A8BC), one of an office's own.
    let name = "王𠮷ḿ\u{E000}";
    let text = |at: usize| file(&[row(&number(at), name, &format!("G{at}"), "")], "\r\n");
    let wide = |at: usize, big: bool| -> Vec<u8> {
        let text = format!("\u{FEFF}{}", text(at).replace(',', "\t"));
        text.encode_utf16()
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let gb = gbk(&text(2));
    assert!(gb.windows(2).any(|pair| pair == [0xA8, 0xBC]));
    for (at, bytes, encoding) in [
        (0, text(0).into_bytes(), Encoding::Utf8),
        (1, format!("\u{FEFF}{}", text(1)).into_bytes(), Encoding::Utf8),
        (2, gb, Encoding::Gb18030),
        (3, wide(3, false), Encoding::Utf16Le),
        (4, wide(4, true), Encoding::Utf16Be),
        // Without the mark.
        (5, wide(5, false).split_off(2), Encoding::Utf16Le),
        (6, wide(6, true).split_off(2), Encoding::Utf16Be),
    ] {
        let report = import(&world, "a.csv", &bytes, &options(&world)).unwrap();
        assert_eq!((report.encoding, report.counts.bound), (encoding, 1), "{:?}", faults(&world));
        assert_eq!(faces(&world, &number(at))[0]["name"], name);
    }
}

fn i12_a_file_in_big5_waits_until_somebody_says_so(world: World) {
    cards::settle(&world.registry);
    let names = ["陳志遠", "林小明", "許功蓋"];
    let rows: Vec<String> =
        (0..3).map(|at| row(&number(at), names[at], &format!("G{at}"), "臺北市大安區")).collect();
    // 长 is no character of Big5.
    let rows: Vec<String> = rows.iter().map(|row| row.replace("长期", "2040-03-08")).collect();
    let big5 = encoding_rs::BIG5.encode(&file(&rows, "\r\n")).0.into_owned();
    let refused = import(&world, "a.csv", &big5, &options(&world)).unwrap_err();
    assert_eq!(refused.rule, Some(Rule::EncodingBig5));
    let said = ImportOptions { encoding: Encoding::named("Big5"), ..options(&world) };
    let report = import(&world, "a.csv", &big5, &said).unwrap();
    assert_eq!((report.encoding, report.counts.bound), (Encoding::Big5, 3), "{:?}", faults(&world));
    for (at, name) in names.iter().enumerate() {
        assert_eq!(faces(&world, &number(at))[0]["name"], *name);
    }
    // The same rows in GB 18030 need no word.
    let gb = gbk(&file(&rows, "\r\n").replace("臺北市大安區", "示范市城东区桃源路"));
    let report = import(&world, "b.csv", &gb, &options(&world)).unwrap();
    assert_eq!(report.encoding, Encoding::Gb18030);
}

fn rows_of_numbers_that_a_spreadsheet_rounded_are_refused(world: World) {
    cards::settle(&world.registry);
    // Numbers that are right in every rule and end in 000, as one of eleven rounded numbers is.
    let fits = |at: usize| number(at).ends_with("000");
    let rounded: Vec<String> = (0..60_000).filter(|at| fits(*at)).map(number).take(3).collect();
    let whole: Vec<String> = (0..20).filter(|at| !fits(*at)).map(number).collect();
    let rows: Vec<String> = rounded
        .iter()
        .chain(&whole)
        .enumerate()
        .map(|(at, code)| row(code, "周海燕", &format!("G{at}"), ""))
        .collect();
    let report = import(&world, "a.csv", file(&rows, "\r\n").as_bytes(), &options(&world)).unwrap();
    assert_eq!((report.signs.numbers, report.signs.rounded), (whole.len() as u64 + 3, 3));
    assert_eq!(report.counts.bound, whole.len() as u64);
    let rule = Rule::NumberRounded.wire().to_owned();
    assert_eq!(faults(&world), [(2, rule.clone()), (3, rule.clone()), (4, rule)]);
    // One such number among others is chance.
    let rows: Vec<String> = rows[2..].to_vec();
    let report = import(&world, "b.csv", file(&rows, "\r\n").as_bytes(), &options(&world)).unwrap();
    assert_eq!((report.counts.bound, report.counts.already_there), (1, whole.len() as u64));
}

fn delimiters_are_found_and_padding_is_no_row(world: World) {
    cards::settle(&world.registry);
    let text = |at: usize| file(&[row(&number(at), "周海燕", &format!("G{at}"), "甲")], "\r\n");
    let padded = format!("{}\r\n,,,,,,,,,\r\n \t\r\n\"\",\"\"\r\n\u{1A}{}", text(3), "\0".repeat(3 << 20));
    let glued = format!("{}\u{1A}\0\0", text(4).trim_end());
    for (at, text) in [
        (0, text(0).replace(',', ";")),
        (1, text(1).replace(',', "\t")),
        (2, format!("sep=|\r\n{}", text(2).replace(',', "|"))),
        (3, padded),
        (4, glued),
    ] {
        let report = import(&world, "a.csv", text.as_bytes(), &options(&world)).unwrap();
        assert_eq!((report.counts.rows_in, report.counts.bound), (1, 1), "{at}: {:?}", faults(&world));
        assert_eq!(faces(&world, &number(at))[0]["note"], "甲");
    }
    let json = serde_json::to_string(&common::people::id_card(&number(9), "周海燕", "2020-01-01")).unwrap();
    let marked = format!("\u{FEFF}{json}\r\n\u{1A}");
    let report = import(&world, "a.ndjson", marked.as_bytes(), &options(&world)).unwrap();
    assert_eq!((report.counts.rows_in, report.counts.bound), (1, 1));
}
