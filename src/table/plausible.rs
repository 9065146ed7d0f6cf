//! How well a line reads in an encoding: where two encodings decode, the one that makes hanzi of it is right.
//!
//! UTF-8 that is read as GB 18030 becomes hanzi too, but rare ones; GB 18030 that happens to be valid UTF-8 becomes
//! letters of other scripts. Big5 is told from GB 18030 by the file as a whole. So a common hanzi (GB/T 2312 level 1) counts twice, any other hanzi once.

use std::sync::OnceLock;

/// Characters beyond ASCII that are looked at in a line at most: more tell nothing new.
const LOOKED_AT: u32 = 24;

/// What a line is in one encoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Score {
    common: u32,
    hanzi: u32,
    others: u32,
    faults: u32,
}

impl Score {
    fn weight(self) -> u32 {
        2 * self.common + self.hanzi
    }

    fn all(self) -> u32 {
        self.common + self.hanzi + self.others + self.faults
    }

    /// Whether a larger share of this reading is hanzi.
    fn beats(self, other: Self) -> bool {
        u64::from(self.weight()) * u64::from(other.all()) > u64::from(other.weight()) * u64::from(self.all())
    }

    fn reads_well(self) -> bool {
        self.weight() >= self.all()
    }

    fn full(self) -> bool {
        self.all() >= LOOKED_AT
    }

    /// Nothing but common hanzi, and not one alone.
    fn plain_chinese(self) -> bool {
        self.common >= 2 && self.hanzi + self.others + self.faults == 0
    }
}

/// How the lines of a file that is not UTF-8 read as GB 18030 and as Big5: nearly all bytes of Big5 are GB 18030, too, of
/// other characters. Of Chinese names and addresses nearly all characters are common ones, in the encoding that they are in;
/// in the other one it is half of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readings {
    gb18030: Share,
    big5: Share,
}

/// How many characters are common ones.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    common: u64,
    all: u64,
    faults: u64,
}

impl Share {
    fn add(&mut self, score: Score) {
        self.common += u64::from(score.common);
        self.all += u64::from(score.all());
        self.faults += u64::from(score.faults);
    }
}

impl Readings {
    /// Takes a line.
    pub fn add(&mut self, line: &[u8]) {
        self.gb18030.add(gb18030(line));
        self.big5.add(big5(line));
    }

    /// Whether as many characters are common ones in Big5, and hardly any is none of it.
    pub fn may_be_big5(&self) -> bool {
        let (gb, big5) = (self.gb18030, self.big5);
        let beyond = |one: Share, other: Share| u128::from(one.common) * u128::from(other.all);
        big5.common > 0 && big5.faults * 20 <= big5.all && beyond(big5, gb) >= beyond(gb, big5)
    }
}

/// What a line speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// It reads the same in both.
    Ascii,
    /// UTF-8.
    Utf8,
    /// GB 18030.
    Gb18030,
    /// Valid in both; letters in UTF-8, hanzi in GB 18030. `sure` where it is nothing but common hanzi, `inside` where
    /// they stand beside letters as in Müller.
    Rather { sure: bool, inside: bool },
    /// Valid in both or in UTF-8 alone, and no sign of either.
    Open,
    /// Of neither, or UTF-8 with a damaged character.
    Damaged,
}

impl Speaks {
    /// Of one physical line; `valid` where it is known to be UTF-8.
    pub fn of(line: &[u8], valid: bool) -> Self {
        let Some(first) = line.iter().position(|byte| !byte.is_ascii()) else { return Self::Ascii };
        let rest = line.get(first..).unwrap_or_default();
        let valid = valid || std::str::from_utf8(rest).is_ok();
        let utf8 = utf8(rest);
        if valid && utf8.reads_well() {
            return Self::Utf8;
        }
        let gb = gb18030(rest);
        let inside = line.windows(2).any(|pair| match pair {
            [a, b] => a.is_ascii_alphabetic() != b.is_ascii_alphabetic() && !(a.is_ascii() && b.is_ascii()),
            _ => false,
        });
        match (valid, gb.faults == 0) {
            (true, true) if gb.beats(utf8) && gb.common > 0 => {
                Self::Rather { sure: gb.plain_chinese() && utf8.hanzi + utf8.common == 0 && !inside, inside }
            }
            (true, _) => Self::Open,
            (false, true) if !utf8.beats(gb) => Self::Gb18030,
            (false, _) => Self::Damaged,
        }
    }
}

/// The hanzi of GB/T 2312 level 1, a bit for each of U+4E00 to U+9FFF.
fn level_one() -> &'static [u64] {
    static BITS: OnceLock<Vec<u64>> = OnceLock::new();
    BITS.get_or_init(|| {
        let mut bits = vec![0; 0x5200 / 64];
        for (lead, trail) in
            (0xB0..=0xD7_u8).flat_map(|lead| (0xA1..=0xFE_u8).map(move |trail| (lead, trail)))
        {
            let bytes = [lead, trail];
            let (text, _) = encoding_rs::GB18030.decode_without_bom_handling(&bytes);
            let at = text.chars().next().map_or(0, u32::from).wrapping_sub(0x4E00);
            if let Some(word) = usize::try_from(at / 64).ok().and_then(|at| bits.get_mut(at)) {
                *word |= 1_u64 << (at % 64);
            }
        }
        bits
    })
}

