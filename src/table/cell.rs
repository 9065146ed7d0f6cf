//! Cells as people type them: what a spreadsheet or a keyboard put around a value is taken off, under rules that are
//! counted by name. What cannot be read for sure is refused under a rule that says what happened to it.
//!
//! Names and other texts lose what stands around them only: their characters are never changed (I12).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Day;
use crate::closed::closed;
use crate::rule::Rule;

closed! {
    /// What was done to a cell so that it could be read.
    Repair {
        OuterBlanks, "outer_blanks", "去掉首尾的空格或制表符", "blanks and tabs around the value taken off";
        Unseen, "unseen", "去掉首尾不显示的字符（零宽空格、BOM）", "characters of no width around the value taken off";
        InnerBlanks, "inner_blanks", "去掉号码中的空格", "blanks in a number left out";
        Hyphen, "hyphen", "去掉组织机构代码中的连字符", "the hyphen of an organisation code left out";
        UpperCase, "upper_case", "号码中的小写字母改为大写", "small letters of a number written as capitals";
        FifteenDigits, "fifteen_digits", "15 位号码换算为 18 位", "a number of 15 digits written with its 18 characters";
        Apostrophe, "apostrophe", "去掉开头的撇号", "leading apostrophe taken off";
        TextFormula, "text_formula", "取出 =\"…\" 中的文字", "text taken out of =\"…\"";
        FullWidth, "full_width", "全角字母、数字改为半角", "full-width letters and digits written as half-width";
        DateWritten, "date_written", "日期改写为 YYYY-MM-DD", "date written as YYYY-MM-DD";
        DateOfSerial, "date_of_serial", "电子表格的日期序号换算为日期", "date computed from a workbook's serial number";
        LongTerm, "long_term", "“长期有效”等写法改为“长期”", "a word for no end written as 长期";
        CodeOfName, "code_of_name", "名称换成代码表中的代码", "name replaced by its code in the code list";
        LineEnds, "line_ends", "单元格内的换行统一为 LF", "line breaks inside a cell written as LF";
    }
}

/// How often each repair was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Repairs {
    counts: BTreeMap<Repair, u64>,
}

impl Repairs {
    /// Counts a repair.
    pub fn add(&mut self, repair: Repair, times: u64) {
        if times > 0 {
            *self.counts.entry(repair).or_default() += times;
        }
    }

    /// Adds what another counted.
    pub fn take(&mut self, other: &mut Self) {
        for (repair, times) in std::mem::take(&mut other.counts) {
            self.add(repair, times);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.counts.clear();
    }

    /// Whether nothing was repaired.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Each repair that was made, and how often.
    pub fn each(&self) -> impl Iterator<Item = (Repair, u64)> {
        self.counts.iter().map(|(repair, times)| (*repair, *times))
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Names, addresses, notes.
    Text,
    /// Numbers, codes, amounts: letters, digits and signs, no words.
    Code,
    /// A day.
    Day,
    /// A day or 长期.
    DayOrLong,
    /// A year, a month or a day.
    PartialDay,
    /// JSON.
    Json,
}

/// The day that a workbook counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Epoch {
    /// 1 is 1900-01-01, with a 29 February that 1900 did not have.
    Y1900,
    /// 0 is 1904-01-01.
    Y1904,
}

/// Serial numbers of 1954 to 2064: no other number of five digits stands in a column of dates.
const SERIALS: std::ops::RangeInclusive<i32> = 20_000..=60_000;

impl Epoch {
    /// The day of a serial number.
    pub fn day(self, serial: i32) -> Option<Day> {
        let (base, from) = match self {
            Self::Y1900 => (Day::new(1899, 12, 30)?, 61),
            Self::Y1904 => (Day::new(1904, 1, 1)?, 0),
        };
        (from..=2_958_465).contains(&serial).then(|| Day::from_number(base.number() + serial)).flatten()
    }
}

/// The value of a cell; empty where it holds blanks alone. Repairs are counted; a cell that cannot be read for sure
/// gives the rule that says why.
///
/// # Errors
/// `cell_exponent`, `cell_hashes`, `cell_error`, `date_serial`.
pub fn value<'t>(
    raw: &'t str,
    kind: CellKind,
    epoch: Option<Epoch>,
    repairs: &mut Repairs,
) -> Result<Cow<'t, str>, Rule> {
    if kind == CellKind::Json || plain(raw, kind) {
        return Ok(Cow::Borrowed(raw));
    }
    let text = bare(raw, kind, repairs);
    if let Some(rule) = damage(&text) {
        return Err(rule);
    }
    let text = match kind {
        CellKind::Text | CellKind::Json => return Ok(text),
        CellKind::Code | CellKind::Day | CellKind::DayOrLong | CellKind::PartialDay => {
            half_width(text, kind, repairs)
        }
    };
    // What was full-width may have been damage, too.
    if let Some(rule) = damage(&text) {
        return Err(rule);
    }
    match kind {
        CellKind::Text | CellKind::Json | CellKind::Code => Ok(text),
        CellKind::Day | CellKind::DayOrLong | CellKind::PartialDay => date(text, kind, epoch, repairs),
    }
}

