//! The first look at a file: its digest, its encoding, and whether a spreadsheet rounded its numbers.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use encoding_rs::{BIG5, DecoderResult, GB18030};
use serde::{Deserialize, Serialize};

use super::encoding::Encoding;
use super::plausible::{Readings, Speaks};
use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::rule::Rule;

/// What the first look found.
#[derive(Debug, Clone, Copy)]
pub struct Survey {
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Of the whole file.
    pub encoding: Encoding,
    /// What a person should look at.
    pub signs: Signs,
}

/// What the first look found that a person should look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signs {
    /// Another encoding in which the whole file decodes as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also: Option<Encoding>,
    /// How many numbers of 18 digits there are.
    pub numbers: u64,
    /// How many different ones end in 000: a spreadsheet keeps 15 digits and writes 000 behind them.
    pub rounded: u64,
}

impl Signs {
    /// Whether more numbers end in 000 than chance makes (1 of 1000 does).
    pub fn rounded_by_a_spreadsheet(&self) -> bool {
        self.rounded >= 2 && self.rounded * 20 >= self.numbers || self.rounded >= 3 + self.numbers / 250
    }
}

/// Counts the numbers of 18 digits.
#[derive(Default)]
struct Numbers {
    all: u64,
    rounded: HashSet<[u8; 18]>,
}

impl Numbers {
    /// Counts the numbers of whole lines. A number of 18 digits covers a place that 16 divides, so few are looked at.
    fn count(&mut self, text: &[u8]) {
        let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
        let mut at = 0;
        while at < text.len() {
            if !digit(at) {
                at += 16;
                continue;
            }
            let before = text.get(..at).unwrap_or_default().iter().rev();
            let start = at - before.take_while(|byte| byte.is_ascii_digit()).count();
            let behind = text.get(at..).unwrap_or_default().iter();
            let end = at + behind.take_while(|byte| byte.is_ascii_digit()).count();
            let ends_in_x = matches!(text.get(end), Some(b'X' | b'x'));
            if end - start == 18 || end - start == 17 && ends_in_x {
                self.all += 1;
                let number = text.get(start..start + 18).and_then(|number| <[u8; 18]>::try_from(number).ok());
                if let Some(number) =
                    number.filter(|number| number.ends_with(b"000") && self.rounded.len() < 1 << 20)
                {
                    self.rounded.insert(number);
                }
            }
            at = end.max(at + 16);
        }
    }
}

const BUFFER: usize = 1 << 20;

pub(super) fn unreadable(error: std::io::Error) -> Error {
    Error::new(Code::ConfigInvalid, "the file cannot be read").rule(Rule::FileUnreadable).caused_by(error)
}

fn refused(rule: Rule, line: u64, detail: String) -> Error {
    Error::new(Code::ConfigInvalid, detail).at("file").rule(rule).with(serde_json::json!({"line": line}))
}

/// Reads the whole file once, and once more where it is GB 18030. A `wanted` encoding is not doubted, but the file
/// must be in it.
///
/// # Errors
/// `config_invalid` with the line: `encoding_unknown` where a character is damaged or of no known encoding,
/// `encoding_mixed` where some lines are UTF-8 and others GB 18030, `encoding_big5` where it may as well be Big5. Taking such a file line by line for one or the
/// other would change names without anybody noticing (I12).
pub fn survey(path: &Path, wanted: Option<Encoding>) -> Result<Survey> {
    regular(path)?;
    let mut file = File::open(path).map_err(unreadable)?;
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut look, mut numbers) = (Look::default(), Numbers::default());
    let (mut held, mut bytes) = (Vec::with_capacity(2 * BUFFER), 0_u64);
    let mut marked = None;
    loop {
        let from = held.len();
        let read = Read::by_ref(&mut file).take(BUFFER as u64).read_to_end(&mut held).map_err(unreadable)?;
        digest.update(held.get(from..).unwrap_or_default());
        if bytes == 0 {
            marked = Encoding::marked(&held).or_else(|| Encoding::unmarked(&held));
        }
        bytes += read as u64;
        let whole = if read == 0 { held.len() } else { whole_lines(&held) };
        let lines = held.get(..whole).unwrap_or_default();
        look.lines(lines, wanted.or(marked));
        numbers.count(lines);
        held.drain(..whole);
        if read == 0 {
            break;
        }
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    let (encoding, also) = match wanted.or(marked) {
        Some(encoding) => (encoding, None),
        None => look.verdict()?,
    };
    match encoding {
        Encoding::Utf8 => look.all_utf8()?,
        Encoding::Gb18030 | Encoding::Big5 | Encoding::Utf16Le | Encoding::Utf16Be => {
            check(path, encoding, &mut numbers)?
        }
    }
    let signs = Signs { also, numbers: numbers.all, rounded: numbers.rounded.len() as u64 };
    Ok(Survey { digest: Digest(sha256), bytes, encoding, signs })
}