fn utf8(line: &[u8]) -> Score {
    let (mut score, bits) = (Score::default(), level_one());
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars().filter(|c| !c.is_ascii()) {
            match u32::from(c) {
                0x4E00..=0x9FFF => {
                    let at = u32::from(c) - 0x4E00;
                    let word = usize::try_from(at / 64).ok().and_then(|at| bits.get(at)).copied();
                    match word.unwrap_or_default() >> (at % 64) & 1 {
                        1 => score.common += 1,
                        _ => score.hanzi += 1,
                    }
                }
                0x3000..=0x303F | 0x3400..=0x4DBF | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF => score.hanzi += 1,
                _ => score.others += 1,
            }
        }
        score.faults += u32::from(!chunk.invalid().is_empty());
        if score.full() {
            break;
        }
    }
    score
}

fn gb18030(line: &[u8]) -> Score {
    let mut score = Score::default();
    let mut rest = line;
    while let [lead, behind @ ..] = rest {
        rest = behind;
        if lead.is_ascii() {
            continue;
        }
        let taken = match (lead, behind) {
            (0xB0..=0xD7, [0xA1..=0xFE, ..]) => {
                score.common += 1;
                1
            }
            (0xA1..=0xA9, [0xA1..=0xFE, ..]) => {
                score.others += 1;
                1
            }
            (0x81..=0xFE, [0x40..=0x7E | 0x80..=0xFE, ..]) => {
                score.hanzi += 1;
                1
            }
            (0x81..=0xFE, [0x30..=0x39, 0x81..=0xFE, 0x30..=0x39, ..]) => {
                score.others += 1;
                3
            }
            _ => {
                score.faults += 1;
                0
            }
        };
        rest = behind.get(taken..).unwrap_or_default();
    }
    score
}

/// The characters of Big5 that are used often stand in A440 to C67E.
fn big5(line: &[u8]) -> Score {
    let mut score = Score::default();
    let mut rest = line;
    while let [lead, behind @ ..] = rest {
        rest = behind;
        if lead.is_ascii() {
            continue;
        }
        let pair = matches!((lead, behind), (0x81..=0xFE, [0x40..=0x7E | 0xA1..=0xFE, ..]));
        match (lead, behind.first()) {
            _ if !pair => score.faults += 1,
            (0xA4..=0xC5, _) | (0xC6, Some(0x40..=0x7E)) => score.common += 1,
            (0xC6..=0xF9, _) => score.hanzi += 1,
            _ => score.others += 1,
        }
        if pair {
            rest = behind.get(1..).unwrap_or_default();
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn a_line_speaks_for_the_encoding_that_makes_hanzi_of_it() {
        assert_eq!(Speaks::of(b"a,b", true), Speaks::Ascii);
        for name in ["王芳", "王小芳", "周海燕,示范市城东区", "䶮", "𠮷", "阿依古丽·买买提", "，。《》"]
        {
            assert_eq!(Speaks::of(name.as_bytes(), false), Speaks::Utf8, "{name}");
        }
        for name in ["王芳", "王小芳", "周海燕,示范市城东区", "買賣", "昇琚"] {
            assert_eq!(Speaks::of(&gbk(name), false), Speaks::Gb18030, "{name}");
        }
        assert_eq!(Speaks::of(&gbk("郑伟,郑伟"), true), Speaks::Rather { sure: true, inside: false });
        assert_eq!(Speaks::of("Müller".as_bytes(), true), Speaks::Rather { sure: false, inside: true });
        assert_eq!(Speaks::of("ئالىم".as_bytes(), true), Speaks::Open);
        let cut = "王小芳".as_bytes();
        assert_eq!(Speaks::of(&cut[..8], false), Speaks::Damaged);
        assert_eq!(Speaks::of(&[&gbk("王")[..1], b",x"].concat(), false), Speaks::Damaged);
    }
}

#[cfg(test)]
mod of_two {
    use super::*;

    #[test]
    fn a_file_in_big5_is_told_from_one_in_gb18030() {
        let may = |bytes: &[u8]| {
            let mut readings = Readings::default();
            readings.add(bytes);
            readings.may_be_big5()
        };
        for name in ["王小明", "陳志遠", "周海燕,臺北市大安區", "姓名,證號", "林", "李大同", "國家"]
        {
            assert!(may(&encoding_rs::BIG5.encode(name).0), "{name}");
        }
        for name in [
            "王芳",
            "周海燕,示范市城东区桃源路1号",
            "姓名,身份证号码",
            "郑伟",
            "買賣",
            "阿依古丽·买买提",
            "刘洋，男",
        ] {
            assert!(!may(&encoding_rs::GB18030.encode(name).0), "{name}");
        }
    }
}
