//! What a file says twice, or says again: rows against each other, one person under several names, a face under a newer
//! version of its type, copies older than the paper. On both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::cards::{self, HEADER, faults, import, options, row};
use common::people::{self, POLICE, number};
use common::{World, operator};
use elicense::registry::import::{ImportOptions, ImportReport};
use elicense::registry::{IssueOutcome, Submitted};
use elicense::rule::Rule;
use serde_json::json;

on_both! {
    a_dry_run_sees_what_a_file_says_twice
    one_number_under_several_names_is_told_by_line_and_by_nothing_else
    the_same_face_under_a_newer_version_of_its_type_is_there_already
    a_face_without_a_number_is_one_under_all_versions_of_its_type
    a_copy_is_never_older_than_its_paper
}

fn bytes(rows: &[String]) -> Vec<u8> {
    format!("{HEADER}\r\n{}\r\n", rows.join("\r\n")).into_bytes()
}

fn brought(world: &World, name: &str, rows: &[String], dry_run: bool) -> ImportReport {
    import(world, name, &bytes(rows), &ImportOptions { dry_run, ..options(world) }).unwrap()
}

fn a_dry_run_sees_what_a_file_says_twice(world: World) {
    cards::settle(&world.registry);
    let mut rows: Vec<String> =
        (0..40).map(|at| row(&number(at), "周海燕", &format!("城优{at:04}"), "")).collect();
    // The same row again, the same number with another word, and with another holder.
    rows.push(rows[3].clone());
    rows.push(row(&number(5), "周海燕", "城优0005", "另一"));
    rows.push(row(&number(60), "陈志远", "城优0006", ""));
    let counts = |report: &ImportReport| {
        let counts = report.counts;
        (counts.bound, counts.already_there, counts.refused, counts.clashes)
    };
    let dry = brought(&world, "a.csv", &rows, true);
    let told = faults(&world);
    assert_eq!(counts(&dry), (40, 1, 2, 2));
    assert_eq!(dry.faults[0].column.as_deref(), Some("face.card_no"), "as the file calls it");
    let real = brought(&world, "a.csv", &rows, false);
    assert_eq!((counts(&real), faults(&world)), (counts(&dry), told), "the same fate, row by row");
    assert_eq!(real.faults, dry.faults);
}

fn one_number_under_several_names_is_told_by_line_and_by_nothing_else(world: World) {
    cards::settle(&world.registry);
    let mut rows: Vec<String> =
        (0..20).map(|at| row(&number(at), "周海燕", &format!("城优{at:04}"), "")).collect();
    rows.push(row(&number(7), "周海雁", "城优0100", ""));
    rows.push(row(&number(7), "周海艳", "城优0101", ""));
    rows.push(row(&number(7), "周海燕", "城优0102", ""));
    rows.push(row(&number(9), "周海燕", "城优0103", ""));
    for dry_run in [true, false] {
        let report = brought(&world, "a.csv", &rows, dry_run);
        assert_eq!((report.counts.bound, report.names.numbers), (24, 1), "nobody is refused for that");
        assert_eq!(report.names.examples, [vec![9, 22, 23]]);
        let told = serde_json::to_string(&report.names).unwrap();
        assert!(!told.contains("周海") && !told.contains(&number(7)), "{told}");
    }
    let same: Vec<String> = (0..20).map(|at| row(&number(at), "周海燕", &format!("新{at:04}"), "")).collect();
    assert_eq!(brought(&world, "b.csv", &same, false).names.numbers, 0);
}

fn the_same_face_under_a_newer_version_of_its_type_is_there_already(world: World) {
    cards::settle(&world.registry);
    let rows: Vec<String> =
        (0..3).map(|at| row(&number(at), "周海燕", &format!("城优{at:04}"), "")).collect();
    assert_eq!(brought(&world, "a.csv", &rows, false).counts.bound, 3);
    let entry = world.registry.snapshot().catalog.type_by_slug("senior_card").unwrap().clone();
    let mut def = serde_json::to_value(entry.def()).unwrap();
    def["version"] = json!(2);
    def["face"]["properties"]["hobby"] = json!({
        "type": "string", "format": "text", "minLength": 1, "maxLength": 20, "x-order": 8,
        "x-label": {"zh": "爱好", "en": "Hobby"},
    });
    world.registry.load_type("test", &def.to_string()).unwrap();
    world.registry.refresh().unwrap();
    for (name, dry_run) in [("b.csv", true), ("c.csv", false)] {
        let mut rows = rows.clone();
        rows.push(row(&number(1), "周海燕", "城优0001", "别的"));
        let counts = brought(&world, name, &rows, dry_run).counts;
        assert_eq!((counts.already_there, counts.clashes, counts.bound), (3, 1, 0), "{name}");
    }
    // By the door of single records too, which gives the first answer.
    let draft = people::draft(json!({
        "type": "senior_card", "issuer": POLICE, "issued_on": "2020-03-09", "valid_to": "long_term",
        "holders": [{"code_type": "111", "code": number(0), "name": "周海燕"}],
        "face": {"name": "周海燕", "card_no": "城优0000"},
    }));
    world.registry.start_access("main").unwrap();
    let issued = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    assert_eq!(issued.outcome, IssueOutcome::AlreadyThere);
}

