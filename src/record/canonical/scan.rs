//! Whether bytes are canonical JSON, in one pass and without building a value. Every payload is checked this
//! way before it is signed.

/// Largest magnitude of an integer that every JSON reader keeps: 2^53 − 1 (RFC 7493 §2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// No nesting beyond this; the reader of values refuses more.
const DEPTH: u32 = 127;

/// True only for canonical bytes. False proves nothing yet: [`super::parse_canonical`] handles names that
/// need UTF-16 to be ordered, and names the broken rule.
pub(super) fn holds(bytes: &[u8]) -> bool {
    if std::str::from_utf8(bytes).is_err() {
        return false;
    }
    let mut scan = Scan { rest: bytes };
    scan.value(0).is_some() && scan.rest.is_empty()
}

struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn text(&mut self, wanted: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        match self.rest.first()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b'n' => self.text(b"null"),
            b't' => self.text(b"true"),
            b'f' => self.text(b"false"),
            _ => self.integer(),
        }
    }

    fn integer(&mut self) -> Option<()> {
        let negative = self.text(b"-").is_some();
        let len = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        if len == 0 || len > 16 || digits.first() == Some(&b'0') && (len > 1 || negative) {
            return None;
        }
        let magnitude = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        (magnitude <= MAX_INTEGER).then_some(())
    }

    /// The text between the quotes, with escapes as they are written.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.text(b"\"")?;
        let start = self.rest;
        loop {
            let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
            let at = self.rest.iter().position(special)?;
            self.rest = self.rest.get(at..)?;
            match self.next()? {
                b'"' => return start.get(..start.len() - self.rest.len() - 1),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                self.text(b"00")?;
                match (self.next()?, self.next()?) {
                    // Characters with a short form are never written so.
                    (b'0', b'8' | b'9' | b'a' | b'c' | b'd') => None,
                    (b'0' | b'1', b'0'..=b'9' | b'a'..=b'f') => Some(()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        self.text(b"[")?;
        if depth > DEPTH {
            return None;
        }
        if self.text(b"]").is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        self.text(b"{")?;
        if depth > DEPTH {
            return None;
        }
        if self.text(b"}").is_some() {
            return Some(());
        }
        let mut last: Option<&[u8]> = None;
        loop {
            let name = self.string()?;
            // Below U+E000 the order of UTF-8 is that of UTF-16; an escape is ordered by its meaning.
            let plain = name.iter().all(|byte| *byte < 0xEE && *byte != b'\\');
            if !plain || last.is_some_and(|last| last >= name) {
                return None;
            }
            last = Some(name);
            self.text(b":")?;
            self.value(depth)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }
}
