//! Random parts of a text as stable words, and the comparison with the stored text.

use std::collections::HashMap;
use std::path::Path;

/// Names the random parts in the texts of one world, each by the same word in every place.
#[derive(Default)]
pub struct Stable {
    words: HashMap<String, String>,
    counts: HashMap<&'static str, usize>,
}

/// The kind of a run of letters, digits and `_-.+/=`, if it is random.
fn kind(run: &str) -> Option<&'static str> {
    let mixed = run.bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && run.bytes().any(|byte| byte.is_ascii_lowercase());
    match run.len() {
        _ if run.starts_with("1.2.156.3005.2.") => Some("identifier"),
        101.. if run.starts_with("eyJ") && run.contains('.') => Some("envelope"),
        101.. if run.starts_with("eyJ") => Some("entry"),
        64 if run.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some("hex"),
        61.. => Some("blob"),
        43 | 44 if mixed => Some("hash"),
        22 if mixed => Some("salt"),
        _ => None,
    }
}

impl Stable {
    /// The text with its random parts named.
    pub fn text(&mut self, text: &str) -> String {
        let of_run = |c: char| c.is_ascii_alphanumeric() || "_-.+/=".contains(c);
        let (mut out, mut rest) = (String::new(), text);
        while let Some(start) = rest.find(of_run) {
            let (before, run_on) = rest.split_at(start);
            let end = run_on.find(|c| !of_run(c)).unwrap_or(run_on.len());
            let (run, after) = run_on.split_at(end);
            out.push_str(before);
            // The escape before it is not part of it: `\n5`.
            let escape = usize::from(before.ends_with('\\'));
            out.push_str(&run[..escape]);
            out.push_str(&self.run(&run[escape..]));
            rest = after;
        }
        out + rest
    }

    fn run(&mut self, run: &str) -> String {
        let Some(kind) = kind(run) else { return run.to_owned() };
        let count = self.counts.entry(kind).or_default();
        self.words
            .entry(run.to_owned())
            .or_insert_with(|| {
                *count += 1;
                format!("<{kind} {count}>")
            })
            .clone()
    }

    /// Compares with the stored text of that name.
    pub fn same(&mut self, name: &str, text: &str) {
        let text = self.text(text) + "\n";
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers/stored").join(format!("{name}.txt"));
        if std::env::var_os("ELICENSE_TEST_ANSWERS").is_some_and(|how| how == "write") {
            std::fs::write(&path, &text).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text == stored, "{name} was\n{stored}\nand is\n{text}");
    }
}

#[test]
fn what_is_random_is_named_and_nothing_else() {
    let mut stable = Stable::default();
    let hash = "AbcdefghijklmnopqrstuvwxyzAbcdefghijklmnop0";
    assert_eq!(hash.len(), 43);
    let text = format!("{{\"a\":\"{hash}\",\"type\":\"11190000MD10009070001\",\"x\":\"{hash}\\nB\"}}");
    assert_eq!(
        stable.text(&text),
        "{\"a\":\"<hash 1>\",\"type\":\"11190000MD10009070001\",\"x\":\"<hash 1>\\nB\"}"
    );
    assert_eq!(stable.text("disability_certificate 2026-11-22"), "disability_certificate 2026-11-22");
}
