//! Finding a holder's number in any file or text, however it is written: UTF-8, UTF-16, hex, base64 at each
//! alignment, or a list of bytes as `{:?}` prints it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The ways in which one number may stand in bytes.
pub struct Needles {
    patterns: Vec<(String, Vec<u8>)>,
    /// Patterns by their first bytes: hundreds of numbers in twenty forms are looked for in one pass.
    beginnings: HashMap<Vec<u8>, Vec<usize>>,
    /// The first two bytes of any pattern.
    possible: Vec<bool>,
}

/// No pattern is shorter than this.
const BEGINNING: usize = 6;

impl Needles {
    /// `numbers` as they are given; each also in lower case, for a check character X.
    pub fn new<'n>(numbers: impl IntoIterator<Item = &'n str>) -> Self {
        let mut patterns = Vec::new();
        for number in numbers {
            for text in [number.to_owned(), number.to_lowercase()] {
                add(&mut patterns, &text);
            }
        }
        patterns.sort();
        patterns.dedup();
        let mut beginnings: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        let mut possible = vec![false; 1 << 16];
        for (place, (name, pattern)) in patterns.iter().enumerate() {
            assert!(pattern.len() >= BEGINNING, "{name} is too short");
            beginnings.entry(pattern[..BEGINNING].to_vec()).or_default().push(place);
            possible[pair(pattern)] = true;
        }
        Self { patterns, beginnings, possible }
    }

    /// Names of the finds in these bytes: the number, and its form.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let mut hits: BTreeSet<usize> = BTreeSet::new();
        for (at, window) in bytes.windows(BEGINNING).enumerate() {
            if !self.possible[pair(window)] {
                continue;
            }
            for place in self.beginnings.get(window).into_iter().flatten() {
                if bytes[at..].starts_with(&self.patterns[*place].1) {
                    hits.insert(*place);
                }
            }
        }
        hits.into_iter().map(|place| self.patterns[place].0.as_str()).collect()
    }

    /// The same over every file below `dir`, names of files and folders included.
    pub fn found_under(&self, dir: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for path in files(dir) {
            let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            found.extend(self.found_in(&bytes).into_iter().map(|hit| format!("{name}: {hit}")));
            found.extend(
                self.found_in(name.as_bytes()).into_iter().map(|hit| format!("the name of {name}: {hit}")),
            );
        }
        found
    }
}

/// Every file below a folder.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

fn add(patterns: &mut Vec<(String, Vec<u8>)>, number: &str) {
    let masked = format!("{}…", &number[..6]);
    let mut put = |how: &str, bytes: Vec<u8>| patterns.push((format!("{masked} as {how}"), bytes));
    let bytes = number.as_bytes();
    put("UTF-8", bytes.to_vec());
    put("UTF-16LE", number.encode_utf16().flat_map(u16::to_le_bytes).collect());
    put("UTF-16BE", number.encode_utf16().flat_map(u16::to_be_bytes).collect());
    put("hex", bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
    put("HEX", bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect());
    let listed: Vec<String> = bytes.iter().map(u8::to_string).collect();
    put("a list of bytes", listed.join(", ").into_bytes());
    for shift in 0..3 {
        // The characters that depend on the number alone: those that touch its neighbours are cut off.
        let padded = [vec![0; shift], bytes.to_vec()].concat();
        let (from, to) = ([0, 2, 3][shift], padded.len() * 8 / 6);
        for (how, text) in
            [("base64", STANDARD_NO_PAD.encode(&padded)), ("base64url", URL_SAFE_NO_PAD.encode(&padded))]
        {
            put(&format!("{how} at {shift}"), text.as_bytes()[from..to].to_vec());
        }
    }
    let wide: String = number.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
    put("full-width UTF-8", wide.into_bytes());
}
