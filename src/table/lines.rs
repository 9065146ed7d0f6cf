//! The bytes of a file as physical lines, hashed on the way; UTF-16 as UTF-8.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::encoding::Encoding;
use super::survey::unreadable;
use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::rule::Rule;

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// One physical line: `start..end` without its line break, the next begins at `next`.
#[derive(Debug, Clone, Copy)]
pub(super) struct PhysicalLine {
    pub start: usize,
    pub end: usize,
    pub next: usize,
}

/// A file with a window of its text in memory.
pub(super) struct Lines {
    file: File,
    digest: ring::digest::Context,
    converter: Option<encoding_rs::Decoder>,
    /// Bytes of the file that were read.
    read: u64,
    text: Vec<u8>,
    ended: bool,
}

impl Lines {
    /// Opens the file and passes over a byte order mark.
    pub fn open(path: &Path, encoding: Encoding) -> Result<Self> {
        let mut lines = Self {
            file: File::open(path).map_err(unreadable)?,
            digest: ring::digest::Context::new(&ring::digest::SHA256),
            converter: encoding.converter(),
            read: 0,
            text: Vec::with_capacity(2 * CHUNK),
            ended: false,
        };
        lines.fill(encoding.mark())?;
        Ok(lines)
    }

    /// Text that stands in memory from `start` on, up to `end`.
    pub fn text(&self, start: usize, end: usize) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// How far the file was read.
    pub fn position(&self) -> u64 {
        self.read
    }

    /// Lets go of what stands before `start`; it becomes 0.
    pub fn forget(&mut self, start: usize) {
        self.text.drain(..start);
    }

    /// The line that begins at `start`, in any of the three line ends; none at the end of the file. A line that is
    /// longer than `most` is given so far, without a line break.
    pub fn line(&mut self, start: usize, most: usize) -> Result<Option<PhysicalLine>> {
        let mut looked = start;
        loop {
            let rest = self.text.get(looked..).unwrap_or_default();
            if let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
                let end = looked + at;
                let cr = self.text.get(end) == Some(&b'\r');
                while cr && end + 1 == self.text.len() && !self.ended {
                    self.fill(b"")?;
                }
                let two = cr && self.text.get(end + 1) == Some(&b'\n');
                return Ok(Some(PhysicalLine { start, end, next: end + 1 + usize::from(two) }));
            }
            looked = self.text.len();
            if looked - start > most || self.ended && looked > start {
                return Ok(Some(PhysicalLine { start, end: looked, next: looked }));
            }
            if self.ended {
                return Ok(None);
            }
            self.fill(b"")?;
        }
    }

    /// Whether nothing comes behind `at`.
    pub fn is_end(&self, at: usize) -> bool {
        self.ended && at >= self.text.len()
    }

    /// SHA-256 of all that was read.
    pub fn digest(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.digest.finish().as_ref());
        Digest(bytes)
    }

    /// Reads on; passes over `mark` where the text begins with it.
    fn fill(&mut self, mark: &[u8]) -> Result<()> {
        let from = self.text.len();
        let Some(converter) = &mut self.converter else {
            let read = (&mut self.file).take(CHUNK as u64).read_to_end(&mut self.text).map_err(unreadable)?;
            self.digest.update(self.text.get(from..).unwrap_or_default());
            self.read += read as u64;
            self.ended = read == 0;
            if !mark.is_empty() && self.text.starts_with(mark) {
                self.text.drain(..mark.len());
            }
            return Ok(());
        };
        let mut raw = Vec::with_capacity(CHUNK);
        let read = (&mut self.file).take(CHUNK as u64).read_to_end(&mut raw).map_err(unreadable)?;
        self.digest.update(&raw);
        self.read += read as u64;
        self.ended = read == 0;
        let raw = if raw.starts_with(mark) { raw.get(mark.len()..).unwrap_or_default() } else { &raw };
        let room =
            converter.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(raw.len() * 3 + 16);
        self.text.resize(from + room, 0);
        let space = self.text.get_mut(from..).unwrap_or_default();
        let (result, _, made) = converter.decode_to_utf8_without_replacement(raw, space, read == 0);
        self.text.truncate(from + made);
        match result {
            encoding_rs::DecoderResult::InputEmpty => Ok(()),
            _ => Err(changed()),
        }
    }
}

/// The first look found the file to be whole in its encoding.
pub(super) fn changed() -> Error {
    Error::new(Code::ConfigInvalid, "the file changed while it was read").at("file").rule(Rule::FileChanged)
}