/// Whether a cell is surely as it should be: most are, and nothing else looks at them.
fn plain(raw: &str, kind: CellKind) -> bool {
    let bytes = raw.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return true };
    match kind {
        CellKind::Code => bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-./()".contains(byte)),
        CellKind::Day | CellKind::DayOrLong => {
            bytes.len() == 10
                && bytes.iter().enumerate().all(|(at, byte)| match at {
                    4 | 7 => *byte == b'-',
                    _ => byte.is_ascii_digit(),
                })
        }
        // The blanks beyond ASCII begin with C2, E2, E3 or EF; hanzi of names with E4 to E9.
        CellKind::Text => {
            let inner = |byte: &u8| byte.is_ascii_alphabetic() || (0xE4..=0xE9).contains(byte);
            inner(first)
                && (last.is_ascii_alphanumeric()
                    || raw.chars().next_back().is_some_and(|c| !blank(c) && c > '\u{3FFF}'))
        }
        CellKind::PartialDay | CellKind::Json => false,
    }
}

fn blank(c: char) -> bool {
    c.is_whitespace() || no_width(c)
}

fn no_width(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{FEFF}')
}

/// Without what stands around it.
fn bare<'t>(raw: &'t str, kind: CellKind, repairs: &mut Repairs) -> Cow<'t, str> {
    let mut text = outer(raw, repairs);
    if let Some(inner) = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        repairs.add(Repair::TextFormula, 1);
        text = outer(inner, repairs);
    }
    // An apostrophe before a Latin letter may be the name's own ('t Hooft).
    let marked = |c: char| !c.is_ascii() || c.is_ascii_digit() || "=+-@".contains(c);
    let guarded = |rest: &&str| kind != CellKind::Text || rest.starts_with(marked);
    if let Some(rest) = text.strip_prefix('\'').filter(guarded) {
        repairs.add(Repair::Apostrophe, 1);
        text = outer(rest, repairs);
    }
    Cow::Borrowed(text)
}

fn outer<'t>(text: &'t str, repairs: &mut Repairs) -> &'t str {
    let trimmed = text.trim_matches(blank);
    // A cell of blanks alone is an empty cell.
    if trimmed.len() < text.len() && !trimmed.is_empty() {
        let before = text.chars().take_while(|c| blank(*c));
        let around = || before.clone().chain(text.chars().rev().take_while(|c| blank(*c)));
        repairs.add(Repair::Unseen, u64::from(around().any(no_width)));
        repairs.add(Repair::OuterBlanks, u64::from(around().any(|c| !no_width(c))));
    }
    trimmed
}

/// What a spreadsheet did to a value that cannot be taken back.
fn damage(text: &str) -> Option<Rule> {
    let hashes = text.len() >= 3 && text.bytes().all(|byte| byte == b'#');
    let error = ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#DIV/0!", "#NULL!"].contains(&text);
    match () {
        () if hashes => Some(Rule::CellHashes),
        () if error => Some(Rule::CellError),
        () if exponent(text) => Some(Rule::CellExponent),
        () => None,
    }
}

/// `1.9E+17`, as a spreadsheet shows a long number.
fn exponent(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(['E', 'e']).is_some_and(|(mantissa, power)| {
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        digits(whole) && whole.len() == 1 && digits(part) && power.strip_prefix('+').is_some_and(digits)
    })
}

/// Full-width letters and digits as half-width; the signs between them in dates and amounts alone, since a printed
/// number may have full-width brackets of its own.
fn half_width<'t>(text: Cow<'t, str>, kind: CellKind, repairs: &mut Repairs) -> Cow<'t, str> {
    let wide =
        |c: char| matches!(c, '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}');
    let amount = |text: &str| text.chars().all(|c| c == '\u{FF0E}' || c.is_ascii_digit() || wide(c));
    let signs = kind != CellKind::Code || amount(&text);
    let wide = |c: char| wide(c) || signs && matches!(c, '\u{FF0D}'..='\u{FF0F}' | '\u{FF1A}' | '\u{FF0B}');
    if text.is_ascii() || !text.contains(wide) {
        return text;
    }
    repairs.add(Repair::FullWidth, 1);
    let half = |c: char| if wide(c) { char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c) } else { c };
    Cow::Owned(text.chars().map(half).collect())
}

