//! What a command tells somebody who meets it for the first time: which file it tried, what is taken, what an account
//! may do, and in which time.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::path::Path;

use common::people::{self, POLICE};
use common::program::{self, Installed};
use common::server::{self, SECRET};
use elicense::registry::ImportOptions;
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    a_region_that_is_in_no_list_is_refused_wherever_it_is_put_on_the_books
    an_import_that_failed_while_parsing_leaves_nothing_on_disk
}

/// Exit code, and all that was said.
fn told(output: std::process::Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn run(installed: &Installed, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    told(installed.run(arguments, input))
}

#[test]
fn a_master_key_that_is_not_there_is_named_by_its_file() {
    let installed = Installed::new(people::settle);
    let copy = installed.dir.path().join("copy");
    assert_eq!(run(&installed, &["backup", copy.to_str().unwrap()], "").0, Some(0));
    let (data, missing) = (installed.dir.path().join("again"), installed.dir.path().join("no.key"));
    let named = |output: (Option<i32>, String)| {
        assert_ne!(output.0, Some(0));
        assert!(output.1.contains(&*missing.to_string_lossy()), "{}", output.1);
        assert!(output.1.contains("master_key_file"), "{}", output.1);
    };
    named(told(program::finish(program::command(&data, &missing, &["restore", copy.to_str().unwrap()]), "")));
    assert!(!data.exists());
    named(told(program::finish(program::command(&installed.data(), &missing, &["keys", "list"]), "")));
    // By its place beside the data directory where nothing was said.
    let mut bare = program::bare(&["restore", copy.to_str().unwrap()]);
    bare.arg("--data").arg(&data);
    let (_, said) = told(program::finish(bare, ""));
    assert!(said.contains("again.master-key"), "{said}");
}

#[test]
fn an_init_takes_a_region_of_the_list_only_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (data, key) = (dir.path().join("data"), dir.path().join("master.key"));
    let init = |region: &str| {
        let arguments = ["init", "--origin", "test.example", "--region", region];
        told(program::finish(program::command(&data, &key, &arguments), ""))
    };
    let (code, said) = init("999999");
    assert!(code == Some(2) && said.contains("region_unknown") && said.contains("--regions"), "{said}");
    assert!(!key.exists() && !data.exists());
    assert_eq!(init("190101").0, Some(0));
}

fn a_region_that_is_in_no_list_is_refused_wherever_it_is_put_on_the_books(world: common::World) {
    people::settle(&world.registry);
    let registry = &world.registry;
    let unknown = |outcome: elicense::error::Result<()>| {
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.rule, error.field.as_deref()),
            (Some(Rule::RegionUnknown), Some("region")),
            "{error:?}"
        );
    };
    unknown(registry.put_agency("test", &people::agency(POLICE, "某局", "199999")));
    let type_code = registry.snapshot().catalog.type_codes().next().unwrap().to_owned();
    let authority = |region: &str| {
        let given = json!({"agency": POLICE, "type_code": type_code, "region": region, "from": "2000-01-01"});
        registry.authorise("test", &serde_json::from_value(given).unwrap())
    };
    unknown(authority("999999"));
    let power = |region: &str| {
        let given = json!({
            "agency": POLICE, "statement": "death", "source": "household", "region": region, "from": "2000-01-01",
        });
        registry.empower("test", &serde_json::from_value(given).unwrap())
    };
    unknown(power("999999"));
    // A street below a county of the list, and a county that there was.
    authority("190101001").unwrap();
    power("110103").unwrap();
}

fn an_import_that_failed_while_parsing_leaves_nothing_on_disk(world: common::World) {
    people::settle(&world.registry);
    let spill = world.data().join("spill");
    let left = |spill: &Path| std::fs::read_dir(spill).map_or(0, |entries| entries.count());
    let import = |text: &str| {
        let source = world.dir().join("rows.csv");
        std::fs::write(&source, text).unwrap();
        world.registry.import(&common::operator(), &source, &ImportOptions::default(), &|_| ())
    };
    let refused = import("no,column,is,known\n1,2,3,4\n").unwrap_err();
    assert!(refused.rule.is_some(), "{refused:?}");
    assert_eq!(left(&spill), 0, "a failed import leaves a folder");
    let empty = import("type,issuer\n").unwrap_err();
    assert_eq!(empty.rule.map(|rule| rule.wire()), Some("file_without_rows"));
    assert_eq!(left(&spill), 0);
}

