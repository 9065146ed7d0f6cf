//! How long the numbers of a column are: where nearly all have one length, shorter ones may have lost leading zeros to
//! a spreadsheet. One row alone does not show it, the whole file does.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Longer numbers are not counted.
const LONGEST: usize = 31;
/// Fewer numbers tell nothing.
const FEWEST: u64 = 10;
/// Shorter numbers are counters.
const SHORTEST: usize = 4;

/// The lengths of the numbers in each column of a file.
#[derive(Debug, Clone, Default)]
pub struct Lengths {
    columns: Vec<Column>,
}

#[derive(Debug, Clone, Default)]
struct Column {
    of: [u64; LONGEST + 1],
    /// Begin with 0, so that zeros were kept.
    zeros: u64,
}

/// A column some of whose numbers seem to have lost leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortened {
    /// The column's place, from 1.
    pub column: usize,
    /// The length of nearly all numbers.
    pub length: usize,
    /// How many are shorter.
    pub shorter: u64,
}

impl Lengths {
    /// Counts a row.
    pub fn row(&mut self, cells: &[Cow<'_, str>]) {
        if self.columns.len() < cells.len() {
            self.columns.resize_with(cells.len(), Column::default);
        }
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            if !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()) {
                if let Some(count) = column.of.get_mut(cell.len()) {
                    *count += 1;
                }
                column.zeros += u64::from(cell.starts_with('0'));
            }
        }
    }

    /// Adds what another counted.
    pub fn take(&mut self, other: Self) {
        if self.columns.len() < other.columns.len() {
            self.columns.resize_with(other.columns.len(), Column::default);
        }
        for (column, other) in self.columns.iter_mut().zip(other.columns) {
            column.of.iter_mut().zip(other.of).for_each(|(count, other)| *count += other);
            column.zeros += other.zeros;
        }
    }

    /// The columns in which numbers of nine in ten rows have one length, none begins with 0, and some are shorter.
    pub fn shortened(&self) -> Vec<Shortened> {
        let found = self.columns.iter().zip(1..).filter_map(|(column, place)| {
            let all: u64 = column.of.iter().sum();
            let (length, most) = column.of.iter().enumerate().max_by_key(|(_, count)| **count)?;
            let shorter: u64 = column.of.get(..length)?.iter().sum();
            let told = column.zeros == 0 && all >= FEWEST && length >= SHORTEST && most * 10 >= all * 9;
            (told && shorter > 0).then_some(Shortened { column: place, length, shorter })
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cells: &[&str]) -> Vec<Shortened> {
        let mut lengths = Lengths::default();
        cells.iter().for_each(|cell| lengths.row(&[Cow::Borrowed("x"), Cow::Borrowed(cell)]));
        lengths.shortened()
    }

    #[test]
    fn shorter_numbers_among_equally_long_ones_are_told() {
        let mut cells = vec!["123456"; 30];
        assert_eq!(told(&cells), []);
        cells.extend(["1234", "99"]);
        assert_eq!(told(&cells), [Shortened { column: 2, length: 6, shorter: 2 }]);
        cells.push("012345");
        assert_eq!(told(&cells), [], "zeros were kept");
        assert_eq!(told(&["1234567", "12"]), [], "too few to tell");
    }
}