fn date<'t>(
    text: Cow<'t, str>,
    kind: CellKind,
    epoch: Option<Epoch>,
    repairs: &mut Repairs,
) -> Result<Cow<'t, str>, Rule> {
    if kind == CellKind::DayOrLong && ["长期有效", "长期至今", "long_term", "长期"].contains(&&*text)
    {
        repairs.add(Repair::LongTerm, u64::from(text != "长期"));
        return Ok(Cow::Borrowed("长期"));
    }
    let serial = text.parse::<i32>().ok().filter(|serial| SERIALS.contains(serial) && text.len() == 5);
    if let Some(serial) = serial {
        let day = epoch.and_then(|epoch| epoch.day(serial)).ok_or(Rule::DateSerial)?;
        repairs.add(Repair::DateOfSerial, 1);
        return Ok(Cow::Owned(day.to_string()));
    }
    let Some(written) = written(&text, kind == CellKind::PartialDay) else { return Ok(text) };
    if written == *text {
        return Ok(text);
    }
    repairs.add(Repair::DateWritten, 1);
    Ok(Cow::Owned(written))
}

/// A date in any of the ways in which year, month and day stand in this order: 2020-3-9, 2020/3/9, 2020.03.09,
/// 2020年3月9日, 20200309, with a clock time of zeros behind it or not. No other order, no year of two digits.
fn written(text: &str, partial: bool) -> Option<String> {
    let text = match text.split_once([' ', 'T']) {
        Some((day, time)) if day.len() >= 8 && midnight(time) => day.to_owned(),
        _ => text.to_owned(),
    };
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return assembled(&[text.get(..4)?, text.get(4..6)?, text.get(6..)?], partial);
    }
    let chinese = text.contains('年');
    let parts: Vec<String> = match chinese {
        true => {
            let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            let (year, rest) = plain.split_once('年')?;
            let mut parts = vec![year.to_owned()];
            if !rest.is_empty() {
                let (month, day) = rest.split_once('月')?;
                parts.push(month.to_owned());
                if !day.is_empty() {
                    parts.push(day.strip_suffix(['日', '号'])?.to_owned());
                }
            }
            parts
        }
        false => {
            let separator = text.chars().find(|c| !c.is_ascii_digit())?;
            if !"/.-".contains(separator) {
                return None;
            }
            text.split(separator).map(str::to_owned).collect()
        }
    };
    assembled(&parts.iter().map(String::as_str).collect::<Vec<_>>(), partial)
}

fn midnight(time: &str) -> bool {
    let time = time.trim();
    (4..=12).contains(&time.len())
        && time.contains(':')
        && time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'))
}

