//! Lists of the command line: aligned where a hanzi takes two columns, and whole: who may what, who looked, what is
//! proposed, what a feed says.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, CHEN, POLICE, ZHOU};
use common::program::Installed;
use common::server;
use elicense::registry::Submitted;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

fn run(installed: &Installed, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let output = installed.run(arguments, input);
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn said(installed: &Installed, arguments: &[&str], input: &str) -> String {
    let (code, said) = run(installed, arguments, input);
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    said
}

/// Where a word begins in each line that has it, by columns of a terminal.
fn columns(said: &str, word: &str) -> Vec<usize> {
    said.lines().filter_map(|line| line.find(word).map(|at| line[..at].width())).collect()
}

fn settled(registry: &elicense::registry::Registry) {
    people::settle(registry);
    server::clerk(registry);
    let issue = |draft| {
        registry.refresh().unwrap();
        registry.issue(&common::operator(), &Submitted::Draft(draft)).unwrap();
    };
    registry.start_access("main").unwrap();
    issue(people::social_card(CHEN, "陈志远"));
    issue(people::id_card(CHEN, "陈志远", "2021-01-01"));
    issue(people::death(CHEN, "陈志远"));
    registry.stop_access();
}

#[test]
fn a_table_is_aligned_where_names_have_wide_and_narrow_characters() {
    let installed = Installed::new(settled);
    let mut other = people::agency("11190000MD10009070", "Police of the province", "190000");
    other.valid_from = people::day("1990-01-01");
    said(&installed, &["agencies", "add", "-"], &serde_json::to_string(&other).unwrap());
    let listed = said(&installed, &["agencies", "list"], "");
    let places = columns(&listed, "1990-01-01–");
    assert!(places.len() == 4 && places.iter().all(|place| *place == places[0]), "{listed}");
    assert!(listed.contains("示范省示范市城东区 190101"), "regions by name: {listed}");
    let number = format!("{CHEN}\n");
    let looked = said(&installed, &["lookup", "--item", "A1", "--reason", "窗口办理"], &number);
    let places = columns(&looked, "1.2.156.");
    assert!(places.len() >= 2 && places.iter().all(|place| *place == places[0]), "{looked}");
}

#[test]
fn both_kinds_of_authority_are_listed_and_withdrawn() {
    let installed = Installed::new(settled);
    let listed = said(&installed, &["agencies", "authorities", "--agency", POLICE], "");
    assert!(listed.contains("签发 居民身份证信息") && listed.contains("确认死亡 (户籍机关)"), "{listed}");
    assert!(!listed.contains("市场监督管理局"), "{listed}");
    let withdraw = |more: &[&str]| {
        let mut arguments = vec!["agencies", "withdraw", POLICE, "--ground", "机构改革"];
        arguments.extend(more);
        run(&installed, &arguments, "")
    };
    let (code, told) = withdraw(&["--certificate", "resident_id_card", "--from", "2020-01-01"]);
    assert!(code == Some(2) && told.contains("withdrawal_day"), "{told}");
    assert_eq!(withdraw(&["--from", "2099-01-01"]).0, Some(2), "of what is to be said");
    for of in [["--certificate", "resident_id_card"], ["--statement", "death"]] {
        let (code, told) = withdraw(&[of[0], of[1], "--from", "2099-01-01"]);
        assert!(code == Some(0) && told.contains("the last day is 2098-12-31"), "{told}");
    }
    let listed = said(&installed, &["agencies", "authorities", "--agency", POLICE, "--json"], "");
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let ended: Vec<&str> = listed
        .iter()
        .filter(|one| one["authority"]["to"] == "2098-12-31" || one["empowerment"]["to"] == "2098-12-31")
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(ended, ["authority", "empowerment"]);
}

#[test]
fn an_operator_reads_who_looked_and_is_on_the_list() {
    let installed = Installed::new(settled);
    let number = format!("{CHEN}\n");
    said(&installed, &["lookup", "--item", "A1", "--reason", "窗口办理", "--case", "2026-7"], &number);
    let asked = |more: &[&str]| {
        let mut arguments = vec!["--as", "张管理", "accesses", "--reason", "持证人询问"];
        arguments.extend(more);
        said(&installed, &arguments, &number)
    };
    let first = asked(&[]);
    assert!(first.contains("已答复") && first.contains("2026-7") && first.contains("窗口办理"), "{first}");
    assert!(!first.contains("持证人询问"), "its own look comes behind it: {first}");
    let second = asked(&["--limit", "1"]);
    assert!(second.contains("已查看用证记录") && second.contains("--after"), "{second}");
    assert!(!first.contains(CHEN) && !second.contains(CHEN));
    let (code, told) = run(&installed, &["accesses", "--reason", " "], &number);
    assert!(code == Some(2) && told.contains("reason"), "{told}");
}

#[test]
fn proposals_and_coverage_are_listed_for_the_operator() {
    let installed = Installed::new(settled);
    let listed = said(&installed, &["proposals", "--agency", POLICE], "");
    assert!(
        listed.contains("社会保障卡") && listed.contains("因 死亡证明") && !listed.contains(CHEN),
        "{listed}"
    );
    let listed = said(&installed, &["proposals", "--json"], "");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    for one in listed["proposals"].as_array().unwrap() {
        let decline =
            json!({"identifier": one["identifier"], "action": one["action"], "ground": "经核实系同名"});
        let told = said(&installed, &["proposals", "decline", "-"], &decline.to_string());
        assert!(told.contains("declined: leaf"), "{told}");
    }
    assert_eq!(said(&installed, &["proposals"], ""), "No open proposals.\n");

    let state = |system: &str, share: u16, heartbeat: &str| {
        json!({
            "type_code": "11190000MD10009070011", "issuing_system": system, "issuer": POLICE, "share_on_file": share,
            "regions": [{"code": "190101", "name": "城东区"}], "as_of": heartbeat, "heartbeat": heartbeat, "gaps": [],
            "unbound": 0, "quarantined": 3,
        })
    };
    let now = elicense::clock::Clock::System.now().to_string();
    let slug = said(&installed, &["types", "list"], "");
    let code =
        slug.lines().find(|line| line.contains("resident_id_card")).unwrap().split(' ').next().unwrap();
    let mut statements = vec![state("新系统", 1000, &now), state("旧系统", 640, "2026-01-01T00:00:00Z")];
    statements.iter_mut().for_each(|one| one["type_code"] = code.into());
    said(&installed, &["coverage", "state", "-"], &json!(statements).to_string());
    let listed = said(&installed, &["coverage", "list"], "");
    let line = |system: &str| listed.lines().find(|line| line.contains(system)).unwrap().to_owned();
    assert!(line("新系统").contains("100.0%") && !line("新系统").contains("late"), "{listed}");
    let old = line("旧系统");
    assert!(
        old.contains("64.0%") && old.contains("late") && old.contains("2026-01-01 08:00:00 UTC+8"),
        "{old}"
    );
    said(&installed, &["coverage", "withdraw", "resident_id_card", "旧系统", "--ground", "系统停用"], "");
    assert!(!said(&installed, &["coverage", "list"], "").contains("旧系统"));
    let (code, told) =
        run(&installed, &["coverage", "withdraw", "resident_id_card", "旧系统", "--ground", "停用"], "");
    assert!(code == Some(2) && told.contains("coverage_missing"), "{told}");
}

#[test]
fn an_account_is_ended_by_name_and_its_end_is_listed() {
    let installed = Installed::new(settled);
    let ended = said(&installed, &["--as", "张管理", "accounts", "end", "clerk"], "");
    assert!(ended.contains("by 张管理"), "{ended}");
    assert!(ended.contains("account-ended name=\"clerk\""), "a line of the operator's log: {ended}");
    let listed = said(&installed, &["accounts", "list"], "");
    assert!(listed.contains("ended") && listed.contains("张管理"), "{listed}");
    assert_eq!(run(&installed, &["accounts", "end", "nobody"], "").0, Some(2));
    let grants = installed.dir.path().join("grants.json");
    std::fs::write(&grants, "[{\"types\": \"*\", \"fields\": \"whole\", \"purposes\": \"*\"}]").unwrap();
    let grants = grants.to_str().unwrap();
    let arguments = ["accounts", "add", "clerk", "--display", "窗口", "--agency", POLICE, "--grants", grants];
    let (code, told) = run(&installed, &arguments, "a-password-of-another\n");
    assert!(code == Some(2) && told.contains("account_ended"), "{told}");
}

#[test]
fn a_holder_of_nothing_has_an_empty_list() {
    let installed = Installed::new(people::settle);
    let told = said(&installed, &["accesses", "--reason", "持证人询问"], &format!("{ZHOU}\n"));
    assert_eq!(told, "Nobody looked.\n");
}
