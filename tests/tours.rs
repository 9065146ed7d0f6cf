//! The promises of the documents, run: the tours of `README.md`, `src/cli/README.md` and the demo's page block by block as
//! they stand, and the names of tests that `src/README.md` and `src/registry/README.md` rest on.
//!
//! A `sh` block is run. A `text` block after it shows the output: each of its lines must stand in the output,
//! in order. `…` is any text within a line, and a line of only `…` is any number of lines.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, reason = "tests")]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_elicense");

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The text under a heading of the second level, up to the next.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let begin = page.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let rest = &page[begin + 4..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// The fenced blocks of a language, in order.
fn blocks(text: &str, languages: &[&str]) -> Vec<(String, String)> {
    let (mut found, mut open) = (Vec::new(), None::<(String, String)>);
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take().filter(|(lang, _)| languages.contains(&&**lang))),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// Whether a line agrees with the page's line; `…` stands for any text.
fn fits(shown: &str, line: &str) -> bool {
    let parts: Vec<&str> = shown.split('…').collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    if parts.len() == 1 {
        return shown.trim_end() == line.trim_end();
    }
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.trim_end().ends_with(last.trim_end())
}

/// The first line of the page that the output does not have at its place.
fn missing(shown: &str, output: &str) -> Option<String> {
    let mut lines = output.lines();
    for want in shown.lines().filter(|line| line.trim() != "…") {
        if !lines.any(|line| fits(want, line)) {
            return Some(want.to_owned());
        }
    }
    None
}

/// A port that nobody listened on a moment ago.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs the blocks of a section as one script in `dir` and compares the output with the page.
fn run_tour(name: &str, heading: &str, dir: &Path, port: u16) {
    let page = page(name);
    let told = blocks(section(&page, heading), &["sh", "text"]);
    assert!(
        told.iter().filter(|(language, _)| language == "sh").count() >= 3,
        "the section has lost its blocks"
    );
    // A process left running would hold the pipe open, and the test with it.
    let mut script = "set -eu -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n".to_owned();
    let mut shown: Vec<(usize, &str)> = Vec::new();
    for (number, (language, text)) in told.iter().enumerate() {
        match language.as_str() {
            "sh" => script.push_str(text),
            _ => {
                script.push_str(&format!("echo; echo '=== {number}'\n"));
                shown.push((number, text));
            }
        }
    }
    let path =
        format!("{}:{}", Path::new(BINARY).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let file = dir.join("tour.sh");
    // Errors stand among the output, as on a terminal.
    std::fs::write(&file, format!("exec 2>&1\n{script}")).unwrap();
    // A tour waits for its own server: one that does not come up must end the test, and all that it started.
    let mut run = Command::new("timeout");
    run.args(["--kill-after=5", "600", "bash"]);
    for name in
        ["DATA", "DATABASE", "MASTER_KEY_FILE", "AS", "REGIONS", "PUBLIC", "WINDOW", "AGENCY", "ADMIN"]
    {
        run.env_remove(format!("ELICENSE_{name}"));
    }
    run.env_remove("RUST_LOG").env("PATH", path).env("PORT", port.to_string()).env("no_proxy", "127.0.0.1");
    let done = run.arg(&file).current_dir(dir).stdin(Stdio::null()).output().unwrap();
    let output = String::from_utf8(done.stdout).unwrap();
    let mut rest = output.as_str();
    for (number, text) in shown {
        let mark = format!("\n=== {number}\n");
        let end =
            rest.find(&mark).unwrap_or_else(|| panic!("the tour stopped before block {number}:\n{output}"));
        if let Some(line) = missing(text, &rest[..end]) {
            panic!("the page shows what was not printed:\n{line}\n\nprinted was:\n{}", &rest[..end]);
        }
        rest = &rest[end + mark.len()..];
    }
    assert_ne!(done.status.code(), Some(124), "the tour did not come to its end in ten minutes:\n{output}");
    assert!(done.status.success(), "{output}");
}

/// False, with a message, if the machine has no curl; `ELICENSE_TEST_CURL=required` makes that a failure.
fn has_curl() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok_and(|out| out.status.success());
    let required = std::env::var("ELICENSE_TEST_CURL").is_ok_and(|value| value == "required");
    assert!(there || !required, "curl is required and not here");
    if !there {
        eprintln!("skipped: no curl");
    }
    there
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

#[test]
fn the_demo_answers_as_the_page_shows() {
    if !has_curl() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let port = port();
    let mut demo = Command::new(BINARY);
    for name in ["DATA", "DATABASE", "MASTER_KEY_FILE", "REGIONS"] {
        demo.env_remove(format!("ELICENSE_{name}"));
    }
    let demo = demo.args(["demo", "--listen", &format!("127.0.0.1:{port}")]).current_dir(dir.path());
    let _demo = Ended(demo.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let begun = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(180), "the demo does not come up");
        std::thread::sleep(Duration::from_millis(100));
    }
    run_tour("README.md", "Five minutes with the demo", dir.path(), port);
    run_tour("src/cli/demo/README.md", "Five flows", dir.path(), port);
}

#[test]
fn a_registry_comes_from_nothing_to_its_first_lookup_as_the_page_says() {
    if !has_curl() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    run_tour("src/cli/README.md", "From nothing to the first lookup", dir.path(), port());
}

#[test]
fn both_languages_have_the_same_blocks() {
    let languages = ["sh", "bash", "text"];
    let code = |page: &str| -> Vec<String> {
        // Comments at the end of a line are words, and translated.
        let bare = |text: String| {
            text.lines()
                .map(|l| l.split("  #").next().unwrap().trim_end().to_owned())
                .collect::<Vec<_>>()
                .join("\n")
        };
        blocks(page, &languages).into_iter().map(|(_, text)| bare(text)).collect()
    };
    for folder in ["", "src/cli/", "src/serve/"] {
        let (english, chinese) =
            (page(&format!("{folder}README.md")), page(&format!("{folder}README.zh.md")));
        assert_eq!(code(&english), code(&chinese), "{folder}");
    }
}

/// Links of a page to files, without anchors.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets
        .filter(|target| !target.is_empty() && !target.starts_with("http") && !target.contains(' '))
        .collect()
}

