//! Checkpoints as C2SP signed notes: signing with the log's key, and checking with its verifier key.
//!
//! A note is a text, an empty line, and signature lines `— <name> <b64(key id ‖ signature)>`. Lines of
//! unknown keys (witnesses) are passed over; a line of the log's own key must verify. `schema/bytes.md` §6.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

use super::hash::{Hash, sha256};
use crate::bounds;
use crate::rule::Rule;
use crate::text::is_hidden;
use crate::trust::VerifyKey;
use crate::trust::keys::KeyFault;

/// The signature type of Ed25519 in key ids and verifier keys.
const ED25519: u8 = 0x01;

/// A tree as its log signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's origin line.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: Hash,
}

/// Why a note, checkpoint, origin or verifier key was refused. A signature that fails says nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// An origin is a name without white space, hidden characters or `+`.
    #[error("the origin is not a key name")]
    Origin,
    /// Not `<name>+<hex key id>+<b64>`, another algorithm, or a wrong key id.
    #[error("the verifier key is malformed")]
    Key,
    /// Its point is none that may be trusted; the same rule as for an issuer's key.
    #[error("{0}")]
    Point(#[from] KeyFault),
    /// Not a text, an empty line and signature lines.
    #[error("the note is malformed")]
    Malformed,
    /// No line is signed by the expected key.
    #[error("the note is not signed by the expected key")]
    Unsigned,
    /// A line of the expected key does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// The text is not origin, size and root of the expected log in their one form.
    #[error("the text is no checkpoint of this log")]
    Checkpoint,
}

impl NoteFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::Origin => Rule::OriginMalformed,
            Self::Key => Rule::VerifierKeyMalformed,
            Self::Point(fault) => fault.rule(),
            Self::Malformed => Rule::NoteMalformed,
            Self::Unsigned => Rule::NoteUnsigned,
            Self::Signature => Rule::NoteSignature,
            Self::Checkpoint => Rule::CheckpointMalformed,
        }
    }
}

/// The key of one log. Debug shows the origin only; the key is zeroed when dropped.
pub struct LogSigner {
    key: SigningKey,
    verifier: LogVerifier,
}

/// What outsiders check a log's notes with.
#[derive(Clone, PartialEq, Eq)]
pub struct LogVerifier {
    origin: String,
    key: VerifyKey,
    id: [u8; 4],
}

impl LogSigner {
    /// The signer of the log with that origin, from its 32-byte Ed25519 seed.
    pub fn new(origin: &str, seed: &[u8; 32]) -> Result<Self, NoteFault> {
        let key = SigningKey::from_bytes(seed);
        let verifier = LogVerifier::new(origin, VerifyKey::from_bytes(key.verifying_key().as_bytes())?)?;
        Ok(Self { key, verifier })
    }

    /// The log's origin line, which is also the name of its key.
    pub fn origin(&self) -> &str {
        &self.verifier.origin
    }

    /// What checks this signer's notes.
    pub fn verifier(&self) -> &LogVerifier {
        &self.verifier
    }

    /// The signed checkpoint of a tree. Whoever calls this answers for there being one tree of that size.
    pub fn checkpoint(&self, size: u64, root: &Hash) -> String {
        let origin = &self.verifier.origin;
        let mut note = String::with_capacity(2 * origin.len() + 180);
        note.push_str(origin);
        note.push('\n');
        note.push_str(&size.to_string());
        note.push('\n');
        STANDARD.encode_string(root.0, &mut note);
        note.push('\n');
        let mut signed = [0; 68];
        signed[..4].copy_from_slice(&self.verifier.id);
        signed[4..].copy_from_slice(&self.key.sign(note.as_bytes()).to_bytes());
        note.push_str("\n— ");
        note.push_str(origin);
        note.push(' ');
        STANDARD.encode_string(signed, &mut note);
        note.push('\n');
        note
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSigner({})", self.verifier.origin)
    }
}

