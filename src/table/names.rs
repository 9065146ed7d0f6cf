//! One number under several names in one file.

use serde::{Deserialize, Serialize};

/// Numbers under which a file has several names. Names differ by marriage, by a mistype, or since two people have one
/// number: the report says where, and tells no more than the file has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NamesDiffer {
    /// How many numbers.
    pub numbers: u64,
    /// The lines of some of them, a list for each.
    pub examples: Vec<Vec<u64>>,
}

/// Numbers that are shown as examples, and lines of each.
const EXAMPLES: usize = 3;
const LINES: usize = 5;

impl NamesDiffer {
    /// Takes over what another part of the file has.
    pub fn add(&mut self, other: &Self) {
        self.numbers += other.numbers;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.iter().take(room).cloned());
    }

    /// Notes the rows of one number, each with its line and a hash of its name, if the names differ.
    pub fn note(&mut self, rows: &[(u64, u64)]) {
        let mut rows: Vec<_> = rows.iter().filter(|(_, name)| *name != 0).collect();
        rows.sort_unstable();
        let mut seen: Vec<u64> = Vec::new();
        let mut lines = Vec::new();
        for (line, name) in rows {
            if !seen.contains(name) {
                seen.push(*name);
                lines.push(*line);
            }
        }
        if seen.len() < 2 {
            return;
        }
        self.numbers += 1;
        if self.examples.len() < EXAMPLES {
            lines.truncate(LINES);
            self.examples.push(lines);
        }
    }
}
