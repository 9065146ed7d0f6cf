//! A look at the parts of a workbook before a reader of workbooks gets them: it trusts the numbers of rows and columns that
//! it finds, and holds a cell whole, however long.
//!
//! It sees tags as an XML reader does (comments, quotes, sections of characters) and no more: whatever is no number of a row
//! or column that a sheet can have is refused, in any part, since any may be named as a sheet.

use crate::rule::Rule;

/// Rows and columns of a sheet at most, and letters of a column.
const ROWS: u32 = 1_048_576;
const COLUMNS: u32 = 16_384;
/// Bytes of a cell with its tags, or of a shared text. A spreadsheet holds 32,767 characters, each written as ten bytes at
/// most.
const CELL: usize = 512 << 10;
/// Bytes of a tag that are looked at.
const TAG: usize = 16 << 10;

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Text,
    Tag,
    /// Inside a value of that quote.
    Quoted(u8),
    Comment,
    Characters,
    Instruction,
}

/// What was seen of a part.
#[derive(Default)]
pub(super) struct SheetScan {
    at: At,
    tag: Vec<u8>,
    /// The last two bytes, by which comments end.
    last: [u8; 2],
    /// Bytes since a cell began, inside one.
    cell: Option<usize>,
    /// Whether the part begins with a tag; not known before its first byte.
    is_xml: Option<bool>,
    seen: usize,
}

impl SheetScan {
    /// Looks at the next bytes of a part.
    ///
    /// # Errors
    /// `workbook_unreadable`, `cell_too_long`.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Rule> {
        // Read as UTF-16 it would say something else than what is looked at here.
        let wide = [&b"\xFE\xFF"[..], b"\xFF\xFE", b"<\0", b"\0<"].iter().any(|mark| bytes.starts_with(mark));
        if self.seen == 0 && wide {
            return Err(Rule::WorkbookUnreadable);
        }
        self.seen += bytes.len();
        if self.is_xml.is_none() {
            // Blanks and the mark of UTF-8 may stand before.
            let first =
                bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(byte));
            self.is_xml = first.map(|byte| *byte == b'<');
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let passed = match self.at {
                At::Text => memchr::memchr(b'<', rest).unwrap_or(rest.len()),
                _ => 0,
            };
            let (_, behind) = rest.split_at_checked(passed).unwrap_or_default();
            self.within(passed)?;
            let Some((byte, behind)) = behind.split_first() else { break };
            self.within(1)?;
            self.byte(*byte)?;
            rest = behind;
        }
        Ok(())
    }

    fn within(&mut self, more: usize) -> Result<(), Rule> {
        if let Some(bytes) = &mut self.cell {
            *bytes += more;
            if *bytes > CELL {
                return Err(Rule::CellTooLong);
            }
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> Result<(), Rule> {
        let ended = |last: [u8; 2], end: &[u8; 2]| last == *end && byte == b'>';
        self.at = match (self.at, byte) {
            (At::Text, b'<') => {
                self.tag.clear();
                At::Tag
            }
            (At::Text, _) => At::Text,
            (At::Comment, _) if ended(self.last, b"--") => At::Text,
            (At::Characters, _) if ended(self.last, b"]]") => At::Text,
            (At::Instruction, b'>') if self.last[1] == b'?' => At::Text,
            (At::Comment | At::Characters | At::Instruction, _) => self.at,
            (At::Quoted(quote), _) => {
                self.keep(byte);
                if byte == quote { At::Tag } else { self.at }
            }
            (At::Tag, b'>') => {
                self.tag()?;
                At::Text
            }
            (At::Tag, _) => {
                self.keep(byte);
                match self.tag.as_slice() {
                    b"!--" => At::Comment,
                    b"![CDATA[" => At::Characters,
                    b"?" => At::Instruction,
                    // No workbook has one, and what stands in it is read by rules of its own.
                    b"!DOCTYPE" | b"!doctype" => return Err(Rule::WorkbookUnreadable),
                    [b'!' | b'?', ..] => At::Tag,
                    _ if matches!(byte, b'"' | b'\'') => At::Quoted(byte),
                    _ => At::Tag,
                }
            }
        };
        // What opened a comment is no part of its end.
        let opened = matches!(self.at, At::Comment | At::Characters | At::Instruction)
            && matches!(self.tag.as_slice(), b"!--" | b"![CDATA[" | b"?");
        if opened {
            self.tag.clear();
            self.last = [0; 2];
        } else {
            self.last = [self.last[1], byte];
        }
        Ok(())
    }

    fn keep(&mut self, byte: u8) {
        if self.tag.len() <= TAG {
            self.tag.push(byte);
        }
    }

    /// A whole tag.
    fn tag(&mut self) -> Result<(), Rule> {
        let tag = std::mem::take(&mut self.tag);
        let closes = tag.first() == Some(&b'/');
        let name = tag.get(usize::from(closes)..).unwrap_or_default();
        let name = name.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        if !matches!(local, b"row" | b"c" | b"si" | b"dimension") {
            return Ok(());
        }
        if tag.len() > TAG {
            return Err(Rule::WorkbookUnreadable);
        }
        if closes {
            self.cell = None;
            return Ok(());
        }
        match local {
            b"row" => place_of(&tag, b"r", |place| place.letters == 0),
            b"c" => place_of(&tag, b"r", |place| place.letters > 0),
            b"dimension" => dimension(&tag),
            _ => Ok(()),
        }?;
        // In a picture two bytes are no cell.
        if matches!(local, b"c" | b"si") && tag.last() != Some(&b'/') && self.is_xml == Some(true) {
            self.cell = Some(0);
        }
        Ok(())
    }
}

/// A row, a column, or both.
#[derive(Clone, Copy)]
struct Place {
    letters: usize,
    column: u32,
    row: u32,
}

/// The place in the attribute of that name, if it has one, is one that a sheet can have.
fn place_of(tag: &[u8], name: &[u8], fits: impl Fn(Place) -> bool) -> Result<(), Rule> {
    match attribute(tag, name) {
        None => Ok(()),
        Some(text) => place(text).filter(|place| fits(*place)).map(drop).ok_or(Rule::WorkbookUnreadable),
    }
}

fn place(text: &[u8]) -> Option<Place> {
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (column, row) = text.split_at_checked(letters)?;
    if letters > 3 || !(1..=7).contains(&row.len()) || !row.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let column = column
        .iter()
        .fold(0, |sum, letter| sum * 26 + u32::from(letter.to_ascii_uppercase()) + 1 - u32::from(b'A'));
    let row = row.iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit) - u32::from(b'0'));
    ((1..=ROWS).contains(&row) && column <= COLUMNS).then_some(Place { letters, column, row })
}

