//! Writes that are safe to repeat: the answer is kept, sealed, in the transaction of the write it answers.
//!
//! A crash before the commit leaves nothing; a crash after it leaves write and answer. A client that repeats
//! the request gets the first answer. Only answers are kept; a refusal changes nothing and may be tried again.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::rule::Rule;
use crate::store::{StoredAnswer, Writer};

/// Longest `Idempotency-Key`, in characters.
const KEY_LEN: usize = 128;

/// One write that its client may repeat. Made by [`Registry::once`].
#[derive(Debug, Clone)]
pub struct Once {
    key: [u8; 16],
    digest: [u8; 32],
}

impl Registry {
    /// The write that `client` calls `key`, with the bytes of its request: everything that decides the
    /// outcome.
    ///
    /// # Errors
    /// `field_invalid` with rule `idempotency_key_form` unless the key is 1 to 128 visible ASCII characters.
    pub fn once(&self, client: &str, key: &str, request: &[u8]) -> Result<Once> {
        if !(1..=KEY_LEN).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(Code::FieldInvalid, "1 to 128 visible ASCII characters")
                .at("Idempotency-Key")
                .rule(Rule::IdempotencyKeyForm));
        }
        let key = self.store().vault().index().idempotency_key(client, key);
        Ok(Once { key, digest: Digest::of(&[request]).0 })
    }

    /// The answer this write got before; `idempotency_mismatch` if its key came with another request.
    pub(in crate::registry) fn replayed<T: DeserializeOwned>(
        &self,
        once: Option<&Once>,
    ) -> Result<Option<T>> {
        let Some(once) = once else { return Ok(None) };
        let now = self.now();
        once.answer(self.store().read_now(|reader| reader.stored_answer(&once.key, now))?)
    }

    /// [`Registry::log_records`] for a write that may be repeated: `write` returns the answer itself.
    pub(in crate::registry) fn log_once<T: Serialize + DeserializeOwned>(
        &self,
        once: Option<&Once>,
        mut write: impl FnMut(&mut Writer<'_>, &Place) -> Result<(T, Vec<[u8; 32]>)>,
    ) -> Result<T> {
        let answer = self.log_records(|writer, place| {
            // Asked again under the log's lock: two processes may have been sent the same request.
            let Some(once) = once else { return write(writer, place) };
            if let Some(answer) = once.answer(writer.stored_answer(&once.key, place.at)?)? {
                return Ok((answer, Vec::new()));
            }
            let (answer, entries) = write(writer, place)?;
            writer.put_answer(&StoredAnswer {
                key: once.key,
                digest: once.digest,
                at: place.at,
                answer: serde_json::to_vec(&answer).map_err(Error::internal)?,
            })?;
            Ok((answer, entries))
        })?;
        Ok(answer)
    }
}

impl Once {
    fn answer<T: DeserializeOwned>(&self, stored: Option<StoredAnswer>) -> Result<Option<T>> {
        let Some(stored) = stored else { return Ok(None) };
        if stored.digest != self.digest {
            return Err(Error::new(Code::IdempotencyMismatch, "").at("Idempotency-Key"));
        }
        serde_json::from_slice(&stored.answer).map(Some).map_err(Error::internal)
    }
}
