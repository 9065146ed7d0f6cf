//! Private halves of keys, opened with the master key; random tokens; a hash that no password fits.

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};
use crate::registry::Registry;
use crate::store::SigningKeyRow;
use crate::trust::master::WrapName;

impl Registry {
    /// The private half of a log's one key. A revoked one opens too: its log is closed, and only the public
    /// half is needed.
    pub(in crate::registry) fn log_secret(&self, log: &str) -> Result<Zeroizing<[u8; 32]>> {
        let owner = format!("log:{log}");
        let rows = self.store().read_now(|reader| reader.signing_keys())?;
        let row = rows.iter().find(|row| row.owner == owner);
        let missing = || Error::new(Code::NotInitialised, format!("there is no signing key of {owner}"));
        self.unwrapped(row.ok_or_else(missing)?)
    }

    pub(in crate::registry) fn unwrapped(&self, row: &SigningKeyRow) -> Result<Zeroizing<[u8; 32]>> {
        let damaged = || Error::new(Code::RecordDamaged, "a wrapped signing key does not open");
        let wrapped = row.wrapped.as_ref().ok_or_else(damaged)?;
        let name = WrapName { kind: "signing", name: &row.kid };
        self.store().master().unwrap32(name, wrapped).ok().ok_or_else(damaged)
    }
}

/// 32 random bytes as base64url: cookies, form tokens, owner names.
pub(in crate::registry) fn random_token() -> Result<String> {
    use base64::Engine as _;
    let bytes = crate::trust::random::pooled::<32>()?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

/// An argon2id hash that no password fits. It is verified for an unknown name, so that the time of an answer
/// does not tell which names exist.
pub(in crate::registry) const NO_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm8tcGFzc3dvcmQtZml0cw$7dzX8kzj0l9m1i0XGm4Yw0l1q2bJY6t1c7tq3xJc5nA";
