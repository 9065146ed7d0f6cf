//! The MAC under which a self-contained token or a page's session stands: nothing stored, valid in every
//! process that has the same master key.

use std::fmt;

use ring::hmac;

use super::master::MasterKey;

/// Length of a MAC in bytes.
pub const MAC_LEN: usize = 32;

/// HMAC-SHA-256 (RFC 2104) with a key of its own for each use.
#[derive(Clone)]
pub struct TokenKey(hmac::Key);

impl TokenKey {
    /// The key derived from the master key for one use, e.g. `token` or `session`: a MAC of one use is worth
    /// nothing in another.
    pub fn derive(master: &MasterKey, usage: &str) -> Self {
        Self::new(&*master.derive(usage))
    }

    /// The key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The MAC of a message.
    pub fn mac(&self, message: &[u8]) -> [u8; MAC_LEN] {
        let mut mac = [0; MAC_LEN];
        mac.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        mac
    }

    /// Whether the MAC is that of the message; takes the same time wherever they differ.
    #[must_use]
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, message, mac).is_ok()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
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
            let key = TokenKey::new(&fields[0]);
            assert_eq!(key.mac(&fields[1])[..], fields[2]);
            assert!(key.verify(&fields[1], &fields[2]));
            for at in 0..MAC_LEN {
                let mut tampered = fields[2].clone();
                tampered[at] ^= 0x80;
                assert!(!key.verify(&fields[1], &tampered));
            }
            assert!(!key.verify(&fields[1], &fields[2][..16]) && !key.verify(b"other", &fields[2]));
            count += 1;
        }
        assert_eq!(count, 3);
    }

    #[test]
    fn each_use_has_a_key_of_its_own() {
        let master = MasterKey::from_bytes([5; 32]);
        let (token, session) = (TokenKey::derive(&master, "token"), TokenKey::derive(&master, "session"));
        assert!(TokenKey::derive(&master, "token").verify(b"m", &token.mac(b"m")));
        assert!(!session.verify(b"m", &token.mac(b"m")));
    }
}
