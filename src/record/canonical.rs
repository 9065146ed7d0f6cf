//! Canonical JSON: RFC 8785 (JCS) narrowed to integers within 2^53 − 1 (schema/bytes.md §1).
//!
//! [`to_vec`] and [`write()`] serialise a [`Value`]. [`Members`] writes an object straight into bytes on the
//! fast paths. [`parse_canonical`] reads bytes that others signed, and refuses any other than its own form.
//! Strings are kept as given: no Unicode normalisation (I12).

mod scan;

pub use scan::MAX_INTEGER;

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::clock::Moment;
use crate::rule::Rule;

/// Why bytes are not canonical JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalFault {
    /// Not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Not one JSON value: syntax, a lone surrogate, nesting beyond 127, something behind the value.
    #[error("the text is not one JSON value")]
    NotJson,
    /// One object has a name twice.
    #[error("an object has the same name twice")]
    DuplicateName,
    /// A fraction, an exponent or -0; amounts are strings.
    #[error("a number is not a plain integer")]
    NotAnInteger,
    /// An integer beyond 2^53 − 1.
    #[error("an integer is beyond 2^53 - 1")]
    IntegerTooLarge,
    /// JSON, but not in its canonical form.
    #[error("the text is not its own canonical form")]
    NotCanonical,
}

impl CanonicalFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::NotUtf8 => Rule::JsonUtf8,
            Self::NotJson => Rule::JsonSyntax,
            Self::DuplicateName => Rule::JsonDuplicateName,
            Self::NotAnInteger => Rule::JsonInteger,
            Self::IntegerTooLarge => Rule::JsonIntegerRange,
            Self::NotCanonical => Rule::JsonCanonical,
        }
    }
}

/// The canonical form of a value; fails only on numbers that have none here.
pub fn to_vec(value: &Value) -> Result<Vec<u8>, CanonicalFault> {
    let mut out = Vec::with_capacity(256);
    write(value, &mut out)?;
    Ok(out)
}

/// The canonical form of anything that serialises.
///
/// # Errors
/// [`CanonicalFault::NotJson`] for what is no JSON value; else as [`to_vec`].
pub fn of(value: &impl serde::Serialize) -> Result<Vec<u8>, CanonicalFault> {
    to_vec(&serde_json::to_value(value).map_err(|_fault| CanonicalFault::NotJson)?)
}

/// Appends the canonical form of a value; on a fault `out` may hold a part of it.
pub fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalFault> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::String(text) => write_text(text, out),
        Value::Number(number) => {
            let magnitude = match (number.as_u64(), number.as_i64()) {
                (Some(positive), _) => positive,
                (None, Some(negative)) => negative.unsigned_abs(),
                (None, None) => return Err(CanonicalFault::NotAnInteger),
            };
            if magnitude > MAX_INTEGER {
                return Err(CanonicalFault::IntegerTooLarge);
            }
            if number.as_u64().is_none() {
                out.push(b'-');
            }
            write_integer(magnitude, out);
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(members, out)?,
    }
    Ok(())
}

/// Appends the canonical form of an object; on a fault `out` may hold a part of it.
pub fn write_object(members: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), CanonicalFault> {
    let start = out.len();
    let (mut first, mut last) = (true, "");
    // UTF-8 order is UTF-16 order unless a name has a character from U+E000 up (lead byte 0xEE and above):
    // there the surrogate pairs of the planes above sort before it.
    let plain = |last: &str, name: &str| last <= name && name.bytes().all(|byte| byte < 0xEE);
    for (name, value) in members {
        if !plain(last, name) {
            out.truncate(start);
            return write_sorted(members, out);
        }
        out.push(if std::mem::take(&mut first) { b'{' } else { b',' });
        write_text(name, out);
        out.push(b':');
        write(value, out)?;
        last = name;
    }
    if first {
        out.push(b'{');
    }
    out.push(b'}');
    Ok(())
}

/// The same where the names must be brought into the order of their UTF-16 units first.
fn write_sorted(members: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), CanonicalFault> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    for (place, (name, value)) in sorted.into_iter().enumerate() {
        out.push(if place == 0 { b'{' } else { b',' });
        write_text(name, out);
        out.push(b':');
        write(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// Appends a string with its quotes, escaped as RFC 8785 §3.2.2.2 does.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, tail)) = tail.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            control => {
                let low = HEX.get(usize::from(control & 15)).copied().unwrap_or(b'0');
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (control >> 4), low]);
            }
        }
        rest = tail;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Appends an instant as a string.
