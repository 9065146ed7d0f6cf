//! Putting every wrapped secret of a registry under another master key.

use super::seals::{CHECK, INDEX, check_master, check_value};
use super::{Store, Writer};
use crate::error::{Code, Error, Result};
use crate::rule::Rule;
use crate::trust::MasterKey;
use crate::trust::master::WrapName;

/// How many keys were wrapped anew, beside check value and index key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrapped {
    /// Private halves of signing keys, those of logs among them.
    pub signing: usize,
    /// Data keys.
    pub data: usize,
}

impl Store {
    /// Wraps check value, index key, data keys and signing keys under `new`, in the caller's transaction. Rows and
    /// logs are not touched.
    ///
    /// A crash before the commit leaves everything under the old key; after it everything is under the new
    /// one. There is no state between. This store still holds the old key: it can open what it has opened
    /// before, and makes no more keys. The next process opens with the new one.
    pub fn rewrap(&self, writer: &mut Writer<'_>, new: &MasterKey) -> Result<Rewrapped> {
        let old = self.master();
        let damaged = || Error::new(Code::RecordDamaged, "a wrapped key does not open");
        let again = |kind: &str, name: &str, wrapped: &[u8]| -> Result<Vec<u8>> {
            let name = WrapName { kind, name };
            let secret = old.unwrap(name, wrapped).ok().ok_or_else(damaged)?;
            new.wrap(name, &secret).map_err(Error::internal)
        };
        let kept = writer.fact(CHECK)?;
        let oldest = check_master(old, kept.as_deref())?;
        if check_master(new, kept.as_deref()).is_ok() {
            let detail = "this is the master key that the registry has";
            return Err(Error::new(Code::ConfigInvalid, detail).at("new").rule(Rule::MasterKeySame));
        }
        let check = check_value(new, oldest)?;
        let index = writer.fact(INDEX)?.ok_or_else(damaged)?;
        writer.put_fact(CHECK, &check)?;
        writer.put_fact(INDEX, &again("index", INDEX, &index)?)?;
        let mut done = Rewrapped { signing: 0, data: 0 };
        for row in writer.data_keys()? {
            writer.rewrap_data_key(row.id, &again("data", &row.id.to_string(), &row.wrapped)?)?;
            done.data += 1;
        }
        for row in writer.signing_keys()? {
            if let Some(wrapped) = &row.wrapped {
                writer.rewrap_signing_key(&row.kid, &again("signing", &row.kid, wrapped)?)?;
                done.signing += 1;
            }
        }
        // Other processes read the check value with the next change of version, cannot open it, and stop.
        writer.raise_config_version()?;
        Ok(done)
    }
}
