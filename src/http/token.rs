//! The access token of a client: self-contained, under a MAC, stored nowhere, valid in every process that
//! holds the key. A token ends by itself after at most 15 minutes. [`Claims::epoch`] reveals a client that
//! was ended or got another secret: it is compared with the configuration in memory.
//!
//! Layout before base64url: `version 1 ‖ len u8 ‖ client id ‖ scopes u32 ‖ expires i64 ‖ epoch u64 ‖ nonce 12 ‖
//! tag 32`, integers big-endian, tag = HMAC-SHA-256(key, `elicense token` ‖ 0 ‖ all before it).

use super::random;
use super::scope::Scopes;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::trust::mac::{MAC_LEN, MacKey};

/// The longest life of a token in seconds.
pub const LIFE_LIMIT_S: i64 = 15 * 60;

const VERSION: u8 = 1;
const CONTEXT: &[u8] = b"elicense token\0";
const NONCE: usize = 12;

/// The claims of a token about its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The client, as registered; at most 255 bytes.
    pub client: Box<str>,
    /// Its scopes.
    pub scopes: Scopes,
    /// The token is refused from this instant on; whole seconds.
    pub expires: Moment,
    /// The secret it was given for; under another one it is refused.
    pub epoch: u64,
}

/// The key under which tokens are made and read. It has no `Debug` that shows it.
pub struct TokenKey(MacKey);

impl TokenKey {
    /// A key of these bytes, which every process of the registry must share.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(MacKey::new(bytes))
    }

    /// Makes a token that lives `life_s` seconds from `now`, at most [`LIFE_LIMIT_S`].
    ///
    /// # Errors
    /// `internal` when the client id is longer than 255 bytes or there are no random bytes.
    pub fn issue(
        &self,
        client: &str,
        scopes: Scopes,
        epoch: u64,
        now: Moment,
        life_s: i64,
    ) -> Result<String> {
        let expires = now.plus_seconds(life_s.clamp(0, LIFE_LIMIT_S));
        let length = u8::try_from(client.len()).map_err(Error::internal)?;
        let mut bytes = Vec::with_capacity(2 + client.len() + 20 + NONCE + MAC_LEN);
        bytes.extend([VERSION, length]);
        bytes.extend(client.as_bytes());
        bytes.extend(scopes.bits().to_be_bytes());
        bytes.extend(expires.seconds().to_be_bytes());
        bytes.extend(epoch.to_be_bytes());
        bytes.extend(random::bytes::<NONCE>()?);
        let tag = self.0.mac(&[CONTEXT, &bytes]);
        bytes.extend(tag);
        Ok(random::text(&bytes))
    }

    /// Reads a token; the tag is compared in constant time before anything else is looked at.
    ///
    /// # Errors
    /// `unauthenticated` for anything this key did not make, `token_expired` from its last instant on.
    pub fn verify(&self, token: &str, now: Moment) -> Result<Claims> {
        let refused = || Error::new(Code::Unauthenticated, "The token is not valid here.");
        if token.len() > 512 {
            return Err(refused());
        }
        let bytes = random::from_text(token).ok_or_else(refused)?;
        let (body, tag) = bytes.split_last_chunk::<MAC_LEN>().ok_or_else(refused)?;
        self.0.verify(&[CONTEXT, body], tag).then_some(()).ok_or_else(refused)?;
        let claims = read(body).ok_or_else(refused)?;
        if now >= claims.expires {
            return Err(Error::new(Code::TokenExpired, ""));
        }
        Ok(claims)
    }
}

fn read(body: &[u8]) -> Option<Claims> {
    let ([VERSION, length], rest) = body.split_first_chunk::<2>()? else { return None };
    let (client, rest) = rest.split_at_checked(usize::from(*length))?;
    let (scopes, rest) = rest.split_first_chunk::<4>()?;
    let (expires, rest) = rest.split_first_chunk::<8>()?;
    let (epoch, nonce) = rest.split_first_chunk::<8>()?;
    (nonce.len() == NONCE).then_some(())?;
    Some(Claims {
        client: std::str::from_utf8(client).ok()?.into(),
        scopes: Scopes::from_bits(u32::from_be_bytes(*scopes)),
        expires: Moment::from_micros(i64::from_be_bytes(*expires).checked_mul(1_000_000)?),
        epoch: u64::from_be_bytes(*epoch),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::scope::Scope;
    use proptest::prelude::*;

    fn at() -> Moment {
        "2026-11-22T01:02:03.000000Z".parse().unwrap()
    }

    fn key() -> TokenKey {
        TokenKey::new(&[7; 32])
    }

    #[test]
    fn a_token_says_what_was_granted_until_it_ends() {
        let scopes = Scopes::from_iter([Scope::Lookup, Scope::Issue]);
        let token = key().issue("demo-agency", scopes, 9, at(), 60 * 60).unwrap();
        let claims = key().verify(&token, at().plus_seconds(LIFE_LIMIT_S - 1)).unwrap();
        assert_eq!((claims.client.as_ref(), claims.scopes, claims.epoch), ("demo-agency", scopes, 9));
        let late = key().verify(&token, at().plus_seconds(LIFE_LIMIT_S)).unwrap_err();
        assert_eq!(late.code, Code::TokenExpired, "an hour was asked for, fifteen minutes are given");
        let other = TokenKey::new(&[8; 32]).verify(&token, at()).unwrap_err();
        assert_eq!(other.code, Code::Unauthenticated);
    }

    #[test]
    fn two_tokens_for_the_same_are_two() {
        let make = || key().issue("a", Scopes::default(), 1, at(), 60).unwrap();
        assert_ne!(make(), make());
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_refused(client in "[a-z-]{1,40}", at_byte in 0_usize..200, flip in 1_u8..=255) {
            let token = key().issue(&client, Scopes::default().with(Scope::Lookup), 3, at(), 60).unwrap();
            let mut bytes = random::from_text(&token).unwrap();
            let index = at_byte % bytes.len();
            bytes[index] ^= flip;
            let error = key().verify(&random::text(&bytes), at()).unwrap_err();
            prop_assert_eq!(error.code, Code::Unauthenticated);
            prop_assert!(key().verify(&token, at()).is_ok());
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,700}") {
            prop_assert!(key().verify(&text, at()).is_err());
        }
    }
}
