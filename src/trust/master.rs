//! The master key: 32 random bytes in a file of their own, under which every other secret is wrapped.
//!
//! [`MasterKey::read`] refuses a file wider than mode 0400 or one that lies in the data directory, where a backup
//! would carry both the lock and its key. This is the only file the layer touches.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use ring::aead::{self, AES_256_GCM, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

use super::random::{self, RandomFault};
use super::seal::NONCE_LEN;
use crate::rule::Rule;

const VERSION: u8 = 1;
const WRAP_LABEL: &[u8] = b"elicense-wrap-v1";
const DERIVE_LABEL: &[u8] = b"elicense-derive-v1";

/// Why there is no master key to work with. Paths stay out: the caller knows them.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyFault {
    /// The file cannot be read or made.
    #[error("the master key file cannot be read or made")]
    File(#[from] std::io::Error),
    /// Not a plain file.
    #[error("the master key is not a plain file")]
    NotAFile,
    /// Somebody other than the owner may read it, or anybody may write or run it: wider than 0400.
    #[error("the master key file has mode {0:04o}, wider than 0400")]
    Mode(u32),
    /// It lies in the data directory.
    #[error("the master key file lies in the data directory")]
    InDataDirectory,
    /// Not 32 bytes.
    #[error("the master key file has not 32 bytes")]
    Length,
    /// No randomness to make one.
    #[error("{0}")]
    Random(#[from] RandomFault),
}

impl MasterKeyFault {
    /// The stable name of the rule that failed.
    pub fn rule(&self) -> Rule {
        match self {
            Self::File(_) => Rule::MasterKeyFile,
            Self::NotAFile => Rule::MasterKeyPlainFile,
            Self::Mode(_) => Rule::MasterKeyMode,
            Self::InDataDirectory => Rule::MasterKeyPlace,
            Self::Length => Rule::MasterKeyLength,
            Self::Random(_) => Rule::Random,
        }
    }
}

/// The key could not be wrapped: no random nonce, or the cipher refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key could not be wrapped")]
pub struct WrapFault;

/// The wrapped bytes do not open under this master key. Says nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the wrapped key does not open")]
pub struct UnwrapFault;

/// The kind and name of a wrapped key: it opens only under the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrapName<'a> {
    /// `check`, `data`, `index`, `signing`.
    pub kind: &'a str,
    /// The key's id or kid as text.
    pub name: &'a str,
}

/// The master key; wiped when dropped.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Reads the key from its file, which must not lie in `data_dir`; only the demo passes none.
    pub fn read(path: &Path, data_dir: Option<&Path>) -> Result<Self, MasterKeyFault> {
        // Judged by the open file, so that it cannot be exchanged between the look and the reading.
        let mut file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(MasterKeyFault::NotAFile);
        }
        let mode = about.permissions().mode() & 0o7777;
        if mode & !0o400 != 0 {
            return Err(MasterKeyFault::Mode(mode));
        }
        if about.len() != 32 {
            return Err(MasterKeyFault::Length);
        }
        refuse_inside(&path.canonicalize()?, data_dir)?;
        let mut bytes = Zeroizing::new([0; 32]);
        file.read_exact(bytes.as_mut())?;
        Ok(Self(bytes))
    }

    /// Makes a new key and its file, mode 0400. A file that is there is never overwritten (I11).
    ///
    /// When it returns, file and name are on disk: nothing may be sealed under a key that a crash could lose.
    pub fn create(path: &Path, data_dir: Option<&Path>) -> Result<Self, MasterKeyFault> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = parent.canonicalize()?;
        refuse_inside(&parent, data_dir)?;
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(bytes.as_mut())?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(path)?;
        file.write_all(bytes.as_ref())?;
        file.sync_all()?;
        File::open(&parent)?.sync_all()?;
        Ok(Self(bytes))
    }

    /// The key of these bytes, for tests and for callers that keep it in another place.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// 32 bytes for one use, e.g. the MAC of tokens.
    pub fn derive(&self, usage: &str) -> Zeroizing<[u8; 32]> {
        self.hmac(&[DERIVE_LABEL, usage.as_bytes()])
    }

    /// Wraps a key of any length under this one.
    pub fn wrap(&self, name: WrapName<'_>, key: &[u8]) -> Result<Vec<u8>, WrapFault> {
        let nonce = random::pooled().ok().ok_or(WrapFault)?;
        self.wrap_with(nonce, name, key)
    }

    /// [`MasterKey::wrap`] with a given nonce, for the worked examples.
    pub(super) fn wrap_with(
        &self,
        nonce: [u8; NONCE_LEN],
        name: WrapName<'_>,
        key: &[u8],
    ) -> Result<Vec<u8>, WrapFault> {
        let mut text = Zeroizing::new(key.to_vec());
        let additional = aead::Aad::from(name.additional());
        let cipher = self.cipher().ok_or(WrapFault)?;
        let tag = cipher
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), additional, &mut text)
            .ok()
            .ok_or(WrapFault)?;
        Ok([&[VERSION], &nonce[..], &text, tag.as_ref()].concat())
    }

    /// Opens a wrapped key of that kind and name; wiped when dropped.
    pub fn unwrap(&self, name: WrapName<'_>, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, UnwrapFault> {
        let (version, rest) = wrapped.split_first().ok_or(UnwrapFault)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(UnwrapFault)?;
        if *version != VERSION {
            return Err(UnwrapFault);
        }
        let mut text = Zeroizing::new(text.to_vec());
        let additional = aead::Aad::from(name.additional());
        let cipher = self.cipher().ok_or(UnwrapFault)?;
        let opened = cipher
            .open_in_place(Nonce::assume_unique_for_key(*nonce), additional, &mut text)
            .ok()
            .ok_or(UnwrapFault)?
            .len();
        text.truncate(opened);
        Ok(text)
    }

    /// Opens a wrapped key of 32 bytes.
    pub fn unwrap32(&self, name: WrapName<'_>, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, UnwrapFault> {
        let opened = self.unwrap(name, wrapped)?;
        let mut bytes = Zeroizing::new([0; 32]);
        if opened.len() != bytes.len() {
            return Err(UnwrapFault);
        }
        bytes.copy_from_slice(&opened);
        Ok(bytes)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.0.as_ref()).ok().map(LessSafeKey::new)
    }

    fn hmac(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref()));
        parts.iter().for_each(|part| context.update(part));
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(context.sign().as_ref());
        bytes
    }
}

