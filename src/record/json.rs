//! JSON straight into a buffer: the fast paths write large answers this way.
//!
//! An answer is a struct that derives `Serialize`, so that its members stand in one place. [`write()`] turns
//! it into bytes without a tree. Texts are escaped as canonical JSON escapes them; members keep the order of
//! the struct. Bytes are written as base64url without padding: the writer is not `is_human_readable`, so a
//! type knows that it may hand over bytes instead of text. [`verbatim`] and [`compact`] are two forms that
//! JSON has no word for.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{self, Serialize, Serializer};

use super::canonical::{append_base64url, write_integer, write_text};

/// Names of tuple structs that the writer writes in a form of their own.
const VERBATIM: &str = "bytes that are JSON";
const COMPACT: &str = "parts of a compact JWS";

/// A value has no form here: a fraction, a name that is not a text, an enum with content.
#[derive(Debug, thiserror::Error)]
#[error("not written as JSON: {0}")]
pub struct NotJson(String);

impl ser::Error for NotJson {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

/// Appends a value.
pub fn write<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), NotJson> {
    value.serialize(Writer { out, bytes: Form::Quoted })
}

/// Appends an object of at least one member, without its end: [`write_more`] goes on with it.
pub fn write_open<T: Serialize + ?Sized>(object: &T, out: &mut Vec<u8>) -> Result<(), NotJson> {
    write(object, out)?;
    out.pop_if(|last| *last == b'}').map(drop).ok_or_else(|| ser::Error::custom("not an object"))
}

/// Appends the members of an object after those of [`write_open`], and the end.
pub fn write_more<T: Serialize + ?Sized>(object: &T, out: &mut Vec<u8>) -> Result<(), NotJson> {
    let start = out.len();
    write(object, out)?;
    match out.get_mut(start) {
        Some(open) if *open == b'{' => *open = b',',
        _ => return Err(ser::Error::custom("not an object")),
    }
    Ok(())
}

/// Serialises bytes as base64url.
pub fn base64url<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    use base64::Engine as _;
    match to.is_human_readable() {
        true => to.serialize_str(&base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)),
        false => to.serialize_bytes(bytes),
    }
}

/// Serialises bytes that are JSON already, as they are; in another writer, as their value.
pub fn verbatim<S: Serializer>(json: &[u8], to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() {
        let value: serde_json::Value = serde_json::from_slice(json).map_err(ser::Error::custom)?;
        return value.serialize(to);
    }
    parts(VERBATIM, [json], to)
}

/// Serialises the three parts of a compact JWS as one text; `text` makes it in another writer.
pub fn compact<S: Serializer>(
    jws: [&[u8]; 3],
    text: impl FnOnce() -> String,
    to: S,
) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() { to.serialize_str(&text()) } else { parts(COMPACT, jws, to) }
}

fn parts<const N: usize, S: Serializer>(
    name: &'static str,
    parts: [&[u8]; N],
    to: S,
) -> Result<S::Ok, S::Error> {
    use ser::SerializeTupleStruct as _;
    let mut tuple = to.serialize_tuple_struct(name, N)?;
    for part in parts {
        tuple.serialize_field(&Bytes(part))?;
    }
    tuple.end()
}

/// JSON that goes out as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored<'a>(pub Cow<'a, [u8]>);

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        verbatim(&self.0, to)
    }
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

/// The form of written bytes.
#[derive(Clone, Copy)]
enum Form {
    /// base64url in quotes.
    Quoted,
    /// base64url inside a text.
    Bare,
    /// As they are.
    Verbatim,
}

struct Writer<'out> {
    out: &'out mut Vec<u8>,
    bytes: Form,
}

/// A list or an object that is being written.
struct Open<'out> {
    out: &'out mut Vec<u8>,
    /// Between two items.
    between: Option<u8>,
    end: Option<u8>,
    bytes: Form,
    empty: bool,
}

impl<'out> Open<'out> {
    fn list(out: &'out mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, between: Some(b','), end: Some(b']'), bytes: Form::Quoted, empty: true }
    }

    fn object(out: &'out mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, between: Some(b','), end: Some(b'}'), bytes: Form::Quoted, empty: true }
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.out.extend(self.between);
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotJson> {
        self.next();
        value.serialize(Writer { out: self.out, bytes: self.bytes })
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), NotJson> {
        self.next();
        // A name in the program: it needs no escapes.
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Writer { out: self.out, bytes: Form::Quoted })
    }

    fn close(self) -> Result<(), NotJson> {
        self.out.extend(self.end);
        Ok(())
    }
}

