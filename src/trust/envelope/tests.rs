//! Signed bytes read back byte for byte; every departure from the page is refused by its own name.

use proptest::prelude::*;

use super::*;
use crate::record::canonical::CanonicalFault;

const PAYLOAD: &[u8] = br#"{"a":1}"#;

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32]).unwrap()
}

fn b64u(bytes: impl AsRef<[u8]>) -> String {
    let mut out = Vec::new();
    append_base64url(bytes.as_ref(), &mut out);
    String::from_utf8(out).unwrap()
}

/// A compact form around any header and payload, signed rightly.
fn compact(header: &str, payload: &[u8]) -> String {
    let input = signing_input(header.as_bytes(), payload);
    let signature = key().sign(&input);
    format!("{}.{}", String::from_utf8(input).unwrap(), b64u(signature))
}

fn header() -> String {
    format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"elicense-record+jws"}}"#, key().kid())
}

fn refused(text: &str) -> EnvelopeFault {
    EnvelopeBuf::parse_compact(text, Limits::default()).unwrap_err()
}

fn verify(envelope: &EnvelopeBuf) -> Result<(), EnvelopeFault> {
    envelope.view().verify(Typ::Record, |_| Some(key().verify_key())).map(|_| ())
}

#[test]
fn i6_signed_stored_and_served_are_the_same_bytes() {
    let envelope = EnvelopeBuf::sign(Typ::Record, PAYLOAD, &key()).unwrap();
    assert_eq!(envelope.compact(), compact(&header(), PAYLOAD));
    assert_eq!(envelope.compact().len(), envelope.view().compact_len());
    let read = EnvelopeBuf::parse_compact(&envelope.compact(), Limits::default()).unwrap();
    assert_eq!(read, envelope);
    assert_eq!(EnvelopeBuf::from_stored(envelope.stored().to_vec()).unwrap(), envelope);
    let verified = read.view();
    let verified =
        verified.verify(Typ::Record, |kid| (*kid == key().kid()).then(|| key().verify_key())).unwrap();
    assert_eq!((verified.payload, verified.kid), (PAYLOAD, key().kid()));
    assert_eq!(verified.digest, Digest::of(&[header().as_bytes(), PAYLOAD]));
}

