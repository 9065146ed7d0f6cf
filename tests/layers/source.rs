//! Reading the sources: the files, and a file's text without comments and test modules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One source file as the rules see it.
pub struct Source {
    /// Its path from the repository's root.
    pub path: String,
    /// (line number, text) of program code.
    code: Vec<(usize, String)>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let mut code = Vec::new();
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            if line.trim() == "#[cfg(test)]" {
                let indent = line.len() - line.trim_start().len();
                // The item below goes too: to its closing brace at the same indent, or to the end of its line.
                let mut item = lines.next();
                while item.is_some_and(|(_, text)| text.trim_start().starts_with("#[")) {
                    item = lines.next();
                }
                if item.is_some_and(|(_, text)| text.trim_end().ends_with('{')) {
                    let end = format!("{}}}", " ".repeat(indent));
                    lines.by_ref().find(|(_, text)| *text == end);
                }
                continue;
            }
            let bare = line.trim_start();
            let comment = bare.starts_with("//");
            let text = if comment { "" } else { line.split(" // ").next().unwrap_or("") };
            code.push((number + 1, text.to_owned()));
        }
        Self { path: path.to_owned(), code }
    }

    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.iter().map(|(number, text)| (*number, text.as_str()))
    }

    /// The module under the crate's root that this file belongs to; empty for `lib.rs` and `main.rs`.
    pub fn top(&self) -> &str {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let top = inner.split('/').next().unwrap_or("");
        let top = top.strip_suffix(".rs").unwrap_or(top);
        if ["lib", "main"].contains(&top) { "" } else { top }
    }

    /// How many modules lie between the crate's root and this file's items.
    fn depth(&self) -> usize {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inner.split('/').filter(|part| *part != "mod.rs").count()
    }

    /// First names after `crate::` and after as many `super::` as lead to the root.
    pub fn uses(&self) -> BTreeSet<String> {
        let text: String = self.code.iter().map(|(_, line)| format!("{line}\n")).collect();
        let mut found = BTreeSet::new();
        let to_root = "super::".repeat(self.depth());
        for prefix in ["crate::", to_root.as_str()] {
            for (at, _) in text.match_indices(prefix) {
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                let part_of_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
                if !part_of_word {
                    names_at(&text[at + prefix.len()..], &mut found);
                }
            }
        }
        found
    }
}

/// The name at the start of `text`, or each first name inside its braces.
fn names_at(text: &str, found: &mut BTreeSet<String>) {
    let name =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(group) = text.strip_prefix('{') else {
        found.insert(name(text));
        return;
    };
    let (mut depth, mut fresh) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && depth == 0 && (c.is_alphabetic() || c == '_') => {
                found.insert(name(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file of the repository, by its path from the root: the files that git tracks or would track;
/// without git, all files outside `target`.
pub fn repository_files() -> Vec<(String, String)> {
    let mut paths = git_files().unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(&root(), &root(), &mut found);
        found
    });
    paths.sort();
    let texts = paths.into_iter().filter_map(|path| {
        let bytes = std::fs::read(root().join(&path)).ok()?;
        Some((path, String::from_utf8(bytes).ok()?))
    });
    texts.collect()
}

fn git_files() -> Option<Vec<String>> {
    let mut git = std::process::Command::new("git");
    let listed =
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let listed = listed.output().ok().filter(|output| output.status.success())?;
    let names = String::from_utf8(listed.stdout).ok()?;
    let names: Vec<String> = names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if ![".git", "target"].iter().any(|skipped| name == *skipped) {
                walk(root, &path, found);
            }
        } else if let Ok(inner) = path.strip_prefix(root) {
            found.push(inner.to_string_lossy().into_owned());
        }
    }
}

/// The program's sources without the files that are compiled for tests only.
pub fn program_sources() -> Vec<Source> {
    let files: Vec<(String, String)> = repository_files()
        .into_iter()
        .filter(|(path, _)| path.starts_with("src/") && path.ends_with(".rs"))
        .collect();
    let mut tests = BTreeSet::new();
    for (path, text) in &files {
        let folder = match path.strip_suffix("/mod.rs") {
            Some(folder) => folder.to_owned(),
            None if path == "src/lib.rs" || path == "src/main.rs" => "src".to_owned(),
            None => path.strip_suffix(".rs").unwrap_or(path).to_owned(),
        };
        let mut lines = text.lines().skip_while(|line| line.trim() != "#[cfg(test)]");
        while lines.next().is_some() {
            let item = lines.next().unwrap_or("").trim();
            let module = item.trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
            let module = module.trim_start_matches("pub ").strip_prefix("mod ");
            if let Some(name) = module.and_then(|module| module.strip_suffix(';')) {
                tests.insert(format!("{folder}/{name}"));
            }
            while lines.clone().next().is_some_and(|line| line.trim() != "#[cfg(test)]") {
                lines.next();
            }
        }
    }
    let of_tests = |path: &str| {
        let bare = path.strip_suffix(".rs").unwrap_or(path);
        tests.iter().any(|module| bare == module || path.starts_with(&format!("{module}/")))
    };
    files.iter().filter(|(path, _)| !of_tests(path)).map(|(path, text)| Source::new(path, text)).collect()
}
