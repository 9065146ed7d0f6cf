//! A message authentication code for one use. Under a key derived from the master key it holds in every
//! process of the registry; under a random key it holds in this process only. The text under it needs no
//! storage.

use std::fmt;

use ring::hmac;

use super::master::MasterKey;

/// Length of a MAC in bytes.
pub const MAC_LEN: usize = 32;

/// HMAC-SHA-256 (RFC 2104) with a key of its own for each use.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// The key derived from the master key for one use, e.g. `token` or `browser`: a MAC of one use is worth nothing
    /// in another.
    pub fn derive(master: &MasterKey, usage: &str) -> Self {
        Self::new(&*master.derive(usage))
    }

    /// The key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The MAC of a message that stands in parts, one after the other.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; MAC_LEN] {
        let mut context = hmac::Context::with_key(&self.0);
        parts.iter().for_each(|part| context.update(part));
        let mut mac = [0; MAC_LEN];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }

    /// Whether the MAC is that of the message; takes the same time wherever the two differ.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], mac: &[u8]) -> bool {
        hmac::verify(&self.0, &parts.concat(), mac).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::unhex;
    use super::*;

    #[test]
    fn rfc_4231_vectors_hold_and_fail_when_tampered() {
        let vectors = include_str!("../../fixtures/vectors/hmac-sha256.txt");
        let mut count = 0;
        for line in vectors.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<_> = line.split('|').map(|field| unhex(field.trim())).collect();
            let (key, message, expected) = (MacKey::new(&fields[0]), fields[1].as_slice(), &fields[2]);
            assert_eq!(key.mac(&[message])[..], expected[..]);
            let (one, two) = message.split_at(3);
            assert_eq!(key.mac(&[one, two]), key.mac(&[message]), "parts stand one after the other");
            assert!(key.verify(&[one, two], expected));
            for at in 0..MAC_LEN {
                let mut tampered = expected.clone();
                tampered[at] ^= 0x80;
                assert!(!key.verify(&[message], &tampered));
            }
            assert!(!key.verify(&[message], &expected[..16]) && !key.verify(&[b"other"], expected));
            count += 1;
        }
        assert_eq!(count, 3);
    }

    #[test]
    fn each_use_has_a_key_of_its_own() {
        let master = MasterKey::from_bytes([5; 32]);
        let (token, browser) = (MacKey::derive(&master, "token"), MacKey::derive(&master, "browser"));
        assert!(MacKey::derive(&master, "token").verify(&[b"m"], &token.mac(&[b"m"])));
        assert!(!browser.verify(&[b"m"], &token.mac(&[b"m"])));
    }
}
