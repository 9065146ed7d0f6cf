//! `elicense fsck` as an operator runs it: exit code 1 and the place, in words and as JSON.

use super::common::program::Installed;
use super::*;

fn ran(installed: &Installed, more: &[&str]) -> (i32, String) {
    let output = installed.run(&[&["fsck"], more].concat(), "");
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr))), said)
}

#[test]
fn the_command_names_the_place_and_ends_with_one() {
    let mut name = String::new();
    let installed = Installed::new(|registry| {
        people::settle(registry);
        registry.refresh().unwrap();
        let card = people::id_card(ZHOU, "周海燕", "2020-01-01");
        registry.issue(&operator(), &Submitted::Draft(card)).unwrap();
        name = record_name(&row_of(registry, ZHOU, ID_CARD).record_id);
    });
    let (code, said) = ran(&installed, &[]);
    assert_eq!((code, said.lines().last()), (0, Some("sound")), "{said}");
    let relisted = installed.run(&["log", "relist"], "");
    let said = String::from_utf8(relisted.stdout).unwrap();
    assert_eq!((relisted.status.code(), said.trim()), (Some(0), "0 accesses listed, 0 lines taken off."));
    let (code, said) = ran(&installed, &["--quick"]);
    assert!(code == 0 && said.lines().last().unwrap().contains("first pass only"), "{said}");

    let mut conn = raw(&installed.data().join("registry.db"));
    assert_eq!(diesel::update(records::table).set(records::state.eq(2)).execute(&mut conn), Ok(1));
    drop(conn);
    let (code, said) = ran(&installed, &[]);
    let line = said.lines().find(|line| line.starts_with("FOUND ")).unwrap_or_else(|| panic!("{said}"));
    assert!(line.starts_with(&format!("FOUND seal_broken in records, record {name}: ")), "{line}");
    assert_eq!((code, said.lines().last()), (1, Some("1 finding")), "{said}");
    let (code, said) = ran(&installed, &["--json"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["strict"]), (1, &json!(true)));
    let found = &report["findings"][0];
    let place = (&found["kind"], &found["table"], &found["record"]);
    assert_eq!(place, (&json!("seal_broken"), &json!("records"), &json!(name)), "{report:#}");
    assert!(!elicense::identity::contains_citizen_number(&said));
}