impl<'out> Serializer for Writer<'out> {
    type Ok = ();
    type Error = NotJson;
    type SerializeSeq = Open<'out>;
    type SerializeTuple = Open<'out>;
    type SerializeTupleStruct = Open<'out>;
    type SerializeTupleVariant = ser::Impossible<(), NotJson>;
    type SerializeMap = Open<'out>;
    type SerializeStruct = Open<'out>;
    type SerializeStructVariant = ser::Impossible<(), NotJson>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<(), NotJson> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), NotJson> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), NotJson> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), NotJson> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), NotJson> {
        if value < 0 {
            self.out.push(b'-');
        }
        write_integer(value.unsigned_abs(), self.out);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), NotJson> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), NotJson> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), NotJson> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), NotJson> {
        write_integer(value, self.out);
        Ok(())
    }

    fn serialize_f32(self, _value: f32) -> Result<(), NotJson> {
        Err(ser::Error::custom("a fraction"))
    }

    fn serialize_f64(self, _value: f64) -> Result<(), NotJson> {
        Err(ser::Error::custom("a fraction"))
    }

    fn serialize_char(self, value: char) -> Result<(), NotJson> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), NotJson> {
        write_text(value, self.out);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), NotJson> {
        match self.bytes {
            Form::Quoted => super::canonical::write_base64url(value, self.out),
            Form::Bare => append_base64url(value, self.out),
            Form::Verbatim => self.out.extend_from_slice(value),
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<(), NotJson> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotJson> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), NotJson> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), NotJson> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), NotJson> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), NotJson> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), NotJson> {
        Err(ser::Error::custom("an enum with content"))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Open<'out>, NotJson> {
        Ok(Open::list(self.out))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Open<'out>, NotJson> {
        Ok(Open::list(self.out))
    }

    fn serialize_tuple_struct(self, name: &'static str, _len: usize) -> Result<Open<'out>, NotJson> {
        Ok(match name {
            VERBATIM => Open { out: self.out, between: None, end: None, bytes: Form::Verbatim, empty: true },
            COMPACT => {
                self.out.push(b'"');
                Open { out: self.out, between: Some(b'.'), end: Some(b'"'), bytes: Form::Bare, empty: true }
            }
            _ => Open::list(self.out),
        })
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant, NotJson> {
        Err(ser::Error::custom("an enum with content"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Open<'out>, NotJson> {
        Ok(Open::object(self.out))
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Open<'out>, NotJson> {
        Ok(Open::object(self.out))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant, NotJson> {
        Err(ser::Error::custom("an enum with content"))
    }
}

impl ser::SerializeSeq for Open<'_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotJson> {
        self.item(value)
    }

    fn end(self) -> Result<(), NotJson> {
        self.close()
    }
}

impl ser::SerializeTuple for Open<'_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotJson> {
        self.item(value)
    }

    fn end(self) -> Result<(), NotJson> {
        self.close()
    }
}

impl ser::SerializeTupleStruct for Open<'_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotJson> {
        self.item(value)
    }

    fn end(self) -> Result<(), NotJson> {
        self.close()
    }
}

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), NotJson> {
        self.next();
        let start = self.out.len();
        name.serialize(Writer { out: self.out, bytes: Form::Quoted })?;
        match self.out.get(start) {
            Some(b'"') => Ok(()),
            _ => Err(ser::Error::custom("a name that is no text")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotJson> {
        self.out.push(b':');
        value.serialize(Writer { out: self.out, bytes: Form::Quoted })
    }

    fn end(self) -> Result<(), NotJson> {
        self.close()
    }
}

impl ser::SerializeStruct for Open<'_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), NotJson> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), NotJson> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::record::Digest;

    fn text<T: Serialize + ?Sized>(value: &T) -> String {
        let mut out = Vec::new();
        write(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn stored(json: &str) -> Stored<'_> {
        Stored(json.as_bytes().into())
    }

    struct Jws([&'static [u8]; 3]);

    impl Serialize for Jws {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            compact(self.0, || "e30.YQ.Yg".into(), to)
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\x00-\\x20\"\\\\\\x7f]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_written_as_serde_json_writes_it(value in values()) {
            prop_assert_eq!(text(&value), value.to_string());
        }
    }

    #[test]
    fn bytes_stand_as_base64url_and_json_as_it_is() {
        let digest = Digest([7; 32]);
        assert_eq!(text(&digest), format!("\"{digest}\""));
        assert_eq!(text(&[stored("{\"b\":1,\"a\":2}")]), "[{\"b\":1,\"a\":2}]");
        assert_eq!(text(&(Jws([b"{}", b"a", b"b"]), 1)), "[\"e30.YQ.Yg\",1]");
        // In another writer they are the same text and the same value.
        let elsewhere =
            serde_json::to_value((digest, stored("{\"a\":2}"), Jws([b"{}", b"a", b"b"]))).unwrap();
        assert_eq!(elsewhere, json!([digest.text(), {"a": 2}, "e30.YQ.Yg"]));
    }

    #[test]
    fn an_object_is_written_in_two_parts() {
        let mut out = b"x".to_vec();
        write_open(&json!({"a": 1}), &mut out).unwrap();
        assert_eq!(out, b"x{\"a\":1");
        write_more(&json!({"b": [{}]}), &mut out).unwrap();
        assert_eq!(out, b"x{\"a\":1,\"b\":[{}]}");
        assert!(write_open(&json!([1]), &mut out).is_err());
        assert!(write_more(&json!("b"), &mut out).is_err());
    }

    #[test]
    fn what_has_no_form_is_refused() {
        #[derive(serde::Serialize)]
        enum Content {
            One(u8),
        }
        let mut out = Vec::new();
        assert!(write(&0.5, &mut out).is_err());
        assert!(write(&Content::One(1), &mut out).is_err());
        let by_list = std::collections::BTreeMap::from([(vec![1], 2)]);
        assert!(write(&by_list, &mut out).is_err());
    }
}
