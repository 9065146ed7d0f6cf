//! Programs of others read the description of the API: three public generators make clients from it, one such client goes
//! token, lookup, verify, receipt against a running server, and schemathesis asks every address what it should not.
//! `tests/run` puts them into `target/api-clients` by the versions that stand beside this file.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::server::{self, SECRET, TestServer};
use common::{Backend, people, world};
use elicense::registry::{NewClient, Registry};
use serde_json::{Value, json};

/// A file below `target/api-clients`; `None` where nothing is installed, unless `ELICENSE_TEST_CLIENTS=required`.
fn installed(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/api-clients").join(file);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var("ELICENSE_TEST_CLIENTS").as_deref() == Ok("required");
    assert!(!required, "{file} is required here: run tests/run once");
    eprintln!("skipped: no generators of clients; tests/run installs them");
    None
}

fn beside(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(file)
}

/// Runs to its end, and gives all that it said where it failed.
fn done(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{command:?}\n{said}\n{}", String::from_utf8_lossy(&stderr));
    said
}

/// The description as it stands in the repository, in a folder of its own.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, include_str!("../../schema/openapi.json")).unwrap();
    (folder, file)
}

/// The package `elicense_client` in the folder; a warning of the generator fails.
fn python_client(python: &Path, folder: &Path, description: &Path) {
    let mut generate = Command::new(python.with_file_name("openapi-python-client"));
    generate
        .args(["generate", "--meta", "none", "--fail-on-warning", "--config"])
        .arg(beside("generator.yaml"));
    generate.arg("--path").arg(description).arg("--output-path").arg(folder.join("elicense_client"));
    done(&mut generate);
}

/// A server with a client who may do everything, and two certificates of ZHOU.
fn settled(registry: &Registry) -> TestServer {
    server::settled(registry);
    server::start(registry.clone())
}

#[test]
fn a_generated_python_client_goes_token_lookup_verify_receipt() {
    let Some(python) = installed("venv/bin/python") else { return };
    let (folder, description) = folder();
    python_client(&python, folder.path(), &description);
    done(Command::new(&python).args(["-m", "compileall", "-q"]).arg(folder.path().join("elicense_client")));
    let world = world(Backend::Sqlite).unwrap();
    let server = settled(&world.registry);
    let mut tour = Command::new(&python);
    tour.arg("-B").arg(beside("tour.py")).arg(folder.path()).args([
        &server.base,
        "all",
        SECRET,
        people::ZHOU,
    ]);
    let told: Value = serde_json::from_str(&done(&mut tour)).unwrap();
    let expected = json!({
        "refused": "invalid_client", "records": ["valid"], "wrong": [422, "holder_code_invalid", "check_digit"],
        "verified": ["envelope", "valid"], "receipt": ["access-main", told["receipt"][1], true],
        "held": ["receipt", "valid"],
    });
    assert_eq!(told, expected);
}

#[test]
fn two_generated_typescript_clients_compile() {
    let Some(modules) = installed("node_modules") else { return };
    let (folder, description) = folder();
    let run = |program: &str| Command::new(modules.join(".bin").join(program));
    let (types, client) = (folder.path().join("api.d.ts"), folder.path().join("client"));
    done(run("openapi-typescript").arg(&description).arg("-o").arg(&types));
    std::fs::copy(beside("tour.ts"), folder.path().join("tour.ts")).unwrap();
    done(run("openapi-ts").current_dir(folder.path()).arg("-i").arg(&description).arg("-o").arg(&client));
    let strict =
        ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"];
    for file in [folder.path().join("tour.ts"), client.join("sdk.gen.ts")] {
        done(run("tsc").args(strict).arg(file));
    }
}

/// Version, seed and number of examples are fixed, so that a finding is one of this change. Each group of addresses is asked by
/// a client of its own: whoever is refused sixty times a minute waits, and would ask no further.
#[test]
fn schemathesis_finds_nothing() {
    let Some(python) = installed("venv/bin/python") else { return };
    let (folder, description) = folder();
    let world = world(Backend::Sqlite).unwrap();
    let groups = groups();
    let server = settled(&world.registry);
    groups.keys().for_each(|group| client(&world.registry, group));
    world.registry.refresh().unwrap();
    for (group, operations) in groups {
        let bearer = format!("Authorization: Bearer {}", server.token(&group, SECRET));
        let mut run = Command::new(python.with_file_name("schemathesis"));
        run.current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "--config-file",
            "tests/clients/schemathesis.toml",
            "run",
        ]);
        run.arg(&description).args(["--url", &server.base, "--header", &bearer, "--include-tag", &group]);
        run.args(["--seed", "8", "--max-examples", "15", "--phases", "examples,coverage,fuzzing"]);
        run.args(["--generation-database", "none", "--continue-on-failure", "--no-color"]);
        run.env("HYPOTHESIS_STORAGE_DIRECTORY", folder.path().join("hypothesis"));
        let said = done(&mut run);
        assert!(said.contains(&format!("Tested: {operations}")), "{said}");
    }
}

/// The groups of addresses in the description, each with the number of its operations.
fn groups() -> BTreeMap<String, usize> {
    let document: Value = serde_json::from_str(include_str!("../../schema/openapi.json")).unwrap();
    let mut groups = BTreeMap::new();
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        *groups.entry(operation["tags"][0].as_str().unwrap().to_owned()).or_default() += 1;
    }
    groups
}

/// A client who may do everything.
fn client(registry: &Registry, id: &str) {
    let new = NewClient {
        id: id.into(),
        agency: people::POLICE.into(),
        name: id.into(),
        scopes: elicense::policy::Scope::ALL.to_vec(),
        grants: serde_json::from_value(json!([{"types": "*", "fields": "whole", "purposes": "*"}])).unwrap(),
        budget: 1000,
    };
    registry.put_client("test", &new, SECRET).unwrap();
}