#[test]
fn every_link_of_a_page_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git").args(["ls-files", "*.md"]).current_dir(root).output().unwrap();
    let pages = String::from_utf8(listed.stdout).unwrap();
    assert!(pages.lines().count() > 10, "the scan found only {} pages", pages.lines().count());
    for name in pages.lines() {
        let text = page(name);
        let folder = root.join(name).parent().unwrap().to_owned();
        for link in links(&text) {
            assert!(folder.join(link).exists(), "{name} leads to {link}");
        }
    }
    assert_eq!(links("a [b](c.md), [d](e.md#f), [g](#h), [i](https://j.example)"), ["c.md", "e.md"]);
}

#[test]
fn what_was_not_printed_is_found() {
    assert!(fits("a … c", "a b c") && fits("a…", "abc") && fits("…c", "abc") && fits("a", "a "));
    assert!(!fits("a … c", "a b d") && !fits("b…", "abc") && !fits("a", "ab") && !fits("a…b…c", "acb"));
    assert_eq!(missing("one\n…\nthree…\n", "one\ntwo\nthree and more\n"), None);
    assert_eq!(missing("two\none\n", "one\ntwo\n"), Some("one".to_owned()), "the order counts");
    let text = "# t\n\n## A\n```sh\nx\n```\n```json\ny\n```\n## B\n```sh\nz\n```\n";
    assert_eq!(blocks(section(text, "A"), &["sh"]), [("sh".to_owned(), "x\n".to_owned())]);
}

fn sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            named_functions(&std::fs::read_to_string(&path).unwrap(), found);
        }
    }
}

fn named_functions(text: &str, found: &mut BTreeSet<String>) {
    for line in text.lines().filter_map(|line| line.trim_start().split_once("fn ")) {
        let name = line.1.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_');
        found.insert(name.collect());
    }
}

fn all_tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["src", "tests"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    found
}

/// Words in backquotes that have the form of a test's name: three parts or more.
fn names(text: &str) -> Vec<&str> {
    let words = text.split('`').skip(1).step_by(2);
    words
        // Metrics have the form too.
        .filter(|word| word.matches('_').count() >= 2 && !word.starts_with("elicense_"))
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .collect()
}

#[test]
fn src_readme_names_tests_that_exist() {
    let page = page("src/README.md");
    let tests = all_tests();
    let kept: String = section(&page, "What always holds").to_owned();
    for number in 1..=14 {
        let begin =
            kept.find(&format!("**I{number}. ")).unwrap_or_else(|| panic!("I{number} is not on the page"));
        let end = kept[begin + 4..].find("\n\n").map_or(kept.len(), |end| begin + 4 + end);
        let named = names(&kept[begin..end]);
        assert!(!named.is_empty(), "I{number} names no test");
        for name in named {
            assert!(tests.contains(name), "I{number}: there is no test {name}");
            let carried = name.split('_').map_while(|part| part.strip_prefix('i')?.parse::<u8>().ok());
            assert!(carried.into_iter().any(|one| one == number), "{name} does not carry I{number}");
        }
    }
}

/// The cells of a table's lines, without head and rule.
fn cells(table: &str) -> Vec<Vec<&str>> {
    let lines = table.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The tests of a cell: `` `file`: `name` `name`; `file`: … ``.
fn tests_by_file(cell: &str) -> Vec<(&str, Vec<&str>)> {
    let each = cell.split(';').map(|part| {
        let (file, named) = part.split_once(':').unwrap_or_else(|| panic!("no file: {part}"));
        (file.trim().trim_matches('`'), named.split_whitespace().map(|name| name.trim_matches('`')).collect())
    });
    each.collect()
}

/// The names of the functions that a file, or the files of a folder, mark as tests, by themselves or by `on_both!`.
fn tests_of(path: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut found = BTreeSet::new();
    if path.is_dir() {
        sources(&path, &mut found);
        return found;
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    named_functions(&text, &mut found);
    found
}

#[test]
fn every_threat_names_tests_that_exist() {
    let page = page("SECURITY.md");
    let rows = cells(section(&page, "What it protects, from whom"));
    assert!(rows.len() >= 10, "the page has {} threats", rows.len());
    for row in rows {
        let [who, _, _, tests] = row[..] else { panic!("a threat has four cells: {row:?}") };
        for (file, named) in tests_by_file(tests) {
            assert!(!named.is_empty(), "{who}: no test");
            let there = tests_of(file);
            for name in named {
                assert!(there.contains(name), "{who}: {file} has no test {name}");
            }
        }
    }
}

#[test]
fn the_rules_of_practice_name_tests_that_exist() {
    let page = page("src/registry/README.md");
    let tests = all_tests();
    for number in 1..=20 {
        assert!(page.contains(&format!("**R{number} ")), "R{number} is not on the page");
    }
    let named = names(&page);
    assert!(named.len() > 20, "the page names only {} tests", named.len());
    for name in named {
        assert!(tests.contains(name), "there is no test {name}");
    }
}