#[test]
fn what_is_not_canonical_is_never_signed() {
    for (payload, fault) in [
        (&br#"{"size":9007199254740992}"#[..], CanonicalFault::IntegerTooLarge),
        (br#"{"b":1,"a":1}"#, CanonicalFault::NotCanonical),
        (b"hello", CanonicalFault::NotJson),
    ] {
        let refused = EnvelopeBuf::sign(Typ::Record, payload, &key()).unwrap_err();
        assert_eq!(refused, EnvelopeFault::Payload(fault));
    }
}

#[test]
fn both_names_of_the_algorithm_are_read() {
    let text = compact(&header().replace("EdDSA", "Ed25519"), PAYLOAD);
    let envelope = EnvelopeBuf::parse_compact(&text, Limits::default()).unwrap();
    assert_eq!(verify(&envelope), Ok(()));
    assert_eq!(envelope.compact(), text);
}

#[test]
fn every_departure_in_the_header_is_refused_by_name() {
    let kid = key().kid().text();
    for (header, fault) in [
        (header().replace("EdDSA", "none"), EnvelopeFault::Algorithm),
        (header().replace("EdDSA", "HS256"), EnvelopeFault::Algorithm),
        (header().replace("EdDSA", "eddsa"), EnvelopeFault::Algorithm),
        (header().replace("record+jws", "other+jws"), EnvelopeFault::TypUnknown),
        (header().replace("elicense-record+jws", "JWT"), EnvelopeFault::TypUnknown),
        (header().replace(&kid, &kid[1..]), EnvelopeFault::KidForm),
        (header().replace(&kid, "../key"), EnvelopeFault::KidForm),
        (header().replace(r#","kid""#, r#","crit":["b64"],"kid""#), EnvelopeFault::Crit),
        (header().replace(r#","kid""#, r#","b64":false,"kid""#), EnvelopeFault::HeaderMembers),
        (header().replace(r#","kid""#, r#","jwk":{},"kid""#), EnvelopeFault::HeaderMembers),
        (header().replace(r#""alg":"EdDSA","#, ""), EnvelopeFault::HeaderMembers),
        (header().replace(r#""EdDSA""#, "1"), EnvelopeFault::HeaderMembers),
        (header().replace(":", ": "), EnvelopeFault::Header(CanonicalFault::NotCanonical)),
        (
            header().replace(r#"{"alg""#, r#"{"alg":"none","alg""#),
            EnvelopeFault::Header(CanonicalFault::DuplicateName),
        ),
        ("[]".to_owned(), EnvelopeFault::HeaderMembers),
        (header().replace("}", &format!(r#","x":"{}"}}"#, "x".repeat(200))), EnvelopeFault::HeaderTooLong),
    ] {
        assert_eq!(refused(&compact(&header, PAYLOAD)), fault, "{header}");
    }
}

#[test]
fn every_departure_in_the_compact_form_is_refused_by_name() {
    let good = compact(&header(), PAYLOAD);
    let parts: Vec<&str> = good.split('.').collect();
    let join = |header: &str, payload: &str, signature: &str| format!("{header}.{payload}.{signature}");
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    // `{"a":1}` has 7 bytes: the last of its 10 characters carries four unused bits.
    let tail = format!("{}{}", &payload[..9], char::from(payload.as_bytes()[9] + 1));
    for (text, fault) in [
        (join(header, payload, ""), EnvelopeFault::SignatureLength),
        (format!("{header}.{payload}"), EnvelopeFault::CompactParts),
        (format!("{good}."), EnvelopeFault::CompactParts),
        (String::new(), EnvelopeFault::CompactParts),
        (join(header, &format!("{payload}=="), signature), EnvelopeFault::Base64(EnvelopePart::Payload)),
        (join(header, &tail, signature), EnvelopeFault::Base64(EnvelopePart::Payload)),
        (join(header, &format!(" {payload}"), signature), EnvelopeFault::Base64(EnvelopePart::Payload)),
        (
            join(&header.replace('-', "+"), payload, &format!("{signature}\n")),
            EnvelopeFault::Base64(EnvelopePart::Signature),
        ),
        (join(&format!("{header}="), payload, signature), EnvelopeFault::Base64(EnvelopePart::Header)),
        (join(header, payload, &signature[4..]), EnvelopeFault::SignatureLength),
        (join(header, payload, &format!("{signature}AAAA")), EnvelopeFault::SignatureLength),
    ] {
        assert_eq!(refused(&text), fault, "{text}");
    }
    for (payload, fault) in [
        (&b"{\"b\":1,\"a\":1}"[..], CanonicalFault::NotCanonical),
        (b"{\"a\":1,\"a\":1}", CanonicalFault::DuplicateName),
        (b"{\"a\":1.5}", CanonicalFault::NotAnInteger),
        (b"\xff", CanonicalFault::NotUtf8),
        (b"", CanonicalFault::NotJson),
    ] {
        assert_eq!(refused(&compact(&self::header(), payload)), EnvelopeFault::Payload(fault));
    }
    let limits = Limits { payload: 6 };
    assert_eq!(EnvelopeBuf::parse_compact(&good, limits).unwrap_err(), EnvelopeFault::PayloadTooLong);
}

#[test]
fn a_thing_of_another_kind_or_key_does_not_verify() {
    let envelope = EnvelopeBuf::sign(Typ::Event, PAYLOAD, &key()).unwrap();
    let fault = verify(&envelope).unwrap_err();
    assert_eq!(fault, EnvelopeFault::Kind { asked: Typ::Record, found: Typ::Event });
    let view = envelope.view();
    let other = SigningKey::from_seed(&[2; 32]).unwrap().verify_key();
    assert_eq!(view.verify(Typ::Event, |_| None).unwrap_err(), EnvelopeFault::KeyUnknown);
    assert_eq!(view.verify(Typ::Event, |_| Some(other)).unwrap_err(), EnvelopeFault::KeyUnknown);
}

#[test]
fn every_changed_byte_of_a_stored_envelope_is_found() {
    let envelope = EnvelopeBuf::sign(Typ::Record, PAYLOAD, &key()).unwrap();
    assert_eq!(verify(&envelope), Ok(()));
    for at in 0..envelope.stored().len() {
        let mut stored = envelope.stored().to_vec();
        stored[at] ^= 1;
        let found = EnvelopeBuf::from_stored(stored).and_then(|changed| verify(&changed));
        assert!(found.is_err(), "byte {at}");
    }
    for len in 0..envelope.stored().len() {
        assert_eq!(
            Envelope::parse_stored(&envelope.stored()[..len]).unwrap_err(),
            EnvelopeFault::StoredLength
        );
    }
}

#[test]
fn i3_an_envelope_never_shows_its_payload() {
    let envelope = EnvelopeBuf::sign(Typ::Record, br#"{"code":"190101199003070014"}"#, &key()).unwrap();
    let verified = envelope.view().verify(Typ::Record, |_| Some(key().verify_key())).unwrap();
    assert!(!format!("{envelope:?} {:?} {verified:?}", envelope.view()).contains("1990"));
}

proptest! {
    #[test]
    fn i6_any_canonical_payload_makes_the_round_trip(text in any::<String>(), number in 0u64..1 << 53) {
        let payload = canonical::to_vec(&serde_json::json!({"t": text, "n": number})).unwrap();
        let envelope = EnvelopeBuf::sign(Typ::Coverage, &payload, &key()).unwrap();
        let read = EnvelopeBuf::parse_compact(&envelope.compact(), Limits::default()).unwrap();
        prop_assert_eq!(read.view().payload(), &payload[..]);
        prop_assert_eq!(read, envelope);
    }

    #[test]
    fn any_text_or_bytes_are_read_or_refused(text in "[A-Za-z0-9_.-]{0,80}", bytes: Vec<u8>) {
        let _ = EnvelopeBuf::parse_compact(&text, Limits::default());
        if let Ok(envelope) = EnvelopeBuf::from_stored(bytes.clone()) {
            prop_assert_eq!(envelope.stored(), &bytes[..]);
            prop_assert_eq!(envelope.view(), Envelope::parse_stored(&bytes).unwrap());
        }
    }
}
