//! A browser in which somebody has signed in before, known by a cookie. Guesses from elsewhere do not make it
//! wait (OWASP calls these device cookies). The cookie opens nothing; it only gives the browser its own count
//! of wrong passwords.
//!
//! Layout before base64url: `version 1 ‖ expires i64 ‖ nonce 16 ‖ tag 32`, integers big-endian, tag =
//! HMAC-SHA-256(key, `elicense browser` ‖ 0 ‖ all before it ‖ name).

use super::random;
use crate::clock::Moment;
use crate::error::Result;
use crate::trust::MasterKey;
use crate::trust::mac::{MAC_LEN, MacKey};

/// Seconds that a browser stays known after a sign-in: three months.
pub const KNOWN_S: i64 = 90 * 86_400;

const VERSION: u8 = 1;
const CONTEXT: &[u8] = b"elicense browser\0";
const NONCE: usize = 16;

/// The key for counting a known browser's wrong passwords.
pub type Browser = [u8; NONCE];

/// The key of these cookies, the same in every process of the registry.
#[derive(Debug, Clone)]
pub struct BrowserKey(MacKey);

impl BrowserKey {
    /// The key under a master key.
    pub fn derive(master: &MasterKey) -> Self {
        Self(MacKey::derive(master, "browser"))
    }

    /// A cookie's value for a browser in which that name has signed in now.
    ///
    /// # Errors
    /// `internal` when the operating system gives no random bytes.
    pub fn issue(&self, name: &str, now: Moment) -> Result<String> {
        let mut bytes = vec![VERSION];
        bytes.extend(now.plus_seconds(KNOWN_S).seconds().to_be_bytes());
        bytes.extend(random::bytes::<NONCE>()?);
        // The name stands last: no other body and name make the same bytes, since a body has one length.
        let tag = self.0.mac(&[CONTEXT, &bytes, name.as_bytes()]);
        bytes.extend(tag);
        Ok(random::text(&bytes))
    }

    /// The browser of a cookie, for that name; `None` for anything else.
    pub fn read(&self, value: &str, name: &str, now: Moment) -> Option<Browser> {
        let bytes = random::from_text(value)?;
        let (body, tag) = bytes.split_last_chunk::<MAC_LEN>()?;
        self.0.verify(&[CONTEXT, body, name.as_bytes()], tag).then_some(())?;
        let ([VERSION], rest) = body.split_first_chunk::<1>()? else { return None };
        let (expires, nonce) = rest.split_first_chunk::<8>()?;
        (i64::from_be_bytes(*expires) > now.seconds()).then_some(())?;
        nonce.try_into().ok()
    }
}

/// The cookie's name for a sign-in name: a browser at a counter is known for each person who works there.
pub fn cookie_name(name: &str, secure: bool) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let short = digest.as_ref().first_chunk::<6>().copied().unwrap_or_default();
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}elicense-known-{}", random::text(&short))
}

/// The value of `Set-Cookie` that makes a browser known.
pub fn cookie(name: &str, value: &str, secure: bool) -> String {
    format!(
        "{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={KNOWN_S}{}",
        cookie_name(name, secure),
        if secure { "; Secure" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> BrowserKey {
        BrowserKey::derive(&MasterKey::from_bytes([7; 32]))
    }

    #[test]
    fn a_browser_is_known_for_its_name_and_for_three_months() {
        let now: Moment = "2026-11-22T01:00:00.000000Z".parse().unwrap();
        let value = key().issue("clerk", now).unwrap();
        let browser = key().read(&value, "clerk", now.plus_seconds(KNOWN_S - 1)).unwrap();
        assert_ne!(key().read(&key().issue("clerk", now).unwrap(), "clerk", now), Some(browser));
        assert_eq!(key().read(&value, "other", now), None);
        assert_eq!(key().read(&value, "clerk", now.plus_seconds(KNOWN_S)), None);
        assert_eq!(BrowserKey::derive(&MasterKey::from_bytes([8; 32])).read(&value, "clerk", now), None);
        for wrong in ["", "AA", &value[1..], &format!("{value}A")] {
            assert_eq!(key().read(wrong, "clerk", now), None, "{wrong}");
        }
    }

    #[test]
    fn the_cookie_tells_no_name_and_is_closed_to_scripts() {
        let cookie = cookie("clerk", "value", true);
        assert!(cookie.starts_with("__Host-elicense-known-") && cookie.contains("HttpOnly"));
        assert!(cookie.contains("; Secure") && !cookie.contains("clerk"));
        assert_ne!(cookie_name("a", false), cookie_name("b", false));
    }
}
