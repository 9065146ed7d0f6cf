//! Bulk import through the library, on both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::people::{self, CHEN, POLICE, ZHOU, number};
use common::{World, operator, run};
use elicense::identity::contains_citizen_number;
use elicense::record::digest::Digest;
use elicense::registry::Registry;
use elicense::registry::import::{ImportOptions, ImportProgress, ImportReport, Limits, Stage};
use elicense::rule::Rule;
use elicense::store::{DbUrl, Opened};
use elicense::table::{Encoding, FileFormat};
use elicense::trust::envelope::Limits as EnvelopeLimits;
use elicense::trust::{EnvelopeBuf, Typ};
use serde_json::{Value, json};

fn card(place: usize) -> Value {
    serde_json::to_value(people::id_card(&number(place), "周海燕", "2020-01-01")).unwrap()
}

fn lines(rows: &[Value]) -> String {
    rows.iter().fold(String::new(), |mut text, row| {
        writeln!(text, "{row}").unwrap();
        text
    })
}

fn write(world: &World, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = world.dir().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn options(world: &World) -> ImportOptions {
    ImportOptions { error_path: Some(world.dir().join("errors.ndjson")), ..ImportOptions::default() }
}

/// Runs, blocks and transactions so small that a short file has many of each.
fn small(world: &World) -> ImportOptions {
    let limits = Limits {
        run_bytes: 16 << 10,
        block_bytes: 4 << 10,
        transaction_bytes: 100_000,
        transaction_time: Duration::from_secs(10),
        alone_time: Duration::from_secs(10),
        pause: Duration::ZERO,
        ..Limits::default()
    };
    ImportOptions { limits, threads: Some(2), ..options(world) }
}

fn import(world: &World, source: &Path, options: &ImportOptions) -> ImportReport {
    world.registry.refresh().unwrap();
    let report = world.registry.import(&operator(), source, options, &|_| ()).unwrap();
    assert!(report.counts.adds_up(), "{:?}", report.counts);
    report
}

fn errors(world: &World) -> Vec<Value> {
    let text = std::fs::read_to_string(world.dir().join("errors.ndjson")).unwrap();
    assert!(!contains_citizen_number(&text), "I3: a number stands in the error file");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn spill_is_empty(world: &World) {
    let left = std::fs::read_dir(world.data().join("spill")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "spill runs are left");
}

/// Rows of `records`, and leaves of the log of records.
fn stored(registry: &Registry) -> (usize, u64) {
    let store = registry.store();
    let (rows, _) = store.read_now(|reader| reader.walk_records(false, None, 100_000)).unwrap();
    assert!(rows.iter().all(|row| matches!(row, Opened::Record(_))), "a row does not open");
    let heads = store.read_now(|reader| reader.heads()).unwrap();
    (rows.len(), heads.iter().find(|head| head.log == "records").unwrap().size)
}

fn records_of(world: &World, code: &str) -> Vec<Value> {
    world.registry.refresh().unwrap();
    let ask = json!({
        "holder": {"type": "111", "code": code}, "purpose": {"item": "失业登记", "reason": "窗口办理"}, "proofs": true,
    });
    let ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    answer["records"].as_array().unwrap().clone()
}

on_both! {
    good_rows_go_on_while_bad_ones_are_named_by_line_and_rule
    the_same_file_again_finds_everything_there
    the_same_number_on_another_face_is_refused_and_the_first_stays
    csv_in_gb18030_keeps_private_use_characters_and_flags_them
    issuers_envelopes_are_taken_as_they_came
    a_dry_run_says_what_would_be_and_writes_nothing
    a_commit_that_fails_or_seems_to_is_settled_by_the_runs_own_row
    i14_a_run_killed_while_parsing_parses_again
    i14_a_run_killed_while_writing_goes_on_behind_its_last_commit
    what_refuses_a_whole_file
}

fn good_rows_go_on_while_bad_ones_are_named_by_line_and_rule(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let mut wrong_check = card(2);
    let wrong = if number(2).ends_with('1') { "2" } else { "1" };
    wrong_check["holders"][0]["code"] = json!(format!("{}{wrong}", &number(2)[..17]));
    let mut other_sex = card(3);
    other_sex["face"]["sex"] = json!(if other_sex["face"]["sex"] == "1" { "2" } else { "1" });
    let mut unknown = card(4);
    unknown["face"][number(4)] = json!("x");
    let mut shape = card(5);
    shape["issued_on"] = json!("2020-1-1");
    let mut member = card(6);
    member[number(6)] = json!(1);
    let mut lacking = card(7);
    lacking.as_object_mut().unwrap().remove("face");
    let twice = card(8).to_string().replacen("\"face\":{", "\"face\":{\"name\":\"甲\",", 1);
    let mut no_key = card(9);
    no_key["issuer"] = json!("11190101MD1000012A");
    let marriage = serde_json::to_value(people::marriage("J190101-2015-000123")).unwrap();
    let text = format!(
        "{}\n{{\"type\":\n\n{wrong_check}\n{other_sex}\r\n{unknown}\n{shape}\n{member}\n{lacking}\n{twice}\n{no_key}\n{marriage}\n{}",
        card(0),
        card(1),
    );
    let before = stored(&world.registry);
    let report = import(&world, &write(&world, "rows.ndjson", text), &options(&world));
    let counts = report.counts;
    assert_eq!((counts.rows_in, counts.bound, counts.refused), (12, 3, 9));
    let found: Vec<_> = errors(&world)
        .iter()
        .map(|fault| {
            let text = |name: &str| fault[name].as_str().unwrap_or("").to_owned();
            (fault["line"].as_u64().unwrap(), text("code"), text("field"), text("rule"))
        })
        .collect();
    let expected = [
        (2, "json_invalid", "", "json_syntax"),
        (4, "holder_code_invalid", "holders.0.code", "check_digit"),
        (5, "holder_mismatch", "face.sex", "holder_sex"),
        (6, "face_invalid", "face.…", "field_unknown"),
        (7, "field_invalid", "issued_on", "field_shape"),
        (8, "field_unknown", "", "field_unknown"),
        (9, "field_invalid", "face", "field_missing"),
        (10, "json_invalid", "", "json_duplicate_name"),
        (11, "issuer_unknown", "issuer", ""),
    ];
    let expected = expected.map(|(line, code, field, rule)| (line, code.into(), field.into(), rule.into()));
    assert_eq!(found, expected);
    // Each line names the fault and the cure, even if it names no rule.
    for fault in errors(&world) {
        let said = fault["rule"].as_str().and_then(Rule::from_wire);
        let (zh, en) =
            said.map_or(("发证机构不存在", "No such issuing agency"), |rule| (rule.zh(), rule.en()));
        assert_eq!((fault["zh"].as_str(), fault["en"].as_str()), (Some(zh), Some(en)), "{fault}");
    }
    // Three records, four rows: a marriage has two holders. Three leaves.
    let after = stored(&world.registry);
    assert_eq!((after.0 - before.0, after.1 - before.1), (4, 3));
    assert_eq!((report.first_leaf, report.last_leaf), (Some(before.1), Some(after.1 - 1)));
    for code in [number(0), number(1), ZHOU.to_owned(), CHEN.to_owned()] {
        let records = records_of(&world, &code);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["verdict"], "valid");
        assert!(records[0]["proof"].is_array());
    }
    spill_is_empty(&world);
    // The closing count verifies under the registry's key and agrees with the report.
    let closing = EnvelopeBuf::parse_compact(&report.closing.unwrap(), EnvelopeLimits::default()).unwrap();
    let snapshot = world.registry.snapshot();
    let verified = closing.view();
    let verified = verified.verify(Typ::Import, |kid| snapshot.keys.find(kid).map(|key| key.public)).unwrap();
    let count: Value = serde_json::from_slice(verified.payload).unwrap();
    assert_eq!(count["counts"]["bound"], 3);
    assert_eq!(count["log"], json!({"first_leaf": before.1, "last_leaf": after.1 - 1, "name": "records"}));
    let digest = Digest::of(&[&std::fs::read(world.dir().join("rows.ndjson")).unwrap()]);
    assert_eq!(count["file"], digest.hex());
}

fn the_same_file_again_finds_everything_there(world: World) {
    people::settle(&world.registry);
    let mut rows: Vec<_> = (0..200).map(card).collect();
    rows.push(card(7));
    let source = write(&world, "rows.ndjson", lines(&rows));
    let first = import(&world, &source, &small(&world));
    assert_eq!((first.counts.bound, first.counts.already_there), (200, 1));
    let stood = stored(&world.registry);
    let again = import(&world, &source, &small(&world));
    assert_eq!((again.counts.bound, again.counts.already_there, again.counts.refused), (0, 201, 0));
    assert_ne!(again.run_id, first.run_id);
    assert_eq!((again.log, again.first_leaf), (None, None));
    assert_eq!(stored(&world.registry), stood);
    // The name of a run that is done answers with its report.
    let named = ImportOptions { run_id: Some(first.run_id.clone()), ..small(&world) };
    assert_eq!(import(&world, &source, &named).closing, first.closing);
}

fn the_same_number_on_another_face_is_refused_and_the_first_stays(world: World) {
    people::settle(&world.registry);
    world.registry.refresh().unwrap();
    let first = people::marriage("J190101-2015-000123");
    world.registry.issue(&operator(), &elicense::registry::Submitted::Draft(first.clone())).unwrap();
    let mut other = serde_json::to_value(&first).unwrap();
    other["face"]["registry"] = json!("城西区民政局");
    let mut second = card(1);
    second["face"]["address"] = json!("示范省示范市城西区1号");
    let rows = [other, serde_json::to_value(&first).unwrap(), card(1), second];
    let report = import(&world, &write(&world, "rows.ndjson", lines(&rows)), &options(&world));
    let counts = report.counts;
    assert_eq!((counts.bound, counts.already_there, counts.refused, counts.clashes), (1, 1, 2, 2));
    let mut faults = errors(&world);
    faults.sort_by_key(|fault| fault["line"].as_u64());
    let rule = Rule::NumberClash;
    let expected = [1, 4].map(|line| {
        json!({"line": line, "code": "number_clash", "field": "number", "rule": rule, "zh": rule.zh(), "en": rule.en()})
    });
    assert_eq!(faults, expected);
}

fn csv_in_gb18030_keeps_private_use_characters_and_flags_them(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let spouses = people::marriage("J1").face["spouses"].to_string().replace('"', "\"\"");
    // U+20BB7 has four bytes in GB 18030; U+E000 is a character of one office's own.
    let csv = format!(
        "type,issuer,issued_on,holder.code_type,holder.code,holder.name,holder.role,holder2.code_type,\
         holder2.code,holder2.name,holder2.role,face.registered_on,face.certificate_no,face.registry,face.issue_kind,face.spouses\r\n\
         marriage_certificate,{POLICE},2015-05-20,111,{ZHOU},周海燕,spouse,111,{CHEN},陈志远,spouse,2015-05-20,J1,\
         \"城东区\u{E000}𠮷民政局\",1,\"{spouses}\"\r\n\
         marriage_certificate,{POLICE},2015-05-20,111,{ZHOU},周海燕,spouse,,,,,2015-05-20,J2,\"民政\n局\",1,[]\r\n\
         marriage_certificate,{POLICE},2015-05-20\r\n\
         marriage_certificate,{POLICE},2015-05-20,111,{ZHOU},周海燕,spouse,111,{CHEN},陈志远,spouse,2015-05-20,J3,民政局,1,[{{\r\n"
    );
    let (bytes, _, lost) = encoding_rs::GB18030.encode(&csv);
    assert!(!lost && std::str::from_utf8(&bytes).is_err());
    let report = import(&world, &write(&world, "rows.csv", &bytes), &options(&world));
    assert_eq!(report.encoding, Encoding::Gb18030);
    let counts = report.counts;
    assert_eq!((counts.rows_in, counts.bound, counts.refused, counts.flagged), (4, 1, 3, 1));
    let faults: Vec<_> =
        errors(&world).iter().map(|fault| (fault["line"].as_u64().unwrap(), fault["rule"].clone())).collect();
    assert_eq!(
        faults,
        [(3, json!("role_count")), (5, json!("csv_column_count")), (6, json!("csv_cell_json"))]
    );
    let records = records_of(&world, ZHOU);
    let envelope = records[0]["envelope"].as_str().unwrap();
    let envelope = EnvelopeBuf::parse_compact(envelope, EnvelopeLimits::default()).unwrap();
    let record: Value = serde_json::from_slice(envelope.view().payload()).unwrap();
    assert_eq!(record["face"]["registry"], "城东区\u{E000}𠮷民政局");
    assert_eq!(record["face"]["spouses"][1]["name"], "陈志远");
}

fn issuers_envelopes_are_taken_as_they_came(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let made = import(&world, &write(&world, "one.ndjson", lines(&[card(1)])), &options(&world));
    assert_eq!(made.counts.bound, 1);
    let envelope = records_of(&world, &number(1))[0]["envelope"].clone();
    let mut tampered = envelope.as_str().unwrap().to_owned();
    let at = tampered.len() - 20;
    tampered.replace_range(at..=at, if &tampered[at..=at] == "A" { "B" } else { "A" });
    let rows = [
        json!({"envelope": envelope}),
        json!({"envelope": tampered}),
        json!({"envelope": "x", "issuer": "y"}),
    ];
    let report = import(&world, &write(&world, "two.ndjson", lines(&rows)), &options(&world));
    assert_eq!((report.counts.already_there, report.counts.refused), (1, 2));
    let rules: Vec<_> = errors(&world).iter().map(|fault| fault["rule"].clone()).collect();
    assert_eq!(rules, ["signature_mismatch", "envelope_alone"]);
}

fn a_dry_run_says_what_would_be_and_writes_nothing(world: World) {
    people::settle(&world.registry);
    import(&world, &write(&world, "first.ndjson", lines(&[card(0)])), &options(&world));
    let stood = stored(&world.registry);
    let mut clashing = card(0);
    clashing["face"]["address"] = json!("示范省示范市城西区1号");
    let source = write(&world, "rows.ndjson", format!("{}{{\n", lines(&[card(0), card(1), clashing])));
    let report = import(&world, &source, &ImportOptions { dry_run: true, ..options(&world) });
    let counts = report.counts;
    assert_eq!((counts.bound, counts.already_there, counts.refused, counts.clashes), (1, 1, 2, 1));
    assert_eq!(errors(&world).iter().map(|fault| fault["line"].clone()).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(stored(&world.registry), stood);
    let runs = world.registry.store().read_now(|reader| reader.import_runs()).unwrap();
    assert_eq!((runs.len(), report.closing), (1, None));
    spill_is_empty(&world);
}

fn a_commit_that_fails_or_seems_to_is_settled_by_the_runs_own_row(world: World) {
    people::settle(&world.registry);
    let before = stored(&world.registry);
    let source = write(&world, "rows.ndjson", lines(&(0..400).map(card).collect::<Vec<_>>()));
    let commits = AtomicUsize::new(0);
    let progress = |told: ImportProgress| {
        if told.stage == Stage::Writing {
            match commits.fetch_add(1, Ordering::SeqCst) {
                0 => world.registry.store().fail_next_commit(false),
                1 => world.registry.store().fail_next_commit(true),
                _ => {}
            }
        }
    };
    let report = world.registry.import(&operator(), &source, &small(&world), &progress).unwrap();
    assert!(commits.into_inner() > 3);
    assert_eq!((report.counts.bound, report.counts.already_there), (400, 0));
    let after = stored(&world.registry);
    assert_eq!((after.0 - before.0, after.1 - before.1), (400, 400));
}

fn i14_a_run_killed_while_parsing_parses_again(world: World) {
    killed(&world, "parsing", 2);
    killed(&world, "parsing", 3);
}

fn i14_a_run_killed_while_writing_goes_on_behind_its_last_commit(world: World) {
    killed(&world, "writing", 1);
    killed(&world, "writing", 5);
}

/// Kills an import at its n-th word of a stage, looks for numbers in the files it left, and lets it go on.
fn killed(world: &World, stage: &str, at: usize) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let base = NEXT.fetch_add(1, Ordering::SeqCst) * 2000;
    if world.registry.snapshot().catalog.issuers().agencies().latest(POLICE).is_none() {
        people::settle(&world.registry);
    }
    let before = stored(&world.registry);
    let mut rows: Vec<_> = (base..base + 1500).map(card).collect();
    rows[700]["face"]["sex"] = json!("9");
    rows.push(card(base));
    let mut clashing = card(base + 1);
    clashing["face"]["address"] = json!("示范省示范市城西区1号");
    rows.push(clashing);
    let source = write(world, &format!("{base}.ndjson"), lines(&rows));
    let url = match &world.place.url {
        DbUrl::Postgres(url) => url.clone(),
        DbUrl::Sqlite(_) => String::new(),
    };
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_import_that_is_killed", "--ignored", "--nocapture"])
        .env("IMPORT_DATA", world.data())
        .env("IMPORT_URL", url)
        .env("IMPORT_SOURCE", &source)
        .env("IMPORT_ERRORS", world.dir().join("errors.ndjson"))
        .env("IMPORT_KILL", format!("{stage} {at}"))
        .output()
        .unwrap();
    // A child that panicked was not killed.
    let ended = std::os::unix::process::ExitStatusExt::signal(&child.status);
    assert_eq!(ended, Some(9), "the child was to be killed: {}", String::from_utf8_lossy(&child.stdout));
    let mut scanned = 0;
    for entry in std::fs::read_dir(world.data().join("spill")).unwrap().map(|dir| dir.unwrap().path()) {
        for file in std::fs::read_dir(entry).unwrap().map(|file| file.unwrap().path()) {
            let bytes = std::fs::read(&file).unwrap();
            scanned += usize::from(!bytes.is_empty());
            let found = bytes.windows(14).any(|window| window.starts_with(b"190101") && window.is_ascii());
            assert!(!found, "I3: {} holds a number in clear", file.display());
        }
    }
    assert!(scanned > 0, "nothing was spilled before the kill");
    // A part may be stored, and as many leaves as records.
    let between = stored(&world.registry);
    assert_eq!(between.0 - before.0, usize::try_from(between.1 - before.1).unwrap());
    let report = import(world, &source, &small(world));
    let counts = report.counts;
    assert_eq!(
        (counts.rows_in, counts.bound, counts.already_there, counts.refused, counts.clashes),
        (1502, 1499, 1, 2, 1)
    );
    assert_eq!(
        report.timings.parsing.rows > 0,
        stage == "parsing",
        "only a run killed while parsing parses again"
    );
    if stage == "writing" {
        assert!(
            between.0 > before.0 && report.timings.writing.rows < 1501,
            "it goes on behind the last commit"
        );
    }
    let mut faults: Vec<_> = errors(world).iter().map(|fault| fault["line"].as_u64().unwrap()).collect();
    faults.sort_unstable();
    assert_eq!(faults, [701, 1502]);
    let after = stored(&world.registry);
    assert_eq!((after.0 - before.0, after.1 - before.1), (1499, 1499));
    spill_is_empty(world);
}

#[test]
#[ignore = "started and killed by the tests of killed runs"]
fn the_import_that_is_killed() {
    let env = |name: &str| std::env::var(name).unwrap();
    let data = PathBuf::from(env("IMPORT_DATA"));
    let url = env("IMPORT_URL");
    let url = if url.is_empty() { DbUrl::in_data_dir(&data) } else { DbUrl::parse(&url).unwrap() };
    let registry = Registry::open(elicense::registry::Opening {
        place: elicense::store::Place { url, dir: data, point_hops: false },
        master: elicense::trust::MasterKey::from_bytes(common::MASTER),
        clock: elicense::clock::Clock::fixed(common::noon()),
        regions: common::demo_regions(),
    })
    .unwrap();
    let kill = env("IMPORT_KILL");
    let (stage, at) = kill.split_once(' ').unwrap();
    let stage = if stage == "parsing" { Stage::Parsing } else { Stage::Writing };
    let at: usize = at.parse().unwrap();
    let told = AtomicUsize::new(0);
    let limits = Limits {
        run_bytes: 16 << 10,
        block_bytes: 4 << 10,
        transaction_bytes: 200_000,
        transaction_time: Duration::from_secs(10),
        alone_time: Duration::from_secs(10),
        pause: Duration::ZERO,
        ..Limits::default()
    };
    let options = ImportOptions {
        error_path: Some(env("IMPORT_ERRORS").into()),
        limits,
        threads: Some(2),
        ..ImportOptions::default()
    };
    let progress = |progress: ImportProgress| {
        if progress.stage == stage && told.fetch_add(1, Ordering::SeqCst) + 1 == at {
            common::program::signal(std::process::id(), "KILL");
            std::thread::sleep(Duration::from_secs(30));
        }
    };
    registry.import(&operator(), Path::new(&env("IMPORT_SOURCE")), &options, &progress).unwrap();
}

fn what_refuses_a_whole_file(world: World) {
    people::settle(&world.registry);
    let stood = stored(&world.registry);
    let refused = |name: &str, bytes: &[u8], options: &ImportOptions| {
        let source = write(&world, name, bytes);
        world.registry.refresh().unwrap();
        let error = world.registry.import(&operator(), &source, options, &|_| ()).unwrap_err();
        error.rule.map_or("", Rule::wire)
    };
    let options = options(&world);
    let header = "type,issuer,issued_on";
    for (name, bytes, rule) in [
        ("a.ndjson", &b"{}\n\xFF\xFF\n"[..], "encoding_unknown"),
        ("b.csv", b"", "csv_header"),
        ("c.csv", b"type,issuer,secret\n", "csv_column_unknown"),
        ("d.csv", b"type,issuer,issuer\n", "csv_column_twice"),
        ("e.csv", b"type,issued_on\n", "csv_header"),
        ("f.txt", header.as_bytes(), "format_unknown"),
    ] {
        assert_eq!(refused(name, bytes, &options), rule, "{name}");
    }
    // Lines of JSON are in UTF-8: letters that look like two hanzi in GB 18030 make no file of two encodings.
    let letters = write(&world, "u.ndjson", "{\"x\":\"¿½\"}\n{\"x\":\"王芳\"}\n");
    assert_eq!(import(&world, &letters, &options).counts.refused, 2);
    let named = ImportOptions { run_id: Some("../x".into()), ..options.clone() };
    assert_eq!(refused("g.ndjson", b"{}", &named), "run_id_form");
    let named = ImportOptions { run_id: Some("one".into()), ..options.clone() };
    import(&world, &write(&world, "h.ndjson", "{}"), &named);
    assert_eq!(refused("i.ndjson", b"{} ", &named), "run_other_file");
    let csv = ImportOptions { format: Some(FileFormat::Csv), ..options };
    // A header and no rows is an export that went wrong, not a stock of nothing.
    assert_eq!(refused("j.txt", header.as_bytes(), &csv), "file_without_rows");
    let dry = ImportOptions { dry_run: true, ..csv.clone() };
    assert_eq!(refused("j.txt", header.as_bytes(), &dry), "file_without_rows");
    let pipe = world.registry.import(&operator(), Path::new("/dev/null"), &csv, &|_| ()).unwrap_err();
    assert_eq!(pipe.rule.map(Rule::wire), Some("file_unreadable"));
    assert_eq!(stored(&world.registry), stood);
}