fn assembled(parts: &[&str], partial: bool) -> Option<String> {
    let number = |text: &str, most: usize| {
        ((1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    let year = |text: &str| number(text, 4).filter(|_| text.len() == 4);
    match parts {
        [first, second, third] => {
            let day = Day::new(i32::try_from(year(first)?).ok()?, number(second, 2)?, number(third, 2)?)?;
            Some(day.to_string())
        }
        [first, second] if partial => {
            let month = number(second, 2).filter(|month| (1..=12).contains(month))?;
            Some(format!("{:04}-{month:02}", year(first)?))
        }
        [first] if partial => Some(format!("{:04}", year(first)?)),
        _ => None,
    }
}

/// A cell that a spreadsheet would take for a formula, or a number that it would round, with an apostrophe before it;
/// reading the file again takes the apostrophe off.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let long = cell.len() > 11 && cell.bytes().all(|byte| byte.is_ascii_digit());
    let zero = cell.len() > 1 && cell.starts_with('0') && cell.bytes().all(|byte| byte.is_ascii_digit());
    if formula || long || zero { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str, kind: CellKind) -> Result<(String, Vec<Repair>), Rule> {
        let mut repairs = Repairs::default();
        let text = value(raw, kind, None, &mut repairs)?.into_owned();
        Ok((text, repairs.each().map(|(repair, _)| repair).collect()))
    }

    #[test]
    fn a_day_is_read_in_every_way_that_has_one_meaning() {
        for text in [
            "2020/3/9",
            "2020-3-9",
            "2020.03.09",
            "2020年3月9日",
            "2020年03月09号",
            "20200309",
            "2020/3/9 0:00",
            "2020-03-09 00:00:00",
            "2020-03-09T00:00:00",
            "2020 年 3 月 9 日",
            "２０２０/３/９",
            " 2020/03/09\t",
            "'2020-03-09",
        ] {
            let (day, repairs) = read(text, CellKind::Day).unwrap();
            assert!(day == "2020-03-09" && !repairs.is_empty(), "{text}: {day}");
        }
        assert_eq!(read("2020-03-09", CellKind::Day), Ok(("2020-03-09".into(), vec![])));
        for text in [
            "3/9/2020",
            "9.3.20",
            "20/3/9",
            "2020-13-01",
            "2020/2/30",
            "202003",
            "2020-03",
            "2020/3-9",
            "2020-03-09 08:30",
            "昨天",
        ] {
            assert_eq!(read(text, CellKind::Day), Ok((text.into(), vec![])), "{text} stays for its own rule");
        }
        assert_eq!(read("43899", CellKind::Day), Err(Rule::DateSerial));
        for (text, part) in
            [("2020年3月", "2020-03"), ("2020.3", "2020-03"), ("2020年", "2020"), ("2020/3/9", "2020-03-09")]
        {
            assert_eq!(read(text, CellKind::PartialDay), Ok((part.into(), vec![Repair::DateWritten])));
        }
        assert_eq!(read("长期有效", CellKind::DayOrLong), Ok(("长期".into(), vec![Repair::LongTerm])));
    }

    #[test]
    fn a_workbooks_days_are_counted_from_either_epoch() {
        let day = |epoch: Epoch, serial| epoch.day(serial).map(|day| day.to_string());
        assert_eq!(day(Epoch::Y1900, 43_899).as_deref(), Some("2020-03-09"));
        assert_eq!(day(Epoch::Y1904, 42_437).as_deref(), Some("2020-03-09"));
        assert_eq!(day(Epoch::Y1900, 61).as_deref(), Some("1900-03-01"));
        assert_eq!(day(Epoch::Y1900, 60), None, "a day that never was");
    }

    #[test]
    fn what_stands_around_a_number_is_taken_off_and_counted() {
        use Repair::{Apostrophe, FullWidth, OuterBlanks, TextFormula, Unseen};
        for (raw, repairs) in [
            ("\u{200B}19010119550307102X", vec![Unseen]),
            ("\u{FEFF} 19010119550307102X", vec![OuterBlanks, Unseen]),
            ("'19010119550307102X", vec![Apostrophe]),
            ("=\"19010119550307102X\"", vec![TextFormula]),
            ("\t19010119550307102X", vec![OuterBlanks]),
            ("19010119550307102X\u{3000}", vec![OuterBlanks]),
            ("\u{A0}19010119550307102X", vec![OuterBlanks]),
            ("１９０１０１１９５５０３０７１０２Ｘ", vec![FullWidth]),
            (" =\" '19010119550307102X\"", vec![OuterBlanks, Apostrophe, TextFormula]),
            ("省（２０２０）第１号", vec![FullWidth]),
            ("19010119550307102X", vec![]),
        ] {
            let expected = if raw.starts_with('省') { "省（2020）第1号" } else { "19010119550307102X" };
            assert_eq!(read(raw, CellKind::Code), Ok((expected.into(), repairs)), "{raw}");
        }
    }

    #[test]
    fn damage_is_told_as_what_it_is() {
        for raw in ["1.9E+17", "1.90101E+17", "'1.9E+17", "１.9E+17", "2e+10"] {
            assert_eq!(read(raw, CellKind::Code), Err(Rule::CellExponent), "{raw}");
        }
        assert_eq!(read("1.9E+17", CellKind::Text), Err(Rule::CellExponent));
        assert_eq!(read("########", CellKind::Day), Err(Rule::CellHashes));
        assert_eq!(read("#N/A", CellKind::Text), Err(Rule::CellError));
        assert_eq!(read("12E05", CellKind::Code), Ok(("12E05".into(), vec![])));
    }

    #[test]
    fn i12_a_name_keeps_its_characters() {
        for name in ["Ａ Ｂ", "阿依古丽·买买提", "'Abd al", "王\u{E000}", "㐀", "-", "２"] {
            assert_eq!(read(name, CellKind::Text), Ok((name.into(), vec![])), "{name}");
        }
        assert_eq!(read(" 周海燕\u{3000}", CellKind::Text), Ok(("周海燕".into(), vec![Repair::OuterBlanks])));
        assert_eq!(read("周海燕\u{3000}", CellKind::Text), Ok(("周海燕".into(), vec![Repair::OuterBlanks])));
        assert_eq!(read(" \t", CellKind::Text), Ok((String::new(), vec![])));
        // A spreadsheet's mark of text is no character of the name.
        assert_eq!(read("'周海燕", CellKind::Text), Ok(("周海燕".into(), vec![Repair::Apostrophe])));
        assert_eq!(read("\u{200B}周海燕", CellKind::Text), Ok(("周海燕".into(), vec![Repair::Unseen])));
    }

    #[test]
    fn what_is_guarded_for_a_spreadsheet_reads_back() {
        for cell in ["=1+1", "+86", "@x", "190101195503071020", "007"] {
            let guarded = guarded(cell).into_owned();
            assert!(guarded.starts_with('\''));
            assert_eq!(read(&guarded, CellKind::Text), Ok((cell.into(), vec![Repair::Apostrophe])));
        }
        assert_eq!(guarded("周海燕"), "周海燕");
        assert_eq!(guarded("2020-03-09"), "2020-03-09");
    }
}
