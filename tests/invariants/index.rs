//! Each invariant is proven somewhere, and `tests/README.md` says where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Numbers of the invariants that a test's name carries: `i1_i14_…` carries two.
fn carried(name: &str) -> Vec<u8> {
    let parts = name.split('_').map_while(|part| part.strip_prefix('i')?.parse::<u8>().ok());
    parts.filter(|number| (1..=14).contains(number)).collect()
}

/// Test names of a source, by the part after `fn ` that carries an invariant.
fn named_tests(text: &str) -> BTreeSet<String> {
    let names = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn "))?;
        Some(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>())
    });
    names.filter(|name| !carried(name).is_empty()).collect()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn by_invariant() -> BTreeMap<u8, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["src", "tests"] {
        sources(&root.join(folder), &mut texts);
    }
    let mut found: BTreeMap<u8, BTreeSet<String>> = BTreeMap::new();
    for name in texts.iter().flat_map(|text| named_tests(text)) {
        for number in carried(&name) {
            found.entry(number).or_default().insert(name.clone());
        }
    }
    found
}

#[test]
fn each_invariant_has_a_test_that_carries_its_number() {
    let found = by_invariant();
    for number in 1..=14 {
        let tests = found.get(&number).map_or(0, BTreeSet::len);
        assert!(tests > 0, "I{number} has no test");
    }
}

/// The page names, for each invariant, tests that exist and carry its number.
#[test]
fn the_page_of_tests_names_tests_that_exist() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/README.md")).unwrap();
    let found = by_invariant();
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with("| I")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number: u8 = cells[1].split(' ').next().unwrap().trim_start_matches('I').parse().unwrap();
        let names: Vec<&str> = cells[2].split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{line}");
        for name in names {
            assert!(found[&number].contains(name), "I{number}: there is no test {name}");
        }
        seen.insert(number);
    }
    assert_eq!(seen, (1..=14).collect());
}

#[test]
fn names_carry_what_they_say() {
    assert_eq!(carried("i1_i14_two_of_them"), [1, 14]);
    assert_eq!(carried("i10_keys"), [10]);
    for none in ["issue", "i15_beyond", "i_1", "x_i1", "i0_none", "identity_i1"] {
        assert_eq!(carried(none), Vec::<u8>::new(), "{none}");
    }
    let text = "#[test]\nfn i3_masks() {}\n    fn i4_inner(x: u8) {}\nlet fn_i5_x = 1;\n// fn i6_comment()";
    assert_eq!(named_tests(text).into_iter().collect::<Vec<_>>(), ["i3_masks", "i4_inner"]);
}
