//! RFC 8032 and RFC 8037 vectors, each tampered; the known holes of loose verification; a second library.

use proptest::prelude::*;

use super::*;

const VECTORS: &str = include_str!("../../../fixtures/vectors/ed25519.txt");

/// Bytes of a hexadecimal text.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    unhex(text).try_into().unwrap()
}

fn lines(kind: &str) -> Vec<Vec<&'static str>> {
    let found = VECTORS.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(" |"));
    found.map(|line| line.split('|').map(str::trim).collect()).collect()
}

fn ring_accepts(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use ring::signature::{ED25519, UnparsedPublicKey};
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

#[test]
fn rfc_8032_vectors_hold_and_fail_when_tampered() {
    let vectors = lines("rfc8032");
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let [seed, public, message, signature] = vector[..] else { panic!("four fields") };
        let (message, signature) = (unhex(message), array::<64>(signature));
        let key = SigningKey::from_seed(&array(seed)).unwrap();
        assert_eq!(key.verify_key().bytes(), &array::<32>(public));
        assert_eq!(key.sign(&message), signature);
        assert_eq!(key.verify_key().verify(&message, &signature), Ok(()));
        for at in 0..SIGNATURE_LEN {
            let mut tampered = signature;
            tampered[at] ^= 1 << (at % 8);
            assert_eq!(key.verify_key().verify(&message, &tampered), Err(SignatureFault), "byte {at}");
        }
        let longer = [&message[..], b"\0"].concat();
        assert_eq!(key.verify_key().verify(&longer, &signature), Err(SignatureFault));
    }
}

#[test]
fn rfc_8037_thumbprint_and_signature_hold() {
    let [seed, kid, input, signature] = lines("rfc8037")[0][..] else { panic!("four fields") };
    let key = SigningKey::from_seed(&array(seed)).unwrap();
    assert_eq!(key.kid().text(), kid);
    assert_eq!(Kid::from_text(kid), Some(key.kid()));
    assert_eq!(Kid::from_text(&kid[1..]), None);
    assert_eq!(URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes())), signature);
}

#[test]
fn every_weak_or_second_encoding_of_a_key_is_refused() {
    for weak in lines("weak") {
        assert_eq!(VerifyKey::from_bytes(&array(weak[0])).unwrap_err(), KeyFault::Weak, "{}", weak[0]);
    }
    assert_eq!(lines("weak").len(), 8);
    for low in 0xedu8..=0xff {
        for high in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, high);
            assert_eq!(VerifyKey::from_bytes(&bytes).unwrap_err(), KeyFault::NotCanonical);
        }
    }
    assert_eq!(VerifyKey::from_bytes(&[2; 32]).map(|key| key.kid()), Err(KeyFault::NotAPoint));
}

#[test]
fn a_second_form_of_a_signature_is_refused() {
    // S + L fits the same equation; accepting it would give one record two signatures.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = SigningKey::from_seed(&[7; 32]).unwrap();
    let mut signature = key.sign(b"message");
    let mut carry = 0u16;
    for (byte, add) in signature[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(key.verify_key().verify(b"message", &signature), Err(SignatureFault));
}

#[test]
fn a_signature_with_r_of_small_order_is_refused_where_a_loose_library_takes_it() {
    let [public, message, signature] = lines("small_r")[0][..] else { panic!("three fields") };
    let (message, signature) = (unhex(message), array::<64>(signature));
    assert!(ring_accepts(&unhex(public), &message, &signature));
    let key = VerifyKey::from_bytes(&array(public)).unwrap();
    assert_eq!(key.verify(&message, &signature), Err(SignatureFault));
}

#[test]
fn a_batch_names_the_ones_that_do_not_hold() {
    let keys: Vec<_> = (1..=8).map(|seed| SigningKey::from_seed(&[seed; 32]).unwrap()).collect();
    let publics: Vec<_> = keys.iter().map(SigningKey::verify_key).collect();
    let messages: Vec<_> = (0..8u8).map(|number| [number; 40]).collect();
    let mut signatures: Vec<_> = keys.iter().zip(&messages).map(|(key, message)| key.sign(message)).collect();
    let verify = |signatures: &[[u8; 64]]| {
        let items: Vec<_> = (0..8)
            .map(|at| BatchItem { key: &publics[at], message: &messages[at], signature: &signatures[at] })
            .collect();
        verify_batch(&items)
    };
    assert_eq!(verify(&signatures), Ok(()));
    assert_eq!(verify_batch(&[]), Ok(()));
    signatures[2][0] ^= 1;
    signatures.swap(5, 6);
    assert_eq!(verify(&signatures), Err(vec![2, 5, 6]));
}

#[test]
fn a_private_key_shows_its_kid_only() {
    let key = SigningKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.kid()));
    assert_ne!(key.kid(), SigningKey::generate().unwrap().kid());
    assert_eq!(SigningKey::from_seed(&key.seed()).unwrap().kid(), key.kid());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_second_library_verifies_what_is_signed_here(seed: [u8; 32], message: Vec<u8>, flip in 0usize..512) {
        let key = SigningKey::from_seed(&seed).unwrap();
        let mut signature = key.sign(&message);
        prop_assert!(ring_accepts(key.verify_key().bytes(), &message, &signature));
        prop_assert!(key.verify_key().verify(&message, &signature).is_ok());
        signature[flip / 8] ^= 1 << (flip % 8);
        prop_assert!(!ring_accepts(key.verify_key().bytes(), &message, &signature));
        prop_assert!(key.verify_key().verify(&message, &signature).is_err());
    }
}