/// A file is read more than once: what comes through a pipe is not.
fn regular(path: &Path) -> Result<()> {
    if std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Ok(());
    }
    let detail =
        "this is no file of its own, and its rows are read twice: save what comes through a pipe first";
    Err(Error::new(Code::ConfigInvalid, detail).at("file").rule(Rule::FileUnreadable))
}

/// SHA-256 of a file and its length.
pub(super) fn digest_of(path: &Path) -> Result<(Digest, u64)> {
    let mut file = File::open(path).map_err(unreadable)?;
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut buffer, mut bytes) = (vec![0; BUFFER], 0);
    loop {
        let read = file.read(&mut buffer).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        digest.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    Ok((Digest(sha256), bytes))
}

impl Survey {
    /// The first look at a workbook: it says itself how it is written.
    pub fn of_workbook(path: &Path) -> Result<Self> {
        regular(path)?;
        let (digest, bytes) = digest_of(path)?;
        Ok(Self { digest, bytes, encoding: Encoding::Utf8, signs: Signs::default() })
    }
}

/// Up to where a buffer has whole lines; a line that fills it is cut where no character goes on.
fn whole_lines(held: &[u8]) -> usize {
    let line = held.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    let cut = || held.iter().rposition(|byte| *byte < b'0');
    line.or_else(|| if held.len() >= BUFFER { cut() } else { None }).map_or(0, |at| at + 1)
}

/// What the lines speak for: how many of each, and the first.
#[derive(Default)]
struct Look {
    line: u64,
    utf8: Tally,
    gb18030: Tally,
    rather: Tally,
    alone: Tally,
    surely: Tally,
    damaged: Tally,
    not_utf8: Tally,
    /// Of the lines that are no UTF-8.
    readings: Readings,
}

#[derive(Default, Clone, Copy)]
struct Tally {
    count: u64,
    first: u64,
}

impl Tally {
    fn add(&mut self, line: u64) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }
}

impl Look {
    fn lines(&mut self, bytes: &[u8], known: Option<Encoding>) {
        if matches!(known, Some(known) if known != Encoding::Utf8) {
            return;
        }
        let valid = std::str::from_utf8(bytes).is_ok();
        if known.is_some() && valid || bytes.is_ascii() {
            self.line += line_ends(bytes);
            return;
        }
        let mut before = b'\n';
        for line in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            // The LF of a CR LF is a piece of its own.
            let same = before == b'\r' && line == b"\n";
            before = line.last().copied().unwrap_or(b'\n');
            if same {
                continue;
            }
            let number = self.line + 1;
            match Speaks::of(line, valid) {
                Speaks::Ascii | Speaks::Open => {}
                Speaks::Utf8 => self.utf8.add(number),
                Speaks::Gb18030 => self.gb18030.add(number),
                Speaks::Rather { sure, inside } => {
                    self.rather.add(number);
                    if !inside {
                        self.alone.add(number);
                    }
                    if sure {
                        self.surely.add(number);
                    }
                }
                Speaks::Damaged => self.damaged.add(number),
            }
            if !valid && std::str::from_utf8(line).is_err() {
                self.not_utf8.add(number);
                self.readings.add(line);
            }
            self.line += 1;
        }
    }

    fn verdict(&self) -> Result<(Encoding, Option<Encoding>)> {
        if self.damaged.count > 0 {
            let line = self.damaged.first;
            let detail = format!("a character on line {line} is damaged: it is neither UTF-8 nor GB 18030");
            return Err(refused(Rule::EncodingUnknown, line, detail));
        }
        let other = if self.gb18030.count > 0 { self.gb18030 } else { self.surely };
        if self.utf8.count > 0 && other.count > 0 {
            let (line, named, rest) = match other.count <= self.utf8.count {
                true => (other.first, Encoding::Gb18030, Encoding::Utf8),
                false => (self.utf8.first, Encoding::Utf8, Encoding::Gb18030),
            };
            let detail = format!("line {line} is {} and other lines are {}", named.label(), rest.label());
            return Err(refused(Rule::EncodingMixed, line, detail));
        }
        if self.gb18030.count > 0 && self.readings.may_be_big5() {
            let line = self.gb18030.first;
            let detail =
                format!("the characters on line {line} and others are as common in Big5 as in GB 18030");
            return Err(refused(Rule::EncodingBig5, line, detail));
        }
        Ok(match (self.utf8.count, self.gb18030.count, self.rather.count) {
            // Nothing but letters between letters: a foreign name in UTF-8.
            (0, 0, 1..) if self.alone.count == 0 => (Encoding::Utf8, Some(Encoding::Gb18030)),
            (0, 0, 1..) => (Encoding::Gb18030, Some(Encoding::Utf8)),
            (0, 1.., _) => (Encoding::Gb18030, None),
            _ => (Encoding::Utf8, None),
        })
    }

    fn all_utf8(&self) -> Result<()> {
        match self.not_utf8.count {
            0 => Ok(()),
            _ => Err(not_in(Encoding::Utf8, self.not_utf8.first)),
        }
    }
}

