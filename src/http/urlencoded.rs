//! `application/x-www-form-urlencoded` as the URL standard has it, read strictly. A `%` without two digits is
//! refused, and so are bytes that are not UTF-8; common parsers put a replacement there (I12).

/// Name and value of each pair, in order; `None` where one cannot be read.
pub fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    Some((decode(name)?, decode(value)?))
}

/// One name or value: `+` is a space, `%XX` a byte.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn i12_what_cannot_be_read_is_refused() {
        let read = pairs("a=1&b=%E5%91%A8+x&&c&d=").unwrap();
        let expected = [("a", "1"), ("b", "周 x"), ("c", ""), ("d", "")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for text in ["a=%", "a=%4", "a=%4g", "a=%ff", "%c3=1", "a=%+1"] {
            assert_eq!(pairs(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read(value in "\\PC{0,40}") {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(decode(&encoded), Some(value));
        }
    }
}
