//! The rooms of `src/registry`: an arrow between two rooms goes to a lower rank only, a room holds few files.

use std::collections::BTreeMap;

use super::circles::graph;
use super::source::{Source, program_sources};

/// Rooms with their ranks; rooms of one rank do not use each other.
const ROOMS: &[(&str, u8)] = &[
    ("base", 0),
    ("published", 1),
    ("people", 2),
    ("access", 2),
    ("sources", 2),
    ("holders", 3),
    ("records", 4),
    ("actions", 5),
    ("reading", 5),
    ("past", 6),
    ("intake", 5),
    ("import", 6),
    ("transfer", 5),
    ("cases", 7),
    ("fsck", 7),
    ("upkeep", 8),
];
/// More files than this are two rooms.
const MOST: usize = 16;

/// The room of a file: empty for `registry/mod.rs`, none outside `registry`.
fn room(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/registry/")?;
    Some(inner.split_once('/').map_or("", |(room, _)| room))
}

fn rank(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, rank)| *rank)
}

fn arrows(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, used) in graph(sources) {
        let Some(own) = room(&file).filter(|own| !own.is_empty()) else { continue };
        let Some(from) = rank(own) else {
            found.push(format!("{file}: {own} is not on the list of rooms"));
            continue;
        };
        for other in used {
            let Some(to) = room(&other).filter(|to| !to.is_empty() && *to != own) else { continue };
            if rank(to).is_none_or(|to| to >= from) {
                found.push(format!("{file}: {own} -> {to} ({other}) points up"));
            }
        }
    }
    found
}

fn strays(paths: &[&str]) -> Vec<String> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for path in paths {
        match room(path) {
            Some("") if *path != "src/registry/mod.rs" => found.push(format!("{path} stands in no room")),
            Some("") | None => {}
            Some(room) => *counted.entry(room).or_default() += 1,
        }
    }
    let full = counted.iter().filter(|(_, count)| **count > MOST);
    found.extend(full.map(|(room, count)| format!("{room} has {count} files, more than {MOST}")));
    found
}

#[test]
fn arrows_between_rooms_go_to_a_lower_rank() {
    super::none(&arrows(&program_sources()));
}

#[test]
fn every_use_case_stands_in_a_room_of_few_files() {
    let sources = program_sources();
    let paths: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    assert!(paths.iter().filter(|path| path.starts_with("src/registry/")).count() > 60);
    super::none(&strays(&paths));
}

#[test]
fn an_arrow_up_a_stray_file_and_a_full_room_are_found() {
    let files = |text: &str| {
        let files = [
            ("src/lib.rs", "mod registry;"),
            ("src/registry/mod.rs", "mod base;\nmod records;\npub use records::issue::Issued;"),
            ("src/registry/base/mod.rs", "pub mod asked;"),
            ("src/registry/base/asked.rs", text),
            ("src/registry/records/mod.rs", "pub mod issue;"),
            ("src/registry/records/issue.rs", "use crate::registry::base::asked::Asked;\npub struct Issued;"),
        ];
        arrows(&files.map(|(path, text)| Source::new(path, text)))
    };
    assert!(files("pub struct Asked;").is_empty());
    assert_eq!(files("use crate::registry::records::issue::Issued;").len(), 1);
    assert_eq!(files("use crate::registry::Issued;").len(), 1, "over the name that registry passes on");
    assert_eq!(strays(&["src/registry/mod.rs", "src/registry/lookup.rs"]).len(), 1);
    let names: Vec<String> = (0..=MOST).map(|at| format!("src/registry/base/f{at}.rs")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(strays(&names).len(), 1);
    assert!(strays(names.get(1..).unwrap_or_default()).is_empty());
}
