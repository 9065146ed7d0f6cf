//! The commands about sources, as an operator types them: connected, checked, asked, counted in the savings, ended.

use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::common::department::Simulated;
use super::common::people::{MARKET, POLICE, ZHOU};
use super::common::program::Installed;
use super::{ITEM, MARRIED, ready};

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn value(installed: &Installed, arguments: &[&str], input: &str) -> Value {
    let output = installed.run(&[arguments, &["--json"]].concat(), input);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output).1);
    // The operator's log beside it says which system was silent.
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The outcome of the first way of the slot that asks the registration office.
fn married(installed: &Installed) -> Value {
    let arguments = ["apply", "--item", ITEM, "--reason", "窗口办理"];
    let answer = value(installed, &arguments, &format!("applicant 111 {ZHOU}\n"));
    answer["slots"][0]["tried"][0].clone()
}

#[test]
fn an_operator_connects_checks_and_ends_a_department_by_commands() {
    let installed = Installed::new(|registry| {
        ready(registry);
        registry.stop_access();
    });
    let savings = |why: &str| {
        let bill = value(&installed, &["items", "savings", "--why"], "").to_string();
        bill.matches(why).count()
    };
    let unanswered = savings("no_answer");
    assert!(unanswered >= 3, "three questions go to offices that nobody is connected to");
    assert_eq!(married(&installed)["outcome"], "not_covered");

    let department = Simulated::start(POLICE, &json!({MARRIED: {ZHOU: "yes"}}), &[]);
    let url = department.url.as_str();
    let add = ["sources", "add", "婚姻登记机关", POLICE, url, "--name", "婚姻登记系统"];
    // An address that says who asks, or crosses the network openly, is none.
    for (wrong, rule) in [
        ("http://10.1.2.3/", "source_plain"),
        ("http://user:word@127.0.0.1:9/", "source_url"),
        ("https://example.invalid/", "source_roots"),
    ] {
        let mut refused = add;
        refused[4] = wrong;
        let (code, text) = said(&installed.run(&refused, ""));
        assert!(code == Some(2) && text.contains(rule), "{wrong}: {code:?} {text}");
    }
    value(&installed, &add, "");
    // Connected, and nobody knows its key: what it says is no answer.
    let check = ["sources", "check", "婚姻登记机关", POLICE];
    let (code, text) = said(&installed.run(&check, ""));
    assert!(code == Some(3) && text.contains("答复的密钥无效"), "{text}");
    assert_eq!(married(&installed)["outcome"], "unverifiable");
    value(&installed, &["keys", "register", POLICE, &URL_SAFE_NO_PAD.encode(department.public)], "");
    assert_eq!(value(&installed, &check, "")["answers"], true);
    let told = married(&installed);
    assert_eq!((&told["outcome"], told["signed"].is_string()), (&json!("met"), true), "{told}");
    assert!(savings("no_answer") < unanswered, "what it answers is asked of nobody any more");
    let listed = said(&installed.run(&["sources", "list"], "")).1;
    assert!(listed.contains("婚姻登记系统") && listed.contains(url), "{listed}");

    let end = ["sources", "end", "婚姻登记机关", POLICE];
    let (code, text) = said(&installed.run(&end, ""));
    assert!(code == Some(2) && text.contains("--why"), "a reason is asked for: {text}");
    value(&installed, &[end.as_slice(), &["--why", "系统停用"]].concat(), "");
    assert_eq!(value(&installed, &["sources", "list"], ""), json!([]));
    assert_eq!(value(&installed, &["sources", "list", "--all"], "").as_array().unwrap().len(), 1);
    assert_eq!(savings("no_answer"), unanswered);
    let asked = department.asked();
    let (code, _) = said(&installed.run(&check, ""));
    assert_eq!((code, department.asked()), (Some(2), asked), "nobody is asked there any more");
    value(&installed, &["fsck"], "");
    // The same key once more is the same key, and never another agency's.
    let public = URL_SAFE_NO_PAD.encode(department.public);
    value(&installed, &["keys", "register", POLICE, &public], "");
    let (code, text) = said(&installed.run(&["keys", "register", MARKET, &public], ""));
    assert!(code == Some(2) && text.contains("key_known"), "{text}");
}