pub fn write_moment(moment: Moment, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(&moment.text());
    out.push(b'"');
}

/// Appends a decimal integer.
pub fn write_integer(mut magnitude: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(magnitude % 10).unwrap_or(0));
        magnitude /= 10;
        if magnitude == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Writes one object member by member, for structs whose member order is fixed at compile time.
///
/// The caller gives the names in ascending order; a debug build checks it.
pub struct Members<'out> {
    out: &'out mut Vec<u8>,
    last: &'static str,
}

impl<'out> Members<'out> {
    /// Opens the object.
    pub fn open(out: &'out mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, last: "" }
    }

    /// Writes a name; the caller appends exactly one value to the bytes.
    pub fn name(&mut self, name: &'static str) -> &mut Vec<u8> {
        debug_assert!(self.last < name, "{name} is out of order");
        if !self.last.is_empty() {
            self.out.push(b',');
        }
        self.last = name;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A string member.
    pub fn text(&mut self, name: &'static str, value: &str) {
        write_text(value, self.name(name));
    }

    /// A string member that may be absent (absent, never null).
    pub fn text_if(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// An integer member.
    pub fn integer(&mut self, name: &'static str, value: u64) {
        write_integer(value, self.name(name));
    }

    /// An integer member that may be absent.
    pub fn integer_if(&mut self, name: &'static str, value: Option<u32>) {
        if let Some(value) = value {
            self.integer(name, value.into());
        }
    }

    /// A member of `N` bytes as base64url of `chars` characters.
    pub fn base64url(&mut self, name: &'static str, bytes: &[u8]) {
        write_base64url(bytes, self.name(name));
    }

    /// Bytes written so far, those before the object included.
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push(b'}');
    }
}

/// Appends bytes as a quoted base64url string without padding.
pub fn write_base64url(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    append_base64url(bytes, out);
    out.push(b'"');
}

/// Appends bytes in base64url without padding.
pub fn append_base64url(bytes: &[u8], out: &mut Vec<u8>) {
    use base64::Engine as _;
    let start = out.len();
    out.resize(start + (bytes.len() * 4).div_ceil(3), 0);
    if let Some(room) = out.get_mut(start..) {
        // The room is exact, so this cannot fail; if it ever fell short, the text would not be canonical and
        // every reader would refuse it.
        let _ = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode_slice(bytes, room);
    }
}

/// Refuses bytes that are not canonical JSON, with the rule. Cheap for those that are.
pub fn check(bytes: &[u8]) -> Result<(), CanonicalFault> {
    if scan::holds(bytes) { Ok(()) } else { parse_canonical(bytes).map(drop) }
}

/// Whether the bytes are canonical JSON.
pub fn is_canonical(bytes: &[u8]) -> bool {
    check(bytes).is_ok()
}

/// The value of canonical bytes; any other form is refused with the rule.
pub fn parse_canonical(bytes: &[u8]) -> Result<Value, CanonicalFault> {
    let text = std::str::from_utf8(bytes).ok().ok_or(CanonicalFault::NotUtf8)?;
    let found = Cell::new(None);
    let mut from = serde_json::Deserializer::from_str(text);
    let value = Strict(&found)
        .deserialize(&mut from)
        .and_then(|value| from.end().map(|()| value))
        .ok()
        .ok_or_else(|| found.get().unwrap_or(CanonicalFault::NotJson))?;
    if to_vec(&value)? == bytes { Ok(value) } else { Err(CanonicalFault::NotCanonical) }
}

/// Builds a value and notes the first rule that JSON allows and this page does not.
struct Strict<'a>(&'a Cell<Option<CanonicalFault>>);

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(&self, fault: CanonicalFault) -> E {
        self.0.set(Some(fault));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_INTEGER {
            return Err(self.refuse(CanonicalFault::IntegerTooLarge));
        }
        Ok(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_INTEGER {
            return Err(self.refuse(CanonicalFault::IntegerTooLarge));
        }
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // An integer too long for 64 bits arrives as a float; it is refused either way.
        let whole = value.fract() == 0.0 && value.abs() >= 9.0e15;
        Err(self.refuse(if whole { CanonicalFault::IntegerTooLarge } else { CanonicalFault::NotAnInteger }))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict(self.0))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict(self.0))?;
            if map.insert(name, value).is_some() {
                return Err(self.refuse(CanonicalFault::DuplicateName));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests;