fn not_in(encoding: Encoding, line: u64) -> Error {
    refused(Rule::EncodingUnknown, line, format!("a character on line {line} is not {}", encoding.label()))
}

/// Physical lines that end in `bytes`: with LF, CR LF or CR.
fn line_ends(bytes: &[u8]) -> u64 {
    let lf = memchr::memchr_iter(b'\n', bytes).count();
    let cr = memchr::memchr_iter(b'\r', bytes).filter(|at| bytes.get(at + 1) != Some(&b'\n')).count();
    (lf + cr) as u64
}

/// Decodes the whole file; refuses the first line that does not decode.
fn check(path: &Path, encoding: Encoding, numbers: &mut Numbers) -> Result<()> {
    let mut file = File::open(path).map_err(unreadable)?;
    let converts = encoding.converter().is_some();
    let own = if encoding == Encoding::Big5 { BIG5 } else { GB18030 };
    let mut decoder = encoding.converter().unwrap_or_else(|| own.new_decoder_without_bom_handling());
    let (mut buffer, mut text) = (vec![0; BUFFER], vec![0; 64 << 10]);
    let mut lines = 1;
    loop {
        let read = file.read(&mut buffer).map_err(unreadable)?;
        let mut rest = buffer.get(..read).unwrap_or_default();
        loop {
            let (result, taken, made) =
                decoder.decode_to_utf8_without_replacement(rest, &mut text, read == 0);
            let made = text.get(..made).unwrap_or_default();
            lines += line_ends(made);
            if converts {
                numbers.count(made);
            }
            rest = rest.get(taken..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Err(not_in(encoding, lines)),
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Result<Survey> {
        chosen(bytes, None)
    }

    fn chosen(bytes: &[u8], wanted: Option<Encoding>) -> Result<Survey> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, bytes).unwrap();
        survey(&path, wanted)
    }

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn i12_an_encoding_is_found_out_or_refused_and_never_guessed_by_line() {
        let text = "第一行\n{\"name\":\"周海燕𠮷\"}\n".repeat(40_000);
        let utf8 = of(text.as_bytes()).unwrap();
        assert_eq!((utf8.encoding, utf8.bytes), (Encoding::Utf8, text.len() as u64));
        assert_eq!(utf8.digest, Digest::of(&[text.as_bytes()]));
        let gb = gbk(&text);
        let gb_found = of(&gb).unwrap();
        assert_eq!(gb_found.encoding, Encoding::Gb18030);
        assert_eq!(gb_found.digest, Digest::of(&[&gb]));
        // One broken byte in a UTF-8 file: refused as a whole, with the line.
        let mut broken = text.clone().into_bytes();
        let at = broken.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).unwrap().0 + 1;
        broken[at] = 0xFF;
        let refused = of(&broken).unwrap_err();
        assert_eq!(refused.rule, Some(Rule::EncodingUnknown));
        assert_eq!(refused.extra.unwrap()["line"], 4);
        for big in [false, true] {
            let found = of(&utf16(&text, big)).unwrap();
            assert_eq!(found.encoding, if big { Encoding::Utf16Be } else { Encoding::Utf16Le });
        }
    }

    #[test]
    fn i12_where_two_encodings_decode_hanzi_win_and_it_is_told() {
        let one = of(&gbk("name,no\r\n郑伟,G1\r\n")).unwrap();
        assert_eq!((one.encoding, one.signs.also), (Encoding::Gb18030, Some(Encoding::Utf8)));
        let chosen = chosen(&gbk("name,no\r\n郑伟,G1\r\n"), Some(Encoding::Utf8)).unwrap();
        assert_eq!((chosen.encoding, chosen.signs.also), (Encoding::Utf8, None));
        let foreign = of("name,no\r\nJürgen Müller,G1\r\nMaria·Keller,G2\r\n".as_bytes()).unwrap();
        assert_eq!((foreign.encoding, foreign.signs.also), (Encoding::Utf8, Some(Encoding::Gb18030)));
        let utf8 = of("name,no\r\n郑伟,G1\r\n".as_bytes()).unwrap();
        assert_eq!((utf8.encoding, utf8.signs.also), (Encoding::Utf8, None));
    }

    #[test]
    fn i12_a_file_in_big5_is_never_read_as_another_one() {
        let text = "姓名,證號\r\n陳志遠,G1\r\n林小明,G2\r\n";
        let big5 = BIG5.encode(text).0.into_owned();
        assert!(GB18030.decode_without_bom_handling_and_without_replacement(&big5).is_some());
        let error = of(&big5).unwrap_err();
        assert_eq!((error.rule, error.extra.unwrap()["line"].as_u64()), (Some(Rule::EncodingBig5), Some(1)));
        assert_eq!(chosen(&big5, Some(Encoding::Big5)).unwrap().encoding, Encoding::Big5);
        // Who names the other one is not doubted.
        assert_eq!(chosen(&big5, Some(Encoding::Gb18030)).unwrap().encoding, Encoding::Gb18030);
        // One line of it in a long file, and nothing but names.
        let names = BIG5.encode("name\r\n陳\r\n林\r\n").0.into_owned();
        assert_eq!(of(&names).unwrap_err().rule, Some(Rule::EncodingBig5));
        let damaged = [&big5[..], b"\xA4\r\n"].concat();
        let error = chosen(&damaged, Some(Encoding::Big5)).unwrap_err();
        assert_eq!(
            (error.rule, error.extra.unwrap()["line"].as_u64()),
            (Some(Rule::EncodingUnknown), Some(4))
        );
    }

    #[test]
    fn i12_mixed_and_damaged_files_are_refused_by_line() {
        let refused = |bytes: &[u8]| {
            let error = of(bytes).unwrap_err();
            (error.rule.unwrap(), error.extra.unwrap()["line"].as_u64().unwrap())
        };
        let utf8 = "王芳\r\n李娜\r\n".as_bytes();
        let mixed = [utf8, &gbk("周海燕\r\n"), utf8].concat();
        assert_eq!(refused(&mixed), (Rule::EncodingMixed, 3));
        let mixed = [utf8, &gbk("郑伟\r\n")].concat();
        assert_eq!(refused(&mixed), (Rule::EncodingMixed, 3));
        let mixed = [&gbk("王芳\r周海燕\r李娜\r")[..], "王芳\r".as_bytes()].concat();
        assert_eq!(refused(&mixed), (Rule::EncodingMixed, 4));
        // A character cut in two, where the rest of the file is in pairs of bytes: GB 18030 would decode.
        let cut = [utf8, "王小".as_bytes(), b"\xE8\x8A\r\n", utf8].concat();
        assert!(GB18030.decode_without_bom_handling_and_without_replacement(&cut).is_some());
        assert_eq!(refused(&cut), (Rule::EncodingUnknown, 3));
        let cut = [&gbk("王芳\n周海")[..], b"\xD1\n"].concat();
        assert_eq!(refused(&cut), (Rule::EncodingUnknown, 2));
        // What a mark promises must hold.
        assert_eq!(refused(b"\xEF\xBB\xBFa\n\xCD\xF5\xB7\xBC\n"), (Rule::EncodingUnknown, 2));
        assert_eq!(refused(b"\xFF\xFEa\0\n\0\x00\xD8a\0"), (Rule::EncodingUnknown, 2));
    }

    #[test]
    fn more_numbers_in_000_than_chance_makes_are_a_sign_of_a_spreadsheet() {
        let file = |rounded: u32, whole: u32| {
            let mut text = String::new();
            (0..rounded)
                .for_each(|n| text += &format!("x,{}000,y\n", 190_101_195_905_000_u64 + u64::from(n)));
            (0..whole).for_each(|n| text += &format!("x,19010119590524{:03}X,y\n", 100 + n % 900));
            of(text.as_bytes()).unwrap().signs
        };
        assert!(
            file(12, 0).rounded_by_a_spreadsheet()
                && file(2, 0).rounded_by_a_spreadsheet()
                && file(12, 900).rounded_by_a_spreadsheet()
        );
        assert!(
            !file(1, 0).rounded_by_a_spreadsheet()
                && !file(0, 0).rounded_by_a_spreadsheet()
                && !file(3, 900).rounded_by_a_spreadsheet()
        );
        assert_eq!((file(12, 30).numbers, file(12, 30).rounded), (42, 12));
        let wide = of(&utf16("190101195905243000,190101195905244000", true)).unwrap();
        assert!(wide.signs.rounded_by_a_spreadsheet());
    }
}
