//! Code that is compiled for measuring only is in no build that serves: a lookup without its access breaks
//! I2.
#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::path::Path;

/// Every line of the program that names a measuring module.
fn mentions(dir: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            mentions(&path, found);
            continue;
        }
        let own = path.file_stem().is_some_and(|name| name == "bench" || name == "bench_fill");
        if own || path.extension().is_none_or(|kind| kind != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut before = "";
        for line in text.lines() {
            let names = [
                "mod bench",
                "api::bench::",
                "bench_fill::",
                "BenchFill(",
                "fn lookup_unlogged",
                "fn unlogged",
            ];
            if names.iter().any(|name| line.contains(name)) && !line.trim_start().starts_with("//") {
                found.push((format!("{}: {}", path.display(), line.trim()), before.trim().to_owned()));
            }
            if !line.trim_start().starts_with("#[command") {
                before = line;
            }
        }
    }
}

#[test]
fn i2_whatever_answers_without_an_access_stands_behind_the_feature() {
    let mut found = Vec::new();
    mentions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() >= 8, "{found:#?}");
    for (line, before) in found {
        assert_eq!(before, "#[cfg(feature = \"bench-routes\")]", "{line}");
    }
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(!manifest.lines().any(|line| line.starts_with("default =") && line.contains("bench-routes")));
}

#[cfg(not(feature = "bench-routes"))]
#[test]
fn a_normal_build_has_no_command_that_fills() {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_elicense")).arg("bench-fill").output().unwrap();
    assert_eq!(run.status.code(), Some(2), "clap does not know it");
}
