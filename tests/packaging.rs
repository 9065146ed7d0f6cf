//! The operating kit: its service is hardened and valid, its settings start a registry, its image is built from the lock
//! file and runs without root, its page names every file.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::program::{self, Installed, Program};
use common::{people, server};
use elicense::registry::Registry;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// `NAME=value` lines.
fn settings(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with(['#', '[', ';']));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_service_has_no_right_that_it_does_not_need() {
    let unit = settings(&read("packaging/elicense.service"));
    let has = |name: &str, value: &str| unit.iter().any(|(own, given)| own == name && given == value);
    for (name, value) in [
        ("User", "elicense"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("CapabilityBoundingSet", ""),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
        ("MemoryDenyWriteExecute", "yes"),
        ("SystemCallFilter", "@system-service"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("KillSignal", "SIGTERM"),
        ("ExecStartPre", "-/usr/bin/elicense check-config $SERVE_OPTIONS"),
        ("ExecStart", "/usr/bin/elicense serve $SERVE_OPTIONS"),
    ] {
        assert!(has(name, value), "{name}={value}");
    }
    let files: usize = unit.iter().find(|(name, _)| name == "LimitNOFILE").unwrap().1.parse().unwrap();
    assert!(files >= 4096);
}

#[test]
fn systemd_takes_the_units() {
    if !Command::new("systemd-analyze").arg("--version").output().is_ok_and(|output| output.status.success())
    {
        eprintln!("skipped: no systemd-analyze");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["elicense.service", "elicense-fsck.service", "elicense-fsck.timer"] {
        // The program is not installed where the tests run.
        let unit = read(&format!("packaging/{name}")).replace("/usr/bin/elicense", "/bin/true");
        std::fs::write(dir.path().join(name), unit).unwrap();
    }
    for name in ["elicense.service", "elicense-fsck.timer"] {
        let output =
            Command::new("systemd-analyze").arg("verify").arg(dir.path().join(name)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains(name), "{name}: {said}");
    }
}

/// The settings as they stand, with places and ports of the test's own.
fn as_a_service(installed: &Installed, command: &str) -> Command {
    let env = settings(&read("packaging/elicense.env"));
    let options = env.iter().find(|(name, _)| name == "SERVE_OPTIONS").unwrap().1.clone();
    let mut arguments = vec![command];
    arguments.extend(options.split_whitespace());
    let mut service = program::bare(&arguments);
    for (name, value) in &env {
        match name.as_str() {
            "ELICENSE_DATA" => service.env(name, installed.data()),
            "ELICENSE_MASTER_KEY_FILE" => service.env(name, installed.key()),
            _ if value.starts_with("127.0.0.1:") => service.env(name, "127.0.0.1:0"),
            _ => service.env(name, value),
        };
    }
    service.env("ELICENSE_REGIONS", root().join("fixtures/regions.demo.tsv"));
    service
}

#[test]
fn the_settings_start_a_registry() {
    let installed = Installed::new(|registry: &Registry| {
        people::settle(registry);
        server::clients(registry);
    });
    let checked = program::finish(as_a_service(&installed, "check-config"), "");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let mut serving = Program::start(as_a_service(&installed, "serve"));
    // One port of the system's choice, so one socket.
    let listening = serving.wait_for("listening on ", std::time::Duration::from_secs(10));
    assert!(listening.ends_with("for public, window, agency, admin"), "{listening}");
    serving.signal("TERM");
    assert!(serving.end().0.success());
}

#[test]
fn the_image_is_built_from_the_lock_file_and_runs_without_root() {
    let text = read("packaging/Dockerfile");
    let stages: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(stages, ["rust:1-slim-bookworm AS build", "debian:bookworm-slim"]);
    assert!(text.contains("cargo build --locked"));
    let last = text.rsplit("FROM ").next().unwrap();
    assert!(last.contains("\nUSER elicense\n") && last.contains("install -d -m 0700 -o elicense"));
    let ignored = read(".dockerignore");
    for name in [".git", "target", "*.master-key", "elicense-data*"] {
        assert!(ignored.lines().any(|line| line == name), "{name}");
    }
}

#[test]
fn the_page_names_every_file_and_the_changelog_what_to_do() {
    let page = read("packaging/README.md");
    for entry in std::fs::read_dir(root().join("packaging")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(name == "README.md" || page.contains(&format!("`{name}`")), "{name}");
    }
    let changes = read("CHANGELOG.md");
    let unreleased = changes.split("## [Unreleased]").nth(1).unwrap();
    for word in
        ["### Added", "### Changed", "### Security", "elicense migrate", "agencies empower", "LimitNOFILE"]
    {
        assert!(unreleased.contains(word), "{word}");
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/elicense.sysusers.conf").exists());
}
