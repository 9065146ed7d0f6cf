//! One name, one meaning: no two types that other files see have the same name. Those that still do stand in a list
//! with their reason; the list only shrinks.

use std::collections::{BTreeMap, BTreeSet};

use crate::none;
use crate::source::{Source, program_sources};

/// The types of one file that are seen outside of it.
fn types(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_list = false;
    for (_, line) in source.lines() {
        let text = line.trim();
        // A closed list: its name stands alone before the brace.
        if in_list && let Some(name) = text.strip_suffix(" {") {
            found.push(name.to_owned());
        }
        in_list = text == "closed! {" || in_list && text.is_empty();
        let Some(rest) = text.strip_prefix("pub") else { continue };
        let rest = match rest.strip_prefix('(') {
            Some(scope) => scope.split_once(") ").map_or("", |(_, rest)| rest),
            None => rest.trim_start(),
        };
        for word in ["struct ", "enum ", "trait ", "type ", "union "] {
            if let Some(name) = rest.strip_prefix(word) {
                let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // A macro's variable is not a name.
                if !name.is_empty() {
                    found.push(name);
                }
            }
        }
    }
    found
}

/// Names with the files that have a type of that name, where there are several.
fn shared(sources: &[Source]) -> BTreeMap<String, BTreeSet<&str>> {
    let mut files: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for source in sources {
        for name in types(source) {
            files.entry(name).or_default().push(&source.path);
        }
    }
    files
        .into_iter()
        .filter(|(_, files)| files.len() > 1)
        .map(|(name, files)| (name, files.into_iter().collect()))
        .collect()
}

/// The list: a name, how many types have it, why.
fn allowed(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (entry, why) = line.split_once("  ").unwrap_or((line, ""));
        assert!(why.len() > 10, "no reason: {line}");
        let (name, number) = entry.split_once(' ').expect("a name and a number");
        assert!(found.insert(name.to_owned(), number.parse().unwrap()).is_none(), "twice: {line}");
    }
    found
}

fn findings(shared: &BTreeMap<String, BTreeSet<&str>>, allowed: &BTreeMap<String, usize>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, files) in shared {
        match allowed.get(name) {
            None => found.push(format!("{name} is the name of several types: {files:?}")),
            Some(then) if files.len() > *then => found.push(format!("{name}: one more, {files:?}")),
            Some(then) if files.len() < *then => {
                found.push(format!("{name} {}: write it into the list", files.len()))
            }
            Some(_) => {}
        }
    }
    let gone = allowed.keys().filter(|name| !shared.contains_key(*name));
    found.extend(gone.map(|name| format!("{name}: take it off the list")));
    found
}

#[test]
fn a_type_has_its_name_alone() {
    let sources = program_sources();
    let shared = shared(&sources);
    assert!(sources.iter().flat_map(types).count() > 400, "the scan found too few types");
    none(&findings(&shared, &allowed(include_str!("shared_names.txt"))));
}

#[test]
fn a_name_of_two_types_is_found_and_the_list_only_shrinks() {
    let sources = [
        Source::new(
            "src/a.rs",
            "pub struct Part<'a> {}\nstruct Own;\nclosed! {\n    /// x\n    Kind {\n        A;\n    }\n}\n",
        ),
        Source::new("src/b.rs", "pub(in crate::x) enum Part {}\nstruct Own;\npub type Kind = u8;\n"),
        Source::new("src/c.rs", "    pub enum $name { A }\n    pub(super) trait Part {}\n"),
    ];
    let shared = shared(&sources);
    assert_eq!(shared.keys().collect::<Vec<_>>(), ["Kind", "Part"]);
    let told = |list: &str| findings(&shared, &allowed(list)).len();
    assert_eq!(told(""), 2);
    assert_eq!(told("Kind 2  one of each layer\nPart 3  a part of a thing, each its own"), 0);
    assert_eq!(told("Kind 2  one of each layer\nPart 2  a part of a thing, each its own"), 1, "one more");
    assert_eq!(told("Kind 3  one of each layer\nPart 3  a part of a thing, each its own"), 1, "one less");
    assert_eq!(told("Kind 2  one of each layer\nPart 3  a part, each its own\nOwn 2  it is no more"), 1);
}
