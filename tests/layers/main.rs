//! The shape of the sources, held by reading them: arrows between modules, where SQL and the environment may
//! be touched, how long a file may be, and words that must not stand in a published repository.
//!
//! Each rule is a function from text to findings, so that its own test can show it a text that breaks it.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod circles;
mod functions;
mod names;
mod permits;
mod rooms;
mod rules;
mod source;

use std::path::Path;

use source::{Source, program_sources, repository_files, root};

/// From the top down; an arrow may skip layers and never point up. What shares a rank does not use each other,
/// except that `record` may use `catalog`.
const RANKS: &[(&str, u8)] = &[
    ("cli", 12),
    ("serve", 11),
    ("api", 10),
    ("web", 10),
    ("http", 9),
    ("registry", 8),
    ("policy", 7),
    ("store", 6),
    ("log", 5),
    ("trust", 4),
    ("table", 4),
    ("record", 3),
    ("catalog", 2),
    ("identity", 1),
    ("clock", 0),
    ("closed", 0),
    ("config", 0),
    ("bounds", 0),
    ("error", 0),
    ("journal", 0),
    ("text", 0),
    ("rule", 0),
];
const PURE: &[&str] = &["identity", "catalog", "record", "trust", "log"];

fn rank(module: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

/// Arrows of one file that point up, sideways or to a module that is not on the list.
fn arrows(source: &Source) -> Vec<String> {
    let from = source.top();
    // The crate's root and the program's entry name every module.
    if from.is_empty() {
        return Vec::new();
    }
    let Some(own) = rank(from) else { return vec![format!("{from} is not on the list of layers")] };
    let mut found = Vec::new();
    for to in source.uses() {
        match rank(&to) {
            _ if to == from => {}
            // A precise error becomes the shared one where it leaves its layer, and the shared one knows the time.
            Some(0) => {}
            Some(rank) if own > rank => {}
            Some(_) => found.push(format!("{}: {from} -> {to} points up", source.path)),
            // An item of the crate's root (a macro, a re-export) is no layer.
            None if to.chars().next().is_some_and(char::is_uppercase) => {}
            None => found.push(format!("{}: {to} is not on the list of layers", source.path)),
        }
    }
    found
}

/// Places that only some modules may touch.
fn reserved(source: &Source) -> Vec<String> {
    let top = source.top();
    let by_command = ["std::env", "stdin()", "std::io::stdin", "rpassword", "env::args", "env::var"];
    let sql = ["diesel::", "diesel_migrations", "sql_query"];
    let files = ["std::fs", "std::net", "std::process", "tokio::fs"];
    let routes = ["get", "post", "put", "patch", "delete", "head", "route"];
    let mut found = Vec::new();
    for (line, text) in source.lines() {
        let mut refuse = |what: &str, why: &str| {
            found.push(format!("{}:{line}: `{what}` {why}", source.path));
        };
        for word in by_command.iter().filter(|word| text.contains(**word)) {
            if top != "cli" && source.path != "src/main.rs" {
                refuse(word, "is read by src/cli only");
            }
        }
        for word in sql.iter().filter(|word| text.contains(**word)) {
            if top != "store" {
                refuse(word, "belongs into src/store");
            }
        }
        for word in files.iter().filter(|word| text.contains(**word)) {
            // The one file a pure layer reads is the master key's.
            let key_file = source.path == "src/trust/master.rs" && *word == "std::fs";
            if PURE.contains(&top) && !key_file {
                refuse(word, "is I/O in a pure layer");
            }
        }
        for word in routes {
            if text.trim_start().starts_with(&format!("#[{word}("))
                || text.contains(&format!("actix_web::{word}("))
            {
                refuse(word, "hides a route: routes stand in one table a listener");
            }
        }
        for word in [".unwrap()", ".expect(", "panic!(", "unreachable!("] {
            if text.contains(word) {
                refuse(word, "stops the server on input");
            }
        }
    }
    found
}

/// Names that tell of the place where something was made and not of the thing.
fn foreign_words(path: &str, text: &str) -> Vec<String> {
    let words: [String; 6] = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["sha", "red/"].concat(),
        ["hel", "per-"].concat(),
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
    ];
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in words.iter().filter(|word| line.contains(word.as_str())) {
            found.push(format!("{path}:{}: {word}", number + 1));
        }
    }
    found
}

fn too_long(path: &str, text: &str, limit: usize) -> Option<String> {
    let lines = text.lines().count();
    (lines > limit).then(|| format!("{path} has {lines} lines, more than {limit}"))
}