impl WrapName<'_> {
    fn additional(&self) -> Vec<u8> {
        let mut bytes = WRAP_LABEL.to_vec();
        for part in [self.kind, self.name] {
            let len = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&len.to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// `place` is free of symbolic links; so must the data directory be, or a link would hide the one in the other.
fn refuse_inside(place: &Path, data_dir: Option<&Path>) -> Result<(), MasterKeyFault> {
    match data_dir.map(fs::canonicalize) {
        Some(Ok(data_dir)) if place.starts_with(&data_dir) => Err(MasterKeyFault::InDataDirectory),
        // A data directory that is not there yet holds nothing.
        Some(Err(fault)) if fault.kind() != std::io::ErrorKind::NotFound => Err(fault.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: WrapName<'_> = WrapName { kind: "data", name: "1" };

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn i11_a_key_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let made = MasterKey::create(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        let read = MasterKey::read(&path, Some(&dir.path().join("data"))).unwrap();
        let wrapped = made.wrap(NAME, &[7; 32]).unwrap();
        assert_eq!(*read.unwrap32(NAME, &wrapped).unwrap(), [7; 32]);
        let again = MasterKey::create(&path, None).unwrap_err();
        assert!(
            matches!(again, MasterKeyFault::File(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists)
        );
        assert!(matches!(MasterKey::read(&dir.path().join("none"), None), Err(MasterKeyFault::File(_))));
    }

    #[test]
    fn a_key_file_wider_than_0400_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        MasterKey::create(&path, None).unwrap();
        for wide in [0o600, 0o440, 0o404, 0o644, 0o500, 0o700, 0o420, 0o4400] {
            mode(&path, wide);
            let fault = MasterKey::read(&path, None).unwrap_err();
            assert!(matches!(fault, MasterKeyFault::Mode(found) if found == wide), "{wide:o} {fault}");
        }
        mode(&path, 0o400);
        assert!(MasterKey::read(&path, None).is_ok());
        mode(&path, 0o600);
        fs::write(&path, [1; 33]).unwrap();
        mode(&path, 0o400);
        assert!(matches!(MasterKey::read(&path, None), Err(MasterKeyFault::Length)));
        assert!(matches!(MasterKey::read(dir.path(), None), Err(MasterKeyFault::NotAFile)));
    }

    #[test]
    fn a_key_in_the_data_directory_is_refused_however_it_is_reached() {
        let dir = tempfile::tempdir().unwrap();
        let (data, outside) = (dir.path().join("data"), dir.path().join("outside"));
        fs::create_dir_all(data.join("deep")).unwrap();
        fs::create_dir(&outside).unwrap();
        let inside = data.join("deep/master.key");
        let refused = MasterKey::create(&inside, Some(&data)).unwrap_err();
        assert_eq!(refused.rule().wire(), "master_key_place");
        assert!(!inside.exists());
        MasterKey::create(&inside, None).unwrap();
        let link = outside.join("link.key");
        std::os::unix::fs::symlink(&inside, &link).unwrap();
        for path in [inside.clone(), data.join("deep/../deep/master.key"), link] {
            assert!(matches!(MasterKey::read(&path, Some(&data)), Err(MasterKeyFault::InDataDirectory)));
        }
        let linked_data = dir.path().join("linked");
        std::os::unix::fs::symlink(&data, &linked_data).unwrap();
        assert!(matches!(MasterKey::read(&inside, Some(&linked_data)), Err(MasterKeyFault::InDataDirectory)));
    }

    #[test]
    fn a_wrapped_key_opens_only_whole_and_under_its_name() {
        let master = MasterKey::from_bytes([1; 32]);
        let wrapped = master.wrap(NAME, &[7; 32]).unwrap();
        assert_eq!(*master.unwrap32(NAME, &wrapped).unwrap(), [7; 32]);
        assert_eq!(MasterKey::from_bytes([2; 32]).unwrap(NAME, &wrapped), Err(UnwrapFault));
        for other in [WrapName { kind: "data", name: "2" }, WrapName { kind: "dat", name: "a1" }] {
            assert_eq!(master.unwrap(other, &wrapped), Err(UnwrapFault));
        }
        for at in 0..wrapped.len() {
            let mut tampered = wrapped.clone();
            tampered[at] ^= 1;
            assert_eq!(master.unwrap(NAME, &tampered), Err(UnwrapFault), "byte {at}");
            assert_eq!(master.unwrap(NAME, &wrapped[..at]), Err(UnwrapFault));
        }
        let short = master.wrap(NAME, &[7; 31]).unwrap();
        assert_eq!(master.unwrap32(NAME, &short), Err(UnwrapFault));
        assert_eq!(format!("{master:?}"), "MasterKey(…)");
    }
}
