//! The encodings in which files of rows come, and their names.

use std::borrow::Cow;

use encoding_rs::{BIG5, GB18030};
use serde::{Deserialize, Serialize};

/// How a file's text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// GB 18030-2022 with its four-byte characters; characters of the private-use areas are kept.
    Gb18030,
    /// Big5 with the characters of Hong Kong: what a spreadsheet of traditional characters writes. Never found out, only
    /// named: its bytes are valid GB 18030, of other characters.
    Big5,
    /// UTF-16, little end first: "Unicode text" of a spreadsheet.
    #[serde(rename = "utf16le")]
    Utf16Le,
    /// UTF-16, big end first.
    #[serde(rename = "utf16be")]
    Utf16Be,
}

impl Encoding {
    /// The encoding of a name as people write it: `utf-8`, `gb18030`, `gbk`, `gb2312`, `big5`, `utf-16le`,
    /// `utf-16be`.
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect();
        Some(match plain.to_ascii_lowercase().as_str() {
            "utf8" => Self::Utf8,
            "gb18030" | "gbk" | "gb2312" => Self::Gb18030,
            "big5" | "big5hkscs" => Self::Big5,
            "utf16le" => Self::Utf16Le,
            "utf16be" => Self::Utf16Be,
            _ => return None,
        })
    }

    /// The name that is shown.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "GB 18030",
            Self::Big5 => "Big5",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }

    /// The byte order mark of the encoding; Big5 has none.
    pub(super) fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\xEF\xBB\xBF",
            Self::Gb18030 => b"\x84\x31\x95\x33",
            Self::Big5 => b"",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
        }
    }

    /// The encoding whose mark a file begins with.
    pub(super) fn marked(start: &[u8]) -> Option<Self> {
        let all = [Self::Utf8, Self::Gb18030, Self::Utf16Le, Self::Utf16Be];
        all.into_iter().find(|encoding| start.starts_with(encoding.mark()))
    }

    /// UTF-16 without its mark: every ASCII character has a NUL beside it, on the same side. Few ideographs have one on
    /// the other (一 is 4E00), and no text in another encoding has any.
    pub(super) fn unmarked(start: &[u8]) -> Option<Self> {
        let (mut little, mut big, mut pairs) = (0_usize, 0_usize, 0_usize);
        for pair in start.get(..start.len().min(4096)).unwrap_or_default().chunks_exact(2) {
            match pair {
                [0, 0] => continue,
                [_, 0] => little += 1,
                [0, _] => big += 1,
                _ => {}
            }
            pairs += 1;
        }
        let enough = |count: usize, other: usize| count >= 4 + 4 * other && count * 16 >= pairs;
        match () {
            () if enough(little, big) => Some(Self::Utf16Le),
            () if enough(big, little) => Some(Self::Utf16Be),
            () => None,
        }
    }

    /// What turns the encoding into UTF-8 before rows are looked for: of UTF-16, whose bytes tell no line ends.
    pub(super) fn converter(self) -> Option<encoding_rs::Decoder> {
        match self {
            Self::Utf8 | Self::Gb18030 | Self::Big5 => None,
            Self::Utf16Le => Some(encoding_rs::UTF_16LE.new_decoder_without_bom_handling()),
            Self::Utf16Be => Some(encoding_rs::UTF_16BE.new_decoder_without_bom_handling()),
        }
    }

    /// The text of a row as [`super::RowReader`] gives its bytes; none where the bytes are not in that encoding.
    pub fn text(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Gb18030 if !bytes.is_ascii() => {
                GB18030.decode_without_bom_handling_and_without_replacement(bytes)
            }
            Self::Big5 if !bytes.is_ascii() => {
                BIG5.decode_without_bom_handling_and_without_replacement(bytes)
            }
            _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        }
    }
}
