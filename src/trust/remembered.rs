//! Secrets that were found right, recognised in microseconds: a client that comes back every quarter of an
//! hour does not wait behind guessers. Kept in memory under a key of this process, bound to the stored hash:
//! with another secret for the same client the memory is worth nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::mac::{MAC_LEN, MacKey};
use super::random::{self, RandomFault};

/// The memory of this process; one entry for each client.
#[derive(Debug)]
pub struct Remembered {
    key: MacKey,
    /// By id. Held for a look or an insert.
    right: Mutex<HashMap<Box<str>, [u8; MAC_LEN]>>,
}

impl Remembered {
    /// Nothing yet.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn new() -> Result<Self, RandomFault> {
        Ok(Self { key: MacKey::new(&random::pooled::<32>()?), right: Mutex::default() })
    }

    /// Notes that the secret fits the stored hash.
    pub fn note(&self, id: &str, secret: &str, stored: &str) {
        let mac = self.key.mac(&parts(id, secret, stored));
        self.right.lock().unwrap_or_else(PoisonError::into_inner).insert(id.into(), mac);
    }

    /// Whether it was noted; false says nothing.
    #[must_use]
    pub fn knows(&self, id: &str, secret: &str, stored: &str) -> bool {
        let noted = self.right.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied();
        noted.is_some_and(|mac| self.key.verify(&parts(id, secret, stored), &mac))
    }
}

/// The three texts, none of which can pass for a part of another: a stored hash and an id hold no NUL.
fn parts<'a>(id: &'a str, secret: &'a str, stored: &'a str) -> [&'a [u8]; 5] {
    [id.as_bytes(), &[0], stored.as_bytes(), &[0], secret.as_bytes()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_right_is_known_and_only_with_its_hash() {
        let remembered = Remembered::new().unwrap();
        assert!(!remembered.knows("a", "secret", "$hash"));
        remembered.note("a", "secret", "$hash");
        assert!(remembered.knows("a", "secret", "$hash"));
        assert!(!remembered.knows("a", "secret!", "$hash"));
        assert!(!remembered.knows("a", "secret", "$another"), "the secret was replaced");
        assert!(!remembered.knows("b", "secret", "$hash"));
        assert!(!Remembered::new().unwrap().knows("a", "secret", "$hash"));
    }
}