fn a_face_without_a_number_is_one_under_all_versions_of_its_type(world: World) {
    cards::settle(&world.registry);
    let entry = world.registry.snapshot().catalog.type_by_slug("senior_card").unwrap().clone();
    let load = |version: u32| {
        let mut def = serde_json::to_value(entry.def()).unwrap();
        def["version"] = json!(version);
        def["slug"] = json!("senior_note");
        def["code"] = json!("11190000MD10009070102");
        def["face"]["required"] = json!(["name"]);
        world.registry.load_type("test", &def.to_string()).unwrap();
        let authority = elicense::catalog::Authority {
            agency: POLICE.into(),
            type_code: "11190000MD10009070102".into(),
            region: "190101".parse().unwrap(),
            from: people::day("1990-01-01"),
            to: None,
        };
        world.registry.authorise("test", &authority).unwrap();
        world.registry.refresh().unwrap();
    };
    load(1);
    let rows: Vec<String> = (0..3)
        .map(|at| row(&number(at), "周海燕", "", "").replacen("senior_card", "senior_note", 1))
        .collect();
    let counts = |name: &str, rows: &[String], dry_run: bool| {
        let counts = brought(&world, name, rows, dry_run).counts;
        (counts.bound, counts.already_there, counts.clashes)
    };
    assert_eq!(counts("a.csv", &rows, false), (3, 0, 0));
    load(2);
    load(3);
    let mut more = rows.clone();
    more.push(row(&number(4), "周海燕", "", "").replacen("senior_card", "senior_note", 1));
    assert_eq!(counts("b.csv", &more, true), (1, 3, 0));
    assert_eq!(counts("c.csv", &more, false), (1, 3, 0));
    assert_eq!(counts("d.csv", &more, false), (0, 4, 0));
    // By the door of single records too, which gives the first answer.
    let draft = people::draft(json!({
        "type": "senior_note", "issuer": POLICE, "issued_on": "2020-03-09", "valid_to": "long_term",
        "holders": [{"code_type": "111", "code": number(0), "name": "周海燕"}],
        "face": {"name": "周海燕"},
    }));
    world.registry.start_access("main").unwrap();
    let issued = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    assert_eq!(issued.outcome, IssueOutcome::AlreadyThere);
}

fn a_copy_is_never_older_than_its_paper(world: World) {
    cards::settle(&world.registry);
    let head = format!("{HEADER},as_of");
    let line = |at: usize, as_of: &str| {
        format!("{},{as_of}", row(&number(at), "周海燕", &format!("城优{at:04}"), ""))
    };
    let text = [head, line(0, "2020-03-08"), line(1, "2020-03-09"), line(2, "")].join("\r\n");
    let report = import(&world, "a.csv", text.as_bytes(), &options(&world)).unwrap();
    assert_eq!((report.counts.bound, report.counts.refused), (2, 1));
    assert_eq!(faults(&world), [(2, Rule::CopyBeforeIssue.wire().to_owned())]);
    assert_eq!(report.faults[0].column.as_deref(), Some("as_of"));
    // The day of the whole file, too.
    let as_of = Some(people::day("2020-03-08").start());
    let rows = [row(&number(9), "周海燕", "城优0009", "")];
    let report = import(&world, "b.csv", &bytes(&rows), &ImportOptions { as_of, ..options(&world) }).unwrap();
    assert_eq!(report.counts.refused, 1);
    // And a single record over the API.
    let sent: elicense::registry::Sent = serde_json::from_value(json!({
        "as_of": "2020-05-05", "record": people::social_card(&number(3), "周海燕"),
    }))
    .unwrap();
    let (submitted, origin) = sent.submitted().unwrap();
    world.registry.start_access("main").unwrap();
    let refused = world.registry.begin(&operator(), &submitted, origin, None).unwrap_err();
    assert_eq!((refused.rule, refused.field.as_deref()), (Some(Rule::CopyBeforeIssue), Some("as_of")));
}
