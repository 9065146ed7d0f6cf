//! The crates of the lock file: licences, bans, doubles of large crates, and the source of each. The same
//! rules stand in `deny.toml` for users of cargo-deny; this test needs nothing except cargo.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

/// Licences under which a crate may be used and passed on.
const ALLOWED: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "PostgreSQL",
    "BSL-1.0",
    "Unlicense",
    "CC0-1.0",
    "0BSD",
];

/// (crate, why it does not come in).
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls with ring; OpenSSL comes only with the feature postgres-tls"),
    ("aws-lc-sys", "one provider of cryptography, and it is ring"),
    ("native-tls", "TLS is rustls with ring"),
    ("actix-governor", "budgets are counted from the access log, not in memory"),
    ("h2", "the proxy in front speaks HTTP/2; its flood attacks are not ours to mend"),
];

/// Crates of which one version is enough.
const SINGLE: &[&str] = &[
    "tokio",
    "actix-web",
    "actix-http",
    "diesel",
    "libsqlite3-sys",
    "pq-sys",
    "rustls",
    "ring",
    "ed25519-dalek",
    "curve25519-dalek",
    "sha2",
    "serde",
    "serde_json",
    "chrono",
    "clap",
    "regex",
    "rand",
    "base64",
];

fn metadata() -> Value {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether an SPDX expression lets us use the crate under allowed licences only. `/` is the old way to write OR.
fn licence_allows(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let allowed = any_of(&words, &mut at);
    allowed && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = all_of(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        allowed |= all_of(words, at);
    }
    allowed
}

fn all_of(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= one(words, at);
    }
    allowed
}

fn one(words: &[&str], at: &mut usize) -> bool {
    // Past the end too: a text that ends here is not an expression, even if its other side is allowed.
    let word = words.get(*at);
    *at += 1;
    let Some(word) = word else { return false };
    if *word == "(" {
        let allowed = any_of(words, at);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return allowed && closed;
    }
    // An exception only adds permissions.
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    ALLOWED.contains(word)
}

fn findings(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or("");
        let version = package["version"].as_str().unwrap_or("");
        versions.entry(name).or_default().push(version);
        match package["license"].as_str() {
            Some(licence) if licence_allows(licence) => {}
            licence => found.push(format!("{name} {version} is under {licence:?}")),
        }
        match package["source"].as_str() {
            None if name == "elicense" => {}
            Some(source) if source.starts_with("registry+") => {}
            source => found.push(format!("{name} {version} comes from {source:?}")),
        }
        for (_, why) in BANNED.iter().filter(|(banned, _)| *banned == name) {
            found.push(format!("{name} {version}: {why}"));
        }
    }
    for name in SINGLE {
        match versions.get(name) {
            Some(several) if several.len() > 1 => found.push(format!("{name} comes in versions {several:?}")),
            _ => {}
        }
    }
    found
}

#[test]
fn what_the_lock_file_brings_in_is_allowed() {
    let metadata = metadata();
    assert!(metadata["packages"].as_array().unwrap().len() > 100);
    let found = findings(&metadata);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_is_not_allowed_is_found() {
    let package = |name: &str, version: &str, licence: &str, source: Value| json!({"name": name, "version": version, "license": licence, "source": source});
    let registry = json!("registry+https://example.org/index");
    let count = |packages: Value| findings(&json!({ "packages": packages })).len();
    assert_eq!(count(json!([package("good", "1.0.0", "MIT OR GPL-3.0", registry.clone())])), 0);
    assert_eq!(count(json!([package("viral", "1.0.0", "GPL-3.0-only", registry.clone())])), 1);
    assert_eq!(count(json!([package("nobody", "1.0.0", "", registry.clone())])), 1);
    assert_eq!(count(json!([package("h2", "0.4.0", "MIT", registry.clone())])), 1);
    assert_eq!(count(json!([package("forked", "1.0.0", "MIT", json!("git+https://example.org/x"))])), 1);
    assert_eq!(count(json!([package("local", "1.0.0", "MIT", Value::Null)])), 1);
    let twice = json!([
        package("tokio", "1.0.0", "MIT", registry.clone()),
        package("tokio", "2.0.0", "MIT", registry)
    ]);
    assert_eq!(count(twice), 1);
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "MIT OR LGPL-2.1-or-later",
        "(MIT OR GPL-2.0) AND BSD-3-Clause",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        "Apache-2.0 AND ISC",
    ] {
        assert!(licence_allows(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND LGPL-2.1", "", "MIT OR", "(MIT", "MIT ISC"] {
        assert!(!licence_allows(bad), "{bad}");
    }
}

/// `deny.toml` and this test must not drift apart.
#[test]
fn the_file_for_cargo_deny_says_the_same() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    for licence in ALLOWED {
        assert!(file.contains(&format!("\"{licence}\"")), "deny.toml does not allow {licence}");
    }
    for (name, _) in BANNED {
        assert!(file.contains(&format!("name = \"{name}\"")), "deny.toml does not ban {name}");
    }
}
