//! Where in a JSON text a reader stopped, as a path of field names. Runs only after a body was refused.

/// The path (`holder.code`, `parties[1].role`) of the value or name that ends at or around line and column, both
/// from 1 as `serde_json` counts them; empty for the whole body.
///
/// A name that is not plain (letters, digits, `_`, `-`, at most 40, not five digits in a row) is shown as
/// `?`: a caller may have put a holder's number there (I3).
pub(super) fn path_at(text: &str, line: usize, column: usize) -> String {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = line_start.saturating_add(column).min(text.len());
    let mut walk = Walk::default();
    walk.run(text.as_bytes().get(..end).unwrap_or_default());
    walk.path()
}

enum Level {
    /// In an object; the name read last.
    Object(Option<String>),
    /// In an array, at that index.
    Array(usize),
}

#[derive(Default)]
struct Walk {
    levels: Vec<Level>,
    /// Whether a string that comes now is a name.
    name_next: bool,
}

impl Walk {
    fn run(&mut self, bytes: &[u8]) {
        let mut rest = bytes.iter().copied();
        while let Some(byte) = rest.next() {
            match byte {
                b'{' => {
                    self.levels.push(Level::Object(None));
                    self.name_next = true;
                }
                b'[' => {
                    self.levels.push(Level::Array(0));
                    self.name_next = false;
                }
                // The last byte is where the reader stopped: a missing field is told at the closing brace,
                // and belongs to the object that closes.
                b'}' | b']' if rest.len() > 0 => {
                    self.levels.pop();
                    self.name_next = false;
                }
                b'}' => {
                    if let Some(Level::Object(name)) = self.levels.last_mut() {
                        *name = None;
                    }
                }
                b',' => match self.levels.last_mut() {
                    Some(Level::Array(index)) => *index += 1,
                    Some(Level::Object(_)) => self.name_next = true,
                    None => {}
                },
                b'"' => self.string(&mut rest),
                _ => {}
            }
        }
    }

    fn string(&mut self, rest: &mut impl Iterator<Item = u8>) {
        let mut text = Vec::new();
        while let Some(byte) = rest.next() {
            match byte {
                b'"' => break,
                b'\\' => {
                    text.push(b'\\');
                    rest.next();
                }
                other => text.push(other),
            }
        }
        if std::mem::take(&mut self.name_next)
            && let Some(Level::Object(name)) = self.levels.last_mut()
        {
            *name = Some(plain(&text));
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for level in &self.levels {
            match level {
                Level::Object(Some(name)) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Level::Object(None) => {}
                Level::Array(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }
}

/// The name as it may be shown.
pub(super) fn plain(name: &[u8]) -> String {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let digits = name.windows(5).any(|window| window.iter().all(u8::is_ascii_digit));
    match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() && name.len() <= 40 && name.bytes().all(|b| known(&b)) && !digits => {
            name.to_owned()
        }
        _ => "?".to_owned(),
    }
}
