//! Items as tables, and bundles, on the command line: loaded, listed, checked, written out, and asked about.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, CHEN};
use common::program::Installed;
use elicense::catalog::bundles::BundleDef;
use elicense::catalog::items::ItemDef;
use elicense::registry::Registry;
use serde_json::Value;

fn run(installed: &Installed, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let output = installed.run(arguments, input);
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn said(installed: &Installed, arguments: &[&str]) -> String {
    let (code, said) = run(installed, arguments, "");
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    said
}

/// The agencies of the items that come with the program.
fn settled(registry: &Registry) {
    people::settle(registry);
    registry.start_access("main").unwrap();
    for item in ItemDef::builtin().unwrap() {
        registry.put_agency("test", &people::agency(&item.agency, &item.agency_name, "190101")).unwrap();
    }
    registry.stop_access();
}

#[test]
fn items_go_out_as_a_table_and_come_in_again() {
    let installed = Installed::new(settled);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let items = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/items/11190101MD1000157B4190101000018.json");
    said(&installed, &["items", "load", items]);
    for name in ["items.csv", "items.xlsx"] {
        let format = name.split_once('.').unwrap().1;
        said(&installed, &["items", "export", "--format", format, &at(name)]);
        // The same again changes nothing, so that it is the same.
        let told = said(&installed, &["items", "load", &at(name)]);
        assert!(
            told.contains("9 行") && told.contains("11190101MD1000157B4190101000018 version 1"),
            "{told}"
        );
    }
    // A department edits the table: another version, with a word that there is not.
    let text = std::fs::read_to_string(at("items.csv")).unwrap();
    let next = text.replace(",1,食品经营许可,", ",2,食品经营许可证核发,");
    std::fs::write(at("next.csv"), &next).unwrap();
    let told = said(&installed, &["items", "load", &at("next.csv")]);
    assert!(told.contains("version 2"), "{told}");
    std::fs::write(at("wrong.csv"), next.replacen("营业执照", "营业执照,多", 1)).unwrap();
    let (code, told) = run(&installed, &["items", "load", &at("wrong.csv")], "");
    assert!(
        code == Some(1) && told.contains("这一行的列数与表头不同") && told.contains("没有读入任何事项"),
        "{told}"
    );
    let (code, told) = run(&installed, &["items", "check", "--json", &at("wrong.csv")], "");
    let told: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!((code, &told["faults"][0]["rule"]), (Some(1), &"csv_column_count".into()));
    let listed = said(&installed, &["items", "list"]);
    assert!(listed.contains("食品经营许可证核发"), "{listed}");
}

#[test]
fn bundles_are_loaded_listed_checked_written_out_and_asked_about() {
    let installed = Installed::new(settled);
    let folder = tempfile::tempdir().unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let bundle = format!("{root}/schema/bundles/newborn.json");
    let (code, told) = run(&installed, &["bundles", "load", &bundle], "");
    assert!(code != Some(0) && told.contains("bundle_inconsistent"), "its items are not there: {told}");
    let (code, told) = run(&installed, &["bundles", "check", &bundle], "");
    assert!(code == Some(1) && told.contains("没有这个事项"), "{told}");
    let files = std::fs::read_dir(format!("{root}/schema/items")).unwrap().map(|file| file.unwrap().path());
    let files: Vec<String> = files.map(|path| path.to_str().unwrap().to_owned()).collect();
    let items = files.iter().filter(|path| path.ends_with(".json")).map(String::as_str);
    said(&installed, &["items", "load"].into_iter().chain(items).collect::<Vec<_>>());
    said(&installed, &["bundles", "load", &bundle]);
    said(&installed, &["bundles", "check"]);
    let listed = said(&installed, &["bundles", "list"]);
    assert!(listed.contains("新生儿出生") && listed.contains("出生医学证明签发 → "), "{listed}");
    let shown: Value = serde_json::from_str(&said(&installed, &["bundles", "show", "新生儿出生"])).unwrap();
    let known = BundleDef::builtin().unwrap().into_iter().find(|one| one.slug == "newborn").unwrap();
    assert_eq!(shown, serde_json::to_value(&known).unwrap());
    let out = folder.path().join("out");
    said(&installed, &["bundles", "export", out.to_str().unwrap()]);
    let text = std::fs::read_to_string(out.join("newborn.json")).unwrap();
    assert_eq!(BundleDef::from_json(&text).unwrap(), known);
    let parties = format!("child 999 Q190000123\nmother 111 190101198803120021\nhead 111 {CHEN}\n");
    let arguments = ["apply", "--bundle", "newborn", "--reason", "窗口办理", "--answer", "父亲信息=不提供"];
    let more = ["--answer", "落户=随母", "--answer", "生育情形=非婚生"];
    let (code, told) = run(&installed, &[&arguments[..], &more].concat(), &parties);
    assert_eq!(code, Some(0), "{told}");
    for word in ["7 个事项 · 原需 ", "“出生医学证明签发”的结果出生医学证明", "1. 出生医学证明签发"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    let both = ["apply", "--bundle", "newborn", "--item", "x", "--reason", "窗口办理"];
    assert_eq!(run(&installed, &both, &parties).0, Some(2));
}
