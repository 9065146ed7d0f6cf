//! Passwords of accounts and secrets of clients: Argon2id (RFC 9106) in PHC strings.
//!
//! Costs 30–50 ms of one core on purpose: do not call it on the workers that answer requests.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use super::random;

/// How much work one guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    memory_kib: u32,
    passes: u32,
}

impl HashCost {
    /// 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet).
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2 };
    /// As little as Argon2 allows: for tests and fixtures only.
    pub const TEST: Self = Self { memory_kib: 8, passes: 1 };
}

/// The password could not be hashed. Says nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct PasswordFault;

/// The PHC string to store for a password.
pub fn hash(password: &str, cost: HashCost) -> Result<String, PasswordFault> {
    let salt: [u8; 16] = random::pooled().ok().ok_or(PasswordFault)?;
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).ok().ok_or(PasswordFault)?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher.hash_password_with_salt(password.as_bytes(), &salt).ok().ok_or(PasswordFault)?;
    Ok(hash.to_string())
}

/// Whether the PHC string was made of this password; false too if the string is not one.
#[must_use]
pub fn verify(password: &str, phc: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), phc).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_verifies() {
        let stored = hash("正确的口令", HashCost::TEST).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert!(verify("正确的口令", &stored));
        assert!(!verify("正确的口令 ", &stored) && !verify("", &stored));
        assert!(!verify("正确的口令", &stored.replace("t=1", "t=2")));
        assert!(!verify("正确的口令", "") && !verify("正确的口令", "正确的口令"));
        assert_ne!(stored, hash("正确的口令", HashCost::TEST).unwrap());
    }

    #[test]
    fn the_standard_cost_is_the_recommended_one() {
        let stored = hash("a", HashCost::STANDARD).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("a", &stored));
    }
}
