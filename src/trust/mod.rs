//! Keys and their uses: sign, verify, seal, and keyed hashes. Layouts: `schema/bytes.md`.
//!
//! * [`keys`] signs and verifies Ed25519; [`keyring`] knows a key's owner and when it was good; [`jwks`]
//!   publishes the public ones;
//! * [`envelope`] is the JWS for all signed data, stored and served byte for byte;
//! * [`seal`] keeps rows closed and their clear columns true; [`master`] wraps the keys that do it;
//! * [`keyed`] makes holder keys and all other search names of numbers; [`mac`] authenticates tokens;
//! * [`password`] and [`random`] are the one way to each; [`remembered`] recognises a right secret.
//!
//! The only file this layer reads or writes is the master key's. A failure of cryptography says that it
//! failed, and nothing more.

pub mod envelope;
pub mod jwks;
pub mod keyed;
pub mod keyring;
pub mod keys;
pub mod mac;
pub mod master;
pub mod password;
pub mod random;
mod refusal;
pub mod remembered;
pub mod seal;

#[cfg(test)]
pub(crate) mod bytes_page;

pub use envelope::{Envelope, EnvelopeBuf, EnvelopeFault, Typ};
pub use keyed::{HolderKey, IndexKey};
pub use keyring::{KeyRecord, KeyRing, KeyStatus};
pub use keys::{Kid, SigningKey, VerifyKey};
pub use master::MasterKey;
pub use seal::{Aad, DataKey, Layout};
