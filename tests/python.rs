//! A verifier in another language, written from `schema/bytes.md` alone, agrees with what the registry hands
//! out and refuses it with any byte changed (I10).
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::people::{self, ZHOU};
use common::{World, operator, run};
use elicense::registry::{Ask, Submitted};
use elicense::trust::jwks::jwks;
use serde_json::{Value, json};

/// None where there is no Python 3, unless `ELICENSE_TEST_PYTHON=required` makes that a failure.
fn python(arguments: &[&str]) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/verify.py");
    let mut command = Command::new("python3");
    // -B: no byte code beside the sources; utf8: whatever the machine's locale is.
    let output = command.args(["-B", "-X", "utf8"]).arg(script).args(arguments).output();
    match output {
        Ok(output) => Some(output),
        Err(error) => {
            let required = std::env::var("ELICENSE_TEST_PYTHON").as_deref() == Ok("required");
            assert!(!required, "python3 is required here: {error}");
            eprintln!("skipped: no python3");
            None
        }
    }
}

fn held(arguments: &[&str]) -> Option<Value> {
    let output = python(arguments)?;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn refused(arguments: &[&str]) -> String {
    let output = python(arguments).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

/// Issues three records, looks them up, and writes what an outsider would have been given.
fn served(world: &World, folder: &Path) -> Value {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let drafts = [
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::social_card(ZHOU, "周海燕"),
        people::marriage("J190101-2015-000123"),
    ];
    for draft in drafts {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    }
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    }))
    .unwrap();
    let mut body = Vec::new();
    // The third of three, so that the receipt's proof has steps on both sides.
    for _ in 0..3 {
        registry.refresh().unwrap();
        let prepared = registry.prepare_lookup(&ask).unwrap();
        body = run(registry.lookup(&operator(), prepared, "cli")).unwrap().body;
    }
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    write("answer.json", &body);
    write("jwks.json", jwks(&registry.snapshot().keys).to_string().as_bytes());
    write("verifier.txt", registry.log_verifier("access-main").unwrap().to_string().as_bytes());
    write("asked.json", json!({"code_type": "111", "code": ZHOU}).to_string().as_bytes());
    serde_json::from_slice(&body).unwrap()
}

on_both! {
    i10_a_verifier_written_from_the_page_agrees
}

fn i10_a_verifier_written_from_the_page_agrees(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let answer = served(&world, folder.path());
    let path = folder.path().to_str().unwrap();
    let Some(found) = held(&["check", path]) else { return };
    let identifiers: Vec<&Value> =
        answer["records"].as_array().unwrap().iter().map(|record| &record["identifier"]).collect();
    assert_eq!(identifiers.len(), 3);
    assert_eq!(found, json!(identifiers));
    // Another number than the one that was asked about is told from it, and another log from this one.
    let asked = folder.path().join("asked.json");
    std::fs::write(&asked, json!({"code_type": "111", "code": people::CHEN}).to_string()).unwrap();
    assert!(refused(&["check", path]).contains("holder_hash"));
    std::fs::write(&asked, json!({"code_type": "111", "code": ZHOU}).to_string()).unwrap();
    let other = world.registry.log_verifier("access-other").unwrap().to_string();
    std::fs::write(folder.path().join("verifier.txt"), other).unwrap();
    assert!(refused(&["check", path]).contains("origin"));
}

#[test]
fn i10_each_changed_byte_is_refused_by_an_outsider() {
    let world = common::world(common::Backend::Sqlite).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let answer = served(&world, folder.path());
    let Some(counts) = held(&["flip", folder.path().to_str().unwrap()]) else { return };
    let compact = answer["records"][0]["envelope"].as_str().unwrap();
    assert_eq!(counts["compact"], compact.len());
    assert_eq!(counts["signature"], 64);
    assert_eq!(counts["number"], 18);
    for part in ["header", "payload", "checkpoint", "entry", "proof", "log", "index", "answer"] {
        assert!(counts[part].as_u64().is_some_and(|count| count > 3), "{part}: {counts}");
    }
}

#[test]
fn the_outsiders_ed25519_holds_the_published_vectors() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors");
    let Some(counts) = held(&["vectors", vectors.to_str().unwrap()]) else { return };
    assert_eq!(counts["held"], 3);
}
