//! XLSX files as a spreadsheet writes them, small and always the same bytes.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

/// A cell of a sheet.
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text.
    Text(&'static str),
    /// A text that was made.
    Made(String),
    /// A number without a format.
    Number(f64),
    /// A serial number with a date format.
    Date(f64),
}

pub type Rows = Vec<Vec<Cell>>;

/// A workbook of those sheets.
pub fn workbook(sheets: &[(&str, Rows)], date1904: bool) -> Vec<u8> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let (mut list, mut relations, mut kinds) = (String::new(), String::new(), String::new());
    for (number, (name, rows)) in (1..).zip(sheets) {
        write!(list, "<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>").unwrap();
        write!(relations, "<Relationship Id=\"rId{number}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>").unwrap();
        write!(kinds, "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>").unwrap();
        parts.push((format!("xl/worksheets/sheet{number}.xml"), sheet(rows)));
    }
    let styles = sheets.len() + 1;
    write!(relations, "<Relationship Id=\"rId{styles}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/>").unwrap();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let of_1904 = if date1904 { "<workbookPr date1904=\"1\"/>" } else { "<workbookPr/>" };
    let fixed = [
        ("[Content_Types].xml", format!("<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>{kinds}<Override PartName=\"/xl/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/></Types>")),
        ("_rels/.rels", "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>".to_owned()),
        ("xl/workbook.xml", format!("<workbook xmlns=\"{main}\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">{of_1904}<sheets>{list}</sheets></workbook>")),
        ("xl/_rels/workbook.xml.rels", format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{relations}</Relationships>")),
        ("xl/styles.xml", format!("<styleSheet xmlns=\"{main}\"><fonts count=\"1\"><font/></fonts><fills count=\"1\"><fill/></fills><borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>")),
    ];
    let mut all: Vec<(String, String)> =
        fixed.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    all.extend(parts);
    packed(&all)
}

/// Parts in a zip file.
pub fn packed(parts: &[(String, String)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn sheet(rows: &Rows) -> String {
    let mut text = String::from(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>",
    );
    for (line, row) in (1..).zip(rows) {
        write!(text, "<row r=\"{line}\">").unwrap();
        for (column, cell) in ('A'..='Z').zip(row) {
            let said = |said: &str| said.replace('&', "&amp;").replace('<', "&lt;");
            match cell {
                Cell::Empty => {}
                Cell::Text(words) => write!(
                    text,
                    "<c r=\"{column}{line}\" t=\"inlineStr\"><is><t>{}</t></is></c>",
                    said(words)
                )
                .unwrap(),
                Cell::Made(words) => write!(
                    text,
                    "<c r=\"{column}{line}\" t=\"inlineStr\"><is><t>{}</t></is></c>",
                    said(words)
                )
                .unwrap(),
                Cell::Number(number) => write!(text, "<c r=\"{column}{line}\"><v>{number}</v></c>").unwrap(),
                Cell::Date(serial) => {
                    write!(text, "<c r=\"{column}{line}\" s=\"1\"><v>{serial}</v></c>").unwrap()
                }
            }
        }
        text += "</row>";
    }
    text + "</sheetData></worksheet>"
}