fn median(mut numbers: Vec<usize>) -> usize {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn arrows_between_layers_point_down() {
    let sources = program_sources();
    assert!(sources.len() > 50, "the scan found only {} sources", sources.len());
    none(&sources.iter().flat_map(arrows).collect::<Vec<_>>());
}

#[test]
fn an_arrow_that_points_up_is_found_however_it_is_written() {
    let up = [
        "use crate::registry::Registry;",
        "use crate::{clock::Day, registry::{Registry, Draft}};",
        "fn f() -> crate::registry::Registry {}",
        "use super::super::registry::Registry;",
        "use crate::{\n    error::Error,\n    registry,\n};",
    ];
    for text in up {
        let source =
            Source::new("src/store/rows/scan.rs", &text.replace("super::super", "super::super::super"));
        assert_eq!(arrows(&source).len(), 1, "{text}: {:?}", source.uses());
    }
    assert_eq!(arrows(&Source::new("src/catalog/face.rs", "use crate::record::Record;")).len(), 1);
    assert_eq!(arrows(&Source::new("src/api/v1/lookups.rs", "use crate::web::Page;")).len(), 1, "sideways");
    assert_eq!(arrows(&Source::new("src/catalog/face.rs", "use crate::elsewhere::X;")).len(), 1);
    let down =
        "use crate::log::Tree;\nuse super::scan;\n/// see crate::registry::Registry\n// crate::cli::run";
    assert!(arrows(&Source::new("src/store/rows.rs", down)).is_empty());
    let test = "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::registry::Registry;\n}\n";
    assert!(arrows(&Source::new("src/store/rows.rs", test)).is_empty());
    let after = "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nuse crate::registry::Registry;\n";
    assert_eq!(arrows(&Source::new("src/store/rows.rs", after)).len(), 1);
}

#[test]
fn sql_environment_files_and_routes_stand_where_they_belong() {
    none(&program_sources().iter().flat_map(reserved).collect::<Vec<_>>());
}

#[test]
fn what_stands_in_the_wrong_place_is_found() {
    let bad = [
        ("src/registry/issue.rs", "use diesel::prelude::*;"),
        ("src/store/conn.rs", "let home = std::env::var(\"HOME\");"),
        ("src/web/pages.rs", "#[get(\"/x\")]"),
        ("src/log/tile.rs", "std::fs::read(path)"),
        ("src/http/body.rs", "let x = y.unwrap();"),
        ("src/http/body.rs", "    .expect(\"always\")"),
    ];
    for (path, text) in bad {
        assert!(!reserved(&Source::new(path, text)).is_empty(), "{path}: {text}");
    }
    assert!(reserved(&Source::new("src/store/rows.rs", "use diesel::prelude::*;")).is_empty());
    assert!(reserved(&Source::new("src/cli/init.rs", "let home = std::env::home_dir();")).is_empty());
    assert!(reserved(&Source::new("src/web/x.rs", "#[expect(dead_code, reason = \"x\")]")).is_empty());
}

/// Access entries built elsewhere than in their one place.
fn built_elsewhere(source: &Source) -> Vec<String> {
    let place = "src/registry/access/entry.rs";
    let tests = source.path.ends_with("/tests.rs") || source.path == "src/trust/bytes_page.rs";
    if source.path == place || tests {
        return Vec::new();
    }
    let built = source.lines().filter(|(_, text)| text.contains("AccessEntry {"));
    built
        .map(|(line, _)| format!("{}:{line}: an access entry is built in {place} only", source.path))
        .collect()
}

#[test]
fn one_place_builds_access_entries() {
    none(&program_sources().iter().flat_map(built_elsewhere).collect::<Vec<_>>());
    let other =
        Source::new("src/registry/access/list.rs", "fn f() {\n    let entry = AccessEntry {\n    };\n}");
    assert_eq!(built_elsewhere(&other).len(), 1);
}

#[test]
fn files_are_short() {
    let mut found = Vec::new();
    let mut lengths = Vec::new();
    for (path, text) in repository_files() {
        let folder = path.split('/').next().unwrap_or("");
        let written =
            [".rs", ".py", ".js", ".css", ".html", ".sql", ".sh"].iter().any(|end| path.ends_with(end));
        if written && ["src", "tests", "benches", "migrations"].contains(&folder) {
            found.extend(too_long(&path, &text, 600));
        }
        if folder == "src" && path.ends_with(".rs") {
            lengths.push(text.lines().count());
        }
    }
    none(&found);
    let middle = median(lengths);
    assert!(middle <= 150, "half of the files of src are longer than {middle} lines");
}

#[test]
fn a_long_file_is_found() {
    assert!(too_long("src/x.rs", &"\n".repeat(601), 600).is_some());
    assert!(too_long("src/x.rs", &"\n".repeat(600), 600).is_none());
    assert_eq!(median(vec![1, 900, 100]), 100);
}

#[test]
fn nothing_tells_of_the_place_where_it_was_made() {
    let files = repository_files();
    assert!(files.iter().any(|(path, _)| path == "Cargo.toml"));
    none(&files.iter().flat_map(|(path, text)| foreign_words(path, text)).collect::<Vec<_>>());
}

#[test]
fn a_foreign_word_is_found() {
    for word in [["/wo", "rk/x"].concat(), ["// TO", "DO later"].concat(), ["see sha", "red/x.md"].concat()] {
        assert_eq!(foreign_words("README.md", &format!("a\n{word}\n")).len(), 1);
    }
    assert!(foreign_words("README.md", "network/x, Todo, shared by all").is_empty());
}

#[test]
fn every_source_says_what_it_is_for() {
    let silent: Vec<String> = repository_files()
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs") && !(path.starts_with("src/") && path.contains("/tests")))
        .filter(|(_, text)| !text.trim_start().starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    none(&silent);
    assert!(Path::new(&root()).join("Cargo.toml").exists());
}
