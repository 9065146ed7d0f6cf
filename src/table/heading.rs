//! Where the header of a sheet stands: behind a title, in one row or, where its cells are merged, in two.

use super::workbook::SheetRow;

/// The header of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The row behind which the rows of data begin.
    pub line: u64,
    /// A name for each column; two levels are written one behind the other.
    pub names: Vec<String>,
}

/// Rows at the top of a sheet among which the header is looked for.
pub const LOOKED_AT: usize = 12;
/// Longer texts are no part of a header.
const LONGEST: usize = 12;

/// Finds the header among the first rows: the first with most cells that `known` knows, and not one cell alone.
pub fn find(rows: &[SheetRow], known: &dyn Fn(&str) -> bool) -> Option<Heading> {
    let filled = |row: &SheetRow| row.1.iter().filter(|cell| !cell.trim().is_empty()).count();
    let mut best: Option<(usize, usize)> = None;
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| filled(row) > 1) {
        let fits = row.1.iter().filter(|cell| known(cell)).count();
        if fits > 0 && best.is_none_or(|(_, most)| fits > most) {
            best = Some((at, fits));
        }
    }
    let (at, _) = best?;
    let (line, top) = rows.get(at)?;
    match rows.get(at + 1) {
        Some((next, below)) if *next == line + 1 && is_second_level(top, below) => {
            Some(Heading { line: *next, names: joined(top, below) })
        }
        _ => Some(Heading { line: *line, names: top.iter().map(|cell| cell.trim().to_owned()).collect() }),
    }
}

fn cell(row: &[String], at: usize) -> &str {
    row.get(at).map_or("", |cell| cell.trim())
}

/// Whether a row holds the names under merged cells: short words without digits, fewer than the row above, and at
/// least one where that is empty.
fn is_second_level(top: &[String], below: &[String]) -> bool {
    let words: Vec<usize> = (0..below.len()).filter(|at| !cell(below, *at).is_empty()).collect();
    let short = |at: &usize| {
        let text = cell(below, *at);
        text.chars().count() <= LONGEST && !text.chars().any(|c| c.is_ascii_digit())
    };
    let above = (0..top.len()).filter(|at| !cell(top, *at).is_empty()).count();
    words.len() > 1
        && words.len() <= above + 1
        && words.iter().all(short)
        && words.iter().any(|at| cell(top, *at).is_empty())
        && (0..top.len()).any(|at| !cell(top, at).is_empty() && cell(below, at).is_empty())
}

fn joined(top: &[String], below: &[String]) -> Vec<String> {
    let mut group = "";
    let join = |at| {
        let (above, under) = (cell(top, at), cell(below, at));
        if !above.is_empty() {
            group = above;
        }
        match (above.is_empty(), under.is_empty()) {
            (_, true) => above.to_owned(),
            _ => format!("{group}{under}"),
        }
    };
    (0..top.len().max(below.len())).map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, cells: &[&str]) -> SheetRow {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn a_header_is_found_behind_a_title_and_in_two_levels() {
        let known = |cell: &str| ["姓名", "证号"].contains(&cell);
        let title = row(1, &["城东区老年人优待证清单"]);
        let rows = [title.clone(), row(3, &["序号", "姓名", "证号"]), row(4, &["1", "周海燕", "G1"])];
        let found = find(&rows, &known).unwrap();
        assert_eq!((found.line, found.names.join("|")), (3, "序号|姓名|证号".to_owned()));
        let rows = [
            title.clone(),
            row(2, &["姓名", "证号", "有效期", "", "备注"]),
            row(3, &["", "", "起", "止"]),
            row(4, &["周海燕", "G1", "2020-03-09", "长期"]),
        ];
        let found = find(&rows, &known).unwrap();
        assert_eq!((found.line, found.names.join("|")), (3, "姓名|证号|有效期起|有效期止|备注".to_owned()));
        assert_eq!(find(&[title], &known), None);
        // A row of data with an empty cell above it is no second level.
        let rows = [row(1, &["姓名", "证号", ""]), row(2, &["周海燕", "G1", "x"])];
        assert_eq!(find(&rows, &known).unwrap().line, 1);
    }
}
