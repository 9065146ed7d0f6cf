//! What accepted rows are kept with although somebody should look at it: by remark, with the first lines.

use serde::{Deserialize, Serialize};

/// How many accepted rows have one remark, and the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemarkTally {
    /// The remark's stable name: `private_use`, `pilot_code`.
    pub remark: String,
    /// What a person should look at.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// How many rows.
    pub count: u64,
    /// Lines of the first of them; nothing of what stands there.
    pub lines: Vec<u64>,
}

/// Lines that are named of each remark.
const LINES: usize = 5;

/// Counts a remark of the row on that line; a row counts once for each. Lines come in their order.
pub fn note(tallies: &mut Vec<RemarkTally>, line: u64, (remark, zh, en): (&str, &str, &str)) {
    let at = tallies.iter().position(|tally| tally.remark == remark);
    let at = at.unwrap_or_else(|| {
        let (remark, zh, en) = (remark.to_owned(), zh.to_owned(), en.to_owned());
        tallies.push(RemarkTally { remark, zh, en, count: 0, lines: Vec::new() });
        tallies.len() - 1
    });
    let Some(tally) = tallies.get_mut(at) else { return };
    tally.count += 1;
    if tally.lines.len() < LINES {
        tally.lines.push(line);
    }
}