impl LogVerifier {
    /// The verifier of the log with that origin.
    pub fn new(origin: &str, key: VerifyKey) -> Result<Self, NoteFault> {
        let refused = |c: char| c.is_whitespace() || is_hidden(c) || c == '+';
        if origin.is_empty() || origin.chars().any(refused) {
            return Err(NoteFault::Origin);
        }
        let mut named = Vec::with_capacity(origin.len() + 34);
        named.extend_from_slice(origin.as_bytes());
        named.extend_from_slice(&[b'\n', ED25519]);
        named.extend_from_slice(key.bytes());
        let [a, b, c, d, ..] = sha256(&named);
        Ok(Self { origin: origin.to_owned(), key, id: [a, b, c, d] })
    }

    /// The log's origin line.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The signed text of a note, its last line feed included.
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, NoteFault> {
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteFault::Malformed);
        }
        let end = note.rfind("\n\n").ok_or(NoteFault::Malformed)?;
        let (text, lines) = note.split_at_checked(end + 1).ok_or(NoteFault::Malformed)?;
        let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or(NoteFault::Malformed)?.split('\n');
        // Each line may be a signature of ours to verify, all over one text.
        if lines.clone().count() > bounds::SIGNATURES {
            return Err(NoteFault::Malformed);
        }
        let mut found = false;
        for line in lines {
            let (name, signed) =
                line.strip_prefix("— ").and_then(|line| line.split_once(' ')).ok_or(NoteFault::Malformed)?;
            let signed = STANDARD.decode(signed).ok().ok_or(NoteFault::Malformed)?;
            let (id, signature) = signed.split_first_chunk::<4>().ok_or(NoteFault::Malformed)?;
            if name.is_empty() || signature.is_empty() {
                return Err(NoteFault::Malformed);
            }
            if name == self.origin && *id == self.id {
                let signature = signature.try_into().ok().ok_or(NoteFault::Signature)?;
                self.key.verify(text.as_bytes(), signature).ok().ok_or(NoteFault::Signature)?;
                found = true;
            }
        }
        if found { Ok(text) } else { Err(NoteFault::Unsigned) }
    }

    /// The checkpoint in a note of this log: exactly origin, size and root.
    pub fn checkpoint(&self, note: &str) -> Result<Checkpoint, NoteFault> {
        let text = self.open(note)?;
        let checkpoint: Checkpoint = text.parse()?;
        if checkpoint.origin == self.origin { Ok(checkpoint) } else { Err(NoteFault::Checkpoint) }
    }
}

impl fmt::Display for Checkpoint {
    /// The three lines that are signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root.0))
    }
}

impl FromStr for Checkpoint {
    type Err = NoteFault;

    /// Accepts only what [`fmt::Display`] writes; says nothing of a signature.
    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or(NoteFault::Checkpoint);
        let (origin, size, root) = (line()?, line()?, line()?);
        let size = size.parse().ok().ok_or(NoteFault::Checkpoint)?;
        let root = STANDARD.decode(root).ok().and_then(|root| Hash::from_slice(&root));
        let root = root.ok_or(NoteFault::Checkpoint)?;
        let checkpoint = Self { origin: origin.to_owned(), size, root };
        if !origin.is_empty() && checkpoint.to_string() == text {
            Ok(checkpoint)
        } else {
            Err(NoteFault::Checkpoint)
        }
    }
}

impl fmt::Display for LogVerifier {
    /// `<origin>+<hex key id>+<b64(0x01 ‖ public key)>`, as it is published.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = [ED25519; 33];
        key[1..].copy_from_slice(self.key.bytes());
        write!(f, "{}+{:08x}+{}", self.origin, u32::from_be_bytes(self.id), STANDARD.encode(key))
    }
}

impl fmt::Debug for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LogVerifier {
    type Err = NoteFault;

    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteFault::Key);
        let (origin, _, key) = (part()?, part()?, part()?);
        let key = STANDARD.decode(key).ok().ok_or(NoteFault::Key)?;
        let Some((&ED25519, key)) = key.split_first() else { return Err(NoteFault::Key) };
        let key = key.try_into().ok().ok_or(NoteFault::Key)?;
        let verifier = Self::new(origin, VerifyKey::from_bytes(key)?)?;
        if verifier.to_string() == text { Ok(verifier) } else { Err(NoteFault::Key) }
    }
}
