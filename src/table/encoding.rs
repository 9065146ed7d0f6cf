//! The first look at a file: its digest, and its encoding.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{DecoderResult, GB18030};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::rule::Rule;

/// How a file's text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// GB 18030 with its four-byte characters; characters of the private-use areas are kept.
    Gb18030,
}

/// The result of the first look.
#[derive(Debug, Clone, Copy)]
pub struct Survey {
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Of the whole file.
    pub encoding: Encoding,
}

const BUFFER: usize = 1 << 20;

pub(super) fn unreadable(error: std::io::Error) -> Error {
    Error::new(Code::ConfigInvalid, "the file cannot be read").rule(Rule::FileUnreadable).caused_by(error)
}

/// Reads the whole file once, and once more if it is not UTF-8.
///
/// A file that is not UTF-8 and not GB 18030 as a whole is refused with the first bad line. Reading a damaged
/// UTF-8 file line by line as GB 18030 would change names without anybody noticing (I12).
pub fn survey(path: &Path) -> Result<Survey> {
    let mut file = File::open(path).map_err(unreadable)?;
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut buffer, mut kept, mut bytes) = (vec![0; BUFFER], 0, 0_u64);
    let mut bad_line = None;
    let mut lines = 1_u64;
    loop {
        let read = file.read(buffer.get_mut(kept..).unwrap_or_default()).map_err(unreadable)?;
        let filled = buffer.get(..kept + read).unwrap_or_default();
        digest.update(filled.get(kept..).unwrap_or_default());
        bytes += read as u64;
        if bad_line.is_some() {
            if read == 0 {
                break;
            }
            continue;
        }
        let (valid, cut) = match std::str::from_utf8(filled) {
            Ok(_) => (filled.len(), false),
            Err(fault) => (fault.valid_up_to(), fault.error_len().is_some() || read == 0),
        };
        lines += newlines(filled.get(..valid).unwrap_or_default());
        if cut {
            bad_line = Some(lines);
            kept = 0;
            if read == 0 {
                break;
            }
            continue;
        }
        // At most three bytes of a character that the buffer's end cut through.
        let end = filled.len();
        buffer.copy_within(valid..end, 0);
        kept = end - valid;
        if read == 0 {
            break;
        }
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    let encoding = match bad_line {
        None => Encoding::Utf8,
        Some(line) => {
            file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
            check_gb18030(&mut BufReader::with_capacity(BUFFER, file), line)?;
            Encoding::Gb18030
        }
    };
    Ok(Survey { digest: Digest(sha256), bytes, encoding })
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

fn check_gb18030(reader: &mut impl Read, utf8_line: u64) -> Result<()> {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let (mut buffer, mut text) = (vec![0; BUFFER], vec![0; 64 << 10]);
    let mut lines = 1;
    loop {
        let read = reader.read(&mut buffer).map_err(unreadable)?;
        let mut rest = buffer.get(..read).unwrap_or_default();
        loop {
            let (result, taken, _) = decoder.decode_to_utf8_without_replacement(rest, &mut text, read == 0);
            lines += newlines(rest.get(..taken).unwrap_or_default());
            rest = rest.get(taken..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    let detail = format!(
                        "the file is not UTF-8 from line {utf8_line} on and not GB 18030 from line {lines} on"
                    );
                    return Err(Error::new(Code::ConfigInvalid, detail)
                        .at("file")
                        .rule(Rule::EncodingUnknown)
                        .with(serde_json::json!({"utf8_line": utf8_line, "gb18030_line": lines})));
                }
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// The text of whole rows; none if the bytes are not in that encoding.
pub fn decoded(bytes: &[u8], encoding: Encoding) -> Option<std::borrow::Cow<'_, str>> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(Into::into),
        Encoding::Gb18030 => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Result<Survey> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, bytes).unwrap();
        survey(&path)
    }

    #[test]
    fn i12_an_encoding_is_found_out_or_refused_and_never_guessed_by_line() {
        let text = "第一行\n{\"name\":\"周海燕𠮷\"}\n".repeat(40_000);
        let utf8 = of(text.as_bytes()).unwrap();
        assert_eq!((utf8.encoding, utf8.bytes), (Encoding::Utf8, text.len() as u64));
        assert_eq!(utf8.digest, Digest::of(&[text.as_bytes()]));
        let (gb, _, _) = GB18030.encode(&text);
        let gb_found = of(&gb).unwrap();
        assert_eq!(gb_found.encoding, Encoding::Gb18030);
        assert_eq!(gb_found.digest, Digest::of(&[&gb]));
        // One broken byte in a UTF-8 file: refused as a whole, with the line.
        let mut broken = text.clone().into_bytes();
        let at = broken.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).unwrap().0 + 1;
        broken[at] = 0xFF;
        let refused = of(&broken).unwrap_err();
        assert_eq!(refused.rule.map(Rule::wire), Some("encoding_unknown"));
        assert_eq!(refused.extra.unwrap()["utf8_line"], 4);
    }
}
