//! Public OAuth client libraries sign in at `/oauth2/token`, in each way that they know, with a secret of
//! characters that are hard to encode. `tests/run` puts them into `target/oauth-clients` by the versions that
//! stand beside this file.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::server::{self, TestServer};
use common::{Backend, people, world};
use elicense::registry::{NewClient, Registry};
use serde_json::{Value, json};

/// Every character here means something in a form, in Basic or in an address.
const SECRET: &str = "a secret: 100%25+1 =&?/\"\\~";
const CLIENT: &str = "odd-client";

fn settled(registry: &Registry) -> TestServer {
    people::settle(registry);
    let new = NewClient {
        id: CLIENT.into(),
        agency: people::POLICE.into(),
        name: "client".into(),
        scopes: ["catalog", "verify"].map(|scope| scope.parse().unwrap()).into(),
        grants: serde_json::from_value(json!([])).unwrap(),
        budget: 10,
    };
    registry.put_client("test", &new, SECRET).unwrap();
    registry.refresh().unwrap();
    server::start(registry.clone())
}

/// A file below `target/oauth-clients`; `None` where nothing is installed, unless `ELICENSE_TEST_OAUTH=required`.
fn installed(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/oauth-clients").join(file);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var("ELICENSE_TEST_OAUTH").as_deref() == Ok("required");
    assert!(!required, "{file} is required here: run tests/run once");
    eprintln!("skipped: no OAuth client library; tests/run installs them");
    None
}

fn answers(mut command: Command) -> Vec<Value> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// All except the last are tokens that open something; the last is the refusal of a wrong secret.
fn check(server: &TestServer, answers: &[Value], expected: usize) {
    assert_eq!(answers.len(), expected, "{answers:?}");
    let (refused, tokens) = answers.split_last().unwrap();
    assert_eq!(*refused, json!({"error": "invalid_client"}));
    for answer in tokens {
        assert_eq!(answer["expires_in"], 900, "{answer}");
        let token = answer["access_token"].as_str().unwrap();
        assert_eq!(server.get("/api/v1/types", Some(token)).status, 200);
    }
}

#[test]
fn a_python_client_signs_in() {
    let Some(python) = installed("venv/bin/python") else { return };
    let world = world(Backend::Sqlite).unwrap();
    let server = settled(&world.registry);
    let mut command = Command::new(python);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oauth/requests_client.py");
    command.arg("-B").arg(script).arg(format!("{}/oauth2/token", server.base)).args([CLIENT, SECRET]);
    check(&server, &answers(command), 6);
}

#[test]
fn a_javascript_client_signs_in() {
    let Some(library) = installed("node_modules/oauth4webapi/build/index.js") else { return };
    let world = world(Backend::Sqlite).unwrap();
    let server = settled(&world.registry);
    let mut command = Command::new("node");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oauth/webapi_client.mjs");
    command.arg(script).arg(format!("file://{}", library.display()));
    command.arg(format!("{}/oauth2/token", server.base)).args([CLIENT, SECRET]);
    check(&server, &answers(command), 5);
}