#[test]
fn accounts_are_listed_with_their_budget_and_numbers_agree_with_their_nouns() {
    let installed = Installed::new(|registry| {
        people::settle(registry);
        server::clerk(registry);
    });
    let (_, listed) = run(&installed, &["accounts", "list"], "");
    assert!(listed.contains(" holders a day"), "{listed}");
    let (_, listed) = run(&installed, &["accounts", "list", "--json"], "");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert!(listed[0]["budget"].as_u64().is_some(), "{listed}");
    let agency = serde_json::to_string(&people::agency(POLICE, "某局", "190101")).unwrap();
    let (code, said) = run(&installed, &["agencies", "add", "-"], &agency);
    assert_eq!((code, said.as_str()), (Some(0), "1 agency written.\n"));
    let (_, said) = run(&installed, &["agencies", "add", "-"], &format!("[{agency},{agency}]"));
    assert_eq!(said, "2 agencies written.\n");
}

#[test]
fn a_file_that_is_refused_says_which_line_and_which_names_are_known() {
    let installed = Installed::new(people::settle);
    let agency = serde_json::to_string_pretty(&people::agency(POLICE, "某局", "190101")).unwrap();
    let (code, said) = run(&installed, &["agencies", "add", "-"], &agency.replace("\"region\"", "\"place\""));
    assert_eq!(code, Some(2), "{said}");
    let line = 1 + agency.lines().position(|line| line.contains("\"region\"")).unwrap();
    assert!(said.contains("place") && said.contains(&format!("(Line {line}.)")), "{said}");
    assert!(said.contains("Known are: ") && said.contains("`region`"), "{said}");
}

#[test]
fn i9_a_key_is_revoked_since_an_instant_of_any_precision_or_a_day_of_beijing() {
    let installed = Installed::new(people::settle);
    let revoked = |since: &str| {
        let (_, made) = run(&installed, &["keys", "make", POLICE, "--json"], "");
        let made: Value = serde_json::from_str(&made).unwrap();
        let kid = made["kid"].as_str().unwrap();
        run(&installed, &["keys", "revoke", kid, "--since", since, "--why", "遗失", "--json"], "")
    };
    for (since, at) in [
        ("2026-11-22", "2026-11-21T16:00:00.000000Z"),
        ("2026-11-22T09:30:00+08:00", "2026-11-22T01:30:00.000000Z"),
        ("2026-11-22T01:30:00.5Z", "2026-11-22T01:30:00.500000Z"),
    ] {
        let (code, said) = revoked(since);
        assert_eq!(code, Some(0), "{since}: {said}");
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["since"], at, "{since}");
    }
    let (code, said) = revoked("yesterday");
    assert!(code == Some(2) && said.contains("or a day"), "{said}");
}

#[test]
fn a_request_that_is_refused_names_the_parameter_the_fields_and_the_batch() {
    let world = common::world(common::Backend::Sqlite).unwrap();
    people::settle(&world.registry);
    server::clients(&world.registry);
    let server = server::start(world.registry.clone());
    let token = server.token("all", SECRET);
    let query = server.get("/api/v1/agencies?limt=3", Some(&token)).json();
    assert_eq!((&query["field"], &query["rule"]), (&json!("limt"), &json!("query")), "{query}");
    assert!(query["detail"].as_str().unwrap().contains("`limit`"), "{query}");
    let hidden = server.get(&format!("/api/v1/agencies?{}=3", people::ZHOU), Some(&token)).body;
    assert!(!hidden.contains(people::ZHOU), "{hidden}");
    let card = people::id_card(people::ZHOU, "周海燕", "2020-01-01");
    let bare = server.post("/api/v1/records", Some(&token), &json!(card)).json();
    assert_eq!(bare["code"], "field_unknown", "{bare}");
    assert!(bare["detail"].as_str().unwrap().contains("`record`"), "{bare}");
    let list = server.post("/api/v1/lookups", Some(&token), &json!([server::ask()])).json();
    assert!(list["detail"].as_str().unwrap().contains("/api/v1/lookups/batch"), "{list}");
}