/// `A1` or `A1:B2`, the first not behind the second.
fn dimension(tag: &[u8]) -> Result<(), Rule> {
    let Some(text) = attribute(tag, b"ref") else { return Ok(()) };
    let places: Option<Vec<Place>> = text.split(|byte| *byte == b':').map(place).collect();
    let right = |places: &[Place]| match places {
        [one] => one.letters > 0,
        [one, two] => one.letters > 0 && one.row <= two.row && one.column <= two.column,
        _ => false,
    };
    if places.is_some_and(|places| right(&places)) { Ok(()) } else { Err(Rule::WorkbookUnreadable) }
}

/// The value of the first attribute of that name, as it is written.
fn attribute<'t>(tag: &'t [u8], wanted: &[u8]) -> Option<&'t [u8]> {
    let mut rest = tag.get(tag.iter().position(u8::is_ascii_whitespace)?..)?;
    loop {
        rest = rest.trim_ascii_start();
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let name = rest.get(..equals)?.trim_ascii();
        let behind = rest.get(equals + 1..)?.trim_ascii_start();
        let (quote, behind) = behind.split_first()?;
        let end = behind.iter().position(|byte| byte == quote)?;
        if name == wanted {
            return behind.get(..end);
        }
        rest = behind.get(end + 1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the pieces in which it comes.
    fn scanned(text: &str) -> Result<(), Rule> {
        let whole = SheetScan::default().feed(text.as_bytes());
        if text.len() < 4096 {
            for size in [1, 2, 3, 7] {
                let mut scan = SheetScan::default();
                let pieces = text.as_bytes().chunks(size).try_for_each(|piece| scan.feed(piece));
                assert_eq!(pieces, whole, "{text}");
            }
        }
        whole
    }

    #[test]
    fn a_sheet_of_a_spreadsheet_is_let_through() {
        for text in [
            "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1048576\" spans='1:3'><c r=\"XFD1048576\" s=\"1\" t=\"inlineStr\"><is><t>a &lt; b</t></is></c><c/></row></sheetData></worksheet>",
            "<x:row x:r=\"9999999999\" r=\"3\"/><row><c><v>1</v></c></row><dimension ref=\"A1\"/>",
            "<!-- <row r=\"9999999999\"> ' -- --><row r=\"1\"/>",
            "<t>say &quot;<![CDATA[<row r=\"9999999999\">]]></t><?a <row r=\"9999999999\"?>",
            "<a b=\"<row r='9999999999'>\"/><row r = '12' />",
            "<rows r=\"9999999999\"/><cell r=\"AAAAAAAA1\"/>",
        ] {
            assert_eq!(scanned(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn numbers_that_no_sheet_has_are_refused_however_they_are_hidden() {
        for text in [
            "<row r=\"4294967297\">",
            "<row r=\"1048577\">",
            "<row r=\"0\">",
            "<row r=\"\">",
            "<row r=\"A1\">",
            "<row r=\"1&#50;\">",
            "<x:row spans=\"1:2\" r='4294967296'/>",
            "<c r=\"A4294967297\"/>",
            "<c r=\"XFE1\"/>",
            "<c r=\"AAAAAAA1\"/>",
            "<c r=\"12\"/>",
            "<c\nr=\"A99999999\"/>",
            "<dimension ref=\"A1:A4294967297\"/>",
            "<dimension ref=\"B2:A1\"/>",
            "<dimension ref=\"A3:A1\"/>",
            "<dimension ref=\"A1:B2:C3\"/>",
            "<!-- \" --><row r=\"4294967297\">",
            "<!--> --><row r=\"4294967297\">",
            "<?x \"?><row r=\"4294967297\">",
            "<![CDATA[\"]]><row r=\"4294967297\">",
            "<a b=\">\"/><row r=\"4294967297\">",
            "<a b='\"'/><row r=\"4294967297\">",
            "\u{FEFF}<row r=\"4294967297\">",
            "png<row r=\"4294967297\">",
            "<!DOCTYPE a [ <!ENTITY y \"b\"> <!-- > ]><row r=\"4294967297\">",
        ] {
            assert_eq!(scanned(text), Err(Rule::WorkbookUnreadable), "{text}");
        }
        let padded = format!("<row {} r=\"4294967297\">", "a=\"b\" ".repeat(TAG));
        assert_eq!(scanned(&padded), Err(Rule::WorkbookUnreadable));
        assert_eq!(SheetScan::default().feed(b"\xFF\xFE<\0r\0"), Err(Rule::WorkbookUnreadable));
    }

    #[test]
    fn a_cell_without_end_is_refused_and_many_short_ones_are_not() {
        let cell = |text: &str| format!("<c r=\"A1\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
        assert_eq!(scanned(&cell(&"字".repeat(32_767))), Ok(()));
        assert_eq!(scanned(&cell(&"&#x5B57;".repeat(32_767))), Ok(()));
        assert_eq!(scanned(&cell("a").repeat(20_000)), Ok(()));
        assert_eq!(scanned(&cell(&"a".repeat(CELL))), Err(Rule::CellTooLong));
        assert_eq!(scanned(&cell(&"<r><t>a</t></r>".repeat(CELL / 10))), Err(Rule::CellTooLong));
        let shared = format!("<si><t>{}</t></si>", "a".repeat(CELL));
        assert_eq!(scanned(&shared), Err(Rule::CellTooLong));
        assert_eq!(scanned(&format!("\u{89}PNG<c {}", "a>".repeat(CELL))), Ok(()), "a picture");
        assert_eq!(scanned(&format!("<t>{}</t>", "a".repeat(2 * CELL))), Ok(()), "of no cell");
    }
}
